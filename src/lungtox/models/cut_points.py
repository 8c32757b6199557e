"""Cut-points chosen from the data, with their intervals and their optimism."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lungtox.errors import ParameterError
from lungtox.models.discrimination import Direction
from lungtox.models.roc_resampling import Ladder, make_ladder, percentiles

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

FIGURES = ("threshold", "sensitivity", "specificity", "youden")


@dataclass(frozen=True)
class CutPoint:
    """A cut-point chosen from the data, and how much better than true that makes it look.

    Attributes
    ----------
    values, low, high : dict of str to float
        `threshold, sensitivity, specificity, youden`: at the cut-point, with 95 % intervals over resamples that choose
        their own. A patient counts as positive beyond the threshold, which lies halfway between two scores.
    optimism : dict of str to float
        Of `sensitivity, specificity, youden`: mean over the resamples of the figure in the resample that chose the
        cut-point minus that of the same cut-point in the patients.
    n, events, resamples : int
    """

    values: dict[str, float]
    low: dict[str, float]
    high: dict[str, float]
    optimism: dict[str, float]
    n: int
    events: int
    resamples: int


def cut_point(
    outcome: npt.ArrayLike,
    score: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    sensitivity: float | None = None,
    resamples: int = 1000,
    positive: Direction = "larger",
) -> CutPoint:
    """Choose a cut-point by Youden's index, or as the highest that reaches a sensitivity.

    Parameters
    ----------
    outcome, score, positive
        As for `roc`.
    rng : numpy.random.Generator
    sensitivity : float, optional
        Fixed beforehand; without it the cut-point maximises sensitivity + specificity - 1 (of equals the specific).
    resamples : int

    Returns
    -------
    CutPoint

    Raises
    ------
    ParameterError, FitError
        As for `roc`; ParameterError also where the sensitivity is not between 0 and 1.

    Notes
    -----
    Each resample (events and non-events apart) chooses its own cut-point. What it gains by the choice in itself over
    the patients is the optimism (Harrell's bootstrap); figure - optimism is the corrected figure.
    """
    if sensitivity is not None and not 0.0 < sensitivity <= 1.0:
        raise ParameterError(f"sensitivity must be above 0 and at most 1, got {sensitivity}")
    ladder = make_ladder(outcome, score, positive, resamples)
    fpr, tpr = ladder.curve()
    everyone = ladder.events + ladder.others
    place, threshold = _choose(ladder, fpr[None], tpr[None], everyone[None], sensitivity)
    values = _figures(threshold, fpr[place], tpr[place])[0]
    own, there = [], []
    for fprs, tprs, counts in ladder.resample(resamples, rng):
        places, thresholds = _choose(ladder, fprs, tprs, counts, sensitivity)
        rows = np.arange(len(places))
        own.append(_figures(thresholds, fprs[rows, places], tprs[rows, places]))
        beyond = np.searchsorted(-ladder.scores, -thresholds, side="right")
        there.append(_figures(thresholds, fpr[beyond], tpr[beyond]))
    drawn = np.concatenate(own)
    gain = (drawn - np.concatenate(there)).mean(axis=0)
    low, high = percentiles(drawn, 0.95)
    if positive == "smaller":
        # The scores were turned round: so are the threshold and its limits.
        values[0], low[0], high[0] = -values[0], -high[0], -low[0]
    return CutPoint(
        values=_named(values),
        low=_named(low),
        high=_named(high),
        optimism=_named(gain, first=1),
        n=int(everyone.sum()),
        events=int(ladder.events.sum()),
        resamples=resamples,
    )


def _choose(
    ladder: Ladder, fpr: FloatArray, tpr: FloatArray, counts: IntArray, sensitivity: float | None
) -> tuple[IntArray, FloatArray]:
    """Give for each curve the place of its cut-point and the threshold, halfway to the next score that occurs."""
    if sensitivity is None:
        # Rounded: sums that are equal must not differ in the last digit.
        place = np.argmax(np.round(tpr - fpr, 12), axis=1)
    else:
        place = np.argmax(tpr >= sensitivity - 1e-12, axis=1)
    size = ladder.size
    there = np.where(counts > 0, np.arange(size), size)
    following = np.minimum.accumulate(there[:, ::-1], axis=1)[:, ::-1]
    rows = np.arange(len(place))
    # Place 0 lies above all scores, the last one below them.
    step = 1.0 if size < 2 else float(np.ptp(ladder.scores)) / (size - 1)
    padded = np.concatenate([ladder.scores, [ladder.scores[-1] - step]])
    below = padded[np.where(place < size, following[rows, np.minimum(place, size - 1)], size)]
    last = np.where(place > 0, ladder.scores[np.maximum(place, 1) - 1], ladder.scores[0] + step)
    return place, (last + below) / 2.0


def _figures(threshold: FloatArray, fpr: FloatArray, tpr: FloatArray) -> FloatArray:
    return np.column_stack([threshold, tpr, 1.0 - fpr, tpr - fpr])


def _named(figures: FloatArray, *, first: int = 0) -> dict[str, float]:
    return {name: float(figure) for name, figure in zip(FIGURES[first:], figures[first:], strict=True)}
