"""The simulation of NTCP fits: its truths by hand, its counts, and that it goes on where it was cut short."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from pytest import approx
from scipy.stats import norm

from lungtox.synthetic import recovery_page
from lungtox.synthetic.recovery_page import make_rows
from lungtox.synthetic.recovery_study import (
    BIN_GY,
    SCENARIOS,
    Recovered,
    draw_covariates,
    make_histograms,
    read_dvhs,
    run_replicate,
    true_risk,
)
from tests.unit.ntcp_cases import dvh

LKB = SCENARIOS[0]


def uniform(dose_gy):
    """All volume in the bin around a dose."""
    volume = np.zeros(int(dose_gy / BIN_GY) + 1)
    volume[-1] = 1000.0
    return dvh(volume, bin_width_gy=BIN_GY)


@pytest.fixture(scope="module")
def histograms(tmp_path_factory):
    return make_histograms(40, processes=1, cache=tmp_path_factory.mktemp("cache"))


def test_true_risks_by_hand():
    """At a uniform dose every gEUD is the dose; TD50 times 0.8 is the dose divided by 0.8."""
    by_name = {one.model: one for one in SCENARIOS}
    doses, ones = [uniform(20.25), uniform(10.25)], np.ones(2)
    assert true_risk(LKB, doses, ones) == approx(norm.cdf((np.array([20.25, 10.25]) - 20) / 7))
    assert true_risk(LKB, doses, 0.8 * ones) == approx(norm.cdf((np.array([20.25, 10.25]) - 16) / 5.6))
    odds = (np.array([20.25, 10.25]) / 20) ** 3.2
    assert true_risk(by_name["log_logistic"], doses, ones) == approx(odds / (1 + odds))
    # Relative seriality at a uniform dose is P(D) = 2^-exp(e gamma (1 - D/D50)), whatever s.
    serial = 2 ** -np.exp(np.e * (1 - np.array([20.25, 10.25]) / 22))
    assert true_risk(by_name["relative_seriality"], doses, ones) == approx(serial)


def test_covariates_have_their_reference():
    table = draw_covariates(500, np.random.default_rng(1))
    assert table["age_y"].mean() == approx(65.0)
    assert table["age_y"].std() == approx(9.0, abs=1.0)
    assert table["lung_disease"].mean() == approx(0.3, abs=0.07)


def test_histograms_keep_the_volume_and_the_mean(histograms):
    dvhs = read_dvhs(histograms)
    lungs, region = dvhs[False], dvhs[True]
    assert len(lungs) == len(region) == 40
    assert all(part.total_cc <= whole.total_cc for part, whole in zip(region, lungs, strict=True))
    assert all(0.0 < item.mean_gy < item.max_gy for item in lungs)
    assert make_histograms(40, processes=1, cache=histograms.parent) == histograms


def test_a_replicate_repeats_itself_and_a_refused_fit_is_kept(histograms):
    first, again = (run_replicate(LKB, 40, 3, histograms) for _ in range(2))
    assert replace(first, seconds=0.0) == replace(again, seconds=0.0)
    assert set(first.found) == {"td50_gy", "m", "n"}
    assert json.loads(json.dumps(asdict(first)))["found"] == first.found
    nobody = replace(LKB, truth={"td50_gy": 900.0, "m": 0.05, "n": 1.0})
    refused = run_replicate(nobody, 40, 1, histograms)
    assert "no events" in refused.failure
    assert refused.found == {}


def recovered(k, estimate, low, high, **more):
    return Recovered(LKB.name, 1000, k, 250, {"n": [estimate, low, high, estimate == 1.0]}, True, 0, 0.1, **more)


def test_every_cohort_counts():
    """Truth n 0.87: held, open above (held), below, above, refused; 2 of 5."""
    fitted = [(0.8, 0.5, 0.9), (1.0, 0.7, None), (0.6, 0.4, 0.8), (1.0, 0.9, None)]
    some = [recovered(k, *values) for k, values in enumerate(fitted, start=1)]
    some.append(replace(some[0], replicate=5, found={}, failure="no events"))
    row = next(row for row in make_rows(some, LKB, 1000) if row.parameter == "n")
    assert (row.held, row.below, row.above, row.cohorts) == (2, 1, 1, 5)
    assert row.median == approx(0.9)
    assert row.verdict == "-"


def test_verdicts_follow_the_goals_of_the_issue():
    """500 cohorts: 3 Monte Carlo SE are 2.92 points; bias in robust standard errors, asked for at 1,000 only."""
    row = make_rows([recovered(1, 0.8, 0.5, 0.9)], LKB, 1000)[-1]
    row = replace(row, cohorts=500, held=461, median=0.87, spread=0.1)  # 92.2 %
    assert row.verdict == "met"
    assert replace(row, held=460).verdict == "NOT met: coverage"  # 92.0 %
    assert replace(row, held=490).verdict == "NOT met: coverage"  # 98.0 %
    assert replace(row, median=0.92).verdict == "NOT met: bias"
    assert replace(row, median=0.92, n=200).verdict == "met"
    bound = replace(row, scenario=next(one for one in SCENARIOS if one.on_bound), truth=1.0, median=1.0)
    assert replace(bound, held=491).verdict == "met"  # 98.2 %
    assert replace(bound, held=474).verdict == "NOT met: coverage"  # 94.8 %


def test_a_study_that_was_cut_short_goes_on(histograms, tmp_path, monkeypatch):
    monkeypatch.setattr(recovery_page, "PATIENTS", (40,))
    page, cache = tmp_path / "page.md", histograms.parent
    common = ["--population", "40", "--processes", "1", "--cache", str(cache), "--out", str(page), "--scenarios"]
    recovery_page.main(["--replicates", "1", *common, LKB.name])
    (store,) = cache.glob("ntcp-recovery-*.jsonl")
    first = store.read_text(encoding="utf-8")
    store.write_text(first + '["cut off', encoding="utf-8")
    recovery_page.main(["--replicates", "2", *common, LKB.name])
    lines = store.read_text(encoding="utf-8").splitlines()
    assert lines[:2] == [first.strip(), '["cut off']
    assert json.loads(lines[2])["replicate"] == 2
    text = page.read_text(encoding="utf-8")
    assert "| LKB | 40 | 2 |" in text
    assert "**Not complete:**" in text
