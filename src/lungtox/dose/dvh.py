"""Dose-volume histograms: differential and cumulative are two types, so that one is never taken for the other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lungtox.errors import ParameterError

FloatArray = NDArray[np.float64]

HIGHEST_DOSE_GY = 1000.0  # beyond any treatment in Gy; guards against a dose in cGy filling memory with bins
EDGE_TOLERANCE = (
    1e-6  # share of a bin: a dose of 0.29 Gy belongs to the bin that starts at 0.29, whatever 0.29 / 0.01 is
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Dvh:
    """A differential dose-volume histogram.

    Attributes
    ----------
    structure : str
    volume_cc : ndarray, shape (bins,)
        Volume in each bin; bin k holds doses from ``k * bin_width_gy`` (inclusive) up to the next edge.
    bin_width_gy : float
    total_cc : float
        Sum of the samples' volumes (for perfusion weighting: of the scaled volumes).
    min_gy, mean_gy, max_gy : float
        From the samples, not from the bins.
    weighting : str
        ``anatomical``, ``perfusion`` or ``functional:{region}``.
    quantity : str
        ``physical`` or ``eqd2``.
    alpha_beta_gy : float or None
        Of EQD2; None for physical dose.
    coverage_pct : float
        Share of the structure's volume inside the dose grid. Only that part is in the histogram, never scaled up.
    warnings : tuple of str
        What was found while sampling (gaps between planes, intersecting rings, ...).
    relative_volume : bool
        True where the volume of the structure is not known (exports in percent): volumes are then percent of it and
        add up to 100, and metrics in cc are refused.
    """

    structure: str
    volume_cc: FloatArray
    bin_width_gy: float
    total_cc: float
    min_gy: float
    mean_gy: float
    max_gy: float
    weighting: str = "anatomical"
    quantity: str = "physical"
    alpha_beta_gy: float | None = None
    coverage_pct: float = 100.0
    warnings: tuple[str, ...] = ()
    relative_volume: bool = False

    @property
    def structure_cc(self) -> float:
        """Volume of the whole structure, the part outside the dose grid included."""
        return self.total_cc * 100.0 / self.coverage_pct

    @property
    def dose_gy(self) -> FloatArray:
        """Lower edge of each bin, shape (bins,)."""
        return bin_edges_gy(self.volume_cc.size, self.bin_width_gy)[:-1]

    @property
    def mid_gy(self) -> FloatArray:
        """Dose that stands for each bin, shape (bins,).

        Mid-bins, all moved by the same amount (at most half a bin) so that their mean is the mean of the samples:
        left edges would bias every mean by half a bin.
        """
        mid = self.dose_gy + 0.5 * self.bin_width_gy
        moved = mid + (self.mean_gy - float(mid @ self.volume_cc) / float(self.volume_cc.sum()))
        return np.maximum(moved, 0.0)

    @cached_property
    def cumulative(self) -> CumulativeDvh:
        """The cumulative histogram: volume that gets at least each bin edge."""
        at_least = np.append(np.cumsum(self.volume_cc[::-1])[::-1], 0.0)
        return CumulativeDvh(
            dose_gy=bin_edges_gy(self.volume_cc.size, self.bin_width_gy),
            volume_cc=at_least,
            min_gy=self.min_gy,
            max_gy=self.max_gy,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class CumulativeDvh:
    """A cumulative dose-volume histogram, linear between bin edges.

    Attributes
    ----------
    dose_gy : ndarray, shape (bins + 1,)
        Bin edges from 0.
    volume_cc : ndarray, shape (bins + 1,)
        Volume with a dose of at least the edge; falls from the total to 0.
    min_gy, max_gy : float
        Of the samples.
    """

    dose_gy: FloatArray
    volume_cc: FloatArray
    min_gy: float
    max_gy: float

    @property
    def total_cc(self) -> float:
        """Volume of the structure."""
        return float(self.volume_cc[0])

    def volume_at_cc(self, dose_gy: float) -> float:
        """Give the volume with at least this dose (inclusive)."""
        if dose_gy <= self.min_gy:
            return self.total_cc
        if dose_gy > self.max_gy:
            return 0.0
        position = dose_gy / float(self.dose_gy[1])
        nearest = round(position)
        if abs(position - nearest) < EDGE_TOLERANCE:
            position = float(nearest)
        return float(np.interp(position, np.arange(self.volume_cc.size), self.volume_cc))

    def dose_at_gy(self, volume_cc: float) -> float:
        """Give the largest dose that at least this volume gets.

        Raises
        ------
        ParameterError
            A volume that is not positive, or larger than the structure: it has no such dose.
        """
        total = self.total_cc
        slack = 1e-9 * total
        if not 0 < volume_cc <= total + slack:
            raise ParameterError(f"the structure has {total:.4g} cc, so there is no dose to {volume_cc:g} cc")
        # Descending volumes: the last edge that still has the volume.
        last = int(np.searchsorted(-self.volume_cc, -(volume_cc - slack), side="right")) - 1
        step = float(self.volume_cc[last] - self.volume_cc[last + 1])
        part = min(max((float(self.volume_cc[last]) - volume_cc) / step, 0.0), 1.0)
        dose = float(self.dose_gy[last]) + part * float(self.dose_gy[1])
        return min(max(dose, self.min_gy), self.max_gy)


def bin_edges_gy(bins: int, bin_width_gy: float) -> FloatArray:
    """Give the edges of ``bins`` bins from dose 0, shape (bins + 1,), free of accumulated rounding."""
    return np.round(np.arange(bins + 1) * bin_width_gy, 9)


def dvh_from_samples(
    dose_gy: ArrayLike,
    volume_cc: ArrayLike,
    *,
    structure: str,
    weight: ArrayLike | None = None,
    weighting: str = "anatomical",
    quantity: str = "physical",
    alpha_beta_gy: float | None = None,
    bin_width_gy: float = 0.01,
    coverage_pct: float = 100.0,
    warnings: tuple[str, ...] = (),
) -> Dvh:
    """Make a differential DVH of dose samples.

    Parameters
    ----------
    dose_gy, volume_cc : array_like, shape (samples,)
        Dose and volume of each sample; doses finite and not negative, volumes not negative.
    structure : str
    weight : array_like, shape (samples,), optional
        Function in each sample, such as perfusion counts; not negative, of any scale. The weighted volumes are scaled
        to add up to the structure's volume, so a constant weight gives the plain DVH.
    weighting, quantity, alpha_beta_gy, coverage_pct, warnings
        Kept in the result, see `Dvh`.
    bin_width_gy : float

    Returns
    -------
    Dvh

    Raises
    ------
    ParameterError
        Shapes that differ, no volume, negative or non-finite values, a dose above 1000 Gy (cGy).
    """
    dose = np.asarray(dose_gy, dtype=np.float64)
    volume = np.asarray(volume_cc, dtype=np.float64)
    if not 0 < bin_width_gy < np.inf:
        raise ParameterError(f"bin_width_gy must be positive, got {bin_width_gy}")
    _check_samples(dose, volume, structure)
    if weight is not None:
        volume = _weighted_volume(volume, np.asarray(weight, dtype=np.float64), structure)
    total = float(volume.sum())
    index = np.floor(dose / bin_width_gy + EDGE_TOLERANCE).astype(np.int64)
    held = dose if volume.min() > 0 else dose[volume > 0]
    return Dvh(
        structure=structure,
        volume_cc=np.bincount(index, weights=volume).astype(np.float64, copy=False),
        bin_width_gy=bin_width_gy,
        total_cc=total,
        min_gy=float(held.min()),
        mean_gy=float(dose @ volume) / total,
        max_gy=float(held.max()),
        weighting=weighting,
        quantity=quantity,
        alpha_beta_gy=alpha_beta_gy,
        coverage_pct=coverage_pct,
        warnings=warnings,
    )


def _check_samples(dose: FloatArray, volume: FloatArray, structure: str) -> None:
    if dose.ndim != 1 or dose.shape != volume.shape:
        raise ParameterError(f"{structure}: dose_gy {dose.shape} and volume_cc {volume.shape} must be equal vectors")
    if not (volume.size and np.isfinite(volume).all() and volume.min() >= 0 and volume.sum() > 0):
        raise ParameterError(f"{structure}: volume_cc must be finite, not negative, and not all zero")
    low, high = float(dose.min()), float(dose.max())
    if not (low >= 0 and high <= HIGHEST_DOSE_GY):
        raise ParameterError(
            f"{structure}: doses must lie between 0 and {HIGHEST_DOSE_GY:g} Gy, got {low:g} to {high:g}"
        )


def _weighted_volume(volume: FloatArray, weight: FloatArray, structure: str) -> FloatArray:
    if weight.shape != volume.shape or not np.isfinite(weight).all() or weight.min() < 0:
        raise ParameterError(f"{structure}: weight must be finite, not negative, and as long as volume_cc")
    # Divided by the largest first: counts of any scale give the same bits up to rounding.
    weighted = volume * (weight / weight.max()) if weight.max() > 0 else np.zeros_like(volume)
    if weighted.sum() <= 0:
        raise ParameterError(f"{structure}: the weights are all zero")
    result: FloatArray = weighted * (volume.sum() / weighted.sum())
    return result
