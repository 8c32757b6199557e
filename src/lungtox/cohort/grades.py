"""Tables of visits: patient, date and grade of each; from them grade and date of RP, by the endpoint's window."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from lungtox.cohort.clinical_mapping import conversion_remark, grade_conversion
from lungtox.cohort.config import EndpointSettings
from lungtox.cohort.endpoint import add_months
from lungtox.cohort.key_file import PatientKey
from lungtox.cohort.mapping import MappedTable, start_mapping
from lungtox.cohort.rows import RawTable
from lungtox.cohort.sheets import Sheet
from lungtox.cohort.table_config import SCALES, ColumnSettings, GradeTableSettings
from lungtox.errors import count_of

NAME = "grade table"
PLACE = "tables.grades"
CONTRACT = GradeTableSettings.model_validate({"columns": {name: name for name in ("patient", "date", "grade")}})


@dataclass(frozen=True)
class Visit:
    """What one visit found: the grade on the endpoint's scale."""

    day: date
    grade: int


@dataclass(frozen=True)
class GradeOutcome:
    """What the visits of one patient say of RP.

    Attributes
    ----------
    grade : int
        Highest grade from the first day of RT to the end of the window.
    began : date or None
        First visit with the endpoint's grade, or where that was not reached with the highest grade; None for grade 0.
    last_visit : date
    late : bool
        The endpoint's grade was reached after the window only.
    """

    grade: int
    began: date | None
    last_visit: date
    late: bool


def map_grades(
    sheet: Sheet, settings: GradeTableSettings | None, *, endpoint: EndpointSettings, key: PatientKey | None
) -> tuple[RawTable, list[str]]:
    """Bring a table of visits to the form patient, date, grade; grades of another scale only by a declared conversion.

    Parameters
    ----------
    sheet : Sheet
    settings : GradeTableSettings or None
        Section `tables.grades`; None: the columns are `patient`, `date` and `grade`.
    endpoint : EndpointSettings
    key : PatientKey or None

    Returns
    -------
    table : RawTable
        Rows without a grade are left out.
    remarks : list of str
    """
    declared = settings or CONTRACT
    columns: dict[str, ColumnSettings] = {str(name): spec for name, spec in declared.columns.items()}
    mapped = start_mapping(sheet, NAME, columns=columns, settings=declared, place=PLACE)
    remarks: list[str] = []
    if set(columns) <= set(mapped.columns):
        mapped.add_study_ids(key)
        mapped.add("date", "date")
        remarks += _add_grades(mapped, declared, endpoint)
        _check_rows(mapped.table)
    table = mapped.table
    ungraded = [row for row, cells in enumerate(table.cells) if not cells.get("grade")]
    if ungraded and not table.faults:
        remarks.append(f"{NAME}: {len(ungraded)} visits without a grade were left out.")
    return table, remarks


def _add_grades(mapped: MappedTable, settings: GradeTableSettings, endpoint: EndpointSettings) -> list[str]:
    own = settings.scale or endpoint.scale
    scales: list[str] = [own] * len(mapped.table.cells)
    if "scale" in mapped.columns:
        mapped.add("scale", "code", levels=SCALES)
        found = mapped.table.codes("scale", SCALES)
        scales = [scale or own for scale in found]
    fault, convert = grade_conversion(settings, endpoint, foreign=set(scales), place=PLACE)
    if fault is not None:
        mapped.table.faults.append(fault)
    mapped.add("grade", "number")
    for row, cells in enumerate(mapped.table.cells):
        text = cells["grade"]
        if text and convert and scales[row] != endpoint.scale and (row, "grade") not in mapped.table.refused:
            if text in convert:
                cells["grade"] = str(convert[text])
            else:
                expected = f"a grade that `convert` names ({', '.join(convert)})"
                action = f"Add it to {PLACE}.convert, or correct the cell."
                mapped.refuse([row], "grade", expected=expected, found=repr(text), action=action, code="grade-scale")
    other = next((scale for scale in scales if scale != endpoint.scale), None)
    return [conversion_remark(NAME, other, endpoint, convert)] if convert and fault is None else []


def _check_rows(table: RawTable) -> None:
    table.study_ids()
    table.numbers("grade", low=0, high=5, whole=True)
    for row, cells in enumerate(table.cells):
        for column in ("patient", "date"):
            if not cells[column] and cells["grade"]:
                action = "Fill it in, or remove the row."
                expected = "the day of the visit" if column == "date" else "a patient"
                table.note(row, column, expected=expected, found="an empty cell", action=action, code="table-key")


def visits_of(table: RawTable) -> dict[str, list[Visit]]:
    """Give the visits of each patient from a table without faults, in the order of time."""
    visits: dict[str, list[Visit]] = defaultdict(list)
    for cells in table.cells:
        if cells["grade"]:
            visits[cells["patient"]].append(Visit(date.fromisoformat(cells["date"]), int(float(cells["grade"]))))
    return {patient: sorted(found, key=lambda visit: (visit.day, visit.grade)) for patient, found in visits.items()}


