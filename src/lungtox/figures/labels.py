"""Words and numbers as figures and report print them."""

from __future__ import annotations

import math
import re

THIN_MINUS = "\N{MINUS SIGN}"
LEVEL = 0.05
"""Of all tests: what is below is said, drawn and printed as a finding."""
MOST_DECIMALS = 6
HIGHEST_RATIO, LOWEST_RATIO = 1000, 0.01


def format_p(p: float | None, *, name: str = "p") -> str:
    """Give a p or q value: three decimals below 0.1, two above, ``p < 0.001`` below that; a dash when missing.

    Parameters
    ----------
    p : float or None
        Probability; None and NaN count as missing.
    name : str
        ``"p"`` or ``"q"``; empty gives the number alone.
    """
    if p is None or math.isnan(p):
        return f"{name} \N{EN DASH}".strip()
    if p < 0.001:
        return f"{name} < 0.001".strip()
    sign = f"{name} = " if name else ""
    # 0.0996 must not turn into 0.100 beside 0.10
    if p < 0.0995:
        return f"{sign}{round_p(p, 3)}"
    return f"{sign}{min(p, 0.99):.2f}" if p < 0.995 else f"{name} > 0.99".strip()


def round_p(p: float, decimals: int) -> str:
    """Print p; with more decimals where rounding would lift it to 0.05 (0.0497 is below the level).

    Parameters
    ----------
    p : float
        From 0 to 1.
    decimals : int
    """
    for more in range(decimals, MOST_DECIMALS + 1):
        text = f"{p:.{more}f}"
        if not p < LEVEL <= float(text):
            return text
    return f"{math.floor(p * 10**MOST_DECIMALS) / 10**MOST_DECIMALS:.{MOST_DECIMALS}f}"


def format_number(value: float | None, *, decimals: int = 2) -> str:
    """Give a number with fixed decimals and a true minus sign; a dash when missing or infinite."""
    if value is None or not math.isfinite(value):
        return "\N{EN DASH}"
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", THIN_MINUS)


def format_interval(low: float | None, high: float | None, *, decimals: int = 2, to: str = "to") -> str:
    """Give ``low to high``; a bound that is missing or infinite is a dash.

    ``to`` and not a dash between the bounds, because bounds may be negative; figures hand in their language's word.
    """
    return f"{format_number(low, decimals=decimals)} {to} {format_number(high, decimals=decimals)}"


def format_ratio(value: float | None) -> str:
    """Give an odds ratio with about three figures; ``> 1000`` and ``< 0.01`` beyond what anyone would quote."""
    if value is None or math.isnan(value):
        return "\N{EN DASH}"
    return beyond_ratio(value) or format_number(value, decimals=decimals_for(value))


def beyond_ratio(value: float) -> str:
    """Give ``> 1000`` or ``< 0.01`` for a ratio beyond what anyone would quote; else nothing."""
    if value > HIGHEST_RATIO:
        return f"> {HIGHEST_RATIO}"
    return f"< {LOWEST_RATIO}" if value < LOWEST_RATIO else ""


def decimals_for(value: float | None) -> int:
    """Give the decimals that leave about three figures: 4144, 32.8, 9.04; two for a missing number."""
    if value is None or math.isnan(value):
        return 2
    return 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0


def weighting_label(weighting: str) -> str:
    """Give the words for a weighting of the DVH contract, such as ``functional:40%max``."""
    if weighting == "anatomical":
        return "anatomical"
    if weighting == "perfusion":
        return "perfusion-weighted"
    kind, _, region = weighting.partition(":")
    sign = "<" if kind == "nonfunctional" else "\N{GREATER-THAN OR EQUAL TO}"
    share, _, reference = region.partition("%")
    names = {"max": "of maximum", "p99": "of the 99th percentile"}
    of = names.get(reference, f"of {reference}")
    if re.fullmatch(r"[\d.]+-[\d.]+", share):
        return f"perfused {share.replace('-', ' to ')} % {of}"
    if reference and share.replace(".", "", 1).isdigit():
        return f"perfused {sign} {share} % {of}"
    if re.fullmatch(r"p[\d.]+", region):
        return f"perfused {sign} percentile {region[1:]}"
    return f"{'outside ' if sign == '<' else ''}functional region {region}"


def effect_label(label: str, unit: object) -> str:
    """Give the row label of an effect: ``V20 (per 5 %)``, ``Sex (M v F)``."""
    if not isinstance(unit, str) or not unit:
        return label
    unit = unit.replace("_", " ")
    if unit[0].isdigit():
        return f"{label} (per {unit})"
    return f"{label} ({unit})"


def metric_words(metric: str) -> str:
    """Give the name of a metric without its unit."""
    return metric.partition("[")[0]


def unit_of(metric: str) -> str:
    """Give the unit that a metric's name says; empty where it says none."""
    return metric.partition("[")[2].rstrip("]")
