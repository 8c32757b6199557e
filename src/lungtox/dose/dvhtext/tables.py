"""Plain tables: one row a ROI and one column a dose, one column a ROI, or long. docs/dvh-text-formats.md."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence

from lungtox.dose.dvhtext.grid import NAMES, Grid, dose_cell, header_word, split_unit
from lungtox.dose.dvhtext.section import Section
from lungtox.dose.dvhtext.source import DoseUnit
from lungtox.dose.dvhtext.tables_long import is_long, long_sections
from lungtox.dose.dvhtext.tables_wide import column_sections, row_sections
from lungtox.errors import Fault, InputError

SYSTEM = "table"
HEADER_LINES = 20
_SEPARATORS = ("\t", ";", ",")
LEAST_DOSES = 3  # dose columns that make a table a wide one


def recognises(lines: Sequence[str]) -> bool:
    """Say whether some line near the top is the header of a table that is understood."""
    return _header(lines) is not None


def read(lines: Sequence[str], *, who: str, dose: DoseUnit | None = None) -> Iterator[Section]:
    """Give the sections of a table.

    Parameters
    ----------
    lines : sequence of str
    who : str
    dose : {"Gy", "cGy"}, optional
        Unit of doses that stand without one.
    """
    found = _header(lines)
    if found is None:
        raise InputError(Fault(who, "the header of a table", "none", "Name the columns.", "dvh-format"))
    index, separator, kind = found
    rows = [(number, row) for number, row in _csv(lines, index, separator) if any(cell.strip() for cell in row)]
    header = [cell.strip() for cell in rows[0][1]]
    while header and not header[-1]:
        header.pop()
    cells = [_cut([cell.strip() for cell in row], len(header)) for _, row in rows[1:]]
    grid = Grid(header, rows[0][0], cells, [number for number, _ in rows[1:]])
    reader = {"rows": row_sections, "columns": column_sections, "long": long_sections}[kind]
    yield from reader(grid, who, dose)


def _cut(row: list[str], width: int) -> list[str]:
    """Drop empty cells beyond the header: spreadsheets write them."""
    while len(row) > width and not row[-1]:
        row.pop()
    return row


def _csv(lines: Sequence[str], start: int, separator: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(lines[start:], delimiter=separator)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            row = [""]
        yield start + reader.line_num, row


def _header(lines: Sequence[str]) -> tuple[int, str, str] | None:
    for index, line in enumerate(lines[:HEADER_LINES]):
        for separator in _SEPARATORS:
            if separator in line:
                try:
                    cells = [cell.strip() for cell in next(csv.reader([line], delimiter=separator))]
                except csv.Error:
                    continue
                kind = _kind(cells)
                if kind is not None:
                    return index, separator, kind
    return None


def _kind(cells: Sequence[str]) -> str | None:
    words = [header_word(cell) for cell in cells]
    doses = sum(dose_cell(cell) is not None for cell in cells)
    if doses >= LEAST_DOSES and NAMES & set(words):
        return "rows"
    if is_long(words):
        return "long"
    if words[0] == "dose" and len(cells) > 1 and split_unit(cells[0])[1]:
        return "columns"
    return None
