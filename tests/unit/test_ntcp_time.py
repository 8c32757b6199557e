"""NTCP with a latency: by hand, against scipy, against the fit without times, and by simulation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pytest import approx
from scipy import optimize
from scipy.stats import chi2, lognorm, norm

from lungtox.errors import FitError, InputError, ParameterError
from lungtox.ntcp import fit_ntcp, fit_ntcp_time, ntcp_bins, ntcp_curve, validate_ntcp
from lungtox.ntcp.latency import TimeToEvent
from lungtox.ntcp.matrix import dose_matrix
from lungtox.ntcp.responses import RESPONSES
from lungtox.ntcp.time_cohort import course_table
from tests.unit.ntcp_cases import dvh, lkb_outcomes, lung_dvhs, point_dvh

TD50_GY, M, N, MEDIAN_D, SIGMA = 22.0, 0.35, 0.8, 90.0, 0.6


def simulate(patients, rng, *, followed_d=(60.0, 400.0)):
    """DVHs, days and events: outcomes of the LKB model, a log-normal latency, follow-up uniform between two days."""
    fine = lung_dvhs(patients, rng)
    dvhs = [dvh(item.volume_cc.reshape(-1, 10).sum(axis=1), bin_width_gy=1.0) for item in fine]
    gets = lkb_outcomes(dvhs, rng, td50_gy=TD50_GY, m=M, n=N) == 1
    comes = np.where(gets, MEDIAN_D * np.exp(SIGMA * rng.normal(size=patients)), np.inf)
    followed = rng.uniform(*followed_d, patients)
    return dvhs, np.minimum(comes, followed), (comes <= followed).astype(int)


@pytest.fixture(scope="module")
def cohort():
    return simulate(200, np.random.default_rng(3))


@pytest.fixture(scope="module")
def fitted(cohort):
    return fit_ntcp_time(*cohort)


def direct_loglik(theta, dvhs, time_d, event):
    """The mixture likelihood with scipy's distributions; gEUD by its definition (SCIENCE.md section 2)."""
    td50, m, n, median, sigma = theta
    geud = np.array(
        [((item.volume_cc / item.volume_cc.sum()) @ ((np.arange(item.volume_cc.size) + 0.5) * item.bin_width_gy)
          ** (1 / n)) ** n for item in dvhs]
    )  # fmt: skip
    ntcp = norm.cdf((geud - td50) / (m * td50))
    latency = lognorm(sigma, scale=median)
    return np.where(event == 1, np.log(ntcp) + latency.logpdf(time_d), np.log1p(-ntcp * latency.cdf(time_d))).sum()


def test_a_fit_without_times_is_refused_as_one_with(cohort, fitted):
    dvhs, _, event = cohort
    wrong = replace(fitted, fit=fit_ntcp(dvhs, event))
    with pytest.raises(ParameterError, match="fit_ntcp_time"):
        _ = wrong.time_d
    with pytest.raises(ParameterError, match="fit_ntcp_time"):
        course_table(replace(fitted, fit=replace(fitted.fit, general=None)))


def test_likelihood_of_three_patients_by_hand():
    """TD50 20 Gy, m 0.5, n 1; median 60 d, sigma 0.5.

    20 Gy with the complication at 60 d: NTCP 1/2, z = 0, f = 0.398942 / (0.5 * 60). 20 Gy, free at 60 d: 1 - 1/4.
    30 Gy, free at 60 exp(0.5) d: NTCP = F = Phi(1) = 0.841345, 1 - 0.707861.
    """
    doses = dose_matrix([point_dvh([dose], [1.0]) for dose in (20.0, 20.0, 30.0)])
    days = np.array([60.0, 60.0, 60.0 * np.exp(0.5)])
    likelihood = TimeToEvent(RESPONSES["lkb"], doses, np.array([1.0, -1.0, -1.0]), time_d=days)
    by_hand = np.log(0.5 * 0.398942 / 30.0) + np.log(0.75) + np.log(0.292139)
    assert likelihood.loglik(np.array([20.0, 0.5, 1.0, 60.0, 0.5])) == approx(by_hand, abs=2e-5)


