"""Dose samples of a region: where, how much volume, which dose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.geometry import Dose, EndCap, Region, Structure

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples of a region that lie inside the dose grid.

    Attributes
    ----------
    structure : str
    x_mm, y_mm, z_mm : ndarray, shape (samples,)
        Patient coordinates (LPS); interpolate a function image there.
    volume_cc, dose_gy : ndarray, shape (samples,)
    region_cc : float
        Volume of the whole region, the part outside the dose grid included.
    coverage_pct : float
        Share of it inside the dose grid.
    planes : int
        Contour planes of the structures joined.
    warnings : tuple of str
    """

    structure: str
    x_mm: FloatArray
    y_mm: FloatArray
    z_mm: FloatArray
    volume_cc: FloatArray
    dose_gy: FloatArray
    region_cc: float
    coverage_pct: float
    planes: int
    warnings: tuple[str, ...] = ()


def sample_region(region: Structure | Region, dose: Dose, *, end_cap: EndCap = "half-slice") -> Samples:
    raise NotImplementedError
