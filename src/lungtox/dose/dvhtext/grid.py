"""What plain tables of DVHs share: the grid of their cells, names and units in their headers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lungtox.dose.dvhtext.source import DoseUnit, dose_unit
from lungtox.errors import Fault, InputError

# Not "name": it may be the patient's.
NAMES = frozenset({"roi", "roiname", "structure", "structurename", "organ", "structureid"})
_DOSE_CELL = re.compile(r"V?\s*(\d+(?:[.,]\d+)?)\s*(c?Gy)?\s*(?:[\[(]\s*([^\[\]()]*?)\s*[\])])?", re.IGNORECASE)
LONGEST_HEADER = 100  # of a cell that is looked at for a dose


@dataclass(frozen=True, eq=False)
class Grid:
    """Cells of a table.

    Attributes
    ----------
    header : list of str
    line : int
        Of the header.
    cells : list of list of str
    numbers : list of int
        Line of each row.
    """

    header: list[str]
    line: int
    cells: list[list[str]]
    numbers: list[int]


def split_unit(cell: str) -> tuple[str, str]:
    """Give name and unit of a header cell such as ``Volume [cc]``."""
    text = cell.strip()
    if not text or text[-1] not in "])":
        return text, ""
    name, bracket, unit = text[:-1].rpartition("[" if text[-1] == "]" else "(")
    return (name.strip(), unit.strip()) if bracket else (text, "")


def dose_cell(cell: str) -> re.Match[str] | None:
    """Read a header cell such as ``V20Gy[%]``, ``20 Gy`` or ``20``: dose, its unit, that of the volume."""
    return _DOSE_CELL.fullmatch(cell) if len(cell) <= LONGEST_HEADER else None


def header_word(cell: str) -> str:
    """Give the name in a header cell without spaces, points, hyphens and capitals."""
    return re.sub(r"[\s_.-]", "", split_unit(cell)[0]).lower()


def doses_unit(stated: set[str], given: DoseUnit | None, place: str) -> DoseUnit:
    """Give the unit of doses that a header states, or the one that was given with the file; InputError without one."""
    units = {unit for text in stated if text and (unit := dose_unit(text)) is not None}
    if len(units) == 1:
        return units.pop()
    if units or given is None:
        found = " and ".join(sorted(units)) or "none"
        action = "Write it in the header, as in 'Dose [Gy]', or give --dose-unit."
        raise InputError(Fault(place, "one unit of dose, Gy or cGy", found, action, "dvh-units"))
    return given
