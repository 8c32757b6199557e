"""Logistic fits: known answers, hand calculations, invariants, findings."""

import json
import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from lungtox.errors import FitError, InputError, ParameterError
from lungtox.models import fit_logistic, fit_to_json, predict_table
from lungtox.models.separation import find_separation


def two_by_two(events_a: int, n_a: int, events_b: int, n_b: int) -> pd.DataFrame:
    """Patients of two groups, b the reference."""
    group = ["yes"] * n_a + ["no"] * n_b
    rp = [1] * events_a + [0] * (n_a - events_a) + [1] * events_b + [0] * (n_b - events_b)
    return pd.DataFrame({"patient": [f"P{i:03}" for i in range(n_a + n_b)], "exposed": group, "rp": rp})


def cohort(n: int = 120, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    mld = rng.normal(14.0, 4.0, n)
    smoking = rng.choice(["never", "former", "current"], n)
    rp = rng.random(n) < 1.0 / (1.0 + np.exp(4.0 - 0.2 * mld))
    table = pd.DataFrame({"mld_gy": mld, "age_y": rng.normal(63.0, 8.0, n), "smoking": smoking, "rp": rp.astype(int)})
    return table.assign(patient=[f"P{i:03}" for i in range(n)])


@pytest.fixture(scope="module")
def spector() -> pd.DataFrame:
    return sm.datasets.spector.load_pandas().data


def test_spector_agrees_with_greene_and_r(spector: pd.DataFrame) -> None:
    # Estimates: SCIENCE.md section 5 (Greene). Limits and likelihood-ratio p: exact roots in R 4.2.2, r-cross-check.md.
    fit = fit_logistic(spector, outcome="GRADE", predictors=["GPA", "TUCE", "PSI"])
    assert list(fit.estimates["term"]) == ["Intercept", "GPA", "TUCE", "PSI"]
    assert fit.estimates["estimate"].to_numpy() == pytest.approx([-13.0213469, 2.82611259, 0.0951576613, 2.37868766])
    assert fit.estimates["se"].to_numpy() == pytest.approx([4.93132421, 1.26294108, 0.141554206, 1.06456425], rel=1e-7)
    assert fit.estimates["low"].to_numpy() == pytest.approx([-25.1659238, 0.639158169, -0.170201860, 0.478466588])
    assert fit.estimates["high"].to_numpy() == pytest.approx([-4.89976825, 5.75673144, 0.405017498, 4.80987934])
    assert fit.estimates["p"].to_numpy() == pytest.approx(
        [6.04562675e-04, 0.00919675288, 0.4912081171, 0.0127483714], rel=1e-6
    )
    assert fit.loglik == pytest.approx(-12.88963422)
    assert (fit.n, fit.events, fit.converged, bool(fit.separation)) == (32, 11, True, False)
    assert fit.epv == pytest.approx(11 / 3)
    assert any("events per variable" in text for text in fit.warnings)


@pytest.mark.parametrize(
    ("events_a", "n_a", "events_b", "n_b", "ratio"), [(11, 25, 4, 36, 6.286), (11, 31, 4, 30, 3.575)]
)
def test_odds_ratio_of_a_table_is_the_cross_product(
    events_a: int, n_a: int, events_b: int, n_b: int, ratio: float
) -> None:
    # Study S7 as SCIENCE.md section 5 reads it; standard error by Woolf's formula.
    fit = fit_logistic(two_by_two(events_a, n_a, events_b, n_b), predictors=["exposed"])
    slope = fit.estimates.iloc[1]
    assert slope["term"] == "exposed[yes]"
    assert math.exp(slope["estimate"]) == pytest.approx(ratio, abs=5e-4)
    woolf = math.sqrt(1 / events_a + 1 / (n_a - events_a) + 1 / events_b + 1 / (n_b - events_b))
    assert slope["se"] == pytest.approx(woolf, rel=1e-6)


def test_interval_leaves_zero_out_exactly_when_p_is_below_5_percent() -> None:
    # 9 of 20 against 3 of 20 is near the border; the statement holds by the definition of the two.
    for events in range(3, 16):
        fit = fit_logistic(two_by_two(events, 20, 3, 20), predictors=["exposed"])
        slope = fit.estimates.iloc[1]
        assert (slope["low"] > 0.0 or slope["high"] < 0.0) == (slope["p"] < 0.05)


def test_firth_of_a_table_adds_one_half_to_each_cell() -> None:
    # For a saturated 2 x 2 model Firth's estimate is the log odds ratio with 0.5 added to each cell (Firth 1993).
    fit = fit_logistic(two_by_two(0, 12, 5, 20), predictors=["exposed"])
    assert fit.penalty == "firth"
    assert fit.separation.terms == ("exposed[yes]",)
    assert any("switch to Firth" in text for text in fit.warnings)
    expected = math.log((0.5 / 12.5) / (5.5 / 15.5))
    assert fit.estimates["estimate"].iloc[1] == pytest.approx(expected, rel=1e-6)
    assert np.isfinite(fit.estimates[["low", "high"]].to_numpy()).all()


def test_firth_predictions_keep_the_event_rate() -> None:
    table = cohort()
    fit = fit_logistic(table, predictors=["mld_gy", "smoking"], penalty="firth")
    assert fit.predict(table).mean() == pytest.approx(table["rp"].mean(), abs=1e-10)
    assert any("FLIC" in text for text in fit.warnings)


def test_profile_limits_of_firth_agree_with_firthmodels() -> None:
    from firthmodels import FirthLogisticRegression

    table = cohort(60)
    fit = fit_logistic(table, predictors=["mld_gy", "age_y"], penalty="firth")
    other = FirthLogisticRegression(backend="numpy", max_iter=500, gtol=1e-9, xtol=1e-9)
    other.fit(table[["mld_gy", "age_y"]].to_numpy(), table["rp"].to_numpy())
    limits = other.conf_int(method="pl")[[2, 0, 1]]
    assert fit.estimates[["low", "high"]].to_numpy() == pytest.approx(limits, rel=1e-4)


@given(factor=st.floats(1e-3, 1e3), shift=st.floats(-50, 50))
@settings(max_examples=10, deadline=None)
def test_units_do_not_matter(factor: float, shift: float) -> None:
    table = cohort()
    before = fit_logistic(table, predictors=["mld_gy", "age_y"])
    after = fit_logistic(table.assign(mld_gy=table["mld_gy"] * factor + shift), predictors=["mld_gy", "age_y"])
    columns = ["estimate", "se", "low", "high"]
    expected = before.estimates.loc[1, columns].to_numpy(dtype=float) / factor
    assert after.estimates.loc[1, columns].to_numpy(dtype=float) == pytest.approx(expected, rel=1e-6)
    assert after.loglik == pytest.approx(before.loglik, rel=1e-10)
    assert after.estimates["p"].iloc[1] == pytest.approx(before.estimates["p"].iloc[1], rel=1e-5)


def test_swapped_outcome_swaps_the_signs() -> None:
    table = cohort()
    fit = fit_logistic(table, predictors=["mld_gy"])
    other = fit_logistic(table.assign(rp=1 - table["rp"]), predictors=["mld_gy"])
    assert other.estimates["estimate"].to_numpy() == pytest.approx(-fit.estimates["estimate"].to_numpy(), rel=1e-8)
    assert other.estimates["low"].to_numpy() == pytest.approx(-fit.estimates["high"].to_numpy(), rel=1e-6)


def test_reference_level_dictionary_first_then_natural_then_alphabet() -> None:
    table = cohort()
    natural = fit_logistic(table, predictors=["smoking"])
    assert list(natural.estimates["term"])[1:] == ["smoking[current]", "smoking[former]"]
    dictionary = pd.DataFrame({"column": ["smoking"], "levels": ["current|former|never|unknown"]})
    declared = fit_logistic(table, predictors=["smoking"], dictionary=dictionary)
    assert list(declared.estimates["term"])[1:] == ["smoking[former]", "smoking[never]"]
    assert declared.loglik == pytest.approx(natural.loglik)
    site = fit_logistic(table.assign(site=np.where(table["age_y"] > 63, "upper", "lower")), predictors=["site"])
    assert list(site.estimates["term"])[1:] == ["site[upper]"]


def test_missing_rows_are_counted() -> None:
    table = cohort()
    table["rp"] = table["rp"].astype("Int64")
    table.loc[[0, 1], "rp"] = pd.NA
    table.loc[[1, 2, 3], "mld_gy"] = np.nan
    fit = fit_logistic(table, predictors=["mld_gy"])
    assert fit.n == 116
    assert "4 of 120 rows left out because a value is missing: rp 2, mld_gy 3." in fit.warnings
    assert fit.predict(table).isna().sum() == 3
    predictions = predict_table(fit, table)
    assert list(predictions.columns) == ["patient", "rp", "weight", "linear_predictor", "probability"]
    assert len(predictions) == 116
    assert "P001" not in set(predictions["patient"])


def test_truth_values_are_numbers_as_outcome_and_levels_as_predictor() -> None:
    table = cohort().assign(old=lambda frame: frame["age_y"] > 63, rp=lambda frame: frame["rp"] == 1)
    fit = fit_logistic(table, predictors=["old"])
    assert list(fit.estimates["term"]) == ["Intercept", "old[True]"]


def test_separation_is_found_whatever_the_units() -> None:
    y = np.array([0, 0, 0, 1, 1, 1])
    ones = np.ones(6)
    for scale in (1e-4, 1.0, 1e6):
        x = np.column_stack([ones, scale * np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])])
        assert find_separation(x, y, terms=("Intercept", "x")).terms == ("Intercept", "x")
    overlap = np.column_stack([ones, [1.0, 2.0, 4.0, 3.0, 5.0, 6.0]])
    assert not find_separation(overlap, y, terms=("Intercept", "x"))


