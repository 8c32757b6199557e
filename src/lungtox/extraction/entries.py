"""DVH figures of single structures, for the command line: a structure that cannot be used says so, and stops none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from lungtox.dose import (
    CourseSamples,
    Dvh,
    FunctionalDvhs,
    Interval,
    Samples,
    compute_dvh,
    compute_metrics,
    dvh_from_samples,
    functional_dvhs,
    sample_courses,
)
from lungtox.errors import Fault, InputError, LungtoxError, ParameterError
from lungtox.extraction.body import body_dvh
from lungtox.extraction.courses import check_doses, dose_warnings
from lungtox.extraction.entry_bounds import entry_bounds
from lungtox.extraction.function_source import PlacedFunction
from lungtox.extraction.loading import frame_faults
from lungtox.geometry import Dose, Structure, StructureSet

Quantity = Literal["physical", "eqd2"]


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
        What concerns this structure.
    file_warnings : tuple of str
        What concerns all structures: oblique or added doses, the plan.
    quantity : {"physical", "eqd2"}
    bounds : dict of str to Interval, or None
        What the discretisation leaves to ``volume_cc``, ``min_gy``, ``mean_gy``, ``max_gy`` and each metric; None where
        it was not asked for or cannot be given.
    """

    structure: str
    weighting: str
    volume_cc: float | None
    min_gy: float | None = None
    mean_gy: float | None = None
    max_gy: float | None = None
    metrics: dict[str, float | None] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    file_warnings: tuple[str, ...] = ()
    quantity: str = "physical"
    bounds: dict[str, Interval] | None = None

    @property
    def all_warnings(self) -> list[str]:
        """Everything that applies to this entry, its own first."""
        return list(dict.fromkeys((*self.warnings, *self.file_warnings)))

    @property
    def usable(self) -> bool:
        """Whether there is a dose."""
        return self.mean_gy is not None

    def as_json(self, *, weighting: bool, quantity: bool = False) -> dict[str, Any]:
        """Give the entry of ``--json``; weighting, quantity and bounds only where they were asked for."""
        bounds = {name: [each.low, each.high] for name, each in (self.bounds or {}).items()}
        return {
            "structure": self.structure,
            **({"weighting": self.weighting} if weighting else {}),
            **({"quantity": self.quantity} if quantity else {}),
            "volume_cc": self.volume_cc,
            "min_gy": self.min_gy,
            "mean_gy": self.mean_gy,
            "max_gy": self.max_gy,
            "metrics": self.metrics,
            **({"bounds": bounds} if bounds else {}),
            "warnings": self.all_warnings,
        }


