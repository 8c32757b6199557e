"""Philips Pinnacle: a folder of curves with tables that say what they are. docs/dvh-text-formats.md."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from lungtox.dose.dvhtext.grid import LONGEST_HEADER
from lungtox.dose.dvhtext.rows import Rows, parse_rows
from lungtox.dose.dvhtext.section import PrintedFigure, Section
from lungtox.dose.dvhtext.source import DoseUnit, dose_unit, parse_number, read_lines, volume_unit
from lungtox.errors import Fault, InputError

SYSTEM = "Pinnacle"
STRUCTURES, DOSES = "Data/Info.csv", "DoseInfo.csv"
_COUNT = re.compile(r"\s*Number\s*Of\s*Points\s*=\s*(\d{1,7})\s*;\s*", re.IGNORECASE)
_DIMENSIONS = re.compile(r"\s*Number\s*Of\s*Dimensions\s*=\s*(\d{1,7})\s*;\s*", re.IGNORECASE)
_OPEN = re.compile(r"\s*Points\s*\[?\s*\]?\s*=\s*\{\s*", re.IGNORECASE)
_CLOSE = re.compile(r"\s*\}\s*;\s*")
_COLUMN = re.compile(r"\s*([A-Za-z]+)\W*(c?Gy|cc|ccm|cm3|cm\^3|cm³|%)?\W*\s*", re.IGNORECASE)
_FILE = re.compile(r"[^/\\]{1,200}")

Table = tuple[list[tuple[str, str]], list[list[str]]]
"""Name and unit of each column, and the cells."""


def recognises(lines: Sequence[str]) -> bool:
    """Say whether these are the lines of a Pinnacle curve."""
    head = lines[:200]
    return any(_DIMENSIONS.fullmatch(line) for line in head) and any(_OPEN.fullmatch(line) for line in head)


def is_folder(path: Path) -> bool:
    """Say whether a folder is a Pinnacle export."""
    return path.is_dir() and (path / STRUCTURES).is_file()


def read(lines: Sequence[str], *, who: str) -> Iterator[Section]:
    """Refuse a curve without the tables of its folder: it holds neither name nor units."""
    expected = f"the folder of the export, with {STRUCTURES} and {DOSES}"
    action = "Give the folder: one curve has neither the structure's name nor its units."
    raise InputError(Fault(who, expected, "one curve of it", action, "dvh-units"))
    yield


def read_folder(folder: Path, *, who: str) -> Iterator[Section]:
    """Give the sections of a Pinnacle export, in the order of its table of structures."""
    columns, cells = _table(folder / STRUCTURES, f"{who} {STRUCTURES}")
    unit, prescription_gy, fractions = _doses(folder, who)
    for position, row in enumerate(cells, start=1):
        values = {name: (own, cell) for (name, own), cell in zip(columns, row, strict=True)}
        name = values.get("regionofinterestname", ("", ""))[1] or f"structure {position}"
        place = f"{who} {STRUCTURES} line {position + 1}"
        try:
            file = values.get("filename", ("", ""))[1]
            if not _FILE.fullmatch(file) or file.strip(".") == "":
                raise InputError(Fault(place, "the file name of a curve", "none", "Export it again.", "dvh-table"))
            where = f"{who} curve {position}"
            lines = read_lines(folder / "Data" / f"{file}.csv", who=where)
            rows = _curve(lines, where)
            yield _filled(name, position, rows, values, unit, prescription_gy, fractions)
        except InputError as error:
            yield Section(structure=name, position=position, line=1, faults=error.faults)


def _table(path: Path, who: str) -> Table:
    rows = [row for row in csv.reader(read_lines(path, who=who)) if any(cell.strip() for cell in row)]
    header = [_COLUMN.fullmatch(cell) if len(cell) <= LONGEST_HEADER else None for cell in rows[0]]
    columns = [(match[1].lower(), match[2] or "") if match else ("", "") for match in header]
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(columns):
            found = f"{len(row)}"
            raise InputError(Fault(f"{who} line {number}", f"{len(columns)} cells", found, "Export again.", "dvh-row"))
    return columns, [[cell.strip() for cell in row] for row in rows[1:]]


def _doses(folder: Path, who: str) -> tuple[DoseUnit, float | None, int | None]:
    """Give unit, prescribed dose and fractions; the unit stands beside the prescription only."""
    place = f"{who} {DOSES}"
    columns, cells = _table(folder / DOSES, place)
    units: set[DoseUnit] = {found for _, text in columns if (found := dose_unit(text)) in ("Gy", "cGy")}
    if len(units) != 1 or not cells:
        seen = ", ".join(sorted(units)) or "none"
        raise InputError(Fault(place, "one unit of dose, Gy or cGy", seen, "Export it again.", "dvh-units"))
    (unit,) = units
    row = {name: cell for (name, _), cell in zip(columns, cells[0], strict=True)}
    count = row.get("numberoffractions", "")
    fractions = int(count) if count.isdecimal() and len(count) < 4 and len(cells) == 1 else None
    per_fraction = parse_number(row.get("prescriptiondose", ""))
    total = None if fractions is None or per_fraction is None else fractions * per_fraction[0]
    return unit, None if total is None else total / (100.0 if unit == "cGy" else 1.0), fractions


def _curve(lines: Sequence[str], who: str) -> Rows:
    dimensions = next((int(m[1]) for line in lines if (m := _DIMENSIONS.fullmatch(line))), None)
    count = next((int(m[1]) for line in lines if (m := _COUNT.fullmatch(line))), None)
    start = next((n for n, line in enumerate(lines) if _OPEN.fullmatch(line)), None)
    stop = next((n for n, line in enumerate(lines) if start is not None and n > start and _CLOSE.fullmatch(line)), None)
    if dimensions != 2 or count is None or start is None or stop is None:
        expected = "NumberOfDimensions = 2, NumberOfPoints and Points between braces"
        raise InputError(
            Fault(who, expected, "another layout, or a file that is cut off", "Export again.", "dvh-table")
        )
    bare = [line.rstrip().removesuffix(",") for line in lines[:stop]]
    rows = parse_rows(bare, range(start + 1, stop), columns=2, who=who, separator=",")
    if len(rows.numbers) != count:
        found = f"{len(rows.numbers)}: the file is cut off or damaged"
        raise InputError(Fault(who, f"{count} points", found, "Export it again.", "dvh-table"))
    return rows


def _filled(
    name: str, position: int, rows: Rows, values: dict[str, tuple[str, str]], unit: DoseUnit,
    prescription_gy: float | None, fractions: int | None,
) -> Section:  # fmt: skip
    printed = []
    for key, figure in (("volume", "volume"), ("dosemin", "min"), ("dosemax", "max"), ("dosemean", "mean")):
        own, text = values.get(key, ("", ""))
        number = parse_number(text)
        if number is None or (figure == "volume" and volume_unit(own) != "cc"):
            continue
        units = 100.0 if figure != "volume" and (dose_unit(own) or unit) == "cGy" else 1.0
        printed.append(PrintedFigure(figure=figure, value=number[0] / units, rounding=number[1] / units))
    volume = rows.values[:, 1]
    known = next((item.value for item in printed if item.figure == "volume"), None)
    total = float(volume.max(initial=0.0))
    # The unit of volume is not in the file: percent where the curve begins at 100 and the structure has other cc.
    percent = abs(total - 100.0) < 0.1 and (known is None or abs(known - 100.0) > 1.0)
    faults: tuple[Fault, ...] = ()
    if not percent and known is None:
        expected = f"the volume of {name} in {STRUCTURES}, to tell cc from percent"
        faults = (Fault(f"curve {position}", expected, "none", "Export it again.", "dvh-units"),)
    return Section(
        structure=name,
        position=position,
        line=rows.numbers[0] if rows.numbers else 1,
        dose=rows.values[:, 0],
        volume=volume,
        rows=rows.numbers,
        dose_unit=unit,
        volume_unit="%" if percent else "cc",
        kind="cumulative",
        prescription_gy=prescription_gy,
        structure_cc=known,
        fractions=fractions,
        printed=tuple(printed),
        faults=faults,
        row_word=f"curve {position} line",
    )
