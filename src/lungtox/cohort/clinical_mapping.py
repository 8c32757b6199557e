"""A hospital's clinical table in the contract's form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from lungtox.cohort.clinical import NAME
from lungtox.cohort.columns import CLINICAL_COLUMNS, CLINICAL_RANGES
from lungtox.cohort.config import EndpointSettings
from lungtox.cohort.key_file import PatientKey
from lungtox.cohort.mapping import MappedTable, start_mapping
from lungtox.cohort.number_texts import number_text
from lungtox.cohort.rows import RawTable
from lungtox.cohort.sheets import Sheet
from lungtox.cohort.table_config import ClinicalTableSettings, GradeTableSettings
from lungtox.errors import Fault

PLACE = "tables.clinical"
UNITS = {
    "age_y": {"years": 1.0, "months": 1.0 / 12.0},
    "fev1_pct": {"%": 1.0, "fraction": 100.0},
}
LITRES = frozenset({"l", "litre", "litres", "liter"})
LITRE_HEADER = re.compile(r"[\[(/,\s](l|litres?|liter)[\])]?$", re.IGNORECASE)


def map_clinical(
    sheet: Sheet, settings: ClinicalTableSettings, *, endpoint: EndpointSettings, key: PatientKey | None
) -> tuple[RawTable, list[str]]:
    """Bring a clinical table to the contract's form.

    Parameters
    ----------
    sheet : Sheet
    settings : ClinicalTableSettings
        Section `tables.clinical`.
    endpoint : EndpointSettings
        Its scale is that of the grades which come out.
    key : PatientKey or None
        Translates patient IDs to study IDs.

    Returns
    -------
    table : RawTable
        Only the columns that the mapping names, with the faults found so far.
    remarks : list of str
        What was converted or found, for the report.
    """
    columns = dict(settings.columns)
    mapped = start_mapping(sheet, NAME, columns=columns, settings=settings, place=PLACE)
    if "patient" in mapped.columns:
        mapped.add_study_ids(key)
    known = {column.name: column for column in CLINICAL_COLUMNS}
    remarks = []
    for name, spec in mapped.columns.items():
        column = known.get(name)
        if name == "patient":
            continue
        if name == "rp_grade":
            remarks += _add_grades(mapped, settings, endpoint)
        elif name in UNITS and spec.codes is None:
            _add_measure(mapped, name)
        elif name in CLINICAL_RANGES:
            mapped.add(name, "number")
        elif column is not None:
            mapped.add(name, "date" if column.kind == "date" else "code", levels=column.levels)
        else:
            mapped.add(name, "auto")
    _count_days(mapped)
    if mapped.commas:
        remarks.append(f"{NAME}: decimal comma found in {', '.join(mapped.commas)}.")
    remarks += [f"{NAME}, {text}." for text in mapped.thousands]
    return mapped.table, remarks


def _add_measure(mapped: MappedTable, name: str) -> None:
    """Write a number whose unit may be another one; FEV1 in litres needs the predicted value."""
    spec = mapped.columns[name]
    where = f"config: {PLACE}.columns.{name}"
    unit = (spec.unit or "").strip()
    values = mapped.numbers(name, mapped.cells(name))
    faults = mapped.table.faults
    if name == "fev1_pct" and (unit.lower() in LITRES or (not unit and LITRE_HEADER.search(spec.column))):
        if spec.predicted is None:
            action = "Litres do not become % of predicted without it: name its column with `predicted`, or the unit."
            faults.append(Fault(where, "the predicted FEV1", f"litres ({spec.column!r})", action, "clinical-unit"))
            values = [None] * len(values)
        else:
            values = _share(values, mapped.predicted(name))
    elif unit and unit not in UNITS[name]:
        found = f"the unit {unit!r}"
        expected = " or ".join([*UNITS[name], *(["l"] if name == "fev1_pct" else [])])
        faults.append(Fault(where, expected, found, "Correct `unit`, or convert the column.", "clinical-unit"))
    elif unit:
        values = [None if value is None else value * UNITS[name][unit] for value in values]
    # Twelve digits: a product of decimal numbers picks up noise in the last ones.
    mapped.put(name, ["" if value is None else number_text(float(f"{value:.12g}")) for value in values])


def _share(values: Sequence[float | None], predicted: Sequence[float | None]) -> list[float | None]:
    return [
        None if value is None or whole is None or whole <= 0 else 100.0 * value / whole
        for value, whole in zip(values, predicted, strict=True)
    ]


def _add_grades(mapped: MappedTable, settings: ClinicalTableSettings, endpoint: EndpointSettings) -> list[str]:
    """Write rp_grade; grades of another scale only by the declared conversion."""
    fault, convert = grade_conversion(settings, endpoint, foreign={settings.scale or endpoint.scale}, place=PLACE)
    if fault is not None:
        mapped.table.faults.append(fault)
    if not convert:
        mapped.add("rp_grade", "number")
        return []
    spec = mapped.columns["rp_grade"]
    if spec.codes is None:
        spec = spec.model_copy(update={"codes": {code: str(grade) for code, grade in convert.items()}})
    else:
        spec = spec.model_copy(update={"codes": {code: str(convert.get(own, own)) for code, own in spec.codes.items()}})
    mapped.columns = {**mapped.columns, "rp_grade": spec}
    mapped.add("rp_grade", "number")
    return [conversion_remark(NAME, settings.scale, endpoint, convert)]


def grade_conversion(
    settings: ClinicalTableSettings | GradeTableSettings, endpoint: EndpointSettings, *, foreign: set[str], place: str
) -> tuple[Fault | None, dict[str, int]]:
    """Give the conversion that grades need, or the fault that none or too much is declared.

    Parameters
    ----------
    settings : ClinicalTableSettings or GradeTableSettings
    endpoint : EndpointSettings
    foreign : set of str
        Scales that occur.
    place : str
        Where the table stands in the config.
    """
    others = sorted(foreign - {endpoint.scale})
    where = f"config: {place}.convert"
    if others and settings.convert is None:
        expected = f"grades on {endpoint.scale}, the scale of the endpoint"
        action = "They are different endpoints. Declare `convert` (their grade: ours), or set endpoint.scale."
        return Fault(where, expected, f"grades on {', '.join(others)}", action, "grade-scale"), {}
    if len(others) > 1:
        action = "Convert the rows in the table; one conversion holds for one scale."
        return Fault(where, "one other scale", ", ".join(others), action, "grade-scale"), {}
    if settings.convert is not None and not others:
        action = "Declare `scale`, or take `convert` out."
        return Fault(where, "another scale", f"grades on {endpoint.scale} already", action, "grade-scale"), {}
    return None, dict(settings.convert or {})


def conversion_remark(name: str, scale: str | None, endpoint: EndpointSettings, convert: dict[str, int]) -> str:
    """Say in a sentence which grades were converted how."""
    pairs = ", ".join(f"{theirs} to {ours}" for theirs, ours in convert.items())
    return f"{name}: grades on {scale} were converted to {endpoint.scale} as declared ({pairs})."


def _count_days(mapped: MappedTable) -> None:
    """Turn dates of further columns into days since the first or last day of RT."""
    known = {column.name for column in CLINICAL_COLUMNS} | {"patient", "rp_grade"}
    for name, spec in mapped.columns.items():
        if spec.days_from is None:
            continue
        if name in known:
            where = f"config: {PLACE}.columns.{name}.days_from"
            action = "Take `days_from` out, or give the column a name of its own."
            mapped.table.faults.append(Fault(where, "a further column", f"{name} itself", action, "config-value"))
            continue
        start = f"{spec.days_from}_date"
        if start not in mapped.columns:
            where = f"config: {PLACE}.columns.{name}.days_from"
            mapped.table.faults.append(
                Fault(where, f"a column {start}", "none", "Name its column in the mapping.", "config-value")
            )
            continue
        for row, cells in enumerate(mapped.table.cells):
            texts = (cells[name], cells[start])
            if all(texts) and not {(row, name), (row, start)} & mapped.table.refused:
                later, earlier = (date.fromisoformat(text) for text in texts)
                cells[name] = str((later - earlier).days)
