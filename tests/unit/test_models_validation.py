"""Optimism bootstrap and the tables of one model of the config."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from lungtox.errors import FitError, InputError, ParameterError
from lungtox.models import fit_logistic, fit_model, roc, validate
from lungtox.models.config import LogisticSettings, ValidationSettings
from lungtox.models.newton import fit_intercept, maximise


def cohort(n: int = 120, seed: int = 3, noise: int = 0, slope: float = 0.2) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    mld = rng.normal(14.0, 4.0, n)
    table = pd.DataFrame({"mld_gy": mld, "lung_disease": rng.choice(["no", "yes"], n, p=[0.8, 0.2])})
    for index in range(noise):
        table[f"noise_{index}"] = rng.normal(size=n)
    table["rp"] = (rng.random(n) < expit(-1.0 - slope * 14.0 + slope * mld)).astype(int)
    return table.assign(patient=[f"P{i:03}" for i in range(n)])


def run(table: pd.DataFrame, predictors: list[str], **options: object) -> pd.DataFrame:
    settings = {"resamples": 100, "repeats": 0, "rng": np.random.default_rng(1)} | options
    return validate(table, predictors=predictors, **settings).measures.set_index("measure")  # type: ignore[arg-type]


def test_apparent_figures_are_those_of_the_fit() -> None:
    table = cohort()
    fit = fit_logistic(table, predictors=["mld_gy", "lung_disease"])
    measures = run(table, ["mld_gy", "lung_disease"])
    p = fit.predict(table)
    assert measures.loc["auc", "apparent"] == pytest.approx(roc(table["rp"], p).auc)
    assert measures.loc["brier", "apparent"] == pytest.approx(((table["rp"] - p) ** 2).mean())
    # Maximum likelihood is calibrated to its own data by its score equations.
    assert measures.loc["slope", "apparent"] == pytest.approx(1.0)
    assert measures.loc["citl", "apparent"] == pytest.approx(0.0, abs=1e-9)
    assert measures["corrected"].to_numpy() == pytest.approx((measures["apparent"] - measures["optimism"]).to_numpy())
    assert ((measures["low"] <= measures["corrected"]) & (measures["corrected"] <= measures["high"])).all()
    assert measures["resamples"].tolist() == [100] * 7
    assert "no confidence interval" in measures["method"].iloc[0]


def test_noise_shows_as_optimism() -> None:
    # Twelve columns of noise and no signal: the true AUC is 0.5. The mean over cohorts is close to it, one is not.
    corrected, apparent = [], []
    for seed in range(12):
        table = cohort(seed=seed, noise=8, slope=0.0)
        measures = run(table, [f"noise_{index}" for index in range(8)], resamples=40)
        apparent.append(measures.loc["auc", "apparent"])
        corrected.append(measures.loc["auc", "corrected"])
        assert measures.loc["slope", "corrected"] < 0.8
        assert measures.loc["brier", "corrected"] > measures.loc["brier", "apparent"]
    assert np.mean(apparent) > 0.65
    assert abs(np.mean(corrected) - 0.5) < 0.08


def test_same_seed_same_numbers_and_unit_free() -> None:
    table = cohort()
    first, second = run(table, ["mld_gy"]), run(table, ["mld_gy"])
    pd.testing.assert_frame_equal(first, second, check_exact=True)
    scaled = run(table.assign(mld_gy=table["mld_gy"] * 100.0), ["mld_gy"])
    assert scaled["corrected"].to_numpy() == pytest.approx(first["corrected"].to_numpy(), abs=1e-7)


def test_separated_and_reduced_resamples_are_told() -> None:
    table = cohort(40)
    table["rare"] = np.where(np.arange(40) < 2, "yes", "no")
    table["rp"] = np.where(np.arange(40) < 1, 1, table["rp"].where(np.arange(40) != 1, 0))
    result = validate(table, predictors=["mld_gy", "rare"], resamples=100, repeats=0, rng=np.random.default_rng(1))
    text = " ".join(result.warnings)
    assert "were separated and fitted with Firth's penalty" in text
    assert "lacked a level" in text
    assert "instability range" in text


def test_firth_model_is_validated_as_such() -> None:
    table = cohort(80)
    measures = run(table, ["mld_gy", "lung_disease"], penalty="firth")
    # FLIC keeps the mean; the shrunken slopes are too small for their own data.
    assert measures.loc["citl", "apparent"] == pytest.approx(0.0, abs=1e-8)
    assert measures.loc["slope", "apparent"] > 1.0


def test_perfect_separation_has_no_slope() -> None:
    table = pd.DataFrame({"x": np.arange(30.0), "rp": (np.arange(30) >= 15).astype(int)})
    measures = run(table, ["x"], resamples=20)
    assert measures.loc["auc", "apparent"] == 1.0
    assert np.isnan(measures.loc["slope", "corrected"])


def test_citl_is_the_offset_intercept() -> None:
    # By construction: y has rate 0.25 where the offset says 0.5 throughout, so the intercept is logit(0.25).
    y = np.array([1.0, 0.0, 0.0, 0.0])
    assert fit_intercept(np.zeros(4), y) == pytest.approx(logit(0.25))
    assert fit_intercept(np.full(4, 30.0), y) == pytest.approx(logit(0.25) - 30.0)
    offset = np.array([-600.0, 800.0, 3.0, 5.0])
    intercept = fit_intercept(offset, y)
    assert expit(intercept + offset).sum() == pytest.approx(1.0)


def test_newton_stops_where_there_is_no_maximum() -> None:
    x = np.column_stack([np.ones(6), np.arange(6.0)])
    fit = maximise(x, np.array([0.0, 0, 0, 1, 1, 1]), max_iterations=30)
    assert fit.largest_linear_predictor > 12.0
    flat = maximise(np.column_stack([np.ones(6), np.ones(6)]), np.array([0.0, 0, 0, 1, 1, 0]))
    assert not flat.converged or np.isfinite(flat.beta).all()


def test_wrong_inputs_are_refused() -> None:
    with pytest.raises(ParameterError, match="at least 1"):
        run(cohort(), ["mld_gy"], resamples=0)
    with pytest.raises(FitError, match="one outcome class"):
        run(cohort().assign(rp=0), ["mld_gy"])


def model(table: pd.DataFrame, predictors: list[str], penalty: str = "none") -> object:
    return fit_model(
        table,
        dictionary=None,
        name="dose",
        settings=LogisticSettings(predictors=predictors, penalty=penalty),  # type: ignore[arg-type]
        validation=ValidationSettings(resamples=20, repeats=2),
        rng=np.random.default_rng(1),
        seed=7,
    )


def test_model_of_the_config() -> None:
    table = cohort()
    table.loc[0, "mld_gy"] = np.nan
    result = model(table, ["mld_gy", "lung_disease"])
    json.dumps(result.fit, allow_nan=False)
    assert (result.fit["model"], result.fit["seed"], result.fit["n"]) == ("dose", 7, 119)
    assert len(result.predictions) == 119
    assert expit(result.predictions["linear_predictor"]).to_numpy() == pytest.approx(
        result.predictions["probability"].to_numpy()
    )
    assert list(result.validation["measure"]) == ["auc", "slope", "citl", "brier", "scaled_brier", "ici", "e90"] * 2
    assert list(result.validation["approach"]) == ["bootstrap"] * 7 + ["cross-validation"] * 7
    # The rows left out are said once, not by the fit and by the validation.
    assert len(result.fit["warnings"]) == len(set(result.fit["warnings"]))


def test_model_that_cannot_be_fitted_is_a_finding() -> None:
    result = model(cohort().assign(lung_disease="no"), ["mld_gy", "lung_disease"])
    assert result.fit["converged"] is False
    assert result.fit["finding"].startswith("constant predictor: lung_disease")
    assert len(result.predictions) == len(result.validation) == 0
    assert "measure" in result.validation
    with pytest.raises(InputError):
        model(cohort(), ["nothing"])


def test_settings_refuse_repeats() -> None:
    with pytest.raises(ValueError, match="mld_gy stands twice"):
        LogisticSettings(predictors=["mld_gy", "mld_gy"])
