"""Cytokine table: detection limits, units, repeated draws. Expected values are set by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from lungtox.cohort import read_cytokines
from lungtox.cohort.cytokines import widen_cytokines
from lungtox.errors import InputError

HEADER = "patient,cytokine,timepoint,draw_dose_gy,value,unit,plate"


def write(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "cytokines.csv"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


def faults_of(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_cytokines(path)
    return str(caught.value)


def test_a_value_below_the_limit_keeps_its_limit(tmp_path: Path) -> None:
    table = read_cytokines(
        write(
            tmp_path, "P001,il6,pre,0,<1.5,pg/mL,IL6-01", "P001,il6,during,44,3.25,pg/mL,IL6-01", "P001,ace,pre,0,,U/L,"
        )
    )
    assert table["value"].tolist() == [1.5, 3.25]
    assert table["below"].tolist() == [True, False]


def test_wide_form_halves_the_limit_and_divides_during_by_pre(tmp_path: Path) -> None:
    wide = widen_cytokines(
        read_cytokines(
            write(
                tmp_path,
                "P002,il6,pre,0,4,pg/mL,a",
                "P002,il6,during,44,6,pg/mL,a",
                "P001,il6,pre,0,<2,pg/mL,a",
                "P001,il6,during,44,3,pg/mL,a",
                "P003,il6,pre,0,<2,pg/mL,a",
                "P003,il6,during,44,<2,pg/mL,a",
                "P004,ace,pre,0,30,U/L,a",
            )
        )
    ).set_index("patient")
    assert wide.columns.tolist()[:5] == ["il6_pre", "il6_during", "il6_ratio", "il6_pre_below", "il6_during_below"]
    assert wide.loc["P001", ["il6_pre", "il6_during", "il6_ratio"]].tolist() == [1.0, 3.0, 3.0]
    assert wide.loc["P002", "il6_ratio"] == 1.5
    assert wide.loc["P003", ["il6_pre", "il6_during"]].tolist() == [1.0, 1.0]
    assert pd.isna(wide.loc["P003", "il6_ratio"])
    assert wide["il6_pre_below"].tolist() == [True, False, True, pd.NA]
    assert wide["ace_pre"].isna().tolist() == [True, True, True, False]
    assert wide["ace_during"].isna().all()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("P001,il-6,pre,0,3,pg/mL,a", "column cytokine): expected one of tgfb1, tnfa, il6, ace; found 'il-6'"),
        ("P001,il6,post,0,3,pg/mL,a", "column timepoint"),
        ('P001,il6,pre,0,"0,1",pg/mL,a', "column value): expected a positive number, or <x"),
        ("P001,il6,pre,0,<,pg/mL,a", "column value"),
        ("P001,il6,pre,0,0,pg/mL,a", "column value"),
        ("P001,il6,pre,0,n.d.,pg/mL,a", "column value"),
        ("P001,il6,pre,0,3,ng/mL,a", "column unit): expected pg/mL; found 'ng/mL'"),
        ("P001,ace,pre,0,3,pg/mL,a", "column unit): expected U/L; found 'pg/mL'"),
        ("P001,il6,pre,x,3,pg/mL,a", "column draw_dose_gy"),
    ],
)
def test_names_what_is_wrong(tmp_path: Path, row: str, words: str) -> None:
    text = faults_of(write(tmp_path, row))
    assert "P001 (cytokine table, line 2" in text
    assert words in text


def test_names_the_same_draw_twice(tmp_path: Path) -> None:
    text = faults_of(write(tmp_path, "P001,il6,pre,0,3,pg/mL,a", "P001,ace,pre,0,3,U/L,a", "P001,il6,pre,0,4,pg/mL,b"))
    assert "line 4" in text
    assert "il6, pre already on line 2" in text


def test_names_a_missing_column(tmp_path: Path) -> None:
    text = faults_of(write(tmp_path, "P001,il6,pre,0,3,a", header=HEADER.replace("unit,", "")))
    assert "expected a column 'unit'; found none" in text
