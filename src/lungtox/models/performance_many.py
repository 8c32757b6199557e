"""Performance of many models at once, each a row of linear predictors: for resamples of a comparison."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from lungtox.models.newton_batch import fit_many
from lungtox.models.recipe import SAFE_LINEAR_PREDICTOR

FloatArray = npt.NDArray[np.float64]


def discriminate_many(etas: FloatArray, y: FloatArray, *, threshold: float) -> FloatArray:
    """Measure AUC and net benefit of each row.

    Parameters
    ----------
    etas : ndarray, shape (b, n)
        Linear predictors (log odds).
    y : ndarray, shape (n,) or (b, n)
        0 and 1, both present in each row.
    threshold : float
        Threshold probability of the net benefit (Vickers and Elkin 2006).

    Returns
    -------
    ndarray, shape (b, 2)
        AUC by ranks (ties count one half), net benefit.
    """
    outcome = np.broadcast_to(y, etas.shape)
    events = outcome.sum(axis=1)
    others = etas.shape[1] - events
    auc = ((_ranks(etas) * outcome).sum(axis=1) - 0.5 * events * (events + 1.0)) / (events * others)
    treated = expit(etas) >= threshold
    weight = threshold / (1.0 - threshold)
    benefit = (treated * (outcome - weight * (1.0 - outcome))).mean(axis=1)
    return np.column_stack([auc, benefit])


def _ranks(values: FloatArray) -> FloatArray:
    """Give ranks from 1 within each row; equal values share their mean rank."""
    order = np.argsort(values, axis=1)
    ascending = np.take_along_axis(values, order, axis=1)
    places = np.broadcast_to(np.arange(values.shape[1]), values.shape)
    steps = np.diff(ascending, axis=1) > 0.0
    edge = np.ones((len(values), 1), dtype=bool)
    first = np.maximum.accumulate(np.where(np.hstack([edge, steps]), places, 0), axis=1)
    last = np.where(np.hstack([steps, edge]), places, values.shape[1])
    last = np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1]
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, 0.5 * (first + last) + 1.0, axis=1)
    return ranks


def calibrate_many(etas: FloatArray, y: FloatArray) -> FloatArray:
    """Measure calibration slope and calibration-in-the-large of each row.

    Parameters
    ----------
    etas : ndarray, shape (b, n)
        Linear predictors (log odds).
    y : ndarray, shape (n,)
        0 and 1, both present.

    Returns
    -------
    ndarray, shape (b, 2)
        Slope (1 where all predictions are equal, missing where they separate the outcome); intercept with the linear
        predictor as offset.
    """
    middle, spread = etas.mean(axis=1, keepdims=True), etas.std(axis=1)
    flat = spread < 1e-10 * (1.0 + np.abs(etas).max(axis=1))
    scale = np.where(flat, 1.0, spread)
    z = (etas - middle) / scale[:, None]
    lines = fit_many(np.stack([np.ones_like(z), z], axis=2), y)
    reached = np.abs(lines.beta[:, :1] + lines.beta[:, 1:] * z).max(axis=1)
    slope = np.where(flat, 1.0, lines.beta[:, 1] / scale)
    slope[reached > 3.0 * SAFE_LINEAR_PREDICTOR] = np.nan
    return np.column_stack([slope, _intercepts(etas, y)])


def _intercepts(etas: FloatArray, y: FloatArray) -> FloatArray:
    """Fit intercepts with offsets by Newton's method, kept inside a bracket that every step narrows."""
    rate = float(y.mean())
    log_odds = np.log(rate / (1.0 - rate))
    low, high = log_odds - etas.max(axis=1), log_odds - etas.min(axis=1)
    found = np.clip(log_odds - etas.mean(axis=1), low, high)
    for _ in range(60):
        p = expit(found[:, None] + etas)
        residual = (y - p).sum(axis=1)
        low, high = np.where(residual > 0, found, low), np.where(residual > 0, high, found)
        step = residual / np.maximum((p * (1.0 - p)).sum(axis=1), 1e-300)
        further = found + step
        further = np.where((low < further) & (further < high), further, 0.5 * (low + high))
        if np.abs(further - found).max() < 1e-12 * (1.0 + np.abs(found).max()):
            return np.asarray(further)
        found = further
    return np.asarray(found)
