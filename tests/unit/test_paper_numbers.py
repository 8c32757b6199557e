"""Numbers by the rules of the presets. Expected texts are written by hand from the rules that the test names."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungtox.report.paper_numbers import (
    DASH,
    STYLES,
    print_number,
    print_p,
    print_ratio,
    print_share,
    round_text,
)

# AMA Manual of Style and JCO: two digits from .01 on, three below, none beyond <.001, no zero before the point;
# a third digit where rounding would change significance (.049), and never 0 or 1.
ASCO = {
    0.5: ".50", 0.16: ".16", 0.05: ".05", 0.0504: ".05", 0.0497: ".0497", 0.0451: ".045", 0.04: ".04", 0.0312: ".03",
    0.01: ".01", 0.0098: ".010", 0.0034: ".003", 0.001: ".001", 0.00096: "<.001", 1e-12: "<.001", 0.0: "<.001",
    0.994: ".99", 0.996: ">.99", 1.0: ">.99",
}  # fmt: skip
ELSEVIER = {value: f"{text[0] if text[0] in '<>' else ''}0{text.lstrip('<>')}" for value, text in ASCO.items()}
# Exact values with three decimals, a zero before the point.
SPRINGER = {
    0.5: "0.500", 0.0497: "0.0497", 0.0494: "0.049", 0.05: "0.050", 0.0098: "0.010", 0.001: "0.001",
    0.0009: "<0.001", 0.9994: "0.999", 0.9996: ">0.999", 1.0: ">0.999",
}  # fmt: skip
# As the report: three decimals below 0.1, two above.
PLAIN = {0.5: "0.50", 0.0967: "0.097", 0.0497: "0.0497", 0.0312: "0.031", 0.0009: "<0.001", 1.0: ">0.99"}


@pytest.mark.parametrize(
    ("preset", "rule"),
    [("asco", ASCO), ("elsevier", ELSEVIER), ("springer-nature", SPRINGER), ("plain", PLAIN)],
    ids=["asco", "elsevier", "springer-nature", "plain"],
)
def test_p_by_the_rule_of_the_preset(preset: str, rule: dict[float, str]) -> None:
    assert {value: print_p(value, STYLES[preset]) for value in rule} == rule
    assert print_p(None, STYLES[preset]) == print_p(math.nan, STYLES[preset]) == DASH


@given(p=st.floats(min_value=0.0, max_value=1.0), preset=st.sampled_from(sorted(STYLES)))
def test_printed_p_is_on_its_side_of_the_level_and_never_zero_or_one(p: float, preset: str) -> None:
    text = print_p(p, STYLES[preset])
    number = float(text.lstrip("<>"))
    assert 0.0 < number < 1.0
    if text[0] == "<":
        assert p < number
    elif text[0] == ">":
        assert p > number
    else:
        assert abs(number - p) <= 0.5 * 10 ** -len(text.partition(".")[2]) * 2
    if p < 0.05:
        assert number < 0.05 or text == "<0.05"
    else:
        assert number >= 0.05


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ((2.5, "2.50"), (1.0004, "1.0004"), (5.954, "5.95")),
        ((1.21, "1.21"), (1.0028, "1.003"), (1.472, "1.47")),
        ((0.81, "0.81"), (0.66, "0.66"), (0.9997, "0.9997")),
        ((1.06, "1.06"), (0.99955, "0.9996"), (1.12, "1.12")),
        ((5.526, "5.53"), (0.4312, "0.43"), (788.1, "788")),
        ((30.34, "30.3"), (1.68, "1.68"), (4321.0, ">1000")),
        ((0.004, "<0.01"), (1e-9, "<0.01"), (0.3, "0.30")),
        ((12.0, "12.0"), (1.0000000001, ">1.00"), (None, DASH)),
    ],
)
def test_no_limit_of_a_ratio_is_rounded_to_one_or_beyond(
    value: tuple[float, str], low: tuple[float, str], high: tuple[float | None, str]
) -> None:
    assert print_ratio(value[0]) == value[1]
    assert (print_ratio(low[0], null=1.0), print_ratio(high[0], null=1.0)) == (low[1], high[1])


@given(
    value=st.floats(min_value=-50.0, max_value=50.0), null=st.sampled_from([0.0, 0.5, 1.0]), decimals=st.integers(0, 3)
)
def test_rounding_never_crosses_the_value_of_no_effect(value: float, null: float, decimals: int) -> None:
    text = print_number(value, decimals=decimals, null=null)
    if text[0] in "<>":
        assert (value > null) == (text[0] == ">")
        return
    printed = float(text.replace("\N{MINUS SIGN}", "-"))
    assert (printed > null, printed < null) == (value > null, value < null)


def test_halves_are_rounded_as_by_hand_and_minus_is_a_true_one() -> None:
    assert [print_number(value) for value in (2.675, 0.125, 0.375, -0.125)] == ["2.68", "0.13", "0.38", "\u22120.13"]
    assert [round_text(text, 0) for text in ("42.5", "37.5", "-0.4", "6687.5")] == ["43", "38", "0", "6688"]
    assert print_number(-0.001) == "0.00"
    assert print_number(math.inf) == print_number(math.nan) == print_number(None) == DASH


def test_a_small_share_does_not_read_zero() -> None:
    assert [print_share(value) for value in (0.0007, 0.0049, 0.006, 0.26, 0.0)] == [
        "<0.01", "<0.01", "0.01", "0.26", "0.00",
    ]  # fmt: skip
