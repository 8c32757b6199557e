"""The dose responses that `fit_ntcp` can fit, with their derivatives.

Formulas: docs/methods/ntcp.md. Sources: Lyman 1985, Kutcher and Burman 1989, Niemierko 1999, Källman 1992, Jackson
1995.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from lungtox.ntcp.matrix import DoseMatrix
from lungtox.ntcp.model import B0, B1, GAMMA50, TD50, VOLUME, Link, M, Parameter
from lungtox.ntcp.response import DoseResponse, Predictor

Floats = NDArray[np.float64]
D50 = Parameter("d50_gy", "Gy", 0.1, 1000.0)
TOGETHER = 16  # patients in a block where doses differ: it fits the processor's cache, four times as fast
LOG_LOG_2 = float(np.log(np.log(2.0)))
LEAST_LOG_P = -1e-300  # a probability of 1 in logarithms, short of it: an empty bin times infinity is not a number


def _factor(doses: DoseMatrix, log_factor: Floats | None) -> Floats:
    return np.ones(doses.share.shape[0]) if log_factor is None else np.exp(log_factor)


@dataclass(frozen=True)
class Lyman:
    """Phi((gEUD - TD50) / (m TD50)); with the mean dose instead of gEUD where the model has no n."""

    name: str = "lkb"
    parameters: tuple[Parameter, ...] = (TD50, M, VOLUME)
    link: Link = "probit"
    location: str = "td50_gy"
    has_geud: bool = True

    def predictor(self, theta: Floats, doses: DoseMatrix, log_factor: Floats | None = None) -> Predictor:
        """Give the linear predictor (gEUD - TD50) / (m TD50)."""
        td50, m, n = theta if len(theta) == 3 else (*theta, 1.0)
        geud, log_slope = doses.geud_and_slope(n)
        seen = geud / _factor(doses, log_factor) / (m * td50)
        eta = seen - 1.0 / m
        columns = (-seen / td50, -eta / m, seen * log_slope)
        return Predictor(eta, np.column_stack(columns[: len(theta)]), -seen)

    def uniform_gy(self, theta: Floats, eta: Floats) -> Floats:
        """Give TD50 (1 + m eta)."""
        return np.asarray(theta[0] * (1.0 + theta[1] * eta))

    def start(self, point: Floats, doses: DoseMatrix) -> Floats:
        """Give TD50 about the doses, m 0.1 to 1 and n 0.03 to 1."""
        return np.array([_place(point[0], doses), _between(point[1], 0.1, 1.0), _between(point[-1], 0.03, 1.0)])[
            : len(self.parameters)
        ]


@dataclass(frozen=True)
class LogisticResponse:
    """Logit b0 + b1 gEUD."""

    name: str = "logistic"
    parameters: tuple[Parameter, ...] = (B0, B1, VOLUME)
    link: Link = "logit"
    location: str = "b0"
    has_geud: bool = True

    def predictor(self, theta: Floats, doses: DoseMatrix, log_factor: Floats | None = None) -> Predictor:
        """Give the linear predictor b0 + b1 gEUD."""
        b0, b1, n = theta
        geud, log_slope = doses.geud_and_slope(n)
        seen = geud / _factor(doses, log_factor)
        columns = (np.ones_like(seen), seen, b1 * seen * log_slope)
        return Predictor(b0 + b1 * seen, np.column_stack(columns), -b1 * seen)

    def uniform_gy(self, theta: Floats, eta: Floats) -> Floats:
        """Give (eta - b0) / b1."""
        return np.asarray((eta - theta[0]) / max(theta[1], 1e-12))

    def start(self, point: Floats, doses: DoseMatrix) -> Floats:
        """Give b0 and b1 of a TD50 about the doses and a gamma50 of 0.3 to 3; n 0.03 to 1."""
        steep = 4.0 * _between(point[1], 0.3, 3.0)
        return np.array([-steep, steep / _place(point[0], doses), _between(point[2], 0.03, 1.0)])


@dataclass(frozen=True)
class LogLogisticResponse:
    """Logit 4 gamma50 ln(gEUD / TD50), that is NTCP = 1 / (1 + (TD50/gEUD)^(4 gamma50))."""

    name: str = "log_logistic"
    parameters: tuple[Parameter, ...] = (TD50, GAMMA50, VOLUME)
    link: Link = "logit"
    location: str = "td50_gy"
    has_geud: bool = True

    def predictor(self, theta: Floats, doses: DoseMatrix, log_factor: Floats | None = None) -> Predictor:
        """Give the linear predictor 4 gamma50 ln(gEUD / TD50)."""
        td50, gamma50, n = theta
        geud, log_slope = doses.geud_and_slope(n)
        shift = 0.0 if log_factor is None else log_factor
        above = np.log(np.maximum(geud, 1e-300)) - np.log(td50) - shift
        steep = np.full_like(above, 4.0 * gamma50)
        columns = (-steep / td50, 4.0 * above, steep * log_slope)
        # No dose, no complication, whatever the parameters.
        return Predictor(np.where(geud > 0.0, steep * above, -np.inf), np.column_stack(columns), -steep)

    def uniform_gy(self, theta: Floats, eta: Floats) -> Floats:
        """Give TD50 exp(eta / (4 gamma50))."""
        return np.asarray(theta[0] * np.exp(np.minimum(eta / (4.0 * theta[1]), 700.0)))

    def start(self, point: Floats, doses: DoseMatrix) -> Floats:
        """Give TD50 about the doses, gamma50 0.3 to 3 and n 0.03 to 1."""
        return np.array([_place(point[0], doses), _between(point[1], 0.3, 3.0), _between(point[2], 0.03, 1.0)])


@dataclass(frozen=True)
class RelativeSeriality:
    """[1 - prod (1 - P(D)^s)^v]^(1/s) with P(D) = 2^-exp(e gamma (1 - D/D50)) (Källman 1992); eta is its logit."""

    name: str = "relative_seriality"
    parameters: tuple[Parameter, ...] = (D50, Parameter("gamma", "", 0.05, 20.0), Parameter("s", "", 1e-4, 1.0))
    link: Link = "logit"
    location: str = "d50_gy"
    has_geud: bool = False

    def predictor(self, theta: Floats, doses: DoseMatrix, log_factor: Floats | None = None) -> Predictor:
        """Give the log-odds of the relative-seriality NTCP, in logarithms throughout."""
        d50, gamma, s = theta

        def terms(dose_gy: Floats) -> tuple[Floats, ...]:
            """Give ln(1 - P(D)^s), its derivative by ln s, over s, and the same times D/D50."""
            ratio = dose_gy / d50
            rise = np.exp(LOG_LOG_2 + np.e * gamma - np.e * gamma * ratio)  # -ln P(D)
            y = np.maximum(s * rise, -LEAST_LOG_P)  # -ln P(D)^s
            spared = -np.expm1(-y)
            by_s = np.exp(-y) / spared * rise
            return np.log(spared), by_s, by_s * ratio

        spared, by_s, by_s_ratio = _averages(doses, log_factor, terms)
        by_d50, by_gamma = s * np.e * gamma / d50 * by_s_ratio, s * np.e * (by_s - by_s_ratio)
        spared = np.minimum(spared, LEAST_LOG_P)
        with np.errstate(divide="ignore", over="ignore"):
            log_hit = np.log(-np.expm1(spared))
            log_ntcp = np.minimum(log_hit / s, LEAST_LOG_P)
            survival = -np.expm1(log_ntcp)
            eta = log_ntcp - np.log(survival)
            # d ln NTCP / d spared, over the survival: d eta
            weight = -1.0 / (s * np.expm1(np.minimum(-spared, 700.0))) / survival
        columns = (weight * by_d50, weight * by_gamma, weight * by_s - log_ntcp / (s * survival))
        return Predictor(eta, np.column_stack(columns), weight * by_d50 * d50)

    def uniform_gy(self, theta: Floats, eta: Floats) -> Floats:
        """Give the dose at which P(D) has these log-odds."""
        log_p = -np.logaddexp(0.0, -np.asarray(eta, dtype=float))
        rise = np.maximum(-log_p / np.log(2.0), 1e-300)
        return np.asarray(theta[0] * (1.0 - np.log(rise) / (np.e * theta[1])))

    def start(self, point: Floats, doses: DoseMatrix) -> Floats:
        """Give D50 about the doses, gamma 0.3 to 4 and s 0.005 to 1."""
        return np.array([_place(point[0], doses), _between(point[1], 0.3, 4.0), _between(point[2], 0.005, 1.0)])


@dataclass(frozen=True)
class Parallel:
    """Phi((f - f50) / sigma) of the damaged share f = sum v / (1 + (d50/D)^k) (Jackson 1995)."""

    name: str = "parallel"
    parameters: tuple[Parameter, ...] = (
        D50,
        Parameter("k", "", 0.2, 50.0),
        Parameter("f50", "", 1e-3, 1.0),
        Parameter("sigma", "", 1e-3, 10.0),
    )
    link: Link = "probit"
    location: str = "f50"
    has_geud: bool = False

    def predictor(self, theta: Floats, doses: DoseMatrix, log_factor: Floats | None = None) -> Predictor:
        """Give the linear predictor (f - f50) / sigma."""
        d50, k, f50, sigma = theta

        def terms(dose_gy: Floats) -> tuple[Floats, ...]:
            """Give the share that is damaged and its derivatives by ln d50 and k."""
            above = np.log(np.maximum(dose_gy, 1e-9) / d50)
            hit = expit(k * above)
            slope = hit * (1.0 - hit)
            return hit, -k * slope, slope * above

        damaged, by_log_d50, by_k = _averages(doses, log_factor, terms)
        eta = (damaged - f50) / sigma
        columns = (by_log_d50 / (d50 * sigma), by_k / sigma, np.full_like(eta, -1.0 / sigma), -eta / sigma)
        return Predictor(eta, np.column_stack(columns), by_log_d50 / sigma)

    def uniform_gy(self, theta: Floats, eta: Floats) -> Floats:
        """Give the dose at which the damaged share is f50 + sigma eta."""
        d50, k, f50, sigma = theta
        share = np.clip(f50 + sigma * np.asarray(eta, dtype=float), 0.0, 1.0)
        with np.errstate(divide="ignore"):
            return np.asarray(d50 * (share / (1.0 - share)) ** (1.0 / k))

    def start(self, point: Floats, doses: DoseMatrix) -> Floats:
        """Give d50 about the doses, k 1 to 6, f50 0.1 to 0.9 and sigma 0.05 to 0.6."""
        k, f50, sigma = _between(point[1], 1.0, 6.0), _between(point[2], 0.1, 0.9), _between(point[3], 0.05, 0.6)
        return np.array([_place(point[0], doses), k, f50, sigma])


def _between(point: float, low: float, high: float) -> float:
    return float(low * (high / low) ** point)


def _place(point: float, doses: DoseMatrix) -> float:
    """Give a dose between half the median of the means and four times the highest mean."""
    means = doses.geud_gy(1.0)
    return _between(point, max(0.5 * float(np.median(means)), 0.2), max(4.0 * float(means.max()), 1.0))


def _averages(
    doses: DoseMatrix, log_factor: Floats | None, terms: Callable[[Floats], tuple[Floats, ...]]
) -> tuple[Floats, ...]:
    """Average functions of the dose, divided by each patient's factor, over each patient's volume."""
    if log_factor is None:
        return tuple((doses.share @ np.column_stack(terms(doses.dose_gy))).T)
    parts = []
    for first in range(0, log_factor.size, TOGETHER):
        rows = slice(first, first + TOGETHER)
        found = terms(doses.dose_gy / np.exp(log_factor[rows, np.newaxis]))
        parts.append(np.stack([np.einsum("pb,pb->p", doses.share[rows], term) for term in found]))
    return tuple(np.hstack(parts))


RESPONSES: dict[str, DoseResponse] = {
    "lkb": Lyman(),
    "mean_dose_probit": Lyman(name="mean_dose_probit", parameters=Lyman().parameters[:2]),
    "logistic": LogisticResponse(),
    "log_logistic": LogLogisticResponse(),
    "relative_seriality": RelativeSeriality(),
    "parallel": Parallel(),
}
"""The models by their names in the config."""
