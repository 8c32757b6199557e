"""Fits against statsmodels and scipy, and by simulation with a fixed generator."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest import approx
from scipy import optimize
from scipy.stats import chi2, norm

from lungtox.errors import FitError, InputError, ParameterError
from lungtox.ntcp import fit_ntcp, fit_to_json, ntcp_bins, ntcp_curve
from lungtox.ntcp.curve import wilson_interval
from lungtox.ntcp.matrix import dose_matrix
from tests.unit.ntcp_cases import dvh, lkb_outcomes, lung_dvhs


@pytest.fixture(scope="module")
def cohort():
    rng = np.random.default_rng(7)
    dvhs = lung_dvhs(120, rng)
    return dvhs, lkb_outcomes(dvhs, rng)


def limits(fit, name):
    row = fit.parameters.set_index("parameter").loc[name]
    return row["low"], row["high"]


def probit_loglik(b0, b1, mean, outcome):
    return norm.logcdf(np.where(outcome == 1, 1, -1) * (b0 + b1 * mean)).sum()


def test_lkb_with_n_1_is_the_probit_regression(cohort):
    dvhs, outcome = cohort
    mean = np.array([item.mean_gy for item in dvhs])
    reference = sm.Probit(outcome, sm.add_constant(mean)).fit(disp=0, tol=1e-14)
    b0, b1 = reference.params
    fit = fit_ntcp(dvhs, outcome, model="lkb", fixed={"n": 1.0})
    assert fit["td50_gy"] == approx(-b0 / b1, rel=1e-6)
    assert fit["m"] == approx(-1 / b0, rel=1e-6)
    assert fit.loglik == approx(reference.llf, abs=1e-6)
    assert fit.aic == approx(reference.aic, abs=1e-6)
    assert fit.predict(dvhs) == approx(reference.predict(), abs=1e-6)
    assert (fit.n, fit.events, fit.converged) == (120, int(outcome.sum()), True)


def test_logistic_is_the_logistic_regression(cohort):
    dvhs, outcome = cohort
    mean = np.array([item.mean_gy for item in dvhs])
    reference = sm.Logit(outcome, sm.add_constant(mean)).fit(disp=0, tol=1e-14)
    b0, b1 = reference.params
    fit = fit_ntcp(dvhs, outcome, model="logistic")
    assert [fit["b0"], fit["b1"], fit["td50_gy"]] == approx([b0, b1, -b0 / b1], rel=1e-6)
    assert fit["gamma50"] == approx(b1 * fit["td50_gy"] / 4, rel=1e-6)  # SCIENCE.md section 4
    assert fit.loglik == approx(reference.llf, abs=1e-6)


def test_profile_limits_of_td50_and_m_by_brute_force(cohort):
    """Each limit: hold the parameter there, maximise the rest with scipy; the drop is half the chi-square quantile."""
    dvhs, outcome = cohort
    mean = np.array([item.mean_gy for item in dvhs])
    fit = fit_ntcp(dvhs, outcome, fixed={"n": 1.0})
    half = chi2.ppf(0.95, 1) / 2
    for limit in limits(fit, "td50_gy"):
        held = optimize.minimize_scalar(
            lambda b1, td50=limit: -probit_loglik(-b1 * td50, b1, mean, outcome), bounds=(0, 2), method="bounded"
        )
        assert fit.loglik + held.fun == approx(half, abs=1e-5)
    for limit in limits(fit, "m"):
        held = optimize.minimize_scalar(
            lambda b1, m=limit: -probit_loglik(-1 / m, b1, mean, outcome), bounds=(0, 2), method="bounded"
        )
        assert fit.loglik + held.fun == approx(half, abs=1e-5)


def test_free_n_finds_what_a_direct_search_finds():
    rng = np.random.default_rng(11)
    dvhs = lung_dvhs(600, rng)
    outcome = lkb_outcomes(dvhs, rng, td50_gy=25.0, m=0.2, n=0.5)
    matrix = dose_matrix(dvhs)

    def loss(x):
        td50, m, n = np.exp(x)
        return -norm.logcdf(np.where(outcome == 1, 1, -1) * (matrix.geud_gy(n) - td50) / (m * td50)).sum()

    found = optimize.minimize(
        loss, np.log([25, 0.2, 0.5]), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 4000}
    )
    fit = fit_ntcp(dvhs, outcome)
    assert fit.loglik >= -found.fun - 1e-7
    assert [fit["td50_gy"], fit["m"], fit["n"]] == approx(np.exp(found.x), rel=1e-3)
    low, high = limits(fit, "n")
    assert low < fit["n"] < high < 1.0
    half = chi2.ppf(0.95, 1) / 2
    for limit in (low, high):
        held = optimize.minimize(
            lambda x, n=limit: loss([*x, np.log(n)]), np.log([fit["td50_gy"], fit["m"]]), method="Nelder-Mead",
            options={"xatol": 1e-9, "fatol": 1e-11},
        )  # fmt: skip
        assert fit.loglik + held.fun == approx(half, abs=1e-4)


def test_truth_lies_in_the_intervals_of_a_large_cohort():
    rng = np.random.default_rng(5)
    dvhs = lung_dvhs(800, rng, bins=700)
    fit = fit_ntcp(dvhs, lkb_outcomes(dvhs, rng, td50_gy=25.0, m=0.3, n=0.6))
    for name, truth in (("td50_gy", 25.0), ("m", 0.3), ("n", 0.6)):
        low, high = limits(fit, name)
        assert low < truth and not truth > high, name  # n may be open at 1


def test_n_at_its_boundary_is_reported():
    rng = np.random.default_rng(3)
    dvhs = lung_dvhs(200, rng)
    # Outcomes follow the volume above 5 Gy: the low doses matter most, so n wants to be above 1.
    v5 = np.array([item.volume_cc[50:].sum() / item.volume_cc.sum() for item in dvhs])
    outcome = (rng.random(200) < norm.cdf((v5 - np.median(v5)) / v5.std() * 2)).astype(int)
    fit = fit_ntcp(dvhs, outcome)
    row = fit.parameters.set_index("parameter").loc["n"]
    assert row["estimate"] == 1.0
    assert row["at_boundary"]
    assert np.isnan(row["high"])
    assert row["low"] < 1.0
    assert fit.converged
    assert any("n is at its boundary 1" in text for text in fit.warnings)


def test_td50_beyond_the_data_is_said():
    rng = np.random.default_rng(1)
    dvhs = lung_dvhs(150, rng)
    fit = fit_ntcp(dvhs, lkb_outcomes(dvhs, rng, td50_gy=45.0, m=0.45), fixed={"n": 1.0})
    assert fit["td50_gy"] > max(item.mean_gy for item in dvhs)
    assert any("beyond the highest dose" in text and "extrapolation" in text for text in fit.warnings)
    assert fit_to_json(fit, name="x")["beyond_doses"] == "estimate"


def test_an_interval_of_td50_that_leaves_the_data_is_said():
    rng = np.random.default_rng(8)
    dvhs = lung_dvhs(150, rng)
    fit = fit_ntcp(dvhs, lkb_outcomes(dvhs, rng, td50_gy=22.0, m=0.5), fixed={"n": 1.0})
    highest = max(item.mean_gy for item in dvhs)
    high = fit.parameters.set_index("parameter").loc["td50_gy", "high"]
    assert fit["td50_gy"] < highest < high
    assert any("interval of TD50" in text and "extrapolation" in text for text in fit.warnings)
    assert fit_to_json(fit, name="x")["beyond_doses"] == "interval"


def test_open_limit_is_none_and_said():
    rng = np.random.default_rng(2)
    dvhs = lung_dvhs(60, rng)
    outcome = (rng.random(60) < 0.3).astype(int)  # no dose response
    fit = fit_ntcp(dvhs, outcome, fixed={"n": 1.0})
    content = fit_to_json(fit, name="none")
    td50 = next(item for item in content["parameters"] if item["parameter"] == "td50_gy")
    assert td50["high"] is None
    assert any("td50_gy" in text for text in fit.warnings)


def test_falling_risk_is_not_hidden(cohort):
    dvhs, outcome = cohort
    for model in ("lkb", "logistic"):
        fit = fit_ntcp(dvhs, 1 - outcome, model=model, fixed={"n": 1.0})
        assert not fit.converged
        assert any("no usable rise" in text for text in fit.warnings)
    assert fit["b1"] == 0.0
    assert fit.parameters.set_index("parameter").loc["td50_gy", "estimate"] != fit["b1"]


def test_a_dose_that_separates_is_not_hidden(cohort):
    dvhs, _ = cohort
    mean = np.array([item.mean_gy for item in dvhs])
    for model in ("lkb", "logistic"):
        fit = fit_ntcp(dvhs, mean > np.median(mean), model=model, fixed={"n": 1.0})
        assert not fit.converged
        assert any("separates" in text for text in fit.warnings)


def test_few_events_are_said(cohort):
    dvhs, _ = cohort
    outcome = np.zeros(120, dtype=int)
    outcome[[3, 50, 77]] = 1
    assert any("Only 3 patients" in text for text in fit_ntcp(dvhs, outcome, fixed={"n": 1.0}).warnings)


def test_fixed_parameters_are_kept_and_shape_the_fit(cohort):
    dvhs, outcome = cohort
    fit = fit_ntcp(dvhs, outcome, fixed={"n": 1.0, "m": 0.37})
    assert fit["m"] == 0.37
    mean = np.array([item.mean_gy for item in dvhs])
    found = optimize.minimize_scalar(
        lambda td50: -probit_loglik(-1 / 0.37, 1 / (0.37 * td50), mean, outcome), bounds=(5, 100), method="bounded",
        options={"xatol": 1e-9},
    )  # fmt: skip
    assert fit["td50_gy"] == approx(found.x, rel=1e-5)
    assert fit.aic == approx(2 + 2 * found.fun, abs=1e-6)
    low, high = limits(fit, "td50_gy")
    assert low < fit["td50_gy"] < high
    row = fit.parameters.set_index("parameter").loc["m"]
    assert row["fixed"] and np.isnan(row["low"])


def test_only_n_may_be_free(cohort):
    dvhs, outcome = cohort
    fit = fit_ntcp(dvhs, outcome, fixed={"td50_gy": 20.0, "m": 0.37})
    assert (fit["td50_gy"], fit["m"]) == (20.0, 0.37)
    assert 0.01 <= fit["n"] <= 1.0


def test_logistic_with_free_n(cohort):
    dvhs, outcome = cohort
    fit = fit_ntcp(dvhs, outcome, model="logistic", free_n=True)
    assert fit.loglik >= fit_ntcp(dvhs, outcome, model="logistic").loglik - 1e-9
    assert not fit.parameters.set_index("parameter").loc["n", "fixed"]


@pytest.mark.parametrize(
    ("outcome", "error", "words"),
    [
        (np.zeros(120), FitError, "no events among 120"),
        (np.ones(120), FitError, "all of 120 patients"),
        (np.zeros(119), ParameterError, "each of the 120 DVHs"),
        (np.full(120, np.nan), ParameterError, "0 or 1"),
    ],
)
def test_unusable_outcomes_are_named(cohort, outcome, error, words):
    with pytest.raises(error, match=words):
        fit_ntcp(cohort[0], outcome)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model": "kbl"}, "one of lkb, mean_dose_probit, logistic"),
        ({"fixed": {"td5": 30.0}}, "no parameter 'td5'"),
        ({"fixed": {"n": 1.5}}, "between 0.01 and 1"),
        ({"fixed": {"n": 1.0}, "free_n": True}, "keep one"),
        ({"fixed": {"n": 1.0, "m": 0.4, "td50_gy": 30.0}}, "nothing is left"),
    ],
)
def test_wrong_options_are_named(cohort, options, words):
    with pytest.raises(ParameterError, match=words):
        fit_ntcp(*cohort, **options)


def test_dose_in_cgy_is_named():
    rng = np.random.default_rng(0)
    dvhs = lung_dvhs(3, rng)
    dvhs[1] = dvh([1.0, 2.0, 1.0], bin_width_gy=1000.0)
    with pytest.raises(InputError, match="cGy") as raised:
        fit_ntcp(dvhs, [0, 1, 0])
    assert raised.value.faults[0].code == "ntcp-dose-unit"
    assert raised.value.faults[0].who.startswith("DVH 2")


def test_bins_that_contradict_the_mean_are_named():
    with pytest.raises(InputError, match="Check the units"):
        dose_matrix([dvh([1.0] * 300, mean_gy=3.0)])


def test_empty_dvh_and_no_dvh_are_named():
    with pytest.raises(InputError, match="add up to more than 0"):
        dose_matrix([dvh([1.0]), dvh([0.0, 0.0], mean_gy=0.0)])
    with pytest.raises(ParameterError, match="empty"):
        dose_matrix([])


@pytest.mark.parametrize(
    "other",
    [
        {"structure": "Lungs"},
        {"weighting": "perfusion"},
        {"quantity": "eqd2", "alpha_beta_gy": 3.0},
    ],
)
def test_mixed_dvhs_are_refused(other):
    with pytest.raises(InputError, match="one structure, weighting and dose quantity") as raised:
        fit_ntcp([dvh([1.0, 1.0]), dvh([1.0, 1.0], **other)], [0, 1])
    assert raised.value.faults[0].code == "ntcp-mixed-dvhs"


def test_one_dose_for_all_is_refused():
    with pytest.raises(FitError, match="same for every patient"):
        fit_ntcp([dvh([0.0, 1.0])] * 4, [0, 1, 0, 1], fixed={"n": 1.0})


def test_prediction_asks_for_the_same_structure(cohort):
    fit = fit_ntcp(*cohort, fixed={"n": 1.0})
    with pytest.raises(ParameterError, match="Lungs-GTV, anatomical, physical"):
        fit.predict([dvh([1.0, 2.0], structure="Heart")])
    with pytest.raises(KeyError):
        fit["gamma50"]


def test_bins_of_other_widths_and_the_exact_mean_rule_at_n_1():
    coarse = dvh([0.0, 10.0], bin_width_gy=10.0, mean_gy=14.0)  # mid-bin 15, samples 14
    fine = dvh(np.r_[np.zeros(140), 10.0], bin_width_gy=0.1, mean_gy=14.0)
    assert dose_matrix([coarse, fine]).geud_gy(1.0) == approx([14.0, 14.0])
    assert dose_matrix([coarse]).geud_gy(0.999999)[0] == approx(14.0, rel=1e-4)  # no step beside n = 1


@settings(deadline=None, max_examples=10)
@given(factor=st.floats(0.3, 3))
def test_scaling_dose_scales_td50_only(factor):
    rng = np.random.default_rng(9)
    dvhs = lung_dvhs(60, rng, bins=700)
    outcome = lkb_outcomes(dvhs, rng, td50_gy=15.0)
    scaled = [dvh(item.volume_cc, bin_width_gy=0.1 * factor) for item in dvhs]
    plain, other = fit_ntcp(dvhs, outcome, fixed={"n": 1.0}), fit_ntcp(scaled, outcome, fixed={"n": 1.0})
    assert other["td50_gy"] == approx(factor * plain["td50_gy"], rel=1e-6)
    assert other["m"] == approx(plain["m"], rel=1e-6)
    assert other.loglik == approx(plain.loglik, abs=1e-8)


def test_curve_band_is_the_profile_interval_of_ntcp(cohort):
    """The profile over NTCP at a dose has fallen by half the chi-square quantile at both ends of the band."""
    dvhs, outcome = cohort
    mean = np.array([item.mean_gy for item in dvhs])
    fit = fit_ntcp(dvhs, outcome, fixed={"n": 1.0})
    dose = 12.0
    row = ntcp_curve(fit, [dose]).iloc[0]
    assert row["ntcp"] == approx(norm.cdf((dose - fit["td50_gy"]) / (fit["m"] * fit["td50_gy"])))
    for limit in (row["low"], row["high"]):
        eta = norm.ppf(limit)
        held = optimize.minimize_scalar(
            lambda b1, eta=eta: -probit_loglik(eta - b1 * dose, b1, mean, outcome), bounds=(0, 2), method="bounded"
        )
        assert fit.loglik + held.fun == approx(chi2.ppf(0.95, 1) / 2, abs=1e-5)


def test_band_of_a_free_n_holds_that_of_a_fixed_one(cohort):
    fit = fit_ntcp(*cohort)
    curve = ntcp_curve(fit)
    assert list(curve.columns) == ["dose_gy", "ntcp", "low", "high"]
    assert (curve["low"] <= curve["ntcp"]).all() and (curve["ntcp"] <= curve["high"]).all()
    assert (curve["ntcp"].diff().dropna() >= 0).all()
    assert curve["dose_gy"].iloc[0] == 0.0
    assert curve["dose_gy"].iloc[-1] >= fit.dose_gy.max()
    held = ntcp_curve(fit_ntcp(*cohort, fixed={"n": fit["n"]}), curve["dose_gy"])
    assert (curve["low"] <= held["low"] + 1e-6).all() and (curve["high"] >= held["high"] - 1e-6).all()


def test_bins_count_everybody_once(cohort):
    dvhs, outcome = cohort
    bins = ntcp_bins(fit_ntcp(*cohort, fixed={"n": 1.0}), bins=5)
    assert bins["n"].tolist() == [24] * 5
    assert bins["events"].sum() == outcome.sum()
    assert (bins["dose_gy"] * bins["n"]).sum() == approx(sum(item.mean_gy for item in dvhs))
    assert bins["dose_gy"].is_monotonic_increasing
    assert (bins["rate"] == bins["events"] / bins["n"]).all()
    with pytest.raises(ParameterError):
        ntcp_bins(fit_ntcp(*cohort, fixed={"n": 1.0}), bins=121)


def test_wilson_interval_by_statsmodels():
    from statsmodels.stats.proportion import proportion_confint

    for events, n in ((0, 24), (3, 20), (24, 24)):
        expected = proportion_confint(events, n, alpha=0.05, method="wilson")
        assert wilson_interval(events, n, confidence=0.95) == approx(expected, abs=1e-12)


def test_fit_to_json_follows_the_contract(cohort):
    content = fit_to_json(fit_ntcp(*cohort, fixed={"n": 1.0}), name="lkb_mean_dose")
    keys = [
        "ntcp",
        "model",
        "structure",
        "weighting",
        "quantity",
        "alpha_beta_gy",
        "fixed",
        "n",
        "events",
        "loglik",
        "aic",
        "converged",
    ]
    assert [key for key in content if key in keys] == keys
    assert (content["ntcp"], content["fixed"]) == ("lkb_mean_dose", {"n": 1.0})
    assert [item["parameter"] for item in content["parameters"]] == ["td50_gy", "m", "n"]
    for item in content["parameters"]:
        assert set(item) == {"parameter", "unit", "estimate", "low", "high", "fixed", "at_boundary", "derived"}
