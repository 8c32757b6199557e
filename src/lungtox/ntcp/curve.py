"""The dose-response curve with its band, and observed rates in bins of dose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from lungtox.errors import ParameterError
from lungtox.ntcp.interval import crossing, height_above_limit
from lungtox.ntcp.matrix import uniform_doses
from lungtox.ntcp.model import Level
from lungtox.ntcp.newton import probability, slope_and_weight
from lungtox.ntcp.result import NtcpFit
from lungtox.ntcp.searched import ntcp_profile
from lungtox.ntcp.solved import Problem
from lungtox.ntcp.surface import Surface

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
DOSE_STEP_GY = 1.0
MOST_STEPS = 100
SUPPORTED_N = 11  # values of n between its limits; with these the band is short by less than 1 % of its half width
ENOUGH = 1e-5  # of the linear predictor; no figure or table shows less
CERTAIN = 9.0  # the general search looks no further: a probability of 0.0001 by a logit, of 1e-19 by a probit
NEVER = -600.0  # a linear predictor below this is a probability of 0, whatever the parameters
NODES = 13  # doses at which the general search finds the band of a curve
WIDEST_LOGIT = 60.0  # a linear predictor beyond this is a probability of 0 or 1


def ntcp_curve(fit: NtcpFit, dose_gy: ArrayLike | None = None) -> pd.DataFrame:
    """Give NTCP by dose with a pointwise profile-likelihood band.

    Parameters
    ----------
    fit : NtcpFit
    dose_gy : array-like, optional
        Values of the dose summary (a uniform dose means the same for every n). Default: from 0 to the highest dose in
        the data, rounded up to 5 Gy, in steps of 1 Gy, and the lowest and highest dose in the data.

    Returns
    -------
    DataFrame
        dose_gy, ntcp, low, high. The limits are the lowest and highest NTCP at that dose among all parameter values,
        n included where it was estimated, whose log-likelihood lies at most half a chi-square quantile (1 df) below the
        maximum.
    """
    import pandas as pd

    if dose_gy is None:
        end = 5.0 * np.ceil(fit.dose_gy.max() / 5.0)
        step = DOSE_STEP_GY if end <= MOST_STEPS * DOSE_STEP_GY else end / MOST_STEPS  # volumes in cc reach far
        even = np.arange(0.0, end + 0.5 * step, step)
        dose_gy = np.unique([*even, fit.dose_gy.min(), fit.dose_gy.max()])
    doses = np.atleast_1d(np.asarray(dose_gy, dtype=float))
    band = _ExactBand(fit) if fit.surface is not None else _SearchedBand(fit)
    limits = band.at(doses)
    link = fit.likelihood.response.link
    low, high = probability(limits[:, 0], link), probability(limits[:, 1], link)
    return pd.DataFrame({"dose_gy": doses, "ntcp": fit.ntcp_at(doses), "low": low, "high": high})


def ntcp_bins(fit: NtcpFit, *, bins: int = 5) -> pd.DataFrame:
    """Give the observed rate in quantile bins of the dose summary, with Wilson intervals at the fit's confidence.

    Parameters
    ----------
    fit : NtcpFit
    bins : int
        Number of bins of nearly equal size; at most the number of patients.

    Returns
    -------
    DataFrame
        dose_gy (mean of the bin), n, events, rate, low, high.

    Raises
    ------
    ParameterError
        More bins than patients; a fit with a latency (`fit_ntcp_time`).
    """
    import pandas as pd

    fit.likelihood.require_outcomes("the observed rate by dose")
    dose = fit.adjusted_dose_gy
    if not 1 <= bins <= dose.size:
        raise ParameterError(f"bins must be between 1 and the number of patients {dose.size}, got {bins}")
    had_rp = fit.likelihood.sign > 0
    rows = []
    for members in np.array_split(np.argsort(dose, kind="stable"), bins):
        events, n = int(had_rp[members].sum()), int(members.size)
        low, high = wilson_interval(events, n, confidence=fit.confidence)
        rows.append((float(dose[members].mean()), n, events, events / n, low, high))
    return pd.DataFrame(rows, columns=["dose_gy", "n", "events", "rate", "low", "high"])


def wilson_interval(events: int, n: int, *, confidence: float) -> tuple[float, float]:
    """Give the Wilson score interval of a rate; near its nominal level also in small bins (Brown et al. 2001)."""
    z2 = float(ndtri(0.5 + confidence / 2.0)) ** 2
    rate = events / n
    centre = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = (z2 * (rate * (1 - rate) / n + z2 / (4 * n * n))) ** 0.5 / (1 + z2 / n)
    return max(0.0, centre - half), min(1.0, centre + half)


class _ExactBand:
    """Profile limits of the linear predictor at a dose, for many doses of one exact fit."""

    def __init__(self, fit: NtcpFit) -> None:
        if fit.surface is None or fit.optimum is None:
            raise AssertionError("not an exact fit")
        self.fit, self.optimum, self.whole = fit, fit.optimum, fit.surface
        self.surface = self._supported()
        self.covariance = self._covariance()

    def at(self, doses: Floats) -> Floats:
        """Give both limits of the linear predictor at doses, shape (doses, 2)."""
        return np.array([self.limits(float(dose)) for dose in doses])

    def limits(self, dose_gy: float) -> tuple[float, float]:
        best, optimum = self.surface, self.optimum
        g = float(self.whole.model.scale(np.array([dose_gy]))[0])
        if not np.isfinite(g):
            return -np.inf, -np.inf
        eta = optimum.c0 + optimum.c1 * g

        def height(value: float) -> float:
            loglik = best.best_on_grid(Level(1.0, g, value))
            return height_above_limit(loglik, self.fit.loglik, confidence=self.fit.confidence)

        # First try of the distance: the normal approximation at the estimated n.
        at = np.array([1.0, g])
        step = max(2.0 * float(at @ self.covariance @ at) ** 0.5, 1e-3)
        low = crossing(height, eta, eta - WIDEST_LOGIT, step=step, tolerance=ENOUGH)
        high = crossing(height, eta, eta + WIDEST_LOGIT, step=step, tolerance=ENOUGH)
        return eta - WIDEST_LOGIT if low is None else low, eta + WIDEST_LOGIT if high is None else high

    def _supported(self) -> Surface:
        """Give the likelihood on the values of n that the data support at all; others cannot shape the band."""
        if self.whole.grid_n.size == 1:
            return self.whole
        estimate = next(item for item in self.fit.estimates if item.parameter == "n")
        grid = self.whole.grid_n
        low = float(grid[0]) if estimate.low is None else estimate.low
        high = float(grid[-1]) if estimate.high is None else estimate.high
        return self.whole.on_grid(np.unique([*np.geomspace(low, high, SUPPORTED_N), self.optimum.n]))

    def _covariance(self) -> Floats:
        surface, optimum = self.whole, self.optimum
        g = surface.g(optimum.n)
        _, weight = slope_and_weight(optimum.c0 + optimum.c1 * g, surface.sign, surface.model.link)
        design = np.column_stack([np.ones_like(g), g])
        result: Floats = np.asarray(np.linalg.pinv(design.T @ (weight[:, np.newaxis] * design)), dtype=np.float64)
        return result


class _SearchedBand:
    """The same for a general fit, at the references of its covariates."""

    def __init__(self, fit: NtcpFit) -> None:
        if fit.general is None:
            raise AssertionError("not a general fit")
        self.fit, self.general = fit, fit.general
        self.problem = Problem(fit.likelihood, dict(fit.fixed), fit.confidence)
        self.covariance = fit.general.covariance()

    def at(self, doses: Floats) -> Floats:
        """Give both limits at doses; where there are many, distances from the curve are joined by straight lines."""
        nodes = doses if doses.size <= NODES else np.linspace(doses.min(), doses.max(), NODES)
        eta = self._eta(nodes)
        limits = np.array([self.limits(float(dose)) for dose in nodes])
        own, known = self._eta(doses), eta > NEVER
        distance = limits[known] - eta[known, np.newaxis]
        return np.column_stack([own + np.interp(doses, nodes[known], distance[:, side]) for side in (0, 1)])

    def _eta(self, doses: Floats) -> Floats:
        likelihood = self.fit.likelihood
        x = np.zeros((doses.size, len(likelihood.covariates)))
        return likelihood.predictor(self.fit.theta, uniform_doses(doses, likelihood.doses), x).eta

    def limits(self, dose_gy: float) -> tuple[float, float]:
        profile = ntcp_profile(self.general, self.problem, dose_gy)
        if profile.eta < NEVER:
            return profile.eta, profile.eta
        step = min(max(2.0 * profile.deviation(self.covariance), 1e-3), 4.0)
        return profile.limits(confidence=self.fit.confidence, step=step, widest=CERTAIN)
