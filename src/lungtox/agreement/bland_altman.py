"""Limits of agreement after Bland and Altman (Lancet 1986;1:307, Stat Methods Med Res 1999;8:135)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lungtox.agreement.estimate import Estimate
from lungtox.errors import ParameterError

FloatArray = NDArray[np.float64]
Scale = Literal["difference", "percent"]
Verdict = Literal["agree", "disagree", "open"]

WIDTH = 1.96
"""Standard deviations from the bias to a limit."""
FEWEST = 3
_ALPHA = 0.05


@dataclass(frozen=True)
class BlandAltman:
    """Bias and limits of agreement of two sources.

    Attributes
    ----------
    n, subjects : int
        Pairs, and the persons that they belong to.
    scale : {"difference", "percent"}
        Of everything below but the slope.
    bias, lower, upper : Estimate
        Second minus first source, and bias -+ 1.96 SD, each with its 95 % interval.
    sd : float
        Standard deviation of a single difference.
    between_sd, within_sd : float
        Its parts between and within persons; NaN where everybody has one pair.
    slope : Estimate
        Of the difference on the mean of both: proportional bias.
    slope_p : float
    inside : int
        Pairs within the limits.
    differences, means : ndarray, shape (n,)
        What a Bland-Altman plot shows.
    """

    n: int
    subjects: int
    scale: Scale
    bias: Estimate
    lower: Estimate
    upper: Estimate
    sd: float
    between_sd: float
    within_sd: float
    slope: Estimate
    slope_p: float
    inside: int
    differences: FloatArray
    means: FloatArray


def bland_altman(
    first: ArrayLike,
    second: ArrayLike,
    *,
    subject: ArrayLike | None = None,
    scale: Scale = "difference",
    percent_of: Literal["mean", "first"] = "mean",
    interval: Literal["approximate", "exact"] = "approximate",
) -> BlandAltman:
    """Compute bias and limits of agreement.

    One pair of each person: SD of the differences (n - 1); SE of a limit s sqrt(1/n + 1.96^2 / (2 (n - 1))) with t
    quantiles (Bland and Altman 1999), or the exact limits of a normal quantile by the noncentral t distribution
    (Carkeet, Optom Vis Sci 2015;92:e71). Several pairs of a person, whose true value may vary: the variance of a single
    difference is that of the persons' means plus (1 - 1/m) times that within persons, m the harmonic mean of their
    numbers of pairs; intervals by recovery of variance estimates (MOVER; Zou, Stat Methods Med Res 2013;22:630). The
    slope is then that of the persons' means.

    Parameters
    ----------
    first, second : array_like, shape (n,)
        Finite.
    subject : array_like, shape (n,), optional
        Whose pair it is; by default everybody has one.
    scale : {"difference", "percent"}
        Of the differences: in the unit of the values, or in % of `percent_of`.
    percent_of : {"mean", "first"}
        Of both sources, or the first.
    interval : {"approximate", "exact"}
        Of the limits, for one pair of each person.

    Returns
    -------
    BlandAltman

    Raises
    ------
    ParameterError
        Shapes that differ, values that are not finite, fewer than three persons, percent of a value that is not
        positive.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1 or not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ParameterError("first and second must be finite vectors of one length")
    who = np.arange(a.size) if subject is None else np.asarray(subject)
    if who.shape != a.shape:
        raise ParameterError("subject must be as long as first and second")
    persons, place = np.unique(who, return_inverse=True)
    if persons.size < FEWEST:
        raise ParameterError(f"limits of agreement need at least {FEWEST} persons, got {persons.size}")
    means = 0.5 * (a + b)
    plain = b - a
    differences = plain if scale == "difference" else percent_differences(a, b, of=percent_of)
    alone = persons.size == a.size
    limits = _single(differences, interval) if alone else _repeated(differences, place, persons.size)
    counts = np.bincount(place)
    slope, slope_p = _slope(np.bincount(place, means) / counts, np.bincount(place, plain) / counts)
    low, high = limits.lower.value, limits.upper.value
    slack = 1e-12 * max(abs(low), abs(high))
    inside = int(((differences >= low - slack) & (differences <= high + slack)).sum())
    return BlandAltman(
        n=a.size, subjects=persons.size, scale=scale, bias=limits.bias, lower=limits.lower, upper=limits.upper,
        sd=limits.sd, between_sd=limits.between_sd, within_sd=limits.within_sd, slope=slope, slope_p=slope_p,
        inside=inside, differences=differences, means=means,
    )  # fmt: skip


def percent_differences(first: FloatArray, second: FloatArray, *, of: Literal["mean", "first"]) -> FloatArray:
    """Give second minus first in % of their mean, or of the first.

    Raises
    ------
    ParameterError
        A reference that is not positive: there is no percent of it.
    """
    reference = first if of == "first" else 0.5 * (first + second)
    if not (reference > 0).all():
        raise ParameterError("percent differences need positive values: take a limit in the metric's own unit")
    found: FloatArray = 100.0 * (second - first) / reference
    return found


