"""Profile-likelihood intervals and likelihood-ratio tests of logistic coefficients, by exact root finding."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import chdtrc, chdtri

from lungtox.models.newton import Solution, maximise

FloatArray = npt.NDArray[np.float64]

# A limit this many standard errors away is reported as infinite: the likelihood is flat on that side.
_FARTHEST_IN_SE = 1e3


@dataclass(frozen=True)
class Profile:
    """Limits and p values of each coefficient.

    Attributes
    ----------
    low, high : ndarray, shape (k,)
        Infinite where the profile never falls to the limit.
    p : ndarray, shape (k,)
        Likelihood-ratio test against zero: below 1 - level exactly when the interval leaves zero out.
    """

    low: FloatArray
    high: FloatArray
    p: FloatArray


def profile_coefficients(
    x: FloatArray, y: FloatArray, *, beta: FloatArray, firth: bool = False, level: float = 0.95
) -> Profile:
    """Profile the (penalised) likelihood of every coefficient.

    Each limit solves 2 (l_max - l_profile(b)) = chi-square quantile, where all other coefficients are maximised at
    every b (no interpolation between grid points, which is what R's confint does).

    Parameters
    ----------
    x : ndarray, shape (n, k)
    y : ndarray, shape (n,)
    beta : ndarray, shape (k,)
        Estimates.
    firth : bool
        Profile the penalised likelihood (Heinze and Schemper 2002).
    level : float
        Coverage of the interval.

    Returns
    -------
    Profile
    """
    # Scaled columns: the fits below then do not depend on the units of the predictors.
    spread = x.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    scaled = np.asarray(x / scale)
    top = maximise(scaled, y, firth=firth, start=beta * scale)
    covariance = np.linalg.inv(top.information)
    distance = math.sqrt(float(chdtri(1.0, 1.0 - level)))
    count = x.shape[1]
    low, high, p = np.empty(count), np.empty(count), np.empty(count)
    for index in range(count):
        curve = _Curve(scaled, y, top, covariance[:, index] / covariance[index, index], index, firth)
        se = math.sqrt(covariance[index, index])
        low[index] = curve.limit(-se, distance) / scale[index]
        high[index] = curve.limit(se, distance) / scale[index]
        p[index] = chdtrc(1.0, curve.signed_root(-float(top.beta[index])) ** 2)
    return Profile(low, high, p)


@dataclass(frozen=True)
class _Curve:
    """Profile of one coefficient, as the root of the likelihood-ratio statistic against the shift from the top."""

    x: FloatArray
    y: FloatArray
    top: Solution
    tangent: FloatArray
    index: int
    firth: bool

    def signed_root(self, shift: float) -> float:
        """Root of the statistic; nearly a straight line in the shift, so few evaluations find a limit."""
        start = self.top.beta + shift * self.tangent
        fit = maximise(self.x, self.y, firth=self.firth, start=start, fixed=self.index)
        return math.sqrt(max(0.0, 2.0 * (self.top.loglik - fit.loglik)))

    def limit(self, se: float, distance: float) -> float:
        """Give the limit on the side of the signed standard error `se`."""
        inner, outer = 0.0, distance * se
        while self.signed_root(outer) < distance:
            inner, outer = outer, 1.6 * outer
            if abs(outer) > _FARTHEST_IN_SE * abs(se):
                return math.copysign(math.inf, se)
        shift = brentq(lambda at: self.signed_root(at) - distance, inner, outer, xtol=1e-10 * abs(se), rtol=1e-12)
        return float(self.top.beta[self.index] + shift)
