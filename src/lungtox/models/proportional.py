"""Are the hazards of a Cox model proportional: score test of coefficients that change with time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

FloatArray = npt.NDArray[np.float64]


def proportional_hazards(
    time: FloatArray, event: FloatArray, x: FloatArray, beta: FloatArray
) -> tuple[FloatArray, float]:
    """Test each coefficient of a Cox model, and all together, for a change with time.

    Parameters
    ----------
    time : ndarray, shape (n,)
    event : ndarray of 0 and 1, shape (n,)
    x : ndarray, shape (n, k)
        Predictors of the model.
    beta : ndarray, shape (k,)
        Its maximum-likelihood estimates, ties by Efron.

    Returns
    -------
    p : ndarray, shape (k,)
        Of each coefficient; missing where the test has no information.
    p_global : float
        Of all k together.

    Notes
    -----
    Score test of b_j + c_j g(t) against c = 0, with g(t) = 1 - S(t-) and S the Kaplan-Meier estimate of all patients:
    what cox.zph of R's survival 3 does by default. The approximation that lifelines and older versions of R use
    takes the variance of the predictors as constant in time.
    """
    k = x.shape[1]
    risk = np.exp(x @ beta - float(np.max(x @ beta)))
    score = np.zeros(k)
    plain, mixed, squared = np.zeros((k, k)), np.zeros((k, k)), np.zeros((k, k))
    survival = 1.0
    for moment in np.unique(time[event > 0]):
        there, now = time >= moment, (time == moment) & (event > 0)
        deaths = int(now.sum())
        g = 1.0 - survival
        mean, variance = _moments(x, risk, there, now)
        score += g * (x[now].sum(axis=0) - mean)
        plain += variance
        mixed += g * variance
        squared += g**2 * variance
        survival *= 1.0 - deaths / int(there.sum())
    left = squared - mixed @ np.linalg.solve(plain, mixed)
    single = np.diag(squared) - np.einsum("ij,ji->i", mixed, np.linalg.solve(plain, mixed))
    with np.errstate(divide="ignore", invalid="ignore"):
        p = np.where(single > 1e-12 * np.diag(squared), chdtrc(1.0, score**2 / single), np.nan)
    together = float(chdtrc(float(k), float(score @ np.linalg.pinv(left) @ score)))
    return p, together


def _moments(
    x: FloatArray, risk: FloatArray, there: npt.NDArray[np.bool_], now: npt.NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray]:
    """Give the sums of means and covariances of the predictors at one time, ties by Efron."""
    deaths = int(now.sum())
    mean, variance = np.zeros(x.shape[1]), np.zeros((x.shape[1], x.shape[1]))
    for share in np.arange(deaths) / deaths:
        weight = np.where(there, risk, 0.0) - np.where(now, share * risk, 0.0)
        weight = weight / weight.sum()
        centre = weight @ x
        mean += centre
        variance += (x * weight[:, None]).T @ x - np.outer(centre, centre)
    return mean, variance
