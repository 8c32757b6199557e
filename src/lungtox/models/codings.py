"""What the patients without known outcome can do to a result: weighed out, left out, or coded either way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lungtox.errors import FitError
from lungtox.models.censoring import Deaths, censoring_weights, fit_weighted
from lungtox.models.config import LogisticSettings
from lungtox.models.design import INTERCEPT
from lungtox.models.incidence import cumulative_incidence
from lungtox.models.labels import term_label
from lungtox.models.logistic import fit_logistic, odds_ratio

if TYPE_CHECKING:
    import pandas as pd

# How the patients without known outcome are coded.
CODING_VALUES: dict[str, int | None] = {"left out": None, "all without RP": 0, "all with RP": 1}
WEIGHTINGS: dict[str, Deaths] = {"weighted": "lost", "weighted, deaths without RP": "without RP"}
CODINGS = (*WEIGHTINGS, *CODING_VALUES)
CAUSES = {"yes": 1, "competing": 2}


def share_rows(data: pd.DataFrame, *, window_months: float) -> Iterator[list[Any]]:
    """Give the share with RP under each coding: the incidence at the window's end, or a share with Wilson's interval.

    Parameters
    ----------
    data : DataFrame
        The analysis table.
    window_months : float

    Yields
    ------
    list
        A row of codings.csv.
    """
    from statsmodels.stats.proportion import proportion_confint

    for coding, deaths in WEIGHTINGS.items():
        # The weighted share is the incidence at the end of the window, which brings its interval.
        causes = CAUSES if deaths == "without RP" else {"yes": 1}
        cause = data["rp_status"].map(causes).fillna(0).to_numpy(dtype=int)
        figures = cumulative_incidence(data["time_months"], cause, causes=2).at(window_months)
        counts = _counts(*censoring_weights(data["time_months"], data["rp_status"], deaths=deaths))
        yield ["", coding, "share", "Share with RP", *figures, np.nan, *counts, ""]
    for coding, outcome in coded_outcomes(data):
        known = outcome.dropna()
        events = int(known.sum())
        low, high = proportion_confint(events, len(known), method="wilson") if len(known) else (np.nan, np.nan)
        share = events / len(known) if len(known) else np.nan
        yield ["", coding, "share", "Share with RP", share, float(low), float(high), np.nan, len(known), events, ""]


def coded_rows(
    data: pd.DataFrame, name: str, model: LogisticSettings, dictionary: pd.DataFrame | None
) -> Iterator[list[Any]]:
    """Fit one logistic model under each coding.

    Parameters
    ----------
    data : DataFrame
        The analysis table.
    name : str
        Of the model.
    model : LogisticSettings
    dictionary : DataFrame or None

    Yields
    ------
    list
        A row of codings.csv; one with a finding where the model cannot be fitted.
    """
    for coding, deaths in WEIGHTINGS.items():
        known, weight = censoring_weights(data["time_months"], data["rp_status"], deaths=deaths)
        rows = data.assign(rp_=known, weight_=weight)
        try:
            weighted = fit_weighted(
                rows,
                outcome="rp_",
                weight="weight_",
                predictors=model.predictors,
                dictionary=dictionary,
                transforms=model.transforms,
                interactions=model.interactions,
            )
        except FitError as error:
            yield [name, coding, "", "", *[np.nan] * 4, *_counts(known, weight), str(error)]
            continue
        yield from _term_rows(weighted, name, coding, dictionary)
    for coding, outcome in coded_outcomes(data):
        try:
            fit = fit_logistic(
                data.assign(rp=outcome), outcome="rp", predictors=model.predictors, penalty=model.penalty,
                dictionary=dictionary, transforms=model.transforms, interactions=model.interactions,
            )  # fmt: skip
        except FitError as error:
            yield [name, coding, "", "", *[np.nan] * 4, int(outcome.notna().sum()), int(outcome.sum()), str(error)]
            continue
        yield from _term_rows(fit, name, coding, dictionary)


def coded_outcomes(data: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """Give the outcome with the unknown ones missing, all 0, all 1."""
    for coding, value in CODING_VALUES.items():
        yield coding, data["rp"] if value is None else data["rp"].fillna(value)


def ratios(row: Mapping[Any, Any]) -> list[float]:
    """Give the ratio of odds or hazards with its limits; infinite where the log is."""
    return [odds_ratio(float(row[key])) for key in ("estimate", "low", "high")]


def _term_rows(fit: Any, name: str, coding: str, dictionary: pd.DataFrame | None) -> Iterator[list[Any]]:
    for row in fit.estimates.to_dict("records"):
        if row["term"] != INTERCEPT:
            label = term_label(str(row["term"]), fit.encoding, dictionary)
            yield [name, coding, row["term"], label, *ratios(row), row["p"], fit.n, fit.events, ""]


def _counts(outcome: Any, weight: Any) -> list[int]:
    return [int((weight > 0).sum()), int(np.nansum(outcome))]
