"""Mann-Whitney and Wilcoxon signed-rank tests with the Hodges-Lehmann shift and its interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

# R's wilcox.test is exact up to here where there are no ties; so are we, and p values agree.
_EXACT_BELOW = 50
_Z95 = 1.959963984540054


@dataclass(frozen=True)
class RankTest:
    """A rank test and the shift that belongs to it.

    Attributes
    ----------
    name : str
        Which test, and whether exact.
    p : float
        Two-sided; missing where there is nothing to test, `name` then says why.
    shift, low, high : float
        Hodges-Lehmann estimate with 95 % interval; limits are missing where so few values cannot reach 95 %.
    """

    name: str
    p: float
    shift: float
    low: float
    high: float


def mann_whitney(a: FloatArray, b: FloatArray) -> RankTest:
    """Compare two independent groups.

    Parameters
    ----------
    a, b : ndarray
        Values without missing ones. The shift is that of `a` against `b`.

    Returns
    -------
    RankTest
        Exact without ties and below 50 values in each group; else the normal approximation with ties and
        continuity corrected.
    """
    from scipy.stats import mannwhitneyu

    if min(len(a), len(b)) < 2:
        return _untested("fewer than 2 patients in a group")
    together = np.concatenate([a, b])
    if together.min() == together.max():
        return _untested("all values are equal")
    counts = np.unique(together, return_counts=True)[1]
    exact = len(counts) == len(together) and max(len(a), len(b)) < _EXACT_BELOW
    p = float(mannwhitneyu(a, b, method="exact" if exact else "asymptotic", use_continuity=True).pvalue)
    differences = np.subtract.outer(a, b).ravel()
    if exact:
        depth = _exact_depth(_rank_sum_frequencies(len(a), len(b)))
    else:
        n = len(together)
        ties = float((counts**3 - counts).sum()) / (n * (n - 1))
        depth = _normal_depth(len(a) * len(b) / 2.0, len(a) * len(b) / 12.0 * (n + 1 - ties))
    return _result("Mann-Whitney", exact, p, differences, depth)


def signed_rank(differences: FloatArray) -> RankTest:
    """Test paired differences against zero (Wilcoxon signed-rank).

    Parameters
    ----------
    differences : ndarray
        Without missing values. Zeros do not enter the test (Wilcoxon's rule), but do enter the shift.

    Returns
    -------
    RankTest
        Exact without ties and zeros and below 50 pairs; else the normal approximation with ties and continuity
        corrected.
    """
    from scipy.stats import wilcoxon

    if len(differences) < 2:
        return _untested("fewer than 2 pairs")
    sizes = np.abs(differences[differences != 0.0])
    if not len(sizes):
        return _untested("no pair differs")
    counts = np.unique(sizes, return_counts=True)[1]
    n = len(differences)
    exact = len(counts) == n and n < _EXACT_BELOW
    method: Literal["exact", "approx"] = "exact" if exact else "approx"
    p = float(wilcoxon(differences, correction=not exact, method=method, axis=0).pvalue)
    upper = np.triu_indices(n)
    averages = (differences[upper[0]] + differences[upper[1]]) / 2.0
    if exact:
        depth = _exact_depth(_signed_rank_frequencies(n))
    else:
        variance = n * (n + 1) * (2 * n + 1) / 24.0 - float((counts**3 - counts).sum()) / 48.0
        depth = _normal_depth(n * (n + 1) / 4.0, variance)
    return _result("Wilcoxon signed-rank", exact, p, averages, depth)


def _result(test: str, exact: bool, p: float, candidates: FloatArray, depth: int) -> RankTest:
    """Take the median of the candidates and, `depth` in from both ends, the limits."""
    name = f"{test} ({'exact' if exact else 'normal approximation'})"
    low = high = math.nan
    if depth >= 1:
        ends = np.partition(candidates, [depth - 1, len(candidates) - depth])
        low, high = float(ends[depth - 1]), float(ends[len(candidates) - depth])
    return RankTest(name, p, float(np.median(candidates)), low, high)


def _untested(reason: str) -> RankTest:
    return RankTest(f"not tested: {reason}", math.nan, math.nan, math.nan, math.nan)


def _exact_depth(frequencies: FloatArray) -> int:
    """Give the smallest statistic that its null distribution reaches with 2.5 %; 0 where 95 % cannot be had."""
    return int(np.searchsorted(np.cumsum(frequencies) / frequencies.sum(), 0.025))


def _normal_depth(mean: float, variance: float) -> int:
    return max(0, math.ceil(mean - _Z95 * math.sqrt(variance) - 0.5))


def _signed_rank_frequencies(n: int) -> FloatArray:
    """Count the sign patterns of ranks 1..n by the sum of the positive ranks."""
    counts = np.zeros(n * (n + 1) // 2 + 1)
    counts[0] = 1.0
    for rank in range(1, n + 1):
        counts[rank:] = counts[rank:] + counts[: len(counts) - rank]
    return counts


def _rank_sum_frequencies(m: int, n: int) -> FloatArray:
    """Count the orders of m and n values by the Mann-Whitney statistic."""
    size = m * n + 1
    rows = [np.zeros(size) for _ in range(n + 1)]
    for row in rows:
        row[0] = 1.0
    for _ in range(m):
        # The largest value is of the first group (and lies above j of the second), or of the second.
        for j in range(1, n + 1):
            shifted = np.zeros(size)
            shifted[j:] = rows[j][: size - j]
            rows[j] = shifted + rows[j - 1]
    return rows[n]
