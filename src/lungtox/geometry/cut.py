"""Planes cut through an image along the patient axes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lungtox.errors import ParameterError
from lungtox.geometry.grid import Image
from lungtox.geometry.interpolation import axis_weights, interpolate
from lungtox.geometry.transform import PointMap

FloatArray = NDArray[np.float64]


def plane_values(image: Image, axes: Sequence[FloatArray], *, through: PointMap | None = None) -> FloatArray:
    """Interpolate an image trilinearly in a transversal, coronal or sagittal plane.

    Parameters
    ----------
    image : Image
    axes : sequence of ndarray
        Patient coordinates x, y and z of the points; one of the three has a single value.
    through : PointMap, optional
        From the frame of reference of the plane to that of the image.

    Returns
    -------
    ndarray, shape (points along the later axis, points along the earlier one)
        Rows along y or z. NaN outside the outermost voxel centres, and where the map is not defined.

    Raises
    ------
    ParameterError
        No axis with a single value.
    """
    sizes = [axis.size for axis in axes]
    if len(axes) != 3 or 1 not in sizes:
        raise ParameterError(f"a plane has one coordinate along one axis, got {sizes} along x, y, z")
    grid = image.grid
    if through is None and grid.turn is None:
        values, order = np.asarray(image.values), np.argsort(sizes, kind="stable")
        for number in order:  # the single coordinate first: what follows has two dimensions
            values = _along(values, (grid.x_mm, grid.y_mm, grid.z_mm)[number], axes[number], axis=2 - number)
        return _flat(values, sizes)
    z, y, x = (axis.ravel() for axis in np.meshgrid(axes[2], axes[1], axes[0], indexing="ij"))
    points = (x, y, z) if through is None else through(x, y, z)
    known = np.logical_and.reduce([np.isfinite(axis) for axis in points])
    found = np.full(x.shape, np.nan)
    found[known] = interpolate(image, *(axis[known] for axis in points))
    return _flat(found.reshape(sizes[::-1]), sizes)


def _flat(values: FloatArray, sizes: Sequence[int]) -> FloatArray:
    result: FloatArray = np.squeeze(values, axis=2 - sizes.index(1)).astype(np.float64, copy=False)
    return result


def _along(values: FloatArray, axis_mm: FloatArray, points_mm: FloatArray, *, axis: int) -> FloatArray:
    index, part, inside = axis_weights(axis_mm, points_mm)
    shape = [1, 1, 1]
    shape[axis] = part.size
    weight = part.reshape(shape)
    low, high = np.take(values, index, axis=axis), np.take(values, index + 1, axis=axis)
    # A corner of weight 0 does not count, as in `interpolate`; values are finite.
    result = (1.0 - weight) * low + weight * high
    result = np.where(inside.reshape(shape), result, np.nan)
    return result