def verdict_of(found: BlandAltman, limit: float) -> Verdict:
    """Judge the limits of agreement against a clinical limit that was set beforehand.

    ``agree``: the intervals of both limits lie within -+ `limit`. ``disagree``: that of one of them lies beyond.
    ``open``: neither can be said with these numbers.

    Parameters
    ----------
    found : BlandAltman
    limit : float
        Positive, on the scale of `found`.
    """
    if not limit > 0:
        raise ParameterError(f"a clinical limit must be positive, got {limit:g}")
    if found.lower.low >= -limit and found.upper.high <= limit:
        return "agree"
    if found.lower.high < -limit or found.upper.low > limit:
        return "disagree"
    return "open"


@dataclass(frozen=True)
class _Limits:
    bias: Estimate
    lower: Estimate
    upper: Estimate
    sd: float
    between_sd: float = math.nan
    within_sd: float = math.nan


def _single(differences: FloatArray, interval: Literal["approximate", "exact"]) -> _Limits:
    from scipy.stats import nct, t

    n = differences.size
    bias, sd = float(differences.mean()), float(differences.std(ddof=1))
    quantile = float(t.ppf(1 - _ALPHA / 2, n - 1))
    half = quantile * sd / math.sqrt(n)
    if interval == "exact":
        root = math.sqrt(n)
        inner, outer = (sd * float(nct.ppf(tail, n - 1, WIDTH * root)) / root for tail in (_ALPHA / 2, 1 - _ALPHA / 2))
    else:
        # The same half width to both sides of a limit.
        error = quantile * sd * math.sqrt(1 / n + WIDTH**2 / (2 * (n - 1)))
        inner, outer = WIDTH * sd - error, WIDTH * sd + error
    lower = Estimate(bias - WIDTH * sd, bias - outer, bias - inner)
    upper = Estimate(bias + WIDTH * sd, bias + inner, bias + outer)
    return _Limits(Estimate(bias, bias - half, bias + half), lower, upper, sd)


def _repeated(differences: FloatArray, place: NDArray[np.intp], persons: int) -> _Limits:
    """Compute the limits of several pairs of a person (Zou 2013, true value varies)."""
    from scipy.stats import chi2, t

    counts = np.bincount(place)
    own = np.bincount(place, differences) / counts
    within_df = differences.size - persons
    within = float(((differences - own[place]) ** 2).sum()) / within_df
    of_means = float(own.var(ddof=1))
    share = 1.0 - float((1.0 / counts).mean())
    variance = of_means + share * within
    bias, sd = float(own.mean()), math.sqrt(variance)
    half = float(t.ppf(1 - _ALPHA / 2, persons - 1)) * math.sqrt(of_means / persons)

    def part(quantile: float) -> float:
        means = of_means * (1.0 - (persons - 1) / float(chi2.ppf(quantile, persons - 1)))
        rest = share * within * (1.0 - within_df / float(chi2.ppf(quantile, within_df)))
        return math.hypot(means, rest)

    least, most = variance - part(1 - _ALPHA / 2), variance + part(_ALPHA / 2)
    shrink = WIDTH * (sd - math.sqrt(max(least, 0.0)))
    grow = WIDTH * (math.sqrt(most) - sd)
    inner, outer = math.hypot(half, shrink), math.hypot(half, grow)
    low, high = bias - WIDTH * sd, bias + WIDTH * sd
    return _Limits(
        bias=Estimate(bias, bias - half, bias + half),
        lower=Estimate(low, low - outer, low + inner),
        upper=Estimate(high, high - inner, high + outer),
        sd=sd,
        between_sd=math.sqrt(max(of_means - within * float((1.0 / counts).mean()), 0.0)),
        within_sd=math.sqrt(within),
    )


def _slope(means: FloatArray, differences: FloatArray) -> tuple[Estimate, float]:
    """Regress the difference on the mean; NaN where the means, or all residuals, are equal."""
    from scipy.stats import t

    n = means.size
    x = means - means.mean()
    spread = float(x @ x)
    if spread <= 1e-18 * max(1.0, float(np.abs(means).max()) ** 2):
        return Estimate(math.nan), math.nan
    slope = float(x @ differences) / spread
    residuals = differences - differences.mean() - slope * x
    error = math.sqrt(float(residuals @ residuals) / (n - 2) / spread)
    if error <= 1e-12 * max(1.0, abs(slope)):
        return Estimate(slope, slope, slope), math.nan
    half = float(t.ppf(1 - _ALPHA / 2, n - 2)) * error
    return Estimate(slope, slope - half, slope + half), float(2 * t.sf(abs(slope) / error, n - 2))
