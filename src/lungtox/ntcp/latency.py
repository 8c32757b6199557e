"""The likelihood of when the complication came: a dose response seen through a latency, with censoring."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtr

from lungtox.ntcp.climb import Derivatives
from lungtox.ntcp.likelihood import Bernoulli
from lungtox.ntcp.matrix import DoseMatrix
from lungtox.ntcp.model import Parameter
from lungtox.ntcp.response import Predictor

Floats = NDArray[np.float64]
MEDIAN = Parameter("latency_median_d", "d", 1.0, 5000.0)
SIGMA = Parameter("latency_sigma", "", 0.02, 5.0)
LATENCY = (MEDIAN, SIGMA)
_ROOT_2PI = float(np.sqrt(2.0 * np.pi))


@dataclass(frozen=True)
class TimeToEvent(Bernoulli):
    """A mixture: NTCP(D) of the patients get the complication, after a log-normal latency (Tucker 2008).

    P(complication by t) = NTCP(D) F(t), F(t) = Phi(ln(t / median) / sigma). A complication at t counts with NTCP f(t),
    a patient who was followed to t without it with 1 - NTCP F(t). The two parameters of the latency follow those of the
    response and its covariates.

    Attributes
    ----------
    time_d : ndarray, shape (patients,)
        Days to the complication, or to the end of follow-up without it.
    """

    time_d: Floats = field(default_factory=lambda: np.zeros(0))

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Those of the response, of the covariates, of the latency."""
        return (*super().parameters, *LATENCY)

    @property
    def outcomes_known(self) -> bool:
        """Not where somebody's follow-up ended: the complication may come later."""
        return False

    def start(self, point: Floats) -> Floats:
        """Give a plausible theta to start from: the latency of those with the complication."""
        logs = np.log(self.time_d[self.sign > 0.0])
        median, sigma = np.exp(np.median(logs)), max(float(logs.std()), 0.1)
        return np.append(super().start(point), [median, sigma])

    def rows(self, patients: NDArray[np.int64]) -> TimeToEvent:
        """Give the likelihood of some of the patients; the same one may come twice."""
        x = self.x[patients] if self.covariates else self.x
        return replace(
            self, doses=self.doses.rows(patients), sign=self.sign[patients], x=x, time_d=self.time_d[patients]
        )

    def predictor(self, theta: Floats, doses: DoseMatrix, x: Floats) -> Predictor:
        """Give the linear predictor of NTCP, with its derivatives by all of theta: 0 for the latency."""
        found = super().predictor(theta[: -len(LATENCY)], doses, x)
        zeros = np.zeros((found.eta.size, len(LATENCY)))
        return replace(found, by_parameter=np.hstack([found.by_parameter, zeros]))

    def loglik(self, theta: Floats) -> float:
        """Give the log-likelihood."""
        eta = self.predictor(theta, self.doses, self.x).eta
        return float(self._terms(eta, theta).sum())

    def derivatives(self, theta: Floats) -> Derivatives:
        """Give log-likelihood, gradient, and the information expected of patients who can be followed so long.

        That of a patient with the complication, whose follow-up had it not come is not known, is for endless follow-up.
        """
        found = self.predictor(theta, self.doses, self.x)
        eta, (median, sigma) = found.eta, theta[-2:]
        z = self._z(theta)
        score = np.where(self._had, self._event_score(eta, z), self._free_score(eta, z))
        information = self._information(eta, z)
        # From eta, mu (of the logarithm) and sigma, both latency terms times sigma, to theta.
        jacobian = np.zeros((3, eta.size, theta.size))
        jacobian[0] = found.by_parameter
        jacobian[1, :, -2], jacobian[2, :, -1] = 1.0 / (sigma * median), 1.0 / sigma
        return Derivatives(
            float(self._terms(eta, theta).sum()),
            np.einsum("cp,cpk->k", score, jacobian),
            np.einsum("cdp,cpk,dpl->kl", information, jacobian, jacobian, optimize=True),
        )

    @cached_property
    def _had(self) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = self.sign > 0.0
        return found

    def _z(self, theta: Floats) -> Floats:
        median, sigma = theta[-2:]
        return np.asarray((np.log(self.time_d) - np.log(median)) / sigma)

    def _terms(self, eta: Floats, theta: Floats) -> Floats:
        """Give the log-likelihood of each patient, shape (patients,)."""
        z = self._z(theta)
        with_event = self.log_chance(eta, 1.0) - 0.5 * z**2 - np.log(_ROOT_2PI * theta[-1] * self.time_d)
        return np.where(self._had, with_event, self._log_free(eta, z))

    def _event_score(self, eta: Floats, z: Floats) -> Floats:
        """Give the derivatives of ln NTCP + ln f by eta, and by mu and sigma times sigma, shape (3, patients)."""
        return np.stack([self.log_slope(eta, 1.0), z, z**2 - 1.0])

    def _free_score(self, eta: Floats, z: Floats) -> Floats:
        """Give the same derivatives of ln(1 - NTCP F); ratios of small numbers in logarithms, or they overflow."""
        log_free = self._log_free(eta, z)
        by_eta = ndtr(z) * self.log_slope(eta, -1.0) * np.exp(self.log_chance(eta, -1.0) - log_free)
        rate = np.exp(self.log_chance(eta, 1.0) - 0.5 * z**2 - log_free) / _ROOT_2PI
        return np.stack([by_eta, rate, rate * z])

    def _log_free(self, eta: Floats, z: Floats) -> Floats:
        """Give ln(1 - NTCP F) as (1 - NTCP) + NTCP (1 - F), which keeps its digits where both are near 1."""
        return np.logaddexp(self.log_chance(eta, -1.0), self.log_chance(eta, 1.0) + log_ndtr(-z))

    def _information(self, eta: Floats, z: Floats) -> Floats:
        """Give the expected outer product of the scores up to each patient's end of follow-up, (3, 3, patients)."""
        end = np.where(self._had, np.inf, z)
        p, rise = np.exp(self.log_chance(eta, 1.0)), self.log_slope(eta, 1.0)
        with np.errstate(invalid="ignore"):
            density = np.exp(-0.5 * end**2) / _ROOT_2PI
            first, third = -density, -np.where(density > 0.0, (end**2 + 2.0) * density, 0.0)
            second = ndtr(end) - np.where(density > 0.0, end * density, 0.0)
            fourth = 3.0 * ndtr(end) - np.where(density > 0.0, (end**3 + 3.0 * end) * density, 0.0)
        mass = ndtr(end)
        events = p * np.array(
            [
                [rise**2 * mass, rise * first, rise * (second - mass)],
                [rise * first, second, third - first],
                [rise * (second - mass), third - first, fourth - 2.0 * second + mass],
            ]
        )
        finite = np.where(np.isfinite(end), end, 40.0)
        free = self._free_score(eta, finite)
        result: Floats = events + np.exp(self._log_free(eta, finite)) * free[:, np.newaxis] * free[np.newaxis]
        return result
