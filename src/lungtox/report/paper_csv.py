"""Tables for a paper as CSV: the printed texts, their notes, and where each number comes from."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path

from lungtox.report.paper_tables import Column, PaperTable
from lungtox.tables import write_text

RAISED = dict(zip("abcdefghijklmnop", "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖ", strict=True))
INDENT = "  "


def raised(mark: str) -> str:
    """Give the letters of a mark as raised characters; those that Unicode does not have stand in brackets."""
    return "".join(RAISED.get(letter, letter if letter == "," else f"[{letter}]") for letter in mark)


def header_text(column: Column) -> str:
    """Give a header on one line."""
    return f"{column.spanner}: {column.header}" if column.spanner else column.header


def write_paper_csv(table: PaperTable, path: str | Path) -> None:
    """Write the printed table; levels of a factor are indented by two spaces, notes are in `write_notes`."""
    head = [f"{header_text(column)}{raised(table.mark(column.notes))}" for column in table.columns]
    body = [
        [
            f"{INDENT * row.indent}{row.label}{raised(table.mark(row.notes))}",
            *(f"{cell.text}{raised(table.mark(cell.notes))}" for cell in row.cells),
        ]
        for row in table.rows
    ]
    _write([head, *body], path)


def write_notes(tables: Sequence[PaperTable], path: str | Path) -> None:
    """Write titles and notes of all tables: ``table, mark, note``; the title has the mark ``title``."""
    rows = [
        row
        for table in tables
        for row in ((table.name, "title", table.title), *((table.name, mark, note) for mark, note in table.footnotes))
    ]
    _write([("table", "mark", "note"), *rows], path)


def write_sources(tables: Sequence[PaperTable], path: str | Path) -> None:
    """Write where each printed number comes from: its table, row (from 1) and column, its value, file and cell."""
    rows = [
        (
            table.name, str(number), header_text(column), row.label, traced.text, repr(traced.value),
            traced.source.file, traced.source.row, traced.source.column, traced.source.how,
        )
        for table in tables
        for number, row in enumerate(table.rows, start=1)
        for column, cell in zip(table.columns[1:], row.cells, strict=True)
        for traced in cell.numbers
        if traced is not None
    ]  # fmt: skip
    head = ("table", "row", "column", "label", "printed", "value", "file", "file_row", "file_column", "how")
    _write([head, *rows], path)


def _write(rows: Iterable[Sequence[str]], path: str | Path) -> None:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_text(text.getvalue(), path)
