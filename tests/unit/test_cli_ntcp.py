"""``lungtox ntcp`` and ``lungtox models``: output and exit status."""

from __future__ import annotations

import json

import pytest
from pytest import approx

from lungtox.cli import main
from tests.unit.ntcp_cases import eqd2_toy, toy, write_table

RESEARCH = "Research use, not for treatment decisions."


def run(capsys, *arguments):
    try:
        status = main(list(arguments)) or 0
    except SystemExit as stop:
        status = stop.code or 0
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def test_mean_dose_as_text(capsys):
    status, out, _ = run(
        capsys, "ntcp", "--model", "quantec_logistic_2010", "--mld", "20", "--mld-quantity", "physical"
    )
    assert status == 0
    assert "NTCP 20.6 %" in out  # .2059, SCIENCE.md section 4
    assert RESEARCH in out and "Marks LB" in out


def test_mean_dose_as_json_with_factors(capsys):
    arguments = ["--mld", "20", "--mld-quantity", "physical", "--factor", "lung_disease=yes", "--json"]
    status, out, _ = run(capsys, "ntcp", "--model", "appelt_2014", *arguments)
    found = json.loads(out)
    odds = 2.27 * 0.1200 / (1 - 0.1200)  # reference risk .1200 and odds ratio 2.27, SCIENCE.md section 4
    assert status == 0
    assert found["ntcp"] == approx(odds / (1 + odds), abs=1e-4)
    assert found["factors"] == {"lung_disease": "yes"}
    assert found["factors_at_reference"] == ["age_y", "chemotherapy", "smoking", "tumour_site"]
    assert found["research_use"] == RESEARCH
    _, out, _ = run(capsys, "ntcp", "--model", "appelt_2014", *arguments[:-1])
    assert "factors: lung_disease yes" in out and "taken at reference, not given: age_y" in out


def test_dvh_table(capsys, tmp_path):
    path = write_table(
        tmp_path / "case.dvh.parquet", [("P001", toy()), ("P001", toy(structure="Lungs")), ("P001", eqd2_toy())]
    )
    status, out, _ = run(capsys, "ntcp", "--model", "seppenwoolde_2003", "--dvh", str(path), "--json")
    found = json.loads(out)
    assert (status, found["status"], found["quantity"], found["structure"]) == (0, "converted", "eqd2", "Lungs")
    assert found["ntcp"] == approx(0.088519, abs=2e-6)  # SCIENCE.md section 4
    status, out, _ = run(capsys, "ntcp", "--model", "quantec_probit_2010", "--dvh", str(path))
    assert status == 0
    assert "mean dose of Lungs-GTV 18.20 Gy, physical; applied" in out


def test_whole_lung_is_said(capsys, tmp_path):
    path = write_table(tmp_path / "case.dvh.parquet", [("P001", toy(structure="Lungs"))])
    _, out, _ = run(capsys, "ntcp", "--model", "quantec_logistic_2010", "--dvh", str(path))
    assert "warning: no GTV" in out


def test_structure_must_be_listed_or_allowed(capsys, tmp_path):
    path = write_table(tmp_path / "case.dvh.parquet", [("P001", toy())])
    status, _, err = run(capsys, "ntcp", "--model", "semenenko_2008", "--dvh", str(path))
    assert status == 1
    assert "expected a DVH of Lungs; found Lungs-GTV" in err
    status, out, _ = run(
        capsys, "ntcp", "--model", "semenenko_2008", "--dvh", str(path), "--allow-structure", "Lungs-GTV"
    )
    assert status == 0
    assert "allowed" in out and "made for Lungs, applied to Lungs-GTV" in out


