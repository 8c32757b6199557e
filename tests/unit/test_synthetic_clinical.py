"""Clinical and cytokine tables of the demo: stated truth, streams, and what the tables must satisfy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lungtox.cohort import EndpointSettings, derive_endpoint, read_clinical, read_cytokines
from lungtox.errors import ParameterError
from lungtox.synthetic import SimulatedCohort, rp_probability, sample_traits, simulate_cohort
from lungtox.synthetic.clinical import simulate_patient
from lungtox.synthetic.cytokines import MARKERS
from lungtox.synthetic.streams import child_stream
from lungtox.synthetic.truth import TRUTH
from lungtox.tables import write_csv


@dataclass(frozen=True)
class Doses:
    mld_gy: float
    fmld_gy: float


def simulate(size: int, *, seed: int = 5) -> SimulatedCohort:
    rng = np.random.default_rng(seed)
    traits = [sample_traits(rng, f"P{index:04d}", index) for index in range(size)]
    doses = np.clip(np.random.default_rng(1).normal(9.6, 4.5, size=4000), 1.0, 30.0)[:size]
    return simulate_cohort([Doses(float(dose) + 2.0, float(dose)) for dose in doses], traits, rng)


@pytest.fixture(scope="module")
def large() -> SimulatedCohort:
    return simulate(3000)


def test_probability_is_the_stated_logistic_model() -> None:
    # By hand: -6.5 + 0.25 * 16 + 0.049 * 60 + 0.82 - 0.371 = 0.889.
    found = rp_probability([16.0], age_y=[60], lung_disease=[True], smoking=["former"])
    assert found[0] == pytest.approx(1.0 / (1.0 + math.exp(-0.889)), rel=1e-12)


def test_coefficients_come_from_the_published_models() -> None:
    # SCIENCE.md section 4: Niezink 2023 (dose, age), Appelt 2014 (odds ratios 2.27, .69, .62).
    assert TRUTH.fmld_per_gy == 0.250
    assert TRUTH.age_per_year == 0.049
    assert math.exp(TRUTH.lung_disease) == pytest.approx(2.27, abs=0.01)
    assert math.exp(TRUTH.smoking_former) == pytest.approx(0.69, abs=0.005)
    assert math.exp(TRUTH.smoking_current) == pytest.approx(0.62, abs=0.005)


def test_a_patient_is_the_same_in_any_cohort() -> None:
    small, larger = simulate(7), simulate(45)
    pd.testing.assert_frame_equal(small.clinical, larger.clinical.head(7))
    pd.testing.assert_frame_equal(small.cytokines, larger.cytokines.head(len(small.cytokines)))
    assert small.truth["patients"] == larger.truth["patients"][:7]


def test_another_seed_gives_other_patients() -> None:
    assert not simulate(7).clinical.equals(simulate(7, seed=6).clinical)


def test_streams_do_not_depend_on_what_was_drawn_before() -> None:
    rng = np.random.default_rng(3)
    first = child_stream(rng, "anatomy", 4).random()
    rng.random(10)
    rng.spawn(3)
    assert child_stream(rng, "anatomy", 4).random() == first
    assert child_stream(rng, "anatomy", 5).random() != first
    assert child_stream(rng, "plan", 4).random() != first


def test_a_generator_without_a_seed_sequence_is_refused() -> None:
    class Fixed(np.random.PCG64):
        @property
        def seed_seq(self) -> None:
            return None

    with pytest.raises(ParameterError, match="default_rng"):
        child_stream(np.random.Generator(Fixed(1)), "anatomy", 0)


def test_doses_and_traits_must_pair() -> None:
    rng = np.random.default_rng(1)
    with pytest.raises(ParameterError, match="one dose summary per patient"):
        simulate_cohort([], [sample_traits(rng, "P0", 0)], rng)


def test_tables_pass_our_own_reader(tmp_path: Path, large: SimulatedCohort) -> None:
    write_csv(large.clinical, tmp_path / "clinical.csv")
    write_csv(large.cytokines, tmp_path / "cytokines.csv")
    clinical = read_clinical(tmp_path / "clinical.csv")
    assert len(read_cytokines(tmp_path / "cytokines.csv")) == len(large.cytokines)
    endpoint = derive_endpoint(clinical, EndpointSettings())
    share = endpoint["rp_status"].value_counts(normalize=True)
    assert share["competing"] == pytest.approx(0.033, abs=0.015)
    assert share["censored"] == pytest.approx(0.025, abs=0.012)


def test_every_treatment_day_is_a_weekday(large: SimulatedCohort) -> None:
    for name in ("rt_start_date", "rt_end_date"):
        assert pd.to_datetime(large.clinical[name]).dt.dayofweek.max() <= 4


def test_rp_of_the_endpoint_appears_one_to_six_months_after_rt(large: SimulatedCohort) -> None:
    endpoint = derive_endpoint(large.clinical.assign(rp_grade=large.clinical["rp_grade"]), EndpointSettings())
    times = endpoint.loc[endpoint["rp_status"] == "yes", "time_months"]
    assert times.min() >= 30 / 30.4375 - 1e-9
    assert times.max() <= 6.0
    assert 2.0 < times.median() < 4.0


def test_some_rp_comes_after_the_window(large: SimulatedCohort) -> None:
    endpoint = derive_endpoint(large.clinical, EndpointSettings())
    late = (large.clinical["rp_grade"] >= 2) & (endpoint["rp_status"] == "no")
    assert 0.005 < late.mean() < 0.03


def test_outcomes_follow_their_probabilities(large: SimulatedCohort) -> None:
    endpoint = derive_endpoint(large.clinical, EndpointSettings()).set_index("patient")
    truth = pd.DataFrame(large.truth["patients"]).set_index("patient")
    known = endpoint["rp"].notna()
    outcome = endpoint.loc[known, "rp"].astype(float)
    expected = truth.loc[known, "probability"]
    # Observed minus expected events, in standard deviations of the Bernoulli sum.
    spread = math.sqrt(float((expected * (1 - expected)).sum()))
    assert abs(float(outcome.sum() - expected.sum())) < 3.5 * spread


def test_a_higher_dose_never_turns_rp_into_no_rp() -> None:
    rng = np.random.default_rng(9)
    for index in range(40):
        traits = sample_traits(rng, "P", index)
        low, high = (simulate_patient(rng, traits, fmld_gy=dose) for dose in (8.0, 20.0))
        assert low.probability < high.probability
        assert low.outcome.latent_rp <= high.outcome.latent_rp


def test_all_grades_occur_and_grade_5_is_death(large: SimulatedCohort) -> None:
    clinical = large.clinical
    assert set(clinical["rp_grade"]) == {0, 1, 2, 3, 4, 5}
    assert clinical.loc[clinical["rp_grade"] == 5, "death_date"].notna().all()


def test_cytokines_differ_as_in_study_s9(large: SimulatedCohort) -> None:
    values = large.cytokines.assign(number=large.cytokines["value"].str.lstrip("<").astype(float))
    endpoint = derive_endpoint(large.clinical, EndpointSettings()).set_index("patient")["rp"]
    values["rp"] = values["patient"].map(endpoint)
    median = values.groupby(["cytokine", "timepoint", "rp"])["number"].median()
    ratio = median.xs(1, level="rp") / median.xs(0, level="rp")
    # Printed directions: TNF-a lower before; TGF-b1 higher during; IL-6 higher at both; ACE lower at both.
    assert ratio["tnfa", "pre"] < 0.8
    assert ratio["tgfb1", "during"] > 1.2
    assert ratio["il6", "pre"] > 1.3
    assert ratio["il6", "during"] > ratio["il6", "pre"]
    assert max(ratio["ace", "pre"], ratio["ace", "during"]) < 0.9


def test_cytokines_do_not_change_in_the_whole_group_and_correlate(large: SimulatedCohort) -> None:
    values = large.cytokines.assign(log=np.log(large.cytokines["value"].str.lstrip("<").astype(float)))
    for name, marker in MARKERS.items():
        wide = values[values["cytokine"] == name].pivot(index="patient", columns="timepoint", values="log").dropna()
        assert abs(float((wide["during"] - wide["pre"]).mean())) < 0.1 * marker.log_sd
        assert 0.5 < float(wide.corr().loc["pre", "during"]) < 0.9


def test_cytokines_have_limits_plates_and_gaps(large: SimulatedCohort) -> None:
    table = large.cytokines
    below = table[table["value"].str.startswith("<")]
    assert set(below["value"]) == {"<1500", "<3", "<1.5"}
    assert "ace" not in set(below["cytokine"])
    assert 0.01 < len(below) / len(table) < 0.10
    assert 0.02 < 1 - len(table) / (3000 * 8) < 0.07
    assert table.groupby("plate")["patient"].nunique().max() <= 20
    during = table.loc[table["timepoint"] == "during", "draw_dose_gy"]
    assert during.between(40, 50).all()


def test_truth_states_model_seed_and_every_patient() -> None:
    truth = simulate(3).truth
    assert truth["predictors"] == ["fmld_gy", "age_y", "lung_disease", "smoking"]
    assert truth["coefficients"]["fmld_per_gy"] == 0.25
    assert truth["seed"] == 5
    assert [entry["patient"] for entry in truth["patients"]] == ["P0000", "P0001", "P0002"]
