"""Clinical tables of any kind through a mapping. Expected values are set by hand."""

from __future__ import annotations

import random
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lungtox.cohort import CellFault, EndpointSettings, InputsSettings, read_tables
from lungtox.cohort.number_texts import number_text, read_numbers
from lungtox.config import load_config
from lungtox.errors import InputError

from .table_files import (
    COLUMNS,
    HEADER,
    ROWS,
    faults_of,
    read,
    replace_in_sheet,
    text_table,
    write_text_table,
    write_workbook,
)

EXPECTED = {
    "patient": ["LT001", "LT002"], "age_y": [64.5, 71.0], "sex": ["M", "F"],
    "rt_start_date": ["2020-01-06"] * 2, "rt_end_date": ["2020-02-14"] * 2, "rp_grade": [2, 0],
    "rp_date": ["2020-05-01", None], "last_follow_up_date": ["2021-03-01"] * 2, "death_date": [None, None],
}  # fmt: skip


def frame_of(found: Any) -> dict[str, list[Any]]:
    assert faults_of(found) == []
    return {
        name: [None if value != value else value for value in found.clinical_frame[name]]
        for name in found.clinical_frame
    }


def with_cell(row: int, header: str, value: object, rows: list[list[Any]] = ROWS) -> list[list[Any]]:
    changed = [HEADER, *[list(cells) for cells in rows]]
    changed[row][HEADER.index(header)] = value
    return changed


# --- kinds of files ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("separator", [";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"])
def test_any_separator_and_encoding_gives_the_same_table(tmp_path: Path, separator: str, encoding: str) -> None:
    rows = [[*HEADER, "Größe"], *[[*row, "männlich"] for row in ROWS]]
    path = write_text_table(tmp_path / "k.csv", rows, separator=separator, encoding=encoding)
    columns = {**COLUMNS, "size": {"column": "Größe", "codes": {"männlich": "m"}}}
    assert frame_of(read(path, columns=columns)) == {**EXPECTED, "size": ["m", "m"]}


def test_commas_separate_where_numbers_have_points(tmp_path: Path) -> None:
    rows = with_cell(1, "Alter", "64.5")
    assert frame_of(read(write_text_table(tmp_path / "k.csv", rows, separator=","))) == EXPECTED


def test_what_was_found_rather_than_declared_is_said(tmp_path: Path) -> None:
    path = write_text_table(tmp_path / "k.csv", [[*HEADER, "Größe"], *[[*row, ""] for row in ROWS]], encoding="cp1252")
    remarks = read(path).remarks
    assert remarks == (
        "clinical table: not UTF-8, read as Windows-1252 (Latin-1); declare `encoding` if letters are wrong.",
        "clinical table: columns separated by a semicolon.",
        "clinical table: decimal comma found in Alter.",
    )
    assert read(path, encoding="cp1252", separator=";", decimal=",").remarks == ()


def test_another_encoding_has_to_be_declared(tmp_path: Path) -> None:
    rows = [[*HEADER, "Kuřák"], *[[*row, "ano"] for row in ROWS]]
    path = write_text_table(tmp_path / "k.csv", rows, encoding="cp1250")
    columns = {**COLUMNS, "smokes": {"column": "Kuřák", "codes": {"ano": "yes"}}}
    assert "expected a column 'Kuřák'" in faults_of(read(path, columns=columns))[0]
    assert frame_of(read(path, columns=columns, encoding="cp1250"))["smokes"] == ["yes", "yes"]


def test_the_first_line_that_excel_writes_for_itself_and_title_lines(tmp_path: Path) -> None:
    path = tmp_path / "k.csv"
    path.write_text("sep=;\n" + text_table([HEADER, *ROWS]), encoding="utf-8")
    assert frame_of(read(path)) == EXPECTED
    path.write_text("Strahlenklinik\n\n" + text_table([HEADER, *ROWS[:1], with_cell(2, "Alter", "x")[2]]))
    (fault,) = read(path, header_row=3).faults
    assert isinstance(fault, CellFault)
    assert (fault.lines, fault.column) == ((5,), "Alter")


