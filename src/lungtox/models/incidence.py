"""Cumulative incidence with competing events (Aalen-Johansen), exact with ties; one cause makes it Kaplan-Meier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from lungtox.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

METHOD = "Aalen-Johansen, infinitesimal-jackknife standard error, log(-log) interval"


@dataclass(frozen=True)
class Incidence:
    """Cumulative incidence of each cause, right after each time at which something happened.

    Attributes
    ----------
    time : ndarray, shape (m,)
        Times at which an event of any cause happened, ascending, in the unit of the input.
    at_risk : ndarray of int, shape (m,)
        Subjects under observation just before each time.
    estimate, se, low, high : ndarray, shape (m, c)
        By cause 1..c; low and high are the limits of a pointwise 95 % interval.
    """

    time: FloatArray
    at_risk: IntArray
    estimate: FloatArray
    se: FloatArray
    low: FloatArray
    high: FloatArray

    def at(self, when: float, cause: int = 1) -> tuple[float, float, float]:
        """Give estimate, low and high of a cause at a time; 0, 0, 0 before the first event of any cause."""
        index = int(np.searchsorted(self.time, when, side="right")) - 1
        if index < 0:
            return 0.0, 0.0, 0.0
        column = cause - 1
        return float(self.estimate[index, column]), float(self.low[index, column]), float(self.high[index, column])


def cumulative_incidence(
    time: npt.ArrayLike, cause: npt.ArrayLike, *, causes: int | None = None, confidence: float = 0.95
) -> Incidence:
    """Estimate how many have had each cause first by a time, the others and the lost ones accounted for.

    Parameters
    ----------
    time : array_like of float, shape (n,)
        To the first event or the end of observation; not negative.
    cause : array_like of int, shape (n,)
        0 = observation ended without event; 1, 2, ... = what happened first.
    causes : int, optional
        Number of causes; by default the largest one in the data.
    confidence : float

    Returns
    -------
    Incidence

    Raises
    ------
    ParameterError
        Shapes differ, no subjects, negative or missing times, causes that are not whole numbers from 0 to `causes`.

    Notes
    -----
    Aalen and Johansen 1978: the estimate rises at time t by S(t-) d(t)/Y(t), with S the probability of no event of any
    cause, d the events of this cause and Y those at risk; a subject censored at t is at risk at t. Nothing is jittered,
    so ties are exact. Standard error: each subject's influence on the estimate, squared and added up (infinitesimal
    jackknife, as R's survfit); for one cause this is Greenwood's. The interval is F^exp(+-z se/(F log F)).
    """
    times, which, causes = _checked(time, cause, causes)
    moments = np.unique(times[which > 0])
    if not len(moments):
        none = np.zeros((0, causes))
        return Incidence(moments, np.zeros(0, dtype=np.int64), none, none, none, none)
    at_risk = times[:, None] >= moments  # n x m
    now = (times[:, None] == moments) & (which > 0)[:, None]
    number = at_risk.sum(axis=0)
    hazard = now.sum(axis=0) / number
    survival = np.cumprod(1.0 - hazard)
    before = np.concatenate([[1.0], survival[:-1]])
    # Influence of each subject on S(t-): d log S = sum over v < t of -(dN - Y h) / (Y (1 - h)).
    left = np.where(hazard < 1.0, number * (1.0 - hazard), np.inf)
    moved = np.cumsum(-(now - at_risk * hazard) / left, axis=1)
    moved_before = before * np.concatenate([np.zeros((len(times), 1)), moved[:, :-1]], axis=1)
    estimate, se = np.empty((len(moments), causes)), np.empty((len(moments), causes))
    for index in range(causes):
        mine = now & (which == index + 1)[:, None]
        rate = mine.sum(axis=0) / number
        estimate[:, index] = np.cumsum(before * rate)
        influence = np.cumsum(moved_before * rate + before * (mine - at_risk * rate) / number, axis=1)
        se[:, index] = np.sqrt((influence**2).sum(axis=0))
    low, high = _limits(estimate, se, confidence)
    return Incidence(moments, number.astype(np.int64), estimate, se, low, high)


def incidence_table(result: Incidence, *, until: float) -> pd.DataFrame:
    """Give curves as rows from time 0 to ``until``: `cause, time, at_risk, estimate, low, high`."""
    import pandas as pd

    kept = result.time <= until
    parts = []
    for column in range(result.estimate.shape[1]):
        curve = {
            "time": np.concatenate([[0.0], result.time[kept], [until]]),
            "at_risk": np.concatenate([result.at_risk[:1], result.at_risk[kept], result.at_risk[kept][-1:]])
            if kept.any()
            else np.zeros(2),
        }
        for name in ("estimate", "low", "high"):
            values = getattr(result, name)[kept, column]
            curve[name] = np.concatenate([[0.0], values, values[-1:] if len(values) else [0.0]])
        parts.append(pd.DataFrame(curve).assign(cause=column + 1))
    return pd.concat(parts, ignore_index=True)


def _checked(time: npt.ArrayLike, cause: npt.ArrayLike, causes: int | None) -> tuple[FloatArray, IntArray, int]:
    times, labels = np.asarray(time, dtype=np.float64), np.asarray(cause, dtype=np.float64)
    if times.ndim != 1 or times.shape != labels.shape or not len(times):
        raise ParameterError(f"time and cause must be of one length; found shapes {times.shape} and {labels.shape}")
    if not np.isfinite(times).all() or times.min() < 0.0:
        raise ParameterError("times must be finite and not negative")
    highest = int(labels.max()) if causes is None else causes
    if not np.isin(labels, np.arange(highest + 1)).all():
        raise ParameterError(f"causes must be whole numbers from 0 to {highest}")
    return times, labels.astype(np.int64), max(highest, 1)


def _limits(estimate: FloatArray, se: FloatArray, confidence: float) -> tuple[FloatArray, FloatArray]:
    z = norm.ppf(0.5 + confidence / 2.0)
    inside = (estimate > 0.0) & (estimate < 1.0)
    safe = np.where(inside, estimate, 0.5)
    power = np.exp(-z * se / (safe * np.log(safe)))
    low, high = np.where(inside, safe**power, estimate), np.where(inside, safe ** (1.0 / power), estimate)
    return low, high
