"""The volume parameter n of gEUD in a logistic model with further predictors, by profile likelihood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.errors import FitError
from lungtox.models import fit_resamples
from lungtox.ntcp.interval import FIRST_STEP, crossing, height_above_limit
from lungtox.ntcp.model import VOLUME
from lungtox.ntcp.surface import GRID_N

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class VolumeProfile:
    """Profile likelihood of n.

    Attributes
    ----------
    n : float
        Estimate, within 0.01 to 1.
    low, high : float or None
        Limits of the profile-likelihood interval; None: not reached within the range.
    loglik : float
        At the estimate.
    grid_n, grid_loglik : ndarray, shape (g,)
        The profile.
    """

    n: float
    low: float | None
    high: float | None
    loglik: float
    grid_n: Floats
    grid_loglik: Floats

    @property
    def at_boundary(self) -> bool:
        """Whether the estimate lies at an end of the range: 1 is the mean dose, 0.01 about the maximum."""
        return min(abs(self.n / VOLUME.low - 1.0), abs(self.n / VOLUME.high - 1.0)) < 1e-6


def profile_volume(
    geud_gy: Callable[[float], Floats], others: Floats, y: Floats, *, confidence: float
) -> VolumeProfile:
    """Profile n of gEUD in a logistic model; the risk does not fall with dose.

    Parameters
    ----------
    geud_gy : callable
        Gives gEUD with exponent a = 1/n of each patient, shape (n,).
    others : ndarray, shape (n, k)
        Intercept and the further columns of the design.
    y : ndarray, shape (n,)
        0 and 1, both present.
    confidence : float

    Raises
    ------
    FitError
        The outcome is separated, so that there is no finite maximum.
    """
    from scipy.optimize import minimize_scalar

    without = _loglik(others, y)[0]

    def profile(n: float) -> float:
        loglik, slope = _loglik(np.column_stack([others[:, :1], geud_gy(n), others[:, 1:]]), y)
        return loglik if slope > 0.0 else without

    grid = np.array([profile(float(n)) for n in GRID_N])
    at = int(np.argmax(grid))
    low, high = GRID_N[max(at - 1, 0)], GRID_N[min(at + 1, len(GRID_N) - 1)]
    refined = minimize_scalar(
        lambda log_n: -profile(float(np.exp(log_n))), bounds=(np.log(low), np.log(high)), method="bounded",
        options={"xatol": 1e-6},
    )  # fmt: skip
    # A tie goes to the grid: there stand the ends of the range.
    n, top = (float(np.exp(refined.x)), -float(refined.fun)) if -refined.fun > grid[at] else (GRID_N[at], grid[at])

    def height(log_n: float) -> float:
        # The end itself, not exp(log(end)), which can fall just outside the range.
        inside = float(np.clip(np.exp(log_n), VOLUME.low, VOLUME.high))
        return height_above_limit(profile(inside), float(top), confidence=confidence)

    limits = [
        crossing(height, float(np.log(n)), float(np.log(end)), step=FIRST_STEP, tolerance=1e-6)
        for end in (VOLUME.low, VOLUME.high)
    ]
    first, second = (None if limit is None else float(np.exp(limit)) for limit in limits)
    return VolumeProfile(float(n), first, second, float(top), GRID_N, grid)


def _loglik(x: Floats, y: Floats) -> tuple[float, float]:
    """Give the maximal log-likelihood and the coefficient of the second column (0 without one)."""
    fit = fit_resamples(x, y, np.ones((1, len(y))))
    if not fit.sound[0]:
        raise FitError("the outcome is separated by gEUD and the further predictors: n cannot be estimated")
    return float(fit.loglik[0]), float(fit.beta[0, 1]) if x.shape[1] > 1 else 0.0
