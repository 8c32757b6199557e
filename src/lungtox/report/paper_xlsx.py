"""Tables for a paper as XLSX: numbers stay numbers and are shown as they are printed."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lungtox.office_files import write_same_bytes
from lungtox.report.paper_csv import raised
from lungtox.report.paper_tables import Column, PaperCell, PaperTable, Row

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

TITLE_ROW, SPANNER_ROW, HEADER_ROW = 1, 2, 3
NARROWEST, WIDEST, WIDEST_LABEL = 9.0, 26.0, 60.0
LINE_PT = 15.0


def write_paper_xlsx(tables: Sequence[PaperTable], path: str | Path) -> None:
    """Write one workbook with a sheet for each table, its notes under it; the same tables give the same bytes."""
    from openpyxl import Workbook

    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    workbook.properties.creator = "lungtox"
    for table in tables:
        _write_sheet(table, workbook.create_sheet(table.name[:31]))
    write_same_bytes(path, workbook.save)


def number_format(text: str, suffix: str = "") -> str:
    """Give the format that shows a number as it is printed: ``0.00``, ``.00``, or its text where it is no number."""
    found = re.fullmatch(r"[\N{MINUS SIGN}-]?(\d*)(?:\.(\d+))?", text)
    tail = f'"{suffix}"' if suffix else ""
    if found is None or not text:
        return f'"{text}{suffix}"'
    whole, decimals = found.groups()
    places = f".{'0' * len(decimals)}" if decimals else ""
    return f"{'0' if whole else ''}{places}{tail}"


def _write_sheet(table: PaperTable, sheet: Worksheet) -> None:
    from openpyxl.styles import Alignment, Border, Font, Side

    rule, bold = Side(style="thin"), Font(bold=True)
    sheet.cell(TITLE_ROW, 1, table.title).font = bold
    width = sum(_span(column) for column in table.columns)
    _write_header(table, sheet)
    last = HEADER_ROW
    for last, row in enumerate(table.rows, start=HEADER_ROW + 1):
        label = sheet.cell(last, 1, _literal(f"{row.label}{raised(table.mark(row.notes))}"))
        label.alignment = Alignment(indent=2 * row.indent, wrap_text=not row.heading, vertical="top")
        label.font = Font(bold=row.heading)
        for place, content, shape in _cells(table, row):
            cell = sheet.cell(last, place, content)
            cell.number_format = shape
            cell.alignment = Alignment(horizontal="right", vertical="top")
    for place in range(1, width + 1):
        sheet.cell(SPANNER_ROW, place).border = Border(top=rule)
        header = sheet.cell(HEADER_ROW, place)
        header.border, header.font = Border(bottom=rule), bold
        if last > HEADER_ROW:
            sheet.cell(last, place).border = Border(bottom=rule)
    _set_widths(table, sheet)
    _write_notes(table, sheet, last + 1, width)
    sheet.freeze_panes = f"B{HEADER_ROW + 1}"
    sheet.print_title_rows = f"{TITLE_ROW}:{HEADER_ROW}"
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def _span(column: Column) -> int:
    return max(1, len(column.parts))


def _write_header(table: PaperTable, sheet: Worksheet) -> None:
    """Write two header rows: spanners or the names of intervals above, columns or the parts of intervals below."""
    from openpyxl.styles import Alignment, Font

    place, start, spanner = 1, 1, ""
    for column in table.columns:
        mark = raised(table.mark(column.notes))
        name = f"{column.spanner}: {column.header}" if column.spanner and column.parts else column.header
        if column.parts:
            above = sheet.cell(SPANNER_ROW, place, f"{name}{mark}")
            sheet.merge_cells(
                start_row=SPANNER_ROW, start_column=place, end_row=SPANNER_ROW, end_column=place + _span(column) - 1
            )
        elif column.spanner and column.spanner == spanner:
            sheet.merge_cells(start_row=SPANNER_ROW, start_column=start, end_row=SPANNER_ROW, end_column=place)
            above = sheet.cell(SPANNER_ROW, start)
        else:
            start = place
            above = sheet.cell(SPANNER_ROW, place, column.spanner or None)
        spanner = "" if column.parts else column.spanner
        above.font, above.alignment = Font(bold=True), Alignment(horizontal="center", wrap_text=True, vertical="bottom")
        for offset, part in enumerate(column.parts or (f"{name}{mark}",)):
            cell = sheet.cell(HEADER_ROW, place + offset, part)
            cell.alignment = Alignment(horizontal="left" if place == 1 else "right", wrap_text=True, vertical="bottom")
        place += _span(column)


def _cells(table: PaperTable, row: Row) -> Iterator[tuple[int, Any, str]]:
    """Give place, content and number format of the cells right of the label."""
    place = 1 + _span(table.columns[0])
    for column, cell in zip(table.columns[1:], row.cells, strict=True):
        mark = raised(table.mark(cell.notes))
        if column.parts and any(cell.numbers):
            yield from _part_cells(cell, place, mark)
        elif len(cell.numbers) == 1 and cell.numbers[0] is not None and cell.numbers[0].text == cell.text:
            yield place, cell.numbers[0].value, number_format(cell.text, mark)
        elif cell.text:
            yield place, _literal(f"{cell.text}{mark}"), "@"
        place += _span(column)


def _part_cells(cell: PaperCell, place: int, mark: str) -> Iterator[tuple[int, Any, str]]:
    first = cell.numbers[0]
    alone = first is not None and not any(cell.numbers[1:])
    for offset, traced in enumerate(cell.numbers):
        if traced is None:
            continue
        rest = cell.text.removeprefix(traced.text) if alone else ""
        yield place + offset, traced.value, number_format(traced.text, f"{rest}{mark}" if offset == 0 else "")


def _literal(text: str) -> str:
    """Keep a text from being read as a formula: openpyxl takes one that starts with ``=`` for it."""
    return f"\N{ZERO WIDTH SPACE}{text}" if text.startswith("=") else text


def _set_widths(table: PaperTable, sheet: Worksheet) -> None:
    from openpyxl.utils import get_column_letter

    longest = max((len(row.label) + 2 * row.indent for row in table.rows if not row.heading), default=0)
    sheet.column_dimensions["A"].width = min(WIDEST_LABEL, max(len(table.columns[0].header), longest, 20) + 2)
    place = 1 + _span(table.columns[0])
    for index, column in enumerate(table.columns[1:]):
        texts = [row.cells[index].text for row in table.rows]
        for part in column.parts or (column.header,):
            content = max((len(text) for text in texts), default=0) if not column.parts else len(part)
            size = max(NARROWEST, min(WIDEST, max(content, len(part)) + 2.0))
            sheet.column_dimensions[get_column_letter(place)].width = size
            place += 1


def _write_notes(table: PaperTable, sheet: Worksheet, start: int, width: int) -> None:
    from openpyxl.styles import Alignment
    from openpyxl.utils import get_column_letter

    characters = sum(sheet.column_dimensions[get_column_letter(place)].width for place in range(1, width + 1))
    for number, (mark, note) in enumerate(table.footnotes, start=start):
        text = f"{raised(mark)} {note}" if mark else note
        cell = sheet.cell(number, 1, _literal(text))
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.merge_cells(start_row=number, start_column=1, end_row=number, end_column=width)
        sheet.row_dimensions[number].height = LINE_PT * math.ceil((len(text) + 5) / characters)