def compute_entries(
    structures: StructureSet,
    doses: Sequence[Dose],
    *,
    metrics: Sequence[str],
    function: PlacedFunction | InputError | None = None,
    regions: Sequence[str] = (),
    allow_partial: bool = False,
    alpha_beta_gy: float | None = None,
    file_warnings: Sequence[str] = (),
    bounds: bool = False,
    bodies: Sequence[Structure] = (),
    prescription_gy: float | None = None,
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
    function : PlacedFunction or InputError, optional
        Adds a perfusion-weighted entry and one for each region; an error is said beside the dose of each structure.
    regions : sequence of str
        Such as ``40%max``.
    allow_partial : bool
        Give the dose of the part inside the grid for structures that leave it.
    alpha_beta_gy : float, optional
        Adds entries in EQD2, made for each dose at each point and then added.
    file_warnings : sequence of str
        What concerns every entry, such as what was found in the plan.
    bounds : bool
        Give the interval that the discretisation leaves to each figure.
    bodies : sequence of Structure
        The body for a CI, where it is not among `structures`.
    prescription_gy : float, optional
        Of all the doses together, for an HI or CI in % of it; of physical dose only.

    Returns
    -------
    list of DvhEntry
        In the order of the structures.

    Raises
    ------
    InputError
        Dose and structures in different frames of reference, doses that cannot be added, or EQD2 of a dose whose number
        of fractions is not known.
    """
    if alpha_beta_gy is not None and not 0 < alpha_beta_gy < float("inf"):
        raise ParameterError(f"alpha/beta must be positive, got {alpha_beta_gy:g} Gy")
    check_doses(doses, who="RTDOSE")
    if faults := frame_faults(structures, doses[0], who="RTDOSE"):
        raise InputError(faults)
    if alpha_beta_gy is not None:
        _refuse_unknown_fractions(doses)
    left_out = [
        text for number, own in structures.remarks.items() if number not in structures.structures for text in own
    ]
    of_file = tuple(dict.fromkeys([*file_warnings, *dose_warnings(doses), *left_out]))
    body = body_dvh({one.number: one for one in (*structures.structures.values(), *bodies)}.values(), doses, metrics)
    how = _How(tuple(metrics), function, tuple(regions), alpha_beta_gy, allow_partial, bounds, body, prescription_gy)
    found: list[DvhEntry] = []
    for number, structure in structures.structures.items():
        own = structures.remarks.get(number, ())
        for entry in _entries(structure, doses, how):
            found.append(replace(entry, warnings=(*own, *entry.warnings), file_warnings=of_file))
    return found


@dataclass(frozen=True)
class _How:
    """What is wanted of every structure."""

    metrics: tuple[str, ...]
    function: PlacedFunction | InputError | None
    regions: tuple[str, ...]
    alpha_beta_gy: float | None
    allow_partial: bool
    bounds: bool
    body: Dvh | None = None
    prescription_gy: float | None = None

    @property
    def plain(self) -> bool:
        """Whether the DVH of the physical dose alone is wanted: then no sample is kept."""
        return self.function is None and self.alpha_beta_gy is None and not self.bounds


def _refuse_unknown_fractions(doses: Sequence[Dose]) -> None:
    unknown = [number for number, dose in enumerate(doses, start=1) if dose.fractions is None]
    if unknown:
        which = "the dose" if len(doses) == 1 else f"dose {', '.join(map(str, unknown))}"
        action = "Give --plan for each dose, in the same order; a sum of several plans has no EQD2."
        raise InputError(
            Fault("RTDOSE", "the number of fractions of every dose, for EQD2", f"none of {which}", action, "fractions")
        )


def _entries(structure: Structure, doses: Sequence[Dose], how: _How) -> list[DvhEntry]:
    nothing: dict[str, float | None] = dict.fromkeys(how.metrics)
    if not structure.planes:
        return [DvhEntry(structure.name, "anatomical", 0.0, metrics=nothing, warnings=("empty: no closed contours",))]
    try:
        if how.plain and len(doses) == 1:
            return [_plain_entry(compute_dvh(structure, doses[0]), how)]
        courses = sample_courses(structure, doses)
    except LungtoxError as error:
        return [DvhEntry(structure.name, "anatomical", 0.0, metrics=nothing, warnings=(_words(error),))]
    entries: list[DvhEntry] = []
    for quantity in _quantities(courses, how):
        entries.append(_plain_entry(quantity.anatomical(), how))
        if not entries[0].usable:
            return entries
        entries += _functional_entries(quantity, how)
    if not how.bounds:
        return entries

    def histograms(one: CourseSamples) -> list[Dvh]:
        found: list[Dvh] = []
        for quantity in _quantities(one, how):
            functional = quantity.functional(how.function, how.regions).dvhs if how.function else ()
            found += [quantity.anatomical(), *functional]
        return found

    intervals, more = entry_bounds(structure, doses, courses, histograms, metrics=how.metrics)
    return [
        replace(entry, bounds=intervals.get((entry.weighting, entry.quantity)), warnings=(*entry.warnings, *more))
        for entry in entries
    ]


@dataclass(frozen=True)
class _Quantity:
    """Samples of one dose quantity."""

    samples: Samples
    quantity: Quantity = "physical"
    alpha_beta_gy: float | None = None

    def anatomical(self) -> Dvh:
        samples = self.samples
        return dvh_from_samples(
            samples.dose_gy,
            samples.volume_cc,
            structure=samples.structure,
            quantity=self.quantity,
            alpha_beta_gy=self.alpha_beta_gy,
            spread_gy=samples.spread_gy,
            coverage_pct=samples.coverage_pct,
            warnings=samples.warnings,
        )

    def functional(self, function: PlacedFunction | InputError, regions: Sequence[str]) -> FunctionalDvhs:
        if isinstance(function, InputError):
            raise function
        samples = self.samples
        q = function.at(samples, who="SPECT")
        return functional_dvhs(
            samples.dose_gy,
            samples.volume_cc,
            q,
            structure=samples.structure,
            spread_gy=samples.spread_gy,
            regions=regions,
            quantity=self.quantity,
            alpha_beta_gy=self.alpha_beta_gy,
            coverage_pct=samples.coverage_pct,
        )


def _quantities(courses: CourseSamples, how: _How) -> list[_Quantity]:
    """Give the physical dose, then EQD2 where it is wanted."""
    found = [_Quantity(courses.samples)]
    ratio_gy = how.alpha_beta_gy
    eqd2_gy = None if ratio_gy is None else courses.eqd2_gy(ratio_gy)
    if ratio_gy is not None and eqd2_gy is not None:
        samples = replace(courses.samples, dose_gy=eqd2_gy, spread_gy=courses.eqd2_spread_gy(ratio_gy))
        found.append(_Quantity(samples, "eqd2", ratio_gy))
    return found


def _plain_entry(dvh: Dvh, how: _How) -> DvhEntry:
    """Give the entry of a DVH, without doses where part of the structure has none and that is not allowed."""
    if dvh.coverage_pct == 100.0 or how.allow_partial:
        return _entry(dvh, how, dvh.warnings)
    warnings = (*dvh.warnings, "no dose is given for it (--allow-partial gives that of the part inside)")
    nothing: dict[str, float | None] = dict.fromkeys(how.metrics)
    return DvhEntry(dvh.structure, "anatomical", dvh.structure_cc, metrics=nothing, warnings=warnings)


def _functional_entries(quantity: _Quantity, how: _How) -> list[DvhEntry]:
    if how.function is None:
        return []
    try:
        found = quantity.functional(how.function, how.regions)
    except InputError as error:
        nothing: dict[str, float | None] = dict.fromkeys(how.metrics)
        name = quantity.samples.structure
        return [
            DvhEntry(name, "perfusion", 0.0, metrics=nothing, warnings=(_words(error),), quantity=quantity.quantity)
        ]
    return [_entry(dvh, how, found.warnings) for dvh in found.dvhs]


def _entry(dvh: Dvh, how: _How, warnings: tuple[str, ...]) -> DvhEntry:
    values: dict[str, float | None] = {}
    body = how.body if dvh.weighting == "anatomical" else None
    prescription_gy = how.prescription_gy if dvh.quantity == "physical" else None
    for name in how.metrics:
        try:
            values.update(compute_metrics(dvh, [name], body=body, prescription_gy=prescription_gy))
        except ParameterError as error:  # such as the dose to 1 cc of a structure of half a cc
            values[name] = None
            warnings = (*warnings, f"{name}: {error}")
    return DvhEntry(
        dvh.structure, dvh.weighting, dvh.structure_cc, dvh.min_gy, dvh.mean_gy, dvh.max_gy, values, warnings,
        quantity=dvh.quantity,
    )  # fmt: skip


def _words(error: LungtoxError) -> str:
    if isinstance(error, InputError):
        return "; ".join(f"{fault.expected} expected, {fault.found} found" for fault in error.faults)
    return str(error)
