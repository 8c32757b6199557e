"""One logistic model fitted to many resamples of the same patients at once, given as weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from lungtox.models.recipe import SAFE_LINEAR_PREDICTOR

FloatArray = npt.NDArray[np.float64]

_ITERATIONS = 25
_HALVINGS = 12
_TOLERANCE = 1e-9
LARGEST_CONDITION = 1e8
"""Of the information of columns with unit spread; beyond, a column is constant or follows from others."""


@dataclass(frozen=True)
class ResampleFits:
    """Maxima of the log-likelihoods of resamples.

    Attributes
    ----------
    beta : ndarray, shape (b, k)
    loglik : ndarray, shape (b,)
    sound : ndarray of bool, shape (b,)
        False where the data may be separated, a column is dependent or the search did not end: such a resample needs
        `Recipe.fit`.
    """

    beta: FloatArray
    loglik: FloatArray
    sound: npt.NDArray[np.bool_]


def fit_resamples(x: FloatArray, y: FloatArray, weights: FloatArray) -> ResampleFits:
    """Maximise the weighted log-likelihoods of a logistic model by Newton's method.

    Parameters
    ----------
    x : ndarray, shape (n, k)
        Design matrix, the intercept in the first column.
    y : ndarray, shape (n,)
        0 or 1.
    weights : ndarray, shape (b, n)
        How often each resample holds each patient.

    Returns
    -------
    ResampleFits
    """
    spread = x.std(axis=0)
    scale = np.where(spread > 0.0, spread, 1.0)
    middle = np.where(spread > 0.0, x.mean(axis=0), 0.0)
    z = (x - middle) / scale
    count, width = len(weights), x.shape[1]
    outer = (z[:, :, None] * z[:, None, :]).reshape(len(y), width * width)
    beta = np.zeros((count, width))
    eta = np.zeros((count, len(y)))
    loglik = _loglik(eta, y, weights)
    sound = np.zeros(count, dtype=bool)
    active = np.arange(count)
    for _ in range(_ITERATIONS):
        weight = weights[active]
        p = expit(eta[active])
        score = (weight * (y - p)) @ z
        information = ((weight * p * (1.0 - p)) @ outer).reshape(len(active), width, width)
        regular = _regular(information)
        active, score, information = active[regular], score[regular], information[regular]
        if not len(active):
            break
        step = np.linalg.solve(information, score[:, :, None])[:, :, 0]
        done = (step * score).sum(axis=1) < _TOLERANCE
        # The last step squares the error.
        beta[active[done]] += step[done]
        sound[active[done]] = True
        active, step = active[~done], step[~done]
        if not len(active):
            break
        beta[active], eta[active], loglik[active] = _climb(
            z, y, weights[active], (beta[active], eta[active], loglik[active]), step
        )
    reached = beta @ z.T
    sound &= np.where(weights > 0.0, np.abs(reached), 0.0).max(axis=1) < SAFE_LINEAR_PREDICTOR
    found = beta / scale
    found[:, 0] -= found[:, 1:] @ middle[1:]
    return ResampleFits(found, _loglik(reached, y, weights), sound)


def _loglik(eta: FloatArray, y: FloatArray, weights: FloatArray) -> FloatArray:
    # log(1 + exp(eta)) without overflow
    value: FloatArray = (weights * (y * eta - np.maximum(eta, 0.0) - np.log1p(np.exp(-np.abs(eta))))).sum(axis=1)
    return value


def _regular(information: FloatArray) -> npt.NDArray[np.bool_]:
    roots = np.linalg.eigvalsh(information)
    lowest: npt.NDArray[np.bool_] = roots[:, 0] > roots[:, -1] / LARGEST_CONDITION
    return lowest


def _climb(
    z: FloatArray,
    y: FloatArray,
    weights: FloatArray,
    state: tuple[FloatArray, FloatArray, FloatArray],
    step: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Take the steps, halved for those that would lose likelihood."""
    beta, eta, loglik = state
    change = step @ z.T
    size = np.ones(len(step))
    for _ in range(_HALVINGS):
        reached = eta + size[:, None] * change
        gained = _loglik(reached, y, weights)
        worse = gained < loglik - 1e-12 * (1.0 + np.abs(loglik))
        if not worse.any():
            break
        size[worse] /= 2.0
    return beta + size[:, None] * step, reached, gained
