"""Gray's test: do groups differ in the cumulative incidence of a cause."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lungtox.errors import FitError, ParameterError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

NAME = "Gray"


@dataclass(frozen=True)
class GrayTest:
    """Test of equal cumulative incidence.

    Attributes
    ----------
    statistic : float
        Chi-square distributed where the incidences are equal.
    df : int
        Groups less one.
    p : float
    n, events : int
        Subjects, and those with the cause.
    """

    statistic: float
    df: int
    p: float
    n: int
    events: int


def gray_test(time: npt.ArrayLike, cause: npt.ArrayLike, group: npt.ArrayLike, *, of: int = 1) -> GrayTest:
    """Compare the cumulative incidence of one cause between groups, the other causes competing.

    Parameters
    ----------
    time : array_like of float, shape (n,)
        To the first event or the end of observation.
    cause : array_like of int, shape (n,)
        0 = observation ended without event; 1, 2, ... = what happened first.
    group : array_like, shape (n,)
        Codes or names of the groups.
    of : int
        The cause.

    Returns
    -------
    GrayTest

    Raises
    ------
    ParameterError
        Shapes differ, or missing or negative times.
    FitError
        One group, or no event of the cause.

    Notes
    -----
    Gray 1988 with rho = 0: a log-rank test of the subdistribution hazard, in which a subject with another cause
    stays at risk, by the weight that the censoring leaves it. The variance is the one of that paper with the
    correction for ties that cmprsk uses.
    """
    times, causes, groups = _checked(time, cause, group)
    count = int(groups.max()) + 1
    events = int((causes == of).sum())
    if count < 2:
        raise FitError("one group: expected two or more; nothing to compare.")
    if not events:
        raise FitError("no event of the cause: nothing to compare.")
    tally = _Tally(count)
    for moment in np.unique(times[causes > 0]):
        now = times == moment
        at_risk = np.bincount(groups[times >= moment], minlength=count).astype(np.float64)
        mine = np.bincount(groups[now & (causes == of)], minlength=count).astype(np.float64)
        others = np.bincount(groups[now & (causes > 0) & (causes != of)], minlength=count).astype(np.float64)
        tally.add(at_risk, mine, others)
    score, variance = tally.result()
    from scipy.stats import chi2

    # One group less: the scores add up to zero.
    if np.linalg.matrix_rank(variance[:-1, :-1]) < count - 1:
        raise FitError("no test: a group has nobody at risk when the events come.")
    statistic = float(score[:-1] @ np.linalg.solve(variance[:-1, :-1], score[:-1]))
    return GrayTest(statistic, count - 1, float(chi2.sf(statistic, count - 1)), len(times), events)


def _checked(time: npt.ArrayLike, cause: npt.ArrayLike, group: npt.ArrayLike) -> tuple[FloatArray, IntArray, IntArray]:
    times, causes, names = np.asarray(time, dtype=np.float64), np.asarray(cause), np.asarray(group)
    if times.ndim != 1 or times.shape != causes.shape or times.shape != names.shape or not len(times):
        raise ParameterError(f"expected one length; found {times.shape}, {causes.shape} and {names.shape}")
    if not np.isfinite(times).all() or times.min() < 0.0:
        raise ParameterError("times must be finite and not negative")
    return times, causes.astype(np.int64), np.unique(names, return_inverse=True)[1].astype(np.int64)


class _Tally:
    """Sums of Gray's score and of the parts of its variance over the times of events."""

    def __init__(self, count: int) -> None:
        self.score = np.zeros(count)
        # Integrated weight of each group in the score of each other one.
        self.drift = np.zeros((count, count))
        self.survival = np.ones(count)
        self.incidence = np.zeros(count)
        self.pooled = 0.0
        # Sums over the times, by group that brings the variance.
        self.squares = np.zeros(count)
        self.cross = np.zeros((count, count))
        self.products = np.zeros((count, count, count))

    def add(self, at_risk: FloatArray, mine: FloatArray, others: FloatArray) -> None:
        """Take one time at which something happened."""
        there = at_risk > 0
        safe = np.where(there, at_risk, 1.0)
        survival = np.where(there, self.survival * (at_risk - mine - others) / safe, self.survival)
        incidence = np.where(there, self.incidence + self.survival * mine / safe, self.incidence)
        # Numbers at risk as if nobody had been censored, of all causes and of the subdistribution.
        whole = np.where(there, at_risk / np.where(there, self.survival, 1.0), 0.0)
        weighted = whole * (1.0 - self.incidence)
        events = float(mine.sum())
        pooled = self.pooled + events / whole.sum()
        share = np.diag(whole) - np.outer(whole, whole) / whole.sum()
        self.drift += share * events / (whole.sum() * (1.0 - self.pooled))
        self.score += np.where(there, mine - events * weighted / weighted.sum(), 0.0)
        left = np.where(survival > 0, (1.0 - pooled) / np.where(survival > 0, survival, 1.0), 0.0)
        if events:
            # The correction for ties; without ties there is nothing to correct.
            rest = whole.sum() * self.survival - 1.0
            tied = 1.0 if events < 2 else 1.0 - (events - 1.0) / np.where(there & (rest > 0), rest, 1.0)
            size = np.where(there, tied * self.survival * events / (whole.sum() * safe), 0.0)
            self._spread(share - (1.0 - left) * self.drift, 1.0 - left, size)
        with_others = (survival > 0) & (others > 0)
        if with_others.any():
            tied = np.where(others > 1, 1.0 - (others - 1.0) / np.maximum(safe - 1.0, 1.0), 1.0)
            size = np.where(with_others, tied * self.survival**2 * others / safe**2, 0.0)
            self._spread(left * self.drift, -left, size)
        self.survival, self.incidence, self.pooled = survival, incidence, pooled

    def _spread(self, weight: FloatArray, factor: FloatArray, size: FloatArray) -> None:
        """Add a martingale increment of variance `size` in each group (the last axis)."""
        self.squares += factor**2 * size
        self.cross += weight * factor * size
        self.products += np.einsum("ik,jk,k->ijk", weight, weight, size)

    def result(self) -> tuple[FloatArray, FloatArray]:
        """Give the score and its covariance matrix."""
        mixed = self.drift @ self.cross.T
        variance = self.products.sum(axis=2) + (self.drift * self.squares) @ self.drift.T + mixed + mixed.T
        return self.score, variance
