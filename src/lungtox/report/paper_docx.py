"""Tables for a paper as DOCX: three lines, the header on each page, notes under the table."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from lungtox.office_files import write_same_bytes
from lungtox.report.paper_tables import PaperTable, Row
from lungtox.report.word_page import blank_document, row_flags, set_font, set_page

if TYPE_CHECKING:
    from docx.document import Document
    from docx.table import _Cell

TITLE_PT, TEXT_PT, WIDE_TEXT_PT, NOTE_PT = 11, 9, 8, 8
FONT = "Times New Roman"
INDENT_CM = 0.35
WIDE = 7
"""Tables with more columns lie across the page."""
LEAST_LABEL, MOST_LABEL = 14.0, 26.0
"""Width of the labels, in signs, beside the other columns."""
MARGIN, SHORT, SIGN = 2.7, 1.5, 0.82
"""Width of the margins of a cell, of what a short number needs beyond its signs, and of a sign, in mean signs."""


def write_paper_docx(tables: Sequence[PaperTable], path: str | Path, *, first: int = 1) -> None:
    """Write one document, a page for each table; the same tables give the same bytes.

    Parameters
    ----------
    tables : sequence of PaperTable
    path : str or Path
    first : int
        Number of the first table.
    """
    from docx.enum.section import WD_SECTION

    document = blank_document("; ".join(table.title for table in tables))
    set_font(document.styles["Normal"], TITLE_PT, font=FONT)
    for index, table in enumerate(tables):
        section = document.sections[0] if index == 0 else document.add_section(WD_SECTION.NEW_PAGE)
        set_page(section, landscape=len(table.columns) > WIDE)
        _add_table(document, table, number=first + index)
    write_same_bytes(path, document.save)


def _add_table(document: Document, table: PaperTable, *, number: int) -> None:
    """Add title, table and notes at the end of a document."""
    from docx.shared import Pt

    title = document.add_paragraph()
    title.paragraph_format.keep_with_next = True
    title.paragraph_format.space_after = Pt(4)
    title.add_run(f"Table {number}. ").bold = True
    title.add_run(table.title)
    _add_grid(document, table)
    for mark, note in table.footnotes:
        line = document.add_paragraph()
        line.paragraph_format.space_after = line.paragraph_format.space_before = Pt(0)
        if mark:
            raised = line.add_run(mark)
            raised.font.superscript, raised.font.size = True, Pt(NOTE_PT)
        line.add_run(f" {note}" if mark else note).font.size = Pt(NOTE_PT)


def _add_grid(document: Document, table: PaperTable) -> None:
    from docx.enum.table import WD_TABLE_ALIGNMENT
    from docx.oxml.ns import nsdecls
    from docx.oxml.parser import parse_xml
    from docx.shared import Length

    spanners = any(column.spanner for column in table.columns)
    heads = 2 if spanners else 1
    grid = document.add_table(rows=heads + len(table.rows), cols=len(table.columns))
    grid.alignment, grid.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    rows = [tuple(row.cells) for row in grid.rows]
    section = document.sections[-1]
    room = (section.page_width or 0) - (section.left_margin or 0) - (section.right_margin or 0)
    widths = [Length(int(room * share)) for share in _shares(table)]
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = width
    for cells in rows:
        for cell, width in zip(cells, widths, strict=True):
            cell.width = width
    size_pt = WIDE_TEXT_PT if len(table.columns) > WIDE else TEXT_PT
    _fill_header(table, rows[:heads], size_pt)
    for cells, row in zip(rows[heads:], table.rows, strict=True):
        _fill_row(table, cells, row, size_pt)
    for cell in rows[0]:
        _rule(cell, "top", 12)
    for cell in rows[heads - 1]:
        _rule(cell, "bottom", 6)
    for cell in rows[-1]:
        _rule(cell, "bottom", 12)
    for number, row in enumerate(grid.rows):
        flags = row_flags(head=number < heads).replace("<w:trPr>", f"<w:trPr {nsdecls('w')}>")
        row._tr.insert(0, parse_xml(flags))


def _shares(table: PaperTable) -> list[float]:
    """Share the width by what the columns hold; long labels are wrapped, numbers and intervals stay whole."""
    parts = [[row.cells[index] for row in table.rows] for index in range(len(table.columns) - 1)]
    longest = [max((len(cell.text) + len(table.mark(cell.notes)) for cell in part), default=0) for part in parts]
    needs = [
        MARGIN + max(*(len(word) for word in column.header.split()), SHORT + SIGN * signs)
        for column, signs in zip(table.columns[1:], longest, strict=True)
    ]
    label = max((0.6 * len(row.label) + row.indent for row in table.rows if not row.spans), default=0.0)
    needs.insert(0, MARGIN + max(LEAST_LABEL, min(MOST_LABEL, label)))
    return [need / sum(needs) for need in needs]


def _fill_header(table: PaperTable, rows: Sequence[tuple[_Cell, ...]], size_pt: int) -> None:
    for cell, column in zip(rows[-1], table.columns, strict=True):
        mark, left = table.mark(column.notes), column is table.columns[0]
        _write(cell, column.header, mark, size_pt, bold=True, italic=column.italic, left=left)
    if len(rows) == 1:
        return
    place = 0
    for spanner, group in groupby(table.columns, key=lambda column: column.spanner):
        size = len(list(group))
        if not spanner:
            for cell in rows[0][place : place + size]:
                _write(cell, "", "", size_pt)
        else:
            cell = rows[0][place] if size == 1 else rows[0][place].merge(rows[0][place + size - 1])
            _write(cell, spanner, "", size_pt, bold=True)
            _rule(cell, "bottom", 4)
        place += size


def _fill_row(table: PaperTable, cells: tuple[_Cell, ...], row: Row, size_pt: int) -> None:
    alone = row.heading and row.spans
    label = cells[0].merge(cells[-1]) if alone else cells[0]
    _write(label, row.label, table.mark(row.notes), size_pt, bold=row.heading, left=True, indent=row.indent)
    if row.heading:
        label.paragraphs[0].paragraph_format.keep_with_next = True
    if alone:
        return
    for cell, content in zip(cells[1:], row.cells, strict=True):
        _write(cell, content.text, table.mark(content.notes) if content.text else "", size_pt)


def _write(
    cell: _Cell,
    text: str,
    mark: str,
    size_pt: int,
    *,
    bold: bool = False,
    italic: bool = False,
    left: bool = False,
    indent: int = 0,
) -> None:
    """Write into an empty cell; the letters of its notes raised behind the text.

    An empty text too: its paragraph mark would have the font of the page and make the row high.
    """
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml.ns import nsdecls
    from docx.oxml.parser import parse_xml
    from docx.shared import Cm, Pt

    paragraph = cell.paragraphs[0]
    shape = paragraph.paragraph_format
    shape.space_after = shape.space_before = Pt(1)
    shape.alignment = WD_ALIGN_PARAGRAPH.LEFT if left else WD_ALIGN_PARAGRAPH.CENTER
    if indent:
        shape.left_indent = Cm(INDENT_CM * indent)
    mark_size = f'<w:rPr {nsdecls("w")}><w:sz w:val="{2 * size_pt}"/></w:rPr>'
    paragraph._p.get_or_add_pPr().append(parse_xml(mark_size))
    if not text:
        return
    run = paragraph.add_run(text)
    run.bold, run.italic, run.font.size = bold or None, italic or None, Pt(size_pt)
    if mark:
        raised = paragraph.add_run(mark)
        raised.font.superscript, raised.font.size = True, Pt(size_pt)


def _rule(cell: _Cell, side: str, eighths: int) -> None:
    """Draw a line at one side of a cell, in eighths of a point."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    properties = cell._tc.get_or_add_tcPr()
    borders = properties.find(qn("w:tcBorders"))
    if borders is None:
        borders = OxmlElement("w:tcBorders")
        properties.append(borders)
    if borders.find(qn(f"w:{side}")) is not None:
        return
    line = OxmlElement(f"w:{side}")
    for name, value in (("val", "single"), ("sz", str(eighths)), ("space", "0"), ("color", "auto")):
        line.set(qn(f"w:{name}"), value)
    # the schema wants top before bottom
    borders.insert(0, line) if side == "top" else borders.append(line)
