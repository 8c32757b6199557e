"""Cytokines by models: correlation of the draws, ANCOVA, limits as limits, plates; beside the family of rank tests."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from lungtox.errors import FitError
from lungtox.models.association_schemas import CYTOKINE_MODELS
from lungtox.models.censored import fit_censored
from lungtox.models.config import AssociationSettings
from lungtox.models.cytokine_limits import beyond_limits
from lungtox.models.cytokine_plates import compare_course_rows, compare_plates
from lungtox.models.cytokine_series import (
    ADJUSTED,
    Series,
    least_squares,
    ratio_figures,
    read_series,
    result_row,
    t_figures,
)
from lungtox.models.cytokines import cytokine_label
from lungtox.table_schemas import checked

if TYPE_CHECKING:
    import pandas as pd


def model_cytokines(
    table: pd.DataFrame,
    draws: pd.DataFrame,
    *,
    settings: AssociationSettings,
    rng: np.random.Generator,
    dictionary: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Compare each cytokine by models that know of limits, plates and the value before.

    Parameters
    ----------
    table : DataFrame
        The analysis table: `patient, rp`.
    draws : DataFrame
        Of `read_cytokines`: `patient, cytokine, timepoint, value, below, above, plate`.
    settings : AssociationSettings
        Names the cytokines, and how plates enter.
    rng : numpy.random.Generator
        For the imputations of what lies beyond a limit.
    dictionary : DataFrame, optional

    Returns
    -------
    DataFrame
        As docs/file-contracts.md has it: rows ``correlation``; ``ancova`` of during on pre and RP (half the limit below
        it), ``ancova_censored`` (limits by the likelihood), ``ancova_imputed`` (draws beyond the limits imputed);
        ``groups_{draw}_censored`` and ``_imputed``; ``plate_{draw}``; with more than two draws ``mixed``. What
        cannot be done has no numbers and says why in `method`.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for name, stream in zip(settings.cytokines, rng.spawn(len(settings.cytokines)), strict=True):
        head = {"cytokine": name, "label": cytokine_label(name, dictionary)}
        mine = draws[draws["cytokine"] == name]
        series = read_series(table, mine)
        parts = (
            _correlation(series),
            _ancova(series),
            beyond_limits(series, stream),
            compare_plates(series, settings.plates),
            compare_course_rows(table, mine),
        )
        rows += [head | row for part in parts for row in part]
    frame = pd.DataFrame(rows, columns=list(CYTOKINE_MODELS.columns))
    return checked(frame, CYTOKINE_MODELS)


def _correlation(series: Series) -> Iterator[dict[str, Any]]:
    """Spearman's rank correlation of the draws; interval by Fisher's z with the variance of Bonett and Wright 2000."""
    both = series.pre.known & series.during.known
    n, below = int(both.sum()), (series.pre.below | series.during.below)[both]
    pre, during = series.pre.halved()[both], series.during.halved()[both]
    if n < 5 or np.ptp(pre) == 0.0 or np.ptp(during) == 0.0:
        yield result_row("correlation", n, below, "not measured: fewer than 5 pairs, or all values equal")
        return
    from scipy.stats import spearmanr

    found = spearmanr(pre, during)
    rho = float(found.statistic)
    inside = min(max(rho, -1.0 + 1e-12), 1.0 - 1e-12)
    half = 1.959963984540054 * math.sqrt((1.0 + inside**2 / 2.0) / (n - 3))
    low, high = (math.tanh(math.atanh(inside) + sign * half) for sign in (-1.0, 1.0))
    figures = {"effect": rho, "low": low, "high": high, "p": float(found.pvalue)}
    yield result_row("correlation", n, below, "Spearman", effect_name="rank correlation of pre and during", **figures)


def _ancova(series: Series) -> Iterator[dict[str, Any]]:
    """ANCOVA of the logarithms: least squares with half the limit, and the likelihood that knows the limits."""
    both = series.pairs
    below = (series.pre.below | series.during.below)[both]
    pre, rp = series.pre.halved()[both], series.rp[both]
    x = np.column_stack([np.ones(len(pre)), pre, rp])
    n = len(pre)
    if n < 6 or rp.min() == rp.max() or np.linalg.matrix_rank(x) < 3:
        for analysis in ("ancova", "ancova_censored"):
            yield result_row(analysis, n, below, "not fitted: too few pairs in a group")
        return
    beta, covariance = least_squares(series.during.halved()[both], x)
    words = "least squares, half the limit below it"
    yield result_row("ancova", n, below, words, **t_figures(ADJUSTED, beta[2], covariance[2, 2], n - 3))
    try:
        fit = fit_censored(series.during.log[both], x, below=series.during.below[both], above=series.during.above[both])
    except FitError as error:
        yield result_row("ancova_censored", n, below, f"not fitted: {error}")
        return
    figures = ratio_figures(ADJUSTED, float(fit.beta[2]), float(fit.low[2]), float(fit.high[2]), float(fit.p[2]))
    yield result_row("ancova_censored", n, below, "censored likelihood of during, profile interval", **figures)
