"""A table for a paper, before it becomes CSV, XLSX, LaTeX or DOCX: printed cells that know where they come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from string import ascii_lowercase
from typing import Final, Literal

from lungtox.errors import ParameterError

How = Literal["", "text", "exp", "percent", "count share"]


@dataclass(frozen=True)
class Source:
    """Where a printed number stands in results.

    Attributes
    ----------
    file : str
        Path in the results folder.
    row : str
        Number of the data row of a CSV, from 1; path inside a JSON file, such as ``estimates[2]``.
    column : str
        Column, or key.
    how : str
        What was done to it: nothing, ``text`` (a number inside a text), ``exp`` (odds ratio of log-odds),
        ``percent`` (of a share), ``count share`` (count over the counts of all levels, in percent).
    """

    file: str
    row: str
    column: str
    how: How = ""


@dataclass(frozen=True)
class Traced:
    """A number as it is printed, with its unrounded value."""

    value: float
    text: str
    source: Source


@dataclass(frozen=True)
class PaperCell:
    """A cell: printed text, the numbers in it from left to right (None for a dash), the notes that it points to."""

    text: str
    numbers: tuple[Traced | None, ...] = ()
    notes: tuple[str, ...] = ()


EMPTY: Final = PaperCell("")
"""Where nothing belongs; what is missing is a dash."""


@dataclass(frozen=True)
class Column:
    """A column with its header.

    Attributes
    ----------
    header : str
    spanner : str
        Header over several columns; neighbours with the same one share it.
    parts : tuple of str
        Names of the numbers of its cells, where a spreadsheet gives each number a column of its own.
    italic : bool
        Whether the header is a statistical symbol.
    notes : tuple of str
    """

    header: str
    spanner: str = ""
    parts: tuple[str, ...] = ()
    italic: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """A row: its label, the cells right of it, how far it is indented; a heading starts a group of rows."""

    label: str
    cells: tuple[PaperCell, ...]
    indent: int = 0
    heading: bool = False
    notes: tuple[str, ...] = ()

    @property
    def spans(self) -> bool:
        """Whether the label is all there is."""
        return all(not cell.text for cell in self.cells)


@dataclass(frozen=True)
class PaperTable:
    """A table with title, columns (that of the labels first), rows and what stands under it.

    ``notes`` are about the whole table; notes of headers and cells get letters in reading order.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    abbreviations: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        width = len(self.columns) - 1
        wrong = [row.label for row in self.rows if len(row.cells) != width]
        if wrong:
            raise ParameterError(f"table {self.name}: each row must have {width} cells, not so {', '.join(wrong)}")

    @cached_property
    def letters(self) -> dict[str, str]:
        """Note -> its letter, in reading order."""
        found = dict.fromkeys(self._noted())
        return dict(zip(found, _marks(), strict=False))

    def _noted(self) -> Iterator[str]:
        for column in self.columns:
            yield from column.notes
        for row in self.rows:
            yield from row.notes
            for cell in row.cells:
                yield from cell.notes

    def mark(self, notes: Sequence[str]) -> str:
        """Give the letters of notes, in their order: ``a,c``."""
        letters = self.letters
        return ",".join(sorted((letters[note] for note in notes), key=lambda mark: (len(mark), mark)))

    @property
    def footnotes(self) -> tuple[tuple[str, str], ...]:
        """Letter (empty for a note on the whole table) and text of all notes, abbreviations last."""
        plain = [("", note) for note in self.notes]
        lettered = [(letter, note) for note, letter in self.letters.items()]
        listed = "; ".join(f"{short}, {long}" for short, long in self.abbreviations)
        return (*plain, *lettered, *([("", f"Abbreviations: {listed}.")] if listed else []))


def _marks() -> Iterator[str]:
    yield from ascii_lowercase
    for first in ascii_lowercase:
        yield from (first + second for second in ascii_lowercase)
