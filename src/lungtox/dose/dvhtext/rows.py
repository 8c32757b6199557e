"""Rows of numbers: fast where they are sound, line by line where they are not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from lungtox.dose.dvhtext.source import parse_number
from lungtox.errors import Fault, InputError

MOST_FAULTS = 10  # of one kind in one structure; the rest is counted
_PLAIN = re.compile(r"[0-9eE+\-.,\s]*")
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
EXPORT_AGAIN = "Export the file again: its rows are never repaired here."


@dataclass(frozen=True, eq=False)
class Rows:
    """Numbers of a block of lines.

    Attributes
    ----------
    values : ndarray, shape (rows, columns)
    numbers : list of int
        Line of each row.
    comma : bool or None
        Whether the decimal sign is a comma; None where no number has one.
    """

    values: NDArray[np.float64]
    numbers: list[int]
    comma: bool | None


def parse_rows(
    lines: Sequence[str], span: Iterable[int], *, columns: int, who: str, separator: str | None = None
) -> Rows:
    """Read the numbers of the lines of a span; blank lines are left out.

    Parameters
    ----------
    lines : sequence of str
        Of the whole file.
    span : iterable of int
        Indices (line number - 1) of the block.
    columns : int
        Numbers in each row.
    who : str
    separator : str, optional
        Default is white space; a comma cannot be a decimal sign then.

    Raises
    ------
    InputError
        With the line of each row that has another count of values, something that is no finite number, or another
        decimal sign than the rows before.
    """
    numbers, cells = [], []
    for index in span:
        line = lines[index]
        if line and not line.isspace():
            numbers.append(index + 1)
            cells.append(line.split(separator))
    return parse_cells(cells, numbers, columns=columns, who=who)


def parse_cells(cells: Sequence[Sequence[str]], numbers: list[int], *, columns: int, who: str) -> Rows:
    """Read cells that are already separated; see `parse_rows`."""
    if all(len(row) == columns for row in cells):
        tokens = list(chain.from_iterable(cells))
        text = " ".join(tokens)
        comma = "," in text
        if _PLAIN.fullmatch(text) and not (comma and "." in text):
            if comma:
                tokens = [token.replace(",", ".") for token in tokens]
            try:
                values = np.array(list(map(float, tokens)), dtype=np.float64)
            except ValueError:
                values = np.array([np.nan])
            if np.isfinite(values).all():
                known = True if comma else False if "." in text else None
                return Rows(values.reshape(-1, columns), numbers, known)
    faults = shortened(_row_faults(cells, numbers, columns, who))
    place = f"{who} line {numbers[0] if numbers else 1}"
    raise InputError(faults or Fault(place, "rows of numbers", "others", EXPORT_AGAIN, "dvh-row"))


def _row_faults(cells: Sequence[Sequence[str]], numbers: Sequence[int], columns: int, who: str) -> Iterator[Fault]:
    comma: bool | None = None
    for number, row in zip(numbers, cells, strict=True):
        place = f"{who} line {number}"
        if len(row) != columns:
            yield Fault(place, f"{columns} numbers", f"{len(row)} values", EXPORT_AGAIN, "dvh-row")
            continue
        for cell in row:
            sign = "," if "," in cell else "." if "." in cell else None
            if parse_number(cell) is None:
                yield Fault(place, "numbers", _shown(cell), EXPORT_AGAIN, "dvh-row")
                break
            if sign and comma is not None and (sign == ",") != comma:
                found = "a decimal comma after points" if sign == "," else "a decimal point after commas"
                yield Fault(place, "one decimal sign in a file", found, EXPORT_AGAIN, "dvh-decimal")
                break
            comma = comma if sign is None else sign == ","


def _shown(cell: str) -> str:
    """Show a value that stands for no number; other text may be a name and is not quoted."""
    bare = cell.strip()
    return repr(bare) if _NOT_FINITE.fullmatch(bare) else "nothing" if not bare else "something that is no number"


def shortened(faults: Iterable[Fault]) -> list[Fault]:
    """Keep the first faults and say how many more there are: a damaged table may have thousands."""
    every = iter(faults)
    found = list(islice(every, MOST_FAULTS))
    more = sum(1 for _ in every)
    if more:
        found[-1] = replace(found[-1], found=f"{found[-1].found}, and {more} more like it")
    return found
