"""What a file prints beside a curve, against what the curve gives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lungtox.dose.dvhtext.section import PrintedFigure
from lungtox.dose.dvhtext.source import dose_unit, parse_number, per_gy, volume_unit
from lungtox.dose.metric_names import parse_metric

if TYPE_CHECKING:
    from lungtox.dose.dvhtext.curve import TextDvh

RELATIVE = 1e-3  # beyond this, the rounding and the step of the rows, two figures disagree
SUMMARIES = {"volume": "cc", "min": "Gy", "max": "Gy", "mean": "Gy", "median": "Gy"}
_D_LINE = re.compile(r"D\s*_?(\d+(?:[.,]\d+)?)\s*(%|cc|ccm|cm3|cm\^3|cm³)", re.IGNORECASE)
_V_LINE = re.compile(r"V\s*_?(\d+(?:[.,]\d+)?)\s*(c?Gy)", re.IGNORECASE)


def printed_metric(
    label: str, unit: str, text: str, *, comma: bool | None, full_dose_gy: float | None, line: int
) -> PrintedFigure | None:
    """Read a line such as ``D95% [Gy]: 55.3`` or ``V20Gy [%]: 31.2``; None for any other."""
    number = parse_number(text, comma=comma)
    if number is None:
        return None
    value, rounding = number
    if match := _D_LINE.fullmatch(label.strip()):
        own = dose_unit(unit)
        units = None if own is None else per_gy(own, full_dose_gy)
        amount = "%" if match[2] == "%" else "cc"
        name = f"D{match[1].replace(',', '.')}{amount}[Gy]"
        if units is None:
            return None
        return PrintedFigure(figure=name, value=value / units, rounding=rounding / units, line=line)
    if match := _V_LINE.fullmatch(label.strip()):
        dose = float(match[1].replace(",", ".")) * (0.01 if match[2].lower() == "cgy" else 1.0)
        kind = volume_unit(unit)
        name = f"V{dose:.10g}Gy[{kind}]"
        return None if kind is None else PrintedFigure(figure=name, value=value, rounding=rounding, line=line)
    return None


def contradictions(dvh: TextDvh) -> Iterator[str]:
    """Give a sentence with both numbers for each printed figure that the curve does not give."""
    for item in dvh.printed:
        given = _given(dvh, item)
        if given is None:
            continue
        value, low, high, unit = given
        slack = item.rounding + RELATIVE * abs(item.value)
        if not low - slack <= item.value <= high + slack:
            where = f" (line {item.line})" if item.line else ""
            yield f"{item.figure} is printed as {item.value:.6g} {unit}{where}, the curve gives {value:.6g} {unit}"


def _given(dvh: TextDvh, item: PrintedFigure) -> tuple[float, float, float, str] | None:
    """Give what the curve says, with the bounds that its rows cannot tell apart."""
    step = dvh.step_gy
    if item.figure == "volume":
        cc = dvh.structure_cc
        return None if cc is None else (cc, cc, cc, "cc")
    if item.figure in SUMMARIES:
        value = {
            "min": dvh.min_gy, "max": dvh.max_gy, "mean": dvh.mean_gy, "median": dvh.dose_at(0.5),
        }[item.figure]  # fmt: skip
        within = 0.5 * step if item.figure == "mean" else step
        return value, value - within, value + within, "Gy"
    metric = parse_metric(item.figure)
    argument = metric.argument or 0.0
    if metric.kind == "volume_at_dose":
        scale = 100.0 if metric.unit == "%" else dvh.structure_cc
        if scale is None:
            return None
        value, low, high = (scale * dvh.share_at(dose) for dose in (argument, argument + step, argument - step))
        return value, low, high, metric.unit
    share = argument / 100.0 if metric.kind == "dose_at_pct" else argument / (dvh.structure_cc or float("inf"))
    if not 0 < share <= 1:
        return None
    value = dvh.dose_at(share)
    return value, value - step, value + step, "Gy"
