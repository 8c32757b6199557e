"""Figures and table of the comparison at every dose, and what they say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lungtox.figures import LEVEL, format_p, weighting_label
from lungtox.report.blocks import Block, Bullets, Cell, Text, make_table
from lungtox.report.pictures import picture
from lungtox.report.results import Results, records
from lungtox.report.wording import DASH, count_cell, join_words, optional, p_cell, ratio_cell, text_of

if TYPE_CHECKING:
    import pandas as pd


def dose_level_blocks(results: Results) -> list[Block]:
    """Give the comparison of the groups at every dose."""
    if results.dose_levels is None:
        return []
    panels = [rows for _, rows in results.dose_levels.groupby(["structure", "weighting"], sort=False)]
    caption = (
        f"Vx against RP for every dose x: doses at which p is below {LEVEL} adjusted over all doses of the row "
        "(permutations, max-T), and the dose with the smallest one. The odds ratio and its interval hold at that dose "
        "alone, which these data chose."
    )
    columns = (
        "Structure, weighting", "n", "RP", "x tested [Gy]", f"x with adjusted p < {LEVEL} [Gy]", "Smallest adjusted p",
        "at x [Gy]", "OR per step of Vx (95 % CI)",
    )  # fmt: skip
    return [
        Bullets(tuple(_sentence(rows) for rows in panels)),
        make_table("dose-levels", caption, columns, [_row(rows) for rows in panels], sortable=False),
        picture(results.folder, "dvh_differences"),
        picture(results.folder, "dose_levels"),
        Text(
            "Neighbouring doses are nearly the same variable: a range of doses is one finding, and its ends are not "
            "thresholds. The adjustment is over the doses of a row, not over the rows."
        ),
    ]


def dose_level_methods(association: Mapping[str, Any]) -> Iterator[str]:
    """Say how the doses were compared."""
    levels = association.get("dose_levels")
    if not levels:
        return
    yield (
        f"Vx for x from {levels['low_gy']:g} to {levels['high_gy']:g} Gy in steps of {levels['step_gy']:g} Gy of "
        "physical dose: patients with and without RP were compared by the score statistic of a logistic model, p from "
        f"{levels['permutations']} random reassignments of the patients to the groups (all of them where there are no "
        "more), adjusted over the doses by the largest statistic of each reassignment (Westfall and Young 1993, single "
        "step). Left out: groups of fewer than 3 patients, doses that fewer than 5 patients get in a part of the "
        "structure."
    )


def ranges_of(doses_gy: list[float], chosen: list[bool]) -> list[str]:
    """Give ``5 to 18`` and single doses, of those chosen in an ascending list."""
    found: list[list[float]] = []
    before = False
    for dose, yes in zip(doses_gy, chosen, strict=True):
        if yes and before:
            found[-1].append(dose)
        elif yes:
            found.append([dose])
        before = yes
    return [f"{part[0]:g} to {part[-1]:g}" if len(part) > 1 else f"{part[0]:g}" for part in found]


def _found(rows: pd.DataFrame) -> list[str]:
    return ranges_of(rows["dose_gy"].tolist(), (rows["p_adjusted"] < LEVEL).tolist())


def _name(rows: pd.DataFrame) -> str:
    return f"{text_of(rows['structure'].iloc[0])}, {weighting_label(text_of(rows['weighting'].iloc[0]))}"


def _smallest(rows: pd.DataFrame) -> Mapping[str, Any] | None:
    tested = rows[rows["p_adjusted"].notna()]
    return None if tested.empty else records(tested.sort_values(["p_adjusted", "p", "dose_gy"], kind="stable"))[0]


def _sentence(rows: pd.DataFrame) -> str:
    """Say at which doses the groups differ, or that they do at none."""
    best, found = _smallest(rows), _found(rows)
    if best is None:
        why = text_of(rows["finding"].iloc[0])
        return f"{_name(rows)}: no dose was tested ({why})."
    smallest = f"smallest adjusted {format_p(optional(best['p_adjusted']))}, at {best['dose_gy']:g} Gy"
    if not found:
        tested = rows.loc[rows["p_adjusted"].notna(), "dose_gy"]
        return (
            f"{_name(rows)}: at no dose from {tested.min():g} to {tested.max():g} Gy did patients with and without RP "
            f"differ after adjustment over all doses ({smallest})."
        )
    return (
        f"{_name(rows)}: patients with and without RP differed in Vx for x of {join_words(found)} Gy "
        f"(p < {LEVEL}, adjusted over all doses; {smallest})."
    )


def _row(rows: pd.DataFrame) -> tuple[str | Cell, ...]:
    first, best = records(rows)[0], _smallest(rows)
    head = (_name(rows), count_cell(first["n"]), count_cell(first["n_rp"]))
    if best is None:
        return (*head, text_of(first["finding"]), DASH, DASH, DASH, DASH)
    tested = ranges_of(rows["dose_gy"].tolist(), rows["p_adjusted"].notna().tolist())
    ratio = ratio_cell(best["odds_ratio"], best["odds_low"], best["odds_high"])
    dose = Cell(f"{best['dose_gy']:g}", float(best["dose_gy"]))
    return (*head, ", ".join(tested), ", ".join(_found(rows)) or "none", p_cell(best["p_adjusted"]), dose, ratio)