def judge_visits(visits: Sequence[Visit], *, rt_start: date, rt_end: date, endpoint: EndpointSettings) -> GradeOutcome:
    """Judge the visits of one patient by the endpoint's window.

    Parameters
    ----------
    visits : sequence of Visit
        In the order of time.
    rt_start, rt_end : date
        First and last day of RT.
    endpoint : EndpointSettings
        Grade, window and the day on which it starts.

    Raises
    ------
    ValueError
        A grade above 0 before the first day of RT, or no visit from then to the end of the window: its text says which.
    """
    start = rt_start if endpoint.start == "rt_start" else rt_end
    window_end = add_months(start, endpoint.window_months)
    if any(visit.grade > 0 and visit.day < rt_start for visit in visits):
        raise ValueError("a grade above 0 before the first day of RT")
    within = [visit for visit in visits if rt_start <= visit.day <= window_end]
    if not within:
        raise ValueError("no visit from the first day of RT to the end of the window")
    highest = max(visit.grade for visit in within)
    needed = min(highest, endpoint.grade)
    began = next(visit.day for visit in within if visit.grade >= needed)
    late = highest < endpoint.grade and any(visit.grade >= endpoint.grade for visit in visits)
    return GradeOutcome(highest, began if highest else None, visits[-1].day, late)


def add_grades(clinical: RawTable, grades: RawTable, endpoint: EndpointSettings) -> list[str]:
    """Write rp_grade and rp_date, and where it lacks last_follow_up_date, into the clinical table.

    Parameters
    ----------
    clinical, grades : RawTable
        In the contract's form; the faults found are noted in ``clinical``.
    endpoint : EndpointSettings

    Returns
    -------
    list of str
        Remarks for the report.
    """
    if {"rp_grade", "rp_date"} & set(clinical.header):
        action = "Leave rp_grade and rp_date out of the clinical table or its mapping, or leave inputs.grades out."
        clinical.note(
            0, "rp_grade", expected="grades in one table", found="grades in both", action=action, code="grades-twice"
        )
        return []
    if grades.faults or not {"patient", "rt_start_date", "rt_end_date"} <= set(clinical.header):
        mark_ungraded(clinical)
        return []
    visits = visits_of(grades)
    follow_up = "last_follow_up_date" in clinical.header
    clinical.header = (*clinical.header, "rp_grade", "rp_date", *(() if follow_up else ("last_follow_up_date",)))
    late = 0
    for row, cells in enumerate(clinical.cells):
        outcome = _judge_row(clinical, row, visits.get(cells["patient"], []), endpoint)
        # A mark that keeps the cell from counting as empty too: what is wrong has been said.
        cells["rp_grade"] = "?" if outcome is None else str(outcome.grade)
        cells["rp_date"] = outcome.began.isoformat() if outcome and outcome.began else ""
        late += outcome is not None and outcome.late
        if outcome is None:
            clinical.refused |= {(row, "rp_grade"), (row, "last_follow_up_date")}
        if not follow_up:
            cells["last_follow_up_date"] = "?" if outcome is None else outcome.last_visit.isoformat()
        elif outcome is not None and cells["last_follow_up_date"]:
            _check_follow_up(clinical, row, outcome.last_visit)
    known = {cells["patient"] for cells in clinical.cells}
    strangers = sorted(set(visits) - known)
    remarks = []
    if strangers:
        whom = count_of(len(strangers), "patient")
        remarks.append(f"{NAME}: visits of {whom} without a row in the clinical table were not used.")
    if late:
        remarks.append(
            f"{NAME}: {count_of(late, 'patient')} reached grade {endpoint.grade} after the window only;"
            " it does not count."
        )
    return remarks


def mark_ungraded(clinical: RawTable) -> None:
    """Mark what a grade table with faults would have given, so that the clinical table is not asked for it as well."""
    given = ("rp_grade", "rp_date", "last_follow_up_date")
    clinical.header = (*clinical.header, *(name for name in given if name not in clinical.header))
    for row, cells in enumerate(clinical.cells):
        cells |= {"rp_grade": "?", "rp_date": "", "last_follow_up_date": cells.get("last_follow_up_date") or "?"}
        clinical.refused |= {(row, "rp_grade"), (row, "last_follow_up_date")}


def _judge_row(
    clinical: RawTable, row: int, visits: Sequence[Visit], endpoint: EndpointSettings
) -> GradeOutcome | None:
    cells = clinical.cells[row]
    try:
        rt_start, rt_end = (date.fromisoformat(cells[name]) for name in ("rt_start_date", "rt_end_date"))
    except ValueError:
        return None  # noted with the dates themselves
    try:
        return judge_visits(visits, rt_start=rt_start, rt_end=rt_end, endpoint=endpoint)
    except ValueError as error:
        expected = f"a visit with a grade in the {NAME} that tells of RP"
        action = "Add the visit (grade 0 where there was no RP), or correct dates and grades."
        clinical.note(row, "rp_grade", expected=expected, found=str(error), action=action, code="clinical-course")
        return None


def _check_follow_up(clinical: RawTable, row: int, last_visit: date) -> None:
    text = clinical.cells[row]["last_follow_up_date"]
    try:
        early = date.fromisoformat(text) < last_visit
    except ValueError:
        return  # noted with the date itself
    if early:
        expected = f"a last follow-up on or after the last visit in the {NAME}"
        found = f"{text}, with a visit on {last_visit}"
        action = "Correct it, or leave the column out: then the last visit counts."
        clinical.note(row, "last_follow_up_date", expected=expected, found=found, action=action, code="clinical-course")