def test_separation_by_two_predictors_together() -> None:
    # Neither a nor b separates alone; a + b does, with a gap around 6.5.
    table = pd.DataFrame({"a": [1, 2, 3, 4, 5, 1, 5, 4, 3, 6], "b": [5, 4, 3, 2, 1, 6, 2, 4, 5, 1]})
    table["rp"] = (table["a"] + table["b"] > 6.5).astype(int)
    fit = fit_logistic(table, predictors=["a", "b"])
    assert fit.separation.found
    assert {"a", "b"} <= set(fit.separation.terms)


@pytest.mark.parametrize(
    ("change", "predictors", "finding"),
    [
        ({"rp": 0}, ["mld_gy"], "one outcome class"),
        ({"rp": 1}, ["mld_gy"], "one outcome class"),
        ({"rp": np.nan}, ["mld_gy"], "one outcome class"),
        ({"smoking": "never"}, ["mld_gy", "smoking"], "constant predictor: smoking has only never in 120"),
        ({"mld_gy": 14.0}, ["mld_gy"], "constant predictor"),
        ({}, ["mld_gy", "mld_gy"], "duplicated predictor: mld_gy stands twice"),
        ({}, ["mld_gy", "copy"], "duplicated predictor: copy follows"),
        ({}, ["mld_gy", "patient"], "more parameters than events"),
    ],
)
def test_findings_have_names(change: dict[str, object], predictors: list[str], finding: str) -> None:
    table = cohort().assign(copy=lambda frame: 3.0 * frame["mld_gy"] - 2.0).assign(**change)
    with pytest.raises(FitError, match=rf"^{finding}"):
        fit_logistic(table, predictors=predictors)