def test_several_patients_in_a_table_are_refused(capsys, tmp_path):
    path = write_table(tmp_path / "case.dvh.parquet", [("P001", toy()), ("P002", toy())])
    status, _, err = run(capsys, "ntcp", "--model", "quantec_logistic_2010", "--dvh", str(path))
    assert status == 1
    assert "2 patients" in err


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--model", "quantec_logistic_2010"], 2, "give one of"),
        (["--model", "quantec_logistic_2010", "--mld", "20", "--dvh", "x"], 2, "give one of"),
        (["--model", "quantec_logistic_2010", "--mld", "20"], 2, "--mld-quantity"),
        (["--model", "quantec_logistic_2010", "--mld", "20", "--mld-quantity", "bed"], 2, "physical or eqd2"),
        (["--model", "quantec", "--mld", "20", "--mld-quantity", "physical"], 2, "no published model"),
        (["--model", "quantec_logistic_2010", "--mld", "2000", "--mld-quantity", "physical"], 1, "cGy"),
        (["--model", "quantec_logistic_2010", "--mld", "20", "--mld-quantity", "eqd2"], 1, "dose as physical"),
        (["--model", "seppenwoolde_2003", "--mld", "20", "--mld-quantity", "physical"], 1, "cannot be converted"),
        (["--model", "burman_1991", "--mld", "20", "--mld-quantity", "physical"], 1, "whole DVH"),
        (["--model", "martel_1994", "--mld", "20", "--mld-quantity", "physical"], 1, "--allow-unchecked"),
        (["--model", "quantec_logistic_2010", "--dvh", "nothing.parquet"], 1, "no such file"),
        (["--model", "quantec_logistic_2010", "--struct", "nothing.dcm"], 2, "--struct and --dose go together"),
        (["--model", "quantec_logistic_2010", "--struct", "no.dcm", "--dose", "no.dcm"], 1, "no such file"),
        (["--model", "seppenwoolde_2003", "--struct", "no.dcm", "--dose", "no.dcm"], 2, "--plan"),
        (["--mld", "20"], 2, ""),
    ],
)
def test_wrong_calls_say_what_is_wrong(capsys, arguments, status, words):
    found, out, err = run(capsys, "ntcp", *arguments)
    assert found == status
    assert words in err
    assert out == ""


@pytest.mark.parametrize(
    ("factor", "status", "words"),
    [
        ("smoking=unknown", 1, "never, former, current"),
        ("smoking", 2, "key=value"),
        ("sex=F", 2, "it uses age_y, chemotherapy, lung_disease, smoking, tumour_site"),
    ],
)
def test_wrong_factors_say_what_is_wrong(capsys, factor, status, words):
    base = ["ntcp", "--model", "appelt_2014", "--mld", "20", "--mld-quantity", "physical", "--factor", factor]
    found, _, err = run(capsys, *base)
    assert found == status
    assert words in err


def test_a_factor_twice_and_a_model_without_factors(capsys):
    base = ["--mld", "20", "--mld-quantity", "physical", "--factor", "age_y=70"]
    assert run(capsys, "ntcp", "--model", "appelt_2014", *base, "--factor", "age_y=71")[0] == 2
    status, _, err = run(capsys, "ntcp", "--model", "quantec_logistic_2010", *base)
    assert status == 2
    assert "it uses none" in err


def test_unchecked_model_when_allowed(capsys):
    base = ["ntcp", "--model", "martel_1994", "--mld", "20", "--mld-quantity", "physical", "--allow-unchecked"]
    status, _, err = run(capsys, *base)
    assert status == 1 and "whole DVH" in err
    status, out, _ = run(
        capsys, "ntcp", "--model", "kwa_1998", "--mld", "20", "--mld-quantity", "eqd2", "--allow-unchecked"
    )
    assert status == 0 and "19.4 %" in out  # .19408, SCIENCE.md section 4


def test_models_as_text(capsys):
    status, out, _ = run(capsys, "models")
    assert status == 0
    for words in ("quantec_logistic_2010", "b0 -3.87 (-4.49 to -3.33)", "Marks LB", "status      secondary", RESEARCH):
        assert words in out
    assert "lung_disease yes: odds ratio 2.27" in out
    assert "age_y > 63: odds ratio 1.66" in out
    assert "EQD2 (alpha/beta 2.5 or 3 Gy)" in out
    assert "used only when allowed by name" in out


def test_models_as_json(capsys):
    status, out, _ = run(capsys, "models", "--json")
    listed = {item["model"]: item for item in json.loads(out)}
    assert status == 0
    assert listed["quantec_logistic_2010"]["parameters"] == {"b0": -3.87, "b1": 0.126}
    assert all(item["citation"] and item["status"] for item in listed.values())
