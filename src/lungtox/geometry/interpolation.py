"""Trilinear interpolation at scattered points of a grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lungtox.errors import ParameterError
from lungtox.geometry.grid import Grid, Image

FloatArray = NDArray[np.float64]

_PIECE = 16_384  # points at a time: their arrays stay in the cache


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
    index = np.clip(_lower_neighbour(axis_mm, points_mm), 0, axis_mm.size - 2)
    part = (points_mm - axis_mm[index]) / (axis_mm[index + 1] - axis_mm[index])
    # A nanometre of slack for binary rounding: coordinates are sums of spacings.
    inside = (points_mm >= axis_mm[0] - 1e-6) & (points_mm <= axis_mm[-1] + 1e-6)
    return index, np.clip(part, 0.0, 1.0), inside


def _lower_neighbour(axis_mm: FloatArray, points_mm: FloatArray) -> NDArray[np.intp]:
    spacing = (axis_mm[-1] - axis_mm[0]) / (axis_mm.size - 1)
    if np.abs(np.diff(axis_mm) - spacing).max() > 1e-9 * spacing:
        return np.searchsorted(axis_mm, points_mm, side="right") - 1
    # Evenly spaced: a division instead of a search. A point on a voxel centre may fall to either side; its weight then
    # is 1 or 0, and the value the same.
    index: NDArray[np.intp] = np.floor((points_mm - axis_mm[0]) / spacing).astype(np.intp)
    return index


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
    points = [np.asarray(axis, dtype=np.float64) for axis in (x_mm, y_mm, z_mm)]
    shape = np.broadcast_shapes(*(axis.shape for axis in points))
    x, y, z = (np.broadcast_to(axis, shape).ravel() for axis in points)
    values = np.ascontiguousarray(image.values).ravel()
    result = np.empty(x.size)
    for start in range(0, x.size, _PIECE):
        at = slice(start, start + _PIECE)
        result[at] = _interpolated(image.grid, values, x[at], y[at], z[at])
    return result.reshape(shape)


def _interpolated(
    grid: Grid, values: NDArray[np.floating], x_mm: FloatArray, y_mm: FloatArray, z_mm: FloatArray
) -> FloatArray:
    x, y, z = grid.along_axes(x_mm, y_mm, z_mm)
    ix, px, inside_x = axis_weights(grid.x_mm, x)
    iy, py, inside_y = axis_weights(grid.y_mm, y)
    iz, pz, inside_z = axis_weights(grid.z_mm, z)
    row, plane = grid.x_mm.size, grid.x_mm.size * grid.y_mm.size
    corner = iz * plane + iy * row + ix
    result = np.zeros(corner.shape)
    for step_z, weight_z in ((0, 1.0 - pz), (plane, pz)):
        for step_y, weight_y in ((0, 1.0 - py), (row, py)):
            weight = weight_z * weight_y
            at = corner + (step_z + step_y)
            result += weight * (1.0 - px) * values[at] + weight * px * values[at + 1]
    result[~(inside_x & inside_y & inside_z)] = np.nan
    return result
