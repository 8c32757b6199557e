"""What the discretisation leaves open in the figures of one structure, for the command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lungtox.dose import CourseSamples, Dvh, Interval, ReferredDvh, Samples, metric_bounds, sample_alternatives
from lungtox.errors import InputError
from lungtox.geometry import Dose, Structure

FIGURES = {"min_gy": "Min[Gy]", "mean_gy": "Mean[Gy]", "max_gy": "Max[Gy]"}


def entry_bounds(
    structure: Structure,
    doses: Sequence[Dose],
    central: CourseSamples,
    histograms: Callable[[Samples], list[Dvh]],
    *,
    metrics: Sequence[str],
) -> tuple[dict[str, dict[str, Interval]], tuple[str, ...]]:
    """Give the intervals of a structure's figures by weighting.

    Parameters
    ----------
    structure : Structure
    doses : sequence of Dose
    central : CourseSamples
        Under the rules in use.
    histograms : callable
        Makes the DVHs of samples, one for each weighting.
    metrics : sequence of str

    Returns
    -------
    dict of str to dict of str to Interval
        By weighting, then ``volume_cc``, ``min_gy``, ``mean_gy``, ``max_gy`` and each metric.
    tuple of str
        Warnings that say why there are none.
    """
    found = sample_alternatives(structure, doses, central)
    if not found.readings:
        return {}, found.warnings
    try:
        own = histograms(central.samples)
        readings = [histograms(one.samples) for one in found.readings]
        coarse = [histograms(one.samples) for one in found.coarse]
    except InputError:
        return {}, (f"{structure.name}: no bounds: the function image does not cover all that may belong to it",)
    intervals = {}
    for number, dvh in enumerate(own):
        sides = [[ReferredDvh(side[number]) for side in made] for made in (readings, coarse)]
        named = metric_bounds(ReferredDvh(dvh), sides[0], sides[1], [*FIGURES.values(), *metrics])
        volumes_cc = [side[number].structure_cc for side in (own, *readings)]
        intervals[dvh.weighting] = {
            "volume_cc": Interval(min(volumes_cc), max(volumes_cc)),
            **{figure: named[name] for figure, name in FIGURES.items()},
            **{name: named[name] for name in metrics},
        }
    return intervals, ()