def test_parquet_keeps_text_that_looks_like_missing(tmp_path: Path) -> None:
    day = datetime(2020, 1, 6)
    table = pa.table(
        {
            "PatID": ["LT001", "LT002"], "Alter": [64.5, float("nan")], "Geschlecht": ["m", "w"],
            "RT Beginn": [day, day], "RT Ende": ["14.02.2020"] * 2, "RP Grad": [2, 0],
            "RP Datum": pa.array([datetime(2020, 5, 1), None]), "Kontakt": [datetime(2021, 3, 1)] * 2,
            "Tod": pa.nulls(2), "Chemo": ["None", "konkomitant"],
        }
    )  # fmt: skip
    pq.write_table(table, tmp_path / "k.parquet")
    columns = {**COLUMNS, "chemotherapy": {"column": "Chemo", "codes": {"None": "none", "konkomitant": "concurrent"}}}
    expected = {**EXPECTED, "age_y": [64.5, None], "chemotherapy": ["none", "concurrent"]}
    assert frame_of(read(tmp_path / "k.parquet", columns=columns)) == expected


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "a header and at least one row"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an Excel file of before 2007, or one with a password"),
        (b"%PDF-1.7 ...", "a PDF"),
        (b"<html><table>", "a web page"),
        (b"PK\x03\x04broken", "a damaged one"),
        (b"PAR1broken", "a damaged one"),
        (b"PatID;Alter\nLT001;1\x00\n", "zero bytes"),
        (b"PatID;PatID\nLT001;1\n", "each column once; found the same name in columns 1 and 2"),
        (b'PatID;Alter\n"LT001;1\n', "well-formed CSV"),
    ],
)
def test_refuses_what_is_no_table_by_what_it_is(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "k.csv").write_bytes(content)
    (fault,) = faults_of(read(tmp_path / "k.csv"))
    assert words in fault


def test_two_separators_that_fit_have_to_be_declared(tmp_path: Path) -> None:
    (tmp_path / "k.csv").write_text("a,b;c\n1,2;3\n")
    (fault,) = faults_of(read(tmp_path / "k.csv"))
    assert "one separator of columns; found a comma or a semicolon. Declare `separator`" in fault


# --- workbooks ---------------------------------------------------------------------------------------------------


def test_a_german_workbook_with_text_numbers_real_numbers_and_dates(tmp_path: Path) -> None:
    rows = with_cell(1, "RT Beginn", datetime(2020, 1, 6))
    rows[2][HEADER.index("Alter")] = 71
    rows[0] = [f" {text} " for text in HEADER]
    rows[0][2] = "Alter\n"
    assert frame_of(read(write_workbook(tmp_path / "k.xlsx", rows))) == EXPECTED


def test_dates_of_1904_and_serial_numbers(tmp_path: Path) -> None:
    # 6 January 2020 is day 43836 from 30 December 1899 and 42374 from 1 January 1904 (Excel's own two systems).
    for declared, serial in (("excel", 43836), ("excel-1904", 42374)):
        rows = with_cell(1, "RT Beginn", serial)
        columns = {**COLUMNS, "rt_start_date": {"column": "RT Beginn", "date_format": declared}}
        rows[2][HEADER.index("RT Beginn")] = serial
        path = write_workbook(tmp_path / "k.xlsx", rows)
        assert frame_of(read(path, columns=columns))["rt_start_date"] == ["2020-01-06"] * 2
        (first, _) = faults_of(read(path))
        assert "row 2, column 'RT Beginn' (rt_start_date)): expected a date; found" in first
        assert "or declare `date_format: excel` for it" in first


def test_merged_cells_are_named_where_they_matter(tmp_path: Path) -> None:
    import openpyxl

    path = write_workbook(tmp_path / "k.xlsx", [["Klinik"], HEADER, *ROWS])
    book = openpyxl.load_workbook(path)
    book.active.merge_cells("A1:D1")
    book.active.merge_cells("B3:B4")  # Name, which nobody asks for
    book.save(path)
    assert frame_of(read(path, header_row=2)) == EXPECTED
    book.active.merge_cells("E3:E4")
    book.save(path)
    (fault,) = faults_of(read(path, header_row=2))
    assert "clinical table, row 3, cells E3:E4: expected a value in each cell; found merged cells." in fault


