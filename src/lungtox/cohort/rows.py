"""Reading of tables that people keep: every fault is named with its line and column, all at once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from lungtox.errors import Fault, InputError
from lungtox.extraction import is_study_id

T = TypeVar("T")
# float() would also take "nan", "inf" and "1_000", none of which is a measured value.
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
LINES_NAMED = 20
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class CellFault(Fault):
    """A fault of cells: where they stand, for the person who owns the table.

    Attributes
    ----------
    table, column : str
        Name of the table, and the column by the name that it has there.
    lines : tuple of int
    line_word : str
        ``line`` (text) or ``row`` (workbook).
    """

    table: str = ""
    column: str = ""
    lines: tuple[int, ...] = ()
    line_word: str = "line"


@dataclass
class RawTable:
    """Cells of a table as text in the contract's form, with their lines, and the faults found so far.

    Attributes
    ----------
    name : str
        Name of the table in messages; the path never appears in them.
    header : tuple of str
    lines : list of int
        Line of the file on which each row starts, from 1.
    cells : list of dict
        Column -> text without blanks around it; empty = missing.
    faults : list of Fault
    sources : dict of str to str
        Column -> its header in the file, where that is another one.
    line_word : str
        ``line`` (text) or ``row`` (workbook).
    refused : set of (int, str)
        Row and column of cells that have a fault already; they are not looked at again.
    mapping : str
        Place in the config that names the columns; empty where the file itself has the contract's names.
    """

    name: str
    header: tuple[str, ...]
    lines: list[int]
    cells: list[dict[str, str]]
    faults: list[Fault] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    line_word: str = "line"
    refused: set[tuple[int, str]] = field(default_factory=set)
    mapping: str = ""

    def where(self, row: int, column: str) -> str:
        """Say where a cell is: study ID, table, line and column."""
        patient = self.cells[row].get("patient", "")
        words = f"{self.sources[column]!r} ({column})" if column in self.sources else column
        place = f"{self.name}, {self.line_word} {self.lines[row]}, column {words}"
        return f"{patient} ({place})" if is_study_id(patient) and column != "patient" else place

    def note(self, row: int, column: str, *, expected: str, found: str, action: str, code: str) -> None:
        """Note a fault of one cell."""
        self.note_rows([row], column, expected=expected, found=found, action=action, code=code)

    def note_rows(self, rows: Sequence[int], column: str, *, expected: str, found: str, action: str, code: str) -> None:
        """Note a fault that several cells of a column share; all their lines are named."""
        if all((row, column) in self.refused for row in rows):
            return
        lines = tuple(self.lines[row] for row in rows)
        where = self.where(rows[0], column)
        if len(rows) > 1:
            words = f"{self.sources[column]!r} ({column})" if column in self.sources else column
            where = f"{self.name}, {lines_text(lines, self.line_word)}, column {words}"
        column_name = self.sources.get(column, column)
        self.faults.append(
            CellFault(where, expected, found, action, code, self.name, column_name, lines, self.line_word)
        )

    def require(self, columns: Sequence[str], *, named_in: Iterable[str] = ()) -> None:
        """Note each column that is missing, with the nearest one that is there.

        Parameters
        ----------
        columns : sequence of str
        named_in : iterable of str
            Where it is a mapping: column -> place of the config that names it.
        """
        for column in columns:
            if column not in self.header:
                near = difflib.get_close_matches(column, self.header, n=1, cutoff=0.6)
                # Without a header the first patient's values would stand there.
                known = f"none (columns: {', '.join(self.header)})" if "patient" in self.header else "none"
                found = f"{near[0]!r}, perhaps the same" if near else known
                action = "Rename the column." if near else "Add the column; the first line names the columns."
                if self.mapping:
                    action = f"Name its column under {self.mapping}.columns in the config."
                if isinstance(named_in, Mapping):
                    action = action.replace("Rename the column.", "Rename the column if it is the same.")
                    dose = column.endswith(
                        ("_gy", "_pct", "_cc")
                    )  # the units that dose columns of cohort.metrics carry
                    action += " Or define it under cohort.metrics, or correct" if dose else " Or correct"
                    action += f" the name in the config: {named_in[column]}."
                self.faults.append(Fault(self.name, f"a column {column!r}", found, action, "table-column"))

    def study_ids(self) -> None:
        """Note texts that cannot be study IDs. They are not quoted: one may be a name."""
        for row, cells in enumerate(self.cells):
            text = cells.get("patient", "")
            if text and not is_study_id(text):
                expected = "a study ID of letters, digits, _ and -"
                action = "Use the study ID of patients.csv."
                self.note(row, "patient", expected=expected, found="another character", action=action, code="study-id")

    def parse(
        self, column: str, convert: Callable[[str], T], *, expected: str, action: str, code: str
    ) -> list[T | None]:
        """Convert a column cell by cell; ``convert`` raises ValueError for what it refuses. Empty cells give None."""
        values: list[T | None] = []
        for row, cells in enumerate(self.cells):
            text = cells.get(column, "")
            value: T | None = None
            if text and (row, column) not in self.refused:
                try:
                    value = convert(text)
                except ValueError as error:
                    hint = f"{action} {error}" if str(error).startswith(("Did you mean", "Write")) else action
                    self.note(row, column, expected=expected, found=repr(text), action=hint, code=code)
            values.append(value)
        return values

    def numbers(self, column: str, *, low: float, high: float, whole: bool = False) -> list[float | None]:
        """Read a numeric column whose values lie from ``low`` to ``high``."""

        def convert(text: str) -> float:
            value = to_number(text)
            if not low <= value <= high or (whole and value != int(value)):
                raise ValueError
            return value

        kind = "a whole number" if whole else "a number"
        spread = f"{kind} from {low:g} to {high:g}" if high != float("inf") else f"{kind} of at least {low:g}"
        action = "Correct the cell (decimal point, no unit), or leave it empty when the value is missing."
        return self.parse(column, convert, expected=spread, action=action, code="table-number")

    def codes(self, column: str, levels: Sequence[str]) -> list[str | None]:
        """Read a column of codes."""

        def convert(text: str) -> str:
            if text in levels:
                return text
            # Subgroups of a stage: IIIA, IIIb, IIIA2.
            whole = [level for level in levels if re.fullmatch(rf"{re.escape(level)}[A-Ca-c]\d?", text)]
            if whole:
                raise ValueError(f"Write {whole[0]}, or map it in `tables` of the config.")
            near = difflib.get_close_matches(text.lower(), levels, n=1, cutoff=0.5)
            raise ValueError(f"Did you mean {near[0]!r}?" if near else "")

        action = (
            "Correct the cell, or map the column's codes in `tables` of the config; leave it empty when the value is"
            " missing."
        )
        return self.parse(column, convert, expected=f"one of {', '.join(levels)}", action=action, code="table-code")

    def dates(self, column: str) -> list[date | None]:
        """Read a column of ISO dates."""

        def convert(text: str) -> date:
            if not ISO_DATE.fullmatch(text):
                raise ValueError
            return date.fromisoformat(text)

        return self.parse(
            column,
            convert,
            expected="a date such as 2014-08-15",
            action="Write year-month-day, or leave the cell empty when it does not apply.",
            code="table-date",
        )

    def texts(self, column: str) -> list[str | None]:
        """Read a column as text; empty = None."""
        return [cells.get(column) or None for cells in self.cells]

    def keys(self, columns: Sequence[str], *, code: str) -> None:
        """Note empty key cells and rows that carry the same key twice."""
        if not set(columns) <= set(self.header):
            return  # that the column is missing is one fault, not one for each row
        first: dict[tuple[str, ...], int] = {}
        for row, cells in enumerate(self.cells):
            key = tuple(cells.get(column, "") for column in columns)
            for column, text in zip(columns, key, strict=True):
                if not text:
                    self.note(
                        row, column, expected="a value", found="an empty cell", action="Fill it in.", code="table-key"
                    )
            if all(key):
                if key in first:
                    named = f"{key[0]} " if is_study_id(key[0]) else ""
                    what = ", ".join(key[1:]) or "the same patient"
                    self.faults.append(
                        CellFault(
                            f"{named}({self.name}, {self.line_word} {self.lines[row]})",
                            f"each {' + '.join(columns)} once",
                            f"{what} already on {self.line_word} {first[key]}",
                            "Keep the row that is right.",
                            code,
                            self.name,
                            self.sources.get(columns[0], columns[0]),
                            (first[key], self.lines[row]),
                            self.line_word,
                        )
                    )
                first.setdefault(key, self.lines[row])

    def finish(self) -> None:
        """Raise all faults at once, if there are any."""
        if self.faults:
            raise InputError(self.faults)


def lines_text(lines: Sequence[int], word: str) -> str:
    """Name lines: ``line 7``, ``lines 3, 4``; of many the first ones and how many more."""
    if len(lines) == 1:
        return f"{word} {lines[0]}"
    shown = ", ".join(map(str, lines[:LINES_NAMED]))
    return f"{word}s {shown}" + (f" and {len(lines) - LINES_NAMED} more" if len(lines) > LINES_NAMED else "")


def to_number(text: str) -> float:
    """Convert text to a finite number; decimal commas, units, ``NA`` and ``inf`` are refused with ValueError."""
    if not NUMBER.fullmatch(text):
        raise ValueError
    return float(text)