def test_gradient_is_that_of_the_likelihood(fitted):
    likelihood, theta = fitted.fit.likelihood, np.array([25.0, 0.4, 0.6, 70.0, 0.8])
    found = likelihood.derivatives(theta)
    numeric = optimize.approx_fprime(theta, likelihood.loglik, 1e-6 * theta)
    assert found.gradient == approx(numeric, rel=1e-3, abs=1e-3)
    assert np.linalg.eigvalsh(found.information).min() > 0


def test_a_direct_search_finds_the_same(cohort, fitted):
    start = np.log([TD50_GY, M, 0.7, MEDIAN_D, SIGMA])
    found = optimize.minimize(
        lambda u: -direct_loglik(np.exp(np.minimum(u, [9, 9, 0, 9, 9])), *cohort), start, method="Nelder-Mead",
        options={"maxiter": 600, "xatol": 1e-4, "fatol": 1e-6},
    )  # fmt: skip
    assert fitted.fit.loglik == approx(direct_loglik(fitted.fit.theta, *cohort), abs=1e-6)
    assert fitted.fit.loglik >= -found.fun - 1e-6
    assert fitted.fit.loglik == approx(-found.fun, abs=1e-2)


def test_followed_far_beyond_the_latency_it_is_the_fit_without_times():
    rng = np.random.default_rng(11)
    dvhs, days, event = simulate(200, rng, followed_d=(1e6, 2e6))
    plain, timed = fit_ntcp(dvhs, event), fit_ntcp_time(dvhs, days, event)
    logs = np.log(days[event == 1])
    assert (timed.median_d, timed.sigma) == approx((np.exp(logs.mean()), logs.std()), rel=1e-4)
    other = timed.fit.parameters.set_index("parameter")
    for row in plain.parameters.to_dict("records"):
        assert other.loc[row["parameter"], ["estimate", "low", "high"]].to_numpy(dtype=float) == approx(
            np.array([row["estimate"], row["low"], row["high"]]), rel=1e-4, nan_ok=True
        )
    came = lognorm(timed.sigma, scale=timed.median_d).logpdf(days[event == 1]).sum()
    assert timed.fit.loglik - came == approx(plain.loglik, abs=1e-4)
    assert timed.fit.predict(dvhs) == approx(plain.predict(dvhs), abs=1e-4)
    assert timed.followed_short == 0
    doses = [5.0, 15.0, 25.0]
    assert ntcp_curve(timed.fit, doses)["ntcp"].to_numpy() == approx(ntcp_curve(plain, doses)["ntcp"], abs=1e-4)


def test_what_counts_outcomes_refuses_a_fit_with_unknown_ones(fitted):
    with pytest.raises(ParameterError, match="observed rate"):
        ntcp_bins(fitted.fit)
    with pytest.raises(ParameterError, match="followed to its end"):
        validate_ntcp(fitted.fit, resamples=10, rng=np.random.default_rng(1))


def test_profile_limits_hold_the_drop_of_half_a_chi_square(cohort, fitted):
    table = fitted.fit.parameters.set_index("parameter")
    half = chi2.ppf(0.95, 1) / 2
    for name, side in (("td50_gy", "low"), ("m", "high"), ("latency_median_d", "high"), ("latency_sigma", "low")):
        held = fit_ntcp_time(*cohort, fixed={name: table.loc[name, side]}, intervals=False)
        assert fitted.fit.loglik - held.fit.loglik == approx(half, abs=1e-4)


def test_truth_is_found_where_follow_up_is_short():
    """10 cohorts of 150, followed for 60 to 200 d: the medians lie within 3 standard errors of the truth.

    Coding those who were not followed long enough as without the complication puts TD50 too high.
    """
    rng = np.random.default_rng(21)
    timed, coded = [], []
    for _ in range(10):
        dvhs, days, event = simulate(150, rng, followed_d=(60.0, 200.0))
        found = fit_ntcp_time(dvhs, days, event, fixed={"n": N}, intervals=False)
        timed.append(found.fit.theta[[0, 1, 3, 4]])
        coded.append(fit_ntcp(dvhs, event, fixed={"n": N}, intervals=False)["td50_gy"])
    logs = np.log(timed)
    error = np.median(logs, axis=0) - np.log([TD50_GY, M, MEDIAN_D, SIGMA])
    # The standard error of a median is 1.25 times that of a mean.
    assert (np.abs(error) <= 3 * 1.25 * logs.std(axis=0, ddof=1) / np.sqrt(10)).all()
    assert np.median(coded) > np.exp(np.median(logs[:, 0])) + 1.0