def test_hidden_rows_are_read_and_said(tmp_path: Path) -> None:
    import openpyxl

    path = write_workbook(tmp_path / "k.xlsx", [HEADER, *ROWS])
    book = openpyxl.load_workbook(path)
    book.active.row_dimensions[3].hidden = True
    book.save(path)
    found = read(path)
    assert frame_of(found) == EXPECTED
    assert "clinical table: 1 hidden rows are read like the others (row 3)." in found.remarks


def test_formulas_by_their_stored_result_and_error_cells_by_name(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "k.xlsx", [HEADER, *ROWS], C2="=60+4.5", C3="#N/A", H3='=""')
    first, second, third = faults_of(read(path))
    assert "column 'RP Datum' (rp_date)): expected a value; found a formula without" in third
    assert "LT001 (clinical table, row 2, column 'Alter' (age_y)): expected a value; found a formula without" in first
    assert "Open the table in the spreadsheet program and save it." in first
    assert "LT002 (clinical table, row 3, column 'Alter' (age_y)): expected a value; found the error #N/A" in second
    replace_in_sheet(path, "<f>60+4.5</f><v />", "<f>60+4.5</f><v>64.5</v>")
    replace_in_sheet(path, '<c r="C3" t="e"><v>#N/A</v></c>', '<c r="C3"><v>71</v></c>')
    replace_in_sheet(path, '<c r="H3"><f>""</f><v /></c>', '<c r="H3" t="str"><f>""</f><v></v></c>')
    assert frame_of(read(path)) == EXPECTED


def test_a_number_that_excel_made_a_date_of(tmp_path: Path) -> None:
    (fault,) = faults_of(read(write_workbook(tmp_path / "k.xlsx", with_cell(1, "Alter", datetime(2026, 5, 3)))))
    assert "expected a number; found a date. The spreadsheet made a date of it" in fault


def test_several_sheets_have_to_be_named(tmp_path: Path) -> None:
    import openpyxl

    path = write_workbook(tmp_path / "k.xlsx", [HEADER, *ROWS])
    book = openpyxl.load_workbook(path)
    book.create_sheet("Zytokine").append(["x", "y"])
    book.save(path)
    assert "one visible sheet with cells; found 'Tabelle1', 'Zytokine'" in faults_of(read(path))[0]
    assert frame_of(read(path, sheet="Tabelle1")) == EXPECTED
    assert "a sheet 'Tabelle2'; found 'Tabelle1', 'Zytokine'" in faults_of(read(path, sheet="Tabelle2"))[0]
    book["Zytokine"].sheet_state = "hidden"
    book.save(path)
    assert frame_of(read(path)) == EXPECTED


def test_files_made_to_fill_the_memory_are_refused(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "k.xlsx", [HEADER, *ROWS])
    replace_in_sheet(path, "</sheetData>", "</sheetData>" + " " * 60_000_000, compress=True)
    assert path.stat().st_size < 200_000
    assert "bytes unpacked. Check the path" in faults_of(read(path))[0]
    path = write_workbook(tmp_path / "far.xlsx", [HEADER, *ROWS], XFD1048576="x")
    assert "found 1048576 rows and 16384 columns. Delete the cells far off the table." in faults_of(read(path))[0]
    (tmp_path / "k.csv").write_bytes(b";" * 2_000_000)
    assert "found more than 1000000 cells" in faults_of(read(tmp_path / "k.csv"))[0]


