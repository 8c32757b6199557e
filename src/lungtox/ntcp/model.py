"""Models that are a straight line on some scale of the dose: the exact search of `surface` is for them.

Each is a probit or logit of c0 + c1 g, with g = gEUD at volume parameter n, or its logarithm (log-logistic). Every
parameter, and NTCP at a dose, is constant on straight lines of the (c0, c1) plane, where the log-likelihood is concave.
So a profile over a parameter is a one-dimensional concave maximum on such a line, without starting values and without
wrong local optima; only n needs a search.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Link = Literal["probit", "logit"]


@dataclass(frozen=True)
class Parameter:
    """A parameter with the name of the literature, its unit ("" for none) and the range that is searched."""

    name: str
    unit: str
    low: float
    high: float
    logarithmic: bool = True


@dataclass(frozen=True)
class Level:
    """The straight line a0 c0 + a1 c1 = b (as a bound: the half plane <= b)."""

    a0: float
    a1: float
    b: float

    def excess(self, c0: float, c1: float) -> float:
        """Give a0 c0 + a1 c1 - b: positive outside the half plane."""
        return self.a0 * c0 + self.a1 * c1 - self.b

    def cross(self, other: Level) -> float:
        """Give 0 for a parallel line."""
        return self.a0 * other.a1 - self.a1 * other.a0

    def same(self, other: Level) -> bool:
        """Tell whether a parallel line is this one."""
        gap = (self.a0 * other.a0 + self.a1 * other.a1) * self.b - (self.a0**2 + self.a1**2) * other.b
        return abs(gap) <= 1e-9 * (self.a0**2 + self.a1**2) * max(1.0, abs(other.b))


VOLUME = Parameter("n", "", 0.01, 1.0)
"""LKB's volume parameter; 1 is the mean dose, near 0 the maximum."""
TD50 = Parameter("td50_gy", "Gy", 0.1, 1000.0)
M = Parameter("m", "", 0.02, 10.0)
GAMMA50 = Parameter("gamma50", "", 0.001, 50.0)
B0 = Parameter("b0", "", -200.0, 200.0, logarithmic=False)
# A dose response does not fall: 0 is the bound, and an estimate there is reported as such.
B1 = Parameter("b1", "1/Gy", 0.0, 5.0, logarithmic=False)


