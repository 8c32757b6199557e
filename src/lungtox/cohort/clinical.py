"""Reading of the clinical table."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lungtox.cohort.columns import CLINICAL_COLUMNS, CLINICAL_RANGES, REQUIRED_CLINICAL, Column
from lungtox.cohort.contract_csv import read_raw
from lungtox.cohort.rows import NUMBER, RawTable
from lungtox.errors import Fault

if TYPE_CHECKING:
    import pandas as pd

NAME = "clinical table"
# Earlier, later: the earlier date cannot be after the later one. RP during RT is possible, before RT it is not.
DATE_ORDER = (
    ("rt_start_date", "rt_end_date"),
    ("rt_start_date", "rp_date"),
    ("rt_start_date", "last_follow_up_date"),
    ("rt_start_date", "death_date"),
    ("rp_date", "death_date"),
    ("last_follow_up_date", "death_date"),
)
MANY_LEVELS = 10
"""A factor has few levels; more different texts than these, in most cells, are names or remarks."""
DATE_WORDS = {column.name: column.label for column in CLINICAL_COLUMNS if column.kind == "date"}


def read_clinical(path: str | Path, *, required: Iterable[str] = ()) -> pd.DataFrame:
    """Read and check the clinical table.

    Parameters
    ----------
    path : path of a CSV as docs/file-contracts.md has it
    required : iterable of str, or mapping of str to str
        Columns that must be there beside patient, dates and grade, because the config names them; a mapping tells
        where, for the message.

    Returns
    -------
    pandas.DataFrame
        In the order of the file. Dates stay ISO text, numbers are floats, rp_grade is ``Int64``; an empty cell
        is missing. Smoking ``unknown`` stays a level of its own. A further column counts as numeric when more
        than half of its values are numbers.

    Raises
    ------
    InputError
        With all faults: missing columns, cells that are no number, code or date (line and column named),
        impossible dates, a patient twice.
    """
    return check_clinical(read_raw(path, NAME), required=required)


def check_clinical(table: RawTable, *, required: Iterable[str] = ()) -> pd.DataFrame:
    """Check a clinical table in the contract's form; see `read_clinical`."""
    import pandas as pd

    table.require(REQUIRED_CLINICAL)
    table.require([name for name in required if name not in REQUIRED_CLINICAL], named_in=required)
    table.study_ids()
    table.keys(["patient"], code="patient-twice")
    known = {column.name: column for column in CLINICAL_COLUMNS}
    columns: dict[str, Any] = {"patient": table.texts("patient")}
    dates: dict[str, list[date | None]] = {}
    for name in table.header:
        if name in known and known[name].kind == "date":
            dates[name] = table.dates(name)
            columns[name] = [None if day is None else day.isoformat() for day in dates[name]]
        elif name and name != "patient":
            columns[name] = _values(table, name, known.get(name))
            if name not in known and name not in CLINICAL_RANGES:
                _refuse_free_text(table, name, columns[name])
    if "rp_grade" in columns:
        _check_course(table, columns["rp_grade"], dates)
    table.finish()
    numeric = {name for name in columns if _is_numeric(table, name, known.get(name))}
    series = {
        name: pd.Series(values, dtype="float64" if name in numeric else "object") for name, values in columns.items()
    }
    series["rp_grade"] = series["rp_grade"].astype("Int64")
    return pd.DataFrame(series)


def extra_columns(clinical: pd.DataFrame) -> list[Column]:
    """Give dictionary entries for the columns that the contract does not know."""
    known = {column.name for column in CLINICAL_COLUMNS} | set(REQUIRED_CLINICAL)
    found = []
    for name in clinical.columns:
        if name not in known:
            label = str(name).replace("_", " ")
            label = label[0].upper() + label[1:]
            if clinical[name].dtype == "float64":
                found.append(Column(name, label))
            else:
                levels = tuple(sorted(clinical[name].dropna().unique()))
                found.append(Column(name, label, kind="binary" if len(levels) == 2 else "categorical", levels=levels))
    return found


