"""A fit of a run applied to another case: its interval against statsmodels, what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
import statsmodels.api as sm
from pytest import approx
from scipy.stats import norm

from lungtox.errors import InputError
from lungtox.ntcp import (
    draw_parameters,
    fit_ntcp,
    fit_to_json,
    fitted_model,
    interval_of,
    ntcp_curve,
    ntcp_draws,
    read_fitted_model,
)
from lungtox.tables import write_csv
from tests.unit.ntcp_cases import lkb_outcomes, lung_dvhs, toy


@pytest.fixture(scope="module")
def cohort():
    rng = np.random.default_rng(5)
    dvhs = lung_dvhs(400, rng, bins=700)
    return dvhs, lkb_outcomes(dvhs, rng, td50_gy=16.0)


@pytest.fixture(scope="module")
def lkb_fit(cohort):
    return fit_ntcp(*cohort, model="lkb", fixed={"n": 1.0})


def test_interval_of_an_own_fit_is_that_of_the_probit_regression(cohort, lkb_fit):
    dvhs, outcome = cohort
    mean = np.array([item.mean_gy for item in dvhs])
    probit = sm.GLM(outcome, sm.add_constant(mean), sm.families.Binomial(sm.families.links.Probit())).fit()
    model = fitted_model(fit_to_json(lkb_fit, name="own"), curve=ntcp_curve(lkb_fit))
    assert np.array(model.covariance) == approx(np.asarray(probit.cov_params())[[0, 0, 1], [0, 1, 1]], rel=0.1)
    drawn = draw_parameters(model, np.random.default_rng(1))
    found = interval_of(lambda values: ntcp_draws(model, 12.0, None, values), drawn)
    eta, se = probit.params @ [1, 12], np.sqrt([1, 12] @ np.asarray(probit.cov_params()) @ [1, 12])
    assert model.ntcp(12.0) == approx(norm.cdf(eta), abs=1e-6)
    assert found.low == approx(norm.cdf(eta - 1.96 * se), abs=4e-3)
    assert found.high == approx(norm.cdf(eta + 1.96 * se), abs=4e-3)


def test_logistic_fit_and_its_structure(cohort):
    fit = fit_ntcp(*cohort, model="logistic")
    model = fitted_model(fit_to_json(fit, name="own"), curve=ntcp_curve(fit))
    assert model.ntcp(toy()) == approx(float(fit.predict([toy()])[0]))
    assert model.covariance is not None and model.structures == ("Lungs-GTV",)
    with pytest.raises(InputError, match="found Heart"):
        model.accept(toy(structure="Heart"))


def test_without_a_curve_or_with_free_n_there_is_no_interval(cohort, lkb_fit):
    model = fitted_model(fit_to_json(lkb_fit, name="own"))
    assert draw_parameters(model, np.random.default_rng(1)) is None
    assert "curve.csv does not stand beside" in model.covariance_absent
    dvhs, outcome = cohort
    free = fit_ntcp(dvhs[:80], outcome[:80], model="lkb")
    model = fitted_model(fit_to_json(free, name="own"), curve=ntcp_curve(free))
    assert "n was estimated too" in model.covariance_absent


def test_files_of_a_run(tmp_path, lkb_fit):
    path = tmp_path / "fit.json"
    content = fit_to_json(lkb_fit, name="own")
    path.write_text(json.dumps(content), encoding="utf-8")
    write_csv(ntcp_curve(lkb_fit), tmp_path / "curve.csv")
    assert read_fitted_model(path).covariance is not None
    wrong = {
        "no such file": None,
        "another file": {"model": "lkb"},
        "did not converge": {**content, "converged": False},
        "with td50_gy, m, n, smoking": {
            **content,
            "parameters": [*content["parameters"], {"parameter": "smoking", "estimate": 0.4}],
        },
        "m from 0.02 to 10; found -0.4": {
            **content,
            "parameters": [
                {**item, "estimate": -0.4} if item["parameter"] == "m" else item for item in content["parameters"]
            ],
        },
    }
    for words, changed in wrong.items():
        other = tmp_path / "other.json"
        if changed is not None:
            other.write_text(json.dumps(changed), encoding="utf-8")
        with pytest.raises(InputError, match=words):
            read_fitted_model(other)
    (tmp_path / "other.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="another file"):
        read_fitted_model(tmp_path / "other.json")