# --- numbers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "values", "refused"),
    [
        (["85,2", "90"], [85.2, 90.0], {}),
        (["85.2", "90"], [85.2, 90.0], {}),
        (["1.234,5", "2"], [1234.5, 2.0], {}),
        (["1,234.5", "2"], [1234.5, 2.0], {}),
        (["1 234,5", "1'234,5", "1\u00a0234"], [1234.5, 1234.5, 1234.0], {}),
        (["1.000.000"], [1e6], {}),
        (["0.125", "0,125"], None, {0: "another sign"}),
        (["0.125"], [0.125], {}),
        (["12.500"], [None], {0: "two readings"}),
        (["12,500", "3,5"], [None, 3.5], {0: "two readings"}),  # what the rest shows does not settle it
        (["3,5", "4,5", "2.5"], [3.5, 4.5, None], {2: "another sign"}),
        (["12.50.00", "5 %", "x", "1e400"], [None] * 4, dict.fromkeys(range(4), "no number")),
        (["1,5e3", "\u22122,5", "", "-,5"], [1500.0, -2.5, None, -0.5], {}),
    ],
)
def test_decimal_sign_of_a_column(texts: list[str], values: list[float | None] | None, refused: dict[int, str]) -> None:
    found = read_numbers(texts, decimal=None)
    assert found.refused == refused
    if values is not None:
        assert list(found.values) == values


def test_a_declared_decimal_sign_gives_one_reading() -> None:
    assert read_numbers(["12.500", "12,5"], decimal=",").values == (12500.0, 12.5)
    assert read_numbers(["12,500", "12.5"], decimal=".").values == (12500.0, 12.5)
    assert read_numbers(["12.5"], decimal=",").refused == {0: "no number"}


def test_a_text_with_two_readings_stops_with_row_and_column(tmp_path: Path) -> None:
    columns = {**COLUMNS, "platelets": "Thrombo"}
    rows = [[*HEADER, "Thrombo"], [*ROWS[0], "12.500"], [*ROWS[1], "250"]]
    path = write_text_table(tmp_path / "k.csv", rows)
    assert faults_of(read(path, columns=columns)) == [
        "LT001 (clinical table, line 2, column 'Thrombo' (platelets)): expected a number with one reading;"
        " found '12.500'. Is it 12.500 or 12500? Declare `decimal` of this column (tables.clinical)."
    ]
    columns["platelets"] = {"column": "Thrombo", "decimal": ","}  # type: ignore[assignment]
    found = read(path, columns=columns)
    assert frame_of(found)["platelets"] == [12500.0, 250.0]
    assert any(text.startswith("clinical table, line 2, column 'Thrombo': read as thousands") for text in found.remarks)


@given(st.floats(allow_nan=False, allow_infinity=False, width=64), st.sampled_from([".", ","]))
def test_any_number_survives_under_its_declared_sign(number: float, decimal: str) -> None:
    text = repr(number).replace(".", decimal)
    assert read_numbers([text], decimal=decimal).values == (number,)
    assert float(number_text(number)) == number


@given(st.integers(-(10**12), 10**12), st.integers(0, 99), st.sampled_from([".", ","]))
def test_thousands_separators_change_no_number(whole: int, cents: int, decimal: str) -> None:
    text = f"{whole:,}.{cents:02d}"
    if decimal == ",":
        text = text.translate({ord(","): ".", ord("."): ","})
    assert read_numbers([text], decimal=decimal).values == (float(f"{whole}.{cents:02d}"),)


# --- dates -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("01.05.2020", "2020-05-01"), ("1.5.2020", "2020-05-01"), ("2020-05-01", "2020-05-01"),
        ("2020/05/01", "2020-05-01"), ("25/04/2020", "2020-04-25"), ("04/25/2020", "2020-04-25"),
        ("03/03/2020", "2020-03-03"), ("01.05.2020 00:00:00", "2020-05-01"), ("2020-05-01T12:30", "2020-05-01"),
    ],
)  # fmt: skip
def test_dates_with_one_reading(tmp_path: Path, text: str, day: str) -> None:
    found = read(write_text_table(tmp_path / "k.csv", with_cell(1, "RP Datum", text)))
    assert frame_of(found)["rp_date"][0] == day


