"""Workbooks (XLSX): the values that the spreadsheet shows, and what in it cannot be trusted."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Collection
from typing import Any

from lungtox.cohort.sheets import LARGEST_BYTES, LARGEST_CELLS, Cell, OddCell, Sheet, clean_header, file_fault, to_cell
from lungtox.cohort.table_config import SheetSettings
from lungtox.errors import Fault, InputError

NO_RESULT = OddCell("a formula without its stored result", "Open the table in the spreadsheet program and save it.")
LINES_NAMED = 12


def read_workbook(content: bytes, name: str, *, settings: SheetSettings, wanted: Collection[str]) -> Sheet:
    """Read a sheet of an XLSX workbook.

    Parameters
    ----------
    content : bytes
    name : str
        Name of the table in messages.
    settings : SheetSettings
        `sheet` and `header_row` count.
    wanted : collection of str
        Headers whose merged cells are refused; empty: all.

    Returns
    -------
    Sheet
        Numbers and days as the spreadsheet stores them; formulas by their stored result. Error cells and formulas
        without a stored result become :class:`OddCell`. Hidden rows and columns are read, which a remark says.

    Raises
    ------
    InputError
        A damaged workbook, several sheets and none declared, merged cells among those that are wanted (all named).
    """
    shown, formulas = _open(content, name)
    values = _choose(shown, settings.sheet, name)
    try:
        return _read(values, formulas[values.title], name, settings=settings, wanted=wanted, book=shown)
    except InputError:
        raise
    except Exception:  # damaged content: openpyxl raises what it happens to meet
        raise InputError(_damaged(name)) from None


def _open(content: bytes, name: str) -> tuple[Any, Any]:
    """Open the workbook twice: with the results of formulas, and with the formulas."""
    import openpyxl

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size <= LARGEST_BYTES:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return (
                    openpyxl.load_workbook(io.BytesIO(content), data_only=True),
                    openpyxl.load_workbook(io.BytesIO(content)),
                )
    except Exception:  # a damaged file: the readers of zip and XML raise what they happen to meet
        raise InputError(_damaged(name)) from None
    raise InputError(file_fault(name, "a table", f"{size} bytes unpacked", "Check the path: no table is so large."))


def _damaged(name: str) -> Fault:
    return file_fault(name, "an XLSX workbook", "a damaged one", "Save it again, or save the sheet as CSV UTF-8.")


def _choose(book: Any, declared: str | None, name: str) -> Any:
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if declared is not None:
        if declared in sheets:
            return sheets[declared]
        found = ", ".join(map(repr, sheets)) or "none"
        raise InputError(file_fault(name, f"a sheet {declared!r}", found, "Correct `sheet` in the config."))
    filled = [sheet for sheet in sheets.values() if sheet.sheet_state == "visible" and _has_cells(sheet)]
    if len(filled) != 1:
        found = ", ".join(repr(sheet.title) for sheet in filled) or "none"
        action = "Name the one that holds the table: `sheet` under `tables` in the config."
        raise InputError(file_fault(name, "one visible sheet with cells", found, action))
    return filled[0]


def _has_cells(sheet: Any) -> bool:
    return sheet.max_row > 1 or sheet.max_column > 1 or sheet["A1"].value is not None


def _read(
    values: Any, formulas: Any, name: str, *, settings: SheetSettings, wanted: Collection[str], book: Any
) -> Sheet:
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    if values.max_row * values.max_column > LARGEST_CELLS:
        found = f"{values.max_row} rows and {values.max_column} columns"
        raise InputError(file_fault(name, "a table", found, "Delete the cells far off the table."))
    first = settings.header_row
    if values.max_row < first:
        return Sheet((), (), (), line_word="row")
    header = tuple(_header(cell) for cell in next(values.iter_rows(min_row=first, max_row=first)))
    faults = _merged(values, header, name, first=first, wanted=wanted)
    if faults:
        raise InputError(faults)
    lines: list[int] = []
    rows: list[tuple[Cell, ...]] = []
    below = zip(values.iter_rows(min_row=first + 1), formulas.iter_rows(min_row=first + 1), strict=True)
    for line, (cells, sources) in enumerate(below, start=first + 1):
        row = tuple(_cell(cell, source) for cell, source in zip(cells, sources, strict=True))
        if any(cell != "" for cell in row):
            lines.append(line)
            rows.append(row)
    remarks = _hidden(values, header, lines, name)
    serial = "excel-1904" if book.epoch == CALENDAR_MAC_1904 else "excel"
    return Sheet(header, tuple(lines), tuple(rows), "row", serial, tuple(remarks))


def _header(cell: Any) -> str:
    return "" if cell.value is None else clean_header(cell.value)


def _cell(cell: Any, source: Any) -> Cell:
    if cell.data_type == "e":
        return OddCell(f"the error {cell.value}", "Correct the formula or the cell; empty means missing.")
    # A result that is empty text is stored as text without content; a result that is not stored has no type.
    if source.data_type == "f" and cell.value is None and cell.data_type == "n":
        return NO_RESULT
    return to_cell(cell.value)


def _merged(sheet: Any, header: tuple[str, ...], name: str, *, first: int, wanted: Collection[str]) -> list[Fault]:
    """Name merged cells from the header on: only one of their cells has the value."""
    faults = []
    for area in sheet.merged_cells.ranges:
        names = header[area.min_col - 1 : area.max_col]
        if area.max_row >= first and (not wanted or set(names) & set(wanted)):
            where = f"{name}, row {area.min_row}, cells {area.coord}"
            action = "Split them and write the value into each cell that it holds for."
            faults.append(Fault(where, "a value in each cell", "merged cells", action, "table-merged"))
    return sorted(faults, key=lambda fault: fault.who)


def _hidden(sheet: Any, header: tuple[str, ...], lines: list[int], name: str) -> list[str]:
    remarks = []
    rows = [line for line in lines if line in sheet.row_dimensions and sheet.row_dimensions[line].hidden]
    if rows:
        shown = ", ".join(map(str, rows[:LINES_NAMED])) + (" and more" if len(rows) > LINES_NAMED else "")
        remarks.append(f"{name}: {len(rows)} hidden rows are read like the others (row {shown}).")
    columns = sum(bool(dimension.hidden) for dimension in sheet.column_dimensions.values())
    if columns:
        remarks.append(f"{name}: hidden columns are read like the others.")
    return remarks
