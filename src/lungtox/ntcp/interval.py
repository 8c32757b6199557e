"""Profile-likelihood intervals: where the profile has fallen by half a chi-square quantile."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import chdtri

from lungtox.ntcp.model import VOLUME, Parameter
from lungtox.ntcp.surface import Optimum, Surface

Profile = Callable[[float], float]
FIRST_STEP = 0.1  # on the scale of the parameter (logarithm, or its own); doubled until the limit is passed


def allowed_drop(confidence: float) -> float:
    """Give how far the log-likelihood may fall inside the interval: half the chi-square quantile with 1 df."""
    return float(chdtri(1.0, 1.0 - confidence)) / 2.0


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

    floor = optimum.loglik - allowed_drop(confidence)
    return (
        _limit(profile, estimate, parameter.low, floor, parameter.logarithmic),
        _limit(profile, estimate, parameter.high, floor, parameter.logarithmic),
    )


def _limit(profile: Profile, estimate: float, end: float, floor: float, logarithmic: bool) -> float | None:
    """Find where the profile crosses the floor between the estimate and one end of the range."""
    forward: Callable[[float], float] = np.log if logarithmic else float
    back: Callable[[float], float] = np.exp if logarithmic else float
    x0, x_end = float(forward(estimate)), float(forward(end))

    def height(x: float) -> float:
        # The end itself, not exp(log(end)), which can fall just outside the range.
        return max(profile(end if x == x_end else float(back(x))) - floor, -1e6)

    x = crossing(height, x0, x_end, step=FIRST_STEP)
    return None if x is None else float(back(x))


def crossing(height: Callable[[float], float], start: float, end: float, *, step: float) -> float | None:
    """Give the place between start and end where a height that is positive at the start falls to zero; None if none.

    Steps outwards, each twice the last, then closes in by Brent's method.
    """
    from scipy.optimize import brentq

    sign = 1.0 if end > start else -1.0
    inner, outer = start, start
    while outer != end:
        outer = start + sign * step
        if (end - outer) * sign <= 0.0:
            outer = end
        if height(outer) <= 0.0:
            return float(brentq(height, inner, outer, xtol=1e-10, rtol=1e-10))
        inner, step = outer, 2.0 * step
    return None
