"""Least-squares fits of the models to a cumulative DVH."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, least_squares
from scipy.special import expit, logit
from scipy.stats import t as student

from lungtox.dvhcurve.curve import CurvePoints
from lungtox.dvhcurve.shapes import MODELS, Shape
from lungtox.errors import FitError, ParameterError

FloatArray = NDArray[np.float64]
EXACT = 1e-12
"""A root mean square residual below this is rounding: the logarithm of RSS means nothing there."""
INSIDE = 1e-6
NOTE = "points of a DVH are not independent: intervals, AIC and AICc describe, they test nothing"


@dataclass(frozen=True)
class FittedParameter:
    """One parameter.

    Attributes
    ----------
    name : str
    estimate : float
    low, high : float or None
        95 % interval from the curvature of the sum of squares; None where it is not defined.
    """

    name: str
    estimate: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class CurveFit:
    """A model fitted to a curve.

    Attributes
    ----------
    model : str
    parameters : tuple of FittedParameter
    mean_gy, sd_gy : float
        Of the doses that the fitted curve stands for.
    n : int
        Points.
    k : int
        What AIC counts: the parameters of the curve and the variance of the residuals.
    rss : float
        Residual sum of squares, of shares (0 to 1).
    aic, aicc : float or None
        N ln(RSS/N) + 2K, and with the correction for small N; None where the curve is met to rounding.
    converged : bool
    finding : str
        What is wrong with the fit; empty where nothing is.
    """

    model: str
    parameters: tuple[FittedParameter, ...]
    mean_gy: float
    sd_gy: float
    n: int
    k: int
    rss: float
    aic: float | None
    aicc: float | None
    converged: bool
    finding: str = ""

    def value(self, name: str) -> float:
        """Give the estimate of a parameter; KeyError for another name."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter.estimate
        raise KeyError(name)

    def share(self, dose_gy: FloatArray) -> FloatArray:
        """Give the fitted curve at doses."""
        return MODELS[self.model].share(dose_gy, np.array([parameter.estimate for parameter in self.parameters]))


def fit_curve(points: CurvePoints, model: str) -> CurveFit:
    """Fit one model by least squares on the shares, every point with the same weight.

    Parameters
    ----------
    points : CurvePoints
        AIC depends on how many there are and where: compare fits to the same points only.
    model : {"gaussian", "fermi", "mixture"}

    Returns
    -------
    CurveFit

    Raises
    ------
    ParameterError
        An unknown model.
    FitError
        A curve that does not pass through one half, or fewer points than the model needs.
    """
    if model not in MODELS:
        raise ParameterError(f"no model of a DVH is named {model!r}; known: {', '.join(MODELS)}")
    shape = MODELS[model]
    size = len(shape.parameters)
    if points.dose_gy.size <= size + 2:
        raise FitError(f"{points.structure}: {points.dose_gy.size} points are too few for {size} parameters")
    if not points.share[0] > 0.5 > points.share[-1]:
        raise FitError(f"{points.structure}: the curve does not pass through half of the volume between its ends")
    best: OptimizeResult | None = None
    for start in _starts(points, model):
        tried = _solve(points, shape, start)
        if best is None or tried.cost < best.cost:
            best = tried
    if best is None:  # pragma: no cover - every model has a start
        raise FitError(f"{points.structure}: no start for {model}")
    values = _natural(shape, best.x)
    if model == "mixture" and values[3] > values[1]:  # the shoulder lies below the main edge
        values = np.array([1.0 - values[0], *values[3:5], *values[1:3]])
    return _result(points, model, values, converged=bool(best.status > 0))


def _starts(points: CurvePoints, model: str) -> Iterator[FloatArray]:
    def dose_at(share: float) -> float:
        # Shares fall with the dose; np.interp wants them ascending.
        return float(np.interp(share, points.share[::-1], points.dose_gy[::-1]))

    step = float(np.diff(points.dose_gy).min())
    middle, width = dose_at(0.5), max(0.5 * (dose_at(0.16) - dose_at(0.84)), 0.2 * step)
    if model == "gaussian":
        yield np.array([middle, width])
    elif model == "fermi":
        yield np.array([middle, width * np.sqrt(3.0) / np.pi])
    else:
        for weight in (0.9, 0.7, 0.4):
            upper, lower = dose_at(0.5 * weight), dose_at(weight + 0.5 * (1.0 - weight))
            spread = max(0.5 * (dose_at(0.16 * weight) - dose_at(0.84 * weight)), 0.2 * step)
            rest = max(0.5 * (dose_at(weight) - dose_at(1.0 - 0.16 * (1.0 - weight))), 2.0 * spread)
            yield np.array([weight, upper, spread, min(lower, upper - spread), rest])


