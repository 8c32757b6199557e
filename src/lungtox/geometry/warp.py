"""An image of a session brought to the planning grid through a deformation field, plane by plane."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import numpy as np
from numpy.typing import NDArray

from lungtox.geometry.deformation_field import DeformationField
from lungtox.geometry.grid import Grid, Image
from lungtox.geometry.interpolation import PIECE, axis_weights, between_eight, interpolate
from lungtox.geometry.transform import RigidMap

FloatArray = NDArray[np.float64]

_EVEN_MM = 1e-6
_SNAP = 1e-9


class Warp:
    """Values of an image at the places to which a field leads from the points of a grid.

    Parameters
    ----------
    image : Image
        Of the session.
    field : DeformationField or None
        Leads from points of the grid to the image; None where both lie in one frame and nothing moves.
    grid : Grid
        Of the plan.
    """

    def __init__(self, image: Image, field: DeformationField | None, grid: Grid) -> None:
        self._field, self._grid, self._to = field, grid, image.grid
        self._values = np.ascontiguousarray(image.values, dtype=np.float64).reshape(-1)
        before, after = (RigidMap.identity(),) * 2 if field is None else (field.before, field.after)
        of_image, of_grid = (np.eye(3) if one.turn is None else one.turn for one in (image.grid, grid))
        # Along the axes of the image: turned @ (along the axes of the grid) + bent @ vector + shift.
        self._bent = of_image @ after.rotation
        self._turned = self._bent @ before.rotation @ of_grid.T
        self._shift = self._bent @ before.shift_mm + of_image @ after.shift_mm
        self._aligned = np.array_equal(self._turned, np.eye(3))
        self._straight = np.array_equal(self._bent, np.eye(3))
        self._index = [_Index(axis) for axis in (self._to.x_mm, self._to.y_mm, self._to.z_mm)]
        self._vectors = None if field is None else _Vectors(field, grid)

    def planes(self, first: int, last: int) -> Iterator[tuple[int, FloatArray]]:
        """Give planes of the grid with their numbers, each shape (ny, nx); NaN without a vector, and outside the image.

        Neighbouring planes share work: a thread takes a range of them.
        """
        vectors = None if self._vectors is None else self._vectors.planes(first, last)
        rows = max(1, PIECE // self._grid.x_mm.size)
        for number in range(first, last):
            moved = None if vectors is None else next(vectors)
            result = np.empty(self._grid.shape[1:])
            for start in range(0, self._grid.y_mm.size, rows):
                piece = slice(start, start + rows)
                x, y, z = self._places(number, piece, None if moved is None else moved[:, piece])
                self._at(x, y, z, result[piece])
            yield number, result

    def _places(self, number: int, rows: slice, moved: NDArray[np.floating] | None) -> list[FloatArray]:
        """Give positions in the image, counted in voxels, of some rows of a plane."""
        axes = (self._grid.x_mm[None, :], self._grid.y_mm[rows, None], np.array([[self._grid.z_mm[number]]]))
        if moved is not None and not self._straight:
            moved = np.tensordot(self._bent, moved, axes=1)
        places = []
        for axis, index in enumerate(self._index):
            if self._aligned and index.even:
                place = index.snapped(axes[axis] + self._shift[axis])
                places.append(place if moved is None else place + moved[axis] * (1.0 / index.step_mm))
                continue
            at = sum(self._turned[axis, j] * axes[j] for j in range(3) if self._turned[axis, j]) + self._shift[axis]
            places.append(index.of(at if moved is None else at + moved[axis]))
        shape = (axes[1].size, axes[0].size)
        return [place if place.shape == shape else np.broadcast_to(place, shape) for place in places]

    def _at(self, x: FloatArray, y: FloatArray, z: FloatArray, result: FloatArray) -> None:
        """Interpolate trilinearly into an array."""
        nz, ny, nx = self._to.shape
        with np.errstate(invalid="ignore"):
            (ix, px), (iy, py), (iz, pz) = (_split(at, size) for at, size in ((x, nx), (y, ny), (z, nz)))
        iz *= ny
        iz += iy
        iz *= nx
        iz += ix
        result[...] = between_eight(self._values, iz, (px, py, pz), row=nx, plane=ny * nx)


def pull_back(image: Image, field: DeformationField | None, grid: Grid, *, threads: int = 1) -> Image:
    """Bring an image of a session to the planning grid: at each point the value at the end of its vector.

    Parameters
    ----------
    image : Image
    field : DeformationField or None
    grid : Grid
    threads : int
        The result does not depend on it.

    Returns
    -------
    Image
        By trilinear interpolation; NaN without a vector and outside the image.
    """
    warp = Warp(image, field, grid)
    values = np.empty(grid.shape)

    def fill(first: int, last: int) -> None:
        for number, plane in warp.planes(first, last):
            values[number] = plane

    in_threads(fill, grid.z_mm.size, threads=threads)
    return Image(grid, values)


def in_threads(
    do: Callable[[int, int], None], count: int, *, threads: int, pool: ThreadPoolExecutor | None = None
) -> None:
    """Call a function with ranges (first, last) that cover 0 to count; each writes its own part of a result.

    Parameters
    ----------
    do : callable
    count : int
    threads : int
    pool : ThreadPoolExecutor, optional
        Threads to use; their own ones are made without it.
    """
    if threads == 1:
        do(0, count)
        return
    ends = np.linspace(0, count, min(4 * threads, count) + 1).astype(int).tolist()
    with nullcontext(pool) if pool is not None else ThreadPoolExecutor(max_workers=threads) as workers:
        for _ in workers.map(do, ends[:-1], ends[1:]):
            pass


def _split(at: FloatArray, size: int) -> tuple[NDArray[np.intp], FloatArray]:
    """Give lower neighbour and weight of the upper one; NaN as weight outside."""
    index = at.astype(np.intp)
    if at.min() >= 0.0 and at.max() < size - 1:  # False for NaN
        return index, at - index
    np.minimum(np.maximum(index, 0, out=index), size - 2, out=index)
    part = at - index
    outside = ~((part >= -1e-6) & (part <= 1.0 + 1e-6))
    np.minimum(np.maximum(part, 0.0, out=part), 1.0, out=part)
    part[outside] = np.nan
    return index, part


class _Index:
    """From mm along an axis to positions counted in voxels."""

    def __init__(self, axis_mm: FloatArray) -> None:
        self.axis_mm, count = axis_mm, axis_mm.size
        self.step_mm = float(axis_mm[-1] - axis_mm[0]) / (count - 1)
        self.even = bool(np.abs(axis_mm - axis_mm[0] - self.step_mm * np.arange(count)).max() <= _EVEN_MM)

    def of(self, at_mm: FloatArray) -> FloatArray:
        """Give positions; NaN beyond the ends of an uneven axis."""
        if self.even:
            place: FloatArray = (at_mm - self.axis_mm[0]) / self.step_mm
            return place
        near = np.clip(at_mm, self.axis_mm[0], self.axis_mm[-1])
        found = np.interp(near, self.axis_mm, np.arange(self.axis_mm.size, dtype=np.float64))
        return np.where(np.abs(at_mm - near) <= _EVEN_MM, found, np.nan)

    def snapped(self, at_mm: FloatArray) -> FloatArray:
        """Give positions; what lies on a voxel but for rounding lies on it: a field of zeros changes nothing."""
        place = (at_mm - self.axis_mm[0]) / self.step_mm
        whole = np.rint(place)
        found: FloatArray = np.where(np.abs(place - whole) <= _SNAP, whole, place)
        return found


class _Vectors:
    """Vectors of a field at the points of another grid."""

    def __init__(self, field: DeformationField, grid: Grid) -> None:
        self._field, self._grid = field, grid
        one, other = field.grid.turn, grid.turn
        self._along = one is other or (one is not None and other is not None and np.array_equal(one, other))
        own = field.grid
        pairs = ((own.x_mm, grid.x_mm), (own.y_mm, grid.y_mm), (own.z_mm, grid.z_mm))
        self._weights = [_axis_weights(axis, points) for axis, points in pairs] if self._along else []

    def planes(self, first: int, last: int) -> Iterator[NDArray[np.floating]]:
        """Give the vectors of planes one by one, shape (3, ny, nx), NaN where there is none.

        Where the grids share their axes, interpolation goes axis by axis, in the precision of the field.
        """
        if not self._along:
            yield from (self._scattered(number) for number in range(first, last))
            return
        index, part = self._weights[2]
        across: dict[int, NDArray[np.floating]] = {}
        for number in range(first, last):
            node, share = int(index[number]), part[number].astype(self._field.vectors_mm.dtype)
            needed = (node,) if share == 0.0 else (node, node + 1)
            across = {one: across[one] if one in across else self._across(one) for one in needed}
            yield across[node] if share == 0.0 else across[node] + share * (across[node + 1] - across[node])

    def _across(self, node: int) -> NDArray[np.floating]:
        """Interpolate one plane of nodes along its rows, then along its columns."""
        (ix, px), (iy, py), _ = self._weights
        found = self._field.vectors_mm[:, node]
        for axis, index, part in ((2, ix, px), (1, iy, py)):
            low = found.take(index, axis=axis)
            if part.any():
                share = part.astype(found.dtype)
                change = found.take(index + 1, axis=axis)
                change -= low
                change *= share if axis == 2 else share[:, None]
                low += change
            found = low
        return found

    def _scattered(self, number: int) -> FloatArray:
        grid = self._grid
        x, y = (axis.ravel() for axis in np.meshgrid(grid.x_mm, grid.y_mm))
        places = (x, y, np.full(x.size, grid.z_mm[number]))
        if grid.turn is not None:
            px, py, pz = (sum(row[i] * place for row, place in zip(grid.turn, places, strict=True)) for i in range(3))
            places = (px, py, pz)
        shape = (grid.y_mm.size, grid.x_mm.size)
        fields = (Image(self._field.grid, component) for component in self._field.vectors_mm)
        return np.stack([interpolate(one, *places).reshape(shape) for one in fields])


def _axis_weights(axis_mm: FloatArray, points_mm: FloatArray) -> tuple[NDArray[np.intp], FloatArray]:
    """Give lower neighbours and weights; NaN outside, and whole nodes without rounding."""
    index, part, inside = axis_weights(axis_mm, points_mm)
    part = np.where(np.abs(part - np.rint(part)) <= _SNAP, np.rint(part), part)
    move = (part == 1.0) & (index < axis_mm.size - 2)
    index, part = np.where(move, index + 1, index), np.where(move, 0.0, part)
    return index, np.where(inside, part, np.nan)
