"""Tests of a table of levels against a binary outcome, exact and deterministic."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

IntArray = npt.NDArray[np.int64]

# More tables than this would need gigabytes; the chi-square test takes over and the name says so.
_MAXIMUM_TABLES = 3_000_000


def compare_levels(counts: IntArray, *, test: str) -> tuple[float, str]:
    """Test whether a binary outcome depends on a categorical factor.

    Parameters
    ----------
    counts : ndarray of int, shape (levels, 2)
        Patients without and with the outcome.
    test : {"fisher", "chi-square"}
        Fisher's exact test (Freeman and Halton's for more than two levels), or chi-square without continuity
        correction.

    Returns
    -------
    p : float
        Two-sided; missing where there is nothing to test.
    name : str
        The test that was used, or why there is none.
    """
    counts = counts[counts.sum(axis=1) > 0]
    if len(counts) < 2 or (counts.sum(axis=0) == 0).any():
        return math.nan, "not tested: only one level or one outcome"
    if test == "chi-square":
        return _chi_square(counts), "chi-square"
    if len(counts) == 2:
        from scipy.stats import fisher_exact

        return float(fisher_exact(counts).pvalue), "Fisher"
    if _number_of_tables(counts) > _MAXIMUM_TABLES:
        return _chi_square(counts), "chi-square (table too large for the exact test)"
    return _freeman_halton(counts), "Fisher-Freeman-Halton"


def _chi_square(counts: IntArray) -> float:
    from scipy.stats import chi2_contingency

    return float(chi2_contingency(counts, correction=False).pvalue)


def _number_of_tables(counts: IntArray) -> float:
    events = int(counts[:, 1].sum())
    ways = np.zeros(events + 1)
    ways[0] = 1.0
    for size in counts.sum(axis=1):
        cumulative = np.cumsum(ways)
        shifted = np.zeros_like(ways)
        shifted[size + 1 :] = cumulative[: max(0, len(ways) - size - 1)]
        ways = cumulative - shifted
    return float(ways[events])


def _freeman_halton(counts: IntArray) -> float:
    """Sum the probabilities of all tables with the same margins that are no likelier than the one observed.

    scipy.stats.fisher_exact draws random tables for more than two levels; with two outcomes all can be listed.
    """
    sizes = counts.sum(axis=1)
    events = int(counts[:, 1].sum())
    used, log_p = np.zeros(1, dtype=np.int64), np.zeros(1)
    remaining = int(sizes.sum())
    for size in sizes:
        remaining -= int(size)
        choice = np.arange(size + 1)
        total = np.add.outer(used, choice)
        possible = (total <= events) & (events - total <= remaining)
        log_p = np.add.outer(log_p, _log_choose(int(size), choice))[possible]
        used = total[possible]
    # Up to the common factor 1 / C(n, events), which the sum below brings.
    p = np.exp(log_p - log_p.max())
    observed = math.exp(sum(float(_log_choose(int(row.sum()), row[1:])[0]) for row in counts) - float(log_p.max()))
    # R's tolerance for tables of equal probability.
    return min(1.0, float(p[p <= observed * (1.0 + 1e-7)].sum() / p.sum()))


def _log_choose(n: int, k: IntArray) -> npt.NDArray[np.float64]:
    result: npt.NDArray[np.float64] = gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0)
    return result
