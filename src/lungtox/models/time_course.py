"""When pneumonitis came: incidence with competing deaths, by dose group; Cox models; what unknown outcomes can do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lungtox.errors import Fault, FitError, InputError
from lungtox.models.config import LogisticSettings, TimeSettings
from lungtox.models.cox import fit_cox
from lungtox.models.incidence import cumulative_incidence, incidence_table
from lungtox.models.labels import column_label, column_unit, term_label
from lungtox.models.logistic import fit_logistic
from lungtox.models.schemas import CODINGS, COX, INCIDENCE, TIME_GROUPS

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa

CAUSES = {"yes": 1, "competing": 2}
OUTCOME_WORDS = {1: "rp", 2: "death"}
# How the patients without known outcome are coded.
CODING_VALUES: dict[str, int | None] = {"left out": None, "all without RP": 0, "all with RP": 1}


@dataclass(frozen=True)
class TimeCourse:
    """What the rule of the time course writes.

    Attributes
    ----------
    curves : DataFrame
        `group, level, outcome (rp|death), time_months, at_risk, estimate, low, high`; group is empty for all.
    groups : DataFrame
        `group, label, level, n, rp, death, lost, estimate, low, high, p, test`: incidence of RP at the window's end.
    cox : DataFrame
        `model, term, label, hazard_ratio, low, high, p, ph_p, n, events, finding`.
    codings : DataFrame
        `model, coding, term, label, value, low, high, p, n, events, finding`: odds ratios; no model: share with RP.
    """

    curves: pd.DataFrame
    groups: pd.DataFrame
    cox: pd.DataFrame
    codings: pd.DataFrame


def describe_course(
    table: pd.DataFrame,
    *,
    settings: TimeSettings,
    window_months: float,
    models: Mapping[str, LogisticSettings],
    dictionary: pd.DataFrame | None = None,
) -> TimeCourse:
    """Follow pneumonitis in time, and ask how much the patients without known outcome matter.

    Parameters
    ----------
    table : DataFrame
        The analysis table: `rp`, `rp_status`, `time_months`.
    settings : TimeSettings
    window_months : float
        End of the window.
    models : mapping of str to LogisticSettings
        Each without selection or shrinkage is also fitted as a Cox model, and again with the unknown outcomes coded
        either way.
    dictionary : DataFrame, optional

    Returns
    -------
    TimeCourse

    Raises
    ------
    InputError
        A column of the groups is not in the table, or no number.
    """
    import pandas as pd

    cause = table["rp_status"].map(CAUSES).fillna(0).to_numpy(dtype=int)
    data = table.assign(cause_=cause, event_=(cause == 1).astype(int))
    _require_numbers(data, settings)
    curves, groups = [], []
    for group, label, level, rows in _levels(data, settings, dictionary):
        result = cumulative_incidence(rows["time_months"], rows["cause_"], causes=2)
        curve = incidence_table(result, until=window_months).rename(columns={"time": "time_months"})
        curve["outcome"] = curve["cause"].map(OUTCOME_WORDS)
        curves.append(curve.assign(group=group, level=level)[list(INCIDENCE.columns)])
        counts = [int((rows["rp_status"] == status).sum()) for status in ("yes", "competing", "censored")]
        p, test = _logrank(data, group, settings)
        groups.append([group, label, level, len(rows), *counts, *result.at(window_months), p, test])
    fixed = {name: model for name, model in models.items() if model.fixed}
    cox = [row for name, model in fixed.items() for row in _cox_rows(data, name, model, dictionary)]
    codings = [
        *_share_rows(data),
        *(row for name, m in fixed.items() for row in _coded_rows(data, name, m, dictionary)),
    ]
    return TimeCourse(
        _checked(pd.concat(curves, ignore_index=True), INCIDENCE),
        _checked(pd.DataFrame(groups, columns=list(TIME_GROUPS.columns)), TIME_GROUPS),
        _checked(pd.DataFrame(cox, columns=list(COX.columns)), COX),
        _checked(pd.DataFrame(codings, columns=list(CODINGS.columns)), CODINGS),
    )


def _checked(frame: pd.DataFrame, schema: pa.DataFrameSchema) -> pd.DataFrame:
    return frame if frame.empty else schema.validate(frame, lazy=True)


def _require_numbers(data: pd.DataFrame, settings: TimeSettings) -> None:
    wrong = [name for name in settings.groups if name not in data or data[name].dtype.kind not in "fi"]
    if wrong:
        found, action = ", ".join(wrong), "Name dose columns of cohort.metrics or other numbers."
        raise InputError(
            Fault("config: time.groups", "numeric columns of the analysis table", found, action, "time-groups")
        )


def _levels(
    data: pd.DataFrame, settings: TimeSettings, dictionary: pd.DataFrame | None
) -> Iterator[tuple[str, str, str, pd.DataFrame]]:
    """Give all patients, then the two sides of each cut: group, label, level, rows."""
    yield "", "All patients", "all", data
    for name, given in settings.groups.items():
        cut = float(data[name].median()) if given is None else given
        label, unit = column_label(name, dictionary), column_unit(name, dictionary)
        limit = f"{cut:.3g} {unit}".strip()
        known = data[data[name].notna()]
        for level, rows in (
            (f"below {limit}", known[known[name] < cut]),
            (f"{limit} and more", known[known[name] >= cut]),
        ):
            if len(rows):
                yield name, label, level, rows


def _logrank(data: pd.DataFrame, group: str, settings: TimeSettings) -> tuple[float, str]:
    from lifelines.statistics import logrank_test

    if not group:
        return np.nan, "not tested: one group"
    known = data[data[group].notna()]
    given = settings.groups[group]
    above = known[group] >= (float(data[group].median()) if given is None else given)
    if above.all() or not above.any():
        return np.nan, "not tested: one group is empty"
    sides = [known[above], known[~above]]
    times, events = ([side[name] for side in sides] for name in ("time_months", "event_"))
    result = logrank_test(*times, *events)
    return float(result.p_value), "cause-specific log-rank"


def _cox_rows(
    data: pd.DataFrame, name: str, model: LogisticSettings, dictionary: pd.DataFrame | None
) -> Iterator[list[Any]]:
    try:
        fit = fit_cox(
            data, time="time_months", event="event_", predictors=model.predictors, dictionary=dictionary,
            transforms=model.transforms, interactions=model.interactions,
        )  # fmt: skip
    except FitError as error:
        yield [name, "", "", *[np.nan] * 5, len(data), int(data["event_"].sum()), str(error)]
        return
    for row in fit.estimates.to_dict("records"):
        label = term_label(str(row["term"]), fit.encoding, dictionary)
        yield [name, row["term"], label, *_ratios(row), row["p"], row["ph_p"], fit.n, fit.events, ""]


def _share_rows(data: pd.DataFrame) -> Iterator[list[Any]]:
    """Give the share with RP under each coding, with Wilson's interval."""
    from statsmodels.stats.proportion import proportion_confint

    for coding, outcome in _codings(data):
        known = outcome.dropna()
        events = int(known.sum())
        low, high = proportion_confint(events, len(known), method="wilson") if len(known) else (np.nan, np.nan)
        share = events / len(known) if len(known) else np.nan
        yield ["", coding, "share", "Share with RP", share, float(low), float(high), np.nan, len(known), events, ""]


