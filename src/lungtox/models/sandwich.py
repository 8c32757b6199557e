"""Robust covariance and Wald intervals of weighted logistic models."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, expit, ndtr, ndtri

FloatArray = npt.NDArray[np.float64]

_Z95 = float(ndtri(0.975))


def robust_covariance(
    x: FloatArray, y: FloatArray, *, beta: FloatArray, weights: FloatArray, firth: bool = False
) -> FloatArray:
    """Give the sandwich covariance A^-1 B A^-1 n / (n - k) of a weighted fit.

    The likelihood of weighted rows is no likelihood of the patients, so its profile has no known distribution; the
    sandwich needs only that the weighted scores have mean zero (Huber 1967; White 1982).

    Parameters
    ----------
    x : ndarray, shape (n, k)
        The intercept in the first column.
    y : ndarray, shape (n,)
    beta : ndarray, shape (k,)
        Solution of the weighted score equations.
    weights : ndarray, shape (n,)
        They count as known, which is conservative where they are estimated (Robins and Rotnitzky 1992).
    firth : bool
        The scores are Firth's, h (1/2 - p) x added to each with its leverage h.

    Returns
    -------
    ndarray, shape (k, k)
    """
    scale = np.concatenate([[1.0], x[:, 1:].std(axis=0)])
    scaled = x / scale
    p = expit(scaled @ (beta * scale))
    spread = weights * p * (1.0 - p)
    inverse = np.linalg.inv((scaled.T * spread) @ scaled)
    residual = weights * (y - p)
    if firth:
        residual = residual + spread * np.einsum("ij,jk,ik->i", scaled, inverse, scaled) * (0.5 - p)
    scores = scaled * residual[:, None]
    n, k = x.shape
    robust: FloatArray = inverse @ (scores.T @ scores) @ inverse * n / (n - k) / np.outer(scale, scale)
    return robust


def wald(beta: FloatArray, covariance: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Give low, high (95 %) and p of each coefficient by the normal distribution."""
    se = np.sqrt(np.diag(covariance))
    return beta - _Z95 * se, beta + _Z95 * se, 2.0 * ndtr(-np.abs(beta / se))


def wald_joint(beta: FloatArray, covariance: FloatArray, places: list[int]) -> float:
    """Give p of the hypothesis that several coefficients are all zero."""
    part = beta[places]
    statistic = float(part @ np.linalg.solve(covariance[np.ix_(places, places)], part))
    return float(chdtrc(len(places), max(0.0, statistic)))
