"""Concordance correlation (Lin, Biometrics 1989;45:255, with the correction of 2000;56:324)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lungtox.agreement.estimate import Estimate
from lungtox.errors import ParameterError

_Z95 = 1.959963984540054


@dataclass(frozen=True)
class Concordance:
    """How near pairs lie to the line of identity.

    Attributes
    ----------
    n : int
    ccc : Estimate
        Precision times accuracy; interval by Fisher's z.
    precision : float
        Pearson correlation.
    accuracy : float
        Bias correction factor.
    """

    n: int
    ccc: Estimate
    precision: float
    accuracy: float


def concordance(first: ArrayLike, second: ArrayLike) -> Concordance:
    """Compute Lin's concordance correlation coefficient with its 95 % interval.

    Variances and covariance with 1/n, as Lin has them.

    Parameters
    ----------
    first, second : array_like, shape (n,)
        Finite; independent pairs.

    Returns
    -------
    Concordance
        NaN where a source has no spread; without interval for fewer than four pairs or identical sources.

    Raises
    ------
    ParameterError
        Shapes that differ, values that are not finite, fewer than three pairs.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1 or a.size < 3 or not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ParameterError("first and second must be finite vectors of one length, of at least 3 pairs")
    n = a.size
    variance_a, variance_b = float(a.var()), float(b.var())
    scale = max(1.0, float(np.abs(a).max()), float(np.abs(b).max()))
    if min(variance_a, variance_b) <= (1e-12 * scale) ** 2:
        return Concordance(n, Estimate(math.nan), math.nan, math.nan)
    apart = float(a.mean() - b.mean())
    covariance = float(((a - a.mean()) * (b - b.mean())).mean())
    value = 2.0 * covariance / (variance_a + variance_b + apart**2)
    precision = covariance / math.sqrt(variance_a * variance_b)
    accuracy = 2.0 * math.sqrt(variance_a * variance_b) / (variance_a + variance_b + apart**2)
    return Concordance(
        n, _interval(n, value, precision, apart**2 / math.sqrt(variance_a * variance_b)), precision, accuracy
    )


def _interval(n: int, value: float, precision: float, shift: float) -> Estimate:
    """Give the interval by Fisher's z; `shift` is Lin's u squared."""
    if n < 4 or 1.0 - abs(value) < 1e-14 or abs(precision) < 1e-14:
        return Estimate(value)
    free = 1.0 - value**2
    variance = (
        (1.0 - precision**2) * value**2 / (free * precision**2)
        + 2.0 * value**3 * (1.0 - value) * shift / (precision * free**2)
        - value**4 * shift**2 / (2.0 * precision**2 * free**2)
    ) / (n - 2)
    z, half = math.atanh(value), _Z95 * math.sqrt(max(variance, 0.0))
    return Estimate(value, math.tanh(z - half), math.tanh(z + half))
