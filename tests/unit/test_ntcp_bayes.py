"""Bayesian updating against closed-form conjugate results and against integration on a grid, written here."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from pytest import approx
from scipy.special import expit, log_expit, log_ndtr, ndtr
from scipy.stats import chi2

from lungtox.errors import FitError, InputError, ParameterError
from lungtox.ntcp import bayesian_update, normal_prior, published_model
from lungtox.ntcp.bayes import combine
from lungtox.ntcp.linear_form import linear_form
from tests.unit.update_cases import DOSE_GY, EFFECTS, OUTCOMES, X, clinical, uniform_dvhs

Z95 = 1.959963984540054


def test_prior_by_hand():
    # QUANTEC: b0 -3.87 (-4.49 to -3.33), b1 .126 (.100 to .153)
    # Appelt: D50 34.4 (30.7 to 38.9), gamma50 1.19 (1.00 to 1.43)
    plain = normal_prior(published_model("quantec_logistic_2010"), correlation=-0.5)
    sd = np.array([1.16, 0.053]) / (2 * Z95)
    assert plain.mean == approx([-3.87, 0.126])
    assert np.sqrt(np.diag(plain.covariance)) == approx(sd)
    assert plain.covariance[0, 1] == approx(-0.5 * sd[0] * sd[1])
    logarithms = normal_prior(published_model("appelt_2014"))
    assert logarithms.mean == approx([math.log(34.4), math.log(1.19)])
    expected = np.array([math.log(38.9 / 30.7), math.log(1.43 / 1.00)]) / (2 * Z95)
    assert np.sqrt(np.diag(logarithms.covariance)) == approx(expected)


@pytest.mark.parametrize("name", ["quantec_logistic_2010", "appelt_2014", "semenenko_2008"])
def test_line_and_its_derivatives(name):
    model = published_model(name)
    form, prior = linear_form(model), normal_prior(model)
    value, gradient, curvature = prior.line(prior.mean)
    assert value == approx([form.intercept, form.coefficients[0]])
    step = 1e-5
    for place in range(2):
        shift = step * np.eye(2)[place]
        up, down = prior.line(prior.mean + shift), prior.line(prior.mean - shift)
        assert gradient[:, place] == approx((up[0] - down[0]) / (2 * step), abs=1e-8)
        assert curvature[:, :, place] == approx((up[1] - down[1]) / (2 * step), abs=1e-8)


@pytest.mark.parametrize("name", ["quantec_logistic_2010", "appelt_2014", "semenenko_2008"])
def test_differences_between_hospitals_move_the_intercept_alone(name):
    # On the link, at every dose: printed variance + tau squared.
    model = published_model(name)
    printed, wider = normal_prior(model), normal_prior(model, between=0.5)
    gradient = printed.line(printed.mean)[1]
    for dose in (0.0, 12.0, 30.0):
        at = np.array([1.0, dose]) @ gradient
        assert at @ wider.covariance @ at == approx(at @ printed.covariance @ at + 0.25)


def test_normal_prior_times_normal_likelihood():
    # With 8,000 patients the likelihood is normal in (b0, b1): posterior precision = sum of precisions, and
    # posterior mean = the mean weighted by them.
    rng = np.random.default_rng(3)
    dose = rng.uniform(5, 28, 8000)
    outcome = (rng.random(8000) < expit(-3.85 + 0.127 * dose)).astype(float)
    fit = sm.GLM(outcome, sm.add_constant(dose), family=sm.families.Binomial()).fit(tol=1e-12)
    information = np.linalg.inv(fit.cov_params())
    model = published_model("quantec_logistic_2010")
    prior = normal_prior(model, correlation=-0.4)
    precision = np.linalg.inv(prior.covariance)
    covariance = np.linalg.inv(precision + information)
    mean = covariance @ (precision @ prior.mean + information @ fit.params)
    found = combine(linear_form(model), prior, dose[:, np.newaxis], outcome)
    assert found.mean == approx(mean, rel=2e-3)
    assert found.covariance == approx(covariance, rel=5e-3)
    assert found.prior_share == approx(np.trace(precision @ covariance) / 2, abs=5e-4)
    assert found.worth_patients == approx(8000 * found.prior_share / (1 - found.prior_share))


def grid_posterior(name, correlation, x, outcome):
    """Posterior mean and SD of the two parameters and quantiles of NTCP at 20 Gy, by brute force."""
    prior = normal_prior(published_model(name), correlation=correlation)
    sd = np.sqrt(np.diag(prior.covariance))
    axes = [
        np.linspace(middle - 6 * spread, middle + 6 * spread, 161)
        for middle, spread in zip(prior.mean, sd, strict=True)
    ]
    first, second = np.meshgrid(*axes, indexing="ij")
    u, v = (first - prior.mean[0]) / sd[0], (second - prior.mean[1]) / sd[1]
    log = -0.5 * (u**2 - 2 * correlation * u * v + v**2) / (1 - correlation**2)
    if name == "semenenko_2008":  # LKB in ln TD50, ln m
        c0, c1, log_p, p = -1 / np.exp(second), 1 / np.exp(first + second), log_ndtr, ndtr
    elif name == "appelt_2014":  # -4 gamma50 (1 - D/D50) in ln D50, ln gamma50
        c0, c1, log_p, p = -4 * np.exp(second), 4 * np.exp(second - first), log_expit, expit
    else:
        c0, c1, log_p, p = first, second, log_expit, expit
    factors = x[:, 1:] @ EFFECTS[1:] if x.shape[1] > 1 else np.zeros(len(x))
    for dose, rest, had in zip(x[:, 0], factors, outcome, strict=True):
        log = log + log_p((1 if had else -1) * (c0 + c1 * dose + rest))
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    means = np.array([(weight * axis).sum() for axis in (first, second)])
    sds = np.sqrt([(weight * (axis - mean) ** 2).sum() for axis, mean in zip((first, second), means, strict=True)])
    at_20 = p(c0 + 20 * c1).ravel()
    order = np.argsort(at_20)
    below = np.cumsum(weight.ravel()[order])
    return means, sds, [at_20[order][np.searchsorted(below, share)] for share in (0.5, 0.025, 0.975)]


@pytest.mark.parametrize("patients", [30, 160])
@pytest.mark.parametrize(
    ("name", "correlation"), [("quantec_logistic_2010", -0.6), ("appelt_2014", 0.0), ("semenenko_2008", 0.0)]
)
def test_laplace_against_grid_integration(name, correlation, patients):
    model = published_model(name)
    form = linear_form(model)
    x, outcome = X[:patients, : len(form.terms)], OUTCOMES["up"][:patients]
    found = combine(form, normal_prior(model, correlation=correlation), x, outcome)
    means, sds, ntcp = grid_posterior(name, correlation, x, outcome)
    assert np.abs(found.mean - means) == approx([0, 0], abs=0.05 * sds.max())
    assert np.abs((found.mean - means) / sds) == approx([0, 0], abs=0.05)
    assert np.sqrt(np.diag(found.covariance)) == approx(sds, rel=0.02)
    assert found.curve([20.0])[["ntcp", "low", "high"]].iloc[0].tolist() == approx(ntcp, abs=0.006)


def test_share_and_conflict_by_hand():
    # Logistic: I = X' diag(p (1 - p)) X. Conflict: score at the published values, variance I + I C I, chi2(2).
    model = published_model("quantec_logistic_2010")
    found = bayesian_update(uniform_dvhs(), OUTCOMES["up"], model=model)
    design = np.column_stack([np.ones(160), DOSE_GY])
    p = expit(design @ found.mean)
    information = (design.T * (p * (1 - p))) @ design
    precision = np.linalg.inv(found.prior.covariance)
    assert found.covariance == approx(np.linalg.inv(precision + information), rel=1e-6)
    share = np.trace(precision @ np.linalg.inv(precision + information)) / 2
    assert found.prior_share == approx(share)
    assert f"carry {100 * share:.0f} % of the information and the 160 patients here" in found.weight_words
    p = expit(design @ found.prior.mean)
    information = (design.T * (p * (1 - p))) @ design
    score = design.T @ (OUTCOMES["up"] - p)
    variance = information + information @ found.prior.covariance @ information
    assert found.conflict_p == approx(chi2.sf(score @ np.linalg.solve(variance, score), 2))
    assert found.conflict_p < 0.01  # the intercept is 1.2 higher here
    assert bayesian_update(uniform_dvhs(), OUTCOMES["true"], model=model).conflict_p > 0.2


def test_factors_stay_as_published():
    found = bayesian_update(uniform_dvhs(), OUTCOMES["true"], model="appelt_2014", factors=clinical())
    assert found.coefficients[1:] == approx(EFFECTS[1:])
    table = found.parameters().set_index("parameter")
    assert table.loc["td50_gy", ["published", "published_low", "published_high"]].tolist() == [34.4, 30.7, 38.9]
    assert (table["low"] < table["estimate"]).all() and (table["estimate"] < table["high"]).all()
    # What is printed is what is predicted: the log-odds by hand from TD50 and gamma50.
    td50, gamma50 = table["estimate"]
    by_hand = expit(-4 * gamma50 * (1 - X[:, 0] / td50) + X[:, 1:] @ EFFECTS[1:])
    assert found.risk(X) == approx(by_hand)
    assert f"TD50 = {td50:.4g} Gy; gamma50 = {gamma50:.4g}" in found.equation


def test_a_cohort_without_events_can_be_combined():
    found = bayesian_update(
        uniform_dvhs(DOSE_GY[:20]), np.zeros(20), model="semenenko_2008", allow_structure=["Lungs-GTV"]
    )
    prior = bayesian_update(uniform_dvhs([15.0]), [0], model="semenenko_2008", allow_structure=["Lungs-GTV"])
    assert found.events == 0
    assert found.curve([15.0]).loc[0, "ntcp"] < prior.curve([15.0]).loc[0, "ntcp"]
    assert prior.prior_share == approx(1.0, abs=5e-3)


def test_without_printed_intervals_it_is_refused():
    dvhs, outcome = uniform_dvhs(), OUTCOMES["true"]
    with pytest.raises(InputError, match="printed 95 % intervals of its parameters; found none of td50_gy, m"):
        bayesian_update(dvhs, outcome, model="quantec_probit_2010")
    with pytest.raises(InputError, match="an LKB or logistic model; found relative_seriality"):
        bayesian_update(dvhs, outcome, model="relative_seriality_gagliardi_2000")
    with pytest.raises(ParameterError, match="correlation"):
        bayesian_update(dvhs, outcome, model="quantec_logistic_2010", correlation=-1.0)
    with pytest.raises(ParameterError, match="between"):
        bayesian_update(dvhs, outcome, model="quantec_logistic_2010", between=-0.1)
    model = published_model("quantec_logistic_2010")
    with pytest.raises(FitError, match="no patient left"):
        combine(linear_form(model), normal_prior(model), np.empty((0, 1)), [])
    with pytest.raises(ParameterError, match="1 predictors are needed"):
        combine(linear_form(model), normal_prior(model), X, OUTCOMES["true"])
