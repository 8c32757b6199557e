"""Tables of any kind as one sheet of cells: text (CSV), workbook (XLSX) or Parquet, told by their first bytes."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from lungtox.cohort.table_config import SheetSettings
from lungtox.errors import Fault, InputError

LARGEST_BYTES = 50_000_000
"""A table of a cohort has a few megabytes; more is another file, or one made to fill the memory."""
LARGEST_CELLS = 1_000_000


@dataclass(frozen=True)
class OddCell:
    """A cell that holds no value: an error of the spreadsheet, a formula that nobody has calculated, a time of day."""

    found: str
    action: str


Cell = str | float | date | OddCell


@dataclass(frozen=True)
class Sheet:
    """Header and cells of a table, as they stand.

    Attributes
    ----------
    header : tuple of str
        Blanks around and runs of blanks within a name left out; empty for a column without a name.
    lines : tuple of int
        Line (text) or row (workbook, Parquet) of each row in its file, from 1.
    rows : tuple of tuple of Cell
        Text without blanks around it, real numbers, days, or what holds no value; empty text = missing. Rows that
        are empty throughout are left out.
    line_word : str
        ``line`` or ``row``.
    serial : str
        ``excel`` or ``excel-1904``: the day from which the workbook counts.
    remarks : tuple of str
        What was found rather than declared: encoding, separator, hidden rows.
    faults : tuple of Fault
        Rows and cells that cannot be read.
    """

    header: tuple[str, ...]
    lines: tuple[int, ...]
    rows: tuple[tuple[Cell, ...], ...]
    line_word: str = "line"
    serial: str = "excel"
    remarks: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()

    def column(self, header: str) -> list[Cell]:
        """Give the cells of one column, in the order of the rows."""
        place = self.header.index(header)
        return [row[place] for row in self.rows]


def read_sheet(path: str | Path, name: str, *, settings: SheetSettings, wanted: Collection[str] = ()) -> Sheet:
    """Read a table whatever its kind.

    Parameters
    ----------
    path : path
        The kind is told by the first bytes of the content, not by the name.
    name : str
        Name of the table in messages.
    settings : SheetSettings
        What is declared of the table.
    wanted : collection of str
        Headers that somebody will ask for: they decide between separators, and which merged cells matter.

    Raises
    ------
    InputError
        No such file; neither text, nor XLSX, nor Parquet; nothing in it; a header twice.
    """
    from lungtox.cohort.delimited import read_delimited
    from lungtox.cohort.parquet_sheet import read_parquet_sheet
    from lungtox.cohort.workbook import read_workbook

    content = _content(Path(path), name)
    names = [clean_header(text) for text in wanted]
    if content.startswith(b"PK\x03\x04"):
        sheet = read_workbook(content, name, settings=settings, wanted=names)
    elif content.startswith(b"PAR1"):
        sheet = read_parquet_sheet(content, name)
    else:
        _refuse_other_kinds(content, name)
        sheet = read_delimited(content, name, settings=settings, wanted=names)
    check_header(sheet.header, sheet.rows, name)
    return sheet


def _content(path: Path, name: str) -> bytes:
    if not path.is_file():
        action = "Check the path under `inputs` of the config, relative to the project."
        raise InputError(Fault(name, "a CSV, XLSX or Parquet file", "no such file", action, "table-file"))
    size = path.stat().st_size
    if size > LARGEST_BYTES:
        raise InputError(file_fault(name, "a table", f"{size} bytes", "Check the path: no such table is so large."))
    return path.read_bytes()


def _refuse_other_kinds(content: bytes, name: str) -> None:
    start = content[:512].lstrip().lower()
    kinds = {
        b"\xd0\xcf\x11\xe0": "an Excel file of before 2007, or one with a password",
        b"%pdf": "a PDF",
        b"<!doctype html": "a web page",
        b"<html": "a web page",
        b"<?xml": "an XML file",
        b"<table": "a web page",
        b"{\\rtf": "a text document (RTF)",
    }
    for mark, words in kinds.items():
        if start.startswith(mark):
            action = "Save it as XLSX or as CSV UTF-8, without a password."
            raise InputError(file_fault(name, "a CSV, XLSX or Parquet table", words, action))


def check_header(header: Sequence[str], rows: Sequence[Sequence[Cell]], name: str) -> None:
    """Refuse a table without names or rows, and one that names a column twice."""
    if not any(header) or not rows:
        action = "Check the file, its sheet and header_row."
        raise InputError(file_fault(name, "a header and at least one row", "no rows", action))
    twice = sorted({text for text in header if text and header.count(text) > 1})
    if twice:
        # The names are not quoted: without a header row, the first patient's cells would stand there.
        places = ", ".join(
            " and ".join(str(place + 1) for place, text in enumerate(header) if text == found) for found in twice
        )
        found = f"the same name in columns {places}"
        raise InputError(file_fault(name, "each column once", found, "Rename or remove one."))


def clean_header(value: Any) -> str:
    """Give a column's name without blanks around it and with single blanks within, line breaks counted as such."""
    return " ".join(unicodedata.normalize("NFC", str(value)).split())


def to_cell(value: Any) -> Cell:
    """Give a value of a workbook or of Parquet as a cell.

    Parameters
    ----------
    value : object
        None and NaN are missing; truth values become the text that Excel shows.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value).strip()
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, time | timedelta):
        return OddCell("a time of day", "Format the cell as a date or as a number.")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return OddCell("something that is neither text, number nor date", "Save the column as text or as numbers.")
    if math.isinf(number):
        return OddCell("an infinite number", "Correct the cell, or leave it empty when the value is missing.")
    return "" if math.isnan(number) else number


def file_fault(name: str, expected: str, found: str, action: str) -> Fault:
    """Give a fault of a whole file."""
    return Fault(name, expected, found, action, "table-file")