def test_no_convergence_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    from lungtox.models import firth, logistic

    monkeypatch.setattr(logistic, "fit_firth", lambda x, y, w: firth.FirthSolution(np.zeros(2), 0.0, np.eye(2), False))
    with pytest.raises(FitError, match=r"^no convergence"):
        fit_logistic(cohort(), predictors=["mld_gy"], penalty="firth")


def test_wrong_inputs_are_refused() -> None:
    table = cohort()
    with pytest.raises(InputError, match="mld: expected a column"):
        fit_logistic(table, predictors=["mld"])
    with pytest.raises(ParameterError, match="0, 1 or missing"):
        fit_logistic(table.assign(rp=2), predictors=["mld_gy"])
    with pytest.raises(ParameterError, match="expected numbers"):
        fit_logistic(table.assign(rp="yes"), predictors=["mld_gy"])
    with pytest.raises(ParameterError, match="penalty must be"):
        fit_logistic(table, predictors=["mld_gy"], penalty="l2")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="finite"):
        fit_logistic(table.assign(mld_gy=np.inf), predictors=["mld_gy"])
    fit = fit_logistic(table, predictors=["smoking"])
    with pytest.raises(InputError, match="cigars"):
        fit.predict(table.assign(smoking="cigars"))


def test_fit_json_holds_the_contract() -> None:
    dictionary = pd.DataFrame(
        {
            "column": ["mld_gy", "smoking", "age_y"],
            "label": ["MLD", "Smoking", "Age"],
            "unit": ["Gy", np.nan, "years"],
            "levels": [np.nan, "never|former|current", np.nan],
        }
    )
    fit = fit_logistic(cohort(), predictors=["mld_gy", "smoking", "age_y"], dictionary=dictionary)
    content = json.loads(json.dumps(fit_to_json(fit, model="m", dictionary=dictionary, seed=1), allow_nan=False))
    assert [row["label"] for row in content["estimates"]] == [
        "Intercept",
        "MLD (per 1 Gy)",
        "Smoking: former v never",
        "Smoking: current v never",
        "Age (per 1 year)",
    ]
    assert content["terms"] == [row["term"] for row in content["estimates"]]
    assert np.sqrt(np.diag(content["covariance"])) == pytest.approx(fit.estimates["se"].to_numpy())
    assert content["separation"] == {"found": False, "terms": []}
    assert (content["n"], content["interval"], content["seed"]) == (120, "profile likelihood", 1)


def test_same_input_same_numbers() -> None:
    first, second = (fit_logistic(cohort(), predictors=["mld_gy", "smoking"]).estimates for _ in range(2))
    pd.testing.assert_frame_equal(first, second, check_exact=True)
