"""Tables of the report for a word processor: three lines, a head that repeats on each page, widths by content."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from lungtox.report.blocks import Cell, Table
from lungtox.report.word_page import row_flags

if TYPE_CHECKING:
    from docx.oxml.xmlchemy import BaseOxmlElement

TWIPS_PER_MM: Final = 1440 / 25.4
PORTRAIT_MM, LANDSCAPE_MM = 170.0, 257.0
SIZE_PT, SMALL_PT = 8.0, 7.0
UNBROKEN: Final = 24
"""Cells of up to this many characters, such as an estimate with its interval, stay on one line where there is room."""
LONG_TEXT, LONG_LEAST = 60, 34
"""Cells with more characters than the first get lines of at least the second."""
WHOLE_ROWS: Final = 14
"""Tables of up to this many rows are not torn apart."""
_CELL_MARGIN_MM: Final = 1.2
# Widths of the signs of Arial by the size of the font, a little generous: other programs put a like font in its place.
_SIGN_EM: Final = {**dict.fromkeys("iljtfr.,:;|'()[]-/ ", 0.36), **dict.fromkeys("mwMW%@", 0.92)}
_CAPITAL_EM, _OTHER_EM, _BOLD = 0.74, 0.59, 1.08
_REFUSED: Final = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_THICK, _THIN = 8, 4  # eighths of a point


def is_wide(table: Table) -> bool:
    """Tell whether a table needs a page across."""
    return sum(_least_mm(table, SIZE_PT)) > PORTRAIT_MM


def table_xml(table: Table) -> BaseOxmlElement:
    """Give a table as WordprocessingML.

    Parameters
    ----------
    table : Table
        Lines above and below the head and below the last row; columns of numbers are aligned to the right.

    Returns
    -------
    element ``w:tbl``
        As wide as the text, or less where its content is narrow.
    """
    from docx.oxml.ns import nsdecls
    from docx.oxml.parser import parse_xml

    widths, size_pt = _layout(table)
    right = [_is_numeric([row[index] for row in table.rows]) for index in range(len(table.columns))]
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    head = _row([Cell(text) for text in table.columns], widths, right, size_pt, head=True, keep=True)
    whole = len(table.rows) <= WHOLE_ROWS
    body = "".join(
        _row(row, widths, right, size_pt, keep=whole and index < len(table.rows) - 1)
        for index, row in enumerate(table.rows)
    )
    margin = round(_CELL_MARGIN_MM * TWIPS_PER_MM)
    return parse_xml(
        f"<w:tbl {nsdecls('w')}><w:tblPr>"
        f'<w:tblW w:w="{sum(widths)}" w:type="dxa"/>'
        f'<w:tblBorders><w:top w:val="single" w:sz="{_THICK}" w:space="0" w:color="000000"/>'
        f'<w:bottom w:val="single" w:sz="{_THICK}" w:space="0" w:color="000000"/></w:tblBorders>'
        '<w:tblLayout w:type="fixed"/>'
        f'<w:tblCellMar><w:left w:w="{margin}" w:type="dxa"/><w:right w:w="{margin}" w:type="dxa"/></w:tblCellMar>'
        '<w:tblLook w:firstRow="1" w:firstColumn="1" w:noHBand="1" w:noVBand="1"/>'
        f"</w:tblPr><w:tblGrid>{grid}</w:tblGrid>{head}{body}</w:tbl>"
    )


def _row(
    cells: Sequence[Cell],
    widths: Sequence[int],
    right: Sequence[bool],
    size_pt: float,
    *,
    head: bool = False,
    keep: bool = False,
) -> str:
    line = f'<w:tcBorders><w:bottom w:val="single" w:sz="{_THIN}" w:space="0" w:color="000000"/></w:tcBorders>'
    bold = "<w:b/>" if head else ""
    half_points = round(2 * size_pt)
    parts = []
    for cell, width, aligned in zip(cells, widths, right, strict=True):
        parts.append(
            f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{line if head else ""}'
            f'<w:vAlign w:val="{"bottom" if head else "top"}"/></w:tcPr>'
            f'<w:p><w:pPr><w:pStyle w:val="TableText"/>{"<w:keepNext/>" if keep else ""}'
            f'<w:jc w:val="{"right" if aligned else "left"}"/></w:pPr>'
            f'<w:r><w:rPr>{bold}<w:sz w:val="{half_points}"/><w:szCs w:val="{half_points}"/></w:rPr>'
            f'<w:t xml:space="preserve">{escape(allowed_text(cell.text))}</w:t></w:r></w:p></w:tc>'
        )
    return f"<w:tr>{row_flags(head=head)}{''.join(parts)}</w:tr>"


def allowed_text(text: str) -> str:
    """Leave out the signs that XML 1.0 does not allow."""
    return _REFUSED.sub("", text)


def _is_numeric(cells: Sequence[Cell]) -> bool:
    """Tell whether a column holds plain numbers; estimates with intervals are read from the left."""
    filled = [cell for cell in cells if cell.text.strip()]
    return bool(filled) and all(
        cell.order is not None or not any(letter.isalnum() for letter in cell.text) for cell in filled
    ) and all("(" not in cell.text for cell in filled)  # fmt: skip


def _layout(table: Table) -> tuple[list[int], float]:
    """Give the widths of the columns in twips and the size of the font."""
    room = LANDSCAPE_MM if is_wide(table) else PORTRAIT_MM
    size_pt = SIZE_PT if sum(_least_mm(table, SIZE_PT)) <= room else SMALL_PT
    least, wanted = _least_mm(table, size_pt), _wanted_mm(table, size_pt)
    spare = room - sum(least)
    if spare <= 0:
        widths = [width * room / sum(least) for width in least]
    else:
        more = [max(0.0, want - width) for want, width in zip(wanted, least, strict=True)]
        share = min(1.0, spare / sum(more)) if sum(more) > 0 else 0.0
        widths = [width + share * extra for width, extra in zip(least, more, strict=True)]
    return [round(width * TWIPS_PER_MM) for width in widths], size_pt


def _texts(table: Table, index: int) -> list[str]:
    return [row[index].text for row in table.rows]


def _printed_mm(text: str, size_pt: float, *, bold: bool = False) -> float:
    """Give about how wide a text is printed."""
    ems = sum(_SIGN_EM.get(sign, _CAPITAL_EM if sign.isupper() else _OTHER_EM) for sign in text)
    return ems * (_BOLD if bold else 1.0) * size_pt * 25.4 / 72.0


def _least_mm(table: Table, size_pt: float) -> list[float]:
    """Give the width that each column needs: its longest word, short cells on one line, readable lines of long ones."""
    found = []
    for index, column in enumerate(table.columns):
        texts = _texts(table, index)
        pieces = [word for text in texts for word in text.split()]
        pieces += [text for text in texts if len(text) <= UNBROKEN]
        pieces += [text[:LONG_LEAST] for text in texts if len(text) > LONG_TEXT]
        widths = [_printed_mm(piece, size_pt) for piece in pieces]
        widths += [_printed_mm(word, size_pt, bold=True) for word in column.split()]
        found.append(max(widths, default=0.0) + 2.0 * _CELL_MARGIN_MM)
    return found


def _wanted_mm(table: Table, size_pt: float) -> list[float]:
    """Give the width at which no cell of a column breaks."""
    return [
        max([_printed_mm(column, size_pt, bold=True), *(_printed_mm(text, size_pt) for text in _texts(table, index))])
        + 2.0 * _CELL_MARGIN_MM
        for index, column in enumerate(table.columns)
    ]
