"""Transformations of a numeric predictor, restricted cubic splines among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from lungtox.errors import FitError, ParameterError

FloatArray = npt.NDArray[np.float64]
Kind = Literal["log", "sqrt", "square", "standardise", "per", "spline"]

# Harrell 2015, Regression Modeling Strategies, table 2.3.
KNOT_QUANTILES: dict[int, tuple[float, ...]] = {
    3: (0.1, 0.5, 0.9),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.5, 0.725, 0.95),
    6: (0.05, 0.23, 0.41, 0.59, 0.77, 0.95),
    7: (0.025, 0.1833, 0.3417, 0.5, 0.6583, 0.8167, 0.975),
}
# Below this many values Harrell moves the outer knots to the fifth smallest and fifth largest value.
_FEW_VALUES = 100
_OUTER_RANK = 5


@dataclass(frozen=True)
class Transform:
    """A transformation with everything it took from the patients it was made for.

    Attributes
    ----------
    kind : {"log", "sqrt", "square", "standardise", "per", "spline"}
        log: natural logarithm; standardise: (x - centre) / scale; per: x / scale.
    centre, scale : float
        Mean and standard deviation (n - 1) for standardise, the step for per.
    knots : tuple of float
        Of a spline, ascending.
    """

    kind: Kind
    centre: float = 0.0
    scale: float = 1.0
    knots: tuple[float, ...] = ()

    def terms(self, name: str) -> tuple[str, ...]:
        """Give the names of the columns that a predictor becomes."""
        if self.kind == "spline":
            return tuple(name + "'" * index for index in range(len(self.knots) - 1))
        return (f"{name}/{self.scale:g}",) if self.kind == "per" else (f"{self.kind}({name})",)

    def columns(self, name: str, values: FloatArray) -> list[FloatArray]:
        """Give the columns, missing where the predictor is.

        Parameters
        ----------
        name : str
            For messages.
        values : ndarray, shape (n,)

        Raises
        ------
        ParameterError
            The logarithm of a value that is not positive, or the root of a negative one.
        """
        known = values[~np.isnan(values)]
        if self.kind == "log" and (known <= 0).any():
            raise ParameterError(f"{name}: the logarithm needs positive values; found {known.min():g}.")
        if self.kind == "sqrt" and (known < 0).any():
            raise ParameterError(f"{name}: the square root needs values from 0; found {known.min():g}.")
        if self.kind == "spline":
            return [values, *_spline(values, self.knots)]
        if self.kind in ("per", "standardise"):
            return [(values - self.centre) / self.scale]
        return [{"log": np.log, "sqrt": np.sqrt, "square": np.square}[self.kind](values)]


def make_transform(name: str, values: FloatArray, *, kind: Kind, step: float = 1.0, knots: int = 4) -> Transform:
    """Make a transformation for the values of a predictor.

    Parameters
    ----------
    name : str
        For messages.
    values : ndarray, shape (n,)
        Without missing values.
    kind : {"log", "sqrt", "square", "standardise", "per", "spline"}
    step : float
        Of ``per``, in the predictor's unit.
    knots : int
        Of ``spline``, 3 to 7; at Harrell's quantiles. They do not see the outcome.

    Returns
    -------
    Transform

    Raises
    ------
    FitError
        The values are too few or too equal for that many different knots.
    """
    if kind == "per":
        return Transform(kind, scale=step)
    if kind == "standardise":
        return Transform(kind, centre=float(values.mean()), scale=float(values.std(ddof=1)))
    return Transform(kind, knots=_knots(name, values, knots)) if kind == "spline" else Transform(kind)


def _knots(name: str, values: FloatArray, count: int) -> tuple[float, ...]:
    found = np.quantile(values, KNOT_QUANTILES[count])
    if _OUTER_RANK < len(values) < _FEW_VALUES:
        ordered = np.sort(values)
        found[0], found[-1] = ordered[_OUTER_RANK - 1], ordered[-_OUTER_RANK]
    if (np.diff(found) <= 0).any():
        raise FitError(f"constant predictor: {name} has too few different values for a spline with {count} knots.")
    return tuple(float(knot) for knot in found)


def _spline(x: FloatArray, knots: tuple[float, ...]) -> list[FloatArray]:
    """Give the cubic columns of a restricted cubic spline, divided by (last - first knot)^2 (Harrell 2015, 2.25)."""
    *inner, before, last = knots
    columns = []
    for knot in inner:
        cubic = (
            np.clip(x - knot, 0.0, None) ** 3
            - np.clip(x - before, 0.0, None) ** 3 * (last - knot) / (last - before)
            + np.clip(x - last, 0.0, None) ** 3 * (before - knot) / (last - before)
        )
        columns.append(cubic / (last - knots[0]) ** 2)
    return columns