def _coded_rows(
    data: pd.DataFrame, name: str, model: LogisticSettings, dictionary: pd.DataFrame | None
) -> Iterator[list[Any]]:
    for coding, outcome in _codings(data):
        try:
            fit = fit_logistic(
                data.assign(rp=outcome), outcome="rp", predictors=model.predictors, penalty=model.penalty,
                dictionary=dictionary, transforms=model.transforms, interactions=model.interactions,
            )  # fmt: skip
        except FitError as error:
            yield [name, coding, "", "", *[np.nan] * 4, int(outcome.notna().sum()), int(outcome.sum()), str(error)]
            continue
        for row in fit.estimates.to_dict("records"):
            if row["term"] != "Intercept":
                label = term_label(str(row["term"]), fit.encoding, dictionary)
                yield [name, coding, row["term"], label, *_ratios(row), row["p"], fit.n, fit.events, ""]


def _ratios(row: Mapping[Any, Any]) -> list[float]:
    """Give the ratio of odds or hazards with its limits; infinite where the log is."""
    return [float(np.exp(min(row[key], 700.0))) if row[key] < np.inf else np.inf for key in ("estimate", "low", "high")]


def _codings(data: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    for coding, value in CODING_VALUES.items():
        yield coding, data["rp"] if value is None else data["rp"].fillna(value)
