"""NTCP fits with times in the workflow: days of the analysis table, the scripts, the figure, the report."""

from __future__ import annotations

import importlib.util
from argparse import Namespace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from pytest import approx
from scipy.stats import lognorm

from lungtox.errors import InputError, ParameterError
from lungtox.figures.config import FiguresSettings
from lungtox.models import cumulative_incidence
from lungtox.ntcp import compare_fits, concordance, course_table, fit_ntcp_tables, fit_ntcp_time, validate_ntcp_time
from lungtox.ntcp.config import NtcpFitSettings
from lungtox.ntcp.time_cohort import with_times, without_time
from lungtox.report.contents import report_sections
from lungtox.report.ntcp_section import latency_sentence, ntcp_sentence
from lungtox.report.ntcp_tables import comparison_blocks
from lungtox.report.results import read_results
from lungtox.tables import read_csv, read_json, write_csv
from tests.report_numbers import untraced
from tests.unit.ntcp_cases import dvh, lkb_outcomes, lung_dvhs, write_table

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
PATIENTS, WINDOW_MONTHS, DAYS_PER_MONTH = 80, 6, 30.4375
FIRST, WEEKS = date(2015, 3, 2), 6


def made_dates(patients, rng):
    """DVHs and an analysis table: LKB outcomes, latency log-normal from the start of RT, 15 % lost, 10 % dead early."""
    fine = lung_dvhs(patients, rng)
    dvhs = [dvh(item.volume_cc.reshape(-1, 10).sum(axis=1), bin_width_gy=1.0) for item in fine]
    gets = lkb_outcomes(dvhs, rng, td50_gy=15.0, m=0.4, n=1.0) == 1
    comes = np.where(gets, np.round(100.0 * np.exp(0.4 * rng.normal(size=patients))), np.inf)
    end_d = WEEKS * 7 + WINDOW_MONTHS * DAYS_PER_MONTH
    leaves = np.where(rng.random(patients) < 0.25, np.round(rng.uniform(45, 200, patients)), np.inf)
    dead = rng.random(patients) < 0.4
    rows = []
    for number in range(patients):
        came, left = comes[number], leaves[number]
        status = (
            "yes"
            if came <= min(left, end_d)
            else "no"
            if left >= end_d
            else "competing"
            if dead[number]
            else "censored"
        )
        until = min(came, left, end_d)
        rows.append(
            {
                "patient": f"P{number:03d}", "rp": {"yes": 1, "no": 0}.get(status, pd.NA), "rp_status": status,
                "time_months": max(until - WEEKS * 7, 0.0) / DAYS_PER_MONTH,
                "rt_start_date": FIRST.isoformat(), "rt_end_date": (FIRST + timedelta(weeks=WEEKS)).isoformat(),
                "rp_date": (FIRST + timedelta(days=came)).isoformat() if status == "yes" else np.nan,
            }
        )  # fmt: skip
    return dvhs, pd.DataFrame(rows).astype({"rp": "Int64"})


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    dvhs, table = made_dates(PATIENTS, np.random.default_rng(5))
    path = tmp_path_factory.mktemp("time") / "model_dvhs.parquet"
    write_table(path, list(zip(table["patient"], dvhs, strict=True)))
    return path, table, dvhs


def settings(**changes):
    return NtcpFitSettings(**{"model": "lkb", "fixed": {"n": 1.0}, "structure": "Lungs-GTV", "time": True, **changes})


@pytest.fixture(scope="module")
def timed(cohort):
    table = with_times(cohort[1], start="rt_end", who="f")
    return fit_ntcp_time(cohort[2], table["time_d"], table["event"].astype(float), fixed={"n": 1.0})