def _solve(points: CurvePoints, shape: Shape, start: FloatArray) -> OptimizeResult:
    def residual(inner: FloatArray) -> FloatArray:
        return shape.share(points.dose_gy, _natural(shape, inner)) - points.share

    def slope(inner: FloatArray) -> FloatArray:
        values = _natural(shape, inner)
        return shape.slope(points.dose_gy, values) * _inner_slope(shape, values)

    return least_squares(
        residual, _inner(shape, start), jac=slope, method="lm" if points.dose_gy.size >= start.size else "trf",
        xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=2000,
    )  # fmt: skip


def _inner(shape: Shape, values: FloatArray) -> FloatArray:
    """Logarithms of widths and logits of shares: the search needs no bounds."""
    return np.array(
        [
            np.log(value) if name in shape.widths else logit(value) if name in shape.shares else value
            for name, value in zip(shape.parameters, values, strict=True)
        ]
    )


def _natural(shape: Shape, inner: FloatArray) -> FloatArray:
    return np.array(
        [
            np.exp(min(max(value, -30.0), 30.0)) if name in shape.widths else expit(value) if name in shape.shares
            else value for name, value in zip(shape.parameters, inner, strict=True)
        ]
    )  # fmt: skip


def _inner_slope(shape: Shape, values: FloatArray) -> FloatArray:
    return np.array(
        [
            value if name in shape.widths else value * (1.0 - value) if name in shape.shares else 1.0
            for name, value in zip(shape.parameters, values, strict=True)
        ]
    )


def _result(points: CurvePoints, model: str, values: FloatArray, *, converged: bool) -> CurveFit:
    shape, n, size = MODELS[model], points.dose_gy.size, values.size
    rss = float(((shape.share(points.dose_gy, values) - points.share) ** 2).sum())
    exact = np.sqrt(rss / n) < EXACT
    k = size + 1
    aic = None if exact else float(n * np.log(rss / n) + 2 * k)
    aicc = None if aic is None or n - k - 1 <= 0 else aic + 2.0 * k * (k + 1) / (n - k - 1)
    half = _half_widths(shape.slope(points.dose_gy, values), rss, n - size)
    findings = [] if converged else ["the search did not converge"]
    if exact:
        findings.append("the points are met to rounding: AIC is not defined")
    if model == "mixture" and not INSIDE < values[0] < 1.0 - INSIDE:
        findings.append("no shoulder: one of the two parts has no weight")
    if half is None:
        findings.append("the curvature is singular: no intervals")
    limits = [(None, None)] * size if half is None else list(zip(values - half, values + half, strict=True))
    parameters = tuple(
        FittedParameter(name, float(value), None if low is None else float(low), None if high is None else float(high))
        for name, value, (low, high) in zip(shape.parameters, values, limits, strict=True)
    )
    mean, sd = _moments(model, values)
    return CurveFit(model, parameters, mean, sd, n, k, rss, aic, aicc, converged, "; ".join(findings))


def _half_widths(slope: FloatArray, rss: float, freedom: int) -> FloatArray | None:
    """Give half the widths of the 95 % intervals from s^2 (J'J)^-1; None where J has not full rank."""
    scale = np.linalg.norm(slope, axis=0)
    if not (scale > 0).all():
        return None
    # Columns of one length first: parameters of other units do not make the matrix look singular.
    _, singular, right = np.linalg.svd(slope / scale, full_matrices=False)
    if singular[-1] < 1e-8 * singular[0]:
        return None
    variance = ((right.T / singular) ** 2).sum(axis=1) * rss / freedom / scale**2
    half: FloatArray = student.ppf(0.975, freedom) * np.sqrt(variance)
    return half


def _moments(model: str, values: FloatArray) -> tuple[float, float]:
    """Give mean and standard deviation of the doses that a fitted curve stands for."""
    if model == "gaussian":
        return float(values[0]), float(values[1])
    if model == "fermi":
        return float(values[0]), float(np.pi * values[1] / np.sqrt(3.0))
    weight, mu, sigma, low_mu, low_sigma = (float(value) for value in values)
    mean = weight * mu + (1.0 - weight) * low_mu
    square = weight * (sigma**2 + mu**2) + (1.0 - weight) * (low_sigma**2 + low_mu**2)
    return mean, float(np.sqrt(max(square - mean**2, 0.0)))
