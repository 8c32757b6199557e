"""The part of the planning grid in which something is compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.dose import Samples
from lungtox.geometry import Grid, Image

FloatArray = NDArray[np.float64]

_MARGIN = 2
"""Voxels: the neighbours of any point between, and one for rounding of a point that lies on a voxel."""


@dataclass(frozen=True, eq=False)
class Extent:
    """A box of voxels.

    Attributes
    ----------
    whole : Grid
    z, y, x : slice
        Planes, rows and columns of it.
    """

    whole: Grid
    z: slice
    y: slice
    x: slice

    @classmethod
    def everything(cls, grid: Grid) -> Extent:
        """Give the whole grid."""
        return cls(grid, *(slice(0, size) for size in grid.shape))

    @classmethod
    def around(cls, grid: Grid, mask: NDArray[np.bool_], structures: Iterable[Samples]) -> Extent:
        """Give the box around some voxels and the points of structures, and what is interpolated from beside them.

        Parameters
        ----------
        grid : Grid
        mask : ndarray of bool, shape of the grid
        structures : iterable of Samples
        """
        axes = (grid.z_mm, grid.y_mm, grid.x_mm)
        ends = [[np.flatnonzero(mask.any(axis=others))[[0, -1]]] for others in ((1, 2), (0, 2), (0, 1))]
        for samples in structures:
            places = grid.along_axes(samples.x_mm, samples.y_mm, samples.z_mm)[::-1]
            for own, axis_mm, place in zip(ends, axes, places, strict=True):
                own.append(np.searchsorted(axis_mm, np.array([place.min(), place.max()])))
        parts = [
            slice(max(int(np.min(own)) - _MARGIN, 0), min(int(np.max(own)) + _MARGIN + 1, axis_mm.size))
            for own, axis_mm in zip(ends, axes, strict=True)
        ]
        return cls(grid, *parts)

    @property
    def grid(self) -> Grid:
        """The grid of the part."""
        return Grid(self.whole.x_mm[self.x], self.whole.y_mm[self.y], self.whole.z_mm[self.z], self.whole.turn)

    def of(self, values: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Give the part of an array on the whole grid."""
        return values[self.z, self.y, self.x]

    def image(self, values: FloatArray) -> Image:
        """Give an image on the whole grid from values on the part; NaN around it."""
        if values.shape == self.whole.shape:
            return Image(self.whole, values)
        found = np.full(self.whole.shape, np.nan)
        found[self.z, self.y, self.x] = values
        return Image(self.whole, found)
