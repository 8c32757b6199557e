"""Maximum of a log-likelihood between bounds, by damped Fisher scoring from a start, with analytic derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lungtox.ntcp.model import Parameter

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
STEPS = 100
LONGEST_STEP = 3.0  # of a logarithm: a factor of 20 at once
LOOSE = 1e-6  # the same for bands of a curve
FINE = 1e-14  # decrement (twice the gain that is left) at which a maximum is found
ROUGH = 1e-8  # the same for profiles
NEAR = 1e-2  # decrement from which on the curvature that was seen counts
LEAST_CURVATURE = 1e-3  # of what is expected


@dataclass(frozen=True)
class Derivatives:
    """Log-likelihood, its gradient (k,) and the expected information (k, k) by parameters in their own units."""

    loglik: float
    gradient: Floats
    information: Floats


class Objective(Protocol):
    """A log-likelihood that can be climbed: Bernoulli today, with censoring or a constraint as well."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """In the order of theta."""
        ...

    def loglik(self, theta: Floats) -> float:
        """Give the log-likelihood; minus infinity where the model cannot be."""
        ...

    def derivatives(self, theta: Floats) -> Derivatives:
        """Give the log-likelihood with its derivatives."""
        ...


class Scale:
    """Coordinates in which the climb goes: the logarithm of positive parameters, the others as they are."""

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        self.logarithmic = np.array([item.logarithmic for item in parameters], dtype=bool)
        self.low = self.inward(np.array([item.low for item in parameters]))
        self.high = self.inward(np.array([item.high for item in parameters]))
        self.ends = np.array([[item.low for item in parameters], [item.high for item in parameters]])

    def inward(self, theta: Floats) -> Floats:
        """Give coordinates of parameters."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.logarithmic, np.log(np.abs(theta)), theta)

    def outward(self, u: Floats) -> Floats:
        """Give parameters of coordinates; an end of the range exactly where the coordinate is at its end."""
        theta = np.where(self.logarithmic, np.exp(np.where(self.logarithmic, u, 0.0)), u)
        theta = np.where(u <= self.low, self.ends[0], theta)
        return np.where(u >= self.high, self.ends[1], theta)

    def slopes(self, theta: Floats) -> Floats:
        """Give d theta / d coordinate."""
        return np.where(self.logarithmic, theta, 1.0)


@dataclass(frozen=True)
class Peak:
    """Where a climb ended.

    Attributes
    ----------
    theta : ndarray, shape (k,)
    loglik : float
    converged : bool
        The gradient is zero along every free parameter that is not held at a bound.
    """

    theta: Floats
    loglik: float
    converged: bool


def climb(objective: Objective, start: Floats, *, held: Mask | None = None, decrement: float = FINE) -> Peak:
    """Climb from a start to the nearest maximum inside the bounds.

    Parameters
    ----------
    objective : Objective
    start : ndarray, shape (k,)
        Moved inside the bounds, save for those held.
    held : ndarray of bool, shape (k,), optional
        Parameters that keep their start.
    decrement : float
        Ends when the gain that Fisher scoring promises is below half of this.

    Returns
    -------
    Peak
    """
    scale = Scale(objective.parameters)
    fixed = np.zeros(start.size, dtype=bool) if held is None else held
    u = np.where(fixed, scale.inward(start), np.clip(scale.inward(start), scale.low, scale.high))
    promised = np.inf
    damping, turn = 0.0, (np.zeros_like(u), np.zeros_like(u))
    here = _at(objective, scale, u, start, fixed)
    for _ in range(STEPS):
        if here is None:
            return Peak(start, -np.inf, converged=False)
        loglik, gradient, information, theta = here
        blocked = ((u <= scale.low) & (gradient <= 0.0)) | ((u >= scale.high) & (gradient >= 0.0))
        free = np.flatnonzero(~(fixed | blocked))
        if free.size == 0:
            return Peak(theta, loglik, converged=True)
        block = information[np.ix_(free, free)]
        if promised < NEAR:
            block = _curved(block, turn[0][free], turn[1][free])
        promised = float(gradient[free] @ _solve(block, gradient[free], 0.0))
        if promised < decrement:
            return Peak(theta, loglik, converged=True)
        step = np.zeros_like(u)
        step[free] = np.clip(_solve(block, gradient[free], damping), -LONGEST_STEP, LONGEST_STEP)
        trial = np.where(fixed, u, np.clip(u + step, scale.low, scale.high))
        # With derivatives at once: most steps are taken.
        there = _at(objective, scale, trial, start, fixed)
        if there is not None and there[0] > loglik + 1e-4 * float(gradient @ (trial - u)) - 1e-13 * abs(loglik):
            turn = trial - u, gradient - there[1]
            u, here, damping = trial, there, damping / 10.0 if damping > 1e-7 else 0.0
        elif damping > 1e12:
            return Peak(theta, loglik, converged=promised < 1e-6)
        else:
            damping = max(1e-3, 8.0 * damping)
    return Peak(theta, loglik, converged=promised < 1e-6)


