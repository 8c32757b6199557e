"""What the discretisation leaves open in the figures of one structure, for the command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lungtox.dose import CourseSamples, Dvh, Interval, ReferredDvh, metric_bounds, sample_alternatives
from lungtox.errors import InputError
from lungtox.geometry import Dose, Structure

FIGURES = {"min_gy": "Min[Gy]", "mean_gy": "Mean[Gy]", "max_gy": "Max[Gy]"}


def entry_bounds(
    structure: Structure,
    doses: Sequence[Dose],
    central: CourseSamples,
    histograms: Callable[[CourseSamples], list[Dvh]],
    *,
    metrics: Sequence[str],
) -> tuple[dict[tuple[str, str], dict[str, Interval]], tuple[str, ...]]:
    """Give the intervals of a structure's figures by weighting and quantity.

    Parameters
    ----------
    structure : Structure
    doses : sequence of Dose
    central : CourseSamples
        Under the rules in use.
    histograms : callable
        Makes the DVHs of samples, one for each weighting and quantity.
    metrics : sequence of str

    Returns
    -------
    dict of (str, str) to dict of str to Interval
        By weighting and quantity, then ``volume_cc``, ``min_gy``, ``mean_gy``, ``max_gy`` and each metric.
    tuple of str
        Warnings that say why there are none.
    """
    found = sample_alternatives(structure, doses, central)
    if not found.readings:
        return {}, found.warnings

    def named(one: CourseSamples) -> dict[tuple[str, str], ReferredDvh]:
        return {(dvh.weighting, dvh.quantity): ReferredDvh(dvh) for dvh in histograms(one)}

    try:
        own = named(central)
        others = found.dvhs(named, own)
    except InputError:
        return {}, (f"{structure.name}: no bounds: the function image does not cover all that may belong to it",)
    intervals = {}
    for key, of_one in others.items():
        ends = metric_bounds(own[key], of_one, [*FIGURES.values(), *metrics])
        volumes_cc = [each.dvh.structure_cc for each in (own[key], *of_one.readings)]
        intervals[key] = {
            "volume_cc": Interval(min(volumes_cc), max(volumes_cc)),
            **{figure: ends[name] for figure, name in FIGURES.items()},
            **{name: ends[name] for name in metrics},
        }
    return intervals, ()
