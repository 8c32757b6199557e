"""What dose-only fits tend to, and the packaged marginal.json."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit, ndtr

from lungtox.synthetic import marginal_truth
from lungtox.synthetic.coverage import Coverage, Interval, Replicate, measure_coverage, simulate_replicate, true_values
from lungtox.synthetic.population import (
    Population,
    expected_auc,
    fingerprint,
    fit_expected,
    lkb_parameters,
    logistic_parameters,
    make_population,
    marginal_document,
)
from lungtox.synthetic.simulate import describe_recovery, main
from lungtox.synthetic.truth import TRUTH


@pytest.fixture(scope="module")
def population() -> Population:
    rng = np.random.default_rng(2)
    fmld = np.clip(rng.normal(9.6, 4.5, size=400), 1.0, 28.0)
    return Population(3, fmld + rng.normal(2.0, 1.5, size=400), fmld, rng.random(400) < 0.9)


@pytest.mark.parametrize(("link", "curve"), [("probit", ndtr), ("logit", expit)])
def test_an_exact_curve_is_its_own_pseudo_truth(link: str, curve: np.ufunc) -> None:
    dose = np.linspace(2.0, 28.0, 300)
    b0, b1 = fit_expected(dose, curve(-3.0 + 0.15 * dose), link=link)
    assert (b0, b1) == pytest.approx((-3.0, 0.15), rel=1e-5)


def test_parameters_of_a_line() -> None:
    # SCIENCE.md section 4: TD50 = -b0/b1, m = -1/b0; gamma50 = b1 TD50/4; QUANTEC -3.87, .126 -> 30.7, .97.
    assert lkb_parameters(-2.5, 0.1) == pytest.approx({"td50_gy": 25.0, "m": 0.4})
    quantec = logistic_parameters(-3.87, 0.126)
    assert quantec["td50_gy"] == pytest.approx(30.71, abs=0.01)
    assert quantec["gamma50"] == pytest.approx(0.9675, abs=0.0001)


def test_expected_auc_of_certain_outcomes_is_the_auc() -> None:
    # Events at scores 3 and 1, others at 0 and 2: of four pairs the event is higher in three.
    assert expected_auc(np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.0, 1.0, 2.0, 3.0])) == pytest.approx(0.75)


def test_packaged_marginal_truth_is_of_this_generator() -> None:
    packaged = marginal_truth()
    assert packaged is not None, "run python -m lungtox.synthetic.simulate --marginal"
    assert packaged["coefficients"] == TRUTH.terms()
    renew = "the generator has changed: run python -m lungtox.synthetic.simulate --marginal"
    for stored, now in zip(packaged["fingerprint"], fingerprint(packaged["population_seed"]), strict=True):
        assert now == pytest.approx(stored, abs=2e-5), renew


def test_packaged_event_rate_and_auc_are_those_of_a_pneumonitis_cohort() -> None:
    packaged = marginal_truth()
    assert packaged is not None
    assert 0.25 < packaged["event_rate"] < 0.32
    assert packaged["expected_auc"]["fmld_gy"] == pytest.approx(0.75, abs=0.03)


def test_marginal_document_holds_value_and_monte_carlo_error(population: Population) -> None:
    document = marginal_document(population)
    td50 = document["lkb_mean_dose"]["td50_gy"]
    assert 0 < td50["monte_carlo_se"] < 0.2 * td50["value"]
    assert document["logistic_mean_dose"]["td50_gy"]["value"] == pytest.approx(td50["value"], rel=0.05)


def test_population_is_computed_once(tmp_path: Path) -> None:
    first = make_population(4, processes=1, cache=tmp_path)
    (stored,) = tmp_path.iterdir()
    written = stored.stat().st_mtime_ns
    again = make_population(4, processes=1, cache=tmp_path)
    assert stored.stat().st_mtime_ns == written
    assert np.array_equal(first.mld_gy, again.mld_gy)
    assert len(first) == 4


def test_a_replicate_fits_every_parameter_and_depends_on_its_seed_only(population: Population) -> None:
    one = simulate_replicate(11, population=population, patients=120)
    assert simulate_replicate(11, population=population, patients=120) == one
    truth = true_values(marginal_document(population))
    assert {(item.model, item.parameter) for item in one.intervals} == set(truth)
    assert all(item.low <= item.estimate <= item.high for item in one.intervals)
    page = describe_recovery([one], marginal_document(population), patients=120)
    assert "1 cohorts of 120 patients, seeds 11 to 11" in page
    assert page.count("| lkb_mean_dose |") == 2


def test_a_cohort_that_cannot_be_fitted_is_counted(population: Population) -> None:
    few = simulate_replicate(2, population=population, patients=6)
    assert few.failures
    assert "functional_clinical" in "".join(few.failures)


def test_coverage_counts_intervals_with_the_truth() -> None:
    def replicate(low: float, high: float) -> Replicate:
        return Replicate(1, 1, 1, 1, (Interval("m", "p", 1.0, low, high),), ())

    replicates = [replicate(0, 2), replicate(0.5, float("inf")), replicate(1.5, 2), replicate(1, 1)]
    (found,) = measure_coverage(replicates, {("m", "p"): 1.0, ("m", "absent"): 0.0})
    assert (found.covered, found.replicates) == (3, 4)


@pytest.mark.parametrize(
    ("covered", "limits", "verdict"),
    [
        # Clopper-Pearson limits from R's binom.test(k, n): 95 of 100 gives 88.7165 to 98.3568 %.
        (95, (88.7165, 98.3568), "inside, Monte Carlo interval reaches out"),
        (100, (96.3783, 100.0), "outside, Monte Carlo interval reaches in"),
        (0, (0.0, 3.6217), "outside"),
    ],
)
def test_monte_carlo_interval(covered: int, limits: tuple[float, float], verdict: str) -> None:
    found = Coverage("m", "p", 0.0, 100, covered, 0.0, 0.0)
    assert found.monte_carlo == pytest.approx(limits, abs=1e-3)
    assert found.verdict == verdict


def test_a_narrow_monte_carlo_interval_is_inside_as_a_whole() -> None:
    assert Coverage("m", "p", 0.0, 10_000, 9500, 0.0, 0.0).verdict == "inside"


def test_command_writes_the_page_and_leaves_the_packaged_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, population: Population, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("lungtox.synthetic.simulate.make_population", lambda *args, **options: population)
    before = marginal_truth()
    page = tmp_path / "truth-recovery.md"
    main(["--seeds", "2", "--patients", "60", "--processes", "1", "--out", str(page)])
    assert "2 cohorts of 60 patients, seeds 1 to 2" in page.read_text(encoding="utf-8")
    assert marginal_truth() == before
    assert "2 cohorts after" in capsys.readouterr().out
