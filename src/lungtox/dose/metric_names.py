"""Metric names after AAPM TG-263, and those of functional regions. Light: standard library only, the config uses it."""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass
from typing import Literal

from lungtox.errors import ParameterError

Kind = Literal["volume_at_dose", "cold_volume_at_dose", "dose_at_pct", "dose_at_cc", "mean", "max", "min", "geud"]

REGION_PATTERN = re.compile(r"(\d+(?:\.\d+)?)%(max|p(\d{1,2}(?:\.\d+)?))")
"""Functional regions. `40%max`: at least 40 % of the maximum; `40%p99`: at least 40 % of the 99th percentile."""

_NUMBER = r"(\d+(?:\.\d+)?)"
_FORMS: tuple[tuple[Kind, re.Pattern[str], tuple[str, ...]], ...] = (
    ("volume_at_dose", re.compile(rf"V{_NUMBER}Gy(?:\[(%|cc)\])?"), ("%", "cc")),
    ("cold_volume_at_dose", re.compile(rf"CV{_NUMBER}Gy(?:\[(%|cc)\])?"), ("%", "cc")),
    ("dose_at_pct", re.compile(rf"D{_NUMBER}%(?:\[(Gy)\])?"), ("Gy",)),
    ("dose_at_cc", re.compile(rf"D{_NUMBER}cc(?:\[(Gy)\])?"), ("Gy",)),
    ("mean", re.compile(r"(Mean)(?:\[(Gy)\])?"), ("Gy",)),
    ("max", re.compile(r"(Max)(?:\[(Gy)\])?"), ("Gy",)),
    ("min", re.compile(r"(Min)(?:\[(Gy)\])?"), ("Gy",)),
    ("geud", re.compile(r"gEUD\((-?\d+(?:\.\d+)?)\)(?:\[(Gy)\])?"), ("Gy",)),
)
_EXAMPLES = ("V20Gy[%]", "V20Gy[cc]", "CV20Gy[cc]", "D95%[Gy]", "D0.03cc[Gy]", "Mean[Gy]", "Max[Gy]", "Min[Gy]",
             "gEUD(2)[Gy]")  # fmt: skip


@dataclass(frozen=True)
class Metric:
    """One dose-volume metric.

    Attributes
    ----------
    kind : str
        What is asked for.
    argument : float or None
        Dose in Gy (V, CV), volume in % or cc (D), exponent a (gEUD).
    unit : str
        Of the answer: ``%``, ``cc`` or ``Gy``.
    """

    kind: Kind
    argument: float | None
    unit: str


def parse_metric(name: str) -> Metric:
    """Read a metric name.

    ``V20Gy[%]``, ``V20Gy[cc]``, ``CV20Gy[cc]`` (volume below 20 Gy), ``D95%[Gy]``, ``D0.03cc[Gy]``, ``Mean[Gy]``,
    ``Max[Gy]``, ``Min[Gy]``, ``gEUD(2)[Gy]`` (the argument is a = 1/n). The unit may be left out: V in %, D in Gy.

    Raises
    ------
    ParameterError
        Any other name; the nearest right form is named.
    """
    for kind, pattern, units in _FORMS:
        match = pattern.fullmatch(name)
        if match is None:
            continue
        argument = None if kind in ("mean", "max", "min") else float(match[1])
        _check_argument(name, kind, argument)
        return Metric(kind=kind, argument=argument, unit=match[2] or units[0])
    raise ParameterError(f"{name!r} is not a metric name: did you mean {nearest_form(name)!r}?")


def _check_argument(name: str, kind: Kind, argument: float | None) -> None:
    if kind == "geud" and argument == 0:
        raise ParameterError(f"{name!r}: gEUD has no exponent 0")
    if kind == "dose_at_pct" and not 0 < (argument or 0) <= 100:
        raise ParameterError(f"{name!r}: the share must lie above 0 and up to 100 %")
    if kind == "dose_at_cc" and not (argument or 0) > 0:
        raise ParameterError(f"{name!r}: the volume must be positive")
    if argument is not None and not math.isfinite(argument):
        raise ParameterError(f"{name!r}: the number is too large")


def nearest_form(name: str) -> str:
    """Give the right form that comes nearest to a wrong metric name."""
    bare = re.sub(r"\s", "", name)
    for pattern, form in (
        (rf"(?i)V_?{_NUMBER}(?:gy)?_?\[?(cc|%)?\]?", "V{0}Gy[{1}]"),
        (rf"(?i)CV_?{_NUMBER}(?:gy)?_?\[?(cc|%)?\]?", "CV{0}Gy[{1}]"),
        (rf"(?i)D_?{_NUMBER}cc_?\[?(gy)?\]?", "D{0}cc[Gy]"),
        (rf"(?i)D_?{_NUMBER}(?:%|pct)?_?\[?(gy)?\]?", "D{0}%[Gy]"),
        (rf"(?i)(?:n|g?e)ud\(?(?:a=)?{_NUMBER}?\)?(\[gy\])?", "gEUD({0})[Gy]"),
        (r"(?i)(MLD|mean)(.{0,12})", "Mean[Gy]"),
        (r"(?i)(Dmax|max)(.{0,12})", "Max[Gy]"),
        (r"(?i)(Dmin|min)(.{0,12})", "Min[Gy]"),
    ):
        match = re.fullmatch(pattern, bare)
        if match is not None:
            return form.format(match[1] or "2", (match[2] or "%").lower())
    return difflib.get_close_matches(name, _EXAMPLES, n=1, cutoff=0.0)[0]