class NtcpModel(Protocol):
    """A model that `fit_ntcp` can fit."""

    @property
    def name(self) -> str:
        """Name in the config."""
        ...

    @property
    def link(self) -> Link:
        """Function from the linear predictor to the probability."""
        ...

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Those of the plane; n stands apart."""
        ...

    @property
    def derived(self) -> tuple[Parameter, ...]:
        """Functions of the parameters that are reported with their own profile interval."""
        ...

    @property
    def n_is_free(self) -> bool:
        """Whether n is estimated unless told otherwise."""
        ...

    def scale(self, geud: Floats) -> Floats:
        """Give g of gEUD: itself or its logarithm."""
        ...

    def level(self, parameter: str, value: float) -> Level:
        """Give the line on which the parameter has this value."""
        ...

    def value(self, parameter: str, c0: float, c1: float) -> float | None:
        """Give the parameter at a point; None where it is not defined."""
        ...

    def bounds(self) -> tuple[Level, ...]:
        """Give the half planes that enclose the allowed points."""
        ...


@dataclass(frozen=True)
class Lkb:
    """Lyman-Kutcher-Burman: Phi((gEUD - TD50) / (m TD50)), so c0 = -1/m and c1 = 1/(m TD50)."""

    name: str = "lkb"
    link: Link = "probit"
    parameters: tuple[Parameter, ...] = (TD50, M)
    derived: tuple[Parameter, ...] = ()
    n_is_free: bool = True

    def scale(self, geud: Floats) -> Floats:
        """Give gEUD as it is."""
        return geud

    def level(self, parameter: str, value: float) -> Level:
        """Give the line on which the parameter has this value."""
        return Level(1.0, value, 0.0) if parameter == "td50_gy" else Level(1.0, 0.0, -1.0 / value)

    def value(self, parameter: str, c0: float, c1: float) -> float | None:
        """Give the parameter at a point."""
        return -c0 / c1 if parameter == "td50_gy" else -1.0 / c0

    def bounds(self) -> tuple[Level, ...]:
        """Give m and TD50 inside their ranges; together they keep c1 positive: risk rises with dose."""
        td50, m = self.parameters
        return (
            Level(1.0, 0.0, -1.0 / m.high),
            Level(-1.0, 0.0, 1.0 / m.low),
            Level(1.0, td50.low, 0.0),
            Level(-1.0, -td50.high, 0.0),
        )


@dataclass(frozen=True)
class Logistic:
    """Logit of b0 + b1 gEUD; TD50 = -b0/b1 and gamma50 = b1 TD50/4 = -b0/4 are derived."""

    name: str = "logistic"
    link: Link = "logit"
    parameters: tuple[Parameter, ...] = (B0, B1)
    derived: tuple[Parameter, ...] = (TD50, GAMMA50)
    n_is_free: bool = False

    def scale(self, geud: Floats) -> Floats:
        """Give gEUD as it is."""
        return geud

    def level(self, parameter: str, value: float) -> Level:
        """Give the line on which the parameter has this value."""
        lines = {
            "b0": Level(1.0, 0.0, value),
            "b1": Level(0.0, 1.0, value),
            "td50_gy": Level(1.0, value, 0.0),
            "gamma50": Level(1.0, 0.0, -4.0 * value),
        }
        return lines[parameter]

    def value(self, parameter: str, c0: float, c1: float) -> float | None:
        """Give the parameter at a point; TD50 and gamma50 need a rising risk that starts below 50 %."""
        if parameter in ("b0", "b1"):
            return c0 if parameter == "b0" else c1
        if c0 >= 0.0 or c1 <= 0.0:
            return None
        return -c0 / c1 if parameter == "td50_gy" else -c0 / 4.0

    def bounds(self) -> tuple[Level, ...]:
        """Give b0 and b1 inside their ranges."""
        b0, b1 = self.parameters
        return (
            Level(1.0, 0.0, b0.high),
            Level(-1.0, 0.0, -b0.low),
            Level(0.0, 1.0, b1.high),
            Level(0.0, -1.0, -b1.low),
        )


@dataclass(frozen=True)
class LogLogistic:
    """Logit of 4 gamma50 ln(gEUD / TD50), so c0 = -4 gamma50 ln TD50 and c1 = 4 gamma50, with g = ln gEUD."""

    name: str = "log_logistic"
    link: Link = "logit"
    parameters: tuple[Parameter, ...] = (TD50, GAMMA50)
    derived: tuple[Parameter, ...] = ()
    n_is_free: bool = True

    def scale(self, geud: Floats) -> Floats:
        """Give the logarithm of gEUD; minus infinity, which is an NTCP of 0, at no dose."""
        with np.errstate(divide="ignore"):
            result: Floats = np.log(geud)
        return result

    def level(self, parameter: str, value: float) -> Level:
        """Give the line on which the parameter has this value."""
        return Level(1.0, math.log(value), 0.0) if parameter == "td50_gy" else Level(0.0, 1.0, 4.0 * value)

    def value(self, parameter: str, c0: float, c1: float) -> float | None:
        """Give the parameter at a point."""
        return math.exp(min(-c0 / c1, 700.0)) if parameter == "td50_gy" else c1 / 4.0

    def bounds(self) -> tuple[Level, ...]:
        """Give TD50 and gamma50 inside their ranges; gamma50 is positive: risk rises with dose."""
        td50, gamma50 = self.parameters
        return (
            Level(0.0, 1.0, 4.0 * gamma50.high),
            Level(0.0, -1.0, -4.0 * gamma50.low),
            Level(1.0, math.log(td50.low), 0.0),
            Level(-1.0, -math.log(td50.high), 0.0),
        )


MODELS: dict[str, NtcpModel] = {
    "lkb": Lkb(),
    "mean_dose_probit": Lkb(name="mean_dose_probit", n_is_free=False),
    "logistic": Logistic(),
    "log_logistic": LogLogistic(),
}
"""Those of `lungtox.ntcp.responses` that the exact search can fit when there are no covariates."""
