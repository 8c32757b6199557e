"""Elekta Monaco: one header line, then rows of structure, dose and volume. docs/dvh-text-formats.md."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np

from lungtox.dose.dvhtext.rows import parse_cells
from lungtox.dose.dvhtext.section import Section
from lungtox.dose.dvhtext.source import DoseUnit, VolumeUnit, dose_unit, parse_number, volume_unit
from lungtox.errors import Fault, InputError

SYSTEM = "Monaco"
_DATE = re.compile(r"\s*\S.*\d{1,4}:\d{2}.*|\s*\d{1,4}[-./]\d{1,2}[-./]\d{1,4}\S*\s*")
HEADING_LINES = 4  # at most so many lines without numbers between the header and the first row
FALLING = 0.9  # share of steps that do not rise, from which a table is taken for cumulative
SHOULDER = 0.99  # of the first volume
RISING = 0.25  # share of steps that rise, from which it is taken for differential
Row = tuple[str, str, str, int]


def recognises(lines: Sequence[str]) -> bool:
    """Say whether these are the lines of a Monaco export."""
    first = lines[0]
    return first.startswith("Patient ID:") and "|" in first and "Dose Units:" in first and "Volume Units:" in first


def read(lines: Sequence[str], *, who: str) -> Iterator[Section]:
    """Give the sections of a Monaco export, in the order of the file."""
    parts = (part.partition(":") for part in lines[0].split("|"))
    header = {key.strip().lower(): value.strip() for key, _, value in parts}
    dose, volume = dose_unit(header.get("dose units", "")), volume_unit(header.get("volume units", ""))
    if dose is None or volume is None:
        raise InputError(Fault(f"{who} line 1", "units that are known", "others", "Export it again.", "dvh-units"))
    groups = [list(rows) for _, rows in groupby(_rows(lines, who), key=lambda row: row[0])]
    if not groups:
        raise InputError(Fault(who, "rows of structure, dose and volume", "none", "Export it again.", "dvh-table"))
    sections = [_section(rows, position, dose, volume, who) for position, rows in enumerate(groups, start=1)]
    yield from _declared(sections, who)


def _rows(lines: Sequence[str], who: str) -> Iterator[Row]:
    filled = [index for index in range(1, len(lines)) if lines[index].strip()]
    begun = False
    for place, index in enumerate(filled):
        parts = lines[index].rsplit(None, 2)
        number = len(parts) == 3 and parse_number(parts[1]) is not None
        if number or (begun and len(parts) == 3 and not _DATE.fullmatch(lines[index])):
            begun = True
            yield parts[0].strip(), parts[1], parts[2], index + 1
        elif begun and not (place == len(filled) - 1 and _DATE.fullmatch(lines[index])):
            found = "a line of another kind"
            raise InputError(
                Fault(f"{who} line {index + 1}", "structure, dose and volume", found, "Export it again.", "dvh-row")
            )
        elif not begun and place >= HEADING_LINES:
            break


def _section(rows: Sequence[Row], position: int, dose: DoseUnit, volume: VolumeUnit, who: str) -> Section:
    name, line = rows[0][0], rows[0][3]
    try:
        table = parse_cells([row[1:3] for row in rows], [row[3] for row in rows], columns=2, who=who)
    except InputError as error:
        return Section(structure=name, position=position, line=line, faults=error.faults)
    return Section(
        structure=name,
        position=position,
        line=line,
        dose=table.values[:, 0],
        volume=table.values[:, 1],
        rows=table.numbers,
        dose_unit=dose,
        volume_unit=volume,
    )


def _declared(sections: Sequence[Section], who: str) -> Iterator[Section]:
    """Find out whether the file is cumulative or differential, which it does not say: all structures or none."""
    sound = [section for section in sections if section.volume.size > 2]
    looks = [_looks_cumulative(section) for section in sound]
    if any(look is None for look in looks) or len(set(looks)) > 1:
        odd = next(s for s, look in zip(sound, looks, strict=True) if look is not True)
        found = "volumes that rise and fall as neither of the two does"
        if len(set(looks)) > 1 and None not in looks:
            found = "structures of both kinds"
        raise InputError(
            Fault(
                f"{who} line {odd.line}, {odd.structure}",
                "a file of cumulative or of differential tables",
                found,
                "Export it again: the file does not say which it is.",
                "dvh-kind",
            )
        )
    cumulative = not looks or bool(looks[0])
    if cumulative and sections[0].volume_unit == "cc" and not any(_has_shoulder(section) for section in sound):
        expected = "a structure whose volume stays whole from the first row to the second"
        found = "none: a differential table of far organs would look the same"
        action = "Export it with a target or a lung, or in percent of volume."
        raise InputError(Fault(f"{who} line {sections[0].line}", expected, found, action, "dvh-kind"))
    what = "cumulative: volumes do not rise" if cumulative else "differential: volumes rise and fall"
    for section in sections:
        kind = "cumulative" if cumulative else "per_bin"
        yield replace(section, kind=kind, notes=(f"the file does not say its kind; read as {what}",))  # type: ignore[arg-type]


def _has_shoulder(section: Section) -> bool:
    return bool(section.volume[1] >= SHOULDER * section.volume[0])


def _looks_cumulative(section: Section) -> bool | None:
    steps = np.diff(section.volume)
    steps = steps[steps != 0]
    rising = float((steps > 0).mean()) if steps.size else 0.0
    whole = abs(section.volume[0] - 100.0) < 0.1 if section.volume_unit == "%" else True
    if section.volume_unit == "%":
        # In percent the sum tells: that of all bins is 100.
        return True if whole else False if abs(float(section.volume.sum()) - 100.0) <= 1.0 else None
    if rising <= 1 - FALLING:
        return True  # one damaged row, which is then named
    return False if rising >= RISING else None
