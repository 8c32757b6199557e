"""Dose samples into bins, each sample spread over the doses for which it stands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lungtox.errors import ParameterError

FloatArray = NDArray[np.float64]

HIGHEST_DOSE_GY = 1000.0  # beyond any treatment in Gy; guards against a dose in cGy filling memory with bins
EDGE_TOLERANCE = (
    1e-6  # share of a bin: a dose of 0.29 Gy belongs to the bin that starts at 0.29, whatever 0.29 / 0.01 is
)
_NARROW = 1e-3  # bins; what is spread less lies in one bin, and a division by so little would cost digits
_PIECE = 32_768  # samples at a time: their arrays stay in the cache


class Histogram:
    """Volume by dose, added up piece by piece.

    The volume of a sample lies evenly between ``dose_gy - spread_gy / 2`` and ``dose_gy + spread_gy / 2``, and each bin
    gets exactly what lies in it: the volume above a bin edge does not depend on the width of the bins.

    Parameters
    ----------
    structure : str
        For messages.
    bin_width_gy : float

    Attributes
    ----------
    total_cc, min_gy, max_gy : float
        Of all that was added with a volume above 0; the ends of what the samples are spread over.
    """

    def __init__(self, structure: str, bin_width_gy: float) -> None:
        if not 0 < bin_width_gy < np.inf:
            raise ParameterError(f"bin_width_gy must be positive, got {bin_width_gy}")
        self.structure, self.bin_width_gy = structure, bin_width_gy
        self.total_cc, self.min_gy, self.max_gy = 0.0, np.inf, -np.inf
        self._dose_cc = 0.0
        self._within = np.zeros(1)  # volume that lies in one bin, or at the end of a spread sample
        self._across = np.zeros(1)  # change of what fills whole bins

    @property
    def mean_gy(self) -> float:
        """Mean dose of the samples."""
        return self._dose_cc / self.total_cc

    @property
    def volume_cc(self) -> FloatArray:
        """Volume in each bin from 0 Gy, shape (bins,)."""
        bins = max(int(np.ceil(self.max_gy / self.bin_width_gy - EDGE_TOLERANCE)), 1)
        size = max(self._within.size, self._across.size)
        volume = _padded(self._within, size) + np.cumsum(_padded(self._across, size))
        # Differences of sums leave rounding where there is nothing.
        volume[volume < 1e-13 * self.total_cc] = 0.0
        filled = np.flatnonzero(volume)
        volume = volume[: max(bins, int(filled[-1]) + 1 if filled.size else 1)]
        if volume.size > bins and volume[bins:].sum() < EDGE_TOLERANCE * self.total_cc:  # beyond the end by rounding
            volume[bins - 1] += volume[bins:].sum()
            volume = volume[:bins]
        return volume

    def add(self, dose_gy: FloatArray, volume_cc: FloatArray, spread_gy: FloatArray | None = None) -> None:
        """Add samples.

        Parameters
        ----------
        dose_gy, volume_cc : ndarray, shape (samples,)
        spread_gy : ndarray, shape (samples,), optional
            Width of the range of doses for which each sample stands; none by default. It is cut at 0 Gy, on both sides.

        Raises
        ------
        ParameterError
            Shapes that differ, negative or non-finite values, a dose above 1000 Gy (cGy).
        """
        if dose_gy.ndim != 1 or dose_gy.shape != volume_cc.shape:
            shapes = f"dose_gy {dose_gy.shape} and volume_cc {volume_cc.shape}"
            raise ParameterError(f"{self.structure}: {shapes} must be equal vectors")
        if spread_gy is not None and spread_gy.shape != dose_gy.shape:
            raise ParameterError(f"{self.structure}: spread_gy must be as long as dose_gy, got {spread_gy.shape}")
        for start in range(0, dose_gy.size, _PIECE):
            at = slice(start, start + _PIECE)
            self._add(dose_gy[at], volume_cc[at], None if spread_gy is None else spread_gy[at])

    def _add(self, dose: FloatArray, volume: FloatArray, spread: FloatArray | None) -> None:
        total, least = float(volume.sum()), float(volume.min())
        if not (least >= 0 and total < np.inf):
            raise ParameterError(f"{self.structure}: volume_cc must be finite, not negative, and not all zero")
        low, high = float(dose.min()), float(dose.max())
        if not (low >= 0 and high <= HIGHEST_DOSE_GY):
            raise ParameterError(
                f"{self.structure}: doses must lie between 0 and {HIGHEST_DOSE_GY:g} Gy, got {low:g} to {high:g}"
            )
        if least == 0:
            held = np.flatnonzero(volume)
            dose, volume, spread = dose[held], volume[held], None if spread is None else spread[held]
            if not held.size:
                return
        self.total_cc += total
        self._dose_cc += float((dose * volume).sum())
        if spread is None:
            self._reach(float(dose.min()), float(dose.max()))
            self._within = _added(self._within, self._position(dose).astype(np.intp), volume)
            return
        half = np.minimum(0.5 * spread, dose)
        if not float(half.min()) >= 0:
            raise ParameterError(f"{self.structure}: spread_gy must not be negative")
        half *= half >= _NARROW * self.bin_width_gy
        below, above = dose - half, dose + half
        self._reach(float(below.min()), float(above.max()))
        first, last = self._position(below), self._position(above)
        first_bin, last_bin = first.astype(np.intp), last.astype(np.intp)
        self._within = _added(self._within, first_bin, volume)
        several = np.flatnonzero(first_bin != last_bin)
        if several.size:
            self._spread(first[several], last[several], first_bin[several], last_bin[several], volume[several])

    def _spread(
        self,
        first: FloatArray,
        last: FloatArray,
        first_bin: NDArray[np.intp],
        last_bin: NDArray[np.intp],
        volume: FloatArray,
    ) -> None:
        """Move samples that were put into their first bin to all bins that they reach."""
        per_bin = volume / (last - first)
        self._within = _added(self._within, first_bin, (first_bin + 1 - first) * per_bin - volume)
        self._within = _added(self._within, last_bin, (last - last_bin) * per_bin)
        self._across = _added(self._across, first_bin + 1, per_bin)
        self._across = _added(self._across, last_bin, -per_bin)

    def _position(self, dose: FloatArray) -> FloatArray:
        position: FloatArray = dose / self.bin_width_gy
        position += EDGE_TOLERANCE
        return position

    def _reach(self, low: float, high: float) -> None:
        self.min_gy, self.max_gy = min(self.min_gy, low), max(self.max_gy, high)


def _padded(values: FloatArray, size: int) -> FloatArray:
    return np.concatenate([values, np.zeros(size - values.size)]) if size > values.size else values


def _added(sums: FloatArray, index: NDArray[np.intp], values: FloatArray) -> FloatArray:
    more: FloatArray = np.bincount(index, weights=values, minlength=sums.size).astype(np.float64, copy=False)
    more[: sums.size] += sums
    return more
