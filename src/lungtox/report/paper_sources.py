"""Results as the tables for a paper read them: rows know their file and place; cells keep that with their numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lungtox.errors import Fault, InputError
from lungtox.report.paper_numbers import DASH, TableStyle, print_number, print_p, print_ratio
from lungtox.report.paper_tables import How, PaperCell, Source, Traced
from lungtox.report.results import records
from lungtox.report.wording import optional, text_of
from lungtox.tables import read_csv, read_json

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True)
class SourceRow:
    """A row of a results table, or an object inside a JSON file."""

    file: str
    row: str
    values: Mapping[str, Any]

    def text(self, column: str) -> str:
        """Give a text; a missing one is empty."""
        return text_of(self.values.get(column))

    def number(self, column: str) -> float | None:
        """Give a number; None where it is missing."""
        return optional(self.values.get(column))

    def flag(self, column: str) -> bool:
        """Give a yes or no; a missing one is no."""
        return str(self.values.get(column)) == "True"

    def items(self, column: str) -> list[SourceRow]:
        """Give the objects of a list inside a JSON object."""
        prefix = f"{self.row}." if self.row else ""
        return [
            SourceRow(self.file, f"{prefix}{column}[{number}]", item)
            for number, item in enumerate(self.values.get(column) or ())
        ]

    def traced(self, column: str, text: str, how: How = "") -> tuple[Traced, ...]:
        """Give the number of a column as it is printed; nothing where it is missing."""
        value = self.number(column)
        if value is None or text == DASH:
            return ()
        changed = math.exp(min(value, 700.0)) if how == "exp" else 100.0 * value if how == "percent" else value
        return (Traced(changed, text, Source(self.file, self.row, column, how)),)

    def parts(self, column: str) -> list[str]:
        """Give the numbers inside a text, such as ``18 of 30 (60.0 %)``."""
        return NUMBER.findall(self.text(column))

    def traced_part(self, column: str, number: str, text: str) -> Traced:
        """Give a number that stands inside a text, as it is printed."""
        return Traced(float(number), text, Source(self.file, self.row, column, "text"))


@dataclass(frozen=True)
class Sources:
    """The results folder of an analysis, read file by file as they are needed."""

    folder: Path
    config: Mapping[str, Any]

    def table(self, file: str, *, text: bool = False) -> list[SourceRow]:
        """Read the rows of a CSV."""
        rows = records(read_csv(self._path(file), dtype=str if text else None))
        return [SourceRow(file, str(number), row) for number, row in enumerate(rows, start=1)]

    def json(self, file: str) -> SourceRow:
        """Read a JSON object."""
        return SourceRow(file, "", read_json(self._path(file)))

    def _path(self, file: str) -> Path:
        path = self.folder / file
        if not path.is_file():
            action = "Run the analysis to its end, or take the section that makes it out of the config."
            raise InputError(Fault(f"results: {file}", "a table of this analysis", "no such file", action, "results"))
        return path

    @cached_property
    def dictionary(self) -> dict[str, SourceRow]:
        """Column of the analysis -> its label, unit, levels and source."""
        return {row.text("column"): row for row in self.table("cohort/dictionary.csv", text=True)}

    def label(self, column: str) -> str:
        """Give the printed name of a column of the analysis."""
        return self.dictionary[column].text("label") if column in self.dictionary else column.replace("_", " ")

    def unit(self, column: str) -> str:
        """Give the unit of a column of the analysis; empty where it has none."""
        return self.dictionary[column].text("unit") if column in self.dictionary else ""


def count_cell(row: SourceRow, column: str) -> PaperCell:
    """Print a whole number."""
    value = row.number(column)
    text = DASH if value is None else f"{value:.0f}"
    return PaperCell(text, row.traced(column, text))


def count_words(row: SourceRow) -> str:
    """Give ``98 patients (26 with RP)``."""
    return f"{row.number('n') or 0:.0f} patients ({row.number('events') or 0:.0f} with RP)"


def number_cell(row: SourceRow, column: str, *, decimals: int = 2, how: How = "") -> PaperCell:
    """Print a number with fixed decimals."""
    value = row.number(column)
    text = print_number(100.0 * value if value is not None and how == "percent" else value, decimals=decimals)
    return PaperCell(text, row.traced(column, text, how))


def p_cell(row: SourceRow, column: str, style: TableStyle, *, notes: Sequence[str] = ()) -> PaperCell:
    """Print a p or q value by the rule of the preset."""
    text = print_p(row.number(column), style)
    return PaperCell(text, row.traced(column, text), tuple(notes))


def interval_cell(
    row: SourceRow,
    columns: tuple[str, str, str],
    *,
    decimals: int = 2,
    null: float | None = None,
    notes: Sequence[str] = (),
) -> PaperCell:
    """Print an estimate with its interval; no limit is rounded across ``null``."""
    texts = (
        print_number(row.number(columns[0]), decimals=decimals),
        *(print_number(row.number(column), decimals=decimals, null=null) for column in columns[1:]),
    )
    return _with_interval(row, columns, texts, "", notes)


def ratio_cell(row: SourceRow, columns: tuple[str, str, str], *, how: How = "", notes: Sequence[str] = ()) -> PaperCell:
    """Print a ratio with its interval; with ``exp`` the columns hold its logarithm."""
    values = [row.number(column) for column in columns]
    if how == "exp":
        values = [None if value is None else math.exp(min(value, 700.0)) for value in values]
    texts = (print_ratio(values[0]), *(print_ratio(value, null=1.0) for value in values[1:]))
    return _with_interval(row, columns, texts, how, notes)


def _with_interval(
    row: SourceRow, columns: Sequence[str], texts: Sequence[str], how: How, notes: Sequence[str]
) -> PaperCell:
    if texts[0] == DASH:
        return PaperCell(DASH, (), tuple(notes))
    numbers = tuple(
        next(iter(row.traced(column, text, how)), None) for column, text in zip(columns, texts, strict=True)
    )
    if texts[1] == texts[2] == DASH:
        return PaperCell(texts[0], numbers, tuple(notes))
    return PaperCell(f"{texts[0]} ({texts[1]} to {texts[2]})", numbers, tuple(notes))
