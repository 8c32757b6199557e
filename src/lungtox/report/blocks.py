"""What a section is made of: paragraphs, tables, figures, warnings. The template turns them into HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Heading:
    """A heading below that of the section."""

    text: str
    kind: str = "heading"


@dataclass(frozen=True)
class Text:
    """One paragraph."""

    text: str
    kind: str = "text"


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    items: tuple[str, ...]
    kind: str = "bullets"


@dataclass(frozen=True)
class Notes:
    """Warnings that belong to what stands above them."""

    title: str
    items: tuple[str, ...]
    kind: str = "notes"


@dataclass(frozen=True)
class Folded:
    """A long list that opens on a click, and on paper."""

    title: str
    items: tuple[str, ...]
    kind: str = "folded"


@dataclass(frozen=True)
class Cell:
    """A table cell: what is printed; for numbers, what it is sorted by; where it leads to.

    ``link`` is a file beside the report; ``links`` are the parts of the text with the places in the report that each
    leads to, separated by commas as in the text.
    """

    text: str
    order: float | None = None
    link: str | None = None
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Table:
    """A table with a caption; the first column heads its row."""

    name: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    sortable: bool = True
    kind: str = "table"


@dataclass(frozen=True)
class Picture:
    """A figure as a data address, with the words for readers who do not see it."""

    name: str
    caption: str
    alternative: str
    address: str
    width_mm: float
    kind: str = "picture"


Block = Heading | Text | Bullets | Notes | Folded | Table | Picture


@dataclass(frozen=True)
class Section:
    """A headed part of the report.

    ``group`` is the part of the table of contents in which it stands; ``sources`` are the files below the results
    folder (shell patterns) that hold its numbers.
    """

    name: str
    title: str
    blocks: tuple[Block, ...] = field(default=())
    group: str = ""
    sources: tuple[str, ...] = ()


def make_table(
    name: str, caption: str, columns: Sequence[str], rows: Sequence[Sequence[str | Cell]], *, sortable: bool = True
) -> Table:
    """Build a table from texts and cells."""
    cells = tuple(tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in row) for row in rows)
    return Table(name, caption, tuple(columns), cells, sortable=sortable and len(cells) > 2)
