"""Models on a dose-volume metric: names, units and ranges of their parameters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lungtox.dose import parse_metric
from lungtox.ntcp.estimate import NtcpEstimate
from lungtox.ntcp.model import Parameter
from lungtox.ntcp.response import DoseResponse

METRIC_NAMES = {"td50_gy": "x50"}
"""TD50 on a metric is the value of the metric at which NTCP is 50 %: not a dose, so not under that name."""
LARGEST_CC = 1e5


def metric_unit(metric: str) -> str:
    """Give the unit of the dose summary: that of the metric, Gy without one."""
    return parse_metric(metric).unit if metric else "Gy"


def for_metric(response: DoseResponse, metric: str) -> DoseResponse:
    """Give the response with ranges that suit the metric: volumes in cc reach further than doses."""
    if metric_unit(metric) != "cc":
        return response
    wide: Any = response
    found: DoseResponse = replace(wide, parameters=widen(response.parameters))
    return found


def widen(parameters: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
    """Let TD50 reach to any volume in cc."""
    return tuple(replace(item, high=LARGEST_CC) if item.name == "td50_gy" else item for item in parameters)


def rename(item: NtcpEstimate, metric: str) -> NtcpEstimate:
    """Give an estimate under the name and unit that it has on the metric."""
    if not metric:
        return item
    unit = item.unit.replace("Gy", metric_unit(metric))
    return replace(item, parameter=METRIC_NAMES.get(item.parameter, item.parameter), unit=unit)
