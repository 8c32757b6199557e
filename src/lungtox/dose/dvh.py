"""Dose-volume histograms: differential and cumulative are two types, so that one is never taken for the other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lungtox.dose.histogram import EDGE_TOLERANCE, Histogram
from lungtox.errors import ParameterError

FloatArray = NDArray[np.float64]


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
        From the samples, not from the bins; the ends are those of the ranges over which they are spread.
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
    """A cumulative dose-volume histogram, linear between bin edges and the ends of the doses.

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
        edge = int(position + EDGE_TOLERANCE)
        if edge + 1 >= self.volume_cc.size:
            return float(self.volume_cc[-1])
        if abs(position - edge) < EDGE_TOLERANCE:
            return float(self.volume_cc[edge])
        low_gy, high_gy = self._ends_gy(edge)
        part = (dose_gy - low_gy) / (high_gy - low_gy) if high_gy > low_gy else 0.0
        return float(self.volume_cc[edge] + part * (self.volume_cc[edge + 1] - self.volume_cc[edge]))

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
        low_gy, high_gy = self._ends_gy(last)
        return low_gy + part * (high_gy - low_gy)

    def _ends_gy(self, edge: int) -> tuple[float, float]:
        """Give the ends of the part of a bin in which there is volume: bins at the ends begin and stop within."""
        low_gy = min(max(float(self.dose_gy[edge]), self.min_gy), self.max_gy)
        return low_gy, max(min(float(self.dose_gy[edge + 1]), self.max_gy), low_gy)


def bin_edges_gy(bins: int, bin_width_gy: float) -> FloatArray:
    """Give the edges of ``bins`` bins from dose 0, shape (bins + 1,), free of accumulated rounding."""
    return np.round(np.arange(bins + 1) * bin_width_gy, 9)


def dvh_from_samples(
    dose_gy: ArrayLike,
    volume_cc: ArrayLike,
    *,
    structure: str,
    spread_gy: ArrayLike | None = None,
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
    spread_gy : array_like, shape (samples,), optional
        Width of the range of doses for which each sample stands (`Samples.spread_gy`); its volume lies evenly in it.
        None: all of it at the dose of the sample.
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
    histogram = Histogram(structure, bin_width_gy)
    if weight is not None:
        volume = _weighted_volume(volume, np.asarray(weight, dtype=np.float64), structure)
    histogram.add(dose, volume, None if spread_gy is None else np.asarray(spread_gy, dtype=np.float64))
    return dvh_from_histogram(
        histogram,
        weighting=weighting,
        quantity=quantity,
        alpha_beta_gy=alpha_beta_gy,
        coverage_pct=coverage_pct,
        warnings=warnings,
    )


def dvh_from_histogram(
    histogram: Histogram,
    *,
    weighting: str = "anatomical",
    quantity: str = "physical",
    alpha_beta_gy: float | None = None,
    coverage_pct: float = 100.0,
    warnings: tuple[str, ...] = (),
) -> Dvh:
    """Make a differential DVH of a filled histogram; the other parameters are those of `Dvh`.

    Raises
    ------
    ParameterError
        No volume.
    """
    if not histogram.total_cc > 0:
        raise ParameterError(f"{histogram.structure}: volume_cc must be finite, not negative, and not all zero")
    return Dvh(
        structure=histogram.structure,
        volume_cc=histogram.volume_cc,
        bin_width_gy=histogram.bin_width_gy,
        total_cc=histogram.total_cc,
        min_gy=histogram.min_gy,
        mean_gy=histogram.mean_gy,
        max_gy=histogram.max_gy,
        weighting=weighting,
        quantity=quantity,
        alpha_beta_gy=alpha_beta_gy,
        coverage_pct=coverage_pct,
        warnings=warnings,
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
