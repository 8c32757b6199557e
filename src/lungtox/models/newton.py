"""Newton's method for the logistic likelihood, plain and with Firth's penalty, with one coefficient fixed or none.

Used where thousands of fits are needed (profile intervals, resampling); single fits that are reported come from
statsmodels and firthmodels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

FloatArray = npt.NDArray[np.float64]

# Rounding of the log-likelihood must not stop an ascent.
_ROUNDING = 1e-13
_MAXIMUM_HALVINGS = 30


@dataclass(frozen=True)
class Solution:
    """A maximum of the (penalised) log-likelihood.

    Attributes
    ----------
    beta : ndarray, shape (k,)
    loglik : float
        Penalised where `firth` was asked for.
    information : ndarray, shape (k, k)
        Fisher information at `beta`.
    converged : bool
    largest_linear_predictor : float
        Largest absolute linear predictor. Above about 15 the maximum may lie at infinity (separation).
    """

    beta: FloatArray
    loglik: float
    information: FloatArray
    converged: bool
    largest_linear_predictor: float


@dataclass(frozen=True)
class _Point:
    beta: FloatArray
    loglik: float
    score: FloatArray
    information: FloatArray
    largest: float


def maximise(
    x: FloatArray,
    y: FloatArray,
    *,
    firth: bool = False,
    start: FloatArray | None = None,
    fixed: int | None = None,
    max_iterations: int = 100,
    tolerance: float = 1e-12,
    weights: FloatArray | None = None,
) -> Solution:
    """Maximise the Bernoulli log-likelihood of a logistic model, with Firth's penalty on request.

    Parameters
    ----------
    x : ndarray, shape (n, k)
        Design matrix with its intercept column, of full rank.
    y : ndarray, shape (n,)
        0 or 1.
    firth : bool
        Adds half the log determinant of the information (Firth 1993). With a fixed coefficient the determinant
        is that of the full model, as in Heinze and Schemper 2002.
    start : ndarray, shape (k,), optional
    fixed : int, optional
        Index of a coefficient that keeps its value of `start`.

    tolerance : float
        On the Newton decrement, twice the log-likelihood that is still to be gained: it does not depend on the
        units of `x`.
    weights : ndarray, shape (n,), optional
        Of the patients; they enter likelihood and information.

    Returns
    -------
    Solution
    """
    free = np.arange(x.shape[1]) != fixed
    point = _evaluate(x, y, np.zeros(x.shape[1]) if start is None else start, firth=firth, weights=weights)
    converged = False
    for _ in range(max_iterations):
        step = _step(point, free)
        if step is None:
            break
        if float(step @ point.score) < tolerance:
            # Convergence is quadratic: the last step squares the error and needs no further look.
            return Solution(point.beta + step, point.loglik, point.information, True, point.largest)
        further = _halve_until_better(x, y, point, step, firth=firth, weights=weights)
        if further is None:
            # No gain along an ascent direction: the maximum is reached as far as rounding lets us see.
            converged = float(step @ point.score) < 1e-8
            break
        point = further
    return Solution(point.beta, point.loglik, point.information, converged, point.largest)


def _evaluate(
    x: FloatArray, y: FloatArray, beta: FloatArray, *, firth: bool, weights: FloatArray | None = None
) -> _Point:
    eta = x @ beta
    p = expit(eta)
    weight = p * (1.0 - p)
    residual = y - p
    if weights is None:
        loglik = float(y @ eta - np.logaddexp(0.0, eta).sum())
    else:
        weight, residual = weights * weight, weights * residual
        loglik = float(weights @ (y * eta - np.logaddexp(0.0, eta)))
    information = (x.T * weight) @ x
    if firth:
        sign, log_determinant = np.linalg.slogdet(information)
        loglik = loglik + 0.5 * float(log_determinant) if sign > 0 else -np.inf
        if sign > 0:
            leverage = weight * np.einsum("ij,ij->i", x, np.linalg.solve(information, x.T).T)
            residual = residual + leverage * (0.5 - p)
    return _Point(beta, loglik, x.T @ residual, information, float(np.abs(eta).max()))


def _step(point: _Point, free: npt.NDArray[np.bool_]) -> FloatArray | None:
    step = np.zeros_like(point.beta)
    if not free.any():
        return step
    try:
        step[free] = np.linalg.solve(point.information[np.ix_(free, free)], point.score[free])
    except np.linalg.LinAlgError:
        return None
    return step if np.isfinite(step).all() else None


def _halve_until_better(
    x: FloatArray, y: FloatArray, point: _Point, step: FloatArray, *, firth: bool, weights: FloatArray | None = None
) -> _Point | None:
    for _ in range(_MAXIMUM_HALVINGS):
        further = _evaluate(x, y, point.beta + step, firth=firth, weights=weights)
        if further.loglik >= point.loglik - _ROUNDING * (1.0 + abs(point.loglik)):
            return further
        step = step / 2.0
    return None


def fit_intercept(offset: FloatArray, y: FloatArray, weights: FloatArray | None = None) -> float:
    """Fit an intercept by maximum likelihood, with the linear predictor as offset.

    Parameters
    ----------
    offset : ndarray, shape (n,)
    y : ndarray, shape (n,)
        0 or 1, both present.
    weights : ndarray, shape (n,), optional
    """
    rate = float(np.average(y, weights=weights))
    log_odds = np.log(rate / (1.0 - rate))
    # The root lies where every patient, or none, would have at least the observed rate.
    low, high = log_odds - float(offset.max()), log_odds - float(offset.min())
    weight = np.ones(len(y)) if weights is None else weights
    intercept = float(np.clip(log_odds - float(np.mean(offset)), low, high))
    for _ in range(200):
        p = expit(intercept + offset)
        residual = float((weight * (y - p)).sum())
        if residual > 0:
            low = intercept
        else:
            high = intercept
        information = float((weight * p * (1.0 - p)).sum())
        further = intercept + residual / information if information > 0 else low
        # Newton, kept inside the bracket that every step narrows.
        further = further if low < further < high else 0.5 * (low + high)
        if abs(further - intercept) < 1e-13 * max(1.0, abs(intercept)):
            return further
        intercept = further
    return intercept
