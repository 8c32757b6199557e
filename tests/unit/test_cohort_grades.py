"""Tables of visits: grade and date of RP by the endpoint's window. Expected values are set by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungtox.cohort import EndpointSettings, derive_endpoint
from lungtox.cohort.grades import Visit, judge_visits

from .table_files import COLUMNS, HEADER, ROWS, faults_of, read, write_text_table

START, END = date(2020, 1, 6), date(2020, 2, 14)
NO_RP = {name: spec for name, spec in COLUMNS.items() if name not in ("rp_grade", "rp_date")}
ENDPOINT = EndpointSettings()


def table_of(
    folder: Path, rows: list[list[str]], *, header: tuple[str, ...] = ("Pat", "Tag", "Grad"), **declared: Any
) -> Any:
    columns = {"patient": "Pat", "date": "Tag", "grade": "Grad", **({"scale": "Skala"} if "Skala" in header else {})}
    return read(
        write_text_table(folder / "clinical.csv", [HEADER, *ROWS]),
        columns=declared.pop("clinical", NO_RP),
        grades=write_text_table(folder / "grades.csv", [header, *rows]),
        endpoint=declared.pop("endpoint", None),
        tables={"grades": {"columns": columns, **declared}},
    )


VISITS = [
    ["LT001", "01.04.2020", "1"], ["LT001", "01.05.2020", "2"], ["LT001", "01.07.2020", "3"],
    ["LT001", "01.12.2020", "0"], ["LT002", "06.01.2020", "0"], ["LT002", "20.09.2020", "2"],
]  # fmt: skip


def test_the_highest_grade_in_the_window_and_when_the_endpoint_began(tmp_path: Path) -> None:
    found = table_of(tmp_path, VISITS)
    assert faults_of(found) == []
    frame = found.clinical_frame.set_index("patient")
    assert frame.loc["LT001", ["rp_grade", "rp_date"]].tolist() == [3, "2020-05-01"]
    assert frame.loc["LT002", "rp_grade"] == 0  # 14 February + 6 months is 14 August
    assert found.remarks[-1] == "grade table: 1 patient reached grade 2 after the window only; it does not count."
    outcome = derive_endpoint(found.clinical_frame, ENDPOINT).set_index("patient")
    assert outcome["rp_status"].tolist() == ["yes", "no"]


def test_the_last_visit_is_the_last_follow_up_where_the_table_has_none(tmp_path: Path) -> None:
    clinical = {name: spec for name, spec in NO_RP.items() if name != "last_follow_up_date"}
    found = table_of(tmp_path, VISITS, clinical=clinical)
    assert found.clinical_frame["last_follow_up_date"].tolist() == ["2020-12-01", "2020-09-20"]
    (fault,) = faults_of(table_of(tmp_path, [*VISITS, ["LT002", "01.04.2021", "0"]]))
    assert "expected a last follow-up on or after the last visit" in fault
    assert "found 2021-03-01, with a visit on 2021-04-01" in fault


def test_grades_of_another_scale_need_a_declared_conversion(tmp_path: Path) -> None:
    (fault,) = faults_of(table_of(tmp_path, VISITS, scale="RTOG"))
    assert (
        "config: tables.grades.convert: expected grades on CTCAE, the scale of the endpoint; found grades on RTOG"
        in fault
    )
    found = table_of(tmp_path, VISITS, scale="RTOG", convert={0: 0, 1: 1, 2: 3, 3: 4})
    assert faults_of(found) == []
    assert found.clinical_frame["rp_grade"].tolist() == [4, 0]
    assert any(
        "grades on RTOG were converted to CTCAE as declared (0 to 0, 1 to 1, 2 to 3" in one for one in found.remarks
    )
    (fault,) = faults_of(table_of(tmp_path, VISITS, scale="RTOG", convert={0: 0, 1: 1, 2: 2}))
    assert "line 4, column 'Grad' (grade)): expected a grade that `convert` names (0, 1, 2); found '3'" in fault
    assert faults_of(table_of(tmp_path, VISITS, scale="RTOG", endpoint={"scale": "RTOG"})) == []
    assert (
        "config: tables.grades.convert: expected another scale"
        in faults_of(table_of(tmp_path, VISITS, convert={0: 0}))[0]
    )


def test_only_rows_of_the_other_scale_are_converted(tmp_path: Path) -> None:
    header = ("Pat", "Tag", "Grad", "Skala")
    rows = [["LT001", "01.05.2020", "2", "CTCAE"], ["LT002", "01.05.2020", "2", "RTOG"]]
    found = table_of(tmp_path, rows, header=header, convert={2: 3})
    assert found.clinical_frame["rp_grade"].tolist() == [2, 3]


def test_a_scale_of_the_clinical_table(tmp_path: Path) -> None:
    path = write_text_table(tmp_path / "clinical.csv", [HEADER, *ROWS])
    assert (
        "expected grades on CTCAE, the scale of the endpoint; found grades on SWOG"
        in faults_of(read(path, scale="SWOG"))[0]
    )
    found = read(path, scale="SWOG", convert={"0": 0, "2": 1})
    assert found.clinical_frame["rp_grade"].tolist() == [1, 0]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (["LT002", "01.12.2019", "2"], "found a grade above 0 before the first day of RT"),
        (["LT002", "20.09.2020", "6"], "expected a whole number from 0 to 5; found '6'"),
        (["LT002", "", "1"], "expected the day of the visit; found an empty cell"),
        (["LT002", "01/02/2020", "1"], "expected a date with one reading"),
    ],
)
def test_visits_that_cannot_be(tmp_path: Path, row: list[str], words: str) -> None:
    (fault,) = faults_of(table_of(tmp_path, [*VISITS, row]))
    assert words in fault
    assert "LT002" in fault


def test_a_patient_without_a_visit_in_the_window_is_named(tmp_path: Path) -> None:
    (fault,) = faults_of(table_of(tmp_path, [*VISITS[:4], VISITS[5]]))
    assert "LT002 (clinical table, line 3, column rp_grade): expected a visit with a grade in the grade table" in fault
    assert "found no visit from the first day of RT to the end of the window" in fault


def test_grades_in_two_tables_are_refused(tmp_path: Path) -> None:
    assert (
        "expected grades in one table; found grades in both"
        in faults_of(table_of(tmp_path, VISITS, clinical=COLUMNS))[0]
    )


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 5)), min_size=1, max_size=12))
def test_visits_give_what_their_definition_says(visits: list[tuple[int, int]]) -> None:
    sorted_visits = sorted(
        (Visit(date.fromordinal(START.toordinal() + day), grade) for day, grade in visits),
        key=lambda visit: (visit.day, visit.grade),
    )
    window_end = date(2020, 8, 14)
    within = [visit for visit in sorted_visits if visit.day <= window_end]
    if not within:
        with pytest.raises(ValueError, match="no visit"):
            judge_visits(sorted_visits, rt_start=START, rt_end=END, endpoint=ENDPOINT)
        return
    found = judge_visits(sorted_visits, rt_start=START, rt_end=END, endpoint=ENDPOINT)
    assert found.grade == max(visit.grade for visit in within)
    reached = [visit.day for visit in within if visit.grade >= 2]
    if reached:
        assert found.began == min(reached)
    assert (found.began is None) == (found.grade == 0)
    assert found.last_visit == max(visit.day for visit in sorted_visits)
