"""Table of the cytokines by models: limits as limits, the value before, plates."""

from __future__ import annotations

from typing import Any

from lungtox.figures import LEVEL, format_p, format_ratio
from lungtox.report.blocks import Block, Cell, Text, make_table
from lungtox.report.results import Results, records
from lungtox.report.wording import DASH, join_words, optional, text_of

ANALYSES = {
    "groups_pre_censored": "RP / no RP before, limits by likelihood",
    "groups_pre_imputed": "RP / no RP before, limits imputed",
    "plate_pre": "RP / no RP before, plates in the model",
    "groups_during_censored": "RP / no RP during, limits by likelihood",
    "groups_during_imputed": "RP / no RP during, limits imputed",
    "plate_during": "RP / no RP during, plates in the model",
    "ancova": "RP / no RP during given before, half the limit",
    "ancova_censored": "RP / no RP during given before, limits by likelihood",
    "ancova_imputed": "RP / no RP during given before, limits imputed",
    "correlation": "Rank correlation of before and during",
    "mixed": "Course over all draws by outcome",
}


def cytokine_model_blocks(results: Results) -> list[Block]:
    """Give the table, and what the plates say."""
    if results.cytokine_models is None:
        return []
    found = {(text_of(row["analysis"]), text_of(row["label"])): row for row in records(results.cytokine_models)}
    labels = list(dict.fromkeys(label for _, label in found))
    rows: list[tuple[str | Cell, ...]] = [
        (words, *(_cell(found.get((analysis, label))) for label in labels))
        for analysis, words in ANALYSES.items()
        if any((analysis, label) in found for label in labels)
    ]
    caption = (
        "Cytokines by models of the logarithm: ratios of geometric means with 95 % CI and p. Values below their limit "
        "enter by the censored likelihood, by imputation beyond the limit, or as half of it; ANCOVA: during given the "
        "value before (of two limits, half). These look at the same data as the tests above in other ways: they check "
        "them, are not adjusted, and are no further findings."
    )
    blocks: list[Block] = [make_table("cytokine-models", caption, ("Analysis", *labels), rows, sortable=False)]
    plates = [
        f"{text_of(row['label'])} ({'before' if text_of(row['analysis']) == 'plate_pre' else 'during'}, "
        f"{format_p(optional(row['p_plates']))})"
        for row in found.values()
        if (optional(row["p_plates"]) or 1.0) < LEVEL
    ]
    if plates:
        blocks.append(Text(f"Plates differ for {join_words(plates)}: see whether the comparison stands with plates."))
    return blocks


def _cell(row: dict[str, Any] | None) -> Cell:
    if row is None:
        return Cell(DASH)
    value, p = optional(row["effect"]), optional(row["p"])
    if value is None:
        method = text_of(row["method"])
        return Cell(format_p(p) if p is not None else method.partition(":")[0] if ":" in method else DASH)
    if text_of(row["analysis"]) == "correlation":
        low, high = (f"{row[key]:.2f}".replace("-", "\N{MINUS SIGN}") for key in ("low", "high"))
        shown = f"{value:.2f}".replace("-", "\N{MINUS SIGN}")
        return Cell(f"{shown} ({low} to {high}), {format_p(p)}", value)
    ends = " to ".join(format_ratio(optional(row[key])) for key in ("low", "high"))
    return Cell(f"{format_ratio(value)} ({ends}), {format_p(p)}", value)
