"""The simulation of closed testing: its truths by hand, and that it repeats itself."""

from __future__ import annotations

import numpy as np
import pytest
from pytest import approx
from scipy.stats import norm

from lungtox.ntcp import published_model
from lungtox.ntcp.linear_form import linear_form
from lungtox.synthetic.updating_study import (
    MODELS,
    SCENARIOS,
    Scenario,
    draw_predictors,
    run_bayes_block,
    run_block,
    true_risk,
    write_report,
)


def test_true_risks_by_hand():
    quantec = linear_form(published_model("quantec_logistic_2010"))
    x = np.array([[20.0]])
    shifted = Scenario("quantec_logistic_2010", "", 300, "intercept", shift=-1.2)
    assert true_risk(shifted, quantec, x) == approx(1 / (1 + np.exp(3.87 - 0.126 * 20 + 1.2)))
    flat = Scenario("quantec_logistic_2010", "", 300, "recalibration", slope=0.3)  # around 15 Gy
    assert true_risk(flat, quantec, x) == approx(1 / (1 + np.exp(3.87 - 0.126 * (15 + 0.3 * 5))))
    lkb = linear_form(published_model("quantec_probit_2010"))
    by_hand = norm.cdf((20 - 31.4) / (0.45 * 31.4) - 1.2 * np.sqrt(3) / np.pi)
    assert true_risk(Scenario("quantec_probit_2010", "", 300, "intercept", shift=-1.2), lkb, x) == approx(by_hand)
    appelt = linear_form(published_model("appelt_2014"))
    turned = Scenario("appelt_2014", "", 1000, "revision", turned=("lung_comorbidity",))
    with_disease = np.array([[20.0, 1, 0, 0, 0, 0, 0]])
    odds = np.exp(-4 * 1.19 * (1 - 20 / 34.4)) / 2.27
    assert true_risk(turned, appelt, with_disease) == approx(odds / (1 + odds))


def test_drawn_patients_have_the_stated_doses_and_factors():
    form = linear_form(published_model("appelt_2014"))
    x = draw_predictors(form, 20_000, np.random.default_rng(1))
    assert np.median(x[:, 0]) == approx(15.0, abs=0.1)
    assert np.log(x[:, 0]).std() == approx(0.30, abs=0.01)
    assert x[:, 1:].mean(axis=0) == approx([0.3, 0.4, 0.55, 0.3, 0.5, 0.35], abs=0.02)
    assert not (x[:, 5] * x[:, 6]).any()  # former and current exclude each other


def test_blocks_repeat_and_count_every_cohort():
    scenario = Scenario("quantec_logistic_2010", "few", 60, "original")
    found = run_block(scenario, 0, 12)
    assert found == run_block(scenario, 0, 12) != run_block(scenario, 1, 12)
    assert len(found) == 12
    refused = [item for item in found if item[0] == "refused"]
    assert refused and all(events < 10 and not errors for _, events, errors in refused)
    assert len(run_bayes_block("semenenko_2008", 20, 0, 3)) == 3


@pytest.mark.slow
def test_closed_testing_keeps_a_true_model_and_finds_a_new_intercept():
    # What the issue asks for, with 200 of the 2,000 cohorts of docs/validation/closed-testing.md
    for scenario in SCENARIOS:
        wanted = {"true as published": 0.90, "intercept -1.2": 0.80}.get(scenario.words)
        if wanted is not None:
            found = [name for block in (0, 1) for name, _, _ in run_block(scenario, block, 100)]
            error = np.sqrt(wanted * (1 - wanted) / len(found))
            assert found.count(scenario.right) / len(found) >= wanted - 3 * error, scenario


@pytest.mark.slow
def test_the_page_reports_every_scenario(tmp_path):
    write_report(20, tmp_path / "page.md", processes=1)
    text = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert text.count("| true as published |") == 2 * 3 * len(MODELS)
    assert "20 cohorts of each scenario" in text and text.count("| semenenko_2008 |") == 2
