"""RaySearch RayStation: ``#Key:value`` lines, then rows of dose and volume for each ROI. docs/dvh-text-formats.md."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lungtox.dose.dvhtext.rows import Rows, parse_rows
from lungtox.dose.dvhtext.section import PrintedFigure, Section
from lungtox.dose.dvhtext.source import DoseUnit, dose_unit, parse_number, split_entry, volume_unit
from lungtox.errors import Fault, InputError

SYSTEM = "RayStation"
_FIRST = ("patientname", "patientid", "dosename", "roiname")
_FIGURES = {"roivolume": "volume", "mindose": "min", "maxdose": "max", "meandose": "mean", "averagedose": "mean"}
_WITH_UNIT = re.compile(r"(\S+)\s*([A-Za-z%^³]+\d?)?")

LONGEST_FIGURE = 60
_READ = frozenset({*_FIGURES, "roiname", "doseunit", "unit", "volumeunit", "roivolumefractionoutsidegrid", "rxdose"})

Entries = dict[str, tuple[str, int]]


def recognises(lines: Sequence[str]) -> bool:
    """Say whether these are the lines of a RayStation export."""
    first = next((line for line in lines if line.strip()), "")
    entry = _entry(first)
    return entry is not None and entry[0] in _FIRST and any(_is_roi(line) for line in lines)


def _entry(line: str) -> tuple[str, str] | None:
    """Give key, without spaces and capitals, and text of a line ``#Key:text``."""
    parts = split_entry(line[1:]) if line.startswith("#") else None
    return None if parts is None else (re.sub(r"\s", "", parts[0]).lower(), parts[2])


def _is_roi(line: str) -> bool:
    return (entry := _entry(line)) is not None and entry[0] == "roiname"


def read(lines: Sequence[str], *, who: str) -> Iterator[Section]:
    """Give the sections of a RayStation export, in the order of the file."""
    starts = [index for index, line in enumerate(lines) if _is_roi(line)]
    head = _entries(lines, range(starts[0]))
    # The line with the dose may stand before each ROI: only another text is another plan.
    doses: dict[str, int] = {}
    plans: list[int] = []
    for line in lines:
        entry = _entry(line)
        if entry is not None and entry[0] == "dosename":
            current = doses.setdefault(entry[1], len(doses) + 1)
        elif entry is not None and entry[0] == "roiname":
            plans.append(current if doses else 0)
    for position, (start, stop) in enumerate(zip(starts, [*starts[1:], len(lines)], strict=True), start=1):
        entries = {**head, **_entries(lines, range(start, stop))}
        plan = plans[position - 1] if len(doses) > 1 else 0
        name = entries["roiname"][0] or f"structure {position}"
        try:
            rows = parse_rows(
                lines, [n for n in range(start, stop) if not lines[n].startswith("#")], columns=2, who=who
            )
            yield _filled(name, position, start + 1, plan, rows, entries, who)
        except InputError as error:
            yield Section(structure=name, position=position, line=start + 1, plan=plan, faults=error.faults)


def _entries(lines: Sequence[str], span: range) -> Entries:
    found: Entries = {}
    for index in span:
        entry = _entry(lines[index])
        if entry is not None and entry[0] in _READ:
            found.setdefault(entry[0], (entry[1], index + 1))
    return found


def _filled(name: str, position: int, line: int, plan: int, rows: Rows, entries: Entries, who: str) -> Section:
    unit_text, unit_line = entries.get("doseunit", entries.get("unit", ("", line)))
    unit = dose_unit(unit_text)
    volume = volume_unit(entries.get("volumeunit", ("%", 0))[0])
    if unit is None or unit == "%" or volume is None:
        found = "none that is known"
        raise InputError(
            Fault(f"{who} line {unit_line}, {name}", "a unit of dose, Gy or cGy", found, "Export again.", "dvh-units")
        )
    printed = tuple(_printed(entries, unit, rows.comma))
    outside = parse_number(entries.get("roivolumefractionoutsidegrid", ("0", 0))[0].rstrip("% "), comma=None)
    known = next((item.value for item in printed if item.figure == "volume"), None)
    return Section(
        structure=name,
        position=position,
        line=line,
        plan=plan,
        dose=rows.values[:, 0],
        volume=rows.values[:, 1],
        rows=rows.numbers,
        dose_unit=unit,
        volume_unit=volume,
        kind="cumulative",
        prescription_gy=_prescription_gy(entries, rows.comma),
        structure_cc=known,
        coverage_pct=100.0 - outside[0] if outside else 100.0,
        printed=printed,
        any_order=True,
    )


def _printed(entries: Entries, unit: DoseUnit, comma: bool | None) -> Iterator[PrintedFigure]:
    for key, figure in _FIGURES.items():
        text, line = entries.get(key, ("", 0))
        match = _WITH_UNIT.fullmatch(text) if len(text) < LONGEST_FIGURE else None
        number = parse_number(match[1], comma=comma) if match else None
        if match is None or number is None:
            continue
        own = (volume_unit(match[2] or "cc") == "cc") if figure == "volume" else dose_unit(match[2] or unit)
        units = 100.0 if own == "cGy" else 1.0
        if own and own != "%":
            yield PrintedFigure(figure=figure, value=number[0] / units, rounding=number[1] / units, line=line)


def _prescription_gy(entries: Entries, comma: bool | None) -> float | None:
    match = re.match(r"(\S+)\s*(c?Gy)\b", entries.get("rxdose", ("", 0))[0][:LONGEST_FIGURE])
    number = parse_number(match[1], comma=comma) if match else None
    return None if match is None or number is None else number[0] / (100.0 if match[2] == "cGy" else 1.0)
