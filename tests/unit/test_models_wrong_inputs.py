"""What a model cannot be fitted to is a named finding in fit.json and in the report, never a silent number."""

import json
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from lungtox.models import fit_model
from lungtox.models.config import LogisticSettings, SelectionSettings, ValidationSettings
from lungtox.report.blocks import Bullets, Text
from lungtox.report.limitations import limitations_section
from lungtox.report.model_section import model_section, model_sentence
from lungtox.report.results import ModelResults
from tests.unit.test_report_sentences import results


def cohort() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    mld = rng.normal(14.0, 4.0, 60)
    table = pd.DataFrame({"patient": [f"P{i:02}" for i in range(60)], "mld_gy": mld, "age_y": rng.normal(63, 8, 60)})
    return table.assign(copy=1.0 - 2.0 * mld, rp=(rng.random(60) < expit(0.2 * (mld - 16.0))) * 1)


def fitted(table: pd.DataFrame, predictors: list[str], **options: Any) -> dict[str, Any]:
    settings = LogisticSettings(predictors=predictors, weights="none", **options)
    result = fit_model(
        table, dictionary=None, name="dose", settings=settings, rng=np.random.default_rng(1),
        validation=ValidationSettings(resamples=10, repeats=1, folds=3),
    )  # fmt: skip
    json.dumps(result.fit, allow_nan=False)
    assert all(table.empty for table in result.tables.values()) == (not result.fit["converged"])
    return result.fit


def said(fit: dict[str, Any]) -> str:
    """Give what the report says about a model that could not be fitted, wherever it says so."""
    model = ModelResults("dose", fit, None)
    blocks = model_section(results(models=(model,))).blocks
    (limits,) = limitations_section(results(models=(model,))).blocks
    assert isinstance(limits, Bullets) and any("'dose' could not be fitted" in text for text in limits.items)
    assert model_sentence(model) in [block.text for block in blocks if isinstance(block, Text)]
    return model_sentence(model)


WEEK = {f"day_{number}": np.random.default_rng(number).normal(size=60) for number in range(30)}


@pytest.mark.parametrize(
    ("change", "predictors", "options", "finding"),
    [
        ({"rp": 0}, ["mld_gy"], {}, "one outcome class"),
        ({"rp": 1}, ["mld_gy"], {"penalty": "firth"}, "one outcome class"),
        ({"rp": np.nan}, ["mld_gy"], {"penalty": "ridge"}, "one outcome class"),
        ({"age_y": 60.0}, ["mld_gy", "age_y"], {}, "constant predictor: age_y"),
        ({"age_y": 60.0}, ["mld_gy", "age_y"], {"penalty": "lasso"}, "constant predictor: age_y"),
        (WEEK, ["mld_gy", *WEEK], {}, "more parameters than events"),
        ({}, ["mld_gy", "copy"], {}, "duplicated predictor: copy"),
        ({}, ["mld_gy", "copy"], {"selection": SelectionSettings(method="forward")}, "duplicated predictor: copy"),
        ({"age_y": np.nan}, ["mld_gy", "age_y"], {}, "no complete row: .*age_y has no value"),
        ({"age_y": np.inf}, ["mld_gy", "age_y"], {}, "age_y.*finite"),
        ({"rp": 2}, ["mld_gy"], {}, "rp: expected 0, 1 or missing"),
    ],
)
def test_wrong_inputs_are_named(change: dict[str, Any], predictors: list[str], options: dict[str, Any], finding: str):
    fit = fitted(cohort().assign(**change), predictors, **options)
    assert fit["converged"] is False and fit["estimates"] == []
    assert re.match(finding, fit["finding"]), fit["finding"]
    assert fit["finding"].rstrip(".") in said(fit)


def test_no_convergence_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    # No data are known on which the solvers fail, so one of them is stopped after its first step.
    from lungtox.models import newton

    monkeypatch.setattr(newton.maximise, "__kwdefaults__", {**newton.maximise.__kwdefaults__, "max_iterations": 1})
    fit = fitted(cohort(), ["mld_gy", "age_y"])
    assert fit["finding"].startswith("no convergence") and "no convergence" in said(fit)


def test_gaps_are_counted_and_separation_is_told() -> None:
    table = cohort()
    table.loc[:4, "age_y"] = np.nan
    fit = fitted(table, ["mld_gy", "age_y"])
    assert fit["n"] == 55 and any("5 of 60 rows left out" in text and "age_y 5" in text for text in fit["warnings"])
    table["mark"] = table["rp"] * 1.0
    fit = fitted(table.dropna(), ["mld_gy", "mark"])
    assert "mark" in fit["separation"]["terms"] and fit["penalty"] == "firth"
    (limits,) = limitations_section(results(models=(ModelResults("dose", fit, None),))).blocks
    assert isinstance(limits, Bullets) and any("separated by" in text for text in limits.items)
