"""Plain tables: one row a ROI and one column a dose, one column a ROI, or long. docs/dvh-text-formats.md."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lungtox.dose.dvhtext.rows import Rows, parse_cells
from lungtox.dose.dvhtext.section import PrintedFigure, Section
from lungtox.dose.dvhtext.source import DoseUnit, VolumeUnit, dose_unit, parse_number, volume_unit
from lungtox.errors import Fault, InputError

SYSTEM = "table"
HEADER_LINES = 20
NAMES = frozenset({"roi", "roiname", "structure", "structurename", "organ", "name", "structureid"})
_UNIT = re.compile(r"(.*?)\s*[\[(]\s*([^\[\]()]*?)\s*[\])]\s*", re.DOTALL)
_DOSE_CELL = re.compile(r"V?\s*(\d+(?:[.,]\d+)?)\s*(c?Gy)?\s*(?:[\[(]\s*([^\[\]()]*?)\s*[\])])?", re.IGNORECASE)
_VOLUME_NOTE = re.compile(r"(.*?)\s*\(\s*(\d+(?:[.,]\d+)?)\s*(cc|ccm|cm3|cm\^3|cm³)\s*\)", re.IGNORECASE)
_SEPARATORS = ("\t", ";", ",")
_ROUNDED_PCT = 0.1
LEAST_DOSES = 3  # dose columns that make a table a wide one


@dataclass(frozen=True, eq=False)
class _Grid:
    header: list[str]
    line: int
    cells: list[list[str]]
    numbers: list[int]


def recognises(lines: Sequence[str]) -> bool:
    """Say whether some line near the top is the header of a table that is understood."""
    return _header(lines) is not None


def read(lines: Sequence[str], *, who: str, dose: DoseUnit | None = None) -> Iterator[Section]:
    """Give the sections of a table.

    Parameters
    ----------
    lines : sequence of str
    who : str
    dose : {"Gy", "cGy"}, optional
        Unit of doses that stand without one.
    """
    found = _header(lines)
    if found is None:
        raise InputError(Fault(who, "the header of a table", "none", "Name the columns.", "dvh-format"))
    index, separator, kind = found
    rows = [(number, row) for number, row in _csv(lines, index, separator) if any(cell.strip() for cell in row)]
    header = [cell.strip() for cell in rows[0][1]]
    while header and not header[-1]:
        header.pop()
    cells = [_cut([cell.strip() for cell in row], len(header)) for _, row in rows[1:]]
    grid = _Grid(header, rows[0][0], cells, [number for number, _ in rows[1:]])
    reader = {"rows": _row_sections, "columns": _column_sections, "long": _long_sections}[kind]
    yield from reader(grid, who, dose)


def _cut(row: list[str], width: int) -> list[str]:
    """Drop empty cells beyond the header: spreadsheets write them."""
    while len(row) > width and not row[-1]:
        row.pop()
    return row


def _csv(lines: Sequence[str], start: int, separator: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(lines[start:], delimiter=separator)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            row = [""]
        yield start + reader.line_num, row


def _header(lines: Sequence[str]) -> tuple[int, str, str] | None:
    for index, line in enumerate(lines[:HEADER_LINES]):
        for separator in _SEPARATORS:
            if separator in line:
                try:
                    cells = [cell.strip() for cell in next(csv.reader([line], delimiter=separator))]
                except csv.Error:
                    continue
                kind = _kind(cells)
                if kind is not None:
                    return index, separator, kind
    return None


def _kind(cells: Sequence[str]) -> str | None:
    words = [_word(cell) for cell in cells]
    doses = sum(_DOSE_CELL.fullmatch(cell) is not None for cell in cells)
    if doses >= LEAST_DOSES and NAMES & set(words):
        return "rows"
    if {"dose", "doserel"} & set(words) and any(word.startswith("volume") for word in words):
        return "long"
    if words[0] == "dose" and len(cells) > 1 and _split(cells[0])[1]:
        return "columns"
    return None


def _split(cell: str) -> tuple[str, str]:
    """Give name and unit of a header cell such as ``Volume [cc]``."""
    match = _UNIT.fullmatch(cell)
    return (match[1].strip(), match[2].strip()) if match else (cell.strip(), "")


def _word(cell: str) -> str:
    return re.sub(r"[\s_.-]", "", _split(cell)[0]).lower()


def _doses_unit(stated: set[str], given: DoseUnit | None, place: str) -> DoseUnit:
    units = {unit for text in stated if text and (unit := dose_unit(text)) is not None}
    if len(units) == 1:
        return units.pop()
    if units or given is None:
        found = " and ".join(sorted(units)) or "none"
        action = "Write it in the header, as in 'Dose [Gy]', or give --dose-unit."
        raise InputError(Fault(place, "one unit of dose, Gy or cGy", found, action, "dvh-units"))
    return given


def _row_sections(grid: _Grid, who: str, given: DoseUnit | None) -> Iterator[Section]:
    """One row a ROI: name, volume, then cumulative volume at each dose."""
    place = f"{who} line {grid.line}"
    words = [_word(cell) for cell in grid.header]
    matches = [_DOSE_CELL.fullmatch(cell) for cell in grid.header]
    columns = [n for n, match in enumerate(matches) if match is not None]
    unit = _doses_unit({match[2] or "" for match in matches if match}, given, place)
    doses = parse_cells([[match[1] for match in matches if match]], [grid.line], columns=len(columns), who=who).values[0]
    stated = {match[3].strip() for match in matches if match and match[3]}
    units = {volume_unit(text) for text in stated}
    if len(units) > 1 or None in units:
        raise InputError(Fault(place, "volumes all in % or all in cc", "others", "Export it again.", "dvh-units"))
    name_at = next(n for n, word in enumerate(words) if word in NAMES)
    volume_at = next((n for n, word in enumerate(words) if word.startswith("volume")), None)
    if volume_at is not None and volume_unit(_split(grid.header[volume_at])[1] or "cc") != "cc":
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
            yield Section(structure=name or f"structure {position}", position=position, line=number, faults=error.faults)
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


def _told(volumes: np.ndarray[tuple[int, ...], np.dtype[np.float64]], printed: tuple[PrintedFigure, ...], place: str) -> VolumeUnit:  # fmt: skip
    """Tell percent from cc by the first value, which is the whole volume: 100, or the printed one."""
    whole = float(volumes[0])
    percent = abs(whole - 100.0) <= _ROUNDED_PCT
    cc = bool(printed) and abs(whole - printed[0].value) <= printed[0].rounding + 1e-3 * printed[0].value
    if percent == cc:
        found = "both possible" if percent else "neither 100 % nor the structure's volume in the first column"
        action = "Write the unit in the headers, as in 'V5Gy[%]'."
        raise InputError(Fault(place, "volumes in % or in cc", found, action, "dvh-units"))
    return "%" if percent else "cc"


def _column_sections(grid: _Grid, who: str, given: DoseUnit | None) -> Iterator[Section]:
    """One column a ROI, under headers such as ``Heart [%]`` or ``Heart (437.5 cc)``; the first column is the dose."""
    unit = _doses_unit({_split(grid.header[0])[1]}, given, f"{who} line {grid.line}")
    try:
        table = parse_cells(grid.cells, grid.numbers, columns=len(grid.header), who=who)
        fault: tuple[Fault, ...] = ()
    except InputError as error:
        table, fault = None, error.faults
    for position, cell in enumerate(grid.header[1:], start=1):
        name, text = _split(cell)
        volume_is, printed = volume_unit(text), ()
        if (note := _VOLUME_NOTE.fullmatch(re.sub(r"\s*\[\s*%\s*\]\s*$", "", cell))) is not None:
            name, volume_is = note[1].strip(), "%"
            printed = _volume(note[2], None, grid.line, who)
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


def _long_sections(grid: _Grid, who: str, given: DoseUnit | None) -> Iterator[Section]:
    """Columns dose and volume, and one for the structure where there are several; others are not looked at."""
    words = [_word(cell) for cell in grid.header]
    name_at = next((n for n, word in enumerate(words) if word in NAMES), None)
    wanted = {
        role: next((n for n, word in enumerate(words) if word in spelt), None)
        for role, spelt in {
            "dose": ("dose",),
            "relative dose": ("doserel", "relativedose"),
            "volume": ("volume", "volumecc"),
            "relative volume": ("volumerel", "relativevolume"),
        }.items()
    }
    columns = [n for n in wanted.values() if n is not None]
    order = {n: place for place, n in enumerate(columns)}
    blocks: dict[str, list[int]] = {}
    for index, row in enumerate(grid.cells):
        key = row[name_at] if name_at is not None and len(row) > name_at else ""
        blocks.setdefault(key, []).append(index)
    for position, (name, indices) in enumerate(blocks.items(), start=1):
        numbers = [grid.numbers[n] for n in indices]
        shown = name or f"structure {position}"
        line = numbers[0]
        try:
            picked = [[row[n] if len(row) > n else "" for n in columns] for row in (grid.cells[k] for k in indices)]
            table = parse_cells(picked, numbers, columns=len(columns), who=who)
            yield _long_section(shown, position, table, grid, wanted, order, given, f"{who} line {grid.line}")
        except InputError as error:
            yield Section(structure=shown, position=position, line=line, faults=error.faults)


def _long_section(
    name: str, position: int, table: Rows, grid: _Grid, wanted: dict[str, int | None], order: dict[int, int],
    given: DoseUnit | None, place: str,
) -> Section:  # fmt: skip
    def column(role: str) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], str] | None:
        index = wanted[role]
        return None if index is None else (table.values[:, order[index]], _split(grid.header[index])[1])

    dose, relative_dose = column("dose"), column("relative dose")
    cc, percent = column("volume"), column("relative volume")
    notes: tuple[str, ...] = ()
    if dose is None:
        unit: DoseUnit = "%"
        doses = relative_dose[0] if relative_dose else np.zeros(0)
    else:
        doses = dose[0]
        inferred = _by_prescription(dose, relative_dose, given)
        unit = inferred or _doses_unit({dose[1]}, given, place)
        if inferred:
            notes = (f"doses stand without a unit; the relative dose beside them tells {inferred}",)
    volume_is: VolumeUnit = "%"
    if cc is not None:
        # A column named volume beside one named relative volume is in cc.
        volume_is = volume_unit(cc[1]) or ("cc" if percent is not None or not cc[1] else "%")
    volumes = cc[0] if cc is not None else percent[0] if percent is not None else np.zeros(0)
    faults = _volumes_disagree(name, cc, percent, table.numbers, place) if volume_is == "cc" else ()
    return Section(
        structure=name,
        position=position,
        line=table.numbers[0],
        dose=doses,
        volume=volumes,
        rows=table.numbers,
        dose_unit=unit,
        volume_unit=volume_is,
        notes=notes,
        faults=faults,
    )


def _by_prescription(
    dose: tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], str],
    relative: tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], str] | None,
    given: DoseUnit | None,
) -> DoseUnit | None:
    """Tell Gy from cGy by the dose of 100 %: no course is prescribed 200 Gy or more, and none 2 Gy or less in all."""
    if relative is None or given is not None or dose_unit(dose[1]) or not relative[0].max() > 0:
        return None
    full = 100.0 * float(dose[0][np.argmax(relative[0])]) / float(relative[0].max())
    return "Gy" if 2 < full < 200 else "cGy" if 200 < full < 20000 else None


def _volumes_disagree(
    name: str,
    cc: tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], str] | None,
    percent: tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], str] | None,
    numbers: Sequence[int],
    place: str,
) -> tuple[Fault, ...]:
    if cc is None or percent is None or cc[0][0] <= 0:
        return ()
    far = np.flatnonzero(np.abs(cc[0] / cc[0][0] - percent[0] / 100.0) > 2e-3)
    file = place.rpartition(" line ")[0]
    return tuple(
        Fault(
            f"{file} line {numbers[n]}, {name}",
            "the same share in cc and in percent",
            f"{cc[0][n]:g} of {cc[0][0]:g} cc and {percent[0][n]:g} %",
            "Export the file again.",
            "dvh-row",
        )
        for n in far
    )
