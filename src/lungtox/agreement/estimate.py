"""An estimate with its 95 % interval."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """A number and its 95 % interval; missing ends are NaN.

    Attributes
    ----------
    value, low, high : float
    """

    value: float
    low: float = math.nan
    high: float = math.nan
