"""The shape between and beyond contour planes: thin layers instead of one slab for each plane."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lungtox.geometry.outlines import Morph, enclosed_mm2, holds, morph
from lungtox.geometry.slabs import EndCap, structure_slabs
from lungtox.geometry.structure import Plane, Structure

FloatArray = NDArray[np.float64]
BetweenPlanes = Literal["slab", "interpolated"]

FEWEST_LAYERS = 4  # between two planes
MOST_LAYERS = 24
_NEGLIGIBLE = 1e-4  # of the last contour's area
_CLOSED = 0.02  # of it, where the next plane would have come: a tip that small is left out when drawing


@dataclass(frozen=True, eq=False)
class Layers:
    """A structure as layers of constant cross-section.

    Attributes
    ----------
    structure : Structure
        One plane for each layer.
    low_mm, high_mm : ndarray, shape (layers,)
    warnings : tuple of str
    """

    structure: Structure
    low_mm: FloatArray
    high_mm: FloatArray
    warnings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Link:
    """A ring of one plane and the ring of the next one that continues it."""

    ring: int
    following: int
    morph: Morph


def structure_layers(
    structure: Structure, *, end_cap: EndCap, between_planes: BetweenPlanes, slice_mm: float, step_mm: float
) -> Layers:
    """Give a structure as layers.

    With ``slab`` and without rounded ends these are the slabs of its contour planes. With ``interpolated``, rings of
    neighbouring planes that continue each other (each is the other's nearest, and their boxes overlap) are joined: the
    outlines in between follow straight lines from corner to matched corner, at that share of the way at which their
    area is the one that a smooth curve through the areas of four planes gives. A ring without continuation reaches
    half-way, as a slab does. ``rounded`` ends follow the trend of the last planes: they close where it goes to zero
    before the next plane would have come, else they end half-way to it.

    Parameters
    ----------
    structure : Structure
    end_cap : {"half-slice", "none", "rounded"}
    between_planes : {"slab", "interpolated"}
    slice_mm : float
        Thickness of a structure with a single plane.
    step_mm : float
        Wanted height of a layer.
    """
    low, high, warnings = structure_slabs(structure, end_cap=end_cap, slice_mm=slice_mm)
    plain = structure.faces_mm is not None or len(structure.planes) < 2
    if plain or (between_planes == "slab" and end_cap != "rounded"):
        return Layers(structure, low, high, warnings)
    return _Stack(structure, low, high).layers(end_cap, between_planes, step_mm, warnings)


class _Stack:
    """The planes of one structure with the links between their rings."""

    def __init__(self, structure: Structure, low: FloatArray, high: FloatArray) -> None:
        self.structure, self.low, self.high = structure, low, high
        self.z = np.array([plane.z_mm for plane in structure.planes])
        self.rings = [[np.asarray(r, dtype=np.float64) for r in p.rings if len(r) >= 3] for p in structure.planes]
        touching = np.abs(high[:-1] - low[1:]) < 1e-6
        self.links = [_links(*self.rings[i : i + 2]) if joined else None for i, joined in enumerate(touching)]
        self.usual = float(np.median(np.diff(self.z)))
        self.made: list[tuple[float, float, tuple[FloatArray, ...]]] = []

    def layers(
        self, end_cap: EndCap, between_planes: BetweenPlanes, step_mm: float, warnings: tuple[str, ...]
    ) -> Layers:
        """Make all layers, from below."""
        for i in range(self.z.size):
            lower = self.links[i - 1] if i > 0 else None
            upper = self.links[i] if i + 1 < self.z.size else None
            if lower is None:
                self._end(i, -1, end_cap, step_mm)
            elif between_planes == "slab":
                self._add(float(self.low[i]), float(self.z[i]), self.rings[i])
            if upper is None:
                self._end(i, 1, end_cap, step_mm)
            elif between_planes == "slab":
                self._add(float(self.z[i]), float(self.high[i]), self.rings[i])
            else:
                self._between(i, upper, step_mm)
        made = sorted(self.made, key=lambda layer: layer[0])
        planes = tuple(Plane(0.5 * (low + high), rings) for low, high, rings in made)
        low, high = np.array([layer[0] for layer in made]), np.array([layer[1] for layer in made])
        return Layers(Structure(self.structure.name, planes, self.structure.number), low, high, warnings)

    def _add(self, low: float, high: float, rings: list[FloatArray]) -> None:
        if rings and high > low:
            self.made.append((low, high, tuple(rings)))

    def _between(self, i: int, links: tuple[_Link, ...], step_mm: float) -> None:
        """Fill the space between plane i and the next one."""
        faces = _faces(float(self.z[i]), float(self.z[i + 1]), step_mm)
        curves = [self._curve(i, link) for link in links]
        alone = (
            [r for n, r in enumerate(self.rings[i]) if n not in {link.ring for link in links}],
            [r for n, r in enumerate(self.rings[i + 1]) if n not in {link.following for link in links}],
        )
        for low, high in pairwise(faces):
            middle = 0.5 * (low + high)
            share = float((middle - self.z[i]) / (self.z[i + 1] - self.z[i]))
            rings = list(alone[int(share > 0.5)])
            for link, curve in zip(links, curves, strict=True):
                limits = sorted((link.morph.area_mm2[0], float(link.morph.area_mm2.sum())))
                area = min(max(curve(middle), limits[0]), limits[1])
                way = link.morph.way_to(area, near=share, low=0.0, high=1.0)
                rings.append(link.morph.at(share if way is None else way))
            self._add(float(low), float(high), rings)

    def _end(self, i: int, side: int, end_cap: EndCap, step_mm: float) -> None:
        """Close the structure above (side 1) or below (-1) plane i."""
        flat = float(self.high[i] - self.z[i]) if side > 0 else float(self.z[i] - self.low[i])
        inner = (self.links[i - 1] if i > 0 else None) if side > 0 else self.links[i] if i < self.z.size - 1 else None
        if end_cap != "rounded" or not inner:
            self._outward(i, side, 0.0, flat, self.rings[i])
            return
        reach = 2.0 * flat
        neighbour = i + side
        if 0 <= neighbour < self.z.size:  # a hole in the stack: the other side may reach into it, too
            reach = min(reach, 0.5 * abs(float(self.z[neighbour] - self.z[i])))
        faces = _faces(0.0, reach, step_mm)
        closed = [self._closing(i, side, link, faces, flat) for link in inner]
        joined = {link.following if side > 0 else link.ring for link in inner}
        alone = [ring for number, ring in enumerate(self.rings[i]) if number not in joined]
        for number, (low, high) in enumerate(pairwise(faces)):
            rings = [outlines[number] for outlines in closed if number < len(outlines)]
            rings += alone if 0.5 * (low + high) < flat else []
            self._outward(i, side, float(low), float(high), rings)

    def _outward(self, i: int, side: int, near: float, far: float, rings: list[FloatArray]) -> None:
        z = float(self.z[i])
        self._add(*((z + near, z + far) if side > 0 else (z - far, z - near)), rings)

    def _closing(self, i: int, side: int, link: _Link, faces: FloatArray, flat: float) -> list[FloatArray]:
        """Give the outlines beyond the last plane, layer by layer, until nothing is left."""
        here, inward = (link.following, i - 1) if side > 0 else (link.ring, i)
        curve = self._curve(inward, link)
        # On the way of the link, the last plane is at 1 (above) or 0 (below), and further out lies beyond.
        at, low, high = (1.0, 1.0, np.inf) if side > 0 else (0.0, -np.inf, 0.0)
        full = abs(enclosed_mm2(self.rings[i][here])) * (1.0 - _NEGLIGIBLE)
        outlines: list[FloatArray] = []
        area = full
        for offset in 0.5 * (faces[:-1] + faces[1:]):
            wanted = curve(float(self.z[i]) + side * float(offset))
            if area < full and (wanted < _NEGLIGIBLE * full or wanted > area):
                return outlines  # closed: the trend has come to nothing, or to its turning point
            area = min(wanted, full)
            way = link.morph.way_to(area, near=at, low=low, high=high) if area < full else None
            if way is None and area < full:
                return outlines
            outlines.append(self.rings[i][here] if way is None else link.morph.at(way))
        if curve(float(self.z[i]) + side * float(faces[-1])) < _CLOSED * full:
            return outlines
        return outlines[: int(np.searchsorted(0.5 * (faces[:-1] + faces[1:]), flat))]

    def _curve(self, i: int, link: _Link) -> _AreaCurve:
        """Give the areas of the chain of rings around planes i and i + 1 as a function of z."""
        chain = [(i, link.ring), (i + 1, link.following)]
        while len(chain) < 4:
            before, after = self._previous(*chain[0]), self._next(*chain[-1])
            # Nearest first: grow on the shorter side, if there is something.
            grow_below = before is not None and (after is None or i - chain[0][0] <= chain[-1][0] - i - 1)
            if grow_below and before is not None:
                chain.insert(0, before)
            elif after is not None:
                chain.append(after)
            else:
                break
        z = np.array([self.z[plane] for plane, _ in chain])
        return _AreaCurve(z, np.array([abs(enclosed_mm2(self.rings[plane][ring])) for plane, ring in chain]))

    def _next(self, plane: int, ring: int) -> tuple[int, int] | None:
        links = self.links[plane] if plane + 1 < self.z.size else None
        return next(((plane + 1, link.following) for link in links or () if link.ring == ring), None)

    def _previous(self, plane: int, ring: int) -> tuple[int, int] | None:
        links = self.links[plane - 1] if plane > 0 else None
        return next(((plane - 1, link.ring) for link in links or () if link.following == ring), None)


class _AreaCurve:
    """Area as a function of z through up to four planes.

    Sections of what closes in all directions (sphere, cone) have areas that are quadratic in z; of what closes in one
    (a cylinder that lies across), it is their square. The power that leaves the smaller third difference is taken.
    """

    def __init__(self, z: FloatArray, area: FloatArray) -> None:
        self._origin = float(z.mean())
        z = z - self._origin
        self._power = 1
        if z.size == 4:
            bent = [abs(np.polyfit(z, (area / area.max()) ** power, 3)[0]) for power in (1, 2)]
            self._power = 2 if bent[1] < 0.5 * bent[0] else 1
        self._fit = np.polyfit(z, area**self._power, z.size - 1)

    def __call__(self, z_mm: float) -> float:
        value = float(np.polyval(self._fit, z_mm - self._origin))
        return float(max(value, 0.0) ** (1.0 / self._power))


def _faces(low: float, high: float, step_mm: float) -> FloatArray:
    count = int(np.clip(np.ceil((high - low) / step_mm), FEWEST_LAYERS, MOST_LAYERS))
    count += count % 2  # a face half-way: rings that are not continued end there
    return np.linspace(low, high, count + 1)


def _links(rings: list[FloatArray], following: list[FloatArray]) -> tuple[_Link, ...]:
    """Match rings of neighbouring planes: mutual nearest, boxes that overlap, both around a hole or neither."""
    if not rings or not following:
        return ()
    one, other = (np.stack([(*r.min(axis=0), *r.max(axis=0)) for r in side]) for side in (rings, following))
    # Distance of the boxes' lower and upper corners: rings inside each other share a middle, but not these.
    distance = ((one[:, None] - other) ** 2).sum(axis=2)
    overlap = (one[:, None, :2] <= other[:, 2:]).all(axis=2) & (other[:, :2] <= one[:, None, 2:]).all(axis=2)
    hole, next_hole = _holes(rings), _holes(following)
    distance[~overlap | (hole[:, None] != next_hole)] = np.inf
    found = []
    for number, row in enumerate(distance):
        best = int(np.argmin(row))
        if np.isfinite(row[best]) and int(np.argmin(distance[:, best])) == number:
            found.append(_Link(number, best, morph(rings[number], following[best])))
    return tuple(found)


def _holes(rings: list[FloatArray]) -> NDArray[np.bool_]:
    """Say which rings bound a hole: those that an odd number of others holds."""
    around = [
        sum(bool(holds(other, ring[:1])[0]) for k, other in enumerate(rings) if k != n) for n, ring in enumerate(rings)
    ]
    result: NDArray[np.bool_] = np.array(around) % 2 == 1
    return result
