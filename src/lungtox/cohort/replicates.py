"""Replicates of one draw: one value by a declared rule, and refused where they disagree."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lungtox.cohort.cytokines import NAME
from lungtox.cohort.mapping import MappedTable
from lungtox.cohort.number_texts import number_text
from lungtox.cohort.table_config import CytokineTableSettings
from lungtox.errors import count_of

PLACE = "tables.cytokines"


@dataclass(frozen=True)
class Draw:
    """One measured value.

    Attributes
    ----------
    row : int
        Row of the sheet.
    column : str
        Our name of the column that holds the value.
    patient, cytokine, timepoint, plate : str
    draw_dose_gy : str
        As the contract has it; empty = not known.
    side : str
        ``<`` below the limit, ``>`` above it, empty for a measured value.
    value : float
        In the contract's unit, dilution applied; for a censored one its limit.
    """

    row: int
    column: str
    patient: str
    cytokine: str
    timepoint: str
    plate: str
    draw_dose_gy: str
    side: str
    value: float


def combine_replicates(
    mapped: MappedTable, draws: Sequence[Draw], settings: CytokineTableSettings
) -> tuple[list[Draw], list[str]]:
    """Make one value of the replicates of a patient, cytokine and time point.

    Parameters
    ----------
    mapped : MappedTable
        Takes the faults: a coefficient of variation above the declared one, values and limits together, several doses.
    draws : sequence of Draw
    settings : CytokineTableSettings

    Returns
    -------
    draws : list of Draw
        One per patient, cytokine and time point. Of values that all lie below their limits the highest limit stays.
    remarks : list of str
    """
    groups: dict[tuple[str, str, str], list[Draw]] = {}
    for draw in draws:
        groups.setdefault((draw.patient, draw.cytokine, draw.timepoint), []).append(draw)
    combined, several, worst = [], 0, 0.0
    for group in groups.values():
        if len(group) > 1 and group[0].patient:
            several += 1
            worst = max(worst, _spread_pct(group))
            _check_replicates(mapped, group, settings)
        combined.append(_one_value(group, settings))
    if not several:
        return combined, []
    words = {"mean": "mean", "geometric_mean": "geometric mean"}[settings.replicates]
    return combined, [
        f"{NAME}: {count_of(several, 'value is', 'values are')} the {words} of replicates"
        f" (largest coefficient of variation {worst:.3g} %)."
    ]


def _check_replicates(mapped: MappedTable, group: Sequence[Draw], settings: CytokineTableSettings) -> None:
    first = group[0]
    rows = sorted({draw.row for draw in group})
    who = f"{first.cytokine}, {first.timepoint}"
    if len({draw.side for draw in group}) > 1:
        action = "Decide which of them counts, and empty the others."
        found = "values and limits (<x, >x) together"
        mapped.refuse(
            rows,
            first.column,
            expected=f"replicates of one kind ({who})",
            found=found,
            action=action,
            code="replicates",
        )
    elif not first.side and _spread_pct(group) > settings.max_cv_pct:
        expected = f"replicates with a coefficient of variation of at most {settings.max_cv_pct:g} % ({who})"
        found = f"{_spread_pct(group):.3g} % ({', '.join(number_text(draw.value) for draw in group)})"
        action = f"Correct or empty one, or raise max_cv_pct ({PLACE})."
        mapped.refuse(rows, first.column, expected=expected, found=found, action=action, code="replicates")
    if len({draw.draw_dose_gy for draw in group}) > 1:
        column = "draw_dose_gy" if "draw_dose_gy" in mapped.columns else first.column
        found = " and ".join(sorted({draw.draw_dose_gy or "none" for draw in group}))
        action = "Replicates are of one draw: correct the dose."
        mapped.refuse(
            rows, column, expected=f"one dose at the draw ({who})", found=found, action=action, code="replicates"
        )


def _spread_pct(group: Sequence[Draw]) -> float:
    """Coefficient of variation: SD with n - 1 over mean, in %; 0 for limits."""
    values = [draw.value for draw in group]
    if len(values) < 2 or any(draw.side for draw in group):
        return 0.0
    return 100.0 * statistics.stdev(values) / statistics.fmean(values)


def _one_value(group: Sequence[Draw], settings: CytokineTableSettings) -> Draw:
    if len(group) == 1:
        return group[0]
    values = [draw.value for draw in group]
    sides = {draw.side for draw in group}
    if sides == {"<"}:
        value = max(values)  # each lies below its limit, so their mean lies below the highest
    elif sides == {">"}:
        value = min(values)
    elif settings.replicates == "mean":
        value = statistics.fmean(values)
    else:
        value = math.exp(statistics.fmean(math.log(number) for number in values))
    plates = "+".join(sorted({draw.plate for draw in group if draw.plate}))
    return replace(group[0], value=float(f"{value:.12g}"), plate=plates)
