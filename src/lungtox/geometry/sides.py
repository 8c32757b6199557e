"""A structure that holds both sides, such as both lungs in one ROI, taken apart into left and right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.errors import Fault, InputError
from lungtox.geometry.between import Layers
from lungtox.geometry.outlines import enclosed_mm2, holds
from lungtox.geometry.structure import Plane, Structure

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

SMALLER_SIDE = 0.2  # of the larger one; lungs are near 45 : 55, a collapsed one may be half of that


@dataclass(frozen=True, eq=False)
class _Part:
    """Rings, by layer and number, that hang together."""

    rings: tuple[tuple[int, int], ...]
    volume_mm3: float
    centre_mm: FloatArray
    low_x_mm: float
    high_x_mm: float


def split_sides(layers: Layers) -> tuple[Structure, Structure]:
    """Take a structure apart into its left and its right side.

    Rings that overlap from layer to layer hang together. The two largest parts must lie beside each other (further
    apart along x than along y and z), the smaller at least a fifth of the larger. Half-way between their centres stands
    the sagittal plane that every other part must leave on one side.

    Parameters
    ----------
    layers : Layers

    Returns
    -------
    left, right : Structure
        Left is the patient's: larger x (LPS). Each with the faces of its layers, so that both add to the whole exactly.

    Raises
    ------
    InputError
        Where the sides are not clear (``sides``): one part, two parts of one side, a part on both sides.
    """
    name = layers.structure.name
    parts = sorted(_parts(layers), key=lambda part: -part.volume_mm3)
    if len(parts) < 2 or parts[1].volume_mm3 < SMALLER_SIDE * parts[0].volume_mm3:
        share = 100.0 * parts[1].volume_mm3 / parts[0].volume_mm3 if len(parts) > 1 else 0.0
        raise _unclear(name, f"a second one of {share:.1f} % of the largest" if share else "all of it hangs together")
    apart = np.abs(parts[0].centre_mm - parts[1].centre_mm)
    if apart[0] <= apart[1:].max():
        raise _unclear(name, "the two largest ones behind or above each other")
    middle = 0.5 * float(parts[0].centre_mm[0] + parts[1].centre_mm[0])
    crossing = [part for part in parts[2:] if part.low_x_mm < middle < part.high_x_mm]
    if crossing:
        found = f"{len(crossing)} more on both sides of x = {middle:.1f} mm, the largest of"
        raise _unclear(name, f"{found} {crossing[0].volume_mm3 / 1000:.2f} cc")
    is_left = [float(part.centre_mm[0]) > middle for part in parts]
    left, right = (
        _collected(layers, [part for part, on_left in zip(parts, is_left, strict=True) if on_left == side], suffix)
        for side, suffix in ((True, "left"), (False, "right"))
    )
    return left, right


def on_left(left: Structure, right: Structure, x_mm: FloatArray, y_mm: FloatArray, z_mm: FloatArray) -> BoolArray:
    """Say which points of two structures, such as both lungs, belong to the left one.

    In the plane nearest to a point: the side of the line half-way between the two, and where they overlap along x
    (in front of the heart), whether the left one encloses it.

    Parameters
    ----------
    left, right : Structure
        Each with a plane at least.
    x_mm, y_mm, z_mm : ndarray, shape (points,)
        Points in one of the two.

    Returns
    -------
    ndarray of bool, shape (points,)
    """
    heights = np.unique([plane.z_mm for one in (left, right) for plane in one.planes])
    low, high = np.full(heights.size, np.inf), np.full(heights.size, -np.inf)
    outlines: dict[int, tuple[FloatArray, ...]] = {}
    for structure, is_left in ((left, True), (right, False)):
        for plane in structure.planes:
            k, corners = int(np.searchsorted(heights, plane.z_mm)), np.concatenate(plane.rings)[:, 0]
            if is_left:
                low[k], outlines[k] = corners.min(), plane.rings
            else:
                high[k] = corners.max()
    near = np.searchsorted(0.5 * (heights[1:] + heights[:-1]), z_mm)
    alone = ~(np.isfinite(low) & np.isfinite(high))
    middle = np.where(alone, np.where(np.isfinite(low), -np.inf, np.inf), 0.0)
    middle[~alone] = 0.5 * (low + high)[~alone]
    result: BoolArray = x_mm > middle[near]
    for k in np.flatnonzero(~alone & (low < high)).tolist():
        unclear = np.flatnonzero((near == k) & (x_mm > low[k]) & (x_mm < high[k]))
        points = np.column_stack([x_mm[unclear], y_mm[unclear]])
        result[unclear] = sum(holds(ring, points) for ring in outlines[k]) % 2 == 1 if unclear.size else False
    return result


def _unclear(name: str, found: str) -> InputError:
    action = "Draw the two sides as structures of their own: where one ends is not guessed."
    return InputError(Fault(name, "a left and a right part that do not touch", found, action, "sides"))


def _collected(layers: Layers, parts: list[_Part], suffix: str) -> Structure:
    wanted = {ring for part in parts for ring in part.rings}
    planes, faces = [], []
    for i, plane in enumerate(layers.structure.planes):
        rings = tuple(ring for number, ring in enumerate(plane.rings) if (i, number) in wanted)
        if rings:
            planes.append(Plane(plane.z_mm, rings))
            faces.append((float(layers.low_mm[i]), float(layers.high_mm[i])))
    name = f"{layers.structure.name} ({suffix})"
    return Structure(name, tuple(planes), faces_mm=np.array(faces).reshape(-1, 2))


def _parts(layers: Layers) -> list[_Part]:
    planes = layers.structure.planes
    owner: dict[tuple[int, int], tuple[int, int]] = {
        (i, n): (i, n) for i, plane in enumerate(planes) for n in range(len(plane.rings))
    }

    def root(ring: tuple[int, int]) -> tuple[int, int]:
        while owner[ring] != ring:
            owner[ring] = owner[owner[ring]]
            ring = owner[ring]
        return ring

    for i, plane in enumerate(planes):
        following = planes[i + 1].rings if i + 1 < len(planes) else ()
        for n, ring in enumerate(plane.rings):
            beside = [((i, k), other) for k, other in enumerate(plane.rings) if k > n]
            for key, other in [*beside, *(((i + 1, k), other) for k, other in enumerate(following))]:
                if root(key) != root((i, n)) and _overlap(ring, other):
                    owner[root(key)] = root((i, n))
    groups: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for key in owner:
        groups.setdefault(root(key), []).append(key)
    return [_part(layers, rings) for rings in groups.values()]


def _part(layers: Layers, rings: list[tuple[int, int]]) -> _Part:
    volume, moment = 0.0, np.zeros(3)
    low, high = np.inf, -np.inf
    for i, n in rings:
        plane = layers.structure.planes[i]
        ring = plane.rings[n]
        inside = sum(holds(other, ring[:1])[0] for k, other in enumerate(plane.rings) if k != n)
        own = abs(enclosed_mm2(ring)) * float(layers.high_mm[i] - layers.low_mm[i]) * (-1.0 if inside % 2 else 1.0)
        volume += own
        moment += own * np.append(0.5 * (ring.min(axis=0) + ring.max(axis=0)), plane.z_mm)
        low, high = min(low, float(ring[:, 0].min())), max(high, float(ring[:, 0].max()))
    return _Part(tuple(rings), volume, moment / max(volume, 1e-9), low, high)


def _overlap(one: FloatArray, other: FloatArray) -> bool:
    if np.any(one.max(axis=0) < other.min(axis=0)) or np.any(other.max(axis=0) < one.min(axis=0)):
        return False
    return bool(holds(one, other).any() or holds(other, one).any() or _cross(one, other))


def _cross(one: FloatArray, other: FloatArray) -> bool:
    """Say whether outlines cross though neither has a corner inside the other (two bars of a cross)."""
    a, b = one[:, None], np.roll(one, -1, axis=0)[:, None]
    c, d = other[None], np.roll(other, -1, axis=0)[None]

    def turn(p: FloatArray, q: FloatArray, r: FloatArray) -> FloatArray:
        result: FloatArray = (q[..., 0] - p[..., 0]) * (r[..., 1] - p[..., 1])
        result = result - (q[..., 1] - p[..., 1]) * (r[..., 0] - p[..., 0])
        return result

    return bool(((turn(a, b, c) * turn(a, b, d) < 0) & (turn(c, d, a) * turn(c, d, b) < 0)).any())
