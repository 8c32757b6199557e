"""Varian Eclipse: a header, then for each structure its figures and a table. docs/dvh-text-formats.md."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from lungtox.dose.dvhtext.printed import printed_metric
from lungtox.dose.dvhtext.rows import EXPORT_AGAIN, Rows, parse_rows
from lungtox.dose.dvhtext.section import EMPTY, Kind, PrintedFigure, Section
from lungtox.dose.dvhtext.source import DoseUnit, VolumeUnit, dose_unit, parse_number, per_gy, split_entry, volume_unit
from lungtox.errors import Fault, InputError

SYSTEM = "Eclipse"
_TYPE = re.compile(r"Type\s*:\s*(Cumulative|Differential)\b", re.IGNORECASE)
_STRUCTURE = re.compile(r"Structure\s*:\s*(.*)")
_PLAN = re.compile(r"Plan(\s+sum)?\s*:\s*(.*)", re.IGNORECASE)
_HEADING = re.compile(r"\s*(relative )?dose \[", re.IGNORECASE)
_COLUMN = re.compile(
    r"\s*(Relative dose|Dose|Structure Volume|Ratio of Total Structure Volume|dVolume / dDose)\s*\[([^\]]*)\]",
    re.IGNORECASE,
)
_FIGURES = {
    "volume": "volume", "min dose": "min", "max dose": "max", "mean dose": "mean", "median dose": "median",
}  # fmt: skip
MOST_PLANS = 100
SAME_DOSE = 2e-3  # relative; both columns are rounded
_NOTHING = frozenset({"", "n/a", "not defined", "nan", "-"})

Entry = tuple[str, str, int]
"""Unit, text and line of one ``key [unit]: text``."""


@dataclass(frozen=True)
class _Plan:
    """One plan of the header; its name only tells plans apart and leaves this module nowhere."""

    name: str = field(repr=False)
    is_sum: bool
    entries: dict[str, Entry]


@dataclass(frozen=True)
class _Columns:
    kind: Kind
    dose: int
    relative: int | None
    volume: int
    count: int
    dose_unit: DoseUnit
    volume_unit: VolumeUnit
    per_unit: DoseUnit


def recognises(lines: Sequence[str]) -> bool:
    """Say whether these are the lines of an Eclipse export."""
    head = lines[:60]
    return any(_TYPE.match(line) for line in head) and any(_STRUCTURE.match(line) for line in lines)


def read(lines: Sequence[str], *, who: str) -> Iterator[Section]:
    """Give the sections of an Eclipse export, in the order of the file."""
    starts = [index for index, line in enumerate(lines) if line.startswith("Structure") and _STRUCTURE.match(line)]
    header = lines[: starts[0]]
    kinds = [match[1].lower() for line in header if (match := _TYPE.match(line))]
    if len(set(kinds)) != 1:
        found = "none" if not kinds else "both"
        action = "Export the file again."
        raise InputError(Fault(who, "a line 'Type: Cumulative' or 'Differential'", found, action, "dvh-kind"))
    (kind,) = set(kinds)
    plans = _plans(header, who)
    for position, (start, stop) in enumerate(zip(starts, [*starts[1:], len(lines)], strict=True), start=1):
        yield _section(lines, start, stop, position=position, kind=kind, plans=plans, who=who)


def _plans(header: Sequence[str], who: str) -> list[_Plan]:
    plans: list[_Plan] = []
    if sum(_PLAN.match(line) is not None for line in header) > MOST_PLANS:
        raise InputError(Fault(who, f"at most {MOST_PLANS} plans", "more", "Export fewer plans.", "dvh-size"))
    for index, line in enumerate(header):
        if match := _PLAN.match(line):
            plans.append(_Plan(match[2].strip(), bool(match[1]), {}))
        elif plans and (entry := _entry(line, index)):
            plans[-1].entries.setdefault(*entry)
    return plans


def _entry(line: str, index: int) -> tuple[str, Entry] | None:
    parts = split_entry(line)
    return None if parts is None else (parts[0].lower(), (parts[1], parts[2], index + 1))


def _section(
    lines: Sequence[str], start: int, stop: int, *, position: int, kind: str, plans: Sequence[_Plan], who: str
) -> Section:
    match = _STRUCTURE.match(lines[start])
    name = match[1].strip() if match else ""
    place = f"{who} line {start + 1}, {name}"
    heading = next((index for index in range(start + 1, stop) if _HEADING.match(lines[index])), None)
    found = (_entry(lines[index], index) for index in range(start + 1, heading or stop))
    entries: dict[str, Entry] = {}
    for entry in found:
        if entry is not None:
            entries.setdefault(*entry)
    number, plan = _plan_of(entries, plans)
    empty = Section(structure=name, position=position, line=start + 1, plan=number if len(plans) > 1 else 0)
    try:
        if heading is None:
            volume = parse_number(entries.get("volume", ("", "", 0))[1])
            code = EMPTY if volume is not None and volume[0] == 0 else "dvh-table"
            raise InputError(Fault(place, "the heading of a table (Dose [Gy] ...)", "none", "Export it again.", code))
        columns = _columns(lines[heading], kind, f"{who} line {heading + 1}, {name}")
        rows = parse_rows(lines, range(heading + 1, stop), columns=columns.count, who=who)
        return _filled(empty, columns, rows, entries, plan, who)
    except InputError as error:
        return Section(structure=name, position=position, line=start + 1, plan=empty.plan, faults=error.faults)


def _plan_of(entries: dict[str, Entry], plans: Sequence[_Plan]) -> tuple[int, _Plan | None]:
    if len(plans) == 1:
        return 1, plans[0]
    own, course = (entries.get(key, ("", "", 0))[1] for key in ("plan", "course"))
    named = [(number, plan) for number, plan in enumerate(plans, start=1) if plan.name == own]
    exact = [item for item in named if item[1].entries.get("course", ("", "", 0))[1] in ("", course)]
    found = exact or named
    return found[0] if found else (0, None)


def _columns(heading: str, kind: str, place: str) -> _Columns:
    columns, end = [], 0
    while match := _COLUMN.match(heading, end):
        columns.append((match[1].lower(), match[2].strip()))
        end = match.end()
    names = [name for name, _ in columns]
    wanted = "dvolume / ddose" if kind == "differential" else "structure volume"
    volume = next((n for n, name in enumerate(names) if name.endswith(wanted)), None)
    dose = next((n for n, name in enumerate(names) if name == "dose"), None)
    dose = dose if dose is not None else next((n for n, name in enumerate(names) if name == "relative dose"), None)
    known = not heading[end:].strip() and dose is not None and volume is not None and len(set(names)) == len(names)
    if not known or dose is None or volume is None:
        expected = f"the columns dose and {wanted} with units, known ones only"
        raise InputError(Fault(place, expected, f"{len(columns)} known columns", "Export the file again.", "dvh-table"))
    volume_text, _, per_text = columns[volume][1].partition("/")
    dose_is, volume_is, per = dose_unit(columns[dose][1]), volume_unit(volume_text), dose_unit(per_text)
    if dose_is is None or volume_is is None or (kind == "differential" and per is None):
        found = f"[{columns[dose][1]}] and [{columns[volume][1]}]"
        action = "Export dose in Gy, cGy or % and volume in cc or %."
        raise InputError(Fault(place, "units that are known", found, action, "dvh-units"))
    return _Columns(
        kind="per_dose" if kind == "differential" else "cumulative",
        dose=dose,
        relative=next((n for n, name in enumerate(names) if name == "relative dose" and n != dose), None),
        volume=volume,
        count=len(columns),
        dose_unit=dose_is,
        volume_unit=volume_is,
        per_unit=per or "Gy",
    )


def _filled(
    empty: Section, columns: _Columns, rows: Rows, entries: dict[str, Entry], plan: _Plan | None, who: str
) -> Section:
    full_gy, prescription_gy, faults = _prescription(plan, rows.comma, who)
    printed, more = _printed(entries, rows.comma, full_gy, who)
    uneven, notes = _beside(rows, columns, full_gy, f"{who} line", empty.structure)
    cover = parse_number(entries.get("dose cover.", ("", "", 0))[1], comma=rows.comma)
    volume = next((item for item in printed if item.figure == "volume"), None)
    return Section(
        structure=empty.structure,
        position=empty.position,
        line=empty.line,
        plan=empty.plan,
        dose=rows.values[:, columns.dose],
        volume=rows.values[:, columns.volume],
        rows=rows.numbers,
        dose_unit=columns.dose_unit,
        volume_unit=columns.volume_unit,
        kind=columns.kind,
        per_unit=columns.per_unit,
        full_dose_gy=full_gy,
        prescription_gy=prescription_gy,
        structure_cc=volume.value if volume else None,
        coverage_pct=cover[0] if cover else 100.0,
        printed=printed,
        plan_sum=plan is not None and plan.is_sum,
        notes=notes,
        faults=(*faults, *more, *uneven),
    )


def _beside(
    rows: Rows, columns: _Columns, full_gy: float | None, place: str, name: str
) -> tuple[list[Fault], tuple[str, ...]]:
    """Compare the two columns of dose where a table has both: rows that do not follow, and what 100 % means."""
    if columns.relative is None:
        return [], ()
    dose, pct = rows.values[:, columns.dose], rows.values[:, columns.relative]
    both = (dose > 0) & (pct > 0)
    if both.sum() < 3:
        return [], ()
    per_pct = float(np.median(dose[both] / pct[both]))
    allowed = SAME_DOSE * np.abs(dose) + 0.5 * float(np.median(np.abs(np.diff(dose))))
    faults = [
        Fault(
            f"{place} {rows.numbers[n]}, {name}",
            "dose and relative dose that go together as in the other rows",
            f"{dose[n]:g} {columns.dose_unit} beside {pct[n]:g} %",
            EXPORT_AGAIN,
            "dvh-row",
        )
        for n in np.flatnonzero(np.abs(dose - pct * per_pct) > allowed).tolist()
    ]
    units = per_gy(columns.dose_unit, full_gy)
    shown_gy = 100.0 * per_pct / units if units else None
    if full_gy is None or shown_gy is None or abs(shown_gy - full_gy) <= 5 * SAME_DOSE * full_gy:
        return faults, ()
    return faults, (f"100 % of dose is {full_gy:g} Gy by the prescription, the rows have {shown_gy:g} Gy",)


def _prescription(plan: _Plan | None, comma: bool | None, who: str) -> tuple[float | None, float | None, list[Fault]]:
    """Give the dose that counts as 100 %, and the prescribed dose, which stands for the percentage beside it."""
    if plan is None:
        return None, None, []
    unit, text, line = plan.entries.get("prescribed dose", plan.entries.get("total dose", ("", "", 0)))
    _, percent_text, percent_line = plan.entries.get("% for dose (%)", ("", "100", line))
    if text.lower() in _NOTHING or percent_text.lower() in _NOTHING:
        return None, None, []
    dose, percent, own = parse_number(text, comma=comma), parse_number(percent_text, comma=comma), dose_unit(unit)
    if dose is None or own is None or own == "%":
        return None, None, [_unread(who, line, "a prescribed dose in Gy or cGy")]
    if percent is None or not percent[0] > 0:
        return None, None, [_unread(who, percent_line, "the percentage of the prescribed dose")]
    prescription_gy = dose[0] / (100.0 if own == "cGy" else 1.0)
    return 100.0 * prescription_gy / percent[0], prescription_gy, []


def _printed(
    entries: dict[str, Entry], comma: bool | None, full_gy: float | None, who: str
) -> tuple[tuple[PrintedFigure, ...], list[Fault]]:
    printed, faults = [], []
    for key, (unit, text, line) in entries.items():
        if text.lower() in _NOTHING:
            continue
        figure = _FIGURES.get(key)
        if figure is None:
            item = printed_metric(key, unit, text, comma=comma, full_dose_gy=full_gy, line=line)
            printed += [item] if item else []
            continue
        number = parse_number(text, comma=comma)
        own = dose_unit(unit)
        if number is None or (volume_unit(unit) != "cc" if figure == "volume" else own is None):
            faults.append(_unread(who, line, f"the {figure} as a number with its unit"))
            continue
        units = 1.0 if own is None else per_gy(own, full_gy)
        if units is not None:
            value, rounding = number[0] / units, number[1] / units
            printed.append(PrintedFigure(figure=figure, value=value, rounding=rounding, line=line))
    return tuple(printed), faults


def _unread(who: str, line: int, expected: str) -> Fault:
    found = "something else, or another decimal sign than the table has"
    return Fault(f"{who} line {line}", expected, found, "Export the file again.", "dvh-header")
