"""Section on the multivariable models."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lungtox.figures import format_interval, format_number
from lungtox.report.blocks import Block, Notes, Section, Table, Text, make_table
from lungtox.report.results import ModelResults, Results, records
from lungtox.report.wording import (
    count_cell,
    count_of,
    interval_cell,
    join_words,
    number_cell,
    optional,
    p_cell,
    plain_name,
    ratio_cell,
    text_of,
)

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.05
FEW_EVENTS_PER_VARIABLE = 10
MEASURES = {
    "auc": "AUC",
    "slope": "Calibration slope",
    "brier": "Brier score",
    "citl": "Calibration-in-the-large",
}


def performance_words(model: ModelResults) -> str:
    """Give the corrected AUC with its range, the apparent one beside it; never the apparent one alone."""
    row = _measure(model.validation, "auc")
    if row is None or optional(row["corrected"]) is None:
        return "its discrimination could not be corrected for optimism and is not quoted"
    return (
        f"AUC {format_number(optional(row['corrected']))} corrected for optimism (instability range "
        f"{format_interval(optional(row['low']), optional(row['high']))}; apparent "
        f"{format_number(optional(row['apparent']))})"
    )


def _measure(validation: pd.DataFrame | None, measure: str) -> Mapping[str, Any] | None:
    if validation is None:
        return None
    rows = records(validation[validation["measure"] == measure])
    return {str(key): value for key, value in rows[0].items()} if rows else None


def model_sentence(model: ModelResults) -> str:
    """Say in one sentence what a model showed."""
    fit = model.fit
    if fit.get("finding"):
        return f"The model '{plain_name(model.name)}' could not be fitted: {text_of(fit['finding']).rstrip('.')}."
    adjusted = [
        text_of(term["label"]).replace("_", " ")
        for term in fit["estimates"]
        if term["term"] != "Intercept" and term["p"] is not None and term["p"] < LEVEL
    ]
    named = (
        f"associated with RP, the other terms held equal (p < {LEVEL}, not adjusted for the number of terms): "
        f"{join_words(adjusted)}"
        if adjusted
        else f"no predictor reached p < {LEVEL}"
    )
    return (
        f"Model '{plain_name(model.name)}' ({count_of(fit['n'], 'patient')}, {fit['events']} with RP, "
        f"{format_number(optional(fit['epv']), decimals=1)} events per variable): {named}; {performance_words(model)}."
    )


def model_section(results: Results) -> Section:
    """Give the section on the multivariable models."""
    if not results.models:
        return Section("models", "Multivariable models", (Text("No multivariable model is part of this analysis."),))
    blocks: list[Block] = [
        Text(
            "The predictors were declared beforehand; none was selected by these data. Performance is that on the same "
            "patients, corrected by repeating the whole fit in every resample. The instability range is the middle "
            "95 % of the corrected values over the resamples, not a confidence interval."
        )
    ]
    for model in results.models:
        blocks.append(Text(model_sentence(model)))
        blocks.extend(_model_tables(model))
        warnings = tuple(str(text) for text in model.fit.get("warnings") or ())
        if warnings:
            blocks.append(Notes(f"Warnings of {plain_name(model.name)}", warnings))
    return Section("models", "Multivariable models", tuple(blocks))


def _model_tables(model: ModelResults) -> Iterator[Table]:
    name = plain_name(model.name)
    if not model.fit.get("finding"):
        rows = [
            (
                text_of(term["label"]).replace("_", " "),
                ratio_cell(*(_exp(term[key]) for key in ("estimate", "low", "high"))),
                p_cell(term["p"]),
            )
            for term in model.fit["estimates"]
            if term["term"] != "Intercept"
        ]
        penalty = ", Firth's penalty" if model.fit.get("penalty") == "firth" else ""
        caption = f"Model '{name}': adjusted odds ratios with {model.fit.get('interval', '')} intervals{penalty}."
        yield make_table(f"model-{model.name}", caption, ("Term", "OR (95 % CI)", "p"), rows)
    if model.validation is not None:
        measures = [
            (
                MEASURES.get(text_of(row["measure"]), text_of(row["measure"])), number_cell(row["apparent"]),
                number_cell(row["optimism"]), interval_cell(row["corrected"], row["low"], row["high"]),
                count_cell(row["resamples"]),
            )
            for row in records(model.validation)
        ]  # fmt: skip
        # the columns low and high of the file are the range of this table
        method = text_of(model.validation["method"].iloc[0]).replace("low and high", "range")
        columns = ("Measure", "Apparent", "Optimism", "Corrected (range)", "Resamples")
        yield make_table(
            f"validation-{model.name}", f"Model '{name}': performance. {method}.", columns, measures, sortable=False
        )


def _exp(log_odds: float | None) -> float | None:
    return None if log_odds is None else math.inf if log_odds > 700 else math.exp(log_odds)
