"""Outlines between two drawn ones: which corner belongs to which, and the area on the way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

FINE = 96  # pieces of an outline, at least: straight edges need corners to be matched with


@dataclass(frozen=True, eq=False)
class Morph:
    """Two matched outlines; in between, each corner moves along a straight line.

    Attributes
    ----------
    start, change : ndarray, shape (corners, 2)
        The first outline and what leads to the second one, in mm.
    area_mm2 : ndarray, shape (3,)
        Enclosed area as a polynomial of the share of the way: constant, linear, quadratic. Exact.
    """

    start: FloatArray
    change: FloatArray
    area_mm2: FloatArray

    def at(self, way: float) -> FloatArray:
        """Give the outline at a share of the way; 0 is the first, 1 the second, below 0 before the first."""
        return self.start + way * self.change

    def way_to(self, area_mm2: float, *, near: float, low: float, high: float) -> float | None:
        """Find the share of the way at which the outline encloses an area; None if there is none within the limits."""
        constant, linear, square = self.area_mm2
        roots = _roots(constant - area_mm2, linear, square)
        inside = roots[(roots >= low - 1e-9) & (roots <= high + 1e-9)]
        return float(inside[np.argmin(np.abs(inside - near))]) if inside.size else None


def morph(first: FloatArray, second: FloatArray) -> Morph:
    """Match two outlines, each shape (corners, 2), so that the corners move as little as possible.

    Dynamic programming over the cyclic lists of corners (Fuchs, Kedem, Uselton, Commun ACM 1977;20:693), with the
    squared distance as cost, started at the two corners nearest to each other.
    """
    one, other = _divided(first), _divided(second)
    start = _nearest_pair(one, other)
    one, other = np.roll(one, -start[0], axis=0), np.roll(other, -start[1], axis=0)
    i, j = _matched(np.vstack([one, one[:1]]), np.vstack([other, other[:1]]))
    a, b = one[i[:-1] % len(one)], other[j[:-1] % len(other)]
    change = b - a
    mixed = 0.5 * (_cross(a, change) + _cross(change, a))
    return Morph(a, change, np.array([_cross(a, a), 2.0 * mixed, _cross(change, change)]))


def holds(ring: FloatArray, points: FloatArray) -> NDArray[np.bool_]:
    """Say which points, shape (n, 2), lie inside a ring, by even-odd."""
    start, end = ring, np.roll(ring, -1, axis=0)
    x, y = points[:, :1], points[:, 1:]
    spans = (start[:, 1] > y) != (end[:, 1] > y)
    rise = end[:, 1] - start[:, 1]
    at = start[:, 0] + (y - start[:, 1]) * (end[:, 0] - start[:, 0]) / np.where(rise == 0, 1.0, rise)
    result: NDArray[np.bool_] = (spans & (x < at)).sum(axis=1) % 2 == 1
    return result


def enclosed_mm2(ring: FloatArray) -> float:
    """Give the signed area of a ring; positive if run anticlockwise."""
    moved = ring - ring[0]
    return _cross(moved, moved)


def _cross(a: FloatArray, b: FloatArray) -> float:
    following = np.roll(b, -1, axis=0)
    return 0.5 * float(a[:, 0] @ following[:, 1] - a[:, 1] @ following[:, 0])


def _divided(ring: FloatArray) -> FloatArray:
    """Run anticlockwise, with corners added on edges longer than 1/96 of the outline."""
    ring = ring if enclosed_mm2(ring) >= 0 else ring[::-1]
    step = np.roll(ring, -1, axis=0) - ring
    length = np.hypot(step[:, 0], step[:, 1])
    pieces = np.maximum(np.ceil(length * FINE / length.sum()), 1).astype(np.intp)
    corner = np.repeat(np.arange(len(ring)), pieces)
    number = np.arange(corner.size) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    result: FloatArray = ring[corner] + step[corner] * (number / pieces[corner])[:, None]
    return result


def _nearest_pair(one: FloatArray, other: FloatArray) -> tuple[int, int]:
    distance = ((one[:, None] - other) ** 2).sum(axis=2)
    return divmod(int(np.argmin(distance)), len(other))


def _matched(one: FloatArray, other: FloatArray) -> tuple[IntArray, IntArray]:
    """Give index pairs of the cheapest monotone match from the first to the last corners."""
    cost = ((one[:, None] - other) ** 2).sum(axis=2) + 1e-6  # the least helps straight matches where all are equal
    total = np.empty_like(cost)
    total[0] = np.cumsum(cost[0])
    for row in range(1, len(one)):
        entry = total[row - 1].copy()
        entry[1:] = np.minimum(entry[1:], total[row - 1, :-1])
        along = np.cumsum(cost[row])
        total[row] = along + np.minimum.accumulate(entry - along + cost[row])
    i, j = len(one) - 1, len(other) - 1
    found = [(i, j)]
    while i or j:
        diagonal = total[i - 1, j - 1] if i and j else np.inf
        above = total[i - 1, j] if i else np.inf
        left = total[i, j - 1] if j else np.inf
        if diagonal <= above and diagonal <= left:
            i, j = i - 1, j - 1
        elif above <= left:
            i -= 1
        else:
            j -= 1
        found.append((i, j))
    pairs = np.array(found[::-1], dtype=np.intp)
    return pairs[:, 0], pairs[:, 1]


def _roots(constant: float, linear: float, square: float) -> FloatArray:
    if abs(square) < 1e-12 * max(abs(linear), 1e-300):
        return np.array([-constant / linear]) if linear else np.zeros(0)
    inner = linear * linear - 4.0 * square * constant
    if inner < -1e-9 * linear * linear:
        return np.zeros(0)
    middle = -0.5 * (linear + np.copysign(max(inner, 0.0) ** 0.5, linear))
    return np.array([middle / square, constant / middle]) if middle else np.zeros(1)
