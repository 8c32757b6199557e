"""Cytokine tables, long and wide, with limits, units, dilution and replicates. Expected values are set by hand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lungtox.cohort.columns import cytokine_columns
from lungtox.cohort.cytokines import read_cytokines, widen_cytokines

from .table_files import HEADER, ROWS, faults_of, read, write_text_table, write_workbook

LONG = ["ID", "Zytokin", "Zeit", "Dosis", "Wert", "Einheit", "Platte"]
COLUMNS: dict[str, Any] = {
    "patient": "ID",
    "cytokine": {"column": "Zytokin", "codes": {"IL-6": "il6", "TGFb": "tgfb1", "ACE": "ace"}},
    "timepoint": {"column": "Zeit", "codes": {"vor": "pre", "während": "during"}},
    "draw_dose_gy": "Dosis", "value": "Wert", "unit": "Einheit", "plate": "Platte",
}  # fmt: skip


def values_of(
    folder: Path, rows: list[list[Any]], header: list[str] = LONG, **declared: Any
) -> dict[tuple[str, ...], str]:
    """Give (patient, cytokine, timepoint) -> value, draw dose, plate as the contract's file has them."""
    found = read_rows(folder, rows, header, **declared)
    assert faults_of(found) == []
    found.write(clinical=folder / "c.csv", cytokines=folder / "y.csv", remarks=folder / "r.json")
    assert read_cytokines(folder / "y.csv").equals(found.cytokine_frame)
    return {
        (cells["patient"], cells["cytokine"], cells["timepoint"]): cells["value"] for cells in found.cytokines.cells
    }


def read_rows(folder: Path, rows: list[list[Any]], header: list[str] = LONG, **declared: Any) -> Any:
    declared.setdefault("columns", COLUMNS)
    return read(
        write_text_table(folder / "clinical.csv", [HEADER, *ROWS]),
        cytokines=write_text_table(folder / "cytokines.csv", [header, *rows]),
        tables={"cytokines": declared},
    )


def test_limits_units_and_codes_of_a_long_table(tmp_path: Path) -> None:
    rows = [
        ["LT001", "IL-6", "vor", "0", "< 2,5", "pg/ml", "P1"],
        ["LT001", "IL-6", "während", "44", "> 400", "pg/mL", "P1"],
        ["LT001", "TGFb", "vor", "0", "12,25", "ng/mL", "P1"],
        ["LT002", "TGFb", "vor", "0", "<0,5", "µg/l", "P1"],
        ["LT002", "ACE", "vor", "0", "35", "U/l", "P1"],
        ["LT002", "ACE", "während", "44", "0,03", "U/mL", "P1"],
        ["LT002", "IL-6", "vor", "0", "", "pg/mL", "P1"],
    ]
    assert values_of(tmp_path, rows) == {
        ("LT001", "il6", "pre"): "<2.5",
        ("LT001", "il6", "during"): ">400",
        ("LT001", "tgfb1", "pre"): "12250",  # 12.25 ng/mL
        ("LT002", "tgfb1", "pre"): "<500",
        ("LT002", "ace", "pre"): "35",
        ("LT002", "ace", "during"): "30",
    }


def test_a_wide_workbook(tmp_path: Path) -> None:
    header = ["ID", "IL6 vor RT", "IL6 45 Gy", "Dosis bei Abnahme", "ACE vor RT"]
    rows = [["LT001", "<2", 7.5, 44.0, 35], ["LT002", 3.25, None, None, None]]
    found = read(
        write_text_table(tmp_path / "clinical.csv", [HEADER, *ROWS]),
        cytokines=write_workbook(tmp_path / "z.xlsx", [header, *rows]),
        tables={
            "cytokines": {
                "columns": {"patient": "ID"},
                "unit": "pg/mL",
                "draw_dose_gy": {"pre": 0},
                "wide": {
                    "IL6 vor RT": {"cytokine": "il6", "timepoint": "pre"},
                    "IL6 45 Gy": {"cytokine": "il6", "timepoint": "during", "draw_dose_gy": "Dosis bei Abnahme"},
                    "ACE vor RT": {"cytokine": "ace", "timepoint": "pre", "unit": "U/L"},
                },
            }
        },
    )
    assert faults_of(found) == []
    cells = [tuple(row[name] for name in ("patient", "cytokine", "timepoint", "value", "draw_dose_gy", "unit"))
             for row in found.cytokines.cells]  # fmt: skip
    assert cells == [
        ("LT001", "il6", "pre", "<2", "0", "pg/mL"),
        ("LT001", "il6", "during", "7.5", "44", "pg/mL"),
        ("LT001", "ace", "pre", "35", "0", "U/L"),
        ("LT002", "il6", "pre", "3.25", "0", "pg/mL"),
    ]


