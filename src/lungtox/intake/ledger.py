"""The tables of an indexed cohort: rows are added, never changed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from lungtox.errors import Fault, InputError
from lungtox.extraction import PATIENT_COLUMNS, STRUCTURE_COLUMNS
from lungtox.tables import atomic_path, separator_of, write_text

CHOICE_COLUMNS = ("patient", "item", "chosen", "how", "rule", "candidates")
UNUSABLE_COLUMNS = ("file", "patient", "code", "reason")
FINDING_COLUMNS = ("patient", "effect", "code", "expected", "found", "action")
_REQUIRED = {
    "patients.csv": PATIENT_COLUMNS[:9],  # later columns came with later versions, and new rows leave them empty
    "structures.csv": STRUCTURE_COLUMNS[:7],
    "choices.csv": CHOICE_COLUMNS,
}
COLUMNS = {"patients.csv": PATIENT_COLUMNS, "structures.csv": STRUCTURE_COLUMNS, "choices.csv": CHOICE_COLUMNS}

Row = dict[str, str]


def read_rows(folder: Path, name: str) -> list[Row]:
    """Read a table that an earlier run wrote and a person may have edited; no rows where there is none.

    Raises
    ------
    InputError
        It is not UTF-8, or lacks a column.
    """
    path = folder / name
    if not path.exists():
        return []
    try:
        text = path.read_text(encoding="utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator_of(text))
        header = list(reader.fieldnames or ())
        rows = [{key: (value or "").strip() for key, value in row.items() if isinstance(key, str)} for row in reader]
    except (UnicodeDecodeError, csv.Error):
        raise InputError(
            Fault(name, "UTF-8 text with commas", "something else", "Save it as UTF-8 CSV.", "encoding")
        ) from None
    missing = [column for column in _REQUIRED[name] if column not in header]
    if missing:
        found = f"none named {', '.join(missing)}"
        action = "Save the table as CSV with commas and the columns that lungtox index wrote."
        raise InputError(Fault(name, f"columns {', '.join(COLUMNS[name])}", found, action, "missing-column"))
    return [row for row in rows if any(row.values())]


def append_rows(folder: Path, name: str, rows: Sequence[Row]) -> None:
    """Add rows at the end of a table; every byte that was there stays.

    Parameters
    ----------
    folder : Path
    name : str
        Of a table in `COLUMNS`.
    rows : sequence of dict
    """
    path = folder / name
    if not path.exists():
        write_rows(folder, name, COLUMNS[name], rows)
    elif rows:
        before = path.read_bytes()
        line_end = "\r\n" if before.rstrip(b"\n").endswith(b"\r") or b"\r\n" in before else "\n"
        known = before.decode("utf-8-sig")
        separator = separator_of(known)
        header = next(csv.reader([known.splitlines()[0]], delimiter=separator))
        joint = b"" if before.endswith(b"\n") else line_end.encode()
        with atomic_path(path) as temporary:
            temporary.write_bytes(before + joint + _csv(header, rows, line_end, separator).encode())


def write_rows(folder: Path, name: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Write a whole table."""
    write_text(_csv(columns, [dict(zip(columns, columns, strict=True)), *rows], "\n"), folder / name)


def _csv(columns: Sequence[str], rows: Iterable[Row], line_end: str, separator: str = ",") -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(
        text, columns, restval="", extrasaction="ignore", lineterminator=line_end, delimiter=separator
    )
    writer.writerows(rows)
    return text.getvalue()
