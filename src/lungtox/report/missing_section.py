"""Section on missing values: who lacks what, and what imputing it changes."""

from __future__ import annotations

from lungtox.report.blocks import Block, Cell, Section, Text, make_table
from lungtox.report.pictures import picture
from lungtox.report.results import Results, records
from lungtox.report.wording import (
    DASH,
    count_of,
    join_words,
    number_cell,
    optional,
    p_cell,
    plain_name,
    ratio_cell,
    share,
    text_of,
)


def missing_section(results: Results) -> Section:
    """Give the section on missing values."""
    if results.patterns is None:
        return Section("missing", "Missing values", (Text("Missing values were not looked into."),))
    blocks: list[Block] = [Text(_counts(results)), picture(results.folder, "missing"), *_models(results)]
    return Section("missing", "Missing values", tuple(blocks))


def _counts(results: Results) -> str:
    if results.patterns is None:
        return ""
    by_pattern = results.patterns.groupby("pattern", sort=True)
    whole = sum(int(rows["n"].iloc[0]) for _, rows in by_pattern)
    complete = sum(int(rows["n"].iloc[0]) for _, rows in by_pattern if not rows["missing"].any())
    return (
        f"{share(complete, whole)} patients have every value that the analyses use; the others fall into "
        f"{count_of(sum(bool(rows['missing'].any()) for _, rows in by_pattern), 'pattern')} of missing values."
    )


def _models(results: Results) -> list[Block]:
    if results.imputed is None:
        return []
    table: dict[tuple[str, str], dict[str, dict[str, object]]] = {}
    for row in records(results.imputed):
        if not text_of(row["finding"]):
            key = plain_name(text_of(row["model"])), text_of(row["label"]).replace("_", " ")
            table.setdefault(key, {})[text_of(row["analysis"])] = row
    rows = [
        (*key, _odds_ratio(of.get("complete cases")), _odds_ratio(of["multiple imputation"]),
         p_cell(of["multiple imputation"]["p"]), _percent(of["multiple imputation"]))
        for key, of in table.items()
        if "multiple imputation" in of
    ]  # fmt: skip
    blocks: list[Block] = []
    if rows:
        imputed = results.imputed[results.imputed["imputations"] > 0]
        counts = _row_counts(results)
        caption = (
            f"Logistic models on complete rows and with gaps imputed ({int(imputed['imputations'].max())} tables by "
            "chained equations with the outcome, pooled by Rubin's rules; odds ratios with 95 % CI"
            f"{counts}; unknown outcomes weighed out as in the models). Last column: fraction of missing information. "
            "Imputation holds if what is missing depends on what was measured."
        )
        columns = ("Model", "Term", "Complete rows", "Imputed", "p, imputed", "Missing information [%]")
        blocks.append(make_table("imputed", caption, columns, rows))
    findings = [row for row in records(results.imputed) if text_of(row["finding"])]
    blocks += [
        Text(f"Model '{plain_name(text_of(row['model']))}', {text_of(row['analysis'])}: {text_of(row['finding'])}")
        for row in findings
    ]
    return blocks


def _row_counts(results: Results) -> str:
    if results.imputed is None:
        return ""
    words = []
    for model, rows in results.imputed[results.imputed["n"] > 0].groupby("model", sort=False):
        n = {str(analysis): int(part["n"].max()) for analysis, part in rows.groupby("analysis", sort=False)}
        if "multiple imputation" in n:
            words.append(
                f"{plain_name(str(model))} {n.get('complete cases', 0)} and {n['multiple imputation']} patients"
            )
    return f"; {join_words(words)}" if words else ""


def _odds_ratio(row: dict[str, object] | None) -> Cell:
    return Cell(DASH) if row is None else ratio_cell(row["odds_ratio"], row["low"], row["high"])


def _percent(row: dict[str, object]) -> Cell:
    share_missing = optional(row["missing_information"])
    return number_cell(None if share_missing is None else 100.0 * share_missing, decimals=1)