def test_days_run_from_the_first_day_of_radiotherapy():
    """By hand; RT from 2 March to 13 April 2015 (42 d), window of 6 months from its end."""
    table = pd.DataFrame(
        {
            "rp_status": ["yes", "yes", "no", "censored", "competing", "censored"],
            "time_months": [2.0, 0.0, 6.0, 1.0, 3.0, 0.0],
            "rt_start_date": ["2015-03-02"] * 5 + [None], "rt_end_date": ["2015-04-13"] * 6,
            "rp_date": ["2015-06-13", "2015-04-01", None, None, None, None],
        }
    )  # fmt: skip
    found = with_times(table, start="rt_end", who="f")
    # 13 June is day 103; 1 April, during RT, day 30; 42 d and 6, 1 and 3 months of 30.4375 d.
    assert found["time_d"].tolist()[:5] == approx([103.0, 30.0, 224.625, 72.4375, 133.3125])
    assert found["event"].tolist() == [1, 1, 0, 0, 2, 0]
    assert without_time(found).tolist() == [False] * 5 + [True]
    from_start = with_times(table, start="rt_start", who="f")
    assert from_start["time_d"].tolist()[:3] == approx([103.0, 30.0, 182.625])
    with pytest.raises(InputError, match=r"config: ntcp.fits.a.time: expected .*found no rp_date"):
        with_times(table.drop(columns="rp_date"), start="rt_end", who="ntcp.fits.a")


def script(name):
    """The main of a script of the workflow."""
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


@pytest.fixture(scope="module")
def written(cohort, tmp_path_factory):
    """Files of the script that fits, by name."""
    folder = tmp_path_factory.mktemp("fit")
    write_csv(cohort[1], folder / "analysis.csv")
    outputs = {
        name: str(folder / f"{name}.{'json' if name == 'fit' else 'csv'}")
        for name in ("fit", "predictions", "curve", "bins", "surface", "intervals", "validation", "course")
    }
    wanted = settings(bootstrap=3).model_dump_json()
    script("fit_ntcp")(
        Namespace(dvh=cohort[0], cohort=folder / "analysis.csv", name="lkb_time", settings=wanted, start="rt_end",
                  seed="1", **outputs)
    )  # fmt: skip
    return outputs


def test_the_tables_are_those_of_the_fit_and_use_those_without_an_outcome(cohort, timed, written):
    path, table, _ = cohort
    fit, unknown = read_json(written["fit"]), int(table["rp"].isna().sum())
    assert unknown >= 10
    assert (fit["n"], fit["events"]) == (PATIENTS, int((table["rp"] == 1).sum()))
    assert int(read_csv(written["predictions"])["rp"].isna().sum()) == unknown
    assert fit["loglik"] == approx(timed.fit.loglik, abs=1e-8)
    assert len(read_csv(written["curve"])) > 10
    assert len(read_csv(written["bins"])) == 0
    assert read_csv(written["validation"])["measure"].tolist() == ["concordance"]
    deaths, lost = (int((table["rp_status"] == name).sum()) for name in ("competing", "censored"))
    assert (fit["time"]["deaths"], fit["time"]["lost"]) == (deaths, lost)
    assert any(f"{unknown} patients whose outcome is not known" in text for text in fit["warnings"])
    plain = fit_ntcp_tables(path, cohort=table, name="f", settings=settings(time=False), rng=np.random.default_rng(0))
    assert (plain.fit["n"], plain.fit["time"], len(plain.course)) == (PATIENTS - unknown, None, 0)


def test_the_course_is_the_log_normal_and_kaplan_meier(timed):
    course = course_table(timed).set_index("time_d")
    latency = lognorm(timed.sigma, scale=timed.median_d)
    assert course["share"].to_numpy() == approx(latency.cdf(course.index.to_numpy(dtype=float)))
    assert course["predicted"].to_numpy() == approx(timed.fit.fitted.mean() * course["share"].to_numpy())
    kaplan_meier = cumulative_incidence(timed.time_d, timed.had.astype(int))
    assert course.loc[150.0, "observed"] == approx(kaplan_meier.at(150.0)[0])
    assert (course["share_low"] <= course["share"]).all()
    assert (course["share"] <= course["share_high"]).all()
    assert course["at_risk"].iloc[0] == timed.fit.n


def test_concordance_by_hand():
    """Pairs with the first complication known: (1,2) right, (1,3) right, (1,4) wrong, (3,4) tie, 2 is lost at once."""
    risk, time = np.array([0.6, 0.2, 0.5, 0.7]), np.array([10.0, 20.0, 30.0, 40.0])
    had = np.array([True, False, True, False])
    assert concordance(risk, time, had) == approx(2 / 4)  # 1: 2 and 3 right, 4 wrong; 3: 4 wrong
    assert concordance(np.full(4, 0.3), time, had) == 0.5
    assert np.isnan(concordance(risk, time, np.zeros(4, dtype=bool)))


