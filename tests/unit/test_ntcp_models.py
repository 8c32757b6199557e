"""Models beyond the exact search, covariates, metrics: against statsmodels, scipy, the regression room and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from pytest import approx
from scipy import optimize
from scipy.special import expit, logit
from scipy.stats import chi2, norm

from lungtox.errors import FitError, InputError, ParameterError
from lungtox.models import fit_logistic
from lungtox.ntcp import RESPONSES, fit_ntcp, fit_to_json, formulas, ntcp_bins, ntcp_curve
from lungtox.ntcp.fit import make_fit, make_problem, prepare
from lungtox.ntcp.general import halton
from lungtox.ntcp.likelihood_surface import likelihood_surface
from lungtox.ntcp.matrix import dose_matrix, uniform_doses
from lungtox.ntcp.searched import fit_by_search, ntcp_profile
from tests.unit.ntcp_cases import dvh, lkb_outcomes, lung_dvhs, toy

TYPICAL = {
    "lkb": (24.5, 0.18, 0.87),
    "mean_dose_probit": (30.8, 0.37),
    "logistic": (-3.87, 0.126, 0.8),
    "log_logistic": (30.75, 0.969, 0.9),
    "relative_seriality": (30.1, 0.97, 0.01),
    "parallel": (20.0, 3.0, 0.4, 0.15),
}


@pytest.fixture(scope="module")
def cohort():
    rng = np.random.default_rng(7)
    dvhs = lung_dvhs(120, rng)
    outcome = lkb_outcomes(dvhs, rng, td50_gy=24.0, m=0.25, n=0.3)
    factors = pd.DataFrame({"age_y": rng.normal(65.0, 9.0, 120), "lung_disease": rng.choice(["no", "yes"], 120)})
    return dvhs, outcome, factors


@pytest.fixture(scope="module")
def mean(cohort):
    return np.array([item.mean_gy for item in cohort[0]])


def row_of(fit, name):
    return fit.parameters.set_index("parameter").loc[name]


@pytest.mark.parametrize("name", TYPICAL)
def test_derivatives_of_the_responses_by_differences(cohort, name):
    response, theta = RESPONSES[name], np.array(TYPICAL[name])
    doses = dose_matrix(cohort[0][:6])
    shift = np.linspace(-0.4, 0.4, 6)
    found = response.predictor(theta, doses, shift)
    for index, step in enumerate(1e-6 * np.abs(theta)):
        up, down = theta.copy(), theta.copy()
        up[index], down[index] = theta[index] + step, theta[index] - step
        slope = (response.predictor(up, doses, shift).eta - response.predictor(down, doses, shift).eta) / (2 * step)
        assert found.by_parameter[:, index] == approx(slope, rel=1e-5)
    step = 1e-6
    slope = (
        response.predictor(theta, doses, shift + step).eta - response.predictor(theta, doses, shift - step).eta
    ) / (2 * step)
    assert found.by_log_factor == approx(slope, rel=1e-5)


def test_known_answers_of_the_science_sheet():
    """SCIENCE.md section 4: the toy DVH, and uniform 20 Gy."""
    one, twenty = dose_matrix([toy()]), uniform_doses(np.array([20.0]), dose_matrix([toy()]))
    seriality = RESPONSES["relative_seriality"].predictor(np.array([30.1, 0.97, 0.01]), one).eta
    assert expit(seriality[0]) == approx(0.142866, abs=2e-5)
    for (td50, m, n), uniform, of_toy in (
        ((24.5, 0.18, 0.87), 0.15377, 0.126841),
        ((30.8, 0.37, 0.99), 0.17164, 0.136110),
    ):
        theta = np.array([td50, m, n])
        assert norm.cdf(RESPONSES["lkb"].predictor(theta, twenty).eta[0]) == approx(uniform, abs=1e-5)
        assert norm.cdf(RESPONSES["lkb"].predictor(theta, one).eta[0]) == approx(of_toy, abs=1e-5)
    quantec = RESPONSES["logistic"].predictor(np.array([-3.87, 0.126, 1.0]), twenty).eta
    assert expit(quantec[0]) == approx(0.2059, abs=5e-5)


def test_a_dose_factor_is_a_factor_on_td50(cohort):
    doses, shift = dose_matrix(cohort[0][:5]), np.full(5, 0.3)
    for name in ("lkb", "log_logistic", "relative_seriality", "parallel"):
        theta = np.array(TYPICAL[name])
        moved = theta.copy()
        moved[0] = theta[0] * np.exp(0.3)
        response = RESPONSES[name]
        assert response.predictor(theta, doses, shift).eta == approx(response.predictor(moved, doses).eta, rel=1e-10)


def test_uniform_dose_gives_its_ntcp_back(cohort):
    doses = np.array([12.0, 25.0, 40.0])
    matrix = uniform_doses(doses, dose_matrix(cohort[0]))
    for name, theta in TYPICAL.items():
        response = RESPONSES[name]
        eta = response.predictor(np.array(theta), matrix).eta
        assert response.uniform_gy(np.array(theta), eta) == approx(doses, rel=1e-6), name


def test_band_of_the_general_search_reaches_around_the_corner():
    """At 3 Gy the lowest NTCP of the region lies at another n: a search from the estimate alone stops at 0.033."""
    rng = np.random.default_rng(5)
    dvhs = lung_dvhs(100, rng)
    outcome = lkb_outcomes(dvhs, rng, td50_gy=20.0, m=0.4, n=0.8)
    problem, design = prepare(
        dvhs, outcome, model="lkb", covariates=None, effect=None, metric="", fixed=None, free_n=None, confidence=0.95,
        intervals=True,
    )  # fmt: skip
    searched = make_fit(problem, fit_by_search(problem), design)
    doses = [3.0, 8.0]
    exact = ntcp_curve(fit_ntcp(dvhs, outcome), doses)
    assert exact["low"].iloc[0] < 0.002
    assert ntcp_curve(searched, doses).to_numpy() == approx(exact.to_numpy(), abs=5e-4)


def test_starts_are_spread_by_halton():
    """By hand: 1, 2, 3, 4 in base 2 and base 3, mirrored at the point."""
    assert halton(4, 2) == approx(np.array([[1 / 2, 1 / 3], [1 / 4, 2 / 3], [3 / 4, 1 / 9], [1 / 8, 4 / 9]]))


def test_patients_in_blocks_are_those_one_by_one(cohort):
    doses, shift = dose_matrix(cohort[0][:40]), np.linspace(-0.5, 0.5, 40)
    for name in ("relative_seriality", "parallel"):
        together = RESPONSES[name].predictor(np.array(TYPICAL[name]), doses, shift)
        for row in (0, 15, 16, 39):
            alone = RESPONSES[name].predictor(np.array(TYPICAL[name]), doses.rows(np.array([row])), shift[[row]])
            assert together.eta[row] == approx(alone.eta[0], rel=1e-12)
            assert together.by_parameter[row] == approx(alone.by_parameter[0], rel=1e-9)


@pytest.mark.parametrize(("model", "fixed"), [("lkb", {}), ("logistic", {"n": 1.0}), ("log_logistic", {})])
def test_general_search_finds_what_the_exact_one_finds(cohort, model, fixed):
    dvhs, outcome, _ = cohort
    exact = fit_ntcp(dvhs, outcome, model=model, fixed=fixed)
    problem = make_problem(RESPONSES[model], dose_matrix(dvhs), outcome == 1, fixed, None)
    found = fit_by_search(problem)
    assert found.loglik == approx(exact.loglik, abs=1e-8)
    for item in found.estimates:
        known = row_of(exact, item.parameter)
        assert item.estimate == approx(known["estimate"], rel=1e-6)
        for limit, other in ((item.low, known["low"]), (item.high, known["high"])):
            assert (limit is None) == bool(np.isnan(other))
            assert limit is None or limit == approx(other, rel=1e-4)
    curve = ntcp_curve(exact, [12.0]).iloc[0]
    low, high = ntcp_profile(found.general, problem, 12.0).limits(confidence=0.95, step=0.5, widest=9.0)
    probability = norm.cdf if model == "lkb" else expit
    assert [probability(low), probability(high)] == approx([curve["low"], curve["high"]], abs=2e-3)


def test_mean_dose_probit_is_lkb_with_n_1(cohort, mean):
    dvhs, outcome, _ = cohort
    reference = sm.Probit(outcome, sm.add_constant(mean)).fit(disp=0, tol=1e-14)
    b0, b1 = reference.params
    fit = fit_ntcp(dvhs, outcome, model="mean_dose_probit")
    assert [fit["td50_gy"], fit["m"]] == approx([-b0 / b1, -1 / b0], rel=1e-6)
    assert fit.loglik == approx(reference.llf, abs=1e-6)
    assert list(fit.parameters["parameter"]) == ["td50_gy", "m"]
    assert (fit.aic, fit.bic) == (approx(reference.aic), approx(reference.bic))
    assert fit.aicc == approx(reference.aic + 2 * 2 * 3 / (120 - 3))  # Hurvich and Tsai 1989


def test_log_logistic_is_the_logistic_regression_on_the_logarithm(cohort, mean):
    dvhs, outcome, _ = cohort
    reference = sm.Logit(outcome, sm.add_constant(np.log(mean))).fit(disp=0, tol=1e-14)
    b0, b1 = reference.params
    fit = fit_ntcp(dvhs, outcome, model="log_logistic", free_n=False)
    assert [fit["td50_gy"], fit["gamma50"]] == approx([np.exp(-b0 / b1), b1 / 4], rel=1e-6)
    assert fit.loglik == approx(reference.llf, abs=1e-6)
    free = fit_ntcp(dvhs, outcome, model="log_logistic")
    assert free.nested[0].chi2 == approx(2 * (free.loglik - reference.llf), abs=1e-6)
    assert free.nested[0].p == approx(chi2.sf(free.nested[0].chi2, 1) / 2)  # n = 1 is a bound: Self and Liang 1987
    assert fit.ntcp_at([0.0]) == approx([0.0])


def test_logistic_with_covariates_is_the_logistic_regression(cohort, mean):
    """Against statsmodels; the intervals against the regression room's profile likelihood (Spector's known answer)."""
    dvhs, outcome, factors = cohort
    disease = (factors["lung_disease"] == "yes").to_numpy(float)
    age = factors["age_y"].to_numpy()
    reference = sm.Logit(outcome, np.column_stack([np.ones(120), mean, age, disease])).fit(disp=0, tol=1e-14)
    fit = fit_ntcp(dvhs, outcome, model="logistic", covariates=factors)
    b0, b1, by_age, by_disease = reference.params
    assert fit.references == {"age_y": approx(age.mean()), "lung_disease[yes]": 0.0}
    assert [fit["b1"], fit["beta[age_y]"], fit["beta[lung_disease[yes]]"]] == approx([b1, by_age, by_disease], rel=1e-6)
    assert fit["b0"] == approx(b0 + by_age * age.mean(), rel=1e-6)
    assert fit.loglik == approx(reference.llf, abs=1e-6)
    assert fit["odds_ratio[lung_disease[yes]]"] == approx(np.exp(by_disease), rel=1e-6)
    assert fit.predict(dvhs, factors) == approx(reference.predict(), abs=1e-6)
    table = factors.assign(rp=outcome, mld_gy=mean)
    rows = fit_logistic(table, outcome="rp", predictors=["mld_gy", "age_y", "lung_disease"]).estimates.set_index("term")
    for own, term in (("b1", "mld_gy"), ("beta[age_y]", "age_y"), ("beta[lung_disease[yes]]", "lung_disease[yes]")):
        assert list(row_of(fit, own)[["low", "high"]]) == approx(list(rows.loc[term, ["low", "high"]]), rel=1e-4)
    null = sm.Logit(outcome, sm.add_constant(mean)).fit(disp=0, tol=1e-14)
    assert fit.nested[0].chi2 == approx(2 * (reference.llf - null.llf), abs=1e-6)
    assert fit.nested[0].p == approx(chi2.sf(fit.nested[0].chi2, 2))


def test_odds_ratio_is_a_shift_of_d50(cohort):
    """Appelt 2014: logit = ln OR - 4 gamma50 (1 - MLD/D50), so D50 with the factor is D50 (1 - ln OR / (4 gamma50))."""
    dvhs, outcome, factors = cohort
    fit = fit_ntcp(dvhs, outcome, model="logistic", covariates=factors[["lung_disease"]])
    shifted = fit["td50_gy"] * (1 - fit["beta[lung_disease[yes]]"] / (4 * fit["gamma50"]))
    patient = dvh(np.r_[np.zeros(100), 1.0], mean_gy=shifted if 10.0 <= shifted <= 10.1 else None)
    at = fit.predict([patient], pd.DataFrame({"lung_disease": ["yes"]}))[0]
    expected = expit(4 * fit["gamma50"] / fit["td50_gy"] * (patient.mean_gy - shifted))
    assert at == approx(expected, rel=1e-9)


def test_generalised_lyman_by_a_direct_search(cohort, mean):
    """Tucker 2008: TD50 of a patient is TD50 exp(delta x); the maximum by scipy from the true side."""
    dvhs, outcome, factors = cohort
    disease = (factors["lung_disease"] == "yes").to_numpy(float)
    sign = np.where(outcome == 1, 1, -1)

    def loss(x):
        td50 = np.exp(x[0] + x[2] * disease)
        return -norm.logcdf(sign * (mean - td50) / (np.exp(x[1]) * td50)).sum()

    found = optimize.minimize(
        loss, [np.log(12.0), np.log(0.4), 0.0], method="Nelder-Mead",
        options={"xatol": 1e-10, "fatol": 1e-12, "maxiter": 5000},
    )  # fmt: skip
    fit = fit_ntcp(dvhs, outcome, model="mean_dose_probit", covariates=factors[["lung_disease"]])
    assert fit.loglik == approx(-found.fun, abs=1e-8)
    assert [fit["td50_gy"], fit["m"]] == approx(np.exp(found.x[:2]), rel=1e-5)
    assert fit["delta[lung_disease[yes]]"] == approx(found.x[2], abs=1e-5)
    half = chi2.ppf(0.95, 1) / 2
    for limit in row_of(fit, "delta[lung_disease[yes]]")[["low", "high"]]:
        held = optimize.minimize(
            lambda x, delta=limit: loss([*x, delta]), found.x[:2], method="Nelder-Mead",
            options={"xatol": 1e-9, "fatol": 1e-11},
        )  # fmt: skip
        assert fit.loglik + held.fun == approx(half, abs=1e-4)
    assert fit["dose_factor[lung_disease[yes]]"] == approx(np.exp(found.x[2]), rel=1e-5)


@pytest.mark.parametrize("model", ["relative_seriality", "parallel"])
def test_three_parameters_of_a_dvh_model_by_a_direct_search(cohort, model):
    """The likelihood made from `formulas`, which is tested against the science sheet, maximised by scipy."""
    dvhs, outcome, _ = cohort
    matrix = dose_matrix(dvhs)

    def ntcp(x):
        a, b, c = np.exp(x)
        if model == "relative_seriality":
            return [
                formulas.relative_seriality(matrix.dose_gy, row, d50_gy=a, gamma=b, s=np.clip(c, 1e-4, 1))
                for row in matrix.share
            ]
        return [formulas.parallel(matrix.dose_gy, row, d50_gy=a, k=3.0, f50=b, sigma=c) for row in matrix.share]

    def loss(x):
        p = np.clip(ntcp(x), 1e-12, 1 - 1e-12)
        return -np.where(outcome == 1, np.log(p), np.log1p(-p)).sum()

    fit = fit_ntcp(dvhs, outcome, model=model, fixed={"k": 3.0} if model == "parallel" else None, intervals=False)
    names = ["d50_gy", "gamma", "s"] if model == "relative_seriality" else ["d50_gy", "f50", "sigma"]
    own = np.log([fit[name] for name in names])
    assert fit.loglik == approx(-loss(own), abs=1e-6)
    ranges = np.log([(item.low, item.high) for item in fit.likelihood.parameters if item.name in names])
    start = np.clip(own + np.array([0.1, -0.1, -0.05]), ranges[:, 0], ranges[:, 1])
    found = optimize.minimize(loss, start, method="Nelder-Mead", bounds=ranges, options={"maxiter": 150})
    assert fit.loglik >= -found.fun - 1e-6
    assert fit.predict(dvhs) == approx(ntcp(own), abs=1e-9)
    assert fit.starts.starts == 12
    assert fit.summarise(dvhs) == approx(fit.dose_gy)
    assert fit.ntcp_at(fit.dose_gy) == approx(fit.predict(dvhs), abs=1e-6)


def test_a_metric_in_place_of_the_dose(cohort):
    dvhs, outcome, _ = cohort
    v20 = np.array([100 * item.volume_cc[200:].sum() / item.volume_cc.sum() for item in dvhs])
    reference = sm.Logit(outcome, sm.add_constant(v20)).fit(disp=0, tol=1e-14)
    fit = fit_ntcp(dvhs, outcome, model="logistic", metric="V20Gy[%]")
    assert [fit["b0"], fit["b1"]] == approx(reference.params, rel=1e-6)
    assert fit["x50"] == approx(-reference.params[0] / reference.params[1], rel=1e-6)
    assert fit.loglik == approx(reference.llf, abs=1e-6)
    assert list(fit.parameters["unit"]) == ["", "1/%", "%", ""]
    assert fit.predict(dvhs[:3]) == approx(reference.predict()[:3], abs=1e-6)
    log_cc = np.log([item.volume_cc[200:].sum() for item in dvhs])
    reference = sm.Logit(outcome, sm.add_constant(log_cc)).fit(disp=0, tol=1e-14)
    in_cc = fit_ntcp(dvhs, outcome, model="log_logistic", metric="V20Gy[cc]")
    assert in_cc["x50"] == approx(np.exp(-reference.params[0] / reference.params[1]), rel=1e-5)
    assert fit_to_json(fit, name="v20")["metric"] == "V20Gy[%]"


def test_covariates_never_lower_the_likelihood_and_bins_follow_the_curve(cohort):
    dvhs, outcome, factors = cohort
    plain, fit = fit_ntcp(dvhs, outcome), fit_ntcp(dvhs, outcome, covariates=factors[["lung_disease"]])
    assert fit.loglik >= plain.loglik - 1e-9
    # A patient's NTCP is that of a patient at the references with the adjusted dose.
    assert fit.ntcp_at(fit.adjusted_dose_gy) == approx(fit.predict(dvhs, factors), abs=1e-9)
    assert ntcp_bins(fit)["n"].sum() == 120
    assert fit.log_odds(dvhs, factors) == approx(logit(fit.predict(dvhs, factors)), rel=1e-6)


def test_surface_by_a_direct_search(cohort):
    dvhs, outcome, _ = cohort
    fit = fit_ntcp(dvhs, outcome)
    table = likelihood_surface(fit)
    assert table.iloc[0]["deviance"] == 0.0
    assert (table.iloc[0]["volume_value"], table.iloc[0]["dose_value"]) == (fit["n"], fit["td50_gy"])
    matrix, sign = dose_matrix(dvhs), np.where(outcome == 1, 1, -1)
    shown = table[(table["deviance"] > 0.5) & (table["deviance"] < 6.0)].iloc[::60]
    assert len(shown) > 3
    for row in shown.itertuples():
        geud = matrix.geud_gy(row.volume_value)
        held = optimize.minimize_scalar(
            lambda m, geud=geud, td50=row.dose_value: -norm.logcdf(sign * (geud - td50) / (m * td50)).sum(),
            bounds=(0.02, 10.0), method="bounded", options={"xatol": 1e-10},
        )  # fmt: skip
        assert row.deviance == approx(2 * (fit.loglik + held.fun), abs=1e-5)
    assert likelihood_surface(fit_ntcp(dvhs, outcome, model="mean_dose_probit")).empty


def test_seriality_is_tested_against_the_mean_dose(cohort):
    """Three parameters against two: twice the drop when s is held at its lower end."""
    dvhs, outcome, _ = cohort
    fit = fit_ntcp(dvhs, outcome, model="relative_seriality")
    two = fit_ntcp(dvhs, outcome, model="relative_seriality", fixed={"s": 1e-4}, intervals=False)
    (test,) = fit.nested
    assert (test.null, test.df, test.on_bound) == ("s at 0 (mean dose)", 1, True)
    assert test.chi2 == approx(2 * (fit.loglik - two.loglik), abs=1e-5)
    assert test.p == approx(0.5 * chi2.sf(test.chi2, 1))


def test_seriality_at_its_boundary_is_reported():
    rng = np.random.default_rng(3)
    dvhs = lung_dvhs(150, rng)
    highest = np.array([(np.flatnonzero(item.volume_cc)[-1] + 0.5) * 0.1 for item in dvhs])
    outcome = (rng.random(150) < norm.cdf((highest - 56) / 4)).astype(int)  # the maximum dose rules
    fit = fit_ntcp(dvhs, outcome, model="relative_seriality", intervals=False)
    assert row_of(fit, "s")["at_boundary"]
    assert any("s is at its boundary" in text for text in fit.warnings)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model": "relative_seriality", "metric": "V20Gy[%]"}, "logistic and log_logistic"),
        ({"model": "parallel", "free_n": True}, "no volume parameter n"),
        ({"model": "relative_seriality", "fixed": {"s": 1.5}}, "fixed s must be between"),
        ({"model": "logistic", "metric": "V20Gy[%]", "fixed": {"td50_gy": 20.0}}, "no parameter 'td50_gy'"),
        ({"model": "logistic", "metric": "V20"}, "V20"),
    ],
)
def test_options_that_do_not_go_together_are_named(cohort, options, words):
    with pytest.raises(ParameterError, match=words):
        fit_ntcp(*cohort[:2], **options)


def test_unusable_covariates_are_named(cohort):
    dvhs, outcome, factors = cohort
    gaps = factors.assign(age_y=factors["age_y"].where(factors.index > 4))
    with pytest.raises(InputError, match="age_y: expected a value for every patient; found none for 5 patients"):
        fit_ntcp(dvhs, outcome, covariates=gaps)
    with pytest.raises(ParameterError, match="one row for each of the 120"):
        fit_ntcp(dvhs, outcome, covariates=factors.iloc[:50])
    with pytest.raises(FitError, match="constant"):
        fit_ntcp(dvhs, outcome, covariates=factors.assign(age_y=1.0))
    with pytest.raises(ParameterError, match="effect='dose'"):
        fit_ntcp(dvhs, outcome, covariates=factors, effect="odds")
    fit = fit_ntcp(dvhs, outcome, model="logistic", covariates=factors, intervals=False)
    with pytest.raises(InputError, match="covariate age_y: expected a column"):
        fit.predict(dvhs)
    with pytest.raises(InputError, match="lung_disease"):
        fit.predict(dvhs, factors[["age_y"]])
    with pytest.raises(ParameterError, match="fitted to Lungs-GTV"):
        fit.predict([dvh([1.0, 2.0], structure="Heart")], factors.iloc[:1])


def test_a_metric_of_0_has_no_logarithm(cohort):
    dvhs, outcome, _ = cohort
    some = [*dvhs[:-1], dvh([1.0, 2.0, 1.0])]  # nothing above 0.3 Gy
    with pytest.raises(FitError, match="1 patient with a dose summary of 0"):
        fit_ntcp(some, outcome, model="log_logistic", metric="V20Gy[%]")


def test_log_logistic_is_0_at_no_dose_with_its_whole_band(cohort):
    """1 / (1 + (TD50/0)^(4 gamma50)) = 0 whatever the parameters, also with covariates (general search)."""
    dvhs, outcome, factors = cohort
    for covariates in (None, factors[["lung_disease"]]):
        fit = fit_ntcp(dvhs, outcome, model="log_logistic", fixed={"n": 1.0}, covariates=covariates)
        curve = ntcp_curve(fit, [0.0, 5.0, 10.0])
        assert curve.iloc[0][["ntcp", "low", "high"]].tolist() == [0.0, 0.0, 0.0]
        assert (curve["low"] <= curve["ntcp"]).all() and (curve["ntcp"] <= curve["high"]).all()
