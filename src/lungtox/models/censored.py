"""Normal regression of values of which some are only known to lie below or above a limit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import chdtrc, chdtri, log_ndtr, ndtr, ndtri

from lungtox.errors import FitError, ParameterError

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_FARTHEST_IN_SE = 100.0


@dataclass(frozen=True)
class CensoredFit:
    """A fitted censored regression.

    Attributes
    ----------
    beta : ndarray, shape (k,)
    sigma : float
        Standard deviation around the line.
    low, high, p : ndarray, shape (k,)
        95 % profile-likelihood limits and likelihood-ratio test against zero; NaN where not asked for.
    loglik : float
    n : int
    below, above : int
        Values below and above their limit.
    """

    beta: FloatArray
    sigma: float
    low: FloatArray
    high: FloatArray
    p: FloatArray
    loglik: float
    n: int
    below: int
    above: int


@dataclass(frozen=True)
class _Point:
    """Olsen's parameters: theta = beta / sigma and h = 1 / sigma, in which the log-likelihood is concave."""

    parameters: FloatArray
    loglik: float
    score: FloatArray
    information: FloatArray


def fit_censored(
    values: npt.ArrayLike,
    x: npt.ArrayLike,
    *,
    below: npt.ArrayLike,
    above: npt.ArrayLike | None = None,
    intervals: bool = True,
) -> CensoredFit:
    """Fit a normal regression by maximum likelihood, limits counting as what they are (Tobin 1958).

    Parameters
    ----------
    values : array_like, shape (n,)
        On the scale on which they are normal (logarithms of concentrations); the limit where a value lies beyond it.
    x : array_like, shape (n, k)
        With the intercept column.
    below, above : array_like of bool, shape (n,)
        Whether the value lies below, above what stands in `values`.
    intervals : bool
        Profile limits and p values as well.

    Returns
    -------
    CensoredFit

    Raises
    ------
    ParameterError
        Shapes differ, missing values, a value both below and above.
    FitError
        Fewer measured values than coefficients + 1, dependent columns, no convergence.

    Notes
    -----
    Newton's method on Olsen's (1978) concave form; limits solve the profile-likelihood equation by root finding.
    """
    y, design, low, high = _checked(values, x, below, above)
    measured = int((~low & ~high).sum())
    if measured <= design.shape[1] or np.linalg.matrix_rank(design) < design.shape[1]:
        raise FitError(f"too few measured values: {measured} for {design.shape[1]} coefficients and a spread.")
    top = _maximise(y, design, low, high)
    h = float(top.parameters[-1])
    beta = top.parameters[:-1] / h
    count = len(beta)
    limits = np.full((3, count), math.nan)
    if intervals:
        se = np.sqrt(np.diag(_beta_covariance(top)))
        for index in range(count):
            limits[:, index] = _profile(y, design, low, high, top.loglik, index, float(beta[index]), float(se[index]))
    return CensoredFit(
        beta, 1.0 / h, limits[0], limits[1], limits[2], top.loglik, len(y), int(low.sum()), int(high.sum())
    )


def draw_censored(
    values: FloatArray, x: FloatArray, *, below: BoolArray, above: BoolArray, rng: np.random.Generator
) -> FloatArray:
    """Draw what lies beyond the limits from the fitted regression, its parameters drawn from their posterior.

    Parameters
    ----------
    values, x, below, above
        As for `fit_censored`.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, shape (n,)
        Measured values as they are, the others from a normal distribution cut off at the limit.
    """
    top = _maximise(values, x, below, above)
    root = np.linalg.cholesky(np.linalg.inv(top.information))
    drawn = top.parameters + root @ rng.standard_normal(len(top.parameters))
    h = max(float(drawn[-1]), 0.2 * float(top.parameters[-1]))
    mean, sigma = x @ drawn[:-1] / h, 1.0 / h
    at_limit = ndtr((values - mean) / sigma)
    share = rng.random(len(values))
    quantile = np.where(below, share * at_limit, at_limit + share * (1.0 - at_limit))
    beyond = mean + sigma * ndtri(np.clip(quantile, 1e-12, 1.0 - 1e-12))
    return np.where(below | above, beyond, values)


