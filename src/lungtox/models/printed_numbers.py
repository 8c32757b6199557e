"""What a printed number can have been before it was rounded."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lungtox.errors import ParameterError

_P_TEXT = re.compile(r"\s*(?:[pP]\s*)?([<>=\u2264\u2265]?)\s*(0?\.\d+|1(?:\.0*)?|0)\s*")


@dataclass(frozen=True)
class Interval:
    """What a printed number can have been before it was rounded."""

    low: float
    high: float


def rounded(text: str) -> Interval:
    """Give the interval that a printed number stands for: ``53.3`` is 53.25 to 53.35.

    Parameters
    ----------
    text : str
        A number with a decimal point, or a whole one.

    Raises
    ------
    ParameterError
        No number.
    """
    plain = text.strip().replace("\N{MINUS SIGN}", "-")
    try:
        value = float(plain)
    except ValueError:
        raise ParameterError(f"expected a number as printed, got {text!r}") from None
    half = 0.5 * 10.0 ** -len(plain.partition(".")[2])
    return Interval(value - half, value + half)


def printed_p(text: str) -> Interval:
    """Give the interval of a printed p value: ``0.031``, ``<0.05``, ``>.05``, ``p = .03``."""
    match = _P_TEXT.fullmatch(text)
    if match is None:
        raise ParameterError(f"expected a p value such as 0.03 or <0.05, got {text!r}")
    sign, number = match[1], float(match[2])
    if sign in ("<", "\u2264"):
        return Interval(0.0, number)
    if sign in (">", "\u2265"):
        return Interval(number, 1.0)
    around = rounded(match[2])
    return Interval(max(0.0, around.low), min(1.0, around.high))


def overlap(one: Interval, other: Interval) -> bool:
    """Tell whether both can be the same number."""
    return one.low <= other.high + 1e-12 and other.low <= one.high + 1e-12


def largest_gap(one: Interval, other: Interval) -> float:
    """Give the largest difference that two rounded numbers can have."""
    return max(one.high - other.low, other.high - one.low)


def smallest_gap(one: Interval, other: Interval) -> float:
    """Give the smallest one."""
    return max(0.0, one.low - other.high, other.low - one.high)


def range_text(low: float, high: float) -> str:
    """Give ``low to high`` with four figures."""
    return f"{low:.4g} to {high:.4g}"