def _values(table: RawTable, name: str, column: Column | None) -> list[Any]:
    if name in CLINICAL_RANGES:
        limits = CLINICAL_RANGES[name]
        return table.numbers(name, low=limits.low, high=limits.high, whole=limits.whole)
    if column is not None:
        return table.codes(name, column.levels)
    if _is_numeric(table, name, None):
        return table.numbers(name, low=float("-inf"), high=float("inf"))
    return table.texts(name)


def _refuse_free_text(table: RawTable, name: str, values: list[Any]) -> None:
    """Refuse a further column of names, addresses or remarks: it is no factor, and nothing of it is quoted."""
    texts = [value for value in values if isinstance(value, str)]
    different = len(set(texts))
    if different > MANY_LEVELS and 2 * different > len(texts):
        found = f"{different} different texts in {len(texts)} cells (not shown: they may name somebody)"
        action = "Take the column out, or give it codes. A date becomes days by `days_from` of its mapping."
        where = f"{table.name}, column {table.sources.get(name, name)!r}"
        table.faults.append(Fault(where, "a number, or a factor of few levels", found, action, "table-column"))


def _is_numeric(table: RawTable, name: str, column: Column | None) -> bool:
    if name in CLINICAL_RANGES or column is not None:
        return name in CLINICAL_RANGES
    filled = [text for text in table.texts(name) if text]
    return sum(bool(NUMBER.fullmatch(text)) for text in filled) * 2 > len(filled)


def _check_course(table: RawTable, grades: list[float | None], dates: dict[str, list[date | None]]) -> None:
    """Note what cannot have happened, or cannot be judged."""
    for row, grade in enumerate(grades):
        day = {name: values[row] for name, values in dates.items()}
        for earlier, later in DATE_ORDER:
            first, second = day.get(earlier), day.get(later)
            if first is not None and second is not None and first > second:
                expected = f"{DATE_WORDS[earlier]} on or before {DATE_WORDS[later]}"
                _note(
                    table, row, later, expected=expected, found=f"{first} and {second}", action="Correct one of them."
                )
        for name in ("rt_start_date", "rt_end_date"):
            if name in day and not table.cells[row].get(name):
                _note(table, row, name, expected="a date", found="an empty cell", action="Fill it in.")
        if not table.cells[row].get("rp_grade"):
            action = "Enter 0 where there was no RP up to the last follow-up."
            _note(table, row, "rp_grade", expected="a grade", found="an empty cell", action=action)
        _check_end(table, row, grade, day)


def _check_end(table: RawTable, row: int, grade: float | None, day: dict[str, date | None]) -> None:
    rp, seen, death = day.get("rp_date"), day.get("last_follow_up_date"), day.get("death_date")
    if rp is None and seen is None and death is None and not table.cells[row].get("last_follow_up_date"):
        action = "Without it nobody knows how long the patient was watched: fill it in."
        _note(table, row, "last_follow_up_date", expected="a date", found="an empty cell", action=action)
    if rp is not None and seen is not None and rp > seen and death is None:
        found = f"{seen}, before RP on {rp}"
        _note(table, row, "last_follow_up_date", expected="a date on or after RP", found=found, action="Correct it.")
    if grade == 0 and rp is not None:
        _note(table, row, "rp_date", expected="no date for grade 0", found=str(rp), action="Correct grade or date.")
    if grade == 5 and death is None and not table.cells[row].get("death_date"):
        expected = "a date, because RP of grade 5 is death"
        _note(table, row, "death_date", expected=expected, found="an empty cell", action="Correct grade or date.")


def _note(table: RawTable, row: int, column: str, *, expected: str, found: str, action: str) -> None:
    table.note(row, column, expected=expected, found=found, action=action, code="clinical-course")