@pytest.mark.parametrize(
    ("text", "declared", "day"),
    [
        ("03/04/2020", "dd/mm/yyyy", "2020-04-03"), ("03/04/2020", "%m/%d/%Y", "2020-03-04"),
        ("3.4.20", "dd.mm.yy", "2020-04-03"), ("20200403", "yyyymmdd", "2020-04-03"),
    ],
)  # fmt: skip
def test_a_declared_format_settles_the_order(tmp_path: Path, text: str, declared: str, day: str) -> None:
    columns = {**COLUMNS, "rp_date": {"column": "RP Datum", "date_format": declared}}
    found = read(write_text_table(tmp_path / "k.csv", with_cell(1, "RP Datum", text)), columns=columns)
    assert frame_of(found)["rp_date"][0] == day


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "03/04/2020",
            "expected a date with one reading (day or month first?); found '03/04/2020'. Declare `date_form",
        ),
        ("31.02.2020", "expected a date; found '31.02.2020'"),
        ("Mai 2020", "expected a date; found 'Mai 2020'"),
    ],
)
def test_other_dates_stop_with_row_and_column(tmp_path: Path, text: str, words: str) -> None:
    (fault,) = faults_of(read(write_text_table(tmp_path / "k.csv", with_cell(1, "RP Datum", text))))
    assert fault.startswith("LT001 (clinical table, line 2, column 'RP Datum' (rp_date)): ")
    assert words in fault


def test_two_orders_in_one_column_name_the_rarer(tmp_path: Path) -> None:
    rows = with_cell(1, "Kontakt", "12/25/2020")
    rows[2][HEADER.index("Kontakt")] = "25/12/2020"
    rows.append([*rows[2]])
    rows[3][0] = "LT003"
    (fault,) = faults_of(read(write_text_table(tmp_path / "k.csv", rows)))
    assert "line 2, column 'Kontakt'" in fault
    assert "expected day and month in one order throughout the column" in fault


def test_a_format_without_a_year_is_refused_in_the_config() -> None:
    with pytest.raises(ValueError, match="day, month and year once each"):
        from lungtox.cohort import TablesSettings

        TablesSettings.model_validate({"clinical": {"columns": {"patient": {"column": "x", "date_format": "dd.mm"}}}})


# --- codes, missing values, units, further columns ---------------------------------------------------------------


def test_none_is_a_category_and_only_declared_words_are_missing(tmp_path: Path) -> None:
    header = [*HEADER, "Raucher", "Chemo"]
    rows = [[*ROWS[0], "NA", "None"], [*ROWS[1], "k.A.", "sequentiell "]]
    path = write_text_table(tmp_path / "k.csv", [header, *rows])
    columns = {
        **COLUMNS,
        "smoking": {"column": "Raucher", "codes": {"NA": "unknown", "nie": "never"}, "missing": ["k.A."]},
        "chemotherapy": {"column": "Chemo", "codes": {"None": "none", "sequentiell": "sequential"}},
    }
    found = frame_of(read(path, columns=columns))
    assert found["smoking"] == ["unknown", None]
    assert found["chemotherapy"] == ["none", "sequential"]


def test_an_unknown_code_stops_once_with_all_its_rows(tmp_path: Path) -> None:
    rows = [HEADER, *[[f"LT{n:03d}", *ROWS[1][1:]] for n in range(1, 6)]]
    for line in (2, 4, 5):
        rows[line][HEADER.index("Geschlecht")] = "d"
    (fault,) = read(write_text_table(tmp_path / "k.csv", rows)).faults
    assert isinstance(fault, CellFault)
    assert fault.lines == (3, 5, 6)
    assert str(fault).startswith(
        "clinical table, lines 3, 5, 6, column 'Geschlecht' (sex): expected one of m, w; found 'd'. Add it to `codes`"
    )


def test_codes_lead_to_levels_of_the_contract_and_yaml_words_are_understood(tmp_path: Path) -> None:
    path = write_text_table(tmp_path / "k.csv", [[*HEADER, "COPD"], [*ROWS[0], "ja"], [*ROWS[1], "1"]])
    columns = {**COLUMNS, "lung_disease": {"column": "COPD", "codes": {"ja": True, 1: "no"}}}
    assert frame_of(read(path, columns=columns))["lung_disease"] == ["yes", "no"]
    columns["lung_disease"]["codes"]["ja"] = "yess"
    assert (
        "expected one of no, yes; found 'yess'. Correct it. Did you mean 'yes'?"
        in faults_of(read(path, columns=columns))[0]
    )
    columns["lung_disease"]["codes"] = {True: "yes"}
    with pytest.raises(ValueError, match="YAML reads a bare yes"):
        read(path, columns=columns)


