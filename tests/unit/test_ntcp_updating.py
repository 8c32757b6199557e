"""Closed testing against R 4.2.2 (glm, logLik, pchisq on the cohort of update_cases), limits against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest import approx
from scipy.stats import norm

from lungtox.errors import FitError, InputError, ParameterError
from lungtox.ntcp import closed_testing, published_model, published_models, updated_curve, updated_parameters
from lungtox.ntcp.advice import advise
from lungtox.ntcp.linear_form import linear_form, predictors
from lungtox.ntcp.updating import choose_update
from tests.unit.ntcp_cases import toy
from tests.unit.update_cases import OUTCOMES, X, clinical, uniform_dvhs

CHI_SQUARE = 3.841458820694124
R_CASES = {
    # model, outcome: chosen, log-likelihoods, p values against the largest, all coefficients of the chosen one
    ("quantec_logistic_2010", "true"): (
        "original",
        [-69.5690559185, -69.4696045531, -69.2434744467],
        [0.722107346426, 0.501263565054],
        [-3.87, 0.126],
    ),
    ("appelt_2014", "up"): (
        "intercept",
        [-105.0924731803, -88.6629309227, -88.6624417618, -87.3403808225],
        [2.16362615772e-05, 0.915780485853, 0.852002282471],
        [-3.65288558974],
    ),
    ("quantec_probit_2010", "flat"): (
        "recalibration",
        [-96.4564788689, -92.2769347076, -86.4769549065],
        [4.63391230989e-05, 6.59532520043e-04],
        [-0.82897959171393, 0.00588667053397],
    ),
    ("appelt_2014", "flat"): (
        "recalibration",
        [-99.4771838446, -96.7666822518, -86.4028596107, -85.9820633469],
        [0.000709734828931, 0.003012957594932, 0.990911799810585],
        [-1.4687408068054, 0.0936620702561 * 4 * 1.19 / 34.4],
    ),
    ("appelt_2014", "turned"): (
        "revision",
        [-111.7630152377, -106.1236650983, -92.1048901052, -70.3370260632],
        [1.30136992274e-14, 7.10094082229e-13, 9.13667839960e-08],
        [
            -1.9553343373239, 0.1011851376461, -3.3587500497312, -1.2768321200545, 0.1667043462996, 1.5287323731709,
            -0.3745542930546, 0.0153543756334,
        ],
    ),
}  # fmt: skip


def update_of(model: str, outcome, **options):
    factors = clinical() if published_model(model).factors else None
    return closed_testing(uniform_dvhs(), OUTCOMES[outcome], model=model, factors=factors, **options)


@pytest.mark.parametrize("case", R_CASES, ids=lambda case: "-".join(case))
def test_closed_testing_as_r(case):
    found = update_of(*case)
    chosen, logliks, p, coefficients = R_CASES[case]
    assert found.chosen.method == chosen
    assert [update.loglik for update in found.updates] == approx(logliks, abs=1e-8)
    assert found.tests["p"].dropna().tolist() == approx(p, rel=1e-6)
    predictors_there = X.shape[1] if len(p) == 3 else 1
    assert found.tests["df"].dropna().tolist() == [predictors_there + 1 - step for step in range(len(p))]
    every = [found.chosen.intercept, *found.chosen.coefficients]
    assert every[: len(coefficients)] == approx(coefficients, abs=1e-6)
    assert found.tests["chosen"].sum() == 1


def test_an_updated_lkb_model_is_an_lkb_model():
    # R: new intercept -1.57995142537; 1/(0.45 31.4) = 0.0707713 per Gy stays; TD50 = 22.3248 Gy, m = 0.632931
    found = update_of("quantec_probit_2010", "up")
    assert found.chosen.method == "intercept"
    assert "TD50 = 22.32 Gy; m = 0.6329" in found.equation
    rows = updated_parameters(found).set_index("parameter")
    assert rows.loc["td50_gy", "estimate"] == approx(1.57995142537 * 0.45 * 31.4, abs=1e-6)
    assert rows.loc["m", "estimate"] == approx(1 / 1.57995142537, abs=1e-6)
    by_hand = norm.cdf((20.0 - 22.32479) / (0.632931 * 22.32479))
    assert found.risk(np.array([[20.0]])) == approx(by_hand, abs=1e-5)
    assert updated_curve(found, [20.0]).loc[0, "ntcp"] == approx(by_hand, abs=1e-5)


def test_the_printed_equation_gives_the_risk():
    found = update_of("appelt_2014", "turned")
    printed = found.equation.split(" = ")[1].split(", D")[0].replace("- ", "+ -").split(" + ")
    values = [float(term.split()[0]) for term in printed]
    log_odds = values[0] + X @ np.array(values[1:])
    assert found.risk(X) == approx(1 / (1 + np.exp(-log_odds)), abs=5e-4)


def held_deviance(found, *, design, offset, link) -> float:
    """Twice the loss of log-likelihood of a constrained fit, by statsmodels."""
    family = sm.families.Binomial(sm.families.links.Probit() if link == "probit" else None)
    outcome = (found.chosen.likelihood.sign > 0).astype(float)
    if design.shape[1]:
        loglik = sm.GLM(outcome, design, family=family, offset=offset).fit(tol=1e-12).llf
    else:
        p = norm.cdf(offset) if link == "probit" else 1 / (1 + np.exp(-offset))
        loglik = np.log(np.where(outcome == 1, p, 1 - p)).sum()
    return 2 * (found.chosen.loglik - loglik)


@pytest.mark.parametrize("outcome", ["up", "turned"])
def test_limits_are_profile_limits_of_logistic_updates(outcome):
    found = update_of("appelt_2014", outcome)
    rows = updated_parameters(found).set_index("parameter")
    published = linear_form(published_model("appelt_2014"))
    ones, nothing = np.ones((len(X), 1)), np.empty((len(X), 0))
    for end in ("low", "high"):
        held = rows.loc["intercept", end]
        td50 = rows.loc["td50_gy", end]
        if outcome == "up":
            offset = X @ published.coefficients
            checks = {held: (nothing, held + offset), td50: (nothing, offset - td50 * published.coefficients[0])}
        else:
            dose = rows.loc["dose_gy", end]
            shifted = np.column_stack([X[:, 0] - td50, X[:, 1:]])
            checks = {
                held: (X, np.full(len(X), held)),
                dose: (np.column_stack([ones, X[:, 1:]]), dose * X[:, 0]),
                td50: (shifted, np.zeros(len(X))),
            }
        for design, offset in checks.values():
            assert held_deviance(found, design=design, offset=offset, link="logit") == approx(CHI_SQUARE, abs=1e-5)
        assert rows.loc["gamma50", "low" if end == "high" else "high"] == approx(-held / 4)


def test_limits_are_profile_limits_of_an_lkb_recalibration():
    found = update_of("quantec_probit_2010", "flat")
    rows = updated_parameters(found).set_index("parameter")
    dose = X[:, :1]
    for end in ("low", "high"):
        slope = rows.loc["dose_gy", end]
        assert slope == approx(rows.loc["slope", end] / (0.45 * 31.4))
        offset = slope * X[:, 0]
        assert held_deviance(found, design=np.ones_like(dose), offset=offset, link="probit") == approx(
            CHI_SQUARE, abs=1e-5
        )
        at_20 = norm.ppf(updated_curve(found, [20.0]).loc[0, end])
        offset = np.full(len(X), at_20)
        assert held_deviance(found, design=dose - 20.0, offset=offset, link="probit") == approx(CHI_SQUARE, abs=1e-5)
    # The slope may be 0 here: TD50 has no upper limit.
    assert np.isnan(rows.loc["td50_gy", "high"])
    assert rows.loc["slope", "low"] < 0


@pytest.mark.parametrize("name", list(published_models()))
def test_the_linear_form_is_the_published_model(name):
    model = published_model(name)
    identity = {"structure": model.structures[0], "quantity": model.quantity}
    if model.quantity == "eqd2":
        identity["alpha_beta_gy"] = model.alpha_beta_gy[-1]
    dvhs = [toy(**identity), *uniform_dvhs([8.0, 31.0], **identity)]
    table = clinical().iloc[[1, 3, 5]]
    columns = {factor.column for factor in model.factors}
    expected = [
        model.ntcp(dvh, {key: value for key, value in row.items() if key in columns})
        for dvh, row in zip(dvhs, table.to_dict("records"), strict=True)
    ]
    form = linear_form(model)
    assert form.risk(predictors(form, dvhs, table)) == approx(expected, abs=1e-9)


def test_a_factor_that_does_not_vary_keeps_its_published_value():
    table = clinical().assign(chemotherapy="none")
    found = closed_testing(uniform_dvhs(), OUTCOMES["turned"], model="appelt_2014", factors=table)
    assert found.chosen.kept == ("sequential_chemotherapy",)
    assert found.tests["df"].dropna().tolist() == [7, 6, 5]
    assert found.chosen.coefficients[4] == approx(np.log(1.60))
    outcome = OUTCOMES["turned"].astype(float)
    fit = sm.GLM(outcome, sm.add_constant(np.delete(X, 4, axis=1)), family=sm.families.Binomial()).fit(tol=1e-12)
    assert found.chosen.loglik == approx(fit.llf, abs=1e-8)
    assert "not estimated here" in " ".join(advise(found).caveats)


def test_separation_is_not_hidden():
    # R: log-likelihood -56.2882168681 at the limit, coefficient of the comorbidity to minus infinity.
    outcome = np.where(X[:, 1] == 1, 0, OUTCOMES["up"])
    found = closed_testing(uniform_dvhs(), outcome, model="appelt_2014", factors=clinical())
    assert found["revision"].loglik == approx(-56.2882168681, abs=1e-5)
    assert found["revision"].separated == ("lung_comorbidity",)
    assert found.chosen.method == "revision"
    advice = advise(found)
    assert advice.answer == "none"
    assert "lung_comorbidity separates the outcome" in advice.reason
    assert updated_parameters(found)[["estimate", "low", "high"]].isna().all(axis=None)
    dose_alone = closed_testing(uniform_dvhs(), X[:, 0] > 20, model="quantec_logistic_2010")
    assert "the published risk separates the outcome" in advise(dose_alone).reason


def test_too_few_events_are_named():
    dvhs = uniform_dvhs()
    for outcome, words in (
        (np.zeros(160), "no events among 160 patients"),
        (np.ones(160), "all 160 patients have the outcome"),
        ((np.arange(160) < 9).astype(int), "9 of 160 patients with the outcome, at least 10 with and 10 without"),
    ):
        with pytest.raises(FitError, match=f"too few events to update: {words}"):
            closed_testing(dvhs, outcome, model="quantec_logistic_2010")
    assert closed_testing(dvhs, OUTCOMES["true"], model="quantec_logistic_2010", minimum_events=27).events == 27


def test_wrong_inputs_are_named():
    dvhs = uniform_dvhs()
    with pytest.raises(FitError, match="dose is the same for every patient"):
        closed_testing(uniform_dvhs([15.0] * 160), OUTCOMES["true"], model="quantec_logistic_2010")
    with pytest.raises(ParameterError, match="outcome must be 0 or 1"):
        closed_testing(dvhs, OUTCOMES["true"] * 2, model="quantec_logistic_2010")
    with pytest.raises(ParameterError, match="one outcome is needed for each of 160"):
        closed_testing(dvhs, OUTCOMES["true"][:50], model="quantec_logistic_2010")
    with pytest.raises(ParameterError, match="alpha"):
        closed_testing(dvhs, OUTCOMES["true"], model="quantec_logistic_2010", alpha=0.0)
    with pytest.raises(ParameterError, match="Did you mean 'appelt_2014'"):
        closed_testing(dvhs, OUTCOMES["true"], model="appelt2014")
    with pytest.raises(InputError, match="a DVH of Lungs; found Lungs-GTV"):
        closed_testing(dvhs, OUTCOMES["true"], model="semenenko_2008")


def test_factors_that_are_missing_are_listed_together():
    dvhs, outcome = uniform_dvhs(), OUTCOMES["true"]
    with pytest.raises(InputError, match="the columns age_y, chemotherapy, lung_disease, smoking, tumour_site"):
        closed_testing(dvhs, outcome, model="appelt_2014")
    with pytest.raises(InputError, match="found no smoking"):
        closed_testing(dvhs, outcome, model="appelt_2014", factors=clinical().drop(columns="smoking"))
    with pytest.raises(InputError, match="160 rows of factors; found 159"):
        closed_testing(dvhs, outcome, model="appelt_2014", factors=clinical().iloc[1:])
    table = clinical()
    table.loc[[0, 4], "smoking"] = "unknown"
    table.loc[7, "age_y"] = np.nan
    with pytest.raises(InputError) as caught:
        closed_testing(dvhs, outcome, model="appelt_2014", factors=table)
    assert [fault.found for fault in caught.value.faults] == ["1 without, in rows 8", "2 without, in rows 1, 5"]


def test_advice_says_what_to_beware_of():
    kept = advise(update_of("quantec_logistic_2010", "true"))
    assert (kept.answer, kept.shrinkage) == ("keep", None)
    assert kept.caveats == ("27 events, fewer than 100: a misfit can be missed, so that keeping it is weak evidence",)
    revised = advise(update_of("appelt_2014", "turned"))
    assert revised.answer == "revision"
    # By hand: 42 of 160; null log-likelihood 42 ln(.2625) + 118 ln(.7375) = -92.106; LR = 2 (92.106 - 70.337) = 43.54
    assert revised.shrinkage == approx(1 - 7 / 43.54, abs=1e-3)
    words = "; ".join(revised.caveats)
    assert "8 parameters estimated from 42 events (5.2 each): overfitting" in words
    assert "expected calibration slope on new patients 0.84" in words
    shifted = advise(update_of("appelt_2014", "up"))
    assert "validate it on others" in "; ".join(shifted.caveats)
    assert shifted.beyond_doses == "TD50 26 Gy lies beyond the highest dose here (25.9 Gy)"
    assert shifted.beyond_doses in shifted.caveats and kept.beyond_doses == ""


def test_a_risk_that_falls_with_the_dose_gets_no_update():
    falling = (np.argsort(np.argsort(X[:, 0])) % 4 == 0) & (X[:, 0] < 18)
    advice = advise(closed_testing(uniform_dvhs(), falling.astype(int), model="quantec_logistic_2010"))
    assert advice.answer == "none"
    assert "does not rise with the dose" in advice.reason


def test_the_largest_update_can_be_limited_beforehand():
    found = update_of("appelt_2014", "turned", largest="recalibration")
    assert found.chosen.method == "recalibration"
    # R: 2 (106.1236650983 - 92.1048901052) against a new intercept, df 1
    assert found["intercept"].lr == approx(2 * (106.1236650983 - 92.1048901052), abs=1e-7)
    assert found["intercept"].df == 1
    with pytest.raises(KeyError):
        found["revision"]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), low=st.floats(0.001, 0.3), high=st.floats(0.3, 0.9))
def test_a_stricter_level_never_changes_more(seed, low, high):
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.uniform(5, 25, 90), rng.random((90, 6)) < 0.4]).astype(float)
    y = np.arange(90) % 3 == 0
    form = linear_form(published_model("appelt_2014"))
    strict, lenient = (choose_update(form, x, y, alpha=alpha) for alpha in (low, high))
    assert strict.chosen.estimated <= lenient.chosen.estimated
    order = rng.permutation(90)
    again = choose_update(form, x[order], y[order], alpha=low)
    assert again.tests["lr"].dropna().tolist() == approx(strict.tests["lr"].dropna().tolist(), abs=1e-6)