def test_a_wrong_dose_of_a_wide_table_is_said_once(tmp_path: Path) -> None:
    wide = {"IL6": {"cytokine": "il6", "timepoint": "during", "draw_dose_gy": "Dosis"}}
    rows = [["LT001", "3,5", "44"], ["LT002", "3,5", "viel"]]
    declared: dict[str, Any] = {"columns": {"patient": "ID"}, "unit": "pg/mL", "wide": wide}
    (fault,) = faults_of(read_rows(tmp_path, rows, ["ID", "IL6", "Dosis"], **declared))
    assert "LT002 (cytokine table, line 3, column 'Dosis' (dose of IL6)): expected a number; found 'viel'" in fault
    wide["IL6"]["draw_dose_gy"] = "Dosi"
    (fault,) = faults_of(read_rows(tmp_path, rows, ["ID", "IL6", "Dosis"], **declared))
    assert "wide.IL6.draw_dose_gy: expected a dose in Gy or the header of a column; found 'Dosi'" in fault


def test_dilution_counts_once(tmp_path: Path) -> None:
    header = [*LONG, "Verd"]
    rows = [
        ["LT001", "IL-6", "vor", "0", "12,5", "pg/mL", "P1", "4"],
        ["LT002", "IL-6", "vor", "0", "<2", "pg/mL", "P1", "2"],
    ]
    columns = {**COLUMNS, "dilution": "Verd"}
    key = ("LT001", "il6", "pre"), ("LT002", "il6", "pre")
    found = values_of(tmp_path, rows, header, columns=columns, dilution="not_applied")
    assert [found[one] for one in key] == ["50", "<4"]
    found = values_of(tmp_path, rows, header, columns=columns, dilution="applied")
    assert [found[one] for one in key] == ["12.5", "<2"]
    with pytest.raises(ValueError, match="dilution: applied"):
        values_of(tmp_path, rows, header, columns=columns)
    rows[0][-1] = "0,25"
    (fault,) = faults_of(read_rows(tmp_path, rows, header, columns=columns, dilution="not_applied"))
    assert "column 'Verd' (dilution)): expected a factor of at least 1; found '0.25'" in fault


def test_words_for_below_the_limit_need_the_limit(tmp_path: Path) -> None:
    rows = [["LT001", "IL-6", "vor", "0", "n.n.", "pg/mL", ""]]
    assert "expected a number; found 'n.n.'" in faults_of(read_rows(tmp_path, rows))[0]
    assert values_of(tmp_path, rows, below={"n.n.": {"il6": 1.5}}) == {("LT001", "il6", "pre"): "<1.5"}
    (fault,) = faults_of(read_rows(tmp_path, rows, below={"n.n.": {"ace": 1.5}}))
    assert "expected a detection limit of il6" in fault


REPLICATES = [
    ["LT001", "IL-6", "vor", "0", "9", "pg/mL", "P1"],
    ["LT001", "IL-6", "vor", "0", "11", "pg/mL", "P2"],
    ["LT002", "IL-6", "vor", "0", "<2", "pg/mL", "P1"],
    ["LT002", "IL-6", "vor", "0", "<3", "pg/mL", "P1"],
]


