"""Numbers out of text: which sign is the decimal one, and which text has two readings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_EXPONENT = r"(?:[eE][+-]?\d{1,3})?"
# Thousands stand in threes after a first group without a leading zero, separated by one sign throughout.
_BLANKS = " \u00a0\u2009\u202f'\u2019"
READINGS = {
    sign: re.compile(
        rf"[+-]?(?:\d+|[1-9]\d{{0,2}}(?:(?P<t>[{other}{_BLANKS}])\d{{3}}(?:(?P=t)\d{{3}})*))(?:[{sign}]\d*)?{_EXPONENT}"
        rf"|[+-]?[{sign}]\d+{_EXPONENT}",
        re.ASCII,
    )
    for sign, other in ((".", ","), (",", "."))
}
DECIMAL_WORDS = {".": "decimal point", ",": "decimal comma"}


@dataclass(frozen=True)
class NumberColumn:
    """A column of numbers.

    Attributes
    ----------
    values : tuple of float or None
        None where the cell is empty or cannot be read.
    refused : dict of int to str
        Place in the column -> why its text cannot be read: ``no number``, ``two readings``, ``another sign``.
    decimal : str
        Decimal sign that the column shows; empty where no cell shows one.
    decided : tuple of int
        Places of texts with two readings, such as ``12.500``, that the declared sign decided for thousands.
    """

    values: tuple[float | None, ...]
    refused: dict[int, str]
    decimal: str
    decided: tuple[int, ...] = ()


def reading(text: str, decimal: str) -> float:
    """Read one number under a known decimal sign; the other sign, blanks and apostrophes may separate thousands.

    Parameters
    ----------
    text : str
    decimal : {".", ","}

    Raises
    ------
    ValueError
        The text is no finite number under this sign.
    """
    plain = text.replace("\u2212", "-")  # the minus sign of typographers
    if READINGS[decimal].fullmatch(plain) is None:
        raise ValueError
    digits = re.sub(rf"[{_BLANKS}{',' if decimal == '.' else '.'}]", "", plain)
    value = float(digits.replace(",", "."))
    if value in (float("inf"), float("-inf")):
        raise ValueError
    return value


def read_numbers(texts: Sequence[str], *, decimal: str | None) -> NumberColumn:
    """Read a column of numbers that are text.

    Parameters
    ----------
    texts : sequence of str
        Cells; empty = missing.
    decimal : {".", ","} or None
        Decimal sign as declared; None: found in the column itself.

    Returns
    -------
    NumberColumn
        Without a declared sign a text with two readings (``12.500``) is refused whatever the rest of the column
        shows, and so are the rows of the rarer sign where both occur.
    """
    values: list[float | None] = []
    refused: dict[int, str] = {}
    signs: dict[str, list[int]] = {".": [], ",": []}
    for place, text in enumerate(texts):
        found = _readings(text, decimal) if text else {}
        if text and not found:
            refused[place] = "no number"
        if len(set(found.values())) > 1:
            refused[place] = "two readings"
        if len(found) == 1 and decimal is None:
            signs[next(iter(found))].append(place)
        values.append(None if place in refused or not found else next(iter(found.values())))
    shown = decimal or ""
    if all(signs.values()):
        rarer = min(signs.values(), key=len)
        refused |= dict.fromkeys(rarer, "another sign")
        values = [None if place in rarer else value for place, value in enumerate(values)]
    elif any(signs.values()):
        shown = max(signs, key=lambda sign: len(signs[sign]))
    other = {".": ",", ",": "."}.get(decimal or "", "")
    decided = [
        place
        for place, text in enumerate(texts)
        if other and other in text and place not in refused and len(set(_readings(text, None).values())) > 1
    ]
    return NumberColumn(tuple(values), refused, shown, tuple(decided))


def _readings(text: str, decimal: str | None) -> dict[str, float]:
    """Give what a text can mean: decimal sign -> number."""
    found = {}
    for sign in (decimal,) if decimal else (".", ","):
        try:
            found[sign] = reading(text, sign)
        except ValueError:
            continue
    return found


def number_text(value: float) -> str:
    """Write a number as the contract has it: shortest text that reads back as the same number."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
