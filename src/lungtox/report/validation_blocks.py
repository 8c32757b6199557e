"""Blocks on how a model was validated: performance, selection, collinearity, influence, sample size, other levels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lungtox.figures import format_interval, format_number, format_p
from lungtox.report.blocks import Block, Cell, Table, Text, make_table
from lungtox.report.results import ModelResults, records
from lungtox.report.wording import (
    DASH,
    count_cell,
    count_of,
    interval_cell,
    join_words,
    number_cell,
    optional,
    plain_name,
    text_of,
)

if TYPE_CHECKING:
    import pandas as pd

MEASURES = {  # of logistic models and NTCP fits; concordance of fits with times only
    "auc": "AUC",
    "slope": "Calibration slope",
    "citl": "Calibration-in-the-large",
    "brier": "Brier score",
    "scaled_brier": "Scaled Brier score",
    "ici": "ICI (mean calibration error)",
    "e90": "E90 (its 90th percentile)",
    "concordance": "Concordance of risk and time (Harrell's C)",
}
HIGH_INFLATION = 10.0
STRONG_INFLUENCE = 1.0
FREQUENT_MODELS = 5


def performance_words(model: ModelResults) -> str:
    """Give the corrected AUC with its range, the apparent one beside it; never the apparent one alone."""
    boot, crossed = (_measure(model.validation, "auc", approach) for approach in ("bootstrap", "cross-validation"))
    first = crossed if model.fit.get("leads") == "cross-validation" and crossed is not None else boot
    if first is None or optional(first["corrected"]) is None:
        return "its discrimination could not be corrected for optimism and is not quoted"
    apparent = f"apparent {format_number(optional(first['apparent']))}"
    slope = _slope_words(model, "bootstrap" if first is boot else "cross-validation")
    interval = format_interval(optional(first["low"]), optional(first["high"]))
    number = format_number(optional(first["corrected"]))
    if first is boot:
        return f"AUC {number} corrected for optimism (instability range {interval}; {apparent}){slope}"
    other = ""
    if boot is not None:
        around = format_interval(optional(boot["low"]), optional(boot["high"]))
        corrected = format_number(optional(boot["corrected"]))
        other = f"corrected by the bootstrap {corrected}, instability range {around}; "
    return (
        f"AUC {number} by cross-validation (range over the repeats {interval}, no confidence interval; "
        f"{other}{apparent}){slope}"
    )


def _slope_words(model: ModelResults, approach: str) -> str:
    """Give the corrected calibration slope, without which a corrected AUC tells half; empty where there is none."""
    row = _measure(model.validation, "slope", approach)
    slope = None if row is None else optional(row["corrected"])
    return "" if slope is None else f"; calibration slope, corrected likewise, {format_number(slope)} (1 is right)"


def _measure(validation: pd.DataFrame | None, measure: str, approach: str) -> Mapping[str, Any] | None:
    if validation is None:
        return None
    chosen = (validation["measure"] == measure) & (validation["approach"] == approach)
    found = records(validation[chosen])
    return found[0] if found else None


def validation_blocks(model: ModelResults) -> Iterator[Block]:
    """Give sample size, performance, selection, levels left out, collinearity and influence of one model."""
    if joint := model.fit.get("joint"):
        tests = [f"{candidate_label(model, one['name'])} ({one['df']} df) {format_p(one['p'])}" for one in joint]
        by = "likelihood ratio" if model.fit.get("weights", "none") == "none" else "robust Wald test"
        yield Text(f"All terms of a predictor at once ({by}): {join_words(tests)}.")
    if size := _size_sentence(model.fit):
        yield Text(size)
    yield from _performance_table(model)
    yield from _selection_tables(model)
    yield from _level_table(model)
    for sentence in (*_collinearity_sentences(model), *_influence_sentences(model)):
        yield Text(sentence)


def _size_sentence(fit: Mapping[str, Any]) -> str:
    size = fit.get("sample_size")
    if not size:
        return ""
    return (
        f"Size: {count_of(size['parameters'], 'candidate parameter')}, "
        f"{format_number(optional(fit['epv']), decimals=1)} events per candidate parameter. Riley's criteria ask for "
        f"{size['required']} patients where an AUC of {size['expected_auc']:g} is expected ({size['shrinkage']} for "
        f"the shrinkage, {size['optimism']} for the optimism of R2, {size['rate']} for the overall risk); there are "
        f"{fit['n']}."
    )


def _performance_table(model: ModelResults) -> Iterator[Table]:
    if model.validation is None:
        return
    leads = text_of(model.fit.get("leads")) or "bootstrap"
    order = sorted(dict.fromkeys(model.validation["approach"]), key=lambda approach: approach != leads)
    titles = {"bootstrap": "Bootstrap-corrected (range)", "cross-validation": "Cross-validated (range)"}
    rows = []
    for measure, name in MEASURES.items():
        found = {approach: _measure(model.validation, measure, approach) for approach in order}
        known = [row for row in found.values() if row is not None]
        if known:
            cells = [
                DASH if row is None else interval_cell(row["corrected"], row["low"], row["high"], decimals=3)
                for row in found.values()
            ]
            rows.append((name, number_cell(known[0]["apparent"], decimals=3), *cells))
    # the columns low and high of the file are the ranges of this table
    methods = [text.replace("low and high", "range") for text in dict.fromkeys(model.validation["method"])]
    counts = model.validation.groupby("approach")["resamples"].max()
    done = join_words([f"{approach} {int(counts[approach])}" for approach in order])
    first = (
        " Below ten events per candidate parameter cross-validation leads: the bootstrap stays too optimistic there."
        if leads == "cross-validation"
        else ""
    )
    yield make_table(
        f"validation-{model.name}",
        f"Model '{plain_name(model.name)}': performance.{first} {'. '.join(methods)}. Resamples or repeats: {done}.",
        ("Measure", "Apparent", *(titles[approach] for approach in order)),
        rows,
        sortable=False,
    )


def _selection_tables(model: ModelResults) -> Iterator[Table]:
    table = model.tables.get("selection")
    if table is None:
        return
    total = int(table["resamples"].iloc[0])
    for kind, title, most in (
        ("predictor", "how often each candidate was chosen", None),
        ("model", f"the {FREQUENT_MODELS} most frequent models", FREQUENT_MODELS),
    ):
        part = table[table["kind"] == kind]
        part = part if most is None else part.head(most)
        rows = [
            (
                candidate_label(model, text_of(row["name"])),
                "yes" if row["chosen"] else "",
                number_cell(100 * row["share"], decimals=0),
            )
            for row in records(part)
        ]
        columns = (kind.capitalize(), "In the model", "Share of resamples [%]")
        caption = f"Model '{plain_name(model.name)}': {title} in {total} resamples."
        yield make_table(f"selection-{kind}-{model.name}", caption, columns, rows)


def candidate_label(model: ModelResults, name: str) -> str:
    """Give the printed names of one or several candidates joined by a plus sign."""
    listed = model.tables.get("collinearity")
    labels = {} if listed is None else dict(zip(listed["column"], listed["label"], strict=True))
    parts = [" x ".join(str(labels.get(one, one)) for one in part.split(" * ")) for part in name.split(" + ")]
    return " + ".join(parts).replace("_", " ")


def _level_table(model: ModelResults) -> Iterator[Table]:
    table = model.tables.get("internal_external")
    if table is None:
        return
    rows: list[tuple[str | Cell, ...]] = [
        (text_of(row["level"]), count_cell(row["n"]), count_cell(row["events"]),
         *(number_cell(row[name]) for name in ("auc", "slope", "citl", "brier")))
        for row in records(table)
    ]  # fmt: skip
    column = plain_name(text_of(table["column"].iloc[0]))
    caption = (
        f"Model '{plain_name(model.name)}': internal-external validation, each level of {column} predicted by the "
        "model of all others."
    )
    columns = (column, "n", "RP", *(MEASURES[name] for name in ("auc", "slope", "citl", "brier")))
    yield make_table(f"levels-{model.name}", caption, columns, rows)


def _collinearity_sentences(model: ModelResults) -> Iterator[str]:
    table = model.tables.get("collinearity")
    if table is None:
        return
    worst = [
        f"{text_of(row['label'])} {format_number(row['vif'], decimals=0)}"
        for row in records(table.sort_values("vif", ascending=False))
        if row["vif"] >= HIGH_INFLATION
    ]
    clusters = [part for _, part in table[table["cluster"].notna()].groupby("cluster") if len(part) > 1]
    if worst:
        yield f"Variance inflation of {HIGH_INFLATION:g} or more: {join_words(worst)}."
    if clusters:
        named = [
            f"{join_words([text_of(label) for label in part['label']])} (represented by "
            f"{text_of(part.loc[part['representative'], 'label'].iloc[0])})"
            for part in clusters
        ]
        yield f"Clusters of nearly exchangeable candidates (Spearman 0.7 or more): {'; '.join(named)}."


def _influence_sentences(model: ModelResults) -> Iterator[str]:
    table = model.tables.get("influence")
    if table is None:
        return
    size = table["dfbetas"].abs()
    strong = int((size >= STRONG_INFLUENCE).sum())
    most = records(table.loc[[size.idxmax()]])[0]
    labels = {term["term"]: text_of(term["label"]) for term in model.fit["estimates"]}
    moved = f"{labels.get(most['term'], most['term'])} by {format_number(most['dfbetas'])} standard errors"
    if strong:
        yield (
            f"{count_of(strong, 'patient')} alone {'moves' if strong == 1 else 'move'} a coefficient by a standard "
            f"error or more, at most {moved}; influence.csv names them."
        )
    else:
        yield f"No single patient moves a coefficient by a standard error; the most influential one moves {moved}."
