"""The paired t test, of differences or of their printed summary."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lungtox.agreement.estimate import Estimate
from lungtox.errors import ParameterError


@dataclass(frozen=True)
class PairedT:
    """A paired t test.

    Attributes
    ----------
    n : int
    mean : Estimate
        Mean difference with its 95 % interval.
    t, p : float
        NaN where all differences are equal.
    """

    n: int
    mean: Estimate
    t: float
    p: float


def paired_t(differences: ArrayLike) -> PairedT:
    """Test whether the mean of paired differences is zero.

    Parameters
    ----------
    differences : array_like, shape (n,)
        Finite; at least two.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or values.size < 2 or not np.isfinite(values).all():
        raise ParameterError("differences must be a finite vector of at least 2 values")
    sd = float(values.std(ddof=1))
    equal = sd <= 1e-12 * max(1.0, float(np.abs(values).max()))
    if equal:
        mean = float(values.mean())
        return PairedT(values.size, Estimate(mean, mean, mean), math.nan, math.nan)
    return t_from_summary(float(values.mean()), sd, values.size)


def t_from_summary(mean: float, sd: float, n: int) -> PairedT:
    """Test a printed mean difference: t = mean / (sd / sqrt(n)) with n - 1 degrees of freedom.

    Parameters
    ----------
    mean, sd : float
        Of the differences; `sd` with n - 1, positive.
    n : int
        Pairs, at least two.

    Raises
    ------
    ParameterError
        Figures that no differences can have.
    """
    from scipy.stats import t as student

    if n < 2 or not sd > 0 or not math.isfinite(mean):
        raise ParameterError(f"a paired t test needs n >= 2 and a positive sd, got n = {n}, sd = {sd:g}")
    error = sd / math.sqrt(n)
    value = mean / error
    half = float(student.ppf(0.975, n - 1)) * error
    return PairedT(n, Estimate(mean, mean - half, mean + half), value, float(2 * student.sf(abs(value), n - 1)))
