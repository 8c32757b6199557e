"""Cytokines with values beyond a limit: censored likelihood, multiple imputation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from lungtox.errors import FitError
from lungtox.models.censored import draw_censored, fit_censored
from lungtox.models.cytokine_series import (
    ADJUSTED,
    RATIO,
    FloatArray,
    Series,
    least_squares,
    ratio_figures,
    result_row,
)
from lungtox.models.rubin import pool

if TYPE_CHECKING:
    pass

IMPUTATIONS, ROUNDS = 20, 5


def beyond_limits(series: Series, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Groups at each draw and ANCOVA, by the censored likelihood and with what lies beyond the limits imputed."""
    for time, draw in (("pre", series.pre), ("during", series.during)):
        there = draw.known & np.isfinite(series.rp)
        x = np.column_stack([np.ones(int(there.sum())), series.rp[there]])
        try:
            fit = fit_censored(draw.log[there], x, below=draw.below[there], above=draw.above[there])
        except FitError as error:
            yield result_row(f"groups_{time}_censored", len(x), draw.below[there], f"not fitted: {error}")
            continue
        figures = ratio_figures(RATIO, float(fit.beta[1]), float(fit.low[1]), float(fit.high[1]), float(fit.p[1]))
        yield result_row(
            f"groups_{time}_censored", len(x), draw.below[there], "censored likelihood, profile interval", **figures
        )
    yield from _imputed(series, rng)


def _imputed(series: Series, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    both = series.pairs
    n, rp = int(both.sum()), series.rp[both]
    below = {"pre": series.pre.below[both], "during": series.during.below[both]}
    either = below["pre"] | below["during"]
    names = ("groups_pre_imputed", "groups_during_imputed", "ancova_imputed")
    shares = (below["pre"], below["during"], either)
    limited = either | series.pre.above[both] | series.during.above[both]
    if not limited.any():
        for name, share in zip(names, shares, strict=True):
            yield result_row(name, n, share, "nothing to impute: no value beyond a limit")
        return
    try:
        sets = [_impute_pairs(series, rng) for _ in range(IMPUTATIONS)]
        fits = [[], [], []]  # type: list[list[tuple[float, float]]]
        for pre, during in sets:
            plain, whole = np.column_stack([np.ones(n), rp]), np.column_stack([np.ones(n), pre, rp])
            for place, (values, x) in enumerate(((pre, plain), (during, plain), (during, whole))):
                beta, covariance = least_squares(values, x)
                fits[place].append((float(beta[-1]), float(covariance[-1, -1])))
    except (FitError, np.linalg.LinAlgError) as error:
        for name, share in zip(names, shares, strict=True):
            yield result_row(name, n, share, f"not fitted: {error}")
        return
    for place, (name, share) in enumerate(zip(names, shares, strict=True)):
        figures = np.array(fits[place])
        pooled = pool(figures[:, :1], figures[:, 1:], complete_df=float(n - (3 if place == 2 else 2)))
        effect = ADJUSTED if place == 2 else RATIO
        ends = (float(each[0]) for each in (pooled.estimate, pooled.low, pooled.high, pooled.p))
        words = f"multiple imputation beyond the limits (m = {IMPUTATIONS}), pairs"
        yield result_row(name, n, share, words, **ratio_figures(effect, *ends))


def _impute_pairs(series: Series, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Draw what lies beyond the limits of both draws in turn, each given the other and RP."""
    both = series.pairs
    rp = series.rp[both]
    pre, during = series.pre.halved()[both], series.during.halved()[both]
    for _ in range(ROUNDS):
        for draw, current in ((series.pre, "pre"), (series.during, "during")):
            below, above = draw.below[both], draw.above[both]
            if not (below | above).any():
                continue
            other = during if current == "pre" else pre
            x = np.column_stack([np.ones(len(rp)), other, rp])
            drawn = draw_censored(draw.log[both], x, below=below, above=above, rng=rng)
            pre, during = (drawn, during) if current == "pre" else (pre, drawn)
    return pre, during
