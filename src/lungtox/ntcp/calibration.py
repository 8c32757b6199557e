"""How well predicted risks agree with what was observed, for a model that was not fitted here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_expit, logit

from lungtox.errors import FitError, ParameterError
from lungtox.ntcp.interval import crossing, height_above_limit
from lungtox.ntcp.newton import newton_line, newton_plane

Floats = NDArray[np.float64]
FARTHEST = 50.0  # log-odds; a limit beyond this is reported as open
SMALLEST_RISK = 1e-12  # keeps the log-odds of a predicted 0 or 1 finite


@dataclass(frozen=True)
class Calibration:
    """Agreement of predicted with observed risk; limits are profile-likelihood, None where open.

    Attributes
    ----------
    observed, mean_predicted, brier : float
    citl, citl_low, citl_high
        Calibration-in-the-large: intercept with the predicted log-odds as offset (slope 1); 0 is perfect, above 0 means
        that the model predicts too low.
    slope, slope_low, slope_high
        Slope of the outcome on the predicted log-odds; 1 is perfect, below 1 means predictions too extreme. None when
        the predictions are all equal or separate the outcome.
    """

    observed: float
    mean_predicted: float
    brier: float
    citl: float
    citl_low: float | None
    citl_high: float | None
    slope: float | None
    slope_low: float | None
    slope_high: float | None


def measure_calibration(outcome: ArrayLike, predicted: ArrayLike, *, confidence: float = 0.95) -> Calibration:
    """Measure calibration-in-the-large, slope and Brier score of predicted probabilities.

    Parameters
    ----------
    outcome : array-like, shape (patients,)
        0 or 1, both present.
    predicted : array-like, shape (patients,)
        Probabilities that were not fitted to these outcomes.
    confidence : float

    Notes
    -----
    Cox 1958; Steyerberg 2019. The intercept of the joint fit with the slope is not calibration-in-the-large.
    """
    y, p = np.asarray(outcome, dtype=float), np.asarray(predicted, dtype=float)
    if y.shape != p.shape or y.ndim != 1 or not np.isin(y, (0.0, 1.0)).all():
        raise ParameterError("outcome must be 0 or 1, with one prediction for each")
    if not ((p >= 0.0) & (p <= 1.0)).all():
        raise ParameterError("predicted must be probabilities between 0 and 1")
    if y.min() == y.max():
        raise FitError(f"all {y.size} outcomes are {y[0]:g}: calibration needs both")
    sign, log_odds = np.where(y == 1.0, 1.0, -1.0), logit(np.clip(p, SMALLEST_RISK, 1.0 - SMALLEST_RISK))
    citl, citl_low, citl_high = _in_the_large(sign, log_odds, confidence)
    slope, slope_low, slope_high = _slope(sign, log_odds, confidence)
    return Calibration(
        observed=float(y.mean()),
        mean_predicted=float(p.mean()),
        brier=float(np.mean((p - y) ** 2)),
        citl=citl,
        citl_low=citl_low,
        citl_high=citl_high,
        slope=slope,
        slope_low=slope_low,
        slope_high=slope_high,
    )


def _in_the_large(sign: Floats, log_odds: Floats, confidence: float) -> tuple[float, float | None, float | None]:
    ones = np.ones((1, sign.size))
    found, top = newton_line(log_odds[np.newaxis], ones, sign, "logit", low=-FARTHEST, high=FARTHEST)
    citl = float(found[0])

    def height(intercept: float) -> float:
        loglik = float(log_expit(sign * (intercept + log_odds)).sum())
        return height_above_limit(loglik, float(top[0]), confidence=confidence)

    return citl, crossing(height, citl, -FARTHEST, step=0.2), crossing(height, citl, FARTHEST, step=0.2)


def _slope(sign: Floats, log_odds: Floats, confidence: float) -> tuple[float | None, float | None, float | None]:
    found = newton_plane(log_odds, sign, "logit")
    if found is None:
        return None, None, None
    intercept, slope, top = found
    ones = np.ones((1, sign.size))

    def height(value: float) -> float:
        # Started at the joint intercept, so that Newton has few steps to go.
        base = (intercept + value * log_odds)[np.newaxis]
        _, loglik = newton_line(base, ones, sign, "logit", low=-1e3, high=1e3)
        return height_above_limit(float(loglik[0]), top, confidence=confidence)

    return (
        slope,
        crossing(height, slope, slope - FARTHEST, step=0.2),
        crossing(height, slope, slope + FARTHEST, step=0.2),
    )
