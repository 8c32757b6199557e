"""Numbers as a journal prints them: p values, ratios, percentages, by the rule of a preset."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from lungtox.figures import beyond_ratio, decimals_for, format_number, format_p, round_p
from lungtox.report.wording import DASH as DASH

SMALLEST_P: Final = 0.001
MOST_DECIMALS: Final = 6
FEW_PATIENTS: Final = 100
"""Below so many patients a percentage has no decimals (AMA Manual of Style)."""


@dataclass(frozen=True)
class TableStyle:
    """How a preset prints.

    Attributes
    ----------
    p_name : str
        ``p`` or ``P``.
    leading_zero : bool
        Whether p has a zero before the point; other numbers always have one.
    fine_below : float or None
        p below this has three decimals, from it on two; None is the rule of the report.
    percent_by_n : bool
        Percentages without decimals where a group has fewer than 100 patients; else one decimal.
    """

    p_name: str
    leading_zero: bool
    fine_below: float | None
    percent_by_n: bool


STYLES: Final[Mapping[str, TableStyle]] = {
    "elsevier": TableStyle("p", leading_zero=True, fine_below=0.01, percent_by_n=True),
    "springer-nature": TableStyle("p", leading_zero=True, fine_below=math.inf, percent_by_n=True),
    "asco": TableStyle("P", leading_zero=False, fine_below=0.01, percent_by_n=True),
    "plain": TableStyle("p", leading_zero=True, fine_below=None, percent_by_n=False),
}


def print_p(p: float | None, style: TableStyle) -> str:
    """Give a p or q value without its name, never on the other side of 0.05 than it is, and never 0 or 1.

    Parameters
    ----------
    p : float or None
        Probability; None and NaN give a dash.
    style : TableStyle
    """
    if p is None or math.isnan(p):
        return DASH
    if style.fine_below is None:
        text = format_p(p, name="").replace(" ", "")
    elif p < SMALLEST_P:
        text = f"<{SMALLEST_P}"
    else:
        decimals = 3 if p < style.fine_below else 2
        text = round_p(p, decimals)
        if float(text) >= 1.0:
            text = f">{1 - 10**-decimals:.{decimals}f}"
    return text if style.leading_zero else text.replace("0.", ".", 1)


def print_number(value: float | None, *, decimals: int = 2, null: float | None = None) -> str:
    """Give a number with a true minus sign, on the side of ``null`` where it is.

    Parameters
    ----------
    value : float or None
        None, NaN and infinity give a dash.
    decimals : int
        Decimals; more where rounding would put the number on ``null`` or beyond.
    null : float or None
        The value of no effect (1 of a ratio, 0 of a difference), for the limits of an interval.
    """
    if value is None or not math.isfinite(value):
        return DASH
    if null is None or value == null:
        return round_text(repr(float(value)), decimals)
    for more in range(decimals, MOST_DECIMALS + 1):
        text = round_text(repr(float(value)), more)
        if (float(text.replace("\N{MINUS SIGN}", "-")) - null) * (value - null) > 0.0:
            return text
    return f"{'>' if value > null else '<'}{format_number(null, decimals=decimals)}"


def print_ratio(value: float | None, *, null: float | None = None) -> str:
    """Give a ratio: two decimals below 10, one below 100, none above; ``>1000`` and ``<0.01`` beyond."""
    if value is None or not math.isfinite(value):
        return DASH
    return beyond_ratio(value).replace(" ", "") or print_number(value, decimals=decimals_for(value), null=null)


def print_share(value: float | None) -> str:
    """Give a share with two decimals; one that would read 0.00 as ``<0.01``."""
    return "<0.01" if value is not None and 0.0 < value < 0.005 else print_number(value)


def round_text(number: str, decimals: int) -> str:
    """Round a number that is a text, halves away from zero, with a true minus sign.

    The decimal text is rounded and not the binary number, so that 2.675 gives 2.68 as by hand.
    """
    rounded = Decimal(number).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return format_number(float(rounded), decimals=decimals)


def decimals_of(number: str) -> int:
    """Give how many decimals a printed number has."""
    return len(number.partition(".")[2])
