"""Rectilinear grids and the scalar images on them, in DICOM patient coordinates (LPS, mm)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.errors import ParameterError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """Centres of the samples along each patient axis.

    Attributes
    ----------
    x_mm, y_mm, z_mm : ndarray, shape (nx,), (ny,), (nz,)
        Strictly ascending; x and y evenly spaced, z may be uneven.
    """

    x_mm: FloatArray
    y_mm: FloatArray
    z_mm: FloatArray

    def __post_init__(self) -> None:
        for name in ("x_mm", "y_mm", "z_mm"):
            axis = getattr(self, name)
            if axis.ndim != 1 or axis.size == 0 or not np.all(np.diff(axis) > 0):
                raise ParameterError(f"{name} must be a strictly ascending vector, got {axis!r}")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of samples as (nz, ny, nx), the order of image arrays."""
        return self.z_mm.size, self.y_mm.size, self.x_mm.size


@dataclass(frozen=True)
class Image:
    """Scalar values on a grid.

    Attributes
    ----------
    grid : Grid
    values : ndarray, shape (nz, ny, nx)
    """

    grid: Grid
    values: NDArray[np.floating]

    def __post_init__(self) -> None:
        if self.values.shape != self.grid.shape:
            raise ParameterError(f"values have shape {self.values.shape}, the grid has {self.grid.shape}")


@dataclass(frozen=True)
class Dose:
    """A physical dose distribution.

    Attributes
    ----------
    image : Image
        Dose in Gy.
    frame_of_reference : str
        Compared with that of the structures; never written anywhere.
    fractions : int or None
        Fractions that this dose represents; needed for EQD2.
    rbe_weighted : bool
        True for DICOM DoseType EFFECTIVE.
    warnings : tuple of str
    """

    image: Image
    frame_of_reference: str
    fractions: int | None = None
    rbe_weighted: bool = False
    warnings: tuple[str, ...] = ()
