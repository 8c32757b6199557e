"""Elekta (CMS) XiO: eight lines of header, then bins, for each structure. docs/dvh-text-formats.md."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lungtox.dose.dvhtext.rows import parse_rows
from lungtox.dose.dvhtext.section import Section
from lungtox.dose.dvhtext.source import dose_unit, volume_unit
from lungtox.errors import Fault, InputError

SYSTEM = "XiO"
TITLE = "XiO Dose Volume Histogram"
_BINS = re.compile(r"\s*(\d{1,7})\s+bins\s*")
_RESOLUTION = re.compile(r"\s*\S+\s+mm resolution\s*")
_HEADING = re.compile(r"\s*Min\. Bin Dose \(([^)]*)\)\s*,\s*Bin Volume \(([^)]*)\)\s*", re.IGNORECASE)
# After the title: ID, patient or plan name, structure, resolution, bins, date, heading. Blank lines do not count.
_STRUCTURE, _GRID, _COUNT, _TITLES = 3, 4, 5, 7


def recognises(lines: Sequence[str]) -> bool:
    """Say whether these are the lines of a XiO export."""
    return next((line.strip() for line in lines if line.strip()), "") == TITLE


def read(lines: Sequence[str], *, who: str) -> Iterator[Section]:
    """Give the sections of a XiO export, in the order of the file."""
    filled = [index for index, line in enumerate(lines) if line.strip()]
    starts = [place for place, index in enumerate(filled) if lines[index].strip() == TITLE]
    for position, (start, stop) in enumerate(zip(starts, [*starts[1:], len(filled)], strict=True), start=1):
        yield _section(lines, filled[start:stop], position=position, who=who)


def _section(lines: Sequence[str], block: Sequence[int], *, position: int, who: str) -> Section:
    line = block[0] + 1
    name = lines[block[_STRUCTURE]].strip() if len(block) > _TITLES else ""
    grid, count, heading = (
        (_RESOLUTION.fullmatch(lines[block[_GRID]]), _BINS.fullmatch(lines[block[_COUNT]]),
         _HEADING.fullmatch(lines[block[_TITLES]])) if len(block) > _TITLES else (None, None, None)
    )  # fmt: skip
    try:
        if grid is None or count is None or heading is None:
            expected = "ID, name, structure, 'mm resolution', 'bins', date and 'Min. Bin Dose (cGy), Bin Volume (cc)'"
            found = "other lines after the title"
            # The third line may hold a name where the layout is another one: nothing of it is shown.
            name = f"structure {position}"
            raise InputError(Fault(f"{who} line {line}", expected, found, "Export it again.", "dvh-table"))
        dose, volume = dose_unit(heading[1]), volume_unit(heading[2])
        if dose is None or volume is None:
            place = f"{who} line {block[_TITLES] + 1}, {name}"
            raise InputError(Fault(place, "units that are known", "others", "Export it again.", "dvh-units"))
        rows = parse_rows(lines, block[_TITLES + 1 :], columns=2, who=who, separator=",")
        if len(rows.numbers) != int(count[1]):
            place = f"{who} line {block[_COUNT] + 1}, {name}"
            found = f"{len(rows.numbers)}: the file is cut off or damaged"
            raise InputError(Fault(place, f"{int(count[1])} bins", found, "Export it again.", "dvh-table"))
    except InputError as error:
        return Section(structure=name, position=position, line=line, faults=error.faults)
    return Section(
        structure=name,
        position=position,
        line=line,
        dose=rows.values[:, 0],
        volume=rows.values[:, 1],
        rows=rows.numbers,
        dose_unit=dose,
        volume_unit=volume,
        kind="per_bin",
        place="lower",
    )
