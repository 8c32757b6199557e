"""``lungtox fractionate``: output, exit status, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lungtox.cli import main
from tests.unit.ntcp_cases import eqd2_toy, toy, write_table

GOAL = ["--tumour-alpha-beta", "10", "--bed", "84", "--reference-dose", "60"]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    try:
        status = main(["fractionate", *arguments]) or 0
    except SystemExit as stop:
        status = int(stop.code or 0)
    shown = capsys.readouterr()
    return status, shown.out, shown.err


@pytest.fixture
def table(tmp_path: Path) -> str:
    return str(write_table(tmp_path / "case.dvh.parquet", [("P001", toy()), ("P001", toy(structure="Heart"))]))


def test_json_has_the_schedules_of_the_sheet(capsys: pytest.CaptureFixture[str], table: str) -> None:
    # SCIENCE.md section 7: d(n), S1 .30333, S2 .1835; more fractions spare at r_O 3, fewer at 7.
    status, out, _ = run(
        capsys, "--dvh", table, "--organ", "Lungs-GTV:3:5%", "--organ", "Heart:7:1000%", *GOAL, "--json"
    )
    found = json.loads(out)
    assert status == 0
    doses = {row["fractions"]: row["fraction_gy"] for row in found["schedules"]}
    assert [doses[n] for n in (10, 20, 22, 35)] == pytest.approx([5.4403, 3.1854, 2.9487, 2.0], abs=5e-5)
    lungs, heart = found["organs"]["Lungs-GTV"], found["organs"]["Heart"]
    assert (lungs["s1"], lungs["s2"]) == pytest.approx((0.30333, 0.1835), abs=5e-6)
    assert (lungs["spared_by_more"], heart["spared_by_more"], heart["admissible"]) == (True, False, "10-35")
    assert found["admissible"] == lungs["admissible"]


def test_text_names_the_range_and_the_use(capsys: pytest.CaptureFixture[str], table: str) -> None:
    status, out, _ = run(capsys, "--dvh", table, "--organ", "Heart:2.5:1000%", *GOAL, "--target", "Lungs-GTV")
    assert status == 0
    assert "BED 84.00 Gy with alpha/beta 10 Gy, EQD2 70.00 Gy" in out
    assert "5.440" in out and "All organs: 10-35 fractions" in out
    assert "Research use" in out


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--bed", "84", "--reference-dose", "60"], 1, "a BED together with its alpha/beta"),
        ([*GOAL, "--fractions", "10-200"], 1, "a whole number of fractions from 1 to 100"),
        ([*GOAL, "--eqd2", "70"], 2, "exactly one of eqd2_gy, bed_gy and schedule"),
        ([*GOAL, "--organ", "Heart"], 2, "NAME:ALPHA_BETA:RULE"),
        ([*GOAL, "--target", "PTV"], 1, "a structure 'PTV'"),
        (["--tumour-alpha-beta", "10", "--bed", "84"], 1, "the total dose of the plan"),
        (["--tumour-alpha-beta", "10", "--bed", "84", "--reference-dose", "0.6"], 1, "reference dose"),
    ],
)
def test_refusals(
    capsys: pytest.CaptureFixture[str], table: str, arguments: list[str], status: int, words: str
) -> None:
    found, _, error = run(capsys, "--dvh", table, "--organ", "Lungs-GTV:3:5%", *arguments)
    assert found == status
    assert words in error


def test_a_dvh_of_eqd2_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = write_table(tmp_path / "case.dvh.parquet", [("P001", eqd2_toy())])
    status, _, error = run(capsys, "--dvh", str(path), "--organ", "Lungs:3:5%", *GOAL)
    assert status == 1
    assert "a DVH of physical dose; found eqd2" in error
