"""From grades and dates to the endpoint: RP yes, no, competing or censored."""

from __future__ import annotations

import calendar
from datetime import date
from typing import TYPE_CHECKING

from lungtox.cohort.config import EndpointSettings
from lungtox.errors import Fault, InputError

if TYPE_CHECKING:
    import pandas as pd

DAYS_PER_MONTH = 365.25 / 12


def derive_endpoint(clinical: pd.DataFrame, settings: EndpointSettings) -> pd.DataFrame:
    """Say of each patient whether RP happened within the window, or why that is not known.

    Parameters
    ----------
    clinical : pandas.DataFrame
        From `read_clinical`.
    settings : EndpointSettings
        Grade, window in calendar months, and the day on which it starts.

    Returns
    -------
    pandas.DataFrame
        `patient`; `rp` (``Int64``: 1, 0, or missing = neither); `rp_status`: ``yes``; ``no`` = free of RP
        through the whole window; ``competing`` = died before its end without RP; ``censored`` = follow-up ended
        before its end without RP; `time_months` from the start of the window to RP, death or end of follow-up,
        at most the window, in months of 30.44 days.

    Raises
    ------
    InputError
        For each patient with RP of the endpoint's grade and no date of RP.

    Notes
    -----
    Death or loss before the end of the window is neither RP nor its absence (SCIENCE.md section 5): coding
    it 0 would make toxic doses look safe. RP before the window starts (during RT) counts, at time 0.
    """
    import pandas as pd

    faults = []
    rows = []
    for row in clinical.to_dict("records"):
        grade_reached = int(row["rp_grade"]) >= settings.grade
        if grade_reached and _day(row["rp_date"]) is None:
            faults.append(
                Fault(
                    f"{row['patient']} (clinical table, column rp_date)",
                    f"a date, because RP has grade {int(row['rp_grade'])}",
                    "an empty cell",
                    f"Fill in when RP of grade {settings.grade} or higher began.",
                    "endpoint-date",
                )
            )
            continue
        start = date.fromisoformat(str(row[f"{settings.start}_date"]))
        window_end = add_months(start, settings.window_months)
        rp_day = _day(row["rp_date"]) if grade_reached else None
        status, until = _status(
            rp_day,
            death_day=_day(row["death_date"]),
            seen=[_day(row[name]) for name in ("rp_date", "last_follow_up_date", "death_date")],
            window_end=window_end,
        )
        months = min(max((until - start).days / DAYS_PER_MONTH, 0.0), float(settings.window_months))
        time_months = float(settings.window_months) if status == "no" else months
        rows.append((row["patient"], {"yes": 1, "no": 0}.get(status), status, time_months))
    if faults:
        raise InputError(faults)
    table = pd.DataFrame(rows, columns=["patient", "rp", "rp_status", "time_months"])
    return table.astype({"rp": "Int64", "time_months": "float64"})


def add_months(day: date, months: int) -> date:
    """Add calendar months; a day that the month does not have becomes its last (31 August + 6 = 28 February)."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _status(
    rp_day: date | None, *, death_day: date | None, seen: list[date | None], window_end: date
) -> tuple[str, date]:
    if rp_day is not None and rp_day <= window_end:
        return "yes", rp_day
    last_seen = max(day for day in seen if day is not None)
    # RP of the endpoint's grade after the window: the patient was free of it through the window.
    if last_seen >= window_end:
        return "no", window_end
    return ("competing" if death_day is not None else "censored"), last_seen


def _day(text: object) -> date | None:
    return date.fromisoformat(text) if isinstance(text, str) else None
