"""Models of a cumulative DVH: the share of the volume that gets at least a dose.

Gaussian and Fermi functions for target DVHs: Ni 2013; a mixture of two Gaussian edges for a target with a shoulder.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, ndtr

from lungtox.errors import ParameterError

FloatArray = NDArray[np.float64]
ROOT_2PI = float(np.sqrt(2.0 * np.pi))


def gaussian_share(dose_gy: ArrayLike, *, mu_gy: float, sigma_gy: float) -> FloatArray:
    """Give erfc((d - mu)/(sqrt2 sigma))/2: doses that are normal with mean mu and standard deviation sigma."""
    _positive(sigma_gy=sigma_gy)
    share: FloatArray = ndtr((mu_gy - np.asarray(dose_gy, dtype=np.float64)) / sigma_gy)
    return share


def fermi_share(dose_gy: ArrayLike, *, mu_gy: float, k_gy: float) -> FloatArray:
    """Give 1/(1 + exp((d - mu)/k)): doses that are logistic with mean mu and standard deviation pi k/sqrt3."""
    _positive(k_gy=k_gy)
    share: FloatArray = expit((mu_gy - np.asarray(dose_gy, dtype=np.float64)) / k_gy)
    return share


def mixture_share(
    dose_gy: ArrayLike, *, weight: float, mu_gy: float, sigma_gy: float, shoulder_mu_gy: float, shoulder_sigma_gy: float
) -> FloatArray:
    """Give w G(d; mu, sigma) + (1 - w) G(d; shoulder): a share w around the prescription, the rest in a shoulder."""
    if not 0.0 <= weight <= 1.0:
        raise ParameterError(f"weight must be 0 to 1, got {weight}")
    main = gaussian_share(dose_gy, mu_gy=mu_gy, sigma_gy=sigma_gy)
    shoulder = gaussian_share(dose_gy, mu_gy=shoulder_mu_gy, sigma_gy=shoulder_sigma_gy)
    return weight * main + (1.0 - weight) * shoulder


def matched_sigma_gy(k_gy: float) -> float:
    """Give the standard deviation pi k/sqrt3 of a Fermi curve: the sigma of a Gaussian with the same moments."""
    return float(np.pi * k_gy / np.sqrt(3.0))


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not (np.isfinite(value) and value > 0):
            raise ParameterError(f"{name} must be positive and finite, got {value}")


@dataclass(frozen=True)
class Shape:
    """A model as the fit sees it.

    Attributes
    ----------
    parameters : tuple of str
        In the order of the vectors.
    widths, shares : tuple of str
        Parameters that are positive; that lie between 0 and 1.
    share : callable
        (dose, values) -> share of the volume.
    slope : callable
        (dose, values) -> derivatives, shape (points, parameters).
    """

    parameters: tuple[str, ...]
    widths: tuple[str, ...]
    shares: tuple[str, ...]
    share: Callable[[FloatArray, FloatArray], FloatArray]
    slope: Callable[[FloatArray, FloatArray], FloatArray]


def _gaussian(dose: FloatArray, values: FloatArray) -> FloatArray:
    share: FloatArray = ndtr((values[0] - dose) / values[1])
    return share


def _gaussian_slope(dose: FloatArray, values: FloatArray) -> FloatArray:
    z = (values[0] - dose) / values[1]
    density = np.exp(-0.5 * z**2) / (ROOT_2PI * values[1])
    return np.column_stack([density, -density * z])


def _fermi(dose: FloatArray, values: FloatArray) -> FloatArray:
    share: FloatArray = expit((values[0] - dose) / values[1])
    return share


def _fermi_slope(dose: FloatArray, values: FloatArray) -> FloatArray:
    z = (values[0] - dose) / values[1]
    density = expit(z) * expit(-z) / values[1]
    return np.column_stack([density, -density * z])


def _mixture(dose: FloatArray, values: FloatArray) -> FloatArray:
    share: FloatArray = values[0] * _gaussian(dose, values[1:3]) + (1.0 - values[0]) * _gaussian(dose, values[3:5])
    return share


def _mixture_slope(dose: FloatArray, values: FloatArray) -> FloatArray:
    main, shoulder = values[1:3], values[3:5]
    first = _gaussian(dose, main) - _gaussian(dose, shoulder)
    return np.column_stack(
        [first, values[0] * _gaussian_slope(dose, main), (1.0 - values[0]) * _gaussian_slope(dose, shoulder)]
    )


MODELS: dict[str, Shape] = {
    "gaussian": Shape(("mu_gy", "sigma_gy"), ("sigma_gy",), (), _gaussian, _gaussian_slope),
    "fermi": Shape(("mu_gy", "k_gy"), ("k_gy",), (), _fermi, _fermi_slope),
    "mixture": Shape(
        ("weight", "mu_gy", "sigma_gy", "shoulder_mu_gy", "shoulder_sigma_gy"),
        ("sigma_gy", "shoulder_sigma_gy"),
        ("weight",),
        _mixture,
        _mixture_slope,
    ),
}
"""The models by name."""
