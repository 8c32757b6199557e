"""Names of functional regions. Light: standard library only, the config uses it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lungtox.errors import ParameterError

_NUMBER = r"\d+(?:\.\d+)?"
_REFERENCE = r"(?P<reference>max|mean|p(?:\d{1,2}(?:\.\d+)?))"
_SHARE = re.compile(rf"(?P<low>{_NUMBER})%{_REFERENCE}")
_BAND = re.compile(rf"(?P<low>{_NUMBER})-(?P<high>{_NUMBER})%{_REFERENCE}")
_PERCENTILE = re.compile(r"p(?P<low>\d{1,2}(?:\.\d+)?)")
REFERENCE = re.compile(rf"{_REFERENCE}")
"""What 100 % of function is: `max`, `mean`, or a percentile such as `p99`."""
_STRUCTURE = re.compile(r"[A-Za-z][A-Za-z0-9_^+~.-]*")
FORMS = "40%max, 40%p99, 40%mean, p60, 20-40%max or the name of a structure"
HIGHEST_PCT = {"max": 100.0, "mean": 500.0}
"""A share above the maximum holds nothing; the maximum is rarely more than three times the mean."""


@dataclass(frozen=True)
class RegionRule:
    """What a name of a functional region stands for.

    Attributes
    ----------
    name : str
    low : float
        Share of the reference in %, or the percentile; samples at it belong to the region.
    high : float or None
        Upper end of a band in %, which does not belong to it.
    reference : str
        ``max``, ``mean``, ``p99``, ...; empty where the threshold itself is a percentile.
    """

    name: str
    low: float
    high: float | None = None
    reference: str = ""


def parse_region(name: str) -> RegionRule | None:
    """Read the name of a functional region.

    ``40%max``: at least 40 % of the maximum in the structure; ``40%p99``: of its 99th percentile by volume;
    ``40%mean``: of its mean; ``p60``: at or above the 60th percentile; ``20-40%max``: from 20 % up to below 40 %.

    Returns
    -------
    RegionRule or None
        None for what can only be the name of a structure: a contour that a physician drew.

    Raises
    ------
    ParameterError
        Any other name, and shares that hold nothing.
    """
    if (match := _PERCENTILE.fullmatch(name)) is not None:
        return RegionRule(name, float(match["low"]))
    match = _SHARE.fullmatch(name) or _BAND.fullmatch(name)
    if match is None:
        if _STRUCTURE.fullmatch(name) and REFERENCE.fullmatch(name) is None:
            return None
        raise ParameterError(f"{name!r} is not a functional region: use forms like {FORMS}")
    high = match.groupdict().get("high")
    rule = RegionRule(name, float(match["low"]), None if high is None else float(high), match["reference"])
    most = HIGHEST_PCT.get(rule.reference, 100.0)
    if max(rule.low, rule.high or 0.0) > most:
        raise ParameterError(f"{name!r} is not a functional region: at most {most:g} % of that reference")
    if rule.high is not None and rule.high <= rule.low:
        raise ParameterError(f"{name!r} is not a functional region: the band ends below its start")
    return rule


def functional_rule(name: str) -> RegionRule:
    """Read the name of a region that follows from the function image; others are refused."""
    rule = parse_region(name)
    if rule is None:
        raise ParameterError(f"{name!r} is not a functional region of the image: use forms like {FORMS}")
    return rule
