"""Two groups compared in many columns at once: permutations, the error controlled over all columns by the maximum."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lungtox.errors import ParameterError

FloatArray = npt.NDArray[np.float64]

# Numbers of a permuted matrix that are held at once: 32 MB.
_MOST_NUMBERS = 4_000_000
# The same assignment drawn again may differ from the observed one in the last bit.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class MaximumTest:
    """Permutation test of many columns (Westfall and Young 1993, single step).

    Attributes
    ----------
    statistic : ndarray, shape (m,)
        Observed, of `score_z`.
    p : ndarray, shape (m,)
        Of each column alone, two-sided: (1 + permutations at least as extreme) / (1 + permutations).
    p_adjusted : ndarray, shape (m,)
        The same against the largest statistic of all columns: the chance that any true null hypothesis is rejected is
        at most the level.
    critical : float
        p_adjusted is below `level` exactly where the absolute statistic is beyond it; infinite where too few
        permutations are possible.
    permutations : int
        Beside the observed assignment.
    complete : bool
        All possible assignments were looked at, so that p is exact.
    """

    statistic: FloatArray
    p: FloatArray
    p_adjusted: FloatArray
    critical: float
    permutations: int
    complete: bool


def permute_maximum(
    values: FloatArray, group: FloatArray, *, permutations: int, rng: np.random.Generator, level: float = 0.05
) -> MaximumTest:
    """Compare two groups in every column, by reassigning the patients to the groups.

    A patient's columns stay together, so that their correlation is that of the data. Where there are no more
    assignments than permutations asked for, each is looked at once and nothing is random.

    Parameters
    ----------
    values : ndarray, shape (n, m)
        A row for each patient; every column with some spread.
    group : ndarray, shape (n,)
        0 or 1, both present.
    permutations : int
    rng : numpy.random.Generator
    level : float
        Of the critical value.

    Returns
    -------
    MaximumTest

    Raises
    ------
    ParameterError
        One group is empty, or a column has no spread.
    """
    chosen = int(group.sum())
    if not 0 < chosen < len(group):
        raise ParameterError(f"both groups must have patients, got {chosen} of {len(group)} in the second")
    if (np.ptp(values, axis=0) == 0.0).any():
        raise ParameterError("every column must have some spread")
    centred = values - values.mean(axis=0)
    observed = score_z(centred, group[None, :].astype(np.float64))[0]
    threshold = np.abs(observed) - _ROUNDING * (1.0 + np.abs(observed))
    complete = math.comb(len(group), chosen) - 1 <= permutations
    beyond, beyond_maximum = np.zeros(len(observed)), np.zeros(len(observed))
    maxima = []
    rows = max(1, _MOST_NUMBERS // max(values.shape))
    for groups in _all_others(group, rows) if complete else _drawn(group, permutations, rows, rng):
        found = np.abs(score_z(centred, groups))
        largest = found.max(axis=1)
        beyond += (found >= threshold).sum(axis=0)
        beyond_maximum += (largest[:, None] >= threshold).sum(axis=0)
        maxima.append(largest)
    every = np.sort(np.concatenate(maxima))[::-1]
    count = len(every)
    last = math.ceil(level * (count + 1) - _ROUNDING) - 1
    critical = float(every[last - 1]) if last >= 1 else math.inf
    return MaximumTest(
        observed, (1.0 + beyond) / (1.0 + count), (1.0 + beyond_maximum) / (1.0 + count), critical, count, complete
    )


def _drawn(group: FloatArray, permutations: int, rows: int, rng: np.random.Generator) -> Iterator[FloatArray]:
    for start in range(0, permutations, rows):
        repeated = np.broadcast_to(group, (min(rows, permutations - start), len(group)))
        yield rng.permuted(repeated.astype(np.float64), axis=1)


def _all_others(group: FloatArray, rows: int) -> Iterator[FloatArray]:
    """Give every assignment but the observed one."""
    own = tuple(np.flatnonzero(group).tolist())
    others = (chosen for chosen in itertools.combinations(range(len(group)), len(own)) if chosen != own)
    while part := list(itertools.islice(others, rows)):
        groups = np.zeros((len(part), len(group)))
        np.put_along_axis(groups, np.array(part), 1.0, axis=1)
        yield groups


def score_z(centred: FloatArray, groups: FloatArray) -> FloatArray:
    """Give the root of the score statistic of a logistic model with one predictor, for many assignments at once.

    U = sum (y - mean y) x, V = mean y (1 - mean y) sum (x - mean x)^2, z = U / sqrt(V): sqrt(n) times the correlation
    (Rao's test with the variance under the null hypothesis). It orders permutations as the t test with pooled variance
    and as the difference of the means do.

    Parameters
    ----------
    centred : ndarray, shape (n, m)
        Columns of mean zero.
    groups : ndarray, shape (b, n)
        0 or 1.

    Returns
    -------
    ndarray, shape (b, m)
    """
    share = groups.mean(axis=1, keepdims=True)
    return np.asarray((groups @ centred) / np.sqrt(share * (1.0 - share) * (centred**2).sum(axis=0)))
