"""ELISA plates: a four-parameter logistic curve through the standards, and concentrations of the samples.

A = top + (bottom - top) / (1 + (c / ec50)^slope), with A the absorbance and c the concentration (Findlay and Dillard,
AAPS J 2007; 9: E260-7). Standards count where they come back within 20 % of their concentration, as FDA's guidance on
bioanalytical methods (2018) asks of ligand binding assays; its 25 % at the lowest standard is not used.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lungtox.errors import FitError, ParameterError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]

LOWEST_LEVELS = 5
"""Concentrations above zero that a curve of four parameters needs to show whether it fits."""
RECOVERY_PCT = (80.0, 120.0)
ACCEPTED_LEVELS = 3


@dataclass(frozen=True)
class StandardLevel:
    """One concentration of the standards.

    Attributes
    ----------
    concentration : float
        Nominal, in the unit of the plate.
    wells : int
    absorbance : float
        Mean of the wells.
    cv_pct : float or None
        SD (n - 1) over mean of the absorbance; None for one well.
    recovery_pct : float or None
        Back-calculated over nominal concentration; None for zero, or where the mean lies beyond the asymptotes.
    """

    concentration: float
    wells: int
    absorbance: float
    cv_pct: float | None
    recovery_pct: float | None

    @property
    def accepted(self) -> bool:
        """Whether the recovery lies within 80-120 %."""
        low, high = RECOVERY_PCT
        return self.recovery_pct is not None and low <= self.recovery_pct <= high


@dataclass(frozen=True)
class StandardCurve:
    """A fitted four-parameter logistic curve.

    Attributes
    ----------
    bottom, top : float
        Absorbance at concentration zero and at infinite concentration.
    ec50 : float
        Concentration halfway between them.
    slope : float
        Positive.
    r2 : float
        1 - residual over total sum of squares of the wells' absorbances.
    levels : tuple of StandardLevel
        Ascending.
    """

    bottom: float
    top: float
    ec50: float
    slope: float
    r2: float
    levels: tuple[StandardLevel, ...]

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest standard above zero whose recovery is accepted: where the curve may be read."""
        accepted = [level.concentration for level in self.levels if level.accepted]
        return min(accepted), max(accepted)

    def absorbance(self, concentration: float) -> float:
        """Give the absorbance of a concentration of at least 0."""
        if concentration < 0:
            raise ParameterError(f"concentration must be at least 0, got {concentration}")
        return self.top + (self.bottom - self.top) / (1.0 + math.pow(concentration / self.ec50, self.slope))

    def concentration(self, absorbance: float) -> float:
        """Give the concentration of an absorbance: 0 or infinity beyond the asymptotes."""
        share = (absorbance - self.bottom) / (self.top - self.bottom)
        if share <= 0.0:
            return 0.0
        if share >= 1.0:
            return math.inf
        return float(self.ec50 * (share / (1.0 - share)) ** (1.0 / self.slope))


@dataclass(frozen=True)
class SampleValue:
    """Concentration of one sample.

    Attributes
    ----------
    side : str
        ``<`` below the range of the curve, ``>`` above it, empty within.
    value : float
        Dilution applied; for a censored one the limit.
    absorbance : float
        Mean of the wells, from which the concentration is read.
    cv_pct : float or None
        SD (n - 1) over mean of the absorbance.
    wells : int
    """

    side: str
    value: float
    absorbance: float
    cv_pct: float | None
    wells: int


