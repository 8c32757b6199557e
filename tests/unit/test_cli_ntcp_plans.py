"""``lungtox ntcp``: intervals, two plans compared, own fits, fractionation, sensitivity to alpha/beta."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pytest import approx
from scipy.stats import norm

from lungtox.cli import main
from lungtox.ntcp import fit_ntcp, fit_ntcp_time, fit_to_json, ntcp_curve
from lungtox.tables import write_csv
from tests.unit.ntcp_cases import TOY_DOSE_GY, dvh, lkb_outcomes, lung_dvhs, point_dvh, toy, write_table

MEAN = ["--mld-quantity", "physical"]
QUANTEC = ["ntcp", "--model", "quantec_logistic_2010"]


def run(capsys, *arguments):
    try:
        status = main(list(arguments)) or 0
    except SystemExit as stop:
        status = stop.code or 0
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def answer(capsys, *arguments):
    status, out, err = run(capsys, *arguments, "--json")
    assert status == 0, err
    return json.loads(out)


@pytest.fixture(scope="module")
def plans(tmp_path_factory):
    """The toy as plan A, and with 70 % of its dose as plan B."""
    folder = tmp_path_factory.mktemp("plans")
    scaled = point_dvh(np.array(TOY_DOSE_GY) * 0.7, [2.0] * 10, structure="Lungs")
    larger = point_dvh(TOY_DOSE_GY, [2.2] * 10, structure="Lungs")
    tables = {
        "a": [("P001", toy(structure="Lungs")), ("P001", toy())],
        "b": [("P001", scaled)],
        "larger": [("P001", larger)],
        "gtv_out": [("P001", toy())],
    }
    return {name: str(write_table(folder / f"{name}.dvh.parquet", rows)) for name, rows in tables.items()}


def test_a_case_has_its_interval(capsys):
    found = answer(capsys, "ntcp", "--model", "semenenko_2008", "--mld", "20", *MEAN)
    # Corners Phi((20 - 31.8)/(.38 31.8)) and Phi((20 - 28.2)/(.45 28.2)): test_ntcp_uncertainty.py.
    interval = found["interval"]
    assert (interval["low"], interval["high"]) == (approx(0.1644, abs=2e-3), approx(0.2591, abs=2e-3))
    assert (found["no_interval"], interval["varied"], interval["level"]) == (None, ["td50_gy", "m"], 0.95)
    _, out, _ = run(capsys, "ntcp", "--model", "semenenko_2008", "--mld", "20", *MEAN)
    assert "NTCP 21.0 % (95 % interval 16." in out
    assert "printed intervals of TD50 and m; correlation of TD50 and m not known: every one covered" in out


def test_no_interval_is_invented(capsys):
    found = answer(capsys, "ntcp", "--model", "quantec_probit_2010", "--mld", "20", *MEAN)
    assert (found["interval"], found["no_interval"]) == (None, "none is on record for TD50 and m")
    _, out, _ = run(capsys, "ntcp", "--model", "quantec_probit_2010", "--mld", "20", *MEAN)
    assert "NTCP 21.0 %, no interval" in out and "no interval: none is on record for TD50 and m" in out


def test_a_known_correlation_narrows_the_interval(capsys):
    wide = answer(capsys, *QUANTEC, "--mld", "20", *MEAN)["interval"]
    known = answer(capsys, *QUANTEC, "--mld", "20", *MEAN, "--correlation", "-0.95")["interval"]
    assert wide["low"] < known["low"] < 0.2059 < known["high"] < wide["high"]


def test_two_plans_as_mean_doses(capsys):
    found = answer(capsys, "ntcp", "--model", "semenenko_2008", "--compare", "18.2", "12.74", *MEAN)
    a, b = (norm.cdf((dose - 29.9) / (0.41 * 29.9)) for dose in (18.2, 12.74))
    assert [plan["plan"] for plan in found["plans"]] == ["A", "B"]
    assert [plan["ntcp"] for plan in found["plans"]] == approx([a, b])
    difference = found["difference"]
    assert difference["ntcp"] == approx(a - b) and difference["of"] == "A - B"
    assert 0 < difference["interval"]["low"] < a - b < difference["interval"]["high"]
    back = answer(capsys, "ntcp", "--model", "semenenko_2008", "--compare", "12.74", "18.2", *MEAN)["difference"]
    assert back["ntcp"] == approx(b - a)
    assert back["interval"]["low"] == approx(-difference["interval"]["high"])


@pytest.mark.parametrize(
    ("points", "reached", "is_open"), [("5", True, False), ("9", False, True), ("12", False, False)]
)
def test_a_threshold_for_the_choice_of_a_plan(capsys, points, reached, is_open):
    # A - B is 8.9 points (7.3 to 10.4): Phi((18.2 - 29.9)/12.259) - Phi((12.74 - 29.9)/12.259), corners above.
    arguments = ["ntcp", "--model", "semenenko_2008", "--compare", "18.2", "12.74", *MEAN, "--threshold", points]
    found = answer(capsys, *arguments)["difference"]["threshold"]
    assert (found["reached"], found["open"]) == (reached, is_open)
    _, out, _ = run(capsys, *arguments)
    assert ("leaves it open" if is_open else "the interval agrees") in out


def test_two_plans_as_dvh_tables(capsys, plans):
    found = answer(capsys, "ntcp", "--model", "semenenko_2008", "--compare", plans["a"], plans["b"])
    means = answer(capsys, "ntcp", "--model", "semenenko_2008", "--compare", "18.2", "12.74", *MEAN)
    assert found["difference"]["ntcp"] == approx(means["difference"]["ntcp"], abs=1e-6)
    assert found["difference"]["interval"]["low"] == approx(means["difference"]["interval"]["low"], abs=1e-6)
    assert found["warnings"] == []
    _, out, _ = run(capsys, "ntcp", "--model", "semenenko_2008", "--compare", plans["a"], plans["b"])
    assert "difference A - B: 8.9 percentage points (95 % interval 7." in out
    assert "plan A: NTCP 17.0 %" in out and "plan B: NTCP 8.1 %" in out and "same draws" in out
    assert "Research use" in out


def test_two_plans_without_an_interval_and_with_unlike_contours(capsys, plans):
    arguments = ["--compare", plans["a"], plans["larger"], "--fractions", "30"]
    found = answer(capsys, "ntcp", "--model", "seppenwoolde_2003", *arguments)
    assert found["difference"]["ntcp"] == approx(0.0, abs=1e-9)
    assert found["difference"]["interval"] is None and "none is on record" in found["difference"]["no_interval"]
    assert found["warnings"] == ["Lungs has 20 and 22 cc: the same contours in both plans?"]
    assert found["plans"][0]["ntcp"] == approx(0.088519, abs=5e-6)  # SCIENCE.md section 4, EQD2 bin by bin


def test_plans_of_different_structures_are_refused(capsys, plans):
    status, out, err = run(capsys, *QUANTEC, "--compare", plans["gtv_out"], plans["b"])
    assert (status, out) == (1, "")
    assert "Lungs-GTV in A, Lungs in B" in err


def test_different_fractionation_of_plans_is_said(capsys):
    found = answer(
        capsys, *QUANTEC, "--compare", "18", "12", *MEAN, "--dose-per-fraction", "2", "--dose-per-fraction", "2.75"
    )
    assert found["warnings"] == ["2 and 2.75 Gy per fraction: a model in physical dose does not see that"]
    assert [plan["dose_per_fraction_gy"] for plan in found["plans"]] == [2.0, 2.75]


def test_sbrt_is_refused_unless_allowed_and_then_labelled(capsys):
    sbrt = [*QUANTEC, "--mld", "5", *MEAN, "--dose-per-fraction", "18"]
    status, out, err = run(capsys, *sbrt)
    assert (status, out) == (1, "")
    assert "expected at most 3 Gy per fraction; found 18 Gy per fraction" in err and "--allow-fractionation" in err
    found = answer(capsys, *sbrt, "--allow-fractionation")
    assert found["status"] == "allowed" and "18 Gy per fraction, but the model was made for" in found["note"]
    assert answer(capsys, *QUANTEC, "--mld", "5", *MEAN, "--dose-per-fraction", "2.5")["status"] == "applied"
    _, out, _ = run(capsys, *QUANTEC, "--mld", "5", *MEAN)
    assert "dose per fraction not known, taken as conventional" in out


def test_a_lung_that_gets_more_each_time_than_any_conventional_plan_is_refused(capsys, plans):
    # The toy's maximum is 60 Gy: 12 Gy in each of 5 fractions.
    status, _, err = run(capsys, *QUANTEC, "--dvh", plans["a"], "--fractions", "5")
    assert status == 1 and "12 Gy per fraction" in err
    assert run(capsys, *QUANTEC, "--dvh", plans["a"], "--fractions", "30")[0] == 0


def test_sensitivity_to_alpha_beta(capsys, plans):
    arguments = ["ntcp", "--model", "seppenwoolde_2003_mean", "--dvh", plans["a"], "--fractions", "30"]
    found = answer(capsys, *arguments, "--alpha-beta", "2:4")
    rows = found["alpha_beta"]
    assert [row["alpha_beta_gy"] for row in rows] == [2.0, 2.5, 3.0, 3.5, 4.0]
    assert [row["own"] for row in rows] == [False, False, True, False, False]
    # Mean EQD2 by hand (test_ntcp_alpha_beta.py): 14.605, 15.324, 15.8033; NTCP = Phi((mean - 30.8)/(.37 30.8)).
    assert [rows[place]["dose_gy"] for place in (0, 2, 4)] == approx([14.605, 15.324, 15.8033], abs=1e-3)
    assert rows[4]["ntcp"] == approx(norm.cdf((15.8033 - 30.8) / (0.37 * 30.8)), abs=1e-4)
    assert rows[2]["ntcp"] == approx(found["ntcp"])
    _, out, _ = run(capsys, *arguments, "--alpha-beta", "2,3")
    assert "3      15.32  8.7 %, no interval  (the model's own)" in out


def test_an_own_fit_is_applied_and_compared(capsys, tmp_path):
    rng = np.random.default_rng(5)
    dvhs = lung_dvhs(150, rng)
    fit = fit_ntcp(dvhs, lkb_outcomes(dvhs, rng, td50_gy=16.0), model="lkb", fixed={"n": 1.0})
    path = tmp_path / "fit.json"
    path.write_text(json.dumps(fit_to_json(fit, name="own")), encoding="utf-8")
    write_csv(ntcp_curve(fit), tmp_path / "curve.csv")
    found = answer(capsys, "ntcp", "--fit", str(path), "--compare", "15", "10", *MEAN)
    assert found["difference"]["ntcp"] == approx(float(np.diff(fit.ntcp_at([10.0, 15.0]))[0]))
    assert found["difference"]["interval"]["low"] > 0
    assert found["checked"] == "fit"
    far = answer(capsys, "ntcp", "--fit", str(path), "--mld", "60", *MEAN)
    assert any("extrapolation" in text for text in far["warnings"])


def test_a_fit_by_its_folder_and_one_with_times(capsys, tmp_path):
    """With times: NTCP at complete follow-up; parameters of the latency say when, not whether."""
    rng = np.random.default_rng(5)
    dvhs = [dvh(item.volume_cc.reshape(-1, 10).sum(axis=1), bin_width_gy=1.0) for item in lung_dvhs(100, rng)]
    days = np.where(lkb_outcomes(dvhs, rng, td50_gy=16.0) == 1, np.exp(rng.normal(4.5, 0.4, 100)), 400.0)
    timed = fit_ntcp_time(dvhs, days, (days < 400.0).astype(int), fixed={"n": 1.0}, intervals=False)
    content = {**fit_to_json(timed.fit, name="own"), "time": {"deaths": 0}}
    (tmp_path / "fit.json").write_text(json.dumps(content), encoding="utf-8")
    found = answer(capsys, "ntcp", "--fit", str(tmp_path), "--mld", "12", *MEAN)
    assert found["ntcp"] == approx(float(timed.fit.ntcp_at(12.0)))
    assert "at complete follow-up" in run(capsys, "ntcp", "--fit", str(tmp_path), "--mld", "12", *MEAN)[1]


def test_wrong_doses_and_parameters_are_named(capsys, tmp_path):
    """Dose in cGy, the DVH of another structure, a fit with a parameter outside its range."""
    volume = lung_dvhs(1, np.random.default_rng(1))[0].volume_cc
    in_cgy = write_table(tmp_path / "cgy.dvh.parquet", [("P1", dvh(volume, bin_width_gy=10.0))])
    status, out, err = run(capsys, *QUANTEC, "--dvh", str(in_cgy))
    assert (status, out) == (1, "") and "expected a mean dose in Gy" in err and "Divide by 100" in err
    heart = write_table(tmp_path / "heart.dvh.parquet", [("P1", dvh(volume, structure="Heart"))])
    status, out, err = run(capsys, *QUANTEC, "--dvh", str(heart))
    assert (status, out) == (1, "") and "found Heart" in err and "--allow-structure Heart" in err
    content = {
        "ntcp": "own", "model": "lkb", "structure": "Lungs-GTV", "converged": True, "n": 50, "events": 20,
        "parameters": [
            {"parameter": name, "estimate": value, "derived": False, "fixed": False}
            for name, value in (("td50_gy", 30.0), ("m", 0.001), ("n", 1.0))
        ],
    }  # fmt: skip
    (tmp_path / "fit.json").write_text(json.dumps(content), encoding="utf-8")
    status, out, err = run(capsys, "ntcp", "--fit", str(tmp_path / "fit.json"), "--mld", "12", *MEAN)
    assert (status, out) == (1, "") and "expected m from 0.02 to 10; found 0.001" in err


def test_a_functional_fit_takes_functional_doses_only(capsys, tmp_path, plans):
    rng = np.random.default_rng(6)
    dvhs = lung_dvhs(80, rng, weighting="functional:40%max")
    fit = fit_ntcp(dvhs, lkb_outcomes(dvhs, rng, td50_gy=14.0), model="lkb", fixed={"n": 1.0})
    path = tmp_path / "fit.json"
    path.write_text(json.dumps(fit_to_json(fit, name="own")), encoding="utf-8")
    table = write_table(tmp_path / "case.dvh.parquet", [("P001", dvhs[0]), ("P001", toy())])
    found = answer(capsys, "ntcp", "--fit", str(path), "--dvh", str(table))
    assert found["ntcp"] == approx(float(fit.predict([dvhs[0]])[0]))
    status, _, err = run(capsys, "ntcp", "--fit", str(path), "--dvh", plans["a"])
    assert status == 1 and "a DVH of weighting functional:40%max" in err
    assert run(capsys, "ntcp", "--fit", str(path), "--struct", "s.dcm", "--dose", "d.dcm")[0] == 2
    text = run(capsys, "ntcp", "--fit", str(path), "--dvh", str(table))[1]
    assert "mean dose of Lungs-GTV (functional:40%max)" in text
    assert "functional:40%max" in answer(capsys, "ntcp", "--fit", str(path), "--mld", "12", *MEAN)["note"]


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--mld", "20", *MEAN], 2, "give one of --model"),
        (["--model", "quantec_logistic_2010", "--fit", "x", "--mld", "20", *MEAN], 2, "give one of --model"),
        (["--fit", "nothing.json", "--mld", "20", *MEAN], 1, "no such file"),
        ([*QUANTEC[1:], "--compare", "18", "12"], 2, "--mld-quantity"),
        ([*QUANTEC[1:], "--compare", "18", "plan.parquet", *MEAN], 2, "not one of each"),
        ([*QUANTEC[1:], "--compare", "18", "12", *MEAN, "--mld", "3"], 2, "--compare names both plans"),
        ([*QUANTEC[1:], "--compare", "1800", "1200", *MEAN], 1, "cGy"),
        ([*QUANTEC[1:], "--compare", "a.dvh.parquet", "b.dvh.parquet"], 1, "no such file"),
        ([*QUANTEC[1:], "--compare", "a", "b", "--plan", "p"], 2, "--plan twice"),
        ([*QUANTEC[1:], "--mld", "18", *MEAN, "--dose-per-fraction", "2", "--dose-per-fraction", "3"], 2, "once"),
        ([*QUANTEC[1:], "--mld", "18", *MEAN, "--alpha-beta", "2:4"], 2, "takes physical dose"),
        (["--model", "seppenwoolde_2003", "--mld", "18", "--mld-quantity", "eqd2", "--alpha-beta", "2:4"], 2, "DVH"),
        (["--model", "seppenwoolde_2003", "--mld", "18", "--mld-quantity", "eqd2", "--correlation", "0.5"], 2, "two"),
        ([*QUANTEC[1:], "--mld", "18", *MEAN, "--correlation", "2"], 2, "-1 to 1"),
        ([*QUANTEC[1:], "--mld", "18", *MEAN, "--threshold", "10"], 2, "--compare"),
    ],
)
def test_wrong_calls_say_what_is_wrong(capsys, arguments, status, words):
    found, out, err = run(capsys, "ntcp", *arguments)
    assert (found, out) == (status, "")
    assert words in err


@pytest.mark.parametrize("text", ["2-4", "0:4", "2:", "3,3", "a,b"])
def test_alpha_betas_are_read_or_refused(capsys, plans, text):
    arguments = ["--dvh", plans["a"], "--fractions", "30", "--alpha-beta", text]
    status, _, err = run(capsys, "ntcp", "--model", "seppenwoolde_2003", *arguments)
    assert status == 2 and "--alpha-beta takes" in err


def test_physical_dose_without_fractions_is_no_eqd2(capsys, plans):
    status, _, err = run(capsys, "ntcp", "--model", "seppenwoolde_2003", "--dvh", plans["a"])
    assert status == 1 and "expected dose as eqd2; found physical" in err and "--fractions" in err
