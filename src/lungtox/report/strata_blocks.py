"""Table of factors within strata, with the words for its verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lungtox.figures import LEVEL, effect_label, format_p
from lungtox.report.blocks import Block, Cell, Text, make_table
from lungtox.report.results import Results, records
from lungtox.report.wording import DASH, join_words, optional, p_cell, ratio_cell, text_of

if TYPE_CHECKING:
    import pandas as pd


def strata_blocks(results: Results) -> list[Block]:
    """Give the table of each column that makes strata, and what it says."""
    if results.strata is None:
        return []
    blocks: list[Block] = []
    for by, part in results.strata.groupby("by", sort=False):
        blocks += _one(str(by), part)
    return blocks


def _one(by: str, part: pd.DataFrame) -> list[Block]:
    by_label = text_of(part["by_label"].iloc[0])
    strata = list(dict.fromkeys(part.loc[part["row"] == "stratum", "stratum"]))
    rows: list[tuple[str | Cell, ...]] = []
    differing = []
    for _, factor in part.groupby("factor", sort=False):
        tests = {
            text_of(row["row"]): row for row in records(factor) if text_of(row["row"]) in ("interaction", "homogeneity")
        }
        estimates = factor[factor["row"].isin(["stratum", "adjusted"])]
        # Where a level was fitted anywhere, what could not be fitted has no row of its own.
        estimates = (
            estimates[estimates["unit"].notna()] if estimates["unit"].notna().any() else estimates.fillna({"unit": ""})
        )
        for unit, level in estimates.groupby("unit", sort=False):
            cells = [_odds_ratio(level, "stratum", stratum) for stratum in strata]
            label = effect_label(text_of(level["label"].iloc[0]), unit)
            rows.append((label, *cells, _odds_ratio(level, "adjusted", ""), *_tests(tests)))
        p = optional(tests["interaction"]["p"]) if "interaction" in tests else None
        if p is not None and p < LEVEL:
            differing.append(f"{text_of(factor['label'].iloc[0])} ({format_p(p)})")
    counts = part[part["row"] == "stratum"].groupby("stratum", sort=False)[["n", "events"]].max()
    sizes = join_words(
        [f"{name} {row.n} ({row.events})" for name, row in zip(counts.index, counts.itertuples(), strict=True)]
    )
    caption = (
        f"Odds ratios (95 % CI) within {by_label.lower()}; patients (with RP): {sizes}. Adjusted: with "
        f"{by_label.lower()} in the model. p of the interaction term (likelihood ratio{_simulated(part)}) and, "
        "for two levels, of Breslow and Day's test: a small p says that the odds ratios differ."
    )
    columns = ("Factor", *strata, "Adjusted", "p, interaction", "p, Breslow-Day")
    words = (
        f"No odds ratio was shown to differ between the groups by {by_label.lower()}. An odds ratio that is "
        "significant in one group and not in another is no such difference."
    )
    if differing:
        words = f"The odds ratio differs between the groups by {by_label.lower()} for {join_words(differing)}."
    return [make_table(f"strata-{by}", caption, columns, rows, sortable=False), Text(words)]


def _simulated(part: pd.DataFrame) -> str:
    tests = part.loc[part["row"] == "interaction", "test"].astype(str)
    if not tests.str.contains("bootstrap").any():
        return ""
    return "; below ten events per parameter its distribution is simulated, because chi-square calls too much there"


def _odds_ratio(rows: pd.DataFrame, kind: str, stratum: str) -> Cell:
    found = [row for row in records(rows) if text_of(row["row"]) == kind and text_of(row["stratum"]) == stratum]
    return ratio_cell(found[0]["effect"], found[0]["low"], found[0]["high"]) if found else Cell(DASH)


def _tests(tests: dict[str, dict[str, Any]]) -> tuple[Cell, Cell]:
    first, second = (
        p_cell(tests[name]["p"]) if name in tests else Cell(DASH) for name in ("interaction", "homogeneity")
    )
    return first, second
