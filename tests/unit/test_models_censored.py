"""Limits, plates, courses and ANCOVA of cytokines: against survival 3.5-3 and nlme 3.1-162 of R 4.2.2."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import norm

from lungtox.errors import FitError, ParameterError
from lungtox.models import compare_courses, fit_censored, fit_mixed, model_cytokines
from lungtox.models.censored import draw_censored
from lungtox.models.config import AssociationSettings


def spread(a: int, b: int, c: int) -> np.ndarray:
    """Give 200 made-up numbers between 0 and 1, the same in R: ((a i^2 + b i + c) mod 100003 + .5) / 100003."""
    i = np.arange(200.0)
    return ((a * i * i + b * i + c) % 100003 + 0.5) / 100003


NUMBER = np.arange(200)
X = norm.ppf(spread(48271, 7919, 11))
Z = 0.6 * X + 0.8 * norm.ppf(spread(69621, 104729, 5))
Y = (spread(16807, 1299709, 3) < expit(-0.5 + 0.8 * X + 0.7 * Z)) * 1.0
DESIGN = np.column_stack([np.ones(200), X, Y])


def test_censored_regression_as_survreg():
    """survreg(Surv(lo, hi, type = "interval2") ~ x + y, dist = "gaussian"); limits by uniroot with offsets."""
    fit = fit_censored(np.clip(Z, -0.4, 1.6), DESIGN, below=Z < -0.4, above=Z > 1.6)
    assert (fit.below, fit.above, fit.n) == (56, 11, 200)
    assert fit.beta == pytest.approx([-0.0356893715039, 0.3858637818060, 0.3443050972740], rel=1e-8)
    assert (fit.sigma, fit.loglik) == pytest.approx((0.763278498608, -210.314684505), rel=1e-9)
    assert fit.low == pytest.approx([-0.193844700332, 0.267587923706, 0.101782304486], rel=1e-7)
    assert fit.high == pytest.approx([0.113640200648, 0.510374095777, 0.591492616798], rel=1e-7)
    assert fit.p[2] == pytest.approx(0.00561767169729, rel=1e-7)


def test_without_limits_it_is_least_squares():
    # lm(z ~ x + y) of R 4.2.2.
    fit = fit_censored(Z, DESIGN, below=np.zeros(200, bool), intervals=False)
    assert fit.beta == pytest.approx([-0.0500985378064, 0.5031852059073, 0.2343965800487], rel=1e-8)
    assert np.isnan(fit.low).all()


def test_too_little_is_refused():
    with pytest.raises(FitError, match="too few measured"):
        fit_censored([1.0, 1.0, 1.0, 1.0], np.ones((4, 1)), below=[True, True, True, False])
    with pytest.raises(ParameterError, match="both below and above"):
        fit_censored([1.0, 2.0], np.ones((2, 1)), below=[True, False], above=[True, False])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_drawn_values_lie_beyond_their_limit(seed):
    rng = np.random.default_rng(seed)
    below, above = Z < -0.4, Z > 1.6
    drawn = draw_censored(np.clip(Z, -0.4, 1.6), DESIGN, below=below, above=above, rng=rng)
    assert (drawn[below] <= -0.4 + 1e-9).all() and (drawn[above] >= 1.6 - 1e-9).all()
    assert (drawn[~below & ~above] == Z[~below & ~above]).all()


def test_plates_as_lme():
    """lme(yy ~ x + y, random = ~1 | g): six plates with shifts; variances by REML."""
    fit = fit_mixed(Z + 0.5 * (NUMBER % 6 - 2.5), DESIGN, NUMBER % 6)
    assert fit.beta == pytest.approx([-0.0469375055327, 0.5140060050579, 0.2253582404439], rel=1e-4)
    assert fit.se == pytest.approx([0.3880695380703, 0.0622025994658, 0.1332112382802], rel=1e-4)
    assert fit.group_sd**2 == pytest.approx(0.864864319902, rel=1e-4)
    assert fit.residual_sd**2 == pytest.approx(0.730028489214, rel=1e-4)
    assert fit.loglik == pytest.approx(-264.989648641, rel=1e-8) and fit.groups == 6
    assert fit.intraclass == pytest.approx(0.864864 / (0.864864 + 0.730028), rel=1e-4)
    with pytest.raises(FitError, match="too few groups"):
        fit_mixed(Z, DESIGN, NUMBER % 2)


def test_courses_over_four_draws_as_lme():
    """lme(w ~ factor(tm) * rp, random = ~1 | p, method = "ML"): log-likelihoods -342.338640864 and -345.364153478."""
    rp = (NUMBER // 4 + 1) % 2
    values = Z + 0.3 * (NUMBER % 4) * rp + np.repeat(X[:50], 4)
    p, df, fit = compare_courses(values, NUMBER % 4, rp, NUMBER // 4)
    # chi-square of 2 x 3.025512614 on 3: 0.109153954.
    assert df == 3 and p == pytest.approx(0.109153955, rel=1e-5)
    assert fit.beta[:2] == pytest.approx([0.2646120764414, -0.0821821843751], rel=1e-4)
    with pytest.raises(FitError, match="three or more"):
        compare_courses(values, NUMBER % 2, rp, NUMBER // 4)


def test_courses_with_missing_draws_as_lmer():
    """lmer(w ~ tm * rp + (1 | p)) of lme4 1.1-31 (nlme's lme gives the same): 50 patients with two to four draws."""
    rp = (NUMBER // 4 + 1) % 2
    there = (NUMBER % 11 != 4) & (NUMBER % 17 != 3)
    values = Z + 0.3 * (NUMBER % 4) * rp + np.repeat(X[:50], 4)
    p, df, fit = compare_courses(values[there], (NUMBER % 4)[there], rp[there], (NUMBER // 4)[there])
    # anova of the two fits by full likelihood: -299.4582275004 and -303.0932502919.
    assert df == 3 and p == pytest.approx(0.06377086677069, rel=1e-7)
    assert fit.beta == pytest.approx(
        [0.4376248324455, -0.3018701725173, -0.7202550946396, -0.1926716974839,
         -0.3095702214679, 0.4754156725735, 1.3078579678471, 0.8286114140500], rel=1e-5
    )  # fmt: skip
    assert fit.se == pytest.approx(
        [0.3518922856900, 0.3633366895547, 0.3670394628409, 0.3697564356727,
         0.4899783238892, 0.5059437301170, 0.5086093543681, 0.5125512587943], rel=1e-5
    )  # fmt: skip
    assert [fit.group_sd**2, fit.residual_sd**2] == pytest.approx([1.362548100247, 1.313955385275], rel=1e-5)
    assert fit.loglik == pytest.approx(-301.7096471834, rel=1e-11) and (fit.n, fit.groups) == (171, 50)


def cytokine_tables(limit: float = -np.inf) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give an analysis table and the draws of one cytokine: X before, Z during, six plates; the limit below it."""
    patients = [f"P{index:03d}" for index in range(200)]
    parts = [
        pd.DataFrame(
            {
                "patient": patients, "cytokine": "il6", "timepoint": time, "value": np.exp(np.maximum(log, limit)),
                "below": log < limit, "above": False, "plate": [f"plate {index % 6}" for index in range(200)],
            }
        )
        for time, log in (("pre", X), ("during", Z))
    ]  # fmt: skip
    return pd.DataFrame({"patient": patients, "rp": Y}), pd.concat(parts, ignore_index=True)


def models(limit: float = -np.inf, **changes: str) -> pd.DataFrame:
    config = AssociationSettings(families={"f": ["a"]}, cytokines=["il6"], **changes)
    table, draws = cytokine_tables(limit)
    return model_cytokines(table, draws, settings=config, rng=np.random.default_rng(1)).set_index("analysis")


def test_models_of_complete_values_as_in_r():
    found = models()
    # cor.test(x, z, method = "spearman"): 0.507723693092, p 1.67465920322e-14.
    assert found.loc["correlation", ["effect", "p"]].tolist() == pytest.approx(
        [0.507723693092, 1.67465920322e-14], rel=1e-7
    )
    # Bonett and Wright: tanh(atanh(r) + c(-1, 1) * qnorm(.975) * sqrt((1 + r^2 / 2) / 197)) in R.
    assert found.loc["correlation", ["low", "high"]].tolist() == pytest.approx([0.3895672655, 0.6094377296], rel=1e-8)
    # lm(z ~ x + y), confint: 0.2343965800487 (-0.025484239936 to 0.494277400033), p 7.68320126211e-02.
    ancova = found.loc["ancova"]
    assert np.log(ancova[["effect", "low", "high"]].astype(float)).tolist() == pytest.approx(
        [0.2343965800487, -0.025484239936, 0.494277400033], rel=1e-9
    )
    assert ancova["p"] == pytest.approx(7.68320126211e-02, rel=1e-9)
    assert found.loc["ancova_imputed", "method"] == "nothing to impute: no value beyond a limit"
    assert found.loc["plate_during", "method"] == "6 plates, fixed" and 0 < found.loc["plate_during", "p_plates"] < 1


def test_limits_by_likelihood_and_by_imputation_agree():
    limited, complete = models(-0.4), models()
    # survreg(s ~ y) with the limit on both sides is in R; here only below: the truth is the complete data.
    for time in ("pre", "during"):
        likelihood, imputed, truth = (
            np.log(float(frame.loc[f"groups_{time}_{how}", "effect"]))
            for frame, how in ((limited, "censored"), (limited, "imputed"), (complete, "censored"))
        )
        assert likelihood == pytest.approx(truth, abs=0.12) and imputed == pytest.approx(likelihood, abs=0.12)
    assert limited.loc["groups_during_censored", "below_limit_pct"] == pytest.approx(28.0)
    half = float(np.log(limited.loc["ancova", "effect"]))
    assert abs(np.log(float(limited.loc["ancova_imputed", "effect"])) - 0.2344) < abs(half - 0.2344) + 0.1


def test_random_plates_and_no_plates():
    assert "% of the variance" in models(plates="random").loc["plate_pre", "method"]
    assert not any(str(name).startswith("plate") for name in models(plates="none").index)


def test_what_cannot_be_done_says_why():
    table, draws = cytokine_tables()
    few = table.head(4), draws[draws["patient"].isin(table["patient"].head(4))]
    config = AssociationSettings(families={"f": ["a"]}, cytokines=["il6"])
    found = model_cytokines(*few, settings=config, rng=np.random.default_rng(1)).set_index("analysis")["method"]
    assert found["correlation"].startswith("not measured") and found["ancova"].startswith("not fitted")
    assert found["plate_pre"].startswith("not fitted")
