"""Sections on single factors and on cytokines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lungtox.figures import LEVEL, effect_label, format_interval, format_number, format_p, format_ratio
from lungtox.report.blocks import Block, Bullets, Section, Text, make_table
from lungtox.report.cytokine_models import cytokine_model_blocks
from lungtox.report.dose_level_blocks import dose_level_blocks
from lungtox.report.pictures import picture
from lungtox.report.results import Results, records
from lungtox.report.strata_blocks import strata_blocks
from lungtox.report.wording import (
    count_cell,
    decimals_for,
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

MANY = 3
COMPARISONS = {
    "paired_all": "during v pre, all patients",
    "paired_rp": "during v pre, RP",
    "paired_no_rp": "during v pre, no RP",
    "groups_pre": "RP v no RP, pre",
    "groups_during": "RP v no RP, during",
    "groups_ratio": "RP v no RP, ratio during/pre",
}


def family_findings(univariable: pd.DataFrame) -> Iterator[str]:
    """Give the sentences of `family_verdicts`."""
    yield from (sentence for _, sentence in family_verdicts(univariable))


def family_verdicts(univariable: pd.DataFrame) -> Iterator[tuple[bool | None, str]]:
    """Say for each family which factors are associated after adjustment, which only before it, or that none is.

    Before each sentence: whether any is; None where none could be tested. More than three factors are named without
    their odds ratios, which stand in the table.
    """
    for family, rows in univariable.groupby("family", sort=False):
        factors = rows.drop_duplicates("factor")
        found = factors[factors["q"] < LEVEL]
        lost = factors[(factors["p"] < LEVEL) & ~(factors["q"] < LEVEL)]
        name = plain_name(str(family)).capitalize()
        verdict: bool | None = not found.empty
        if factors["p"].isna().all():
            verdict = None
            text = f"{name}: none of {len(factors)} factors could be tested."
        elif found.empty:
            smallest = optional(factors["q"].min())
            tail = "" if smallest is None else f" (smallest {format_p(smallest, name='q')})"
            text = f"{name}: none of {len(factors)} factors was associated with RP at q < {LEVEL}{tail}."
        else:
            if len(found) > MANY:
                named = f"{join_words([text_of(label) for label in found['label']])} ({_range_of_q(found)})"
            else:
                named = join_words([_effect_words(row, rows) for row in records(found)])
            text = f"{name}: {len(found)} of {len(factors)} factors were associated with RP at q < {LEVEL}: {named}."
        if not lost.empty:
            text += (
                f" {join_words([text_of(label) for label in lost['label']])} had p < {LEVEL} before adjustment only: "
                "not counted as a finding."
            )
        yield verdict, text


def _range_of_q(found: pd.DataFrame) -> str:
    smallest, largest = (format_p(optional(q), name="") for q in (found["q"].min(), found["q"].max()))
    return f"q {smallest}" if smallest == largest else f"q from {smallest} to {largest}"


def _effect_words(row: Mapping[str, Any], rows: pd.DataFrame) -> str:
    """Give label, effect and q; a factor of several levels has no single effect."""
    q = format_p(optional(row["q"]), name="q")
    if (rows["factor"] == row["factor"]).sum() > 1 or optional(row["effect"]) is None:
        return f"{text_of(row['label'])} ({q})"
    interval = f"{format_ratio(optional(row['low']))} to {format_ratio(optional(row['high']))}"
    label = effect_label(text_of(row["label"]), row["unit"])
    return f"{label}, OR {format_ratio(optional(row['effect']))} (95 % CI {interval}; {q})"


def association_section(results: Results) -> Section:
    """Give the section on single factors."""
    if results.univariable is None:
        return Section("factors", "Single factors", (Text("No single factor was tested."),))
    table = results.univariable
    rows = [
        (
            effect_label(text_of(row["label"]), row["unit"]), plain_name(text_of(row["family"])), count_cell(row["n"]),
            text_of(row["rp_summary"]), text_of(row["no_rp_summary"]), _difference(row), _odds_ratio(row),
            p_cell(row["p"]), p_cell(row["q"]), text_of(row["test"]),
        )
        for row in records(table)
    ]  # fmt: skip
    columns = ("Factor", "Family", "n", "RP", "No RP", "Difference (95 % CI)", "OR (95 % CI)", "p", "q", "Test")
    caption = (
        "Each factor alone against RP: median [quartiles] or number (percent) of the level, difference RP "
        "\N{MINUS SIGN} no RP "
        "(Hodges-Lehmann with Mann-Whitney, of means with Welch), odds ratio (OR) per step named, "
        "p of the test, q adjusted within the family. Levels of one factor share its p."
    )
    return Section(
        "factors",
        "Single factors",
        (
            Bullets(tuple(family_findings(table))),
            Text(
                "An association of one factor alone is neither independent of the others nor a cause; dose metrics of "
                "one plan are nearly the same variable (see limitations). That factors of one family pass the limit "
                "and those of another do not is no comparison of the two: only the paired comparisons of the AUC "
                "compare metrics."
            ),
            make_table("univariable", caption, columns, rows),
            picture(results.folder, "forest"),
            *dose_level_blocks(results),
            *strata_blocks(results),
        ),
    )


def _difference(row: Mapping[str, Any]) -> Any:
    value = row.get("difference")
    ends = row.get("difference_low"), row.get("difference_high")
    return interval_cell(value, *ends, decimals=decimals_for(value))


def _odds_ratio(row: Mapping[str, Any]) -> Any:
    cell = ratio_cell(row["effect"], row["low"], row["high"])
    name = text_of(row["effect_name"])
    if cell.order is None:
        return name if name.startswith("no ") else cell
    return type(cell)(f"{cell.text}, Firth", cell.order) if "Firth" in name else cell


def _comparison(row: Mapping[str, Any]) -> str:
    return COMPARISONS.get(text_of(row["comparison"]), text_of(row["comparison"]))


def _effect_unit(row: Mapping[str, Any], units: Mapping[str, str]) -> str:
    """Give the unit of a difference between groups; ratios have none."""
    time = text_of(row["comparison"]).removeprefix("groups_")
    return units.get(f"{row['cytokine']}_{time}", "") if "difference" in text_of(row["effect_name"]) else ""


def cytokine_summary(cytokines: pd.DataFrame) -> str:
    """Say in one sentence which comparisons hold after adjustment, cytokine by cytokine, or that none does."""
    found = cytokines[cytokines["q"] < LEVEL]
    if found.empty:
        return _count_of_cytokines(cytokines)
    named = [
        f"{label} ({'; '.join(_comparison(row) for row in records(rows))})"
        for label, rows in found.groupby("label", sort=False)
    ]
    return f"{_count_of_cytokines(cytokines)} {join_words(named)} ({_range_of_q(found)})."


def _count_of_cytokines(cytokines: pd.DataFrame) -> str:
    found = int((cytokines["q"] < LEVEL).sum())
    tested = int(cytokines["q"].notna().sum())
    if found:
        return f"{found} of {tested} cytokine comparisons were significant at q < {LEVEL}:"
    smallest = optional(cytokines["q"].min())
    tail = "" if smallest is None else f" (smallest {format_p(smallest, name='q')})"
    return f"None of {tested} cytokine comparisons was significant at q < {LEVEL}{tail}."


def cytokine_findings(cytokines: pd.DataFrame, *, units: Mapping[str, str]) -> Iterator[str]:
    """Say which comparisons of cytokines hold after adjustment, each with its size, or that none does."""
    found = cytokines[cytokines["q"] < LEVEL]
    yield _count_of_cytokines(cytokines)
    for row in records(found):
        effect = optional(row["effect"])
        size = ""
        if effect is not None:
            decimals, unit = decimals_for(effect), _effect_unit(row, units)
            interval = format_interval(optional(row["low"]), optional(row["high"]), decimals=decimals)
            number = f"{format_number(effect, decimals=decimals)}{f' {unit}' if unit else ''}"
            name = text_of(row["effect_name"]).replace(" - ", " \N{MINUS SIGN} ")
            size = f"{name} {number} (95 % CI {interval}), "
        yield f"{text_of(row['label'])}, {_comparison(row)}: {size}{format_p(optional(row['q']), name='q')}."


def _units_words(results: Results) -> str:
    """Give `` (ACE in U/L, others in pg/mL)`` in the simplest true form: each cytokine with its unit."""
    if results.cytokines is None:
        return ""
    named = dict.fromkeys(
        f"{text_of(row['label'])} in {unit}"
        for row in records(results.cytokines)
        if (unit := results.units.get(f"{row['cytokine']}_pre"))
    )
    return f" ({join_words(list(named))})" if named else ""


def cytokine_section(results: Results) -> Section:
    """Give the section on cytokines."""
    if results.cytokines is None:
        return Section("cytokines", "Cytokines", (Text("Cytokines are not part of this analysis."),))
    rows = [
        (
            text_of(row["label"]), _comparison(row), count_cell(row["n"]),
            interval_cell(row["median_a"], row["q1_a"], row["q3_a"], decimals=decimals_for(row["median_a"])),
            interval_cell(row["median_b"], row["q1_b"], row["q3_b"], decimals=decimals_for(row["median_b"])),
            interval_cell(row["effect"], row["low"], row["high"], decimals=decimals_for(row["effect"])),
            p_cell(row["p"]), p_cell(row["q"]),
            number_cell(row["below_limit_pct"], decimals=1), text_of(row["test"]),
        )
        for row in records(results.cytokines)
    ]  # fmt: skip
    columns = (
        "Cytokine", "Comparison", "n", "Median A (quartiles)", "Median B (quartiles)", "Effect (95 % CI)", "p", "q",
        "% below limit", "Test",
    )  # fmt: skip
    caption = (
        f"Cytokines in time and between groups{_units_words(results)}. A and B: pre and during for the comparisons in "
        "time, RP and no RP for those between groups. Effect (Hodges-Lehmann): ratio during / pre in time, difference "
        "A \N{MINUS SIGN} B between groups; q adjusted over all comparisons of the table."
    )
    blocks: tuple[Block, ...] = (
        Bullets(tuple(cytokine_findings(results.cytokines, units=results.units))),
        Text(
            "Values drawn during radiotherapy are not baseline predictors: a patient has to reach the draw. The "
            "literature "
            "disagrees on the direction of these markers."
        ),
        make_table("cytokine-tests", caption, columns, rows),
        picture(results.folder, "cytokines"),
        *cytokine_model_blocks(results),
    )
    return Section("cytokines", "Cytokines", blocks)
