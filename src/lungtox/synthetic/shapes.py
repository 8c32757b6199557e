"""Signed distances of simple solids: negative inside, in mm, exact on the surface and close to it.

Distances are measured along the ray from the centre, which is near enough to the true distance for smooth
outlines, for margins and for the share of a voxel that a surface cuts off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Point = tuple[float, float, float]

_TINY_MM = 1e-6


def smooth_max(first: FloatArray, second: FloatArray, *, width_mm: float) -> FloatArray:
    """Intersect two solids and round the edge over about ``width_mm`` (polynomial smooth maximum)."""
    rounding = np.maximum(width_mm - np.abs(first - second), 0.0)
    smooth: FloatArray = np.maximum(first, second) + rounding * rounding / (4.0 * width_mm)
    return smooth


def smooth_min(first: FloatArray, second: FloatArray, *, width_mm: float) -> FloatArray:
    """Unite two solids and fill the notch between them over about ``width_mm``."""
    return -smooth_max(-first, -second, width_mm=width_mm)


def superellipsoid(
    offsets: Sequence[FloatArray], half_axes_mm: Sequence[float], exponents: Sequence[float]
) -> FloatArray:
    """Distance to sum(|offset/half axis|^exponent) = 1 along the ray from the centre.

    Parameters
    ----------
    offsets : sequence of ndarray
        Coordinates from the centre along each axis; broadcast against each other.
    half_axes_mm, exponents : sequence of float
        One for each axis; the first exponent also takes the root.
    """
    terms = [
        (np.abs(offset) / half_axis + _TINY_MM) ** exponent
        for offset, half_axis, exponent in zip(offsets, half_axes_mm, exponents, strict=True)
    ]
    level = reduce(np.add, terms) ** (1.0 / exponents[0])
    radius = np.sqrt(reduce(np.add, [offset * offset for offset in offsets]) + _TINY_MM)
    distance: FloatArray = radius * (1.0 - 1.0 / level)
    return distance


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid, possibly turned.

    Attributes
    ----------
    centre_mm : tuple of float
        x, y, z.
    half_axes_mm : tuple of float
    tilt_rad : float
        Turn in the frontal plane (x towards -z).
    yaw_rad : float
        Turn in the transversal plane (x towards -y), after the tilt.
    """

    centre_mm: Point
    half_axes_mm: Point
    tilt_rad: float = 0.0
    yaw_rad: float = 0.0

    def distance(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """Signed distance along the ray from the centre; the arguments broadcast."""
        dx, dy, dz = x - self.centre_mm[0], y - self.centre_mm[1], z - self.centre_mm[2]
        if self.yaw_rad:
            cos, sin = np.cos(self.yaw_rad), np.sin(self.yaw_rad)
            dx, dy = cos * dx - sin * dy, sin * dx + cos * dy
        if self.tilt_rad:
            cos, sin = np.cos(self.tilt_rad), np.sin(self.tilt_rad)
            dx, dz = cos * dx - sin * dz, sin * dx + cos * dz
        level_2 = sum(
            (offset / half_axis) ** 2 for offset, half_axis in zip((dx, dy, dz), self.half_axes_mm, strict=True)
        )
        level = np.sqrt(np.asarray(level_2) + _TINY_MM)
        radius = np.sqrt(dx * dx + dy * dy + dz * dz + _TINY_MM)
        distance: FloatArray = radius * (1.0 - 1.0 / level)
        return distance


def covered_share(distance_mm: FloatArray, *, voxel_mm: float) -> FloatArray:
    """Share of a voxel inside a surface at a signed distance from the voxel's centre (a flat cut)."""
    share: FloatArray = np.clip(0.5 - distance_mm / voxel_mm, 0.0, 1.0)
    return share
