"""Profile-likelihood intervals: where the profile has fallen by half a chi-square quantile."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import chdtri

from lungtox.ntcp.model import VOLUME, Parameter
from lungtox.ntcp.surface import Optimum, Surface

Height = Callable[[float], float]
LOWEST = 1e3  # stands for where the model cannot be at all
FIRST_STEP = 0.1  # on the scale of the parameter (logarithm, or its own); doubled until the limit is passed


def height_above_limit(loglik: float, top: float, *, confidence: float) -> float:
    """Give root of the chi-square quantile (1 df) minus root of the deviance: positive inside the interval.

    The root is nearly straight in the parameter, so that a root finder needs few steps.
    """
    limit = math.sqrt(float(chdtri(1.0, 1.0 - confidence)))
    return max(limit - math.sqrt(2.0 * max(top - loglik, 0.0)), -LOWEST)


def parameter_interval(
    surface: Surface, parameter: Parameter, optimum: Optimum, estimate: float, *, confidence: float
) -> tuple[float | None, float | None]:
    """Give the profile-likelihood limits of one parameter; None for a limit that is not inside its range.

    Parameters
    ----------
    surface : Surface
    parameter : Parameter
        Of the plane, derived, or n.
    optimum : Optimum
        Of ``surface``; ``estimate`` is the parameter's value there.
    confidence : float
    """

    def profile(value: float) -> float:
        if parameter.name == VOLUME.name:
            return surface.at_n(value).loglik
        return surface.best(surface.model.level(parameter.name, value)).loglik

    def height(value: float) -> float:
        return height_above_limit(profile(value), optimum.loglik, confidence=confidence)

    return (
        limit(height, estimate, parameter.low, parameter.logarithmic),
        limit(height, estimate, parameter.high, parameter.logarithmic),
    )


def limit(height: Height, estimate: float, end: float, logarithmic: bool, *, step: float = FIRST_STEP) -> float | None:
    """Find where the profile leaves the interval between the estimate and one end of the range."""
    forward: Callable[[float], float] = np.log if logarithmic else float
    back: Callable[[float], float] = np.exp if logarithmic else float
    x0, x_end = float(forward(estimate)), float(forward(end))

    def at(x: float) -> float:
        # The end itself, not exp(log(end)), which can fall just outside the range.
        return height(end if x == x_end else float(back(x)))

    x = crossing(at, x0, x_end, step=step)
    return None if x is None else float(back(x))


def crossing(height: Height, start: float, end: float, *, step: float, tolerance: float = 1e-9) -> float | None:
    """Give the place between start and end where a height that is positive at the start falls to zero; None if none.

    Steps outwards, each twice the last, then closes in by Brent's method.
    """
    from scipy.optimize import brentq

    sign = 1.0 if end > start else -1.0
    known: dict[float, float] = {}

    def height_of(x: float) -> float:
        # Once for each place: a climb from a nearer start may differ in the last digits.
        if x not in known:
            known[x] = height(x)
        return known[x]

    inner, outer = start, start
    while outer != end:
        outer = start + sign * step
        if (end - outer) * sign <= 0.0:
            outer = end
        if height_of(outer) <= 0.0:
            if not height_of(inner) > 0.0:
                return inner
            return float(brentq(height_of, inner, outer, xtol=tolerance, rtol=1e-9))
        inner, step = outer, 2.0 * step
    return None
