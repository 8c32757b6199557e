"""Rectilinear grids and the scalar images on them, in DICOM patient coordinates (LPS, mm)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.errors import ParameterError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """Centres of the samples along each patient axis, or along axes turned against them.

    Attributes
    ----------
    x_mm, y_mm, z_mm : ndarray, shape (nx,), (ny,), (nz,)
        Strictly ascending; x and y evenly spaced, z may be uneven.
    turn : ndarray, shape (3, 3), optional
        For an oblique grid: its axes as rows, so that ``turn @ point`` are the coordinates of a patient point along
        them. None, the usual case: the patient axes.
    """

    x_mm: FloatArray
    y_mm: FloatArray
    z_mm: FloatArray
    turn: FloatArray | None = None

    def __post_init__(self) -> None:
        for name in ("x_mm", "y_mm", "z_mm"):
            axis = getattr(self, name)
            if axis.ndim != 1 or axis.size == 0 or not np.all(np.diff(axis) > 0):
                raise ParameterError(f"{name} must be a strictly ascending vector, got {axis!r}")
        if self.turn is not None and (
            self.turn.shape != (3, 3) or not np.allclose(self.turn @ self.turn.T, np.eye(3), rtol=0, atol=1e-9)
        ):
            raise ParameterError("turn must hold three axes of length 1 at right angles")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of samples as (nz, ny, nx), the order of image arrays."""
        return self.z_mm.size, self.y_mm.size, self.x_mm.size

    def along_axes(
        self, x_mm: FloatArray, y_mm: FloatArray, z_mm: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Give the coordinates of patient points along the axes of the grid; each of shape (points,)."""
        if self.turn is None:
            return x_mm, y_mm, z_mm
        x, y, z = (axis[0] * x_mm + axis[1] * y_mm + axis[2] * z_mm for axis in self.turn)
        return x, y, z


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
