"""What a ROC curve looks like in resamples: bands and partial areas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from lungtox.errors import ParameterError
from lungtox.models.discrimination import Direction, checked_scores

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Focus = Literal["specificity", "sensitivity"]

BOOTSTRAP = "stratified bootstrap, percentiles"
GRID = np.linspace(0.0, 1.0, 51)
# Numbers that one block of resamples may hold.
_BLOCK = 2_000_000


@dataclass(frozen=True)
class RocBand:
    """Pointwise 95 % band of the sensitivity.

    Attributes
    ----------
    fpr, tpr, low, high : ndarray, shape (g,)
        Grid of 1 - specificity, sensitivity of the curve there, limits.
    """

    fpr: FloatArray
    tpr: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True)
class PartialArea:
    """Area under a part of the ROC curve.

    Attributes
    ----------
    area, low, high : float
        With its 95 % interval; after McClish 1989 where `corrected`: 0.5 is chance, 1 is perfect.
    corrected : bool
    n, events : int
    """

    area: float
    low: float
    high: float
    corrected: bool
    n: int
    events: int


@dataclass(frozen=True)
class Ladder:
    """Patients by descending score: what each resample draws is a count per distinct score."""

    scores: FloatArray
    events: IntArray
    others: IntArray

    @property
    def size(self) -> int:
        """Number of distinct scores."""
        return len(self.scores)

    def curve(self) -> tuple[FloatArray, FloatArray]:
        """Give 1 - specificity and sensitivity of the patients themselves, from (0, 0)."""
        return _shares(self.others[None])[0], _shares(self.events[None])[0]

    def resample(self, resamples: int, rng: np.random.Generator) -> Iterator[tuple[FloatArray, FloatArray, IntArray]]:
        """Give blocks of curves, and how many patients of each score they hold; events and others apart."""
        chance = self.events / self.events.sum(), self.others / self.others.sum()
        block = max(1, _BLOCK // (self.size + 1))
        for start in range(0, resamples, block):
            count = min(block, resamples - start)
            events = rng.multinomial(int(self.events.sum()), chance[0], count)
            others = rng.multinomial(int(self.others.sum()), chance[1], count)
            yield _shares(others), _shares(events), events + others


def roc_band(
    outcome: npt.ArrayLike,
    score: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    resamples: int = 1000,
    positive: Direction = "larger",
    confidence: float = 0.95,
) -> RocBand:
    """Give the pointwise band of a ROC curve.

    Parameters
    ----------
    outcome, score, positive
        As for `roc`.
    rng : numpy.random.Generator
    resamples : int
    confidence : float

    Returns
    -------
    RocBand

    Raises
    ------
    ParameterError, FitError
        As for `roc`.

    Notes
    -----
    Percentiles of the sensitivity at each specificity over resamples of events and non-events apart (pROC's ci.se).
    The band holds at each point alone.
    """
    ladder = make_ladder(outcome, score, positive, resamples)
    curves = [
        np.interp(GRID, fpr, tpr)
        for fprs, tprs, _ in ladder.resample(resamples, rng)
        for fpr, tpr in zip(fprs, tprs, strict=True)
    ]
    low, high = percentiles(np.array(curves), confidence)
    return RocBand(GRID, np.interp(GRID, *ladder.curve()), low, high)


def partial_auc(
    outcome: npt.ArrayLike,
    score: npt.ArrayLike,
    *,
    between: tuple[float, float],
    rng: np.random.Generator,
    focus: Focus = "specificity",
    correct: bool = True,
    resamples: int = 1000,
    positive: Direction = "larger",
) -> PartialArea:
    """Measure the area under the part of a ROC curve that matters.

    Parameters
    ----------
    outcome, score, positive
        As for `roc`.
    between : tuple of float
        The range of specificity (or sensitivity), from the smaller to the larger, 0 to 1.
    rng : numpy.random.Generator
    focus : {"specificity", "sensitivity"}
    correct : bool
        McClish 1989: (1 + (area - area of chance) / (largest area - area of chance)) / 2.
    resamples : int

    Returns
    -------
    PartialArea

    Raises
    ------
    ParameterError, FitError
        As for `roc`; ParameterError also where the range is none.
    """
    low, high = between
    if not 0.0 <= low < high <= 1.0:
        raise ParameterError(f"between must rise within 0 and 1, got {between}")
    if focus not in ("specificity", "sensitivity"):
        raise ParameterError(f"focus must be specificity or sensitivity, got {focus!r}")
    ladder = make_ladder(outcome, score, positive, resamples)
    area = _Part(focus, low, high, correct)
    drawn = [
        area.measure(fpr, tpr)
        for fprs, tprs, _ in ladder.resample(resamples, rng)
        for fpr, tpr in zip(fprs, tprs, strict=True)
    ]
    limits = percentiles(np.array(drawn), 0.95)
    events, n = int(ladder.events.sum()), int((ladder.events + ladder.others).sum())
    return PartialArea(area.measure(*ladder.curve()), float(limits[0]), float(limits[1]), correct, n, events)


@dataclass(frozen=True)
class _Part:
    focus: Focus
    low: float
    high: float
    correct: bool

    def measure(self, fpr: FloatArray, tpr: FloatArray) -> float:
        """Give the area of one curve."""
        if self.focus == "specificity":
            start, end, x, y = 1.0 - self.high, 1.0 - self.low, fpr, tpr
            chance = (end**2 - start**2) / 2.0
        else:
            # The same curve lying on its side: specificity against sensitivity, both from the upper right end.
            start, end, x, y = self.low, self.high, tpr, 1.0 - fpr
            chance = (end - start) - (end**2 - start**2) / 2.0
        area = _area_between(x, y, start, end)
        if not self.correct:
            return area
        return 0.5 * (1.0 + (area - chance) / (end - start - chance))


def _area_between(x: FloatArray, y: FloatArray, start: float, end: float) -> float:
    """Integrate a line with vertical steps; at a step on the border, the side that lies within counts."""
    inside = (x > start) & (x < end)
    left = y[np.searchsorted(x, start, side="right") - 1] if (x == start).any() else float(np.interp(start, x, y))
    right = y[np.searchsorted(x, end, side="left")] if (x == end).any() else float(np.interp(end, x, y))
    xs = np.concatenate([[start], x[inside], [end]])
    ys = np.concatenate([[left], y[inside], [right]])
    return float(np.sum(np.diff(xs) * (ys[1:] + ys[:-1])) / 2.0)


def make_ladder(outcome: npt.ArrayLike, score: npt.ArrayLike, positive: Direction, resamples: int) -> Ladder:
    """Check outcome and score as `roc` does, and sort the patients."""
    if resamples < 1:
        raise ParameterError(f"resamples must be at least 1, got {resamples}")
    y, values = checked_scores(outcome, score, positive)
    scores, place = np.unique(-values, return_inverse=True)
    events = np.bincount(place, weights=y, minlength=len(scores)).astype(np.int64)
    others = np.bincount(place, weights=1.0 - y, minlength=len(scores)).astype(np.int64)
    return Ladder(-scores, events, others)


def _shares(counts: IntArray) -> FloatArray:
    total = np.cumsum(counts, axis=1) / counts.sum(axis=1, keepdims=True)
    return np.column_stack([np.zeros(len(counts)), total])


def percentiles(values: FloatArray, confidence: float) -> tuple[FloatArray, FloatArray]:
    """Give the limits of the middle part of resampled figures, along the first axis."""
    low, high = np.quantile(values, [(1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0], axis=0)
    return np.asarray(low), np.asarray(high)
