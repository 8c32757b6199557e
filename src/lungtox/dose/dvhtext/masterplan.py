"""Oncentra MasterPlan: mode and units in the header, then a table of bins for each ROI. docs/dvh-text-formats.md."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lungtox.dose.dvhtext.rows import parse_rows
from lungtox.dose.dvhtext.section import Section
from lungtox.dose.dvhtext.source import DoseUnit, VolumeUnit, dose_unit, volume_unit
from lungtox.errors import Fault, InputError

SYSTEM = "MasterPlan"
_MODE = re.compile(r"\s*(Cumulative|Differential) mode\b", re.IGNORECASE)
_UNIT = re.compile(r"\s*(?:Absolute|Relative) (dose|volume)\s*-.*?\[([^\]]*)\]\s*", re.IGNORECASE)
LONGEST_LINE = 300  # of the header
_DOSE = re.compile(r"Dose\s*:\s*\S")
_ROI = re.compile(r"\s*ROI\s*:(.*)")
_HEADING = re.compile(r"\s*(bin\S*\s+)?dose\S*\s+volume\S*\s*", re.IGNORECASE)


def recognises(lines: Sequence[str]) -> bool:
    """Say whether these are the lines of a MasterPlan export."""
    head = lines[:40]
    return any(_MODE.match(line) for line in head) and any(_unit(line) for line in head)


def _unit(line: str) -> re.Match[str] | None:
    return _UNIT.fullmatch(line) if len(line) < LONGEST_LINE else None


def read(lines: Sequence[str], *, who: str) -> Iterator[Section]:
    """Give the sections of a MasterPlan export, in the order of the file."""
    starts = [index for index, line in enumerate(lines) if line.startswith("Dose") and _DOSE.match(line)]
    header = lines[: starts[0]] if starts else lines
    modes = [match[1].lower() for line in header if (match := _MODE.match(line))]
    units = {match[1].lower(): match[2] for line in header if (match := _unit(line))}
    dose, volume = dose_unit(units.get("dose", "")), volume_unit(units.get("volume", ""))
    if not starts or dose is None or volume is None or not modes:
        expected = "a mode, 'Absolute dose - [Gy]', 'Absolute volume - [ccm]' and sections that begin with 'Dose:'"
        raise InputError(Fault(who, expected, "another header", "Export it again.", "dvh-format"))
    for position, (start, stop) in enumerate(zip(starts, [*starts[1:], len(lines)], strict=True), start=1):
        yield _section(
            lines,
            start,
            stop,
            position=position,
            cumulative=modes[0] == "cumulative",
            dose=dose,
            volume=volume,
            who=who,
        )


def _section(
    lines: Sequence[str], start: int, stop: int, *, position: int, cumulative: bool, dose: DoseUnit, volume: VolumeUnit,
    who: str,
) -> Section:  # fmt: skip
    short = [n for n in range(start + 1, stop) if len(lines[n]) < LONGEST_LINE]
    name = next((match[1].strip() for n in short if (match := _ROI.fullmatch(lines[n]))), f"structure {position}")
    heading = next((n for n in short if _HEADING.fullmatch(lines[n])), None)
    place = f"{who} line {start + 1}, {name}"
    try:
        if heading is None:
            raise InputError(Fault(place, "a heading 'Bin Dose Volume'", "none", "Export it again.", "dvh-table"))
        if not cumulative and volume == "cc":
            # Whether the volume is that of the bin or that per Gy is not documented, and no total tells them apart.
            action = "Export the cumulative histogram, or the differential one in percent of volume."
            raise InputError(Fault(place, "a histogram whose meaning is known", "differential cc", action, "dvh-table"))
        columns = len(lines[heading].split())
        rows = parse_rows(lines, range(heading + 1, stop), columns=columns, who=who)
    except InputError as error:
        return Section(structure=name, position=position, line=start + 1, faults=error.faults)
    values = rows.values[:, columns - 2 :]
    per_bin = abs(float(values[:, 1].sum()) - 100.0) <= 1.0
    return Section(
        structure=name,
        position=position,
        line=start + 1,
        dose=values[:, 0],
        volume=values[:, 1],
        rows=rows.numbers,
        dose_unit=dose,
        volume_unit=volume,
        kind="cumulative" if cumulative else "per_bin" if per_bin else "per_dose",
        per_unit=dose,
    )