@pytest.mark.parametrize(
    ("spec", "cells", "expected"),
    [
        ({"column": "FEV1"}, ("75", "80"), [75.0, 80.0]),
        ({"column": "FEV1", "unit": "fraction"}, ("0,75", "0,8"), [75.0, 80.0]),
        ({"column": "FEV1", "unit": "l", "predicted": "Soll"}, ("2,1", "2,4"), [75.0, 80.0]),  # of 2.8 and 3.0 l
    ],
)
def test_units_of_fev1(tmp_path: Path, spec: dict[str, str], cells: tuple[str, str], expected: list[float]) -> None:
    rows = [[*HEADER, "FEV1", "Soll"], [*ROWS[0], cells[0], "2,8"], [*ROWS[1], cells[1], "3"]]
    found = frame_of(read(write_text_table(tmp_path / "k.csv", rows), columns={**COLUMNS, "fev1_pct": spec}))
    assert found["fev1_pct"] == expected


@pytest.mark.parametrize("spec", [{"column": "FEV1", "unit": "l"}, {"column": "FEV1 (l)"}])
def test_litres_without_the_predicted_value_are_refused(tmp_path: Path, spec: dict[str, str]) -> None:
    rows = [[*HEADER, spec["column"]], [*ROWS[0], "2,1"], [*ROWS[1], "2,4"]]
    (fault,) = faults_of(read(write_text_table(tmp_path / "k.csv", rows), columns={**COLUMNS, "fev1_pct": spec}))
    assert "config: tables.clinical.columns.fev1_pct: expected the predicted FEV1; found litres" in fault


def test_a_date_of_a_further_column_becomes_days_from_rt(tmp_path: Path) -> None:
    rows = [[*HEADER, "PET"], [*ROWS[0], "01.01.2020"], [*ROWS[1], ""]]
    columns = {**COLUMNS, "pet_days": {"column": "PET", "days_from": "rt_start"}}
    assert frame_of(read(write_text_table(tmp_path / "k.csv", rows), columns=columns))["pet_days"] == [-5.0, None]


@pytest.mark.parametrize(
    ("ours", "spec", "words"),
    [
        ("sex", {"column": "Geschlecht", "unit": "%"}, "`unit` with age_y or fev1_pct only, not with sex"),
        ("age_y", {"column": "Alter", "predicted": "x"}, "`predicted` with fev1_pct only, not with age_y"),
        ("age_y", {"column": "Alter", "colum": "x"}, "Did you mean 'column'?"),
        ("age_y", {"column": "Alter", "date_format": "mm.yyyy"}, "day, month and year once each"),
    ],
)
def test_keys_that_nothing_would_read_are_refused_in_the_config(
    tmp_path: Path, ours: str, spec: dict[str, str], words: str
) -> None:
    text = (Path(__file__).resolve().parents[2] / "config.yaml").read_text(encoding="utf-8")
    tables = yaml.safe_dump({"tables": {"clinical": {"columns": {**COLUMNS, ours: spec}}}})
    (tmp_path / "my.yaml").write_text(f"{text}\n{tables}", encoding="utf-8")
    with pytest.raises(InputError, match=r"config: tables\.clinical") as caught:
        load_config(tmp_path / "my.yaml")
    assert words in str(caught.value)


def test_days_from_rt_is_for_further_columns(tmp_path: Path) -> None:
    path = write_text_table(tmp_path / "k.csv", [HEADER, *ROWS])
    columns = {**COLUMNS, "rp_date": {"column": "RP Datum", "days_from": "rt_start"}}
    assert "rp_date.days_from: expected a further column" in faults_of(read(path, columns=columns))[0]


