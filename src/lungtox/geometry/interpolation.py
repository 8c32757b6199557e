"""Trilinear interpolation at scattered points of a grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lungtox.errors import ParameterError
from lungtox.geometry.grid import Image

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]


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
    grid = image.grid
    x, y, z = grid.along_axes(*(np.asarray(axis, dtype=np.float64) for axis in (x_mm, y_mm, z_mm)))
    ix, px, inside_x = axis_weights(grid.x_mm, x)
    iy, py, inside_y = axis_weights(grid.y_mm, y)
    iz, pz, inside_z = axis_weights(grid.z_mm, z)
    values = np.ascontiguousarray(image.values).ravel()
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
