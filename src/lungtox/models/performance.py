"""Performance of predicted risks against outcomes: discrimination, calibration, overall error, net benefit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from lungtox.models.discrimination import area_under_curve
from lungtox.models.newton import fit_intercept, maximise
from lungtox.models.recipe import SAFE_LINEAR_PREDICTOR

FloatArray = npt.NDArray[np.float64]

MEASURES = ("auc", "slope", "citl", "brier", "scaled_brier", "ici", "e90")
SPAN = 2.0 / 3.0


def measure_performance(eta: FloatArray, y: FloatArray, *, curve: SmoothCurve | None = None) -> FloatArray:
    """Measure predictions.

    Parameters
    ----------
    eta : ndarray, shape (n,)
        Linear predictors (log odds).
    y : ndarray, shape (n,)
        0 and 1, both present.
    curve : SmoothCurve, optional
        Of these predictions and outcomes, where it is there already.

    Returns
    -------
    ndarray, shape (7,)
        In the order of `MEASURES`. Predictions that are all equal have slope 1, as in R's rms; the slope is missing
        where they separate the outcome.
    """
    p = expit(eta)
    brier = float(np.mean((y - p) ** 2))
    rate = float(y.mean())
    error = np.abs((curve or smooth_calibration(p, y)).at(p) - p)
    return np.array(
        [
            area_under_curve(y, eta),
            calibration_slope(eta, y),
            fit_intercept(eta, y),
            brier,
            1.0 - brier / (rate * (1.0 - rate)),
            float(error.mean()),
            float(np.quantile(error, 0.9)),
        ]
    )


def calibration_slope(eta: FloatArray, y: FloatArray) -> float:
    """Give the coefficient of the linear predictor in a logistic model of the outcome."""
    spread = float(eta.std())
    if spread < 1e-10 * (1.0 + float(np.abs(eta).max())):
        return 1.0
    line = maximise(np.column_stack([np.ones_like(eta), (eta - eta.mean()) / spread]), y, max_iterations=30)
    separated = line.largest_linear_predictor > 3.0 * SAFE_LINEAR_PREDICTOR
    return np.nan if separated or not line.converged else float(line.beta[1]) / spread


@dataclass(frozen=True)
class SmoothCurve:
    """Observed share of events as a smooth function of the predicted risk.

    Cleveland's lowess of the outcome on the risk, span 2/3, without robustness steps (R: ``lowess(p, y, iter = 0)``, as
    rms' val.prob does), joined by straight lines. ICI is its mean distance from the diagonal over the patients, E90 the
    90th percentile (Austin and Steyerberg 2019, with loess).

    Attributes
    ----------
    risks : ndarray, shape (r,)
        Different predicted risks, ascending.
    shares : ndarray, shape (r,)
    """

    risks: FloatArray
    shares: FloatArray

    def at(self, risk: FloatArray) -> FloatArray:
        """Give the shares at risks; missing outside of those that were predicted."""
        return np.interp(risk, self.risks, self.shares, left=np.nan, right=np.nan)


def smooth_calibration(p: FloatArray, y: FloatArray) -> SmoothCurve:
    """Smooth outcomes over predicted risks.

    Parameters
    ----------
    p, y : ndarray, shape (n,)
    """
    from statsmodels.nonparametric.smoothers_lowess import lowess

    order = np.argsort(p, kind="stable")
    risk, outcome = p[order], y[order]
    values, first, counts = np.unique(risk, return_index=True, return_counts=True)
    span = float(risk[-1] - risk[0])
    if span < 1e-9:
        return SmoothCurve(values, np.full(len(values), float(y.mean())))
    smooth = lowess(outcome, risk, frac=SPAN, it=0, delta=0.01 * span, is_sorted=True, missing="none")
    return SmoothCurve(values, np.add.reduceat(smooth[:, 1], first) / counts)


def net_benefit(p: FloatArray, y: FloatArray, thresholds: FloatArray) -> FloatArray:
    """Give the net benefit of treating those at or above a risk (Vickers and Elkin 2006).

    True positives minus false positives weighted by the odds of the threshold, per patient.

    Parameters
    ----------
    p, y : ndarray, shape (n,)
    thresholds : ndarray, shape (t,)

    Returns
    -------
    ndarray, shape (t,)
    """
    treated = p[:, None] >= thresholds
    true = (treated * y[:, None]).mean(axis=0)
    false = (treated * (1.0 - y[:, None])).mean(axis=0)
    benefit: FloatArray = true - false * thresholds / (1.0 - thresholds)
    return benefit
