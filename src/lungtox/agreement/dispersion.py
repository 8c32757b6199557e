"""Scatter of the differences of two metrics over the same patients."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lungtox.agreement.estimate import Estimate
from lungtox.errors import ParameterError


@dataclass(frozen=True)
class DispersionRatio:
    """Standard deviations of paired differences, compared.

    Attributes
    ----------
    n : int
    sd_a, sd_b : float
    ratio : Estimate
        sd_a / sd_b with its 95 % interval.
    p : float
    """

    n: int
    sd_a: float
    sd_b: float
    ratio: Estimate
    p: float


def compare_dispersion(a: ArrayLike, b: ArrayLike) -> DispersionRatio:
    """Compare two standard deviations over the same patients (Pitman and Morgan, Biometrika 1939;31:9 and 31:13).

    The correlation r of sum and difference is zero where the deviations agree; t = r sqrt((n - 2)/(1 - r^2)). The
    interval of the variance ratio w = (sd_a/sd_b)^2 is w (K -+ sqrt(K^2 - 1)), K = 1 + 2 (1 - rho^2) t^2/(n - 2), rho
    the correlation of a and b.

    Parameters
    ----------
    a, b : array_like, shape (n,)
        Differences of two metrics of the same patients, on one scale; at least four.

    Returns
    -------
    DispersionRatio
        NaN where a metric does not scatter.

    Raises
    ------
    ParameterError
        Shapes that differ, values that are not finite, fewer than four patients.
    """
    from scipy.stats import t as student

    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1 or x.size < 4 or not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ParameterError("a and b must be finite vectors of one length, of at least 4 patients")
    n, sd_a, sd_b = x.size, float(x.std(ddof=1)), float(y.std(ddof=1))
    if min(sd_a, sd_b) <= 1e-12 * max(1.0, float(np.abs(x).max()), float(np.abs(y).max())):
        return DispersionRatio(n, sd_a, sd_b, Estimate(math.nan), math.nan)
    rho = float(np.corrcoef(x, y)[0, 1])
    ratio = sd_a / sd_b
    # r^2/(1 - r^2) of sum and difference, by the variances: no loss where they are nearly equal.
    t_value = (ratio - 1.0 / ratio) * math.sqrt(n - 2) / (2.0 * math.sqrt(max(1.0 - rho**2, 1e-15)))
    p = float(2 * student.sf(abs(t_value), n - 2))
    k = 1.0 + 2.0 * (1.0 - rho**2) * float(student.ppf(0.975, n - 2)) ** 2 / (n - 2)
    root = math.sqrt(k**2 - 1.0)
    return DispersionRatio(n, sd_a, sd_b, Estimate(ratio, ratio * math.sqrt(k - root), ratio * math.sqrt(k + root)), p)