def polish(objective: Objective, peak: Peak, *, held: Mask | None = None) -> tuple[Peak, Floats]:
    """Take Newton steps with the observed information, which gets the last digits, and give that information.

    Parameters
    ----------
    objective : Objective
    peak : Peak
    held : ndarray of bool, optional

    Returns
    -------
    peak : Peak
    information : ndarray, shape (k, k)
        Negative second derivatives in the coordinates of `Scale` at the peak.
    """
    scale = Scale(objective.parameters)
    fixed = np.zeros(peak.theta.size, dtype=bool) if held is None else held
    for _ in range(4):
        u = scale.inward(peak.theta)
        here = _at(objective, scale, u, peak.theta, fixed)
        information = _observed(objective, scale, u, peak.theta, fixed)
        if here is None:
            break
        inside = np.flatnonzero(~fixed & (u > scale.low) & (u < scale.high))
        block = information[np.ix_(inside, inside)]
        if inside.size == 0 or not np.linalg.eigvalsh(block).min() > 0.0:
            break
        trial = u.copy()
        trial[inside] += np.linalg.solve(block, here[1][inside])
        moved = _at(objective, scale, np.clip(trial, scale.low, scale.high), peak.theta, fixed)
        if moved is None or not np.abs(moved[1][inside]).max() < np.abs(here[1][inside]).max():
            break
        if moved[0] < here[0] - 1e-9:
            break
        peak = Peak(moved[3], moved[0], peak.converged)
    return peak, information


def _at(
    objective: Objective, scale: Scale, u: Floats, start: Floats, fixed: Mask
) -> tuple[float, Floats, Floats, Floats] | None:
    theta = np.where(fixed, start, scale.outward(u))
    found = objective.derivatives(theta)
    slopes = scale.slopes(theta)
    gradient = found.gradient * slopes
    information = found.information * np.outer(slopes, slopes)
    if not (np.isfinite(found.loglik) and np.isfinite(gradient).all() and np.isfinite(information).all()):
        return None
    return found.loglik, gradient, information, theta


def _curved(block: Floats, step: Floats, turned: Floats) -> Floats:
    """Give the expected information the curvature that was seen along the last step (the update of BFGS).

    Where the two differ much, as along a flat ridge, Fisher scoring alone takes dozens of steps.
    """
    along, ahead = float(step @ turned), block @ step
    expected = float(step @ ahead)
    if not (expected > 0.0 and along > LEAST_CURVATURE * expected):
        return block
    return block - np.outer(ahead, ahead) / expected + np.outer(turned, turned) / along


def _solve(block: Floats, gradient: Floats, damping: float) -> Floats:
    diagonal: Floats = np.diag(block)
    ridge = damping * diagonal + 1e-12 * max(float(diagonal.max()), 1e-12)
    return np.asarray(np.linalg.solve(block + np.diag(ridge), gradient), dtype=np.float64)


def _observed(objective: Objective, scale: Scale, u: Floats, start: Floats, fixed: Mask) -> Floats:
    """Give the negative Hessian by central differences of the analytic gradient."""
    size, step = u.size, 1e-5
    hessian = np.zeros((size, size))
    for index in np.flatnonzero(~fixed):
        shift = np.zeros(size)
        shift[index] = step
        # At a bound the coordinate itself leaves the range a little, which the formulas bear.
        ends = [_gradient(objective, scale, u + sign * shift, start, fixed) for sign in (1.0, -1.0)]
        hessian[index] = (ends[0] - ends[1]) / (2.0 * step)
    return -(hessian + hessian.T) / 2.0


def _gradient(objective: Objective, scale: Scale, u: Floats, start: Floats, fixed: Mask) -> Floats:
    theta = np.where(fixed, start, np.where(scale.logarithmic, np.exp(np.where(scale.logarithmic, u, 0.0)), u))
    return objective.derivatives(theta).gradient * scale.slopes(theta)
