"""Clinical table: what is read, and what is refused with its line and column. Expected values are set by hand."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungtox.cohort import read_clinical
from lungtox.cohort.clinical import extra_columns
from lungtox.cohort.rows import to_number
from lungtox.errors import InputError

HEADER = (
    "patient,age_y,sex,smoking,lung_disease,rt_start_date,rt_end_date,rp_grade,rp_date,last_follow_up_date,death_date"
)
GOOD = [
    "P001,64,F,never,no,2014-01-06,2014-02-14,2,2014-05-01,2015-03-01,",
    "P002,71.5,M,unknown,yes,2014-01-06,2014-02-14,0,,2014-11-20,2014-12-01",
    "P003,,M,,no,2014-01-06,2014-02-14,0,,2015-03-01,",
]


def write(folder: Path, *rows: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
    path = folder / "clinical.csv"
    path.write_bytes("\n".join([header, *rows, ""]).encode(encoding))
    return path


def faults_of(path: Path, **options: Iterable[str]) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_clinical(path, **options)
    return [str(fault) for fault in caught.value.faults]


def test_reads_codes_numbers_and_dates(tmp_path: Path) -> None:
    table = read_clinical(write(tmp_path, *GOOD))
    assert list(table["patient"]) == ["P001", "P002", "P003"]
    assert table["age_y"].tolist()[:2] == [64.0, 71.5]
    assert table["age_y"].isna().tolist() == [False, False, True]
    assert table["rp_grade"].tolist() == [2, 0, 0]
    assert table.loc[0, "rp_date"] == "2014-05-01"


def test_unknown_smoking_is_neither_never_nor_missing(tmp_path: Path) -> None:
    smoking = read_clinical(write(tmp_path, *GOOD))["smoking"]
    assert smoking[0] == "never"
    assert smoking[1] == "unknown"
    assert smoking.isna().tolist() == [False, False, True]


def test_names_line_and_column_of_every_wrong_cell(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        GOOD[0],
        'P004,"64,5",F,Former,no,2014-01-06,2014-02-14,6,,2015-03-01,',
        "P005,64,X,never,no,06.01.2014,2014-02-14,0,,2015-03-01,",
    )
    faults = faults_of(path)
    assert len(faults) == 5
    text = "\n".join(faults)
    assert "P004 (clinical table, line 3, column age_y): expected a number from 0 to 120; found '64,5'" in text
    assert "line 3, column smoking" in text
    assert "Did you mean 'former'?" in text
    assert "line 3, column rp_grade): expected a whole number from 0 to 5; found '6'" in text
    assert "P005 (clinical table, line 4, column sex)" in text
    assert "line 4, column rt_start_date): expected a date such as 2014-08-15; found '06.01.2014'" in text


def test_a_stage_with_its_subgroup_is_told_what_to_write(tmp_path: Path) -> None:
    header = HEADER + ",stage"
    (text,) = faults_of(write(tmp_path, GOOD[0] + ",IIIA", GOOD[1] + ",III", header=header))
    assert "found 'IIIA'" in text and "Write III, or map it in `tables` of the config." in text


def test_lines_are_those_of_the_file_despite_blank_lines_and_breaks_in_cells(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        'P001,64,F,never,no,2014-01-06,2014-02-14,0,,2015-03-01,,"two\nlines"',
        "",
        "P002,x,F,never,no,2014-01-06,2014-02-14,0,,2015-03-01,,plain",
        header=f"{HEADER},note",
    )
    assert "P002 (clinical table, line 5, column age_y)" in faults_of(path)[0]


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "NA", "1_000", "0,5", "5 Gy", "<2", "", "1e", "0x10"])
def test_refuses_what_is_no_measured_number(text: str) -> None:
    with pytest.raises(ValueError):
        to_number(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_float_survives(number: float) -> None:
    assert to_number(repr(number)) == number


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        ("P1,64,F,never,no,2014-02-14,2014-01-06,0,,2015-03-01,", "rt_end_date", "Start of RT on or before End of RT"),
        ("P1,64,F,never,no,2014-01-06,2014-02-14,2,2014-01-05,2015-03-01,", "rp_date", "Start of RT on or before Date"),
        (
            "P1,64,F,never,no,2014-01-06,2014-02-14,0,,2014-12-02,2014-12-01",
            "death_date",
            "Last follow-up on or before",
        ),
        ("P1,64,F,never,no,2014-01-06,2014-02-14,2,2014-12-02,,2014-12-01", "death_date", "Date of RP on or before"),
        ("P1,64,F,never,no,2014-01-06,2014-02-14,0,,2014-01-01,", "last_follow_up_date", "Start of RT on or before"),
        ("P1,64,F,never,no,2014-01-06,2014-02-14,0,,,2014-01-01", "death_date", "Start of RT on or before Death"),
        ("P1,64,F,never,no,2014-01-06,2014-02-14,2,2014-12-02,2014-12-01,", "last_follow_up_date", "on or after RP"),
        ("P1,64,F,never,no,2014-01-06,2014-02-14,0,2014-05-01,2015-03-01,", "rp_date", "no date for grade 0"),
        ("P1,64,F,never,no,2014-01-06,2014-02-14,5,2014-05-01,2014-05-01,", "death_date", "grade 5 is death"),
        ("P1,64,F,never,no,2014-01-06,2014-02-14,0,,,", "last_follow_up_date", "a date"),
        ("P1,64,F,never,no,2014-01-06,2014-02-14,,,2015-03-01,", "rp_grade", "a grade"),
        ("P1,64,F,never,no,,2014-02-14,0,,2015-03-01,", "rt_start_date", "a date"),
    ],
)
def test_refuses_a_course_that_cannot_be(tmp_path: Path, row: str, column: str, words: str) -> None:
    faults = faults_of(write(tmp_path, row))
    assert len(faults) == 1
    assert f"column {column}" in faults[0]
    assert words in faults[0]


def test_names_missing_columns_and_the_nearest_one(tmp_path: Path) -> None:
    header = HEADER.replace("rp_grade", "rp_grad").replace("age_y", "years")
    faults = faults_of(write(tmp_path, GOOD[0], header=header), required={"age_y": "models.m.predictors"})
    text = "\n".join(faults)
    assert "expected a column 'rp_grade'; found 'rp_grad', perhaps the same. Rename the column." in text
    assert "expected a column 'age_y'; found none (columns: patient, years, sex" in text
    assert "Or correct the name in the config: models.m.predictors." in text


def test_what_may_be_a_name_is_not_quoted(tmp_path: Path) -> None:
    faults = faults_of(write(tmp_path, GOOD[0], GOOD[1].replace("P002", "Planted^Name").replace("71.5", "old")))
    assert "clinical table, line 3, column patient: expected a study ID" in faults[0]
    assert len(faults) == 2
    assert "Planted" not in "".join(faults)
    assert "P001" not in "".join(faults_of(write(tmp_path, GOOD[1], header=GOOD[0])))


def test_names_a_patient_twice_and_an_empty_study_id(tmp_path: Path) -> None:
    text = "\n".join(faults_of(write(tmp_path, *GOOD, GOOD[0], GOOD[1].replace("P002", ""))))
    assert "P001 (clinical table, line 5): expected each patient once; found the same patient already on line 2" in text
    assert "clinical table, line 6, column patient: expected a value; found an empty cell" in text


def test_keeps_further_columns_by_what_they_hold(tmp_path: Path) -> None:
    rows = [f"{row},{extra}" for row, extra in zip(GOOD, ["55,a", "60,b", ",b"], strict=True)]
    table = read_clinical(write(tmp_path, *rows, header=f"{HEADER},dlco_pct,centre"))
    number, code = extra_columns(table)
    assert (number.name, number.kind, number.label) == ("dlco_pct", "continuous", "Dlco pct")
    assert (code.name, code.kind, code.levels) == ("centre", "binary", ("a", "b"))


def test_a_further_column_of_names_is_refused_and_not_shown(tmp_path: Path) -> None:
    rows = [f"P{number:03d}{GOOD[2][4:]},Planted^{number}" for number in range(12)]
    (fault,) = faults_of(write(tmp_path, *rows, header=f"{HEADER},who"))
    assert (
        "clinical table, column 'who': expected a number, or a factor of few levels; found 12 different texts" in fault
    )
    assert "Planted" not in fault
    read_clinical(write(tmp_path, *rows[:10], header=f"{HEADER},who"))


def test_a_word_among_numbers_of_a_further_column_is_a_fault(tmp_path: Path) -> None:
    rows = [f"{row},{extra}" for row, extra in zip(GOOD, ["55", "60", "about 50"], strict=True)]
    assert (
        "P003 (clinical table, line 4, column dlco_pct)"
        in faults_of(write(tmp_path, *rows, header=f"{HEADER},dlco_pct"))[0]
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "a header and at least one row"),
        (HEADER.encode(), "a header and at least one row"),
        (HEADER.replace(",", ";").encode() + b"\nP001;1\n", "columns separated by commas"),
        (b"patient,patient\nP001,P001\n", "each column once"),
        ("patient,grüße\nP001,ä\n".encode("latin-1"), "text in UTF-8"),
        (b'patient,a\n"P001,1\n', "well-formed CSV"),
    ],
)
def test_refuses_a_file_that_is_no_such_table(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "clinical.csv"
    path.write_bytes(content)
    assert words in faults_of(path)[0]


def test_a_row_with_too_many_cells_is_named(tmp_path: Path) -> None:
    faults = faults_of(write(tmp_path, f"{GOOD[0]},surplus"))
    assert faults[0].startswith("clinical table, line 2: expected 11 cells; found 12 cells")


def test_a_missing_file_is_named_without_its_path(tmp_path: Path) -> None:
    text = faults_of(tmp_path / "nowhere.csv")[0]
    assert "no such file" in text
    assert str(tmp_path) not in text


def test_byte_order_mark_and_blanks_are_no_fault(tmp_path: Path) -> None:
    path = write(tmp_path, "P001 , 64,F,never,no,2014-01-06,2014-02-14,0,,2015-03-01,", encoding="utf-8-sig")
    assert read_clinical(path).loc[0, ["patient", "age_y"]].tolist() == ["P001", 64.0]
