"""Performance, sample size, collinearity, influence and added value by hand and by other programs."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from lungtox.errors import ParameterError
from lungtox.models import (
    fit_logistic,
    measure_added_value,
    measure_collinearity,
    measure_influence,
    minimum_sample_size,
)
from lungtox.models.config import LadderSettings
from lungtox.models.design import build_design
from lungtox.models.newton import maximise
from lungtox.models.performance import MEASURES, measure_performance, net_benefit, smooth_calibration


def cohort(n: int = 150, seed: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    mld = rng.normal(14.0, 4.0, n)
    table = pd.DataFrame({"mld_gy": mld, "v20_pct": 2 * mld + rng.normal(0, 1.5, n), "age_y": rng.normal(63, 8, n)})
    table["lung_disease"] = rng.choice(["no", "yes"], n)
    table["rp"] = (rng.random(n) < expit(-1.0 + 0.25 * (mld - 14.0))).astype(int)
    return table


def test_minimum_sample_size_of_the_sheet() -> None:
    # SCIENCE.md section 5: c .70, prevalence .25: 366 patients for 4 parameters.
    found = minimum_sample_size(parameters=4, rate=0.25, auc=0.70)
    assert found.required == found.shrinkage == 366
    # By hand: (1.96 / 0.05)^2 x 0.25 x 0.75 = 288.1.
    assert found.rate == 289
    assert minimum_sample_size(parameters=8, rate=0.25, auc=0.70).shrinkage in (731, 732)  # proportional
    with pytest.raises(ParameterError, match="auc in"):
        minimum_sample_size(parameters=4, rate=0.25, auc=0.5)


def test_performance_by_hand() -> None:
    y = np.array([0.0, 0.0, 0.0, 1.0])
    constant = dict(zip(MEASURES, measure_performance(np.full(4, logit(0.5)), y), strict=True))
    # Risk one half for everybody, a quarter with the event.
    assert constant["auc"] == 0.5
    assert constant["slope"] == 1.0  # by convention, as in rms
    assert constant["citl"] == pytest.approx(logit(0.25))
    assert constant["brier"] == pytest.approx(0.25)
    assert constant["scaled_brier"] == pytest.approx(1 - 0.25 / (0.25 * 0.75))
    assert constant["ici"] == constant["e90"] == pytest.approx(0.25)


def test_a_calibrated_model_is_measured_as_such() -> None:
    rng = np.random.default_rng(1)
    eta = rng.normal(-1.0, 1.2, 20_000)
    y = (rng.random(20_000) < expit(eta)).astype(float)
    found = dict(zip(MEASURES, measure_performance(eta, y), strict=True))
    assert found["slope"] == pytest.approx(1.0, abs=0.06) and found["citl"] == pytest.approx(0.0, abs=0.06)
    assert found["ici"] < 0.01
    curve = smooth_calibration(expit(eta), y)
    assert curve.at(np.array([0.2, 0.5])) == pytest.approx([0.2, 0.5], abs=0.03)
    assert np.isnan(curve.at(np.array([1.0]))[0])


def test_net_benefit_by_hand_and_by_dcurves() -> None:
    y, p = np.array([1.0, 1, 0, 0, 0]), np.array([0.8, 0.3, 0.5, 0.2, 0.1])
    # At 0.25 three are treated, two rightly: 2/5 - 1/5 x 1/3. At 0.5, the threshold itself counts: 1/5 - 1/5.
    assert net_benefit(p, y, np.array([0.25, 0.5])) == pytest.approx([2 / 5 - 1 / 15, 0.0])
    from dcurves import dca

    rng = np.random.default_rng(3)
    table = pd.DataFrame({"risk": rng.random(80).round(3)})
    table["event"] = (rng.random(80) < table["risk"]).astype(int)
    thresholds = np.array([0.1, 0.25, 0.4])
    theirs = dca(data=table, outcome="event", modelnames=["risk"], thresholds=thresholds)
    theirs = theirs[theirs["model"] == "risk"].sort_values("threshold")["net_benefit"].to_numpy(dtype=float)
    ours = net_benefit(table["risk"].to_numpy(), table["event"].to_numpy(dtype=float), thresholds)
    assert ours == pytest.approx(theirs)


def test_variance_inflation_is_that_of_a_regression() -> None:
    table = cohort()
    design = build_design(table, outcome="rp", predictors=["mld_gy", "v20_pct", "age_y", "lung_disease"])
    found = measure_collinearity(table, design).candidates.set_index("column")
    # VIF = 1 / (1 - R2) of the least-squares regression on the others.
    others = np.delete(design.x, 2, axis=1)
    target = design.x[:, 2]
    rest = target - others @ np.linalg.lstsq(others, target, rcond=None)[0]
    r2 = 1.0 - rest.var() / target.var()
    assert found.loc["v20_pct", "vif"] == pytest.approx(1.0 / (1.0 - r2))
    assert found.loc["mld_gy", "cluster"] == found.loc["v20_pct", "cluster"] != found.loc["age_y", "cluster"]
    assert found["representative"].tolist() == [True, False, True, True]  # of two the first named
    assert pd.isna(found.loc["lung_disease", "cluster"])
    alone = build_design(table, outcome="rp", predictors=["mld_gy"])
    single = measure_collinearity(table, alone)
    assert len(single.tree) == 0 and single.candidates["vif"].tolist() == [pytest.approx(1.0)]


def test_influence_is_the_fit_without_the_patient() -> None:
    table = cohort(70)
    design = build_design(table, outcome="rp", predictors=["mld_gy", "age_y"])
    fit = fit_logistic(table, predictors=["mld_gy", "age_y"])
    beta = maximise(design.x, design.y).beta
    found = measure_influence(design.x, design.y, beta, terms=design.encoding.terms)
    assert found["leverage"].sum() == pytest.approx(3.0)  # the trace of the hat matrix
    for row in (0, 66):  # in the first and in the second block of fits
        without = fit_logistic(table.drop(index=row), predictors=["mld_gy", "age_y"])
        assert found["probability_left_out"].iloc[row] == pytest.approx(without.predict(table).iloc[row], abs=1e-8)
        change = (without.estimates["estimate"] - fit.estimates["estimate"]) / fit.estimates["se"]
        assert found["dfbetas"].iloc[row] == pytest.approx(change[change.abs().idxmax()], abs=1e-5)


def ladder(table: pd.DataFrame, **steps: list[str]) -> pd.DataFrame:
    rungs = [{"name": name, "add": columns} for name, columns in steps.items()]
    settings = LadderSettings.model_validate({"steps": rungs, "threshold": 0.25})
    rng = np.random.default_rng(1)
    return measure_added_value(table, settings=settings, resamples=30, rng=rng).set_index("step")


def test_the_ladder_compares_the_same_patients() -> None:
    table = cohort()
    table.loc[:9, "v20_pct"] = np.nan
    found = ladder(table, clinical=["age_y", "lung_disease"], mean=["mld_gy"], v20=["v20_pct"])
    assert found["n"].tolist() == [140] * 3
    kept = table.iloc[10:]
    fits = [
        fit_logistic(kept, predictors=names)
        for names in (["age_y", "lung_disease"], ["age_y", "lung_disease", "mld_gy"])
    ]
    assert found.loc["mean", "lr"] == pytest.approx(2 * (fits[1].loglik - fits[0].loglik))
    assert found.loc["mean", "p"] == pytest.approx(fits[1].estimates.set_index("term").loc["mld_gy", "p"], rel=1e-6)
    assert found["parameters"].tolist() == [2, 3, 4] and found["df"].tolist() == [0, 1, 1]
    change = found["auc_corrected"].diff().iloc[1:]
    assert found["auc_change"].iloc[1:].to_numpy() == pytest.approx(change.to_numpy())
    assert (found["auc_corrected"] < found["auc_apparent"]).all()
    assert (found["auc_change_low"].iloc[1:] <= found["auc_change_high"].iloc[1:]).all()
    share = kept["rp"].mean()
    assert found["net_benefit_all"].iloc[0] == pytest.approx(share - (1 - share) / 3)  # odds of 0.25


def test_a_step_that_cannot_be_fitted_says_so_and_the_next_goes_on() -> None:
    table = cohort().assign(copy=lambda frame: 2 * frame["age_y"])
    found = ladder(table, clinical=["age_y"], copy=["copy"])
    assert found.loc["copy", "finding"].startswith("duplicated predictor: copy")
    assert np.isnan(found.loc["copy", "auc_corrected"]) and found.loc["clinical", "finding"] == ""
    split = cohort().assign(marker=lambda frame: frame["rp"] * 2.0 + frame["age_y"] / 1e3)
    separated = ladder(split, clinical=["age_y"], marker=["marker"])
    assert separated.loc["marker", "finding"].startswith("separated") and np.isnan(separated.loc["marker", "p"])
