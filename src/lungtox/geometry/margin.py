"""A margin around structures, in three dimensions and per direction.

The cross-section at a height is the union of the cross-sections nearby, each grown by what is left of the margin there.
On a raster every node gets its exact distance to the outlines, in units of the margin; new outlines are drawn where
that is 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lungtox.errors import ParameterError
from lungtox.geometry.between import Layers
from lungtox.geometry.structure import Plane, Structure

FloatArray = NDArray[np.float64]

# With 1 mm grown boxes have their volume to 0.25 % (docs/decisions).
RASTER_MM = 1.0
LAYER_MM = 1.0
CAP_LAYERS = 10  # at least, beyond the last contour: there the outline shrinks fastest
_NONE_MM = 1e-3  # stands for no margin to one side beside margins to others
_FAR = 1e6
_TOUCHING_MM = 1e-6


@dataclass(frozen=True)
class Margin:
    """Distances in mm by which a structure grows, along the patient axes (LPS)."""

    left_mm: float = 0.0
    right_mm: float = 0.0
    posterior_mm: float = 0.0
    anterior_mm: float = 0.0
    superior_mm: float = 0.0
    inferior_mm: float = 0.0

    def __post_init__(self) -> None:
        if not all(0.0 <= value < np.inf for value in self.all_mm):
            raise ParameterError(f"margins must be 0 mm or more, got {', '.join(f'{v:g}' for v in self.all_mm)}")

    @classmethod
    def uniform(cls, mm: float) -> Margin:
        """Give the same margin in all directions."""
        return cls(mm, mm, mm, mm, mm, mm)

    @property
    def all_mm(self) -> tuple[float, ...]:
        """Left, right, posterior, anterior, superior, inferior."""
        return (
            self.left_mm, self.right_mm, self.posterior_mm, self.anterior_mm, self.superior_mm, self.inferior_mm,
        )  # fmt: skip


def grow(name: str, parts: Sequence[Layers], margin: Margin, *, raster_mm: float = RASTER_MM) -> Structure:
    """Give the points that lie within a margin of any of the parts.

    With equal margins that is the Minkowski sum with a ball, else with eight octants of ellipsoids whose half-axes are
    the margins to their sides. Beyond the ends of a stack the margin counts from its faces, between its layers from
    their middles, where contours stand: the steps of the slabs do not grow.

    Parameters
    ----------
    name : str
    parts : sequence of Layers
        The solids: layers of constant cross-section.
    margin : Margin
    raster_mm : float
        Spacing of the nodes; between them the distance counts as linear.

    Returns
    -------
    Structure
        With its own faces: layers of at most 1 mm.
    """
    layers = [layer for part in parts for layer in _layers(part)]
    if not layers:
        return Structure(name, ())
    field = _Field(layers, margin, raster_mm)
    planes, faces = [], []
    for low, high in _faces(layers, margin):
        rings = field.outlines(0.5 * (low + high))
        if rings:
            planes.append(Plane(0.5 * (low + high), rings))
            faces.append((low, high))
    return Structure(name, tuple(planes), faces_mm=np.array(faces).reshape(-1, 2))


@dataclass(frozen=True, eq=False)
class _Layer:
    """A layer and the heights from which the margin counts: its ends, or its middle where the solid goes on there."""

    low_mm: float
    high_mm: float
    bottom_mm: float
    top_mm: float
    rings: tuple[FloatArray, ...]


def _layers(part: Layers) -> Iterable[_Layer]:
    """Take the layers of a solid.

    From their faces the steps between slabs would stick out and grow: a sphere of 15 mm in 3 mm slabs would become 8 %
    too large with 5 mm, instead of 1 %.
    """
    low, high = part.low_mm, part.high_mm
    joined = np.abs(low[1:] - high[:-1]) < _TOUCHING_MM
    bottom = np.where(np.append(False, joined), 0.5 * (low + high), low)
    top = np.where(np.append(joined, False), 0.5 * (low + high), high)
    for number, plane in enumerate(part.structure.planes):
        if plane.rings:
            yield _Layer(
                float(low[number]), float(high[number]), float(bottom[number]), float(top[number]), plane.rings
            )


def _faces(layers: Sequence[_Layer], margin: Margin) -> Iterable[tuple[float, float]]:
    """Give the layers of the grown solid: cut where those of the parts are, and where the margin around them ends."""
    low, high = np.array([layer.low_mm for layer in layers]), np.array([layer.high_mm for layer in layers])
    levels = np.unique(np.round(np.concatenate([low, high, low - margin.inferior_mm, high + margin.superior_mm]), 6))
    for start, stop in pairwise(levels):
        middle = 0.5 * (start + stop)
        if not np.any((low - margin.inferior_mm < middle) & (middle < high + margin.superior_mm)):
            continue
        beyond = margin.superior_mm if middle > high.max() else margin.inferior_mm if middle < low.min() else 0.0
        step = min(LAYER_MM, beyond / CAP_LAYERS) if beyond else LAYER_MM
        yield from pairwise(np.linspace(start, stop, max(1, int(np.ceil((stop - start) / step - 1e-6))) + 1).tolist())


class _Field:
    """Distances of the nodes of a raster to the outlines of layers, kept as long as they are needed."""

    def __init__(self, layers: Sequence[_Layer], margin: Margin, raster_mm: float) -> None:
        self.layers, self.margin = layers, margin
        corners = np.concatenate([ring for layer in layers for ring in layer.rings])
        edge = raster_mm * 2.0
        (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
        self.x = _nodes(x0 - margin.right_mm - edge, x1 + margin.left_mm + edge, raster_mm)
        self.y = _nodes(y0 - margin.anterior_mm - edge, y1 + margin.posterior_mm + edge, raster_mm)
        self.known: dict[int, FloatArray] = {}

    def outlines(self, z_mm: float) -> tuple[FloatArray, ...]:
        """Draw the grown cross-section at a height."""
        from contourpy import contour_generator

        left = {number: share for number, share in enumerate(map(self._left, self._away(z_mm))) if share > 0}
        if not left:
            return ()
        self.known = {number: field for number, field in self.known.items() if number in left}
        inside = np.full((self.y.size, self.x.size), -_FAR)
        for number, share in left.items():
            if number not in self.known:
                self.known[number] = _distance(self.layers[number].rings, self.x, self.y, self.margin)
            np.maximum(inside, share - self.known[number], out=inside)
        drawn = contour_generator(x=self.x, y=self.y, z=inside).lines(0.0)
        return tuple(np.asarray(line)[:-1] for line in drawn if len(line) > 3)

    def _away(self, z_mm: float) -> Iterable[float]:
        """Give the share of the margin along z that lies between each layer and a height; 2 where it has none."""
        for layer in self.layers:
            below, above = z_mm < layer.low_mm, z_mm > layer.high_mm
            gap = layer.bottom_mm - z_mm if below else z_mm - layer.top_mm
            reach = self.margin.inferior_mm if below else self.margin.superior_mm
            yield 0.0 if not (below or above) else gap / reach if reach > 0 else 2.0

    @staticmethod
    def _left(away: float) -> float:
        return float(max(1.0 - away * away, 0.0) ** 0.5)


def _nodes(low: float, high: float, step: float) -> FloatArray:
    nodes: FloatArray = low + step * np.arange(int(np.ceil((high - low) / step)) + 1, dtype=np.float64)
    return nodes


def _distance(rings: Sequence[FloatArray], x: FloatArray, y: FloatArray, margin: Margin) -> FloatArray:
    """Give the distance of nodes to outlines in units of the margin, negative inside; exact near the outlines."""
    outward = np.where(_enclosed(rings, x, y), -1.0, 1.0)
    across, along = (margin.left_mm, margin.right_mm), (margin.posterior_mm, margin.anterior_mm)
    half_x, half_y = (tuple(max(value, _NONE_MM) for value in pair) for pair in (across, along))
    reach_x, reach_y = max(half_x) + 2.0 * (x[1] - x[0]), max(half_y) + 2.0 * (y[1] - y[0])
    square = np.full(outward.shape, _FAR**2)
    for ring in rings:
        ends = np.roll(ring, -1, axis=0)
        low, high = np.minimum(ring, ends), np.maximum(ring, ends)
        left, right = np.searchsorted(x, low[:, 0] - reach_x), np.searchsorted(x, high[:, 0] + reach_x)
        bottom, top = np.searchsorted(y, low[:, 1] - reach_y), np.searchsorted(y, high[:, 1] + reach_y)
        for number, (start, end) in enumerate(zip(ring, ends, strict=True)):
            rows, columns = slice(bottom[number], top[number]), slice(left[number], right[number])
            side = outward[rows, columns]
            u = side * (x[columns] - start[0]), side * (y[rows, None] - start[1])
            e = side * (end[0] - start[0]), side * (end[1] - start[1])
            window = square[rows, columns]
            np.minimum(window, _nearest(u, e, half_x, half_y), out=window)
    result: FloatArray = outward * np.sqrt(square)
    return result


def _nearest(
    u: tuple[FloatArray, FloatArray],
    e: tuple[FloatArray, FloatArray],
    half_x: tuple[float, ...],
    half_y: tuple[float, ...],
) -> FloatArray:
    """Give the smallest square of the distance u - t e, 0 <= t <= 1, in half-axes that depend on its signs.

    It is convex and piecewise quadratic in t: its minimum is that of a piece, or lies where a sign changes.
    """
    pairs = {(a, b) for a in half_x for b in half_y}
    shares = [
        (u[0] * e[0] / a**2 + u[1] * e[1] / b**2) / np.maximum(e[0] ** 2 / a**2 + e[1] ** 2 / b**2, 1e-300)
        for a, b in pairs
    ]
    if len(pairs) > 1:
        shares += [one / np.where(other == 0, 1.0, other) for one, other in zip(u, e, strict=True)]
    best: FloatArray | None = None
    for share in shares:
        t = np.clip(share, 0.0, 1.0)
        vx, vy = u[0] - t * e[0], u[1] - t * e[1]
        square = (vx / np.where(vx > 0, half_x[0], half_x[1])) ** 2 + (vy / np.where(vy > 0, half_y[0], half_y[1])) ** 2
        best = square if best is None else np.minimum(best, square)
    assert best is not None
    return best


def _enclosed(rings: Sequence[FloatArray], x: FloatArray, y: FloatArray) -> NDArray[np.bool_]:
    """Say which nodes lie inside, by even-odd over all rings."""
    crossings = np.zeros((y.size, x.size + 1), dtype=np.intp)
    for ring in rings:
        ends = np.roll(ring, -1, axis=0)
        for (ax, ay), (bx, by) in zip(ring, ends, strict=True):
            rows = np.flatnonzero((y >= min(ay, by)) & (y < max(ay, by)))
            if rows.size:
                at = ax + (y[rows] - ay) * ((bx - ax) / (by - ay))
                np.add.at(crossings, (rows, np.searchsorted(x, at)), 1)
    result: NDArray[np.bool_] = np.cumsum(crossings, axis=1)[:, :-1] % 2 == 1
    return result
