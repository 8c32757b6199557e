"""An interval of a metric. Light: tables need it without the sampling."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """What the discretisation leaves; an end is None where the metric does not exist there.

    Attributes
    ----------
    low, high : float or None
    """

    low: float | None
    high: float | None


NOTHING = Interval(None, None)
