"""Maps of points with a vector field in them, and maps one after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lungtox.errors import ParameterError
from lungtox.geometry.grid import Image
from lungtox.geometry.interpolation import interpolate
from lungtox.geometry.transform import FloatArray, PointMap, Points, RigidMap


@dataclass(frozen=True)
class DeformedMap:
    """A vector field between two rigid maps: ``p' = after(before(p) + field(p))`` (PS3.3 C.20.3.1.1).

    Attributes
    ----------
    before : RigidMap
    field_mm : tuple of Image
        Offsets along x, y and z on one grid, which lies where the points lie before any map. NaN where the field is
        not defined.
    after : RigidMap

    Raises
    ------
    ParameterError
        Components on different grids.
    """

    before: RigidMap
    field_mm: tuple[Image, Image, Image]
    after: RigidMap

    def __post_init__(self) -> None:
        if any(component.grid is not self.field_mm[0].grid for component in self.field_mm):
            raise ParameterError("the three components of a vector field need one grid")

    def __call__(self, x_mm: FloatArray, y_mm: FloatArray, z_mm: FloatArray) -> Points:
        """Take points to the other frame; NaN outside the grid and beside a vector that is not defined."""
        known = np.isfinite(x_mm) & np.isfinite(y_mm) & np.isfinite(z_mm)
        at = (x_mm[known], y_mm[known], z_mm[known])
        moved = (
            place + interpolate(component, *at)
            for place, component in zip(self.before(*at), self.field_mm, strict=True)
        )
        x, y, z = moved
        # One component that is not defined leaves the whole point without an image.
        undefined = np.isnan(x) | np.isnan(y) | np.isnan(z)
        found = []
        for values in self.after(x, y, z):
            whole = np.full(x_mm.shape, np.nan)
            whole[known] = np.where(undefined, np.nan, values)
            found.append(whole)
        return found[0], found[1], found[2]


@dataclass(frozen=True)
class MapChain:
    """Maps one after the other, the first one first.

    Attributes
    ----------
    parts : tuple of PointMap
    """

    parts: tuple[PointMap, ...]

    def __call__(self, x_mm: FloatArray, y_mm: FloatArray, z_mm: FloatArray) -> Points:
        """Take points to the last frame."""
        points = (x_mm, y_mm, z_mm)
        for part in self.parts:
            points = part(*points)
        return points
