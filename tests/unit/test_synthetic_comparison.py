"""The study of the comparison: drawing cohorts, and counting what they gave."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pytest

from lungtox.synthetic.comparison_page import clopper_pearson, describe_study, groups_of_models, share_of_wins
from lungtox.synthetic.comparison_study import (
    MEASURED,
    SETTINGS,
    ComparedCohort,
    compare_cohort,
    describe_everybody,
    draw_cohort,
)
from lungtox.synthetic.coverage import Interval
from lungtox.synthetic.dose_population import DosePopulation, make_dose_population
from lungtox.synthetic.truth import TRUTH


@pytest.fixture(scope="module")
def population() -> DosePopulation:
    """Patients by hand: all dose of a patient in one bin, functional doses beside it."""
    rng = np.random.default_rng(2)
    mld_gy = np.round(rng.uniform(5, 30, 260), 1) + 0.05
    volume = np.zeros((260, 400), dtype=np.float32)
    volume[np.arange(260), np.floor(mld_gy * 10).astype(int)] = 3000.0
    fmld_gy = np.maximum(mld_gy + rng.normal(-2, 4, 260), 1.0)
    metrics = np.column_stack([mld_gy, 1.3 * mld_gy + rng.normal(0, 2, 260), fmld_gy, 0.5 * (mld_gy + fmld_gy)])
    return DosePopulation(41, metrics, volume, rng.random(260) < 0.9)


def test_doses_of_the_population_are_those_of_its_patients(population: DosePopulation, tmp_path: Path) -> None:
    matrix = population.dose_matrix(np.array([3, 7]))
    # One bin: every gEUD is its dose.
    assert matrix.geud_gy(0.3) == pytest.approx(population.column("mld_gy")[[3, 7]], rel=1e-6)
    made = make_dose_population(2, processes=1, cache=tmp_path)
    again = make_dose_population(2, processes=1, cache=tmp_path)
    assert made.metrics.tolist() == again.metrics.tolist() and len(made) == 2
    assert made.dose_matrix(np.arange(2)).geud_gy(1.0) == pytest.approx(made.column("mld_gy"))


def test_a_cohort_is_drawn_as_the_analysis_table_has_it(population: DosePopulation) -> None:
    table, chosen = draw_cohort(np.random.default_rng(1), population=population, patients=200)
    assert len(set(chosen.tolist())) == 200
    assert table["mld_gy"].to_numpy() == pytest.approx(population.column("mld_gy")[chosen])
    assert (table["fmld_gy"].notna() == population.has_spect[chosen]).all()
    # Half of the limits 1.5 and 1500 is the lowest that can stand there.
    assert table["il6_pre"].min() == 0.75 and table["tgfb1_pre"].min() >= 750.0


def test_one_cohort_is_compared_by_the_models_of_the_demo(population: DosePopulation) -> None:
    found = compare_cohort(
        4, population=population, everybody=describe_everybody(population), patients=240, resamples=3
    )
    assert set(found.figures) == {name for name, _, _ in SETTINGS.models()}
    assert found.n < 240 and 0 < found.events < found.n
    assert {item.parameter for item in found.intervals} == set(TRUTH.terms())
    assert np.isfinite([values[0] for values in found.figures.values()]).all()
    # The functional dose made the outcome: in everybody it tells more than the mean dose.
    assert found.true_differences["fMLD"] > 0


def cohort(seed: int, best: str, *, estimate: float = 0.25) -> ComparedCohort:
    """Gives one model an AIC of 90 and an AUC of .8 and all others 100 and .7; half the intervals miss."""
    figures = {
        name: [90.0 if name == best else 100.0, 0.0, 0.8 if name == best else 0.7, 0.1, 0.0, 0.2]
        for name, _, _ in SETTINGS.models()
    }
    assert len(MEASURED) == 6
    intervals = [Interval("functional_clinical", name, estimate, value - 1, value - seed % 2 + 0.5) for name, value in
                 TRUTH.terms().items()]  # fmt: skip
    true = {"fMLD": 0.1, "MLD + clinical": 0.3, "fMLD + clinical": 0.2}
    return ComparedCohort(seed, 800, 250, figures, [0.8, None], true, intervals)


def test_wins_and_coverage_are_counted() -> None:
    cohorts = [cohort(seed, "fMLD + clinical" if seed < 4 else "MLD + clinical") for seed in range(1, 5)]
    true, names = groups_of_models()["+ clinical"]
    assert (true, len(names)) == ("fMLD + clinical", 5)
    assert share_of_wins(cohorts, true, names, measure="aic") == 3
    assert share_of_wins(cohorts, true, names, measure="auc_corrected") == 3
    page = describe_study({1000: cohorts}, argparse.Namespace(resamples=100, population=4000), "abc")
    assert "| + clinical (5) | fMLD + clinical | 3/4 (75.0 %) |" in page
    # Two of the four intervals end before the truth; of the ranges 0 to .2 one truth lies outside.
    assert "| fmld_per_gy | 0.25 | 0.25 | 2/4 | 50.0 |" in page
    assert "| fMLD | 0.100 | +0.0000 | 0.0000 | 4/4 |" in page and "| MLD + clinical | 0.300 |" in page
    assert "in 4 of 4 cohorts" in page
    # A model without an AIC does not win.
    cohorts[0].figures["fMLD + clinical"][0] = float("nan")
    assert share_of_wins(cohorts, true, names, measure="aic") == 2


def test_exact_limits_of_a_share() -> None:
    # Clopper and Pearson 1934: none of 10, 1 - .025^(1/10) = .3085.
    assert clopper_pearson(0, 10) == pytest.approx((0.0, 30.85), abs=0.01)
    assert clopper_pearson(10, 10) == pytest.approx((69.15, 100.0), abs=0.01)
