"""Wide tables: one row a ROI and one column a dose, or one column a ROI. docs/dvh-text-formats.md."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from lungtox.dose.dvhtext.grid import NAMES, Grid, dose_cell, doses_unit, header_word, split_unit
from lungtox.dose.dvhtext.rows import parse_cells
from lungtox.dose.dvhtext.section import FloatArray, PrintedFigure, Section
from lungtox.dose.dvhtext.source import DoseUnit, VolumeUnit, parse_number, volume_unit
from lungtox.errors import Fault, InputError

_VOLUME_NOTE = re.compile(r"(\d+(?:[.,]\d+)?)\s*(cc|ccm|cm3|cm\^3|cm³)", re.IGNORECASE)
_ROUNDED_PCT = 0.1


def row_sections(grid: Grid, who: str, given: DoseUnit | None) -> Iterator[Section]:
    """One row a ROI: name, volume, then cumulative volume at each dose."""
    place = f"{who} line {grid.line}"
    words = [header_word(cell) for cell in grid.header]
    matches = [dose_cell(cell) for cell in grid.header]
    columns = [n for n, match in enumerate(matches) if match is not None]
    unit = doses_unit({match[2] or "" for match in matches if match}, given, place)
    doses = parse_cells([[match[1] for match in matches if match]], [grid.line], columns=len(columns), who=who).values[
        0
    ]
    stated = {match[3].strip() for match in matches if match and match[3]}
    units = {volume_unit(text) for text in stated}
    if len(units) > 1 or None in units:
        raise InputError(Fault(place, "volumes all in % or all in cc", "others", "Export it again.", "dvh-units"))
    name_at = next(n for n, word in enumerate(words) if word in NAMES)
    volume_at = next((n for n, word in enumerate(words) if word.startswith("volume")), None)
    if volume_at is not None and volume_unit(split_unit(grid.header[volume_at])[1] or "cc") != "cc":
        raise InputError(Fault(place, "the volume in cc", "another unit", "Export it again.", "dvh-units"))
    for position, (row, number) in enumerate(zip(grid.cells, grid.numbers, strict=True), start=1):
        name = row[name_at] if len(row) > name_at else ""
        try:
            if len(row) != len(grid.header):
                expected = f"{len(grid.header)} cells"
                raise InputError(Fault(f"{who} line {number}", expected, f"{len(row)}", "Export again.", "dvh-row"))
            table = parse_cells([[row[n] for n in columns]], [number], columns=len(columns), who=who)
            printed = _volume(row[volume_at], table.comma, number, who) if volume_at is not None else ()
            volumes = table.values[0]
            volume_is = units.copy().pop() if units else _told(volumes, printed, f"{who} line {number}, {name}")
        except InputError as error:
            yield Section(
                structure=name or f"structure {position}", position=position, line=number, faults=error.faults
            )
            continue
        yield Section(
            structure=name or f"structure {position}",
            position=position,
            line=number,
            dose=doses,
            volume=volumes,
            rows=[number] * doses.size,
            dose_unit=unit,
            volume_unit=volume_is or "%",
            structure_cc=printed[0].value if printed else None,
            printed=printed,
        )


def _volume(text: str, comma: bool | None, line: int, who: str) -> tuple[PrintedFigure, ...]:
    if not text:
        return ()
    number = parse_number(text, comma=comma)
    if number is None:
        found = "something else, or another decimal sign"
        raise InputError(Fault(f"{who} line {line}", "the volume as a number", found, "Export again.", "dvh-row"))
    return (PrintedFigure(figure="volume", value=number[0], rounding=number[1], line=line),)


def _told(volumes: FloatArray, printed: tuple[PrintedFigure, ...], place: str) -> VolumeUnit:
    """Tell percent from cc by the first value, which is the whole volume: 100, or the printed one."""
    whole = float(volumes[0])
    percent = abs(whole - 100.0) <= _ROUNDED_PCT
    cc = bool(printed) and abs(whole - printed[0].value) <= printed[0].rounding + 1e-3 * printed[0].value
    if percent == cc:
        found = "both possible" if percent else "neither 100 % nor the structure's volume in the first column"
        action = "Write the unit in the headers, as in 'V5Gy[%]'."
        raise InputError(Fault(place, "volumes in % or in cc", found, action, "dvh-units"))
    return "%" if percent else "cc"


def column_sections(grid: Grid, who: str, given: DoseUnit | None) -> Iterator[Section]:
    """One column a ROI, under headers such as ``Heart [%]`` or ``Heart (437.5 cc)``; the first column is the dose."""
    unit = doses_unit({split_unit(grid.header[0])[1]}, given, f"{who} line {grid.line}")
    try:
        table = parse_cells(grid.cells, grid.numbers, columns=len(grid.header), who=who)
        fault: tuple[Fault, ...] = ()
    except InputError as error:
        table, fault = None, error.faults
    for position, cell in enumerate(grid.header[1:], start=1):
        name, text = split_unit(cell)
        volume_is = volume_unit(text)
        printed: tuple[PrintedFigure, ...] = ()
        bare, inner = split_unit(name) if volume_is == "%" else (name, text)
        if (note := _VOLUME_NOTE.fullmatch(inner)) is not None:
            name, volume_is = bare, "%"
            printed = _volume(note[1], None, grid.line, who)
        faults = fault
        if volume_is is None:
            found = "none that is known"
            expected = f"a unit of volume for {name}: [%], [cc] or its volume such as (437.5 cc)"
            faults = (Fault(f"{who} line {grid.line}", expected, found, "Write it in the header.", "dvh-units"),)
        yield Section(
            structure=name or f"structure {position}",
            position=position,
            line=grid.line,
            dose=table.values[:, 0] if table else np.zeros(0),
            volume=table.values[:, position] if table else np.zeros(0),
            rows=grid.numbers,
            dose_unit=unit,
            volume_unit=volume_is or "%",
            structure_cc=printed[0].value if printed else None,
            printed=printed,
            faults=faults,
        )