def test_another_unit_of_time_changes_the_latency_only(cohort, fitted):
    dvhs, days, event = cohort
    weeks = fit_ntcp_time(dvhs, days / 7, event, intervals=False)
    assert weeks.fit.theta[:3] == approx(fitted.fit.theta[:3], rel=1e-4)
    assert (weeks.median_d, weeks.sigma) == approx((fitted.median_d / 7, fitted.sigma), rel=1e-4)
    assert weeks.fit.loglik == approx(fitted.fit.loglik + event.sum() * np.log(7), abs=1e-5)


def test_a_death_counts_as_the_end_of_follow_up_and_is_said(cohort, fitted):
    dvhs, days, event = cohort
    died = event.copy()
    died[np.flatnonzero(event == 0)[:12]] = 2
    found = fit_ntcp_time(dvhs, days, died, intervals=False)
    assert found.fit.loglik == approx(fitted.fit.loglik, abs=1e-6)
    assert (found.deaths, fitted.deaths) == (12, 0)
    assert any("12 patients died" in text and "nobody died" in text for text in found.fit.warnings)
    assert not any("died" in text for text in fitted.fit.warnings)


def test_incidence_rises_to_ntcp(cohort, fitted):
    dvhs = cohort[0][:5]
    assert fitted.incidence(dvhs, fitted.median_d) == approx(fitted.fit.predict(dvhs) / 2)
    assert fitted.incidence(dvhs, 1e9) == approx(fitted.fit.predict(dvhs))
    assert fitted.incidence(dvhs, 0.0) == approx(0.0)
    assert fitted.share_by(fitted.late_d) == approx(0.95)
    assert fitted.followed_short == int((cohort[1][cohort[2] == 0] < fitted.late_d).sum())


def test_covariates_modify_the_dose(cohort):
    """A covariate that does nothing: the fit is at least as good, and its factor covers 1."""
    dvhs, days, event = (values[:120] for values in cohort)
    table = pd.DataFrame({"age_y": np.random.default_rng(4).normal(65, 9, len(dvhs))})
    found = fit_ntcp_time(dvhs, days, event, covariates=table, fixed={"n": N, "latency_sigma": SIGMA})
    alone = fit_ntcp_time(dvhs, days, event, fixed={"n": N, "latency_sigma": SIGMA}, intervals=False)
    (test,) = found.fit.nested
    assert test.df == 1
    assert test.chi2 == approx(2 * (found.fit.loglik - alone.fit.loglik), abs=1e-4)
    row = found.fit.parameters.set_index("parameter").loc["dose_factor[age_y]"]
    assert row["low"] < 1 < row["high"]
    assert list(found.fit.parameters["parameter"][-3:-1]) == ["latency_median_d", "latency_sigma"]


def test_wrong_inputs_are_named(cohort):
    dvhs, days, event = cohort
    with pytest.raises(FitError, match="no events"):
        fit_ntcp_time(dvhs, days, np.zeros_like(event))
    wrong = days.copy()
    wrong[:3], wrong[3:5] = [0.0, -1.0, 0.0], np.nan
    with pytest.raises(InputError) as caught:
        fit_ntcp_time(dvhs, wrong, event)
    assert [fault.code for fault in caught.value.faults] == ["ntcp-time-missing", "ntcp-time-not-positive"]
    assert "2 patients" in str(caught.value)
    assert "3 patients" in str(caught.value)
    with pytest.raises(ParameterError, match="event must be 0"):
        fit_ntcp_time(dvhs, days, event + 2)
    with pytest.raises(ParameterError, match="time_d must have one value"):
        fit_ntcp_time(dvhs, days[1:], event)
    with pytest.raises(ParameterError, match="latency_sigma must be between"):
        fit_ntcp_time(dvhs, days, event, fixed={"latency_sigma": 0.0})
    one_day = np.where(event == 1, 50.0, days)
    with pytest.raises(FitError, match="one and the same day"):
        fit_ntcp_time(dvhs, one_day, event)


def test_resamples_keep_their_times(fitted):
    likelihood = fitted.fit.likelihood
    rows = np.array([5, 5, 7])
    theta, picked = fitted.fit.theta, likelihood.rows(rows)
    singles = [replace(likelihood).rows(rows[[k]]).loglik(theta) for k in range(3)]
    assert picked.loglik(theta) == approx(sum(singles))
