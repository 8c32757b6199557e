"""Section on the multivariable models."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lungtox.figures import LEVEL, format_number
from lungtox.report.blocks import Block, Notes, Section, Text, make_table
from lungtox.report.pictures import picture
from lungtox.report.results import ModelResults, Results, records
from lungtox.report.validation_blocks import candidate_label, performance_words, validation_blocks
from lungtox.report.wording import (
    count_of,
    join_words,
    optional,
    p_cell,
    plain_name,
    ratio_cell,
    text_of,
    with_labels,
)

if TYPE_CHECKING:
    pass

FEW_EVENTS_PER_VARIABLE = 10
MODEL_FIGURES = ("calibration", "decision", "stability", "dendrogram", "correlations")


def model_sentence(model: ModelResults) -> str:
    """Say in one sentence what a model showed."""
    fit = model.fit
    if fit.get("finding"):
        return f"The model '{plain_name(model.name)}' could not be fitted: {text_of(fit['finding']).rstrip('.')}."
    if fit.get("selection", "none") != "none" or fit.get("strength") is not None:
        named = (
            f"chose {join_words([candidate_label(model, text_of(name)) for name in fit['chosen']]) or 'no predictor'}"
        )
        return (
            f"Model '{plain_name(model.name)}' ({count_of(fit['n'], 'patient')}, {fit['events']} with RP, "
            f"{format_number(optional(fit['epv']), decimals=1)} events per candidate parameter) {named} from "
            f"{count_of(fit['candidates'], 'candidate parameter')}{_chosen_again(model)}; {performance_words(model)}."
        )
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


def _chosen_again(model: ModelResults) -> str:
    """Say in how many resamples the selection came to the same predictors; empty where that is not known."""
    table = model.tables.get("selection")
    found = [] if table is None else records(table[(table["kind"] == "model") & table["chosen"].astype(bool)])
    return f", the same ones in {int(found[0]['count'])} of {int(found[0]['resamples'])} resamples" if found else ""


def model_section(results: Results) -> Section:
    """Give the section on the multivariable models."""
    if not results.models:
        return Section("models", "Multivariable models", (Text("No multivariable model is part of this analysis."),))
    selected = [f"'{plain_name(model.name)}'" for model in results.models if _selects(model)]
    chosen = (
        f"The predictors of {join_words(selected)} were selected or shrunk by these data, those of the others declared "
        "beforehand."
        if selected
        else "The predictors were declared beforehand; none was selected by these data."
    )
    blocks: list[Block] = [
        Text(
            f"{chosen} Performance is that on the same patients, corrected by repeating the whole fit, selection and "
            "tuning included, in every resample. The instability range is the middle 95 % of the corrected values over "
            "the resamples, not a confidence interval."
        )
    ]
    for model in results.models:
        blocks.append(Text(model_sentence(model)))
        blocks.extend(_model_tables(model))
        if results.codings is None:
            blocks.extend(_coding_tables(model))
        warnings = tuple(with_labels(str(text), results.labels) for text in model.fit.get("warnings") or ())
        if warnings:
            blocks.append(Notes(f"Warnings of {plain_name(model.name)}", warnings))
    blocks.extend(picture(results.folder, name) for name in MODEL_FIGURES)
    return Section("models", "Multivariable models", tuple(blocks))


def _model_tables(model: ModelResults) -> Iterator[Block]:
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
        caption = (
            f"Model '{name}': adjusted odds ratios with {model.fit.get('interval', '')} intervals{_penalty(model.fit)}."
        )
        yield make_table(f"model-{model.name}", caption, ("Term", "OR (95 % CI)", "p"), rows)
    yield from validation_blocks(model)


def _penalty(fit: Mapping[str, Any]) -> str:
    if fit.get("penalty") == "firth":
        return f", Firth's penalty{_weights(fit)}"
    if fit.get("strength") is not None:
        kind = plain_name(text_of(fit["penalty"]))
        return f" (shrunken on purpose: {kind}, lambda {fit['strength']:.3g}){_weights(fit)}"
    return (" that ignore the selection" if fit.get("selection", "none") != "none" else "") + _weights(fit)


def _weights(fit: Mapping[str, Any]) -> str:
    if fit.get("weights", "none") == "none":
        return ""
    return f", weighted for {count_of(sum(fit['unknown'].values()), 'patient')} without known outcome"


def _coding_tables(model: ModelResults) -> Iterator[Block]:
    """Show the model with the unknown outcomes coded in other ways, where the section on time does not."""
    rows = model.fit.get("codings") or ()
    name = plain_name(model.name)
    shown = [
        (
            text_of(row["coding"]), text_of(row["label"]).replace("_", " "),
            ratio_cell(row["value"], row["low"], row["high"]), p_cell(row["p"]), str(row["n"]), str(row["events"]),
        )
        for row in rows
        if not row["finding"]
    ]  # fmt: skip
    if shown:
        caption = (
            f"Model '{name}': the same with the unknown outcomes left out, all coded without or all with RP, and "
            "weighted with deaths as outcomes without RP. What changes its meaning rests on those patients."
        )
        columns = ("Unknown outcomes", "Term", "OR (95 % CI)", "p", "n", "RP")
        yield make_table(f"codings-{model.name}", caption, columns, shown, sortable=False)
    for row in rows:
        if row["finding"]:
            yield Text(f"Model '{name}', {row['coding']}: {text_of(row['finding'])}")


def _selects(model: ModelResults) -> bool:
    return model.fit.get("selection", "none") != "none" or model.fit.get("strength") is not None


def _exp(log_odds: float | None) -> float | None:
    return None if log_odds is None else math.inf if log_odds > 700 else math.exp(log_odds)