def test_columns_that_the_mapping_does_not_name_never_appear(tmp_path: Path) -> None:
    found = read(write_text_table(tmp_path / "k.csv", [HEADER, *ROWS]))
    found.write(clinical=tmp_path / "c.csv", cytokines=None, remarks=tmp_path / "r.json")
    text = (tmp_path / "c.csv").read_text()
    assert "Muster" not in text and "Name" not in text
    assert text.splitlines()[1] == "LT001,64.5,M,2020-01-06,2020-02-14,2,2020-05-01,2021-03-01,"


def test_a_header_that_is_not_there_is_one_fault_with_the_nearest(tmp_path: Path) -> None:
    path = write_text_table(tmp_path / "k.csv", [HEADER, *ROWS])
    (fault,) = faults_of(read(path, columns={**COLUMNS, "rp_grade": "RP-Grad"}))
    assert (
        "expected a column 'RP-Grad'; found 'RP Grad', perhaps the same. Correct tables.clinical.columns.rp_grade"
        in fault
    )
    (fault,) = faults_of(read(path, columns={name: spec for name, spec in COLUMNS.items() if name != "rp_date"}))
    assert "expected a column 'rp_date'" in fault and "Name its column under tables.clinical.columns" in fault


@pytest.mark.parametrize(
    ("ours", "spec", "what"),
    [
        ("age_y", "Name", "numbers"),
        ("rp_date", {"column": "Name", "date_format": "dd.mm.yyyy"}, "dates"),
        ("rp_date", "Name", "dates"),
        ("sex", {"column": "Name", "codes": {"m": "M"}}, "codes"),
    ],
)
def test_a_header_that_leads_to_a_column_of_names_shows_none_of_them(
    tmp_path: Path, ours: str, spec: Any, what: str
) -> None:
    rows = [HEADER, *[[f"LT{n}", f"Geheim {n}", *ROWS[1][2:]] for n in range(8)]]
    (fault,) = faults_of(read(write_text_table(tmp_path / "k.csv", rows), columns={**COLUMNS, ours: spec}))
    assert "Geheim" not in fault
    assert f"expected {what}; found 8 of 8 cells that are no {what} (not shown: it may be another column)" in fault
    assert fault.startswith(f"clinical table, lines 2, 3, 4, 5, 6, 7, 8, 9, column 'Name' ({ours})")


def test_nothing_is_written_when_something_is_wrong(tmp_path: Path) -> None:
    found = read(write_text_table(tmp_path / "k.csv", with_cell(1, "Alter", "alt")))
    with pytest.raises(InputError, match="column 'Alter'"):
        found.write(clinical=tmp_path / "c.csv", cytokines=None, remarks=tmp_path / "r.json")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["k.csv"]


@settings(max_examples=30, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_and_columns_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, draw: random.Random
) -> None:
    folder = tmp_path_factory.mktemp("order")
    places = list(range(len(HEADER)))
    draw.shuffle(places)
    rows = [[row[place] for place in places] for row in ROWS]
    draw.shuffle(rows)
    path = write_text_table(folder / "k.csv", [[HEADER[place] for place in places], *rows])
    found = read(path)
    assert faults_of(found) == []
    frame = found.clinical_frame.sort_values("patient").reset_index(drop=True)  # type: ignore[union-attr]
    expected = read(write_text_table(folder / "plain.csv", [HEADER, *ROWS])).clinical_frame
    assert frame.equals(expected)


def test_a_table_in_the_form_of_the_contract_needs_no_mapping_whatever_its_kind(tmp_path: Path) -> None:
    header = list(EXPECTED)
    rows = [["LT001", 64.5, "M", datetime(2020, 1, 6), "2020-02-14", 2, "2020-05-01", "2021-03-01", ""]]
    path = write_workbook(tmp_path / "clinical.xlsx", [header, *rows])
    inputs = InputsSettings(patients="p", structures="s", clinical=str(path))
    found = read_tables(inputs, tables=None, endpoint=EndpointSettings())
    assert {name: values[:1] for name, values in EXPECTED.items()} == frame_of(found)
