"""DVH figures of single structures, for the command line: a structure that cannot be used says so, and stops none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lungtox.dicom import FunctionImage
from lungtox.dose import Dvh, Samples, compute_metrics, dvh_from_samples, functional_dvhs, sample_courses
from lungtox.errors import InputError, LungtoxError, ParameterError
from lungtox.extraction.loading import check_doses, frame_faults
from lungtox.geometry import Dose, Structure, StructureSet
from lungtox.imaging import sample_function


@dataclass(frozen=True)
class DvhEntry:
    """Figures of one structure under one weighting.

    Attributes
    ----------
    structure : str
    weighting : str
        ``anatomical``, ``perfusion`` or ``functional:{region}``.
    volume_cc : float or None
        Of the whole structure, the part outside the dose grid included; None where an export does not tell it.
    min_gy, mean_gy, max_gy : float or None
        None where no dose is given: an empty structure, or one that leaves the dose grid.
    metrics : dict of str to (float or None)
    warnings : tuple of str
    """

    structure: str
    weighting: str
    volume_cc: float | None
    min_gy: float | None = None
    mean_gy: float | None = None
    max_gy: float | None = None
    metrics: dict[str, float | None] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether there is a dose."""
        return self.mean_gy is not None

    def as_json(self, *, weighting: bool) -> dict[str, Any]:
        """Give the entry of ``--json``; the weighting only where a function image was given."""
        return {
            "structure": self.structure,
            **({"weighting": self.weighting} if weighting else {}),
            "volume_cc": self.volume_cc,
            "min_gy": self.min_gy,
            "mean_gy": self.mean_gy,
            "max_gy": self.max_gy,
            "metrics": self.metrics,
            "warnings": list(self.warnings),
        }


def compute_entries(
    structures: StructureSet,
    doses: Sequence[Dose],
    *,
    metrics: Sequence[str],
    function: FunctionImage | None = None,
    regions: Sequence[str] = (),
    allow_partial: bool = False,
) -> list[DvhEntry]:
    """Compute volume, dose and metrics of structures.

    Parameters
    ----------
    structures : StructureSet
        Each structure is looked at for itself.
    doses : sequence of Dose
        They are added, each on its own grid.
    metrics : sequence of str
        TG-263 names.
    function : FunctionImage, optional
        Adds a perfusion-weighted entry and one for each region.
    regions : sequence of str
        Such as ``40%max``.
    allow_partial : bool
        Give the dose of the part inside the grid for structures that leave it.

    Returns
    -------
    list of DvhEntry
        In the order of the structures.

    Raises
    ------
    InputError
        Dose and structures in different frames of reference, or doses that cannot be added.
    """
    check_doses(doses, who="RTDOSE")
    if faults := frame_faults(structures, doses[0], who="RTDOSE"):
        raise InputError(faults)
    entries: list[DvhEntry] = []
    for structure in structures.structures.values():
        entries += _entries(structure, doses, metrics, function, regions, allow_partial)
    return entries


def _entries(
    structure: Structure,
    doses: Sequence[Dose],
    metrics: Sequence[str],
    function: FunctionImage | None,
    regions: Sequence[str],
    allow_partial: bool,
) -> list[DvhEntry]:
    nothing: dict[str, float | None] = dict.fromkeys(metrics)
    if not structure.planes:
        return [DvhEntry(structure.name, "anatomical", 0.0, metrics=nothing, warnings=("empty: no closed contours",))]
    try:
        samples = sample_courses(structure, doses).samples
    except LungtoxError as error:
        return [DvhEntry(structure.name, "anatomical", 0.0, metrics=nothing, warnings=(_words(error),))]
    warnings = samples.warnings
    if samples.coverage_pct < 100.0 and not allow_partial:
        warnings = (*warnings, "no dose is given for it (--allow-partial gives that of the part inside)")
        return [DvhEntry(structure.name, "anatomical", samples.region_cc, metrics=nothing, warnings=warnings)]
    anatomical = dvh_from_samples(
        samples.dose_gy, samples.volume_cc, structure=structure.name, coverage_pct=samples.coverage_pct
    )
    entries = [_entry(anatomical, metrics, warnings)]
    if function is not None:
        entries += _functional_entries(samples, doses[0], metrics, function, regions)
    return entries


def _functional_entries(
    samples: Samples, dose: Dose, metrics: Sequence[str], function: FunctionImage, regions: Sequence[str]
) -> list[DvhEntry]:
    try:
        q = sample_function(
            function,
            samples.x_mm,
            samples.y_mm,
            samples.z_mm,
            volume_cc=samples.volume_cc,
            frame_of_reference=dose.frame_of_reference,
            who="SPECT",
        )
        found = functional_dvhs(
            samples.dose_gy, samples.volume_cc, q, structure=samples.structure, regions=regions,
            coverage_pct=samples.coverage_pct,
        )  # fmt: skip
    except InputError as error:
        nothing: dict[str, float | None] = dict.fromkeys(metrics)
        return [DvhEntry(samples.structure, "perfusion", 0.0, metrics=nothing, warnings=(_words(error),))]
    return [_entry(dvh, metrics, found.warnings) for dvh in found.dvhs]


def _entry(dvh: Dvh, metrics: Sequence[str], warnings: tuple[str, ...]) -> DvhEntry:
    values: dict[str, float | None] = {}
    for name in metrics:
        try:
            values.update(compute_metrics(dvh, [name]))
        except ParameterError as error:  # such as the dose to 1 cc of a structure of half a cc
            values[name] = None
            warnings = (*warnings, f"{name}: {error}")
    return DvhEntry(
        dvh.structure, dvh.weighting, dvh.structure_cc, dvh.min_gy, dvh.mean_gy, dvh.max_gy, values, warnings
    )


def _words(error: LungtoxError) -> str:
    if isinstance(error, InputError):
        return "; ".join(f"{fault.expected} expected, {fault.found} found" for fault in error.faults)
    return str(error)
