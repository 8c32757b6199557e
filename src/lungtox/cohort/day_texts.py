"""Days out of text and out of a spreadsheet's serial numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

# Python's directives and the words that people write; the longer ones first.
TOKENS = {
    "yyyy": r"(?P<y>\d{4})", "%Y": r"(?P<y>\d{4})", "yy": r"(?P<yy>\d{2})", "%y": r"(?P<yy>\d{2})",
    "mm": r"(?P<m>\d{1,2})", "%m": r"(?P<m>\d{1,2})", "dd": r"(?P<d>\d{1,2})", "%d": r"(?P<d>\d{1,2})",
    "m": r"(?P<m>\d{1,2})", "d": r"(?P<d>\d{1,2})",
}  # fmt: skip
TIME = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
YEAR_FIRST = re.compile(rf"(?P<y>\d{{4}})(?P<s>[-/.])(?P<m>\d{{1,2}})(?P=s)(?P<d>\d{{1,2}}){TIME}", re.ASCII)
YEAR_LAST = re.compile(rf"(?P<a>\d{{1,2}})(?P<s>[-/.])(?P<b>\d{{1,2}})(?P=s)(?P<y>\d{{4}}){TIME}", re.ASCII)
EXCEL_FIRST = {"excel": date(1899, 12, 30), "excel-1904": date(1904, 1, 1)}
"""Day 0 of the serial numbers. Excel's 29 February 1900 never was: from 1 March 1900 its day 0 is 30 December 1899."""
FIRST_SERIAL = 61
LAST_YEAR_OF_2000S = 68
"""Two digits: 00-68 are 2000-2068, 69-99 are 1969-1999, as POSIX has it."""


@dataclass(frozen=True)
class DayColumn:
    """A column of days.

    Attributes
    ----------
    days : tuple of date or None
        None where the cell is empty or cannot be read.
    refused : dict of int to str
        Place in the column -> why its text cannot be read: ``no date``, ``two readings``, ``another order``.
    """

    days: tuple[date | None, ...]
    refused: dict[int, str]


@cache
def day_pattern(text: str) -> re.Pattern[str]:
    """Translate a date format to a regular expression with groups y (or yy), m and d; ValueError for others.

    Parameters
    ----------
    text : str
        Such as ``dd.mm.yyyy``, ``m/d/yyyy`` or ``%d.%m.%Y``; a time of day after the date may always follow.
    """
    pattern, rest = "", text.strip()
    while rest:
        token = next((name for name in TOKENS if rest.startswith(name)), None)
        if token is None and (rest[0].isalnum() or rest[0] == "%"):
            raise ValueError("a date format of dd, mm and yyyy, such as dd.mm.yyyy")
        pattern += TOKENS[token] if token else re.escape(rest[0])
        rest = rest[len(token or " ") :]
    try:
        compiled = re.compile(pattern + TIME, re.ASCII)
    except re.error:
        raise ValueError("a date format with day, month and year once each") from None
    if not {"m", "d"} <= compiled.groupindex.keys() or len(compiled.groupindex) != 3:
        raise ValueError("a date format with day, month and year once each")
    return compiled


def declared_day(text: str, date_format: str) -> date:
    """Read a day in a declared format; ValueError where the text is none."""
    found = day_pattern(date_format).fullmatch(text)
    if found is None:
        raise ValueError
    parts = found.groupdict()
    year = parts.get("y")
    if year is None:
        short = int(parts["yy"])
        year = str(2000 + short if short <= LAST_YEAR_OF_2000S else 1900 + short)
    return date(int(year), int(parts["m"]), int(parts["d"]))


def serial_day(serial: float, date_format: str) -> date:
    """Turn a serial number of a spreadsheet into a day; ValueError for what cannot be one.

    Parameters
    ----------
    serial : float
        Days; a fraction is the time of day.
    date_format : {"excel", "excel-1904"}
        Which day is 0.
    """
    if not FIRST_SERIAL <= serial < 2_958_466:  # 31 December 9999
        raise ValueError
    return EXCEL_FIRST[date_format] + timedelta(days=int(serial))


def read_days(texts: Sequence[str]) -> DayColumn:
    """Read days whose format nobody declared.

    Parameters
    ----------
    texts : sequence of str
        Cells of one column; empty = missing.

    Returns
    -------
    DayColumn
        Year first is unambiguous; with dots the day comes first, as wherever dates are written so; with ``/`` or
        ``-`` the order counts as known only where one of the numbers is above 12 or both are the same. A column in
        which both orders occur is refused in the rows of the rarer one.
    """
    days: list[date | None] = []
    refused: dict[int, str] = {}
    orders: dict[str, list[int]] = {"dmy": [], "mdy": []}
    for place, text in enumerate(texts):
        day, order = None, ""
        if text:
            try:
                day, order = _guess(text)
            except ValueError as error:
                refused[place] = str(error) if str(error) == "two readings" else "no date"
        days.append(day)
        if order:
            orders[order].append(place)
    if all(orders.values()):
        rarer = min(orders.values(), key=len)
        refused |= dict.fromkeys(rarer, "another order")
        days = [None if place in rarer else day for place, day in enumerate(days)]
    return DayColumn(tuple(days), refused)


def _guess(text: str) -> tuple[date, str]:
    """Give the day, and which order of day and month it shows."""
    found = YEAR_FIRST.fullmatch(text)
    if found is not None:
        return date(int(found["y"]), int(found["m"]), int(found["d"])), ""
    found = YEAR_LAST.fullmatch(text)
    if found is None:
        raise ValueError
    first, second, year = int(found["a"]), int(found["b"]), int(found["y"])
    if found["s"] == ".":
        return date(year, second, first), "dmy"
    if first == second:
        return date(year, first, first), ""
    if first <= 12 and second <= 12:
        raise ValueError("two readings")
    return (date(year, second, first), "dmy") if first > 12 else (date(year, first, second), "mdy")
