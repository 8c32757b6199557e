"""Values drawn during radiotherapy: the clock of the patient starts at the draw (landmark analysis)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from lungtox.errors import Fault, InputError

if TYPE_CHECKING:
    import pandas as pd

DAYS_PER_MONTH = 365.25 / 12
DURING = re.compile(r"(\w+)_(?:during|ratio)")
REASONS = ("no draw", "RP before the draw", "lost or dead before the draw")


@dataclass(frozen=True)
class Landmark:
    """Patients who reach the draw without pneumonitis.

    Attributes
    ----------
    table : DataFrame
        The rows of the analysis table that stay; `time_months` now counts from the draw.
    left_out : dict of str to int
        Reason -> patients.
    """

    table: pd.DataFrame
    left_out: dict[str, int]

    @property
    def sentence(self) -> str:
        """Say who was left out."""
        parts = [f"{count} {reason}" for reason, count in self.left_out.items() if count]
        return f"from the draw; left out: {', '.join(parts) or 'nobody'}"


def drawn_cytokines(predictors: Sequence[str], cytokines: Sequence[str]) -> list[str]:
    """Name the cytokines of which the predictors use a value drawn during radiotherapy."""
    found = (DURING.fullmatch(name) for name in predictors)
    return list(dict.fromkeys(match[1] for match in found if match and match[1] in set(cytokines)))


def start_at_draw(table: pd.DataFrame, draws: pd.DataFrame, *, cytokines: Sequence[str], start: str) -> Landmark:
    """Keep who reaches the draw without RP, and count the time from there.

    Parameters
    ----------
    table : DataFrame
        The analysis table with its dates, `prescription_gy`, `rp_status` and `time_months`.
    draws : DataFrame
        Cytokine table: `patient, cytokine, timepoint, draw_dose_gy`.
    cytokines : sequence of str
        Whose draw counts; of several the last.
    start : str
        Column of the date that `time_months` counts from.

    Returns
    -------
    Landmark

    Raises
    ------
    InputError
        A column is missing.

    Notes
    -----
    The table knows the dose at the draw and not its day: the day is taken in proportion to the prescribed dose between
    the first and the last day of radiotherapy. RP up to that day, also during radiotherapy, was there before the
    value: such patients say nothing about prediction and are left out (Anderson, Cain and Gelber 1983).
    """
    wanted = [
        "patient",
        "rt_start_date",
        "rt_end_date",
        "rp_date",
        "prescription_gy",
        "rp_status",
        "time_months",
        start,
    ]
    missing = sorted({name for name in wanted if name not in table})
    if missing:
        found, action = ", ".join(missing), "Leave the values drawn during radiotherapy out of the models."
        raise InputError(Fault("landmark at the draw", "columns of the analysis table", "no " + found, action))
    during = draws[(draws["timepoint"] == "during") & draws["cytokine"].isin(cytokines)]
    dose = during.groupby("patient")["draw_dose_gy"].max()
    kept, left_out = [], dict.fromkeys(REASONS, 0)
    for row in table.to_dict("records"):
        months, reason = _from_draw(row, dose.get(row["patient"]), start)
        if months is None:
            left_out[reason] += 1
        kept.append(months)
    months_left = table.assign(time_months=[-1.0 if each is None else each for each in kept])
    return Landmark(months_left[months_left["time_months"] >= 0.0].reset_index(drop=True), left_out)


def _from_draw(row: Mapping[Any, Any], dose_gy: Any, start: str) -> tuple[float | None, str]:
    """Give the months from the draw to the end of observation, or None with the reason."""
    prescribed = row["prescription_gy"]
    if dose_gy is None or dose_gy != dose_gy or prescribed != prescribed:
        return None, REASONS[0]
    first, last = (date.fromisoformat(str(row[name])) for name in ("rt_start_date", "rt_end_date"))
    draw = first + timedelta(days=round((last - first).days * min(1.0, float(dose_gy) / float(prescribed))))
    if row["rp_status"] == "yes":
        days = (date.fromisoformat(str(row["rp_date"])) - draw).days
        return (days / DAYS_PER_MONTH, "") if days > 0 else (None, REASONS[1])
    begin = date.fromisoformat(str(row[start]))
    days_seen = float(row["time_months"]) * DAYS_PER_MONTH + (begin - draw).days
    return (days_seen / DAYS_PER_MONTH, "") if days_seen > 0 else (None, REASONS[2])
