"""Patterns of missing values, and logistic models on complete rows and on imputed tables."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from lungtox.errors import FitError, InputError
from lungtox.models import describe_gaps, fit_logistic, fit_model, impute, missing_patterns, pool_logistic
from lungtox.models.config import LogisticSettings, MissingSettings, ValidationSettings


def test_patterns_by_hand():
    table = pd.DataFrame(
        {
            "rp": [1, 0, 0, 1, np.nan, 0],
            "a": [1, 2, np.nan, 4, 5, 6.0],
            "b": [1, 2, np.nan, 4, 5, 6.0],
            "c": [1, np.nan, np.nan, 4, 5, 6.0],
            "full": 1.0,
        }
    )
    found = missing_patterns(table, columns=["a", "b", "c", "full"])
    # Rows 1, 4 and 6 lack nothing; then one row each: only c, only the outcome, a with b and c.
    assert found.groupby("pattern")["n"].first().tolist() == [3, 1, 1, 1]
    assert found.groupby("pattern")[["n_rp", "n_no_rp"]].first().to_numpy().tolist() == [[2, 1], [0, 1], [0, 0], [0, 1]]
    assert set(found["columns"]) == {"rp", "a;b", "c"} and "a and 1 more" in set(found["label"])
    last = found[found["pattern"] == 4].set_index("columns")["missing"]
    assert last.to_dict() == {"rp": False, "a;b": True, "c": True}


def test_complete_table_has_one_pattern():
    found = missing_patterns(pd.DataFrame({"rp": [0, 1], "a": [1.0, 2.0]}), columns=["a"])
    assert found[["pattern", "n", "label", "missing"]].to_numpy().tolist() == [[1, 2, "nothing is missing", False]]


def biased_cohort() -> pd.DataFrame:
    """Give 600 patients whose dose is missing more often with RP and a high marker: complete rows are biased."""
    rng = np.random.default_rng(11)
    marker = rng.normal(size=600)
    dose = 0.8 * marker + 0.6 * rng.normal(size=600)
    rp = (rng.random(600) < expit(-0.8 + 1.0 * dose)) * 1
    gone = rng.random(600) < expit(-1.5 + 1.2 * marker + 1.2 * rp)
    return pd.DataFrame({"rp": rp, "dose": np.where(gone, np.nan, dose), "marker": marker, "whole": dose})


def test_imputation_comes_back_to_the_full_data_where_complete_rows_do_not():
    table = biased_cohort()
    models = {"m": LogisticSettings(predictors=["dose"])}
    tables = describe_gaps(
        table[["rp", "dose", "marker"]],
        columns=["dose"],
        models=models,
        settings=MissingSettings(auxiliary=["marker"]),
        rng=np.random.default_rng(1),
    )
    row = tables.models.set_index("analysis")
    full = np.exp(fit_logistic(table, predictors=["whole"]).estimates["estimate"].iloc[1])
    assert row.loc["multiple imputation", "n"] == 600 and row.loc["complete cases", "n"] < 450
    imputed, complete = row.loc["multiple imputation"], row.loc["complete cases"]
    assert imputed["low"] < full < imputed["high"] and 0 < imputed["missing_information"] < 0.8
    assert abs(np.log(imputed["odds_ratio"] / full)) < 0.5 * imputed["missing_information"]
    assert complete["finding"] == "" and np.isnan(complete["missing_information"])


def test_findings_instead_of_numbers():
    table = biased_cohort()[["rp", "dose", "marker"]]
    models = {"full": LogisticSettings(predictors=["marker"]), "flat": LogisticSettings(predictors=["same"])}
    tables = describe_gaps(
        table.assign(same=1.0), columns=[], models=models, settings=MissingSettings(), rng=np.random.default_rng(1)
    )
    found = tables.models.set_index(["model", "analysis"])["finding"]
    assert found["full", "multiple imputation"].startswith("nothing to impute")
    assert found["flat", "complete cases"].startswith("constant predictor")
    only = describe_gaps(
        table, columns=[], models={"m": LogisticSettings(predictors=["dose"])},
        settings=MissingSettings(method="complete-case"), rng=np.random.default_rng(1),
    )  # fmt: skip
    assert set(only.models["analysis"]) == {"complete cases"}
    with pytest.raises(InputError, match="nowhere"):
        describe_gaps(table, columns=["nowhere"], models={}, settings=MissingSettings(), rng=np.random.default_rng(1))


def test_separated_tables_are_pooled_by_firths_penalty():
    rng = np.random.default_rng(2)
    x = np.linspace(-2, 2, 40)
    table = pd.DataFrame({"rp": (x > 0) * 1, "x": np.where(rng.random(40) < 0.2, np.nan, x)})
    pooled, encoding, n, events = pool_logistic(impute(table, 1, 20), model=LogisticSettings(predictors=["x"]))
    assert np.isfinite(pooled.estimate).all() and abs(pooled.estimate[1]) < 50 and (n, events) == (40, 20)
    assert encoding.terms == ("Intercept", "x")
    with pytest.raises(FitError, match="constant predictor"):
        pool_logistic([table.assign(x=1.0)] * 2, model=LogisticSettings(predictors=["x"]))


def test_validation_imputes_inside_each_resample():
    table = biased_cohort()[["rp", "dose", "marker"]].head(150).assign(patient=[f"P{i:03d}" for i in range(150)])
    validation = ValidationSettings(resamples=10, repeats=1, folds=3, impute=True)
    missing = MissingSettings(iterations=2, auxiliary=["marker"])
    models = LogisticSettings(predictors=["dose"])
    results = [
        fit_model(
            table, dictionary=None, name="m", settings=models, validation=each, missing=missing,
            rng=np.random.default_rng(1),
        )
        for each in (validation, validation.model_copy(update={"impute": False}))
    ]  # fmt: skip
    whole, complete = (len(result.tables["stability"]) for result in results)
    assert whole == 150 and complete == table["dose"].notna().sum()
    assert any("imputed inside each resample (150 patients)" in text for text in results[0].fit["warnings"])
    assert len(results[0].predictions) == complete
