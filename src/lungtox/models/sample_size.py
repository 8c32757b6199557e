"""How many patients a logistic prediction model needs (Riley et al. 2019, 2020), and events per parameter."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import log_expit, ndtri

from lungtox.errors import ParameterError

_SHRINKAGE = 0.9
_R2_DIFFERENCE = 0.05
_RISK_ERROR = 0.05
_NODES = 201


@dataclass(frozen=True)
class SampleSize:
    """Smallest number of patients by each criterion.

    Attributes
    ----------
    shrinkage : int
        Expected shrinkage of the coefficients at least 0.9.
    optimism : int
        Apparent and adjusted Nagelkerke R2 at most 0.05 apart.
    rate : int
        The overall risk within 0.05.
    required : int
        The largest of the three.
    r2 : float
        Cox-Snell R2 that the expected AUC and the rate imply.
    """

    shrinkage: int
    optimism: int
    rate: int
    r2: float

    @property
    def required(self) -> int:
        """The largest of the three."""
        return max(self.shrinkage, self.optimism, self.rate)


def minimum_sample_size(*, parameters: int, rate: float, auc: float) -> SampleSize:
    """Give Riley's minimum sample size for a binary outcome.

    Parameters
    ----------
    parameters : int
        All candidate parameters beside the intercept, those that a selection drops included.
    rate : float
        Expected share of events, between 0 and 1.
    auc : float
        Expected from the literature, above 0.5 and below 1; never the one found in these patients.

    Returns
    -------
    SampleSize

    Raises
    ------
    ParameterError
        A value outside of its range.

    Notes
    -----
    The Cox-Snell R2 that belongs to an AUC takes the linear predictor as normal with equal spread in both groups
    (Riley, Van Calster and Collins 2021); here by quadrature, there by simulation.
    """
    if parameters < 1 or not 0.0 < rate < 1.0 or not 0.5 < auc < 1.0:
        raise ParameterError(
            f"parameters from 1, rate in (0, 1), auc in (0.5, 1); got {parameters}, {rate:g} and {auc:g}"
        )
    r2 = cox_snell_r2(rate=rate, auc=auc)
    highest = 1.0 - (rate**rate * (1.0 - rate) ** (1.0 - rate)) ** 2
    second = r2 / (r2 + _R2_DIFFERENCE * highest)
    margin = (float(ndtri(0.975)) / _RISK_ERROR) ** 2 * rate * (1.0 - rate)
    return SampleSize(
        math.ceil(_for_shrinkage(parameters, r2, _SHRINKAGE)),
        math.ceil(_for_shrinkage(parameters, r2, second)),
        math.ceil(margin),
        r2,
    )


def _for_shrinkage(parameters: int, r2: float, shrinkage: float) -> float:
    return parameters / ((shrinkage - 1.0) * math.log1p(-r2 / shrinkage))


def cox_snell_r2(*, rate: float, auc: float) -> float:
    """Give the Cox-Snell R2 of a well calibrated model with an AUC, its linear predictor normal in both groups."""
    distance = math.sqrt(2.0) * float(ndtri(auc))
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    weights = weights / weights.sum()
    # With densities N(0, 1) and N(d, 1) the log odds given the score x are logit(rate) + d x - d^2/2.
    intercept = math.log(rate / (1.0 - rate)) - 0.5 * distance**2
    event = weights @ log_expit(intercept + distance * (nodes + distance))
    other = weights @ log_expit(-(intercept + distance * nodes))
    fitted = rate * float(event) + (1.0 - rate) * float(other)
    null = rate * math.log(rate) + (1.0 - rate) * math.log1p(-rate)
    return -math.expm1(-2.0 * (fitted - null))
