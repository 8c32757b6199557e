"""Metric names after AAPM TG-263. Light: standard library only, the config uses it."""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass
from typing import Any, Literal

from lungtox.errors import ParameterError

Kind = Literal[
    "volume_at_dose", "cold_volume_at_dose", "dose_at_pct", "dose_at_cc", "mean", "max", "min", "geud", "volume",
    "split", "homogeneity", "conformity",
]  # fmt: skip
Whole = Literal["", "region", "structure", "total"]
"""What 100 % is: the histogram's own volume, that of the analysed structure, or of the total lung. Empty: as the caller
has it, usually the histogram's own."""

SPLIT_PARTS = (
    "left", "right", "upper", "middle", "lower",
    *(f"{side} {third}" for side in ("left", "right") for third in ("upper", "middle", "lower")),
)  # fmt: skip
"""Parts of the lungs in the quantitative perfusion split: sides, thirds of each lung's height, and both."""

HOMOGENEITY = ("ICRU83", "D5/D95", "S")
"""Definitions of HI that need no prescription."""
PRESCRIBED_HOMOGENEITY = ("RTOG", "Wu")
"""Definitions of HI that divide by the prescribed dose."""
CONFORMITY = ("RTOG", "ICRU62", "SALT", "Lomax", "vantRiet", "Paddick", "Nakamura")
"""Definitions of CI (docs/methods/dvh.md); each needs the isodose's dose."""

_NUMBER = r"(\d+(?:\.\d+)?)"
_VOLUME_UNITS = r"(?:\[(cc|%(?:region|structure|total)?)\])?"
_FORMS: tuple[tuple[Kind, re.Pattern[str], tuple[str, ...]], ...] = (
    ("volume_at_dose", re.compile(rf"V{_NUMBER}Gy{_VOLUME_UNITS}"), ("%", "cc")),
    ("cold_volume_at_dose", re.compile(rf"CV{_NUMBER}Gy{_VOLUME_UNITS}"), ("%", "cc")),
    ("dose_at_pct", re.compile(rf"D{_NUMBER}%(?:\[(Gy)\])?"), ("Gy",)),
    ("dose_at_cc", re.compile(rf"D{_NUMBER}cc(?:\[(Gy)\])?"), ("Gy",)),
    ("mean", re.compile(r"(Mean)(?:\[(Gy)\])?"), ("Gy",)),
    ("max", re.compile(r"(Max)(?:\[(Gy)\])?"), ("Gy",)),
    ("min", re.compile(r"(Min)(?:\[(Gy)\])?"), ("Gy",)),
    ("volume", re.compile(rf"(Volume){_VOLUME_UNITS}"), ("cc",)),
    ("split", re.compile(rf"Perfusion\(({'|'.join(SPLIT_PARTS)})\)(?:\[(%)\])?"), ("%",)),
    ("homogeneity", re.compile(rf"HI\(({'|'.join(HOMOGENEITY)})\)"), ("",)),
    ("homogeneity", re.compile(rf"HI\(({'|'.join(PRESCRIBED_HOMOGENEITY)}),{_NUMBER}(Gy|%)\)"), ("",)),
    ("conformity", re.compile(rf"CI\(({'|'.join(CONFORMITY)}),{_NUMBER}(Gy|%)\)"), ("",)),
    ("geud", re.compile(r"gEUD\((-?\d+(?:\.\d+)?)\)(?:\[(Gy)\])?"), ("Gy",)),
)
_EXAMPLES = ("V20Gy[%]", "V20Gy[cc]", "CV20Gy[cc]", "D95%[Gy]", "D0.03cc[Gy]", "Mean[Gy]", "Max[Gy]", "Min[Gy]",
             "gEUD(2)[Gy]", "V20Gy[%structure]", "Volume[cc]", "HI(ICRU83)", "HI(RTOG,60Gy)", "CI(Paddick,57Gy)",
             "CI(RTOG,95%)")  # fmt: skip


@dataclass(frozen=True)
class Metric:
    """One dose-volume metric.

    Attributes
    ----------
    kind : str
        What is asked for.
    argument : float or None
        Dose in Gy (V, CV), volume in % or cc (D), exponent a (gEUD), dose of the prescription or isodose (HI, CI).
    part : str
        Part of the lungs (Perfusion).
    unit : str
        Of the answer: ``%``, ``cc`` or ``Gy``; empty for HI and CI, which have none.
    whole : str
        What 100 % is, for volumes in percent of a functional region.
    definition : str
        Whose HI or CI.
    of_prescription : bool
        The argument of HI or CI is in % of the prescribed dose, not in Gy.
    """

    kind: Kind
    argument: float | None
    unit: str
    whole: Whole = ""
    part: str = ""
    definition: str = ""
    of_prescription: bool = False

    def dose_gy(self, prescription_gy: float | None) -> float:
        """Give the dose of an HI or CI.

        Raises
        ------
        ParameterError
            It is in % of a prescription that is not known.
        """
        if not self.of_prescription:
            return self.argument or 0.0
        if prescription_gy is None:
            raise ParameterError("the prescribed dose is not known: name the dose in Gy")
        return (self.argument or 0.0) / 100.0 * prescription_gy


