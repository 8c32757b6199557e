"""What the discretisation leaves open in one patient's metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from lungtox.dose import (
    BoundedMetric,
    CourseSamples,
    Dvh,
    Interval,
    Others,
    ReferredDvh,
    metric_bounds,
    sample_alternatives,
)
from lungtox.dose.config import DoseSettings, FunctionSettings
from lungtox.errors import InputError
from lungtox.extraction.function_source import PlacedFunction
from lungtox.extraction.histograms import anatomical_dvhs, function_dvhs
from lungtox.extraction.loading import Loaded

Family = dict[tuple[str, str], ReferredDvh]


@dataclass(frozen=True)
class PatientBounds:
    """Intervals of one patient.

    Attributes
    ----------
    metrics : tuple of BoundedMetric
        Every metric that the config names, in the order of the DVHs.
    volumes_cc : dict of str to Interval
        Of each analysed structure.
    warnings : tuple of str
        Why an interval is not there.
    """

    metrics: tuple[BoundedMetric, ...] = ()
    volumes_cc: Mapping[str, Interval] | None = None
    warnings: tuple[str, ...] = ()

    def volume_ends_cc(self, structure: str) -> list[float | None] | None:
        """Give low and high of a structure's volume; None where they were not asked for."""
        if self.volumes_cc is None:
            return None
        interval = self.volumes_cc[structure]
        return [interval.low, interval.high]


def patient_bounds(
    patient: str,
    loaded: Loaded,
    samples: Mapping[str, CourseSamples],
    dvhs: Sequence[Dvh],
    *,
    image: PlacedFunction | None,
    dose: DoseSettings,
    function: FunctionSettings | None,
) -> PatientBounds:
    """Evaluate the metrics of the config under the extreme admissible rules.

    Parameters
    ----------
    patient : str
    loaded : Loaded
    samples : dict of str to CourseSamples
        The analysed structures under the rules in use.
    dvhs : sequence of Dvh
        What was made of these samples.
    image : PlacedFunction or None
        None where there is none that can be used.
    dose : DoseSettings
    function : FunctionSettings or None

    Returns
    -------
    PatientBounds
    """
    metrics: list[BoundedMetric] = []
    volumes_cc: dict[str, Interval] = {}
    warnings: list[str] = []
    for name, central in samples.items():
        found = sample_alternatives(
            loaded.regions[name], loaded.doses, central, end_cap=dose.end_cap, between_planes=dose.between_planes
        )
        volumes_cc[name] = found.volume_cc
        warnings += found.warnings
        looked_at = image if function is not None and name == function.structure else None
        family = partial(_family, patient, name, loaded, looked_at, dose, function)
        drawn = {f"{kind}:{contour.name}" for contour in loaded.contours for kind in ("functional", "nonfunctional")}
        own = _referred([dvh for dvh in dvhs if dvh.structure == name and dvh.weighting not in drawn], function)
        if looked_at is not None and drawn:
            warnings.append(f"{name}: no bounds of metrics within a contour of functional lung")
        others = found.dvhs(family, own)
        if own.keys() - others.keys():
            warnings.append(f"{name}: no bounds of functional metrics: the image does not cover what may belong to it")
        for (weighting, quantity), referred in own.items():
            of_one = others.get((weighting, quantity), Others())
            intervals = metric_bounds(referred, of_one, _names(referred.dvh, dose, function))
            metrics += [
                BoundedMetric(patient, name, weighting, quantity, metric, interval)
                for metric, interval in intervals.items()
            ]
    return PatientBounds(tuple(metrics), volumes_cc, tuple(dict.fromkeys(warnings)))


def _family(
    patient: str,
    name: str,
    loaded: Loaded,
    image: PlacedFunction | None,
    dose: DoseSettings,
    function: FunctionSettings | None,
    one: CourseSamples,
) -> Family:
    """Make the same DVHs of other samples."""
    dvhs = anatomical_dvhs(name, one, dose)
    if image is not None and function is not None:
        try:
            parts = function_dvhs(one, image, settings=dose, function=function, who=patient)
        except InputError:  # the image ends inside this reading; what is missing is warned about
            parts = []
        dvhs += [dvh for part in parts for dvh in part.dvhs]
    return _referred(dvhs, function)


def _names(dvh: Dvh, dose: DoseSettings, function: FunctionSettings | None) -> Sequence[str]:
    if dvh.weighting == "anatomical":
        return dose.metrics.get(dvh.structure, [])
    return function.metrics if function else []


def _referred(dvhs: Iterable[Dvh], function: FunctionSettings | None) -> Family:
    """Give the DVHs of one structure by weighting and quantity, each with its 100 %."""
    dvhs = list(dvhs)
    whole_cc = next((dvh.total_cc for dvh in dvhs if dvh.weighting == "anatomical"), None)
    found = {}
    for dvh in dvhs:
        known = {} if whole_cc is None or dvh.weighting == "perfusion" else {"structure": whole_cc}
        if known and function is not None and function.total in (None, dvh.structure):
            known["total"] = known["structure"]
        part = dvh.weighting.startswith(("functional:", "nonfunctional:"))
        reference = known.get(function.denominator) if function is not None and part else None
        found[dvh.weighting, dvh.quantity] = ReferredDvh(dvh, reference, known)
    return found
