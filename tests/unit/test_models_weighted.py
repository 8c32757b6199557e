"""Models weighed for unknown outcomes, and models from the draw on: against R 4.2.2 and by hand."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from lungtox.errors import InputError, ParameterError
from lungtox.models import (
    censoring_weights,
    describe_gaps,
    fit_logistic,
    fit_model,
    measure_influence,
    pool_logistic,
    validate,
)
from lungtox.models.config import LogisticSettings, MissingSettings, SelectionSettings, ValidationSettings
from lungtox.models.discrimination import area_under_curve
from lungtox.models.performance import MEASURES, measure_performance, net_benefit, smooth_calibration
from lungtox.models.weights import mean_one

NUMBER = np.arange(200)
TIME = 1 + (7 * NUMBER**2 + 3 * NUMBER) % 23
STATUS = np.where(
    TIME >= 20, "no", np.array(["censored", "yes", "competing", "yes", "censored"])[(5 * NUMBER + NUMBER // 3) % 5]
)


def cohort() -> pd.DataFrame:
    """The 200 made-up patients of docs/validation/r-cross-check.md, 99 of them with known outcome."""
    time = np.minimum(TIME, 20).astype(float)
    outcome, weight = censoring_weights(time, STATUS)
    return pd.DataFrame(
        {
            "patient": [f"P{number:03d}" for number in NUMBER],
            "rp": outcome,
            "rp_status": STATUS,
            "time_months": time,
            "w": weight,
            "x": ((NUMBER * NUMBER * 13 + NUMBER * 7) % 101) / 50,
            "z": (NUMBER % 3 == 0) * 1,
            "site": np.array(["a", "b", "c"])[NUMBER * NUMBER % 7 % 3],
        }
    )


def test_weighted_fit_and_firth_as_in_r() -> None:
    # glm(quasibinomial, weights) with a sandwich written out; weighted penalised score equations by Newton's method.
    fit = fit_logistic(cohort(), predictors=["x", "z"], weight="w")
    assert fit.estimates["estimate"].tolist() == pytest.approx([-0.8042294341374, 0.9112816049740, -0.3048183730079])
    assert fit.estimates["se"].tolist() == pytest.approx([0.4186119371293, 0.3773343621006, 0.4826306729028])
    assert fit.estimates["p"].tolist() == pytest.approx([0.05470885225846, 0.01573302074442, 0.52766340018875])
    assert fit.loglik == pytest.approx(-64.91080956584, rel=1e-12)
    # The limits are Wald's: estimate and 1.959964 standard errors.
    assert fit.estimates.loc[1, "low"] == pytest.approx(0.9112816049740 - 1.9599639845 * 0.3773343621006)
    firth = fit_logistic(cohort(), predictors=["x", "z"], weight="w", penalty="firth")
    assert firth.estimates["estimate"].tolist() == pytest.approx([-0.7748030919104, 0.8772074198976, -0.2915074611834])
    assert firth.estimates["se"].tolist() == pytest.approx([0.4159874259717, 0.3739489127331, 0.4795990117730])
    assert firth.loglik == pytest.approx(-61.4702091849, rel=1e-11)
    assert firth.prediction_intercept == pytest.approx(-0.7764459729018)


def test_weighted_performance_as_in_r() -> None:
    # glm with weights and offset, loess(span = 2/3, degree = 1, surface = "direct", weights), pairs by outer().
    known = cohort().query("w > 0")
    weight, y = mean_one(known["w"].to_numpy()), known["rp"].to_numpy()
    eta = (-0.4 + 0.5 * known["x"] - 0.2 * known["z"] + 0.1 * (np.arange(1, 100) % 5)).to_numpy().round(10)
    found = dict(zip(MEASURES, measure_performance(eta, y, weights=weight), strict=True))
    assert found["auc"] == pytest.approx(0.6462434234066)
    assert found["slope"] == pytest.approx(1.588311020835) and found["citl"] == pytest.approx(-0.2460028985375)
    assert found["brier"] == pytest.approx(0.2371493023637) and found["scaled_brier"] == pytest.approx(0.0508669180577)
    assert found["ici"] == pytest.approx(0.06794020192001)
    curve = smooth_calibration(expit(eta), y, weight)
    first = [0.3829540239106, 0.5317430849758, 0.5324760468173, 0.7259340926991, 0.08540045879857]
    assert curve.at(expit(eta[:5])) == pytest.approx(first, rel=1e-11)
    benefit = net_benefit(expit(eta), y, np.array([0.5, 0.6]), weight)
    assert benefit == pytest.approx([0.08101175907418, -0.01629085976457])


def test_whole_weights_count_patients() -> None:
    # A weight of two is the same patient twice.
    rng = np.random.default_rng(4)
    eta, y, times = rng.normal(size=60).round(2), (rng.random(60) < 0.4) * 1.0, rng.integers(1, 4, 60)
    again = np.repeat(np.arange(60), times)
    assert area_under_curve(y, eta, times.astype(float)) == pytest.approx(area_under_curve(y[again], eta[again]))
    once, often = measure_performance(eta, y, weights=times * 1.0), measure_performance(eta[again], y[again])
    assert once[:5] == pytest.approx(often[:5])
    # Equal weights are no weights, lowess and quantile included.
    assert measure_performance(eta, y, weights=np.ones(60)) == pytest.approx(measure_performance(eta, y), abs=2e-4)


def test_influence_of_a_weighted_fit_leaves_the_patient_out() -> None:
    table = cohort()
    fit = fit_logistic(table, predictors=["x", "z"], weight="w")
    known = table[table["w"] > 0]
    x = np.column_stack([np.ones(99), known["x"], known["z"]])
    beta = fit.estimates["estimate"].to_numpy()
    assert fit.weights is not None
    found = measure_influence(x, known["rp"].to_numpy(), beta, terms=("a", "x", "z"), weights=fit.weights)
    without = fit_logistic(known.iloc[1:], predictors=["x", "z"], weight="w").predict(known.iloc[:1])
    assert found["probability_left_out"].iloc[0] == pytest.approx(float(without.iloc[0]), abs=1e-9)
    assert found["leverage"].sum() == pytest.approx(3.0)


def run(table: pd.DataFrame, validation: ValidationSettings | None = None, **options: object) -> object:
    settings = LogisticSettings(**({"predictors": ["x", "z", "site"]} | options))  # type: ignore[arg-type]
    return fit_model(
        table, dictionary=None, name="m", settings=settings, rng=np.random.default_rng(1),
        validation=validation or ValidationSettings(resamples=10, repeats=1, folds=3, by="site"),
    )  # fmt: skip


def test_model_of_the_config_is_weighed_by_default() -> None:
    result = run(cohort())
    json.dumps(result.fit, allow_nan=False)
    assert (result.fit["n"], result.fit["weights"], result.fit["interval"]) == (99, "ipcw", "robust (sandwich) Wald")
    assert result.fit["unknown"] == {
        "died": int((STATUS == "competing").sum()),
        "lost": int((STATUS == "censored").sum()),
    }
    assert result.fit["unknown"]["died"] + result.fit["unknown"]["lost"] == 101
    assert any("The outcome of 101 patients is not known" in text for text in result.fit["warnings"])
    assert result.predictions["weight"].mean() == pytest.approx(1.0)
    weighed = (result.predictions["weight"] * result.predictions["rp"]).mean()
    # Score equation of the intercept, and the weighted share that R's survfit gives.
    assert (result.predictions["weight"] * result.predictions["probability"]).mean() == pytest.approx(weighed)
    assert weighed == pytest.approx(0.488119432694)
    assert result.validation["corrected"].notna().all() and len(result.tables["internal_external"]) == 3
    # Apparent calibration of a weighted fit holds only where the validation is weighted too.
    apparent = result.validation[result.validation["approach"] == "bootstrap"].set_index("measure")["apparent"]
    assert (apparent["slope"], apparent["citl"]) == pytest.approx((1.0, 0.0), abs=1e-9)


def test_the_extreme_codings_stand_beside() -> None:
    result = run(cohort(), predictors=["x", "z"])
    rows = {(row["coding"], row["term"]): row for row in result.fit["codings"]}
    assert {coding for coding, _ in rows} == {
        "weighted, deaths without RP", "left out", "all without RP", "all with RP"
    }  # fmt: skip
    zero = fit_logistic(cohort().fillna({"rp": 0}), predictors=["x", "z"]).estimates.set_index("term")
    assert rows["all without RP", "x"]["value"] == pytest.approx(np.exp(zero.loc["x", "estimate"]))
    assert rows["all without RP", "x"]["n"] == 200 and rows["left out", "x"]["n"] == 99
    left = run(cohort(), predictors=["x", "z"], weights="none")
    assert {row["coding"] for row in left.fit["codings"]} >= {"weighted", "all without RP", "all with RP"}
    assert left.fit["weights"] == "none" and left.fit["interval"] == "profile likelihood"
    assert any("left out, which is biased" in text for text in left.fit["warnings"])


@pytest.mark.parametrize(
    "options",
    [
        {"selection": SelectionSettings(method="forward", p=0.3)},
        {"selection": SelectionSettings(method="lasso")},
        {"penalty": "ridge"},
        {"penalty": "firth"},
    ],
)
def test_every_recipe_takes_weights(options: dict[str, object]) -> None:
    result = run(cohort(), **options)
    assert result.fit["weights"] == "ipcw" and result.fit["converged"]
    assert np.isfinite(result.validation.loc[0, "corrected"])
    # Weights enter: without them the model is another.
    other = run(cohort(), **options, weights="none")
    assert not np.allclose(result.predictions["probability"], other.predictions["probability"], atol=1e-6)


def test_imputation_inside_resamples_keeps_the_weights() -> None:
    table = cohort().assign(x=lambda rows: rows["x"].where(NUMBER % 9 > 0))
    settings = LogisticSettings(predictors=["x", "z"])
    result = fit_model(
        table, dictionary=None, name="m", settings=settings, rng=np.random.default_rng(1),
        validation=ValidationSettings(resamples=10, repeats=1, folds=3, impute=True),
        missing=MissingSettings(iterations=2),
    )  # fmt: skip
    assert len(result.tables["stability"]) == 99
    assert result.fit["n"] == int((table["x"].notna() & table["rp"].notna()).sum()) == len(result.predictions)


def test_imputed_models_are_weighed_too() -> None:
    table = cohort()
    # Twenty equal copies have no variance between them: Rubin's rules give the figures of R's weighted fit back.
    known = table[table["w"] > 0]
    pooled, _, n, events = pool_logistic(
        [known] * 20, model=LogisticSettings(predictors=["x", "z"]), weights=known["w"].to_numpy()
    )
    assert pooled.estimate == pytest.approx([-0.8042294341374, 0.9112816049740, -0.3048183730079])
    assert pooled.se == pytest.approx([0.4186119371293, 0.3773343621006, 0.4826306729028])
    assert (n, events) == (99, 65)
    gaps = table.assign(x=table["x"].where(NUMBER % 9 > 0))
    models = {"m": LogisticSettings(predictors=["x", "z"])}
    found = describe_gaps(
        gaps, columns=["x"], models=models, settings=MissingSettings(iterations=2), rng=np.random.default_rng(1)
    ).models.set_index(["analysis", "term"])
    complete = fit_logistic(gaps, predictors=["x", "z"], weight="w").estimates.set_index("term")
    assert found.loc[("complete cases", "x"), "p"] == pytest.approx(complete.loc["x", "p"])
    assert found.loc[("multiple imputation", "x"), "n"] == 99


def test_nothing_changes_where_every_outcome_is_known() -> None:
    table = cohort().query("w > 0").reset_index(drop=True)
    weighed, plain = run(table), run(table.drop(columns=["rp_status", "time_months"]), weights="none")
    assert weighed.fit == plain.fit and weighed.fit["weights"] == "none"
    assert weighed.fit["interval"] == "profile likelihood" and weighed.fit["codings"] == []
    for name, each in weighed.tables.items():
        pd.testing.assert_frame_equal(each, plain.tables[name], check_exact=True)


def test_weights_that_cannot_be_are_refused() -> None:
    with pytest.raises(InputError, match="rp_status and time_months"):
        run(cohort().drop(columns="rp_status"))
    with pytest.raises(InputError, match="another in 1 row"):
        run(cohort().assign(rp=lambda rows: rows["rp"].where(rows.index != np.flatnonzero(STATUS == "yes")[0])))
    with pytest.raises(ParameterError, match="positive weights"):
        fit_logistic(cohort().assign(w=0.0), predictors=["x"], weight="w")
    with pytest.raises(InputError, match="weight"):
        validate(cohort(), predictors=["x"], resamples=2, rng=np.random.default_rng(1), weight="weight")


def drawn(table: pd.DataFrame, doses: object = 45.0) -> pd.DataFrame:
    return pd.DataFrame(
        {"patient": table["patient"], "cytokine": "il6", "timepoint": "during", "draw_dose_gy": doses}
    )  # fmt: skip


def test_a_model_with_a_value_during_rt_starts_at_the_draw() -> None:
    # 45 of 60 Gy between 1 January and 1 March (60 days) is day 45, 15 February: 15 days before the end of RT.
    table = cohort().assign(
        rt_start_date="2020-01-01", rt_end_date="2020-03-01", prescription_gy=60.0,
        rp_date=np.where(STATUS == "yes", "2020-06-01", None), il6_during=lambda rows: 1.0 + rows["x"],
    )  # fmt: skip
    events = np.flatnonzero(STATUS == "yes")
    table.loc[events[:3], "rp_date"] = "2020-02-10"  # before the draw
    lost = np.flatnonzero(STATUS == "censored")[0]
    table.loc[lost, "time_months"] = 0.0  # lost on the last day: after the draw
    draws = drawn(table, np.where(np.arange(200) == np.flatnonzero(STATUS == "no")[0], np.nan, 45.0))
    settings = LogisticSettings(predictors=["il6_during", "z"])
    result = fit_model(
        table, dictionary=None, name="late", settings=settings, rng=np.random.default_rng(1), draws=draws,
        validation=ValidationSettings(resamples=10, repeats=1, folds=3),
    )  # fmt: skip
    assert result.fit["landmark"] == "from the draw; left out: 1 no draw, 3 RP before the draw"
    assert any("times count from the draw; left out: 1 no draw" in text for text in result.fit["warnings"])
    assert (result.fit["n"], result.fit["events"], result.fit["weights"]) == (95, 62, "ipcw")
    assert not {f"P{number:03d}" for number in events[:3]} & set(result.predictions["patient"])
    assert len(result.tables["stability"]) == len(result.predictions) == 95
    # A model without such a value keeps everybody.
    whole = fit_model(
        table, dictionary=None, name="early", settings=LogisticSettings(predictors=["x"]),
        rng=np.random.default_rng(1), draws=draws, validation=ValidationSettings(resamples=10, repeats=1, folds=3),
    )  # fmt: skip
    assert whole.fit["landmark"] == "" and whole.fit["n"] == 99


def test_separated_and_weighted_says_what_its_intervals_are() -> None:
    table = cohort().assign(z=lambda rows: np.where((rows["rp"] == 1) & (NUMBER % 2 == 0), 1, 0))
    result = run(table, predictors=["x", "z"])
    assert result.fit["penalty"] == "firth" and result.fit["separation"]["terms"] == ["z"]
    assert any("robust intervals are rough here" in text for text in result.fit["warnings"])
