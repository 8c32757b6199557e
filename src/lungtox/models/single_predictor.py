"""Logistic models of one predictor each, many at once, with profile-likelihood intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri, expit

from lungtox.models.newton_batch import fit_many

FloatArray = npt.NDArray[np.float64]

_FARTHEST_IN_SE = 1e3  # as in profile.py
_INNER_STEPS = 12
_ROOT_STEPS = 60
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class SingleFits:
    """Log odds ratios of many predictors, each alone.

    Attributes
    ----------
    estimate, low, high : ndarray, shape (m,)
        Per unit of the predictor; limits by the profile likelihood. NaN where the outcome is separated.
    separated : ndarray of bool, shape (m,)
        All events lie on one side of all others, or meet them in one value: there is no finite odds ratio.
    """

    estimate: FloatArray
    low: FloatArray
    high: FloatArray
    separated: npt.NDArray[np.bool_]


def fit_each(x: FloatArray, y: FloatArray, *, level: float = 0.95) -> SingleFits:
    """Fit a logistic model of one predictor to every column.

    Parameters
    ----------
    x : ndarray, shape (n, m)
        A column for each predictor, with some spread.
    y : ndarray, shape (n,)
        0 or 1, both present.
    level : float
        Coverage of the intervals: limits b solve 2 (l_max - l_profile(b)) = chi-square quantile, the intercept
        maximised at each b.

    Returns
    -------
    SingleFits
    """
    event = y == 1.0
    separated = (x[event].min(axis=0) >= x[~event].max(axis=0)) | (x[event].max(axis=0) <= x[~event].min(axis=0))
    nothing = np.full(x.shape[1], np.nan)
    if separated.all():
        return SingleFits(nothing, nothing, nothing, separated)
    spread = x.std(axis=0)
    scaled = ((x - x.mean(axis=0)) / spread).T[~separated]
    fits = fit_many(np.stack([np.ones_like(scaled), scaled], axis=2), y)
    curves = _Curves(scaled, y, fits.beta, fits.loglik)
    distance = math.sqrt(float(chdtri(1.0, 1.0 - level)))
    found: list[FloatArray] = []
    for values in (fits.beta[:, 1], curves.limits(-distance), curves.limits(distance)):
        whole = nothing.copy()
        whole[~separated] = values / spread[~separated]
        found.append(whole)
    return SingleFits(found[0], found[1], found[2], separated)


@dataclass(frozen=True)
class _Curves:
    """Profiles of the slopes."""

    x: FloatArray
    y: FloatArray
    beta: FloatArray
    loglik: FloatArray

    def standard_errors(self) -> FloatArray:
        p = expit(self.beta[:, :1] + self.beta[:, 1:] * self.x)
        weight = p * (1.0 - p)
        middle = (weight * self.x).sum(axis=1) / weight.sum(axis=1)
        return np.asarray(1.0 / np.sqrt((weight * (self.x - middle[:, None]) ** 2).sum(axis=1)))

    def root(self, slope: FloatArray) -> FloatArray:
        """Give the root of the likelihood-ratio statistic at these slopes."""
        offset = slope[:, None] * self.x
        # Starts where the mean of the linear predictor stays: far slopes do not run away.
        intercept = self.beta[:, 0].copy()
        for _ in range(_INNER_STEPS):
            p = expit(intercept[:, None] + offset)
            step = (self.y - p).sum(axis=1) / np.maximum((p * (1.0 - p)).sum(axis=1), 1e-12)
            intercept += np.clip(step, -2.0, 2.0)
            if np.abs(step).max() < _TOLERANCE:
                break
        eta = intercept[:, None] + offset
        loglik = (self.y * eta - np.logaddexp(0.0, eta)).sum(axis=1)
        return np.asarray(np.sqrt(np.maximum(0.0, 2.0 * (self.loglik - loglik))))

    def limits(self, distance: float) -> FloatArray:
        """Find where the profile has fallen so far, by the false position (Illinois rule), on one side."""
        wanted, top, error = abs(distance), self.beta[:, 1], self.standard_errors()
        inner, outer = np.zeros(len(top)), distance * error
        below, beyond = np.full(len(top), -wanted), self.root(top + outer) - wanted
        for _ in range(_ROOT_STEPS):
            short = (beyond < 0.0) & (np.abs(outer) < _FARTHEST_IN_SE * error)
            if not short.any():
                break
            inner, below = np.where(short, outer, inner), np.where(short, beyond, below)
            outer = np.where(short, 1.6 * outer, outer)
            beyond = self.root(top + outer) - wanted
        endless = beyond < 0.0
        before = np.zeros(len(top))
        for _ in range(_ROOT_STEPS):
            middle = np.where(endless, outer, (inner * beyond - outer * below) / (beyond - below))
            value = self.root(top + middle) - wanted
            if np.abs(value[~endless]).max(initial=0.0) < _TOLERANCE:
                break
            side = np.where(value < 0.0, -1.0, 1.0)
            # An end that stays twice counts half, or it would stay for ever.
            halved = np.where(side == before, 0.5, 1.0)
            below, beyond = np.where(side < 0, value, halved * below), np.where(side < 0, halved * beyond, value)
            inner, outer, before = np.where(side < 0, middle, inner), np.where(side < 0, outer, middle), side
        return np.where(endless, math.copysign(math.inf, distance), top + middle)
