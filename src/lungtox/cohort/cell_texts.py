"""Cells as the contract writes them, and whose they are."""

from __future__ import annotations

import difflib
from dataclasses import replace
from datetime import date

from lungtox.cohort.key_file import PatientKey
from lungtox.cohort.number_texts import number_text
from lungtox.cohort.sheets import Cell, Sheet, clean_header
from lungtox.errors import Fault


def plain_text(cell: Cell) -> str:
    """Give a cell as the contract writes it: numbers in shortest form, days as ISO dates."""
    if isinstance(cell, float):
        return number_text(cell)
    if isinstance(cell, date):
        return cell.isoformat()
    return cell if isinstance(cell, str) else ""


def study_id_of(cell: Cell, key: PatientKey) -> str | None:
    """Give the study ID that belongs to a cell with a patient ID; None where the key does not know it."""
    return key.study_id(plain_text(cell), number=isinstance(cell, float))


def without_strangers(sheet: Sheet, header: str, key: PatientKey) -> tuple[Sheet, int]:
    """Leave out the rows of patients whom the key does not know; gives the sheet and how many rows went."""
    if clean_header(header) not in sheet.header:
        return sheet, 0
    cells = sheet.column(clean_header(header))
    kept = [row for row, cell in enumerate(cells) if cell == "" or study_id_of(cell, key) is not None]
    lines, rows = tuple(sheet.lines[row] for row in kept), tuple(sheet.rows[row] for row in kept)
    return replace(sheet, lines=lines, rows=rows), len(cells) - len(kept)


def missing_header(sheet: Sheet, name: str, header: str, *, place: str) -> Fault:
    """Name a header that the config has and the sheet lacks, with the nearest that is there."""
    near = difflib.get_close_matches(clean_header(header), [text for text in sheet.header if text], n=1, cutoff=0.6)
    found = f"{near[0]!r}, perhaps the same" if near else "none"
    action = f"Correct {place} in the config (or `header_row`, or the table)."
    return Fault(name, f"a column {header!r}", found, action, "table-column")
