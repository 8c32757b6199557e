"""Pooling of estimates from several imputed tables: Rubin's rules, with the degrees of freedom of small samples."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lungtox.errors import ParameterError

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pooled:
    """Pooled estimates.

    Attributes
    ----------
    estimate, se : ndarray, shape (k,)
    df : ndarray, shape (k,)
        Degrees of freedom of the t distribution (Barnard and Rubin 1999).
    low, high, p : ndarray, shape (k,)
        Interval and two-sided test against zero by that distribution.
    missing_information : ndarray, shape (k,)
        Fraction of missing information, 0 to 1.
    imputations : int
    """

    estimate: FloatArray
    se: FloatArray
    df: FloatArray
    low: FloatArray
    high: FloatArray
    p: FloatArray
    missing_information: FloatArray
    imputations: int


@dataclass(frozen=True)
class PooledTest:
    """Pooled Wald test of several parameters at once.

    Attributes
    ----------
    statistic, df, residual_df, p : float
        F statistic with its two degrees of freedom.
    """

    statistic: float
    df: int
    residual_df: float
    p: float


def pool(
    estimates: npt.ArrayLike, variances: npt.ArrayLike, *, complete_df: float = math.inf, confidence: float = 0.95
) -> Pooled:
    """Pool estimates of the same parameters over imputed tables (Rubin 1987).

    Parameters
    ----------
    estimates, variances : array_like, shape (m, k)
        On a scale on which the estimate is about normal (log odds, logit of an AUC), and squared standard errors.
    complete_df : float
        Residual degrees of freedom that the analysis would have without missing values, such as n - k; infinite: those
        of Rubin 1987.
    confidence : float

    Returns
    -------
    Pooled

    Raises
    ------
    ParameterError
        Fewer than two imputations, shapes that differ, a variance that is not positive, a number that is not finite.
    """
    from scipy.stats import t

    q, u = (
        np.atleast_2d(np.asarray(estimates, dtype=np.float64)),
        np.atleast_2d(np.asarray(variances, dtype=np.float64)),
    )
    if q.shape != u.shape or len(q) < 2:
        raise ParameterError(f"expected two or more imputations of one shape; found {q.shape} and {u.shape}")
    if not (np.isfinite(q).all() and np.isfinite(u).all() and (u > 0).all()):
        raise ParameterError("estimates must be finite, variances finite and positive")
    m = len(q)
    within, between = u.mean(axis=0), q.var(axis=0, ddof=1)
    total = within + (1.0 + 1.0 / m) * between
    df = _barnard_rubin(m, (1.0 + 1.0 / m) * between / total, complete_df)
    estimate, se = q.mean(axis=0), np.sqrt(total)
    half = np.asarray(t.ppf(0.5 + confidence / 2.0, df) * se, dtype=np.float64)
    increase = (1.0 + 1.0 / m) * between / within
    information = np.where(increase > 1e-12, (increase + 2.0 / (df + 3.0)) / (1.0 + increase), 0.0)
    p = np.asarray(2.0 * t.sf(np.abs(estimate) / se, df), dtype=np.float64)
    return Pooled(estimate, se, df, estimate - half, estimate + half, p, information, m)


def pool_test(estimates: npt.ArrayLike, covariances: npt.ArrayLike, *, complete_df: float = math.inf) -> PooledTest:
    """Test several parameters against zero over imputed tables (D1 of Li, Raghunathan and Rubin 1991).

    Parameters
    ----------
    estimates : array_like, shape (m, k)
    covariances : array_like, shape (m, k, k)
    complete_df : float
        As for `pool`; Reiter's 2007 degrees of freedom where it is finite.

    Returns
    -------
    PooledTest
    """
    from scipy.stats import f

    q, u = np.asarray(estimates, dtype=np.float64), np.asarray(covariances, dtype=np.float64)
    if q.ndim != 2 or u.shape != (*q.shape, q.shape[1]) or len(q) < 2:
        raise ParameterError(f"expected shapes (m, k) and (m, k, k) with m above 1; found {q.shape} and {u.shape}")
    m, k = q.shape
    mean, within = q.mean(axis=0), u.mean(axis=0)
    between = np.cov(q, rowvar=False, ddof=1).reshape(k, k)
    increase = (1.0 + 1.0 / m) * float(np.trace(between @ np.linalg.inv(within))) / k
    statistic = float(mean @ np.linalg.solve(within, mean)) / (k * (1.0 + increase))
    residual = _residual_df(m, k, increase, complete_df)
    return PooledTest(statistic, k, residual, float(f.sf(statistic, k, residual)))


def _barnard_rubin(m: int, share: FloatArray, complete_df: float) -> FloatArray:
    """Give the degrees of freedom; `share` is that of the total variance which the missing values bring."""
    with np.errstate(divide="ignore"):
        old = np.where(share > 1e-12, (m - 1) / np.maximum(share, 1e-300) ** 2, np.inf)
    if math.isinf(complete_df):
        return old
    observed = (complete_df + 1.0) / (complete_df + 3.0) * complete_df * (1.0 - share)
    with np.errstate(invalid="ignore"):
        return np.where(np.isinf(old), observed, old * observed / (old + observed))


def _residual_df(m: int, k: int, increase: float, complete_df: float) -> float:
    t = k * (m - 1)
    if increase <= 1e-12:
        return complete_df
    if math.isfinite(complete_df):
        return _reiter(t, increase, complete_df)
    if t > 4:
        return 4.0 + (t - 4.0) * (1.0 + (1.0 - 2.0 / t) / increase) ** 2
    return t * (1.0 + 1.0 / k) * (1.0 + 1.0 / increase) ** 2 / 2.0


def _reiter(t: int, increase: float, complete_df: float) -> float:
    """Denominator degrees of freedom of small samples (Reiter 2007, equation 3)."""
    a = increase * t / (t - 2.0)
    v = (complete_df + 1.0) / (complete_df + 3.0) * complete_df
    c0 = 1.0 / (t - 4.0)
    c1 = v - 2.0 * (1.0 + a)
    c2 = v - 4.0 * (1.0 + a)
    z = (
        1.0 / c2 + c0 * (a**2 * c1 / ((1.0 + a) ** 2 * c2)) + c0 * (8.0 * a**2 * c1 / ((1.0 + a) * c2**2))
        + c0 * (4.0 * a**2 / ((1.0 + a) * c2)) + c0 * (4.0 * a**2 / (c2 * c1))
        + c0 * (16.0 * a**2 * c1 / c2**3) + c0 * (8.0 * a**2 / c2**2)
    )  # fmt: skip
    return 4.0 + 1.0 / z
