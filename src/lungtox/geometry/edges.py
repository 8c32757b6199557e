"""The edges of a structure's contours as flat arrays, with the sign that each ring has by XOR."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.geometry.structure import Structure

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

_TESTED_CORNERS = 8


@dataclass(frozen=True, eq=False)
class Edges:
    """All edges of a structure.

    Attributes
    ----------
    x0_mm, y0_mm, x1_mm, y1_mm : ndarray, shape (edges,)
    plane : ndarray of int, shape (edges,)
    sign : ndarray, shape (edges,)
        +1 for a ring that adds area, run anticlockwise (x right, y up), or one that takes it out, run clockwise; -1 for
        the others.
    plane_area_mm2 : ndarray, shape (planes,)
        Signed sum of the rings: the area by XOR where no rings intersect.
    crossing : ndarray of bool, shape (planes,)
        Planes with rings that intersect each other; for them the signs are not enough.
    """

    x0_mm: FloatArray
    y0_mm: FloatArray
    x1_mm: FloatArray
    y1_mm: FloatArray
    plane: IntArray
    sign: FloatArray
    plane_area_mm2: FloatArray
    crossing: NDArray[np.bool_]

    def of_planes(self, first: int, last: int) -> Edges:
        """Give the edges of the planes from `first` to before `last`, counted from 0 again."""
        # Edges lie in the order of their planes.
        start, stop = np.searchsorted(self.plane, (first, last)).tolist()
        if (start, stop, first) == (0, self.plane.size, 0):
            return self
        at = slice(start, stop)
        return Edges(
            self.x0_mm[at],
            self.y0_mm[at],
            self.x1_mm[at],
            self.y1_mm[at],
            self.plane[at] - first,
            self.sign[at],
            self.plane_area_mm2[first:last],
            self.crossing[first:last],
        )


def structure_edges(structure: Structure) -> Edges:
    """Flatten the contours of a structure.

    Rings with fewer than three corners have no area and are left out. A ring inside an odd number of others takes area
    out (XOR); the order of its points does not matter.
    """
    planes = structure.planes
    rings = [(i, ring) for i, plane in enumerate(planes) for ring in plane.rings if len(ring) >= 3]
    crossing = np.zeros(len(planes), dtype=bool)
    if not rings:
        none = np.zeros(0)
        return Edges(none, none, none, none, np.zeros(0, dtype=np.intp), none, np.zeros(len(planes)), crossing)
    ring_plane = np.array([i for i, _ in rings], dtype=np.intp)
    size = np.array([len(ring) for _, ring in rings], dtype=np.intp)
    start = np.cumsum(size) - size
    corner = np.concatenate([ring for _, ring in rings]).astype(np.float64)
    following = np.arange(1, corner.shape[0] + 1)
    following[start + size - 1] = start
    x0, y0 = corner[:, 0], corner[:, 1]
    x1, y1 = x0[following], y0[following]
    # Relative to the ring's first corner: far from the origin the products would cancel digits.
    dx, dy = x0 - np.repeat(x0[start], size), y0 - np.repeat(y0[start], size)
    area = 0.5 * np.add.reduceat(dx * (y1 - y0) - dy * (x1 - x0), start)
    depth = _depths(x0, y0, start, size, ring_plane, crossing)
    adds = 1.0 - 2.0 * (depth % 2)
    plane_area = np.bincount(ring_plane, weights=adds * np.abs(area), minlength=len(planes)).astype(np.float64)
    sign = np.repeat(np.where(area < 0, -adds, adds), size)
    return Edges(x0, y0, x1, y1, np.repeat(ring_plane, size), sign, plane_area, crossing)


def _depths(
    x: FloatArray, y: FloatArray, start: IntArray, size: IntArray, ring_plane: IntArray, crossing: NDArray[np.bool_]
) -> IntArray:
    """Count for each ring the rings of its plane around it; mark planes in which rings intersect in ``crossing``."""
    depth = np.zeros(start.size, dtype=np.intp)
    low_x, high_x = np.minimum.reduceat(x, start), np.maximum.reduceat(x, start)
    low_y, high_y = np.minimum.reduceat(y, start), np.maximum.reduceat(y, start)
    for plane in np.flatnonzero(np.bincount(ring_plane) > 1):
        rings = np.flatnonzero(ring_plane == plane)
        overlap = (
            (low_x[rings, None] <= high_x[rings]) & (low_x[rings] <= high_x[rings, None])
            & (low_y[rings, None] <= high_y[rings]) & (low_y[rings] <= high_y[rings, None])
        )  # fmt: skip
        np.fill_diagonal(overlap, False)
        for outer, inner in zip(rings[overlap.nonzero()[0]], rings[overlap.nonzero()[1]], strict=True):
            around = slice(start[outer], start[outer] + size[outer])
            tested = start[inner] + np.linspace(0, size[inner] - 1, _TESTED_CORNERS).astype(np.intp)
            inside = _inside_ring(x[tested], y[tested], x[around], y[around])
            if inside.any() != inside.all():
                crossing[plane] = True
            depth[inner] += bool(inside.all())
    return depth


def _inside_ring(x: FloatArray, y: FloatArray, ring_x: FloatArray, ring_y: FloatArray) -> NDArray[np.bool_]:
    """Even-odd test of points in one ring."""
    next_x, next_y = np.roll(ring_x, -1), np.roll(ring_y, -1)
    spans = (ring_y <= y[:, None]) != (next_y <= y[:, None])
    # On which side of the edge, by a product: a division would overflow on edges that hardly rise.
    side = (y[:, None] - ring_y) * (next_x - ring_x) - (x[:, None] - ring_x) * (next_y - ring_y)
    result: NDArray[np.bool_] = (spans & ((side > 0) == (next_y > ring_y))).sum(axis=1) % 2 == 1
    return result
