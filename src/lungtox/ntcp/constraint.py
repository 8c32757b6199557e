"""A likelihood on the parameter values that give one patient, or a uniform dose, a certain NTCP.

The location parameter (TD50, D50, b0, f50) is solved from the others, so that a profile over NTCP is a climb without
constraint and with one parameter less.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lungtox.ntcp.climb import Derivatives, Scale
from lungtox.ntcp.likelihood import Bernoulli
from lungtox.ntcp.matrix import DoseMatrix
from lungtox.ntcp.model import Parameter
from lungtox.ntcp.response import Predictor

Floats = NDArray[np.float64]
ROOT_STEPS = 60


@dataclass(frozen=True)
class AtNtcp:
    """A likelihood held at a linear predictor of a probe.

    Attributes
    ----------
    likelihood : Bernoulli
    probe : DoseMatrix
        One patient.
    probe_x : ndarray, shape (1, covariates)
    location : int
        Index of the parameter that is solved: that of the response, or another where it is fixed.
    eta : float
        Linear predictor of the probe.
    """

    likelihood: Bernoulli
    probe: DoseMatrix
    probe_x: Floats
    location: int
    eta: float = 0.0

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """All but the one that is solved."""
        every = self.likelihood.parameters
        return (*every[: self.location], *every[self.location + 1 :])

    def at(self, eta: float) -> AtNtcp:
        """Give the same with another linear predictor."""
        return replace(self, eta=eta)

    def eta_of(self, theta: Floats) -> float:
        """Give the linear predictor of the probe for all parameters."""
        return float(self._predictor(theta).eta[0])

    def slopes(self, theta: Floats) -> Floats:
        """Give the derivatives of the probe's linear predictor by all parameters."""
        result: Floats = self._predictor(theta).by_parameter[0]
        return result

    def loglik(self, theta: Floats) -> float:
        """Give the log-likelihood; minus infinity where no location gives this NTCP."""
        whole = self.whole(theta)
        return -np.inf if whole is None else self.likelihood.loglik(whole)

    def derivatives(self, theta: Floats) -> Derivatives:
        """Give the log-likelihood with its derivatives by the other parameters."""
        whole, size = self.whole(theta), theta.size
        if whole is None:
            return Derivatives(-np.inf, np.zeros(size), np.zeros((size, size)))
        found = self.likelihood.derivatives(whole)
        by = self._predictor(whole).by_parameter[0]
        others = np.delete(np.arange(whole.size), self.location)
        jacobian = np.zeros((whole.size, size))
        jacobian[others, np.arange(size)] = 1.0
        jacobian[self.location] = -by[others] / by[self.location]
        return Derivatives(found.loglik, jacobian.T @ found.gradient, jacobian.T @ found.information @ jacobian)

    def whole(self, theta: Floats) -> Floats | None:
        """Give all parameters, the location solved by Newton between its bounds; None where it has no solution."""
        at = self.location
        whole = np.insert(theta, at, np.nan)
        scale = Scale(self.likelihood.parameters[at : at + 1])
        ends = [self._excess(whole, scale, float(end[0]))[0] for end in (scale.low, scale.high)]
        low, high = float(scale.low[0]), float(scale.high[0])
        if not np.sign(ends[0]) * np.sign(ends[1]) < 0:
            return None
        rising = ends[1] > 0
        u = min(max(self._guess(whole), low), high)
        for _ in range(ROOT_STEPS):
            excess, slope, solved = self._excess(whole, scale, u)
            if (excess > 0) == rising:
                high = u
            else:
                low = u
            step = u - excess / slope if slope != 0.0 else np.nan
            following = step if low < step < high else 0.5 * (low + high)
            if abs(excess) < 1e-12 * max(1.0, abs(self.eta)) or abs(following - u) < 1e-14 * max(1.0, abs(u)):
                return solved
            u = following
        return solved

    def _guess(self, whole: Floats) -> float:
        """Give the answer for a uniform dose where the location scales doses, a place to start from otherwise."""
        response = self.likelihood.response
        parameter = response.parameters[self.location]
        if parameter.name == response.location and parameter.name in ("td50_gy", "d50_gy"):
            unit = whole[: len(response.parameters)].copy()
            unit[self.location] = 1.0
            ratio = float(response.uniform_gy(unit, np.array([self.eta]))[0])
            dose = float(self.probe.geud_gy(1.0)[0])
            if ratio > 0.0 and dose > 0.0:
                return float(np.log(dose / ratio))
        # One step along the parameter itself: exact for b0 and f50, in which the linear predictor is straight.
        middle = whole.copy()
        middle[self.location] = (parameter.low * parameter.high) ** 0.5 if parameter.logarithmic else 0.0
        found = self._predictor(middle)
        slope = float(found.by_parameter[0, self.location])
        value = middle[self.location] - (float(found.eta[0]) - self.eta) / slope if slope != 0.0 else np.nan
        if not np.isfinite(value) or (parameter.logarithmic and value <= 0.0):
            value = middle[self.location]
        return float(np.log(value)) if parameter.logarithmic else float(value)

    def _excess(self, whole: Floats, scale: Scale, u: float) -> tuple[float, float, Floats]:
        solved = whole.copy()
        solved[self.location] = scale.outward(np.array([u]))[0]
        found = self._predictor(solved)
        value = float(found.eta[0]) - self.eta
        slope = float(found.by_parameter[0, self.location] * scale.slopes(solved[self.location : self.location + 1])[0])
        return (value if not np.isnan(value) else -np.inf), slope, solved

    def _predictor(self, theta: Floats) -> Predictor:
        return self.likelihood.predictor(theta, self.probe, self.probe_x)
