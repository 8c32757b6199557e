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
_MOST_POINTS = 200


def measure_performance(
    eta: FloatArray, y: FloatArray, *, curve: SmoothCurve | None = None, weights: FloatArray | None = None
) -> FloatArray:
    """Measure predictions.

    Parameters
    ----------
    eta : ndarray, shape (n,)
        Linear predictors (log odds).
    y : ndarray, shape (n,)
        0 and 1, both present.
    curve : SmoothCurve, optional
        Of these predictions and outcomes, where it is there already.
    weights : ndarray, shape (n,), optional
        Of the patients: every mean, quantile and share of pairs is a weighted one.

    Returns
    -------
    ndarray, shape (7,)
        In the order of `MEASURES`. Predictions that are all equal have slope 1, as in R's rms; the slope is missing
        where they separate the outcome.
    """
    p = expit(eta)
    brier = float(np.average((y - p) ** 2, weights=weights))
    rate = float(np.average(y, weights=weights))
    error = np.abs((curve or smooth_calibration(p, y, weights)).at(p) - p)
    return np.array(
        [
            area_under_curve(y, eta, weights),
            calibration_slope(eta, y, weights),
            fit_intercept(eta, y, weights),
            brier,
            1.0 - brier / (rate * (1.0 - rate)),
            float(np.average(error, weights=weights)),
            _quantile(error, 0.9, weights),
        ]
    )


def _quantile(values: FloatArray, share: float, weights: FloatArray | None) -> float:
    if weights is None:
        return float(np.quantile(values, share))
    order = np.argsort(values, kind="stable")
    # Between the values, as numpy does with equal weights: the first stands at 0, the last at 1.
    place = np.cumsum(weights[order]) - weights[order] / 2.0
    place = (place - place[0]) / (place[-1] - place[0]) if len(values) > 1 else place
    return float(np.interp(share, place, values[order]))


def calibration_slope(eta: FloatArray, y: FloatArray, weights: FloatArray | None = None) -> float:
    """Give the coefficient of the linear predictor in a logistic model of the outcome."""
    spread = float(eta.std())
    if spread < 1e-10 * (1.0 + float(np.abs(eta).max())):
        return 1.0
    columns = np.column_stack([np.ones_like(eta), (eta - eta.mean()) / spread])
    line = maximise(columns, y, max_iterations=30, weights=weights)
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


def smooth_calibration(p: FloatArray, y: FloatArray, weights: FloatArray | None = None) -> SmoothCurve:
    """Smooth outcomes over predicted risks.

    Parameters
    ----------
    p, y : ndarray, shape (n,)
    weights : ndarray, shape (n,), optional
        Multiply the weights of the neighbourhood.
    """
    from statsmodels.nonparametric.smoothers_lowess import lowess

    order = np.argsort(p, kind="stable")
    risk, outcome = p[order], y[order]
    values, first, counts = np.unique(risk, return_index=True, return_counts=True)
    span = float(risk[-1] - risk[0])
    if span < 1e-9:
        return SmoothCurve(values, np.full(len(values), float(np.average(y, weights=weights))))
    if weights is not None:
        return _weighted_curve(risk, outcome, weights[order], values)
    smooth = lowess(outcome, risk, frac=SPAN, it=0, delta=0.01 * span, is_sorted=True, missing="none")
    return SmoothCurve(values, np.add.reduceat(smooth[:, 1], first) / counts)


def _weighted_curve(risk: FloatArray, outcome: FloatArray, weights: FloatArray, values: FloatArray) -> SmoothCurve:
    """Smooth as lowess does (ascending risks), with weights of the patients; statsmodels knows none."""
    at = values if len(values) <= _MOST_POINTS else values[np.linspace(0, len(values) - 1, _MOST_POINTS).astype(int)]
    distance = np.abs(risk - at[:, None])
    near = int(SPAN * len(risk) + 1e-10) - 1
    reach = np.partition(distance, near, axis=1)[:, near, None]
    # Where all neighbours share one risk only they count.
    share = np.minimum(distance / np.where(reach > 0.0, reach, 1.0), 1.0)
    kernel = np.where(reach > 0.0, (1.0 - share**3) ** 3, distance == 0.0)
    kernel = kernel * weights
    total = kernel.sum(axis=1)
    centre, level = kernel @ risk / total, kernel @ outcome / total
    spread = (kernel * (risk - centre[:, None]) ** 2).sum(axis=1)
    slope = (kernel * (risk - centre[:, None]) * outcome).sum(axis=1)
    steep = np.sqrt(spread / total) > 1e-3 * float(risk[-1] - risk[0])
    line = level + np.where(steep, (at - centre) * slope / np.where(steep, spread, 1.0), 0.0)
    return SmoothCurve(at, line)


def net_benefit(p: FloatArray, y: FloatArray, thresholds: FloatArray, weights: FloatArray | None = None) -> FloatArray:
    """Give the net benefit of treating those at or above a risk (Vickers and Elkin 2006).

    True positives minus false positives weighted by the odds of the threshold, per patient.

    Parameters
    ----------
    p, y : ndarray, shape (n,)
    thresholds : ndarray, shape (t,)
    weights : ndarray, shape (n,), optional

    Returns
    -------
    ndarray, shape (t,)
    """
    treated = p[:, None] >= thresholds
    true = np.average(treated * y[:, None], axis=0, weights=weights)
    false = np.average(treated * (1.0 - y[:, None]), axis=0, weights=weights)
    benefit: FloatArray = true - false * thresholds / (1.0 - thresholds)
    return benefit
