"""When pneumonitis came: incidence with competing deaths, by dose group; Cox models; what unknown outcomes can do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lungtox.errors import Fault, FitError, InputError
from lungtox.models.codings import CAUSES, coded_rows, ratios, share_rows
from lungtox.models.config import LogisticSettings, TimeSettings
from lungtox.models.cox import fit_cox
from lungtox.models.gray import NAME as GRAY
from lungtox.models.gray import gray_test
from lungtox.models.incidence import cumulative_incidence, incidence_table
from lungtox.models.labels import column_label, column_unit, term_label
from lungtox.models.landmark import Landmark, drawn_cytokines, start_at_draw
from lungtox.models.time_schemas import CODINGS, COX, INCIDENCE, TIME_GROUPS
from lungtox.table_schemas import checked

if TYPE_CHECKING:
    import pandas as pd

OUTCOME_WORDS = {1: "rp", 2: "death"}


@dataclass(frozen=True)
class TimeCourse:
    """What the rule of the time course writes.

    Attributes
    ----------
    curves : DataFrame
        `group, level, outcome (rp|death), time_months, at_risk, estimate, low, high`; group is empty for all.
    groups : DataFrame
        `group, label, level, n, rp, death, lost, estimate, low, high, p, test, p_hazard`: incidence of RP at the
        window's end; p of Gray's test, p_hazard of the cause-specific log-rank test.
    cox : DataFrame
        `model, term, label, hazard_ratio, low, high, p, ph_p, n, events, landmark, finding`.
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
    draws: pd.DataFrame | None = None,
    start: str = "rt_end",
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
        Each without selection or shrinkage is also fitted as a Cox model, and again with the unknown outcomes
        weighed out and coded either way.
    dictionary : DataFrame, optional
    draws : DataFrame, optional
        The cytokine table. A model that uses a value drawn during radiotherapy starts at the draw (`start_at_draw`).
    start : {"rt_start", "rt_end"}
        Where the window starts.

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
        tests = _compare_sides(data, group, settings)
        groups.append([group, label, level, len(rows), *counts, *result.at(window_months), *tests])
    cox, codings = [], list(share_rows(data, window_months=window_months))
    for name, model in models.items():
        if not model.fixed:
            continue
        rows, words = _from_landmark(data, model, draws, start)
        cox += list(_cox_rows(rows, name, model, dictionary, words))
        codings += list(coded_rows(rows, name, model, dictionary))
    return TimeCourse(
        checked(pd.concat(curves, ignore_index=True), INCIDENCE),
        checked(pd.DataFrame(groups, columns=list(TIME_GROUPS.columns)), TIME_GROUPS),
        checked(pd.DataFrame(cox, columns=list(COX.columns)), COX),
        checked(pd.DataFrame(codings, columns=list(CODINGS.columns)), CODINGS),
    )


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


def _compare_sides(data: pd.DataFrame, group: str, settings: TimeSettings) -> tuple[float, str, float]:
    """Give p of Gray's test, its name or why there is none, and p of the cause-specific log-rank test."""
    from lifelines.statistics import logrank_test

    if not group:
        return np.nan, "not tested: one group", np.nan
    known = data[data[group].notna()]
    given = settings.groups[group]
    above = (known[group] >= (float(data[group].median()) if given is None else given)).to_numpy()
    if above.all() or not above.any():
        return np.nan, "not tested: one group is empty", np.nan
    sides = [known[above], known[~above]]
    times, events = ([side[name] for side in sides] for name in ("time_months", "event_"))
    hazards = float(logrank_test(*times, *events).p_value)
    try:
        return gray_test(known["time_months"], known["cause_"], above).p, GRAY, hazards
    except FitError as error:
        return np.nan, f"not tested: {error}", hazards


def _from_landmark(
    data: pd.DataFrame, model: LogisticSettings, draws: pd.DataFrame | None, start: str
) -> tuple[pd.DataFrame, str]:
    """Give the patients of a model, from the draw on where it uses a value drawn during radiotherapy, and the words."""
    names = [] if draws is None else drawn_cytokines(model.predictors, sorted(set(draws["cytokine"])))
    if draws is None or not names:
        return data, ""
    found: Landmark = start_at_draw(data, draws, cytokines=names, start=f"{start}_date")
    return found.table, found.sentence


def _cox_rows(
    data: pd.DataFrame, name: str, model: LogisticSettings, dictionary: pd.DataFrame | None, words: str
) -> Iterator[list[Any]]:
    """Fit the Cox model; `words` say where the clock starts, when not at the window's start."""
    try:
        fit = fit_cox(
            data, time="time_months", event="event_", predictors=model.predictors, dictionary=dictionary,
            transforms=model.transforms, interactions=model.interactions,
        )  # fmt: skip
    except FitError as error:
        yield [name, "", "", *[np.nan] * 5, len(data), int(data["event_"].sum()), words, str(error)]
        return
    for row in fit.estimates.to_dict("records"):
        label = term_label(str(row["term"]), fit.encoding, dictionary)
        yield [name, row["term"], label, *ratios(row), row["p"], row["ph_p"], fit.n, fit.events, words, ""]
