"""Cytokines of two groups of patients, with given p values of the comparisons."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from lungtox.errors import Fault, InputError
from lungtox.synthetic.study_config import ComparisonSettings, CytokineStudySettings

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

ATTEMPTS = 2_000
NEAR = 0.04
"""A p value of the ratio is taken when it is within this share of the printed one."""


def simulate_cytokine(
    settings: CytokineStudySettings, rp: BoolArray, rng: np.random.Generator, *, who: str
) -> tuple[FloatArray, FloatArray]:
    """Draw a cytokine before and during RT; the group with RP is moved until the p values are as given.

    The ratio of both draws has no shift of its own, so draws are repeated until its p value is near the given one.

    Parameters
    ----------
    settings : CytokineStudySettings
    rp : ndarray of bool, shape (patients,)
    rng : numpy.random.Generator
    who : str
        Begins a message.

    Returns
    -------
    pre, during : ndarray, shape (patients,)

    Raises
    ------
    InputError
        No draw gave the p value of the ratio.
    """
    for _ in range(ATTEMPTS):
        noise = rng.normal(size=(rp.size, 2))
        noise[:, 1] = settings.correlation * noise[:, 0] + np.sqrt(1.0 - settings.correlation**2) * noise[:, 1]
        pre, during = settings.log_sd * noise.T
        pre[rp] += shift_for_p(pre[rp], pre[~rp], settings.pre)
        during[rp] += shift_for_p(during[rp], during[~rp], settings.during)
        ratio = during - pre
        if settings.ratio is None or _near(ratio[rp], ratio[~rp], settings.ratio):
            during += np.log(settings.change) - ratio.mean()
            return settings.median * np.exp(pre), settings.median * np.exp(during)
    expected = "p values of pre, during and ratio that go together"
    action = "Change the correlation of pre and during."
    raise InputError(Fault(who, expected, f"none in {ATTEMPTS} draws", action, "simulation"))


def shift_for_p(a: FloatArray, b: FloatArray, wanted: ComparisonSettings) -> float:
    """Give what to add to `a` so that Mann-Whitney's exact test against `b` has nearly the wanted p value.

    Parameters
    ----------
    a, b : ndarray
    wanted : ComparisonSettings
    """
    # Adding a value between two of these changes which of `a` exceed which of `b`, and nothing else does.
    gaps = np.sort(np.subtract.outer(b, a).ravel())
    gaps = np.concatenate([[gaps[0] - 1.0], gaps, [gaps[-1] + 1.0]])
    pairs = gaps.size - 2
    low, high = (pairs // 2, pairs) if wanted.higher else (0, pairs // 2)

    def shift_at(won: int) -> float:
        """Give what makes `a` the larger one in so many pairs."""
        return float(0.5 * (gaps[won] + gaps[won + 1]))

    while high - low > 1:
        middle = (low + high) // 2
        too_weak = mann_whitney_p(a + shift_at(middle), b) > wanted.p
        # Further from the middle of the gaps the groups lie further apart.
        if too_weak == wanted.higher:
            low = middle
        else:
            high = middle
    ends = [shift_at(low), shift_at(high)]
    return min(ends, key=lambda shift: abs(np.log(mann_whitney_p(a + shift, b) / wanted.p)))


def mann_whitney_p(a: FloatArray, b: FloatArray) -> float:
    """Give the exact two-sided p value of values without ties."""
    return _p_of_count(int(np.greater.outer(a, b).sum()), a.size, b.size)


@cache
def _p_of_count(count: int, n_a: int, n_b: int) -> float:
    """Give the p value where `count` of the pairs have the larger value in the first group."""
    from scipy.stats import mannwhitneyu

    # Any values with that count do: whole ones of the first group above all others, one of them in between.
    whole, rest = divmod(count, n_b)
    a = np.concatenate([np.full(whole, n_b + 1.0), np.full(min(1, n_a - whole), rest + 0.5), np.zeros(n_a)])[:n_a]
    a = a + np.linspace(0.0, 1e-3, n_a)
    return float(mannwhitneyu(a, np.arange(1.0, n_b + 1.0), method="exact").pvalue)


def _near(a: FloatArray, b: FloatArray, wanted: ComparisonSettings) -> bool:
    return (np.median(a) > np.median(b)) == wanted.higher and abs(mann_whitney_p(a, b) / wanted.p - 1.0) < NEAR