def _checked(
    values: npt.ArrayLike, x: npt.ArrayLike, below: npt.ArrayLike, above: npt.ArrayLike | None
) -> tuple[FloatArray, FloatArray, BoolArray, BoolArray]:
    y, design = np.asarray(values, dtype=np.float64), np.asarray(x, dtype=np.float64)
    low = np.asarray(below, dtype=np.bool_)
    high = np.zeros_like(low) if above is None else np.asarray(above, dtype=np.bool_)
    if design.ndim != 2 or not (len(y) == len(design) == len(low) == len(high)):
        raise ParameterError(f"expected as many rows of x as values; found {y.shape} and {design.shape}")
    if not (np.isfinite(y).all() and np.isfinite(design).all()) or (low & high).any():
        raise ParameterError("values and x must be finite, and no value both below and above")
    return y, design, low, high


def _maximise(y: FloatArray, x: FloatArray, below: BoolArray, above: BoolArray) -> _Point:
    start, *_ = np.linalg.lstsq(x, y, rcond=None)
    spread = max(float(np.std(y - x @ start)), 1e-6 * max(1.0, float(np.ptp(y))), 1e-12)
    point = _evaluate(np.append(start, 1.0) / spread, y, x, below, above)
    for _ in range(100):
        try:
            step = np.linalg.solve(point.information, point.score)
        except np.linalg.LinAlgError:
            break
        if float(step @ point.score) < 1e-14:
            return point
        for _ in range(40):
            if point.parameters[-1] + step[-1] > 0.0:
                further = _evaluate(point.parameters + step, y, x, below, above)
                if further.loglik >= point.loglik - 1e-13 * (1.0 + abs(point.loglik)):
                    break
            step = step / 2.0
        else:
            return point
        point = further
    raise FitError("no convergence: the censored likelihood did not reach its maximum.")


def _evaluate(parameters: FloatArray, y: FloatArray, x: FloatArray, below: BoolArray, above: BoolArray) -> _Point:
    theta, h = parameters[:-1], float(parameters[-1])
    r = h * y - x @ theta
    measured = ~(below | above)
    side = np.where(below, 1.0, -1.0)
    z = side * r
    log_share = log_ndtr(z)
    hazard = np.exp(-0.5 * z**2 - 0.5 * math.log(2.0 * math.pi) - log_share)
    loglik = float(np.where(measured, math.log(h) - 0.5 * r**2 - 0.5 * math.log(2.0 * math.pi), log_share).sum())
    # First and second derivative of each term by r.
    first = np.where(measured, -r, side * hazard)
    second = np.where(measured, 1.0, hazard * (z + hazard))
    slope = np.column_stack([-x, y])
    score = slope.T @ first
    information = (slope.T * second) @ slope
    score[-1] += measured.sum() / h
    information[-1, -1] += measured.sum() / h**2
    return _Point(parameters, loglik, score, information)


def _beta_covariance(point: _Point) -> FloatArray:
    """Turn the covariance of Olsen's parameters into that of beta (delta method)."""
    theta, h = point.parameters[:-1], float(point.parameters[-1])
    change = np.column_stack([np.eye(len(theta)) / h, -theta / h**2])
    return np.asarray(change @ np.linalg.inv(point.information) @ change.T)


def _profile(
    y: FloatArray, x: FloatArray, below: BoolArray, above: BoolArray, top: float, index: int, beta: float, se: float
) -> tuple[float, float, float]:
    """Give low, high and p of one coefficient: the others are fitted with its part taken off the values."""
    rest = np.delete(x, index, axis=1)
    distance = math.sqrt(float(chdtri(1.0, 0.05)))

    def root(value: float) -> float:
        return math.sqrt(max(0.0, 2.0 * (top - _maximise(y - value * x[:, index], rest, below, above).loglik)))

    ends = []
    for sign in (-1.0, 1.0):
        inner, outer = 0.0, sign * distance * se
        while root(beta + outer) < distance:
            inner, outer = outer, 1.6 * outer
            if abs(outer) > _FARTHEST_IN_SE * se:
                break
        if abs(outer) > _FARTHEST_IN_SE * se:
            ends.append(sign * math.inf)
        else:
            shift = brentq(lambda at: root(beta + at) - distance, inner, outer, xtol=1e-9 * se, rtol=1e-10)
            ends.append(beta + float(shift))
    return ends[0], ends[1], float(chdtrc(1.0, root(0.0) ** 2))
