"""Numbers printed together stand together: a row of a table in one row of a file, an estimate with its interval.

That a number stands somewhere in the sources of a section says little where there are thousands: four of five numbers
with a false last digit are those of another row.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lungtox.report.blocks import Cell, Section, Table
from lungtox.tables import read_csv, read_json

SIGNED = r"[-\u2212]?\d+(?:\.\d+)?"
NUMBER = re.compile(rf"(?<![\w.,^]){SIGNED}(?![\w]|\.\d)")
WITH_INTERVAL = re.compile(
    rf"(?<![\w.,^])({SIGNED})(?: [^\s\d(),;]+)? \((?:[a-z ]*95 % [a-z ]*|\u2026 |[a-z ]*range )?"
    rf"({SIGNED}) to ({SIGNED})(?![\w.])",
    re.IGNORECASE,
)
"""``0.72 (95 % CI 0.60 to 0.83)``, ``23.1 Gy (95 % interval 17.7 to 54.6)``."""
CLAUSES = re.compile(r"; |\. (?=[A-Z])|: | and |\), ")
RANGE = re.compile(r"((?:q|difference runs) from [^;]+?) to ")
"""Smallest and largest of several findings: two rows."""
BY_CELL = {
    "strata-": "a stratum in each column",
    "cytokine-models": "a cytokine in each column",
    "validation-": "an approach in each column",
    "codings": "a coding in each column",
    "cut-points": "a measure in each column",
    "imputed": "complete rows and imputed ones",
    "ntcp-criteria": "weights are made from several fits",
    "fractionation-schedules": "a metric in each column",
    "fractionation-risks": "the limits of a schedule beside the risk by it",
    "dose-warnings": "counts over patients",
    "dvh-curves-comparison": "counts over curves",
    "names": "counts over patients",
    "composition": "counts over patients",
    "dose-levels": "ranges over the doses of a row, and the dose with the smallest p",
}
"""Tables whose rows put several rows of files side by side: beginning of the name -> reason. Each cell is from one."""
DOSES = re.compile(r"\d+(?: to \d+)?(?:, \d+(?: to \d+)?)*")
"""``1 to 3, 11 to 29``: doses in the table of dose levels, whose files have a row for each."""


FileRows = list[list[float]]


@dataclass
class Rows:
    """The numbers of each row of CSV files and of each object of JSON files, to be asked which rows hold a number."""

    numbers: list[float]
    rows: list[int]

    @classmethod
    def of(cls, section: Section, results: Path, read: Callable[[Path], FileRows]) -> Rows:
        """Take in the rows of the sources of a section, each as `read` gives it."""
        paths = (path for pattern in section.sources for path in sorted(results.glob(pattern)))
        rows = enumerate(row for path in paths for row in read(path))
        found = sorted((number, index) for index, row in rows for number in row)
        return cls([number for number, _ in found], [index for _, index in found])

    def together(self, printed: Iterable[str]) -> bool:
        """Say whether one row holds all these numbers, as rounded, in percent, or with the other sign of a minus."""
        sets = [self._holding(text) for text in printed]
        return not sets or bool(set.intersection(*sets))

    def _holding(self, text: str) -> set[int]:
        value = float(text.replace("\u2212", "-"))
        half = 0.5 * 10.0 ** -(len(text.partition(".")[2])) * (1 + 1e-9) + 1e-12
        found: set[int] = set()
        for low, high in ((value - half, value + half), ((value - half) / 100.0, (value + half) / 100.0)):
            found.update(self.rows[bisect_left(self.numbers, low) : bisect_right(self.numbers, high)])
        return found


def read_rows(path: Path) -> FileRows:
    """Give the numbers of each row of a CSV file, or of each object of a JSON file; none of other files."""
    parts: Iterable[Any] = ()
    if path.suffix == ".csv" and path.read_bytes().strip():
        parts = read_csv(path).to_dict("records")
    elif path.suffix == ".json":
        parts = _objects(read_json(path))
    return [[number for number in _numbers(part) if math.isfinite(number)] for part in parts]


def _objects(content: Any, above: tuple[Any, ...] = ()) -> Iterator[Any]:
    """Give each object of a JSON file: its own values, with those of the objects around it, not of its neighbours."""
    if isinstance(content, Mapping):
        plain = tuple(part for part in content.values() if not isinstance(part, (Mapping, list)) or _is_short(part))
        above = (*above, *plain, *_odds_ratios(content))
        yield above
    parts = content.values() if isinstance(content, Mapping) else content if isinstance(content, list) else ()
    for part in parts:
        yield from _objects(part, above)


def _is_short(part: Any) -> bool:
    """Say whether something is a list such as the spacing of a grid."""
    return isinstance(part, list) and len(part) < 4 and not any(isinstance(one, (Mapping, list)) for one in part)


def _odds_ratios(content: Mapping[str, Any]) -> Iterator[float]:
    """Give the odds ratios of a term of a logistic fit, whose file has their logarithms."""
    if "term" in content:
        logs = (content.get(name) for name in ("estimate", "low", "high"))
        yield from (math.exp(log) for log in logs if isinstance(log, float) and abs(log) < 700)


def _numbers(content: Any) -> Iterator[float]:
    """Give the numbers of a row or object, those in its texts too."""
    if isinstance(content, Mapping):
        content = tuple(content.values())
    if isinstance(content, (list, tuple)):
        for part in content:
            yield from _numbers(part)
    elif isinstance(content, str):
        yield from (float(one.replace("\u2212", "-")) for one in NUMBER.findall(content.replace(",", ", ")))
    elif isinstance(content, (int, float)) and not isinstance(content, bool):
        yield float(content)


def torn_rows(table: Table, rows: Rows, left: Mapping[str, str]) -> Iterator[str]:
    """Give the rows of a table, or its cells, whose numbers stand in no one row of a file.

    Parameters
    ----------
    table : Table
    rows : Rows
    left : mapping
        Text of a cell -> what is left of it without quotations and fixed wording.
    """
    apart = any(table.name.startswith(name) for name in BY_CELL)
    for row in table.rows:
        groups: Iterable[tuple[Cell, ...]] = ((cell,) for cell in row) if apart else (tuple(row),)
        for cells in groups:
            if table.name == "dose-levels" and DOSES.fullmatch(cells[0].text):
                continue
            printed = [number for cell in cells for number in NUMBER.findall(left[cell.text])]
            if (len(printed) > 1 or not apart) and not rows.together(printed):
                yield " | ".join(cell.text for cell in cells)


def torn_clauses(text: str, rows: Rows) -> Iterator[str]:
    """Give the clauses of a sentence whose decimals, and the estimates whose intervals, stand in no one row of a file.

    Parameters
    ----------
    text : str
        Without quotations and fixed wording.
    rows : Rows
    """
    for clause in CLAUSES.split(RANGE.sub(r"\1; ", text)):
        if not rows.together(number for number in NUMBER.findall(clause) if "." in number):
            yield clause
    for found in WITH_INTERVAL.finditer(text):
        if not rows.together(found.groups()):
            yield found[0]
