"""The Bernoulli likelihood of a linear predictor with an offset, on the logit or the probit scale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.models import find_separation
from lungtox.ntcp.interval import crossing, height_above_limit
from lungtox.ntcp.model import Link
from lungtox.ntcp.newton import log_probability, slope_and_weight

Floats = NDArray[np.float64]
NEWTON_STEPS = 60
HALVINGS = 30
ENOUGH = 1e-13  # of the Newton decrement, twice the log-likelihood still to be gained
SAFE = {"logit": 12.0, "probit": 5.0}  # of the linear predictor; only beyond it the maximum may lie at infinity
FARTHEST = 1e3  # standard errors; a profile limit beyond this is open

Limits = tuple[float | None, float | None]
OPEN: Limits = (None, None)


@dataclass(frozen=True)
class Likelihood:
    """Outcomes with a design and an offset.

    Attributes
    ----------
    x : ndarray, shape (patients, columns)
        Of full column rank; may have no column.
    offset : ndarray, shape (patients,)
    sign : ndarray, shape (patients,)
        +1 with the outcome, -1 without.
    link : {"logit", "probit"}
    """

    x: Floats
    offset: Floats
    sign: Floats
    link: Link

    def at(self, beta: Floats) -> float:
        """Give the log-likelihood."""
        return float(log_probability(self.sign * (self.offset + self.x @ beta), self.link).sum())

    def without(self, column: int, value: float) -> Likelihood:
        """Give the likelihood with one coefficient held at a value."""
        held = self.offset + value * self.x[:, column]
        return Likelihood(np.delete(self.x, column, axis=1), held, self.sign, self.link)


@dataclass(frozen=True)
class Maximum:
    """A maximum of the likelihood.

    Attributes
    ----------
    beta : ndarray, shape (columns,)
        Where there is no finite maximum (separation): where the climb ended.
    loglik : float
        Then its limit, to about 1e-6.
    information : ndarray, shape (columns, columns)
        Negative second derivatives at ``beta``.
    separated : tuple of int
        Columns whose coefficient has no finite maximum.
    """

    beta: Floats
    loglik: float
    information: Floats
    separated: tuple[int, ...] = ()


def maximise(likelihood: Likelihood, *, start: Floats | None = None, check: bool = False) -> Maximum:
    """Climb to the maximum by Newton's method; the log-likelihood is concave, so the start does not matter.

    Parameters
    ----------
    likelihood : Likelihood
    start : ndarray, shape (columns,), optional
    check : bool
        Look for separation where the linear predictor has become large; the first column must be the intercept.
    """
    scale: Floats = np.sqrt(np.mean(likelihood.x**2, axis=0))
    x = likelihood.x / scale
    scaled = Likelihood(x, likelihood.offset, likelihood.sign, likelihood.link)
    beta = np.zeros(x.shape[1]) if start is None else start * scale
    loglik = scaled.at(beta)
    information = np.zeros((x.shape[1], x.shape[1]))
    for _ in range(NEWTON_STEPS if x.shape[1] else 0):
        slope, weight = slope_and_weight(scaled.offset + x @ beta, scaled.sign, scaled.link)
        gradient, information = x.T @ slope, (x.T * weight) @ x
        step = _solve(information, gradient)
        if step is None:
            break
        stepped = _climb(scaled, beta, step, loglik)
        if stepped is None:
            break
        beta, loglik = stepped
        if float(gradient @ step) < ENOUGH:
            break
    largest = float(np.abs(scaled.offset + x @ beta).max())
    separated: tuple[int, ...] = ()
    if check and largest > SAFE[likelihood.link] and x.shape[1] > 1:
        names = tuple(str(column) for column in range(x.shape[1]))
        separated = tuple(
            int(name) for name in find_separation(likelihood.x, (likelihood.sign + 1.0) / 2.0, terms=names).terms
        )
    return Maximum(beta / scale, loglik, information * np.outer(scale, scale), separated)


def _solve(information: Floats, gradient: Floats) -> Floats | None:
    try:
        step = np.asarray(np.linalg.solve(information, gradient), dtype=np.float64)
    except np.linalg.LinAlgError:
        return None
    return step if np.isfinite(step).all() else None


def _climb(likelihood: Likelihood, beta: Floats, step: Floats, loglik: float) -> tuple[Floats, float] | None:
    """Halve a step until the log-likelihood does not fall; None at its top."""
    for halving in range(HALVINGS):
        trial = beta + step * 0.5**halving
        value = likelihood.at(trial)
        if value >= loglik - 1e-14 * abs(loglik):
            return trial, value
    return None


def profile_limits(likelihood: Likelihood, found: Maximum, column: int, *, confidence: float) -> Limits:
    """Give the profile-likelihood limits of one coefficient; None for a limit that is not reached."""
    others = np.delete(found.beta, column)

    def profile(value: float) -> float:
        return maximise(likelihood.without(column, value), start=others).loglik

    se = standard_errors(found)[column]
    return limits_of(profile, found.loglik, float(found.beta[column]), se=se, confidence=confidence)


def limits_of(
    profile: Callable[[float], float],
    top: float,
    estimate: float,
    *,
    se: float,
    confidence: float,
    farthest: float | None = None,
) -> Limits:
    """Give where a profile log-likelihood falls by half a chi-square quantile, on either side of the estimate.

    Parameters
    ----------
    profile : callable
    top, estimate : float
    se : float
        Standard error: the first step of the search is twice that.
    confidence : float
    farthest : float, optional
        Distance from the estimate at which the search ends.
    """
    end = FARTHEST * se if farthest is None else float(farthest)
    tolerance = 1e-9 * max(1.0, abs(estimate))

    def height(value: float) -> float:
        return height_above_limit(profile(value), top, confidence=confidence)

    return (
        crossing(height, estimate, estimate - end, step=2.0 * se, tolerance=tolerance),
        crossing(height, estimate, estimate + end, step=2.0 * se, tolerance=tolerance),
    )


def standard_errors(found: Maximum) -> Floats:
    """Give the standard errors by the information, shape (columns,)."""
    return np.asarray(np.sqrt(np.diag(np.linalg.inv(found.information))), dtype=np.float64)
