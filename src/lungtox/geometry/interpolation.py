"""Trilinear interpolation at scattered points of a grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lungtox.errors import ParameterError
from lungtox.geometry.grid import Grid, Image

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

PIECE = 16_384  # points at a time: their arrays stay in the cache


def axis_weights(axis_mm: FloatArray, points_mm: FloatArray) -> tuple[NDArray[np.intp], FloatArray, NDArray[np.bool_]]:
    """Find where points lie along an axis.

    The grid ends at the centres of its outermost voxels: there is no value to interpolate with further out, and none is
    extrapolated.

    Returns
    -------
    index : ndarray of int
        Lower neighbour.
    part : ndarray
        Weight of the upper neighbour, 0 to 1.
    inside : ndarray of bool
    """
    if axis_mm.size < 2:
        raise ParameterError("a grid needs at least two samples along each axis")
    spacing = (axis_mm[-1] - axis_mm[0]) / (axis_mm.size - 1)
    index: NDArray[np.intp]
    if np.abs(np.diff(axis_mm) - spacing).max() > 1e-9 * spacing:
        index = np.clip(np.searchsorted(axis_mm, points_mm, side="right") - 1, 0, axis_mm.size - 2)
        part = (points_mm - axis_mm[index]) / (axis_mm[index + 1] - axis_mm[index])
    else:
        # Evenly spaced: a division instead of a search. A point on a voxel centre may fall to either side; its weight
        # then is 1 or 0, and the value the same.
        part = (points_mm - axis_mm[0]) / spacing
        index = part.astype(np.intp)  # towards zero, as far as the points lie on the axis
        np.minimum(np.maximum(index, 0, out=index), axis_mm.size - 2, out=index)
        part -= index
    # A nanometre of slack for binary rounding: coordinates are sums of spacings.
    inside = (points_mm >= axis_mm[0] - 1e-6) & (points_mm <= axis_mm[-1] + 1e-6)
    return index, np.minimum(np.maximum(part, 0.0, out=part), 1.0, out=part), inside


def interpolate(image: Image, x_mm: ArrayLike, y_mm: ArrayLike, z_mm: ArrayLike) -> FloatArray:
    """Interpolate an image trilinearly.

    Parameters
    ----------
    image : Image
    x_mm, y_mm, z_mm : array_like, shape (points,)
        Patient coordinates, also for a grid that is turned against the patient axes.

    Returns
    -------
    ndarray, shape (points,)
        NaN outside the outermost voxel centres.
    """
    return interpolate_all(image.grid, [image.values], x_mm, y_mm, z_mm)[0]


def interpolate_all(
    grid: Grid, components: Sequence[NDArray[np.floating]], x_mm: ArrayLike, y_mm: ArrayLike, z_mm: ArrayLike
) -> list[FloatArray]:
    """Interpolate several images on one grid trilinearly, at the same points.

    Parameters
    ----------
    grid : Grid
    components : sequence of ndarray, each shape (nz, ny, nx)
    x_mm, y_mm, z_mm : array_like, shape (points,)

    Returns
    -------
    list of ndarray, each shape (points,)
        As `interpolate` gives them one by one.
    """
    points = [np.asarray(axis, dtype=np.float64) for axis in (x_mm, y_mm, z_mm)]
    shape = np.broadcast_shapes(*(axis.shape for axis in points))
    x, y, z = (np.broadcast_to(axis, shape).ravel() for axis in points)
    values = [np.ascontiguousarray(one, dtype=np.float64).ravel() for one in components]
    results = [np.empty(x.size) for _ in values]
    for start in range(0, x.size, PIECE):
        at = slice(start, start + PIECE)
        cells = _Cells(grid, x[at], y[at], z[at])
        for result, own in zip(results, values, strict=True):
            result[at] = cells.values(own)
    return [result.reshape(shape) for result in results]


class _Cells:
    """Where points lie between the samples of a grid."""

    def __init__(self, grid: Grid, x_mm: FloatArray, y_mm: FloatArray, z_mm: FloatArray) -> None:
        x, y, z = grid.along_axes(x_mm, y_mm, z_mm)
        ix, px, inside_x = axis_weights(grid.x_mm, x)
        iy, py, inside_y = axis_weights(grid.y_mm, y)
        iz, pz, inside_z = axis_weights(grid.z_mm, z)
        self._row, self._plane = grid.x_mm.size, grid.x_mm.size * grid.y_mm.size
        corner = iz * self._plane
        corner += iy * self._row
        corner += ix
        self._corner, self._parts = corner, (px, py, pz)
        self._outside = ~(inside_x & inside_y & inside_z)

    def values(self, values: FloatArray) -> FloatArray:
        """Interpolate the values of one image, shape (samples,)."""
        result = between_eight(values, self._corner, self._parts, row=self._row, plane=self._plane)
        result[self._outside] = np.nan
        return result


def between_eight(
    values: FloatArray,
    corner: IntArray,
    parts: tuple[FloatArray, FloatArray, FloatArray],
    *,
    row: int,
    plane: int,
) -> FloatArray:
    """Interpolate trilinearly between eight voxels.

    Parameters
    ----------
    values : ndarray, shape (samples,)
        Of the grid, x fastest.
    corner : ndarray of int
        Place in `values` of the lower neighbours.
    parts : tuple of ndarray, each of the shape of `corner`
        Weights of the upper neighbours along x, y and z.
    row, plane : int
        Distance in `values` of neighbours along y and along z.

    Returns
    -------
    ndarray, of the shape of `corner`
    """
    px, py, pz = parts

    def along_x(step: int) -> FloatArray:
        # Views from the neighbours on: one array of places serves all eight.
        low = values[step:].take(corner)
        change: FloatArray = values[step + 1 :].take(corner)
        change -= low
        change *= px
        change += low
        return change

    def along_y(step: int) -> FloatArray:
        low, change = along_x(step), along_x(step + row)
        change -= low
        change *= py
        change += low
        return change

    low, result = along_y(0), along_y(plane)
    result -= low
    result *= pz
    result += low
    return result


def interpolate_with_changes(
    values: NDArray[np.floating], lower: tuple[IntArray, IntArray, IntArray], part: tuple[FloatArray, ...]
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Interpolate trilinearly between eight voxels, and say what the values change by to the next voxel.

    Parameters
    ----------
    values : ndarray, shape (planes, rows, columns)
    lower : tuple of ndarray of int, each shape (points,)
        Plane, row and column of the lower neighbours.
    part : tuple of ndarray, each shape (points,)
        Weights of the upper neighbours, in the same order.

    Returns
    -------
    value, change_plane, change_row, change_column : ndarray, shape (points,)
        Changes along rows and columns are those in the lower plane.
    """
    (iz, iy, ix), (pz, py, px) = lower, part
    flat = np.ascontiguousarray(values).reshape(-1)
    row, plane = values.shape[2], values.shape[1] * values.shape[2]
    corner = iz * plane + iy * row + ix

    def in_plane(step: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        at = corner + step
        left = flat.take(at)
        change_row = flat.take(at + row) - left
        right = flat.take(at + 1)
        left += change_row * py
        change_column = right + (flat.take(at + (row + 1)) - right) * py - left
        return left + change_column * px, change_row, change_column

    below, change_row, change_column = in_plane(0)
    change_plane = in_plane(plane)[0] - below
    return below + change_plane * pz, change_plane, change_row, change_column