def fit_standards(concentrations: Sequence[float], absorbances: Sequence[float]) -> StandardCurve:
    """Fit the curve to the wells of the standards by unweighted least squares.

    Parameters
    ----------
    concentrations, absorbances : sequence of float, shape (wells,)
        Concentration 0 is allowed. Blanks are subtracted beforehand, if at all.

    Returns
    -------
    StandardCurve

    Raises
    ------
    ParameterError
        Different lengths, a concentration below 0, a number that is not finite.
    FitError
        Fewer than five concentrations above zero, absorbances that do not differ, no convergence, a curve without
        a slope, fewer than three standards whose recovery is within 80-120 %.
    """
    import numpy as np
    from scipy.optimize import least_squares

    dose, signal = np.asarray(concentrations, dtype=np.float64), np.asarray(absorbances, dtype=np.float64)
    if dose.shape != signal.shape or not (np.isfinite(dose).all() and np.isfinite(signal).all()) or (dose < 0).any():
        raise ParameterError("standards need one finite absorbance for each concentration of at least 0")
    positive = np.unique(dose[dose > 0])
    if len(positive) < LOWEST_LEVELS:
        raise FitError(f"a curve needs standards of at least {LOWEST_LEVELS} concentrations; found {len(positive)}")
    lowest, highest = (float(signal[dose == edge].mean()) for edge in (dose.min(), dose.max()))
    if math.isclose(lowest, highest):
        raise FitError("the absorbance of the lowest and of the highest standard is the same: no curve")
    scale = abs(highest - lowest)

    def residuals(parameters: FloatArray) -> FloatArray:
        return np.asarray((_curve(parameters, dose) - signal) / scale, dtype=np.float64)

    start = np.array([lowest, highest, math.log(float(np.sqrt(positive[0] * positive[-1]))), 0.0])
    found = least_squares(residuals, start, method="lm", x_scale="jac", xtol=1e-12, ftol=1e-12, gtol=1e-12)
    bottom, top, log_ec50, log_slope = (float(value) for value in found.x)
    if not found.success or not np.isfinite(found.x).all() or abs(log_ec50) > 700 or abs(log_slope) > 5:
        raise FitError("the curve of the standards does not converge: look at their absorbances")
    total = float(((signal - signal.mean()) ** 2).sum())
    r2 = 1.0 - float((residuals(found.x) ** 2).sum()) * scale**2 / total
    bare = StandardCurve(bottom, top, math.exp(log_ec50), math.exp(log_slope), r2, ())
    levels = tuple(_level(bare, float(edge), [float(x) for x in signal[dose == edge]]) for edge in np.unique(dose))
    if sum(level.accepted for level in levels) < ACCEPTED_LEVELS:
        low, high = RECOVERY_PCT
        raise FitError(
            f"fewer than {ACCEPTED_LEVELS} standards come back within {low:g}-{high:g} % of their concentration:"
            " the curve cannot be used"
        )
    return StandardCurve(bare.bottom, bare.top, bare.ec50, bare.slope, r2, levels)


def _curve(parameters: FloatArray, dose: FloatArray) -> FloatArray:
    import numpy as np

    bottom, top, log_ec50, log_slope = parameters
    with np.errstate(over="ignore", divide="ignore"):
        power = np.exp(np.minimum(np.exp(np.clip(log_slope, -50.0, 50.0)) * (np.log(dose) - log_ec50), 700.0))
    return np.asarray(top + (bottom - top) / (1.0 + power), dtype=np.float64)


def _level(curve: StandardCurve, concentration: float, wells: Sequence[float]) -> StandardLevel:
    mean = statistics.fmean(wells)
    back = curve.concentration(mean)
    known = concentration > 0 and 0 < back < math.inf
    recovery = 100.0 * back / concentration if known else None
    return StandardLevel(concentration, len(wells), mean, spread_pct(wells), recovery)


def read_sample(curve: StandardCurve, absorbances: Sequence[float], *, dilution: float = 1.0) -> SampleValue:
    """Read the concentration of a sample from the curve.

    Parameters
    ----------
    curve : StandardCurve
    absorbances : sequence of float, shape (wells,)
        Replicates of one dilution; the concentration is read from their mean.
    dilution : float
        At least 1; the concentration is multiplied with it, and so is the limit of a censored one.

    Raises
    ------
    ParameterError
        No absorbance, or a dilution below 1.
    """
    if not absorbances or dilution < 1.0:
        raise ParameterError("a sample needs an absorbance and a dilution of at least 1")
    mean = statistics.fmean(absorbances)
    low, high = curve.range
    found = curve.concentration(mean)
    side = "<" if found < low else ">" if found > high else ""
    value = min(max(found, low), high) * dilution
    return SampleValue(side, value, mean, spread_pct(absorbances), len(absorbances))


def spread_pct(values: Sequence[float]) -> float | None:
    """Give SD (n - 1) over mean in %; None for one value, or where the mean is not positive."""
    mean = statistics.fmean(values)
    return 100.0 * statistics.stdev(values) / mean if len(values) > 1 and mean > 0 else None