def test_concordance_is_that_of_lifelines(timed):
    from lifelines.utils import concordance_index

    risk = timed.fit.fitted
    assert concordance(risk, timed.time_d, timed.had) == approx(concordance_index(timed.time_d, -risk, timed.had))


def test_resamples_give_intervals_around_the_estimates(timed):
    found = validate_ntcp_time(timed, resamples=8, rng=np.random.default_rng(1))
    intervals = found.intervals.set_index("quantity")
    assert {"td50_gy", "m", "latency_median_d", "latency_sigma"} <= set(intervals.index)
    assert intervals.loc["latency_median_d", "low"] < timed.median_d < intervals.loc["latency_median_d", "high"]
    (row,) = found.measures.to_dict("records")
    assert row["corrected"] == approx(row["apparent"] - row["optimism"])
    assert row["apparent"] == approx(concordance(timed.fit.fitted, timed.time_d, timed.had))
    with pytest.raises(ParameterError, match="at least 1"):
        validate_ntcp_time(timed, resamples=0, rng=np.random.default_rng(1))


def test_settings_know_the_latency():
    assert settings(fixed={"n": 1.0, "latency_sigma": 0.4}).fixed["latency_sigma"] == 0.4
    with pytest.raises(ValidationError, match="lkb has no parameter latency_sigma; it has td50_gy, m, n"):
        settings(time=False, fixed={"latency_sigma": 0.4})


def test_the_figure_and_the_report_say_when_it_comes(written, tmp_path):
    fit, figures = read_json(written["fit"]), FiguresSettings().model_dump_json()
    script("plot_ntcp_time")(
        Namespace(fits=[written["fit"]], courses=[written["course"]], settings=figures, stem=str(tmp_path / "figure"))
    )
    drawn = read_csv(tmp_path / "figure.csv")
    assert (tmp_path / "figure.svg").stat().st_size > 5000
    median = next(part["estimate"] for part in fit["parameters"] if part["parameter"] == "latency_median_d")
    assert drawn["median_d"].unique() == approx([median])
    words = latency_sentence(fit)
    assert f"half of the RP comes within {median:.0f} d" in words
    assert f"predicted {100 * fit['time']['predicted']:.1f} %" in words
    assert "at complete follow-up" in ntcp_sentence(fit)
    assert latency_sentence({**fit, "time": None}) == ""


def test_every_number_that_the_report_says_of_it_stands_in_its_files(written, tmp_path):
    for name in ("fit", "intervals", "validation"):
        path = tmp_path / "ntcp/lkb_time" / Path(written[name]).name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(Path(written[name]).read_bytes())
    analysis = Path(written["fit"]).with_name("analysis.csv")
    (tmp_path / "cohort").mkdir()
    (tmp_path / "cohort/analysis.csv").write_bytes(analysis.read_bytes())
    config = {"ntcp": {"fits": {"lkb_time": {"time": True}}}, "endpoint": {"grade": 2, "window_months": WINDOW_MONTHS}}
    sections = [one for one in report_sections(read_results(tmp_path, config)) if one.name == "ntcp"]
    tables = {block.name for block in sections[0].blocks if block.kind == "table"}
    assert {"ntcp-parameters", "ntcp-bootstrap-lkb_time", "ntcp-validation-lkb_time"} <= tables
    assert untraced(tuple(sections), tmp_path, config) == []


def test_weights_are_not_shared_between_days_and_outcomes():
    """The same patients: the likelihood of days holds densities, and says nothing beside one of outcomes."""
    base = {"n": 100, "events": 30, "free_parameters": 2, "aic": 100.0, "bic": 105.0, "nested": []}
    fits = [
        {"ntcp": "a", "aicc": 100.0, **base},
        {"ntcp": "b", "aicc": 400.0, **base, "time": {"deaths": 0}},
    ]
    (block,) = comparison_blocks(fits, compare_fits(fits))
    assert [row[7].text if hasattr(row[7], "text") else row[7] for row in block.rows] == ["1.000", "1.000"]
