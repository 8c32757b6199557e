"""Numbers and lists in sentences."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lungtox.errors import count_of as count_of
from lungtox.figures import decimals_for as decimals_for
from lungtox.figures import format_interval, format_number, format_p, format_ratio
from lungtox.report.blocks import Cell

if TYPE_CHECKING:
    from lungtox.report.results import Results

DASH = "\N{EN DASH}"
COLUMN = re.compile(r"\b[a-z]\w*_\w+\b")
OUTCOME = re.compile(r"\brp(?= \d)")


def join_words(words: Sequence[str]) -> str:
    """Give ``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def share(part: int, whole: int) -> str:
    """Give ``27 of 110 (24.5 %)``."""
    return f"{part} of {whole} ({100 * part / whole:.1f} %)" if whole else f"{part} of 0"


def with_interval(value: float | None, low: float | None, high: float | None, *, decimals: int = 2) -> str:
    """Give ``0.72 (95 % CI 0.60 to 0.83)``."""
    return f"{format_number(value, decimals=decimals)} (95 % CI {format_interval(low, high, decimals=decimals)})"


def optional(value: Any) -> float | None:
    """Give a number, or None where it is missing."""
    return None if value is None or (isinstance(value, float) and math.isnan(value)) else float(value)


def text_of(value: Any) -> str:
    """Give a text cell; a missing one is empty."""
    return value if isinstance(value, str) else "" if value is None or value != value else str(value)


def number_cell(value: Any, *, decimals: int = 2) -> Cell:
    """Give a cell with a number."""
    number = optional(value)
    return Cell(format_number(number, decimals=decimals), number)


def count_cell(value: Any) -> Cell:
    """Give a cell with a whole number."""
    number = optional(value)
    return Cell(DASH if number is None else f"{number:.0f}", number)


def p_cell(value: Any) -> Cell:
    """Give a cell with a p or q value."""
    number = optional(value)
    return Cell(format_p(number, name=""), number)


def interval_cell(value: Any, low: Any, high: Any, *, decimals: int = 2) -> Cell:
    """Give a cell with an estimate and its interval."""
    number = optional(value)
    if number is None:
        return Cell(DASH)
    inside = f"{format_interval(optional(low), optional(high), decimals=decimals)}"
    return Cell(f"{format_number(number, decimals=decimals)} ({inside})", number)


def ratio_cell(value: Any, low: Any, high: Any) -> Cell:
    """Give a cell with an odds ratio and its interval."""
    number = optional(value)
    if number is None:
        return Cell(DASH)
    return Cell(f"{format_ratio(number)} ({format_ratio(optional(low))} to {format_ratio(optional(high))})", number)


def remark(results: Results) -> str:
    """Give the sentence of the config that belongs before the findings and among the limitations."""
    return text_of((results.config.get("report") or {}).get("remark"))


def with_labels(text: str, labels: Mapping[str, str]) -> str:
    """Put the words of the data dictionary for the names of columns; ``rp`` with a count is the outcome."""
    named = COLUMN.sub(lambda found: labels.get(found[0], found[0]), text)
    return OUTCOME.sub("outcome", named)


def plain_name(name: str) -> str:
    """Give the name of a config entry in words: ``dose_clinical`` -> ``dose clinical``."""
    return name.replace("_", " ")
