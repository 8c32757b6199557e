"""Newton's method for many logistic models of as many patients at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

FloatArray = npt.NDArray[np.float64]

_MAXIMUM_HALVINGS = 12
# Keeps the solver going where a column is dependent; at the maximum the score is zero and this changes nothing.
_JITTER = 1e-9


@dataclass(frozen=True)
class ManyFits:
    """Maxima of many log-likelihoods.

    Attributes
    ----------
    beta : ndarray, shape (c, k)
    loglik : ndarray, shape (c,)
        Penalised where a penalty was given. Of separated data: near its upper bound.
    """

    beta: FloatArray
    loglik: FloatArray


def fit_many(
    x: FloatArray,
    y: FloatArray,
    *,
    weights: FloatArray | None = None,
    ridge: FloatArray | None = None,
    start: FloatArray | None = None,
    max_iterations: int = 25,
    tolerance: float = 1e-9,
) -> ManyFits:
    """Maximise the log-likelihoods of many logistic models with equally many columns.

    Parameters
    ----------
    x : ndarray, shape (c, n, k)
        Design matrices with their intercept columns; columns of about unit spread.
    y : ndarray, shape (n,) or (c, n)
        0 or 1; the same for all models, or each with its own.
    weights : ndarray, shape (n,), optional
        Of the patients.
    ridge : ndarray, shape (c, k), optional
        Penalty: half of ridge times beta squared is taken from the log-likelihood.
    start : ndarray, shape (c, k), optional
    max_iterations : int
        Enough for 1e-9 even where the maximum lies at infinity.
    tolerance : float
        On the Newton decrement, twice what is still to be gained.

    Returns
    -------
    ManyFits
    """
    count, _, width = x.shape
    weight = np.ones(x.shape[1]) if weights is None else weights
    penalty = np.zeros((count, width)) if ridge is None else ridge
    beta = np.zeros((count, width)) if start is None else start.copy()
    eta = np.matmul(x, beta[:, :, None])[:, :, 0]
    loglik = _loglik(eta, y, weight) - 0.5 * (penalty * beta**2).sum(axis=1)
    outcomes = np.broadcast_to(y, (count, len(y))) if y.ndim == 1 else y
    active = np.arange(count)
    for _ in range(max_iterations):
        part = x[active] if len(active) < count else x
        own = outcomes if len(active) == count else outcomes[active]
        step, decrement = _steps(part, eta[active], own, weight, beta[active], penalty[active])
        better = decrement > tolerance
        # The last step squares the error.
        beta[active[~better]] += step[~better]
        if not better.any():
            break
        if not better.all():
            active, step, part, own = active[better], step[better], part[better], own[better]
        taken = _climb(part, own, weight, penalty[active], (beta[active], eta[active], loglik[active]), step)
        beta[active], eta[active], loglik[active] = taken
    return ManyFits(beta, loglik)


def _loglik(eta: FloatArray, y: FloatArray, weight: FloatArray) -> FloatArray:
    # log(1 + exp(eta)) without overflow, cheaper than logaddexp
    value: FloatArray = (y * eta - np.maximum(eta, 0.0) - np.log1p(np.exp(-np.abs(eta)))) @ weight
    return value


def _steps(
    x: FloatArray, eta: FloatArray, y: FloatArray, weight: FloatArray, beta: FloatArray, penalty: FloatArray
) -> tuple[FloatArray, FloatArray]:
    p = expit(eta)
    turned = x.transpose(0, 2, 1)
    score = np.matmul(turned, (weight * (y - p))[:, :, None])[:, :, 0] - penalty * beta
    information = np.matmul(turned * (weight * p * (1.0 - p))[:, None, :], x)
    diagonal = np.arange(x.shape[2])
    information[:, diagonal, diagonal] += penalty + _JITTER * (1.0 + information[:, diagonal, diagonal])
    step = np.linalg.solve(information, score[:, :, None])[:, :, 0]
    return step, (step * score).sum(axis=1)


def _climb(
    x: FloatArray,
    y: FloatArray,
    weight: FloatArray,
    penalty: FloatArray,
    state: tuple[FloatArray, FloatArray, FloatArray],
    step: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Take the steps, halved for those that would lose likelihood."""
    beta, eta, loglik = state
    size = np.ones(len(step))
    change = np.matmul(x, step[:, :, None])[:, :, 0]
    for _ in range(_MAXIMUM_HALVINGS):
        further = beta + size[:, None] * step
        reached = eta + size[:, None] * change
        gained = _loglik(reached, y, weight) - 0.5 * (penalty * further**2).sum(axis=1)
        worse = gained < loglik - 1e-12 * (1.0 + np.abs(loglik))
        if not worse.any():
            return further, reached, gained
        size[worse] /= 2.0
    keep = worse
    further[keep], reached[keep], gained[keep] = beta[keep], eta[keep], loglik[keep]
    return further, reached, gained
