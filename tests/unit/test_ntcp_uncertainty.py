"""NTCP intervals from printed parameter intervals: corners by hand, quadrature, invariants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest import approx
from scipy.stats import norm

from lungtox.errors import ParameterError
from lungtox.ntcp import draw_parameters, interval_of, no_interval_reason, ntcp_draws, published_model, published_models
from tests.unit.ntcp_cases import toy


def interval(name, dose, factors=None, **options):
    model = published_model(name)
    drawn = draw_parameters(model, np.random.default_rng(1), **options)
    return interval_of(lambda values: ntcp_draws(model, dose, factors, values), drawn)


def lkb(dose, td50, m):
    return norm.cdf((dose - td50) / (m * td50))


def test_parameters_that_are_functions_of_each_other_give_the_corners():
    """Semenenko 29.9 (28.2-31.8), .41 (.38-.45): NTCP falls with TD50 and, below it, rises with m."""
    found = interval("semenenko_2008", 20.0)
    # A large TD50 with a small m, and the reverse: Phi(-0.97650) and Phi(-0.64618).
    assert (found.low, found.high) == (approx(0.1644, abs=2e-3), approx(0.2591, abs=2e-3))
    assert found.low < found.low_independent < 0.20967 < found.high_independent < found.high
    assert "every one covered" in found.assumption and found.varied == ("td50_gy", "m")
    # Delta method by hand: probit -.8076, its SE .0612 when independent.
    assert found.low_independent == approx(norm.cdf(-0.8076 - 1.96 * 0.0612), abs=3e-3)
    assert found.high_independent == approx(norm.cdf(-0.8076 + 1.96 * 0.0612), abs=3e-3)


def test_quantec_logistic_by_quadrature():
    """b0 and b1 are never positively correlated in a regression on doses: independent is the widest for one NTCP."""
    score = np.linspace(-5, 5, 801)
    weight = np.outer(norm.pdf(score), norm.pdf(score)).ravel()
    b0 = -3.87 + score / 1.959964 * np.where(score < 0, 0.62, 0.54)  # -4.49 to -3.33
    b1 = 0.126 + score / 1.959964 * np.where(score < 0, 0.026, 0.027)  # .100 to .153
    logit = np.add.outer(b0, 20.0 * b1).ravel()
    order = np.argsort(logit)
    share = np.cumsum(weight[order]) / weight.sum()
    low, high = (1 / (1 + np.exp(-logit[order][np.searchsorted(share, tail)])) for tail in (0.025, 0.975))
    found = interval("quantec_logistic_2010", 20.0)
    assert (found.low, found.high) == (approx(low, abs=3e-3), approx(high, abs=4e-3))
    assert (found.low, found.high) == (found.low_independent, found.high_independent)
    assert "from -1 to 0" in found.assumption


def test_a_known_correlation_takes_the_place_of_all_others():
    # Delta method by hand: SE of the logit at 20 Gy is sqrt(.0876 + .0731 - 2 * .95 * .296 * 20 * .01352) = .0908.
    found = interval("quantec_logistic_2010", 20.0, correlation=-0.95)
    logit = -3.87 + 0.126 * 20
    assert found.low == approx(1 / (1 + np.exp(-(logit - 1.96 * 0.0908))), abs=6e-3)
    assert found.high == approx(1 / (1 + np.exp(-(logit + 1.96 * 0.0908))), abs=6e-3)
    assert found.low_independent < found.low and "-0.95" in found.assumption
    for wrong in (1.2, -2.0):
        with pytest.raises(ParameterError, match="-1 to 1"):
            interval("quantec_logistic_2010", 20.0, correlation=wrong)


def test_no_interval_where_none_was_published():
    without = {name for name, model in published_models().items() if no_interval_reason(model)}
    assert {"kwa_1998", "seppenwoolde_2003", "quantec_probit_2010", "burman_1991", "niezink_2023"} <= without
    assert without & {"quantec_logistic_2010", "semenenko_2008", "appelt_2014"} == set()
    for name in without:
        assert draw_parameters(published_model(name), np.random.default_rng(1)) is None
    assert no_interval_reason(published_model("kwa_1998")) == "none is on record for TD50 and m"


def test_factors_shift_the_interval_with_the_estimate():
    smoker = interval("appelt_2014", 18.0, {"smoking": "current"})
    reference = interval("appelt_2014", 18.0)
    for a, b in ((smoker.low, reference.low), (smoker.high, reference.high)):
        assert a / (1 - a) == approx(0.62 * b / (1 - b), rel=1e-9)  # odds ratio .62, SCIENCE.md section 4


def test_a_dvh_is_seen_through_its_summary():
    model = published_model("semenenko_2008")
    drawn = draw_parameters(model, np.random.default_rng(1))
    by_dvh = interval_of(lambda values: ntcp_draws(model, toy(structure="Lungs"), None, values), drawn)
    assert by_dvh.low == approx(interval("semenenko_2008", 18.2).low, abs=1e-9)


def test_the_difference_of_two_plans_is_paired():
    """Corners by hand as above; far narrower than the difference of two separate intervals."""
    model = published_model("semenenko_2008")
    drawn = draw_parameters(model, np.random.default_rng(1))
    found = interval_of(lambda v: ntcp_draws(model, 18.2, None, v) - ntcp_draws(model, 12.74, None, v), drawn)
    corners = [lkb(18.2, td50, m) - lkb(12.74, td50, m) for td50 in (28.2, 31.8) for m in (0.38, 0.45)]
    assert (found.low, found.high) == (approx(min(corners), abs=2e-3), approx(max(corners), abs=2e-3))
    a, b = interval("semenenko_2008", 18.2), interval("semenenko_2008", 12.74)
    assert found.high - found.low < 0.5 * ((a.high - b.low) - (a.low - b.high))


@settings(max_examples=15, deadline=None)
@given(
    name=st.sampled_from(["quantec_logistic_2010", "semenenko_2008", "appelt_2014"]),
    a=st.floats(0.0, 45.0),
    b=st.floats(0.0, 45.0),
)
def test_intervals_hold_the_estimate_and_differences_turn_round(name, a, b):
    model = published_model(name)
    drawn = draw_parameters(model, np.random.default_rng(1), draws=2000)

    def difference(one, other):
        return interval_of(lambda v: ntcp_draws(model, one, None, v) - ntcp_draws(model, other, None, v), drawn)

    alone = interval_of(lambda v: ntcp_draws(model, a, None, v), drawn)
    assert 0.0 <= alone.low <= model.ntcp(a) <= alone.high <= 1.0
    forth, back = difference(a, b), difference(b, a)
    assert (forth.low, forth.high) == (approx(-back.high), approx(-back.low))
    same = difference(a, a)
    assert (same.low, same.high) == (0.0, 0.0)


def test_the_same_seed_gives_the_same_interval():
    assert interval("appelt_2014", 15.0) == interval("appelt_2014", 15.0)