def test_replicates_by_the_declared_rule(tmp_path: Path) -> None:
    keys = ("LT001", "il6", "pre"), ("LT002", "il6", "pre")
    found = values_of(tmp_path, REPLICATES, replicates="mean")
    assert [found[key] for key in keys] == ["10", "<3"]  # both lie below 3
    found = values_of(tmp_path, REPLICATES, replicates="geometric_mean")
    assert float(found[keys[0]]) == pytest.approx(math.sqrt(99.0))
    first, second = faults_of(read_rows(tmp_path, REPLICATES))
    assert "LT001 (cytokine table, line 3): expected each patient + cytokine + timepoint once" in first
    assert "il6, pre already on line 4" in second


def test_replicates_that_disagree_stop(tmp_path: Path) -> None:
    # SD of 9 and 11 is sqrt 2, over 10: 14.1 %.
    (fault,) = faults_of(read_rows(tmp_path, REPLICATES, replicates="mean", max_cv_pct=14))
    assert "cytokine table, lines 2, 3, column 'Wert' (value): expected replicates with a coefficient" in fault
    assert "found 14.1 % (9, 11). Correct or empty one, or raise max_cv_pct" in fault
    found = read_rows(tmp_path, REPLICATES, replicates="mean", max_cv_pct=15)
    assert faults_of(found) == []
    assert (
        "cytokine table: 2 values are the mean of replicates (largest coefficient of variation 14.1 %)."
        in found.remarks
    )
    mixed = [[*REPLICATES[0][:4], "<2", *REPLICATES[0][5:]], REPLICATES[1]]
    assert "found values and limits (<x, >x) together" in faults_of(read_rows(tmp_path, mixed, replicates="mean"))[0]
    doses = [REPLICATES[0], [*REPLICATES[1][:3], "44", *REPLICATES[1][4:]]]
    assert (
        "expected one dose at the draw (il6, pre); found 0 and 44"
        in faults_of(read_rows(tmp_path, doses, replicates="mean"))[0]
    )


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        ("3", "IU", "expected the unit of il6: pg/mL, ng/L, ng/mL or µg/L; found 'IU'"),
        ("3", "", "found none. Correct it, or declare `unit` or `units`"),
        ("0", "pg/mL", "expected a positive number, <x or >x; found 0"),
        ("<", "pg/mL", "expected a number; found '<'"),
        ("<2.500", "pg/mL", "expected a number with one reading; found '2.500'"),
    ],
)
def test_values_that_cannot_be_read_stop_with_their_place(tmp_path: Path, value: str, unit: str, words: str) -> None:
    (fault,) = faults_of(read_rows(tmp_path, [["LT001", "IL-6", "vor", "0", value, unit, ""]]))
    assert fault.startswith("LT001 (cytokine table, line 2, column ")
    assert words in fault


def test_a_value_above_the_range_stands_as_its_limit_with_a_flag(tmp_path: Path) -> None:
    path = tmp_path / "y.csv"
    path.write_text(
        "patient,cytokine,timepoint,draw_dose_gy,value,unit,plate\n"
        "P1,il6,pre,0,100,pg/mL,a\nP1,il6,during,44,>400,pg/mL,a\nP2,il6,pre,0,>400,pg/mL,a\n"
        "P2,il6,during,44,<2,pg/mL,a\nP1,ace,pre,0,30,U/L,a\n"
    )
    wide = widen_cytokines(read_cytokines(path)).set_index("patient")
    assert wide.loc["P1", ["il6_pre", "il6_during", "il6_ratio"]].tolist() == [100.0, 400.0, 4.0]
    assert wide["il6_during_above"].tolist() == [True, False]
    assert wide["il6_pre_above"].tolist() == [False, True]
    assert pd.isna(wide.loc["P2", "il6_ratio"])  # made of two limits
    assert "ace_pre_above" not in wide
    assert list(wide.columns) == [column.name for column in cytokine_columns(["il6", "ace"], above=["il6"])]
