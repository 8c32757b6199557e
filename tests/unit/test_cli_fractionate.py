"""``lungtox fractionate``: output, exit status, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lungtox.cli import main
from lungtox.dose import Dvh, dvh_from_samples
from tests.unit import box_patient, dvh_texts
from tests.unit.ntcp_cases import eqd2_toy, toy, write_table

GOAL = ["--tumour-alpha-beta", "10", "--bed", "84", "--reference-dose", "60"]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    try:
        status = main(["fractionate", *arguments]) or 0
    except SystemExit as stop:
        status = int(stop.code or 0)
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def no_dose() -> Dvh:
    return dvh_from_samples([0.0, 0.0], [1.0, 1.0], structure="Eye")


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
    # S2/S1 .605 against 2.5/10: more fractions spare it, but not those that repopulation asks more dose for.
    assert "more fractions spare it;" in out
    _, out, _ = run(capsys, "--dvh", table, "--organ", "Heart:2.5:1000%", *GOAL, "--repopulation", "0.6,28")
    assert "more fractions spare it, repopulation apart;" in out
    assert "Research use" in out


def test_risk_beside_the_effect(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    # SCIENCE.md section 4: Seppenwoolde 2003 on the toy DVH in EQD2 (N 30, r 3): .088519.
    path = write_table(tmp_path / "case.dvh.parquet", [("P001", toy(structure="Lungs"))])
    goal = ["--tumour-alpha-beta", "10", "--schedule", "30x2", "--reference-dose", "60", "--fractions", "29-30"]
    arguments = ["--dvh", str(path), "--organ", "Lungs:3:5%", *goal, "--ntcp", "seppenwoolde_2003=Lungs"]
    status, out, _ = run(capsys, *arguments, "--json")
    assert status == 0
    assert json.loads(out)["schedules"][1]["ntcp"]["seppenwoolde_2003"] == pytest.approx(0.088519, abs=2e-4)
    _, out, _ = run(capsys, *arguments)
    assert "8.9" in out and "seppenwoolde_2003, Lungs: converted" in out
    other = write_table(tmp_path / "other.dvh.parquet", [("P001", toy()), ("P001", no_dose())])
    named = ["--dvh", str(other), "--organ", "Lungs-GTV:3:5%", "--organ", "Eye:3:5%", *GOAL, "--ntcp",
             "seppenwoolde_2003=Lungs-GTV"]  # fmt: skip
    status, _, error = run(capsys, *named)
    assert status == 1 and "--allow-structure Lungs-GTV" in error
    status, out, _ = run(capsys, *named, "--allow-structure", "Lungs-GTV")
    assert status == 0 and "made for Lungs, applied to Lungs-GTV" in out
    assert "*: extrapolated; 5.44 Gy per fraction" in out
    assert "Eye: alpha/beta 3 Gy, no dose; effect up to 0.00 Gy: 10-35" in out
    status, _, error = run(capsys, *arguments[:-1], "quantec_logistic_2010=Lungs")
    assert status == 1 and "knows no fractionation" in error
    status, _, error = run(capsys, *arguments[:-1], "seppenwoolde_2003=Heart")
    assert status == 2 and "MODEL=NAME" in error


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--bed", "84", "--reference-dose", "60"], 1, "a BED together with its alpha/beta"),
        ([*GOAL, "--fractions", "10-200"], 1, "a whole number of fractions from 1 to 100"),
        ([*GOAL, "--eqd2", "70"], 2, "exactly one of eqd2_gy, bed_gy and schedule"),
        ([*GOAL, "--organ", "Heart"], 2, "NAME:ALPHA_BETA:RULE"),
        ([*GOAL, "--organ", "Heart:0:5%"], 2, "organs Heart alpha_beta_gy: Input should be greater than 0"),
        ([*GOAL, "--organ", "Lungs-GTV:4:5%"], 2, "each organ once, got Lungs-GTV"),
        (["--tumour-alpha-beta", "10", "--schedule", "35x200", "--reference-dose", "60"], 1, "not in cGy"),
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


def test_a_planning_systems_export_is_taken(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    # dvh_texts: the lung evenly from 10 to 30 Gy: of 40 Gy S1 is 20/40, S2 (30^3 - 10^3)/(3 x 20)/40^2.
    path = tmp_path / "export.csv"
    path.write_text(dvh_texts.wide(), encoding="utf-8")
    goal = ["--tumour-alpha-beta", "10", "--schedule", "20x2", "--reference-dose", "40"]
    name = dvh_texts.LUNG[0]
    status, out, error = run(capsys, "--dvh", str(path), "--organ", f"{name}:3:5%", *goal, "--json")
    assert status == 0, error
    organ = json.loads(out)["organs"][name]
    assert (organ["s1"], organ["s2"]) == pytest.approx((0.5, 26000 / 60 / 1600), abs=2e-4)


def test_dicom_files_are_taken_with_the_prescription_of_the_plan(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    # box_patient: GTV evenly from 25 to 27 Gy in both cases; relative to its mean S1 is 1, S2 1 + (2/26)^2/12.
    box_patient.write(tmp_path, {"P1": {}})
    files = ["--struct", str(tmp_path / "P1/structures.dcm"), "--dose", str(tmp_path / "P1/dose.dcm")]
    goal = ["--organ", "gtv:3:5%", "--tumour-alpha-beta", "10", "--eqd2", "50"]
    status, out, error = run(capsys, *files, *goal, "--reference-dose", "26", "--repopulation", "0.6,28", "--json")
    assert status == 0, error
    found = json.loads(out)
    assert (found["organs"]["gtv"]["s1"], found["organs"]["gtv"]["s2"]) == pytest.approx(
        (1.0, 1 + (2 / 26) ** 2 / 12), abs=1e-4
    )
    # 35 fractions take 46 days, 18 beyond day 28: 10.8 Gy of BED more than the goal of 60 Gy.
    assert found["schedules"][-1]["bed_given_gy"] == pytest.approx(70.8)
    status, _, error = run(capsys, *files, "--organ", "Lung:3:5%", *goal[2:], "--reference-dose", "26")
    assert status == 1 and "a structure 'Lung'" in error
    status, _, error = run(capsys, *files, *goal)
    assert status == 1 and "the total dose of the plan" in error
    status, _, error = run(capsys, *files[:2], *goal)
    assert status == 2 and "--struct and --dose go together" in error
