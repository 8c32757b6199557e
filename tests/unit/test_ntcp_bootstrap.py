"""Bootstrap of NTCP fits: against the regression room's own, statsmodels refits, and by definition."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from pytest import approx

from lungtox.errors import ParameterError
from lungtox.models import validate
from lungtox.ntcp import fit_ntcp, validate_ntcp
from tests.unit.ntcp_cases import lkb_outcomes, lung_dvhs


@pytest.fixture(scope="module")
def cohort():
    rng = np.random.default_rng(2)
    dvhs = lung_dvhs(80, rng)
    return dvhs, lkb_outcomes(dvhs, rng, td50_gy=14.0, m=0.4)


def test_optimism_is_that_of_the_regression_models(cohort):
    """A logistic NTCP model of the mean dose is a logistic regression: the same resamples give the same figures."""
    dvhs, outcome = cohort
    table = pd.DataFrame({"rp": outcome, "mld_gy": [item.mean_gy for item in dvhs]})
    known = validate(
        table, predictors=["mld_gy"], resamples=12, repeats=0, rng=np.random.default_rng(5)
    ).measures.set_index("measure")
    fit = fit_ntcp(dvhs, outcome, model="logistic", intervals=False)
    found = validate_ntcp(fit, resamples=12, rng=np.random.default_rng(5)).measures.set_index("measure")
    for measure in ("auc", "slope", "brier", "citl", "ici"):
        for column in ("apparent", "optimism", "corrected"):
            assert found.loc[measure, column] == approx(known.loc[measure, column], abs=1e-6), (measure, column)


def test_percentile_interval_of_refits_by_statsmodels(cohort):
    dvhs, outcome = cohort
    mean = np.array([item.mean_gy for item in dvhs])
    fit = fit_ntcp(dvhs, outcome, model="mean_dose_probit", intervals=False)
    found = validate_ntcp(fit, resamples=15, rng=np.random.default_rng(9)).intervals.set_index("quantity")
    rng, td50 = np.random.default_rng(9), []
    for _ in range(15):
        rows = rng.integers(0, 80, 80)
        b0, b1 = sm.Probit(outcome[rows], sm.add_constant(mean[rows])).fit(disp=0, tol=1e-13).params
        td50.append(-b0 / b1)
    low, high = np.quantile(td50, (0.025, 0.975))
    assert [found.loc["td50_gy", "low"], found.loc["td50_gy", "high"]] == approx([low, high], rel=1e-5)
    assert found.loc["td50_gy", "estimate"] == fit["td50_gy"]
    assert found["resamples"].unique().tolist() == [15]
    assert sum(name.startswith("ntcp(") for name in found.index) == 7


def test_boundary_estimates_are_counted(cohort):
    dvhs, outcome = cohort
    fit = fit_ntcp(dvhs, outcome, intervals=False)
    table = validate_ntcp(fit, resamples=12, rng=np.random.default_rng(1)).intervals.set_index("quantity")
    assert 0.0 < table.loc["n", "at_boundary"] <= 1.0  # the truth is n = 1
    assert table.loc["n", "high"] == approx(1.0)


def test_searched_fits_are_refitted_too(cohort):
    dvhs, outcome = cohort
    factors = pd.DataFrame({"age_y": np.random.default_rng(0).normal(65, 9, 80)})
    fit = fit_ntcp(dvhs, outcome, model="mean_dose_probit", covariates=factors, intervals=False)
    found = validate_ntcp(fit, resamples=6, rng=np.random.default_rng(1))
    assert {"td50_gy", "m", "delta[age_y]", "dose_factor[age_y]"} <= set(found.intervals["quantity"])
    again = validate_ntcp(fit, resamples=6, rng=np.random.default_rng(1))
    pd.testing.assert_frame_equal(found.intervals, again.intervals)


def test_no_resamples_are_refused(cohort):
    fit = fit_ntcp(*cohort, model="logistic", intervals=False)
    with pytest.raises(ParameterError, match="at least 1"):
        validate_ntcp(fit, resamples=0, rng=np.random.default_rng(1))
