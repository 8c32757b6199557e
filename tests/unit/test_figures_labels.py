"""Words and numbers of figures and report. Expected texts are the house's own rules, written out by hand."""

import math

import pytest

from lungtox.figures import (
    effect_label,
    format_interval,
    format_number,
    format_p,
    format_ratio,
    weighting_label,
)


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0004, "p < 0.001"),
        (0.001, "p = 0.001"),
        (0.0312, "p = 0.031"),
        (0.0496, "p = 0.0496"),  # below the level of 0.05: 0.050 would deny it
        (0.04999, "p = 0.04999"),
        (0.05, "p = 0.050"),
        (0.0996, "p = 0.10"),
        (0.3749, "p = 0.37"),
        (0.9949, "p = 0.99"),
        (0.996, "p > 0.99"),
        (1.0, "p > 0.99"),
        (None, "p \N{EN DASH}"),
        (math.nan, "p \N{EN DASH}"),
    ],
)
def test_p_values(p, text):
    assert format_p(p) == text


def test_p_value_alone_for_a_column():
    assert format_p(0.2, name="") == "0.20"
    assert format_p(0.0001, name="") == "< 0.001"
    assert format_p(0.02, name="q") == "q = 0.020"


def test_numbers_have_a_true_minus_and_no_negative_zero():
    assert format_number(-0.126) == "\N{MINUS SIGN}0.13"
    assert format_number(-0.001) == "0.00"
    assert format_number(math.inf) == "\N{EN DASH}"
    assert format_number(None) == "\N{EN DASH}"
    assert format_interval(-0.03, None) == "\N{MINUS SIGN}0.03 to \N{EN DASH}"


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (1.234, "1.23"),
        (12.34, "12.3"),
        (123.4, "123"),
        (5e4, "> 1000"),
        (0.001, "< 0.01"),
        (math.nan, "\N{EN DASH}"),
        (math.inf, "> 1000"),
    ],
)
def test_odds_ratios_have_three_figures(ratio, text):
    assert format_ratio(ratio) == text


def test_weightings_and_effects_in_words():
    assert weighting_label("anatomical") == "anatomical"
    assert weighting_label("perfusion") == "perfusion-weighted"
    assert weighting_label("functional:40%max") == "perfused \N{GREATER-THAN OR EQUAL TO} 40 % of maximum"
    assert weighting_label("functional:30%p99") == "perfused \N{GREATER-THAN OR EQUAL TO} 30 % of the 99th percentile"
    assert weighting_label("functional:contour") == "functional region contour"
    assert weighting_label("nonfunctional:contour") == "outside functional region contour"
    assert weighting_label("nonfunctional:40%mean") == "perfused < 40 % of mean"
    assert weighting_label("functional:20-50%max") == "perfused 20 to 50 % of maximum"
    assert weighting_label("nonfunctional:p60") == "perfused < percentile 60"
    assert effect_label("V20", "5 %") == "V20 (per 5 %)"
    assert effect_label("Sex", "M v F") == "Sex (M v F)"
    assert effect_label("Sex", math.nan) == "Sex"
