"""One cytokine as arrays, and the rows that its models give."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

OUTCOME = "rp"
RATIO = "ratio RP / no RP"
ADJUSTED = "ratio RP / no RP at the same value before"


@dataclass(frozen=True)
class Draw:
    """One draw of one cytokine: logarithms, and what lies beyond a limit."""

    log: FloatArray
    below: BoolArray
    above: BoolArray
    plate: npt.NDArray[np.object_]

    @property
    def known(self) -> BoolArray:
        """Whether there is a value."""
        return np.isfinite(self.log)

    def halved(self) -> FloatArray:
        """Give the logarithms with half the limit for what lies below it."""
        return np.where(self.below, self.log - math.log(2.0), self.log)


@dataclass(frozen=True)
class Series:
    """Both draws of one cytokine, and the outcome."""

    pre: Draw
    during: Draw
    rp: FloatArray

    @property
    def pairs(self) -> BoolArray:
        """Whether there are both draws and an outcome."""
        return self.pre.known & self.during.known & np.isfinite(self.rp)


def read_series(table: pd.DataFrame, mine: pd.DataFrame) -> Series:
    """Give both draws of one cytokine in the order of the analysis table."""
    parts = []
    for time in ("pre", "during"):
        drawn = mine[mine["timepoint"] == time].set_index("patient").reindex(table["patient"])
        value = drawn["value"].to_numpy(dtype=np.float64, copy=True)
        below, above = (drawn[side].eq(True).to_numpy() for side in ("below", "above"))
        log = np.log(np.where(value > 0.0, value, np.nan))
        parts.append(Draw(log, below, above, drawn["plate"].to_numpy(dtype=object)))
    return Series(parts[0], parts[1], table[OUTCOME].to_numpy(dtype=np.float64, na_value=np.nan))


def result_row(analysis: str, n: int, below: BoolArray, method: str, **figures: Any) -> dict[str, Any]:
    """Give a row of the table; figures that are not given are missing."""
    empty = {name: np.nan for name in ("effect", "low", "high", "p", "p_plates")} | {"effect_name": ""}
    share = 100.0 * float(below.mean()) if len(below) else math.nan
    return {"analysis": analysis, "n": n, "below_limit_pct": share, "method": method, **empty, **figures}


def ratio_figures(name: str, estimate: float, low: float, high: float, p: float) -> dict[str, Any]:
    """Give a difference of logarithms as a ratio."""
    with np.errstate(over="ignore"):
        ratios = [float(np.exp(each)) for each in (estimate, low, high)]
    return {"effect_name": name, "effect": ratios[0], "low": ratios[1], "high": ratios[2], "p": float(p)}


def least_squares(y: FloatArray, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give coefficients and their covariance."""
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ (x.T @ y)
    return beta, np.asarray(inverse * float(((y - x @ beta) ** 2).sum()) / (len(y) - x.shape[1]))


def residual(y: FloatArray, x: FloatArray) -> float:
    """Give the residual sum of squares."""
    beta, *_ = np.linalg.lstsq(x, y, rcond=None)
    return float(((y - x @ beta) ** 2).sum())


def t_figures(name: str, estimate: float, variance: float, df: int) -> dict[str, Any]:
    """Give a difference of logarithms as a ratio with limits and p of the t distribution."""
    from scipy.stats import t

    se = math.sqrt(float(variance))
    half = float(t.ppf(0.975, df)) * se
    p = 2.0 * float(t.sf(abs(float(estimate)) / se, df)) if se > 0.0 else math.nan
    return ratio_figures(name, float(estimate), float(estimate) - half, float(estimate) + half, p)
