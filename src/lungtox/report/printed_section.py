"""Section on a published paper: its findings beside those of this cohort, and what of it cannot be believed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lungtox.figures import format_number
from lungtox.report.blocks import Block, Bullets, Cell, Notes, Section, Text, make_table
from lungtox.report.results import Results, records
from lungtox.report.wording import count_of, decimals_for, interval_cell, optional, p_cell, text_of

SOURCES = {
    "factor": "single factor",
    "cytokine": "cytokine",
    "correlation": "pre with during",
    "stratum": "within a stratum",
    "pair": "AUCs compared",
    "model": "in a model",
}
DOUBTED = ("inconsistent", "implausible")


def simulated_sentence(results: Results) -> str | None:
    """Say that a cohort was made from a paper, where it was."""
    settings = results.config.get("printed") or {}
    if not settings.get("simulated"):
        return None
    return (
        f"All patients are invented: they were simulated so that they show what {settings['paper']} printed. That they "
        "show it is no evidence for it; what this report can tell is how far such figures carry."
    )


def printed_section(results: Results) -> Section:
    """Give the section on the paper."""
    settings = results.config.get("printed") or {}
    if results.printed is None and results.printed_checks is None:
        words = "No published paper is compared with." if not settings else "The comparison with the paper is missing."
        return Section("printed", "The paper and this cohort", (Text(words),))
    blocks: list[Block] = []
    if sentence := simulated_sentence(results):
        blocks.append(Text(sentence))
    rows = [] if results.printed is None else records(results.printed)
    if rows:
        same = sum(text_of(row["verdict"]) == "as printed" for row in rows)
        blocks += [
            Bullets((f"{same} of {count_of(len(rows), 'printed finding')} came out as printed.", *_different(rows))),
            _findings_table(rows, settings),
        ]
    checks = [] if results.printed_checks is None else records(results.printed_checks)
    if checks:
        blocks += [_checks_table(checks), *_doubts(checks)]
    if settings.get("remarks"):
        title = f"What cannot be believed of {settings['paper']}"
        blocks.append(Notes(title, tuple(str(text) for text in settings["remarks"])))
    return Section("printed", f"{settings['paper']} and this cohort", tuple(blocks))


def _different(rows: list[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        verdict = text_of(row["verdict"])
        if verdict != "as printed":
            yield f"{text_of(row['finding'])}: {verdict} (printed p {text_of(row['printed_p'])})."


def _findings_table(rows: list[dict[str, Any]], settings: Mapping[str, Any]) -> Block:
    cells = [
        (
            text_of(row["finding"]), SOURCES[text_of(row["source"])], text_of(row["printed_direction"]),
            text_of(row["printed_p"]), _means(row["printed_rp"], row["printed_no_rp"]), _means(row["rp"], row["no_rp"]),
            text_of(row["effect_name"]),
            interval_cell(row["effect"], row["low"], row["high"], decimals=decimals_for(row["effect"])),
            p_cell(row["p"]), p_cell(row["q"]), text_of(row["verdict"]),
        )
        for row in rows
    ]  # fmt: skip
    columns = (
        "Finding", "Kind", "Direction printed", "p printed", "Means printed", "Means here", "Effect",
        "Estimate (95 % CI)", "p", "q", "Verdict",
    )  # fmt: skip
    caption = (
        f"Findings of {settings['paper']} beside this cohort. Means: with RP / without. As printed: on the same side "
        "of p = 0.05 and, where a direction is printed for a significant finding, in that direction. q is adjusted "
        "within the family that this analysis declares."
    )
    return make_table("printed-findings", caption, columns, cells)


def _means(rp: Any, no_rp: Any) -> Cell:
    first, second = optional(rp), optional(no_rp)
    if first is None or second is None:
        return Cell("")
    return Cell(f"{format_number(first)} / {format_number(second)}", first)


def _checks_table(checks: list[dict[str, Any]]) -> Block:
    cells = [
        tuple(text_of(row[name]) for name in ("item", "check", "printed", "computed", "verdict")) for row in checks
    ]
    caption = (
        "Printed figures against each other. Consistent: they can be true together, with what rounding leaves open; "
        "possible: unprinted figures decide; implausible, inconsistent: see the words."
    )
    return make_table("printed-checks", caption, ("Item", "Check", "Printed", "Computed", "Verdict"), cells)


def _doubts(checks: list[dict[str, Any]]) -> Iterator[Block]:
    doubted = [row for row in checks if text_of(row["verdict"]) in DOUBTED]
    if doubted:
        items = tuple(
            f"{text_of(row['item'])}, {text_of(row['check'])}: printed {text_of(row['printed'])}; "
            f"{text_of(row['computed'])} ({text_of(row['verdict'])})."
            for row in doubted
        )
        yield Notes("Printed figures that do not go together", items)
