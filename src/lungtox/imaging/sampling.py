"""Function images at the points where the dose was sampled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lungtox.dicom import FunctionImage
from lungtox.errors import Fault, InputError
from lungtox.geometry import Image

FloatArray = NDArray[np.float64]


def interpolate(image: Image, points_mm: FloatArray) -> FloatArray:
    """Trilinear interpolation between voxel centres.

    Parameters
    ----------
    image : Image
    points_mm : ndarray, shape (n, 3)
        x, y, z.

    Returns
    -------
    ndarray, shape (n,)
        Between the outermost centres and the edge of their voxels the outermost value holds; beyond it is NaN.
    """
    x, y, z = (
        _place(axis, points_mm[:, column])
        for column, axis in enumerate((image.grid.x_mm, image.grid.y_mm, image.grid.z_mm))
    )
    flat = np.ascontiguousarray(image.values, dtype=np.float64).ravel()
    _, ny, nx = image.grid.shape
    total = np.zeros(len(points_mm))
    for z_index, z_weight in ((z[0], 1 - z[2]), (z[1], z[2])):
        for y_index, y_weight in ((y[0], 1 - y[2]), (y[1], y[2])):
            row = (z_index * ny + y_index) * nx
            plane = z_weight * y_weight
            total += plane * ((1 - x[2]) * flat[row + x[0]] + x[2] * flat[row + x[1]])
    return total


def _place(axis_mm: FloatArray, at_mm: FloatArray) -> tuple[NDArray[np.intp], NDArray[np.intp], FloatArray]:
    """Give the sample before, the sample after and the fraction between them; NaN outside the voxels."""
    if axis_mm.size == 1:
        first = np.zeros(at_mm.size, dtype=np.intp)
        return first, first, np.where(at_mm == axis_mm[0], 0.0, np.nan)
    before = np.clip(np.searchsorted(axis_mm, at_mm, side="right") - 1, 0, axis_mm.size - 2)
    fraction = (at_mm - axis_mm[before]) / (axis_mm[before + 1] - axis_mm[before])
    outside = (fraction < -0.5) | (fraction > 1.5)
    return before, before + 1, np.where(outside, np.nan, np.clip(fraction, 0.0, 1.0))


def sample_function(
    function: FunctionImage,
    points_mm: FloatArray,
    *,
    volumes_cc: FloatArray,
    frame_of_reference: str,
    who: str,
) -> FloatArray:
    """Give local function at the points of a structure.

    Parameters
    ----------
    function : FunctionImage
    points_mm : ndarray, shape (n, 3)
        x, y, z in the frame of reference of the dose.
    volumes_cc : ndarray, shape (n,)
        Volume for which each point stands.
    frame_of_reference : str
        That of the points. The same one means the identity; another one needs a registration.
    who : str
        Stands at the front of every message: a study ID.

    Returns
    -------
    ndarray, shape (n,)
        Never negative, not all zero.

    Raises
    ------
    InputError
        The image lies in another frame of reference, does not cover the structure, or is zero within it.
    """
    if function.frame_of_reference != frame_of_reference:
        raise InputError(
            Fault(
                who,
                "a SPECT in the frame of reference of the dose",
                "another frame of reference",
                "Resample the SPECT to the planning CT; registration objects are not read yet.",
                "spect-frame",
            )
        )
    values = interpolate(function.image, points_mm)
    missing = np.isnan(values)
    if missing.any():
        share_pct = 100.0 * float(volumes_cc[missing].sum()) / float(volumes_cc.sum())
        raise InputError(
            Fault(
                who,
                "a SPECT that covers the lungs",
                f"{share_pct:.3g} % of their volume outside it",
                "Give the whole reconstruction, or leave this SPECT out.",
                "spect-coverage",
            )
        )
    if not np.any(values > 0):
        raise InputError(
            Fault(
                who, "counts within the lungs", "none", "Check that the SPECT belongs to this patient.", "spect-values"
            )
        )
    return values
