"""Dose responses on any scale: what a model must offer so that `fit_ntcp` can fit it, with or without covariates.

A response turns DVHs into a linear predictor eta, with NTCP = F(eta) by its link, and gives the derivatives of eta. A
covariate that modifies the dose divides every dose of a patient by a factor exp(delta' x); that is the same as TD50
multiplied by it (Tucker 2008's generalised Lyman model). So one derivative, by the logarithm of the factor, serves all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lungtox.ntcp.matrix import DoseMatrix
from lungtox.ntcp.model import Link, Parameter

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Predictor:
    """The linear predictor of patients and its derivatives.

    Attributes
    ----------
    eta : ndarray, shape (patients,)
    by_parameter : ndarray, shape (patients, parameters)
        Derivatives by the parameters in their own units, in the model's order.
    by_log_factor : ndarray, shape (patients,)
        Derivative by the logarithm of the patient's dose-modifying factor.
    """

    eta: Floats
    by_parameter: Floats
    by_log_factor: Floats


class DoseResponse(Protocol):
    """A dose-response model: parameters with names, units and bounds of the literature, and its predictor."""

    @property
    def name(self) -> str:
        """Name in the config."""
        ...

    @property
    def link(self) -> Link:
        """Function from the linear predictor to the probability."""
        ...

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """All of them, the volume parameter (n, s) included."""
        ...

    @property
    def has_geud(self) -> bool:
        """Whether the model sees one dose summary, gEUD, for which a dose-volume metric may stand."""
        ...

    @property
    def location(self) -> str:
        """The parameter that moves the curve along the dose: td50_gy, d50_gy, b0 or f50."""
        ...

    def predictor(self, theta: Floats, doses: DoseMatrix, log_factor: Floats | None = None) -> Predictor:
        """Give the linear predictor.

        Parameters
        ----------
        theta : ndarray, shape (parameters,)
            In the order and units of `parameters`.
        doses : DoseMatrix
            Of the patients.
        log_factor : ndarray, shape (patients,), optional
            Logarithm of each patient's dose-modifying factor: doses are divided by the factor. None: 1 for all.
        """
        ...

    def uniform_gy(self, theta: Floats, eta: Floats) -> Floats:
        """Give the uniform dose in Gy at which a patient without covariate effects has this linear predictor."""
        ...

    def start(self, point: Floats, doses: DoseMatrix) -> Floats:
        """Give a plausible theta to start from.

        Parameters
        ----------
        point : ndarray, shape (parameters,)
            Of the unit cube.
        doses : DoseMatrix
            They say where the curve may lie.
        """
        ...
