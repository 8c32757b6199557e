"""Normal approximation of the printed parameters of a published model."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from lungtox.errors import Fault, InputError, ParameterError
from lungtox.ntcp.published import PublishedModel

Floats = NDArray[np.float64]
PARAMETERS = {"lkb": ("td50_gy", "m"), "logistic": ("b0", "b1"), "logistic_d50": ("td50_gy", "gamma50")}
# Coefficient of the linear predictor = factor exp(powers . theta), theta the logarithms of the two parameters.
POWERS = {
    "lkb": ((-1.0, (0.0, -1.0)), (1.0, (-1.0, -1.0))),
    "logistic_d50": ((-4.0, (0.0, 1.0)), (4.0, (-1.0, 1.0))),
}
PRINTED_LEVEL = 0.95


@dataclass(frozen=True)
class NormalPrior:
    """Two parameters of the dose response as a normal distribution.

    TD50, m and gamma50 are positive and their printed intervals are nearly symmetric on the logarithm: they enter by
    their logarithm, the logistic coefficients as they are.

    Attributes
    ----------
    kind : {"lkb", "logistic", "logistic_d50"}
    names : tuple of str
    mean : ndarray, shape (2,)
        On the scale of the distribution.
    covariance : ndarray, shape (2, 2)
    correlation : float
        Assumed: papers print intervals, not the correlation.
    between : float
        Assumed standard deviation of the intercept between hospitals, on the model's link.
    """

    kind: str
    names: tuple[str, str]
    mean: Floats
    covariance: Floats
    correlation: float
    between: float = 0.0

    @property
    def logarithmic(self) -> bool:
        """Whether the distribution is one of the logarithms."""
        return self.kind in POWERS

    def values(self, theta: Floats) -> Floats:
        """Give the parameters as printed, from the scale of the distribution."""
        return np.exp(theta) if self.logarithmic else theta

    def line(self, theta: Floats) -> tuple[Floats, Floats, Floats]:
        """Give intercept and slope per Gy of the linear predictor.

        Returns
        -------
        value : ndarray, shape (2,)
        gradient : ndarray, shape (2, 2)
            By coefficient and parameter.
        curvature : ndarray, shape (2, 2, 2)
            Second derivatives, by coefficient and twice by parameter.
        """
        if not self.logarithmic:
            return theta, np.eye(2), np.zeros((2, 2, 2))
        factors = np.array([factor for factor, _ in POWERS[self.kind]])
        powers = np.array([power for _, power in POWERS[self.kind]])
        value = factors * np.exp(powers @ theta)
        gradient = value[:, np.newaxis] * powers
        return value, gradient, gradient[:, :, np.newaxis] * powers[:, np.newaxis, :]


def normal_prior(model: PublishedModel, *, correlation: float = 0.0, between: float = 0.0) -> NormalPrior:
    """Approximate the printed 95 % intervals of a published model by a normal distribution.

    Parameters
    ----------
    model : PublishedModel
    correlation : float
        Of the two estimates, on the scale of the distribution (logarithms of TD50 and m or gamma50; b0 and b1 as they
        are). Papers rarely print it. With 0, logistic coefficients, whose estimates in truth go against each other,
        give a prior that says less about the risk than the paper knew: cautious.
    between : float
        Standard deviation of the intercept between hospitals, on the model's link, added to the printed uncertainty: a
        pooled study knows its mean better than it knows the next hospital. 0 takes the printed intervals alone.

    Raises
    ------
    InputError
        A model without printed intervals, or without a TD50 or coefficients of its own.
    """
    if not -1.0 < correlation < 1.0:
        raise ParameterError(f"correlation must lie between -1 and 1, got {correlation:g}")
    if not (np.isfinite(between) and between >= 0.0):
        raise ParameterError(f"between must be 0 or above, got {between:g}")
    who = f"published model {model.name}"
    names = PARAMETERS.get(model.model)
    if names is None:
        action = "Use closed_testing, which needs no prior."
        raise InputError(Fault(who, "an LKB or logistic model", model.model, action, "ntcp-prior"))
    without = [name for name in names if name not in model.intervals]
    if without:
        found = f"none of {', '.join(without)}"
        action = "Use closed_testing, or a model whose intervals are printed."
        raise InputError(Fault(who, "printed 95 % intervals of its parameters", found, action, "ntcp-prior"))
    centre = np.array([model.parameters[name] for name in names])
    ends = np.array([model.intervals[name] for name in names])
    if model.model in POWERS:
        centre, ends = np.log(centre), np.log(ends)
    sd = (ends[:, 1] - ends[:, 0]) / (2.0 * float(ndtri(0.5 + PRINTED_LEVEL / 2.0)))
    covariance = np.outer(sd, sd) * np.array([[1.0, correlation], [correlation, 1.0]])
    prior = NormalPrior(model.model, (names[0], names[1]), centre, covariance, correlation, between)
    # The direction in which the intercept moves by 1 and the slope per Gy stays.
    direction = np.linalg.solve(prior.line(centre)[1], np.array([1.0, 0.0]))
    return replace(prior, covariance=covariance + between**2 * np.outer(direction, direction))
