"""The Bernoulli log-likelihood of a dose response with covariates, and of one that is held at an NTCP."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from lungtox.errors import ParameterError
from lungtox.ntcp.climb import Derivatives
from lungtox.ntcp.covariates import Effect
from lungtox.ntcp.matrix import DoseMatrix
from lungtox.ntcp.model import Parameter
from lungtox.ntcp.newton import log_probability, slope_and_weight
from lungtox.ntcp.response import DoseResponse, Predictor

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Bernoulli:
    """A dose response on patients with known outcome.

    Attributes
    ----------
    response : DoseResponse
    doses : DoseMatrix
    sign : ndarray, shape (patients,)
        1 with the complication, -1 without.
    x : ndarray, shape (patients, covariates)
        Distances of the covariates from their references.
    effect : {"dose", "odds"}
    covariates : tuple of Parameter
        Of the columns of x; they follow those of the response in theta.
    """

    response: DoseResponse
    doses: DoseMatrix
    sign: Floats
    x: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    effect: Effect = "dose"
    covariates: tuple[Parameter, ...] = ()

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Those of the response, then those of the covariates."""
        return (*self.response.parameters, *self.covariates)

    @property
    def outcomes_known(self) -> bool:
        """Whether a sign of -1 means that the complication never came; observed rates and AUC need that."""
        return True

    def require_outcomes(self, what: str) -> None:
        """Refuse what counts complications where some may still come."""
        if not self.outcomes_known:
            raise ParameterError(
                f"{what} counts patients with and without the complication, but this fit has patients who were not"
                " followed to its end: use `fit_ntcp` on patients with a known outcome."
            )

    def start(self, point: Floats) -> Floats:
        """Give a plausible theta to start from: covariates without effect.

        Parameters
        ----------
        point : ndarray, shape (parameters of the response,)
            Of the unit cube.
        """
        return np.append(self.response.start(point, self.doses), np.zeros(len(self.covariates)))

    def rows(self, patients: NDArray[np.int64]) -> Bernoulli:
        """Give the likelihood of some of the patients; the same one may come twice."""
        x = self.x[patients] if self.covariates else self.x
        return replace(self, doses=self.doses.rows(patients), sign=self.sign[patients], x=x)

    def predictor(self, theta: Floats, doses: DoseMatrix, x: Floats) -> Predictor:
        """Give the linear predictor of any patients, with its derivatives by all of theta."""
        dose_part, effects = np.split(theta, [len(self.response.parameters)])
        if not self.covariates:
            return self.response.predictor(dose_part, doses)
        if self.effect == "odds":
            found = self.response.predictor(dose_part, doses)
            columns = np.column_stack([found.by_parameter, x])
            return Predictor(found.eta + x @ effects, columns, found.by_log_factor)
        shift = x @ effects
        found = self.response.predictor(dose_part, doses, shift if np.any(shift) else None)
        columns = np.column_stack([found.by_parameter, found.by_log_factor[:, np.newaxis] * x])
        return Predictor(found.eta, columns, found.by_log_factor)

    def log_chance(self, eta: Floats, sign: float) -> Floats:
        """Give the log-probability of the complication (sign 1), or of none (-1), by the linear predictor."""
        return log_probability(sign * eta, self.response.link)

    def log_slope(self, eta: Floats, sign: float) -> Floats:
        """Give the derivative of `log_chance` by the linear predictor."""
        return slope_and_weight(eta, np.full_like(eta, sign), self.response.link)[0]

    def loglik(self, theta: Floats) -> float:
        """Give the sum of log probabilities of what happened."""
        eta = self.predictor(theta, self.doses, self.x).eta
        return float(log_probability(self.sign * eta, self.response.link).sum())

    def derivatives(self, theta: Floats) -> Derivatives:
        """Give log-likelihood, gradient and expected information."""
        found = self.predictor(theta, self.doses, self.x)
        eta, link = found.eta, self.response.link
        slope, _ = slope_and_weight(eta, self.sign, link)
        # Expected information: F'^2 / (F (1 - F)), as the product of the slopes of both outcomes.
        weight = -self.log_slope(eta, 1.0) * self.log_slope(eta, -1.0)
        jacobian = found.by_parameter
        loglik = float(log_probability(self.sign * eta, link).sum())
        return Derivatives(loglik, slope @ jacobian, jacobian.T @ (weight[:, np.newaxis] * jacobian))