def parse_metric(name: str) -> Metric:
    """Read a metric name.

    ``V20Gy[%]``, ``V20Gy[cc]``, ``CV20Gy[cc]`` (volume below 20 Gy), ``D95%[Gy]``, ``D0.03cc[Gy]``, ``Mean[Gy]``,
    ``Max[Gy]``, ``Min[Gy]``, ``gEUD(2)[Gy]`` (the argument is a = 1/n), ``Volume[cc]``. The unit may be left out: V in
    %, D in Gy. Of a functional region, ``V20Gy[%region]``, ``V20Gy[%structure]`` and ``V20Gy[%total]`` say what 100 %
    is; ``Perfusion(left)[%]`` is the share of function in a part of the lungs.

    Indices without unit: ``HI(ICRU83)``, ``HI(D5/D95)``, ``HI(S)`` (standard deviation of dose over its mean),
    ``HI(RTOG,60Gy)`` and ``HI(Wu,60Gy)`` with the prescribed dose; ``CI(Paddick,57Gy)`` with the dose of the isodose,
    or ``CI(Paddick,95%)`` of the prescribed one. A CI needs the DVH of the body beside that of the target.

    Raises
    ------
    ParameterError
        Any other name; the nearest right form is named.
    """
    for kind, pattern, units in _FORMS:
        match = pattern.fullmatch(name)
        if match is None:
            continue
        if kind == "split":
            return Metric(kind=kind, argument=None, unit="%", part=match[1])
        if kind in ("homogeneity", "conformity"):
            return _index(name, kind, match)
        argument = None if kind in ("mean", "max", "min", "volume") else float(match[1])
        _check_argument(name, kind, argument)
        unit = match[2] or units[0]
        whole: Any = unit[1:] if unit.startswith("%") else ""
        return Metric(kind=kind, argument=argument, unit="%" if unit.startswith("%") else unit, whole=whole)
    raise ParameterError(f"{name!r} is not a metric name: did you mean {nearest_form(name)!r}?")


def _index(name: str, kind: Kind, match: re.Match[str]) -> Metric:
    """Read an HI or CI."""
    if match.re.groups == 1:
        return Metric(kind=kind, argument=None, unit="", definition=match[1])
    dose = float(match[2])
    if not 0 < dose < math.inf:
        raise ParameterError(f"{name!r}: the dose must be positive")
    return Metric(kind=kind, argument=dose, unit="", definition=match[1], of_prescription=match[3] == "%")


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
    if (index := re.match(r"(?i)(HI|CI|CN)\b", bare)) is not None:
        return _nearest_index(index[1].upper(), bare)
    for pattern, form in (
        (rf"(?i)V_?{_NUMBER}(?:gy)?_?\[?(cc|%)?\]?", "V{0}Gy[{1}]"),
        (rf"(?i)CV_?{_NUMBER}(?:gy)?_?\[?(cc|%)?\]?", "CV{0}Gy[{1}]"),
        (rf"(?i)D_?{_NUMBER}cc_?\[?(gy)?\]?", "D{0}cc[Gy]"),
        (rf"(?i)D_?{_NUMBER}(?:%|pct)?_?\[?(gy)?\]?", "D{0}%[Gy]"),
        (rf"(?i)(?:n|g?e)ud\(?(?:a=)?{_NUMBER}?\)?(\[gy\])?", "gEUD({0})[Gy]"),
        (r"(?i)(MLD|mean)(.{0,12})", "Mean[Gy]"),
        (r"(?i)(Dmax|max)(.{0,12})", "Max[Gy]"),
        (r"(?i)(Dmin|min)(.{0,12})", "Min[Gy]"),
        (r"(?i)(vol(?:ume)?)(.{0,12})", "Volume[cc]"),
    ):
        match = re.fullmatch(pattern, bare)
        if match is not None:
            return form.format(match[1] or "2", (match[2] or "%").lower())
    return difflib.get_close_matches(name, _EXAMPLES, n=1, cutoff=0.0)[0]


def _nearest_index(index: str, bare: str) -> str:
    """Give the right form of an HI or CI whose definition or dose is missing."""
    own = (*HOMOGENEITY, *PRESCRIBED_HOMOGENEITY) if index == "HI" else CONFORMITY
    found = re.search(r"\(([^,)]*)", bare)
    default = {"HI": "ICRU83", "CI": "Paddick", "CN": "vantRiet"}[index]
    near = difflib.get_close_matches(found[1].lower() if found else "", [one.lower() for one in own], n=1, cutoff=0.5)
    definition = next((one for one in own if near and one.lower() == near[0]), default)
    if definition in HOMOGENEITY:
        return f"HI({definition})"
    dose = re.search(rf"{_NUMBER}(Gy|%)", bare)
    return f"{'HI' if index == 'HI' else 'CI'}({definition},{dose[0] if dose else '57Gy'})"
