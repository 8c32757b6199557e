"""Function images at the points where the dose was sampled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lungtox.dicom import FunctionImage
from lungtox.errors import Fault, InputError
from lungtox.geometry import PointMap, interpolate

FloatArray = NDArray[np.float64]


def sample_function(
    function: FunctionImage,
    x_mm: FloatArray,
    y_mm: FloatArray,
    z_mm: FloatArray,
    *,
    volume_cc: FloatArray,
    to_image: PointMap,
    who: str,
) -> FloatArray:
    """Give local function at the points of a structure.

    Parameters
    ----------
    function : FunctionImage
    x_mm, y_mm, z_mm : ndarray, shape (n,)
        Points in the frame of reference of the dose.
    volume_cc : ndarray, shape (n,)
        Volume for which each point stands.
    to_image : PointMap
        Takes the points to the frame of reference of the image, as `map_frames` gives it.
    who : str
        Stands at the front of every message: a study ID.

    Returns
    -------
    ndarray, shape (n,)
        By trilinear interpolation; some value is above 0.

    Raises
    ------
    InputError
        The registration is not defined in all of the structure, or the image does not cover it, or is zero within it.
    """
    x, y, z = to_image(x_mm, y_mm, z_mm)
    undefined = ~(np.isfinite(x) & np.isfinite(y) & np.isfinite(z))
    if undefined.any():
        found = f"{_share_pct(undefined, volume_cc):.3g} % of their volume without a vector"
        action = "Export the deformable registration for the whole of the lungs."
        raise InputError(Fault(who, "a registration of all of the lungs", found, action, "registration-undefined"))
    values = interpolate(function.image, x, y, z)
    missing = np.isnan(values)
    if missing.any():
        found = f"{_share_pct(missing, volume_cc):.3g} % of their volume outside it"
        action = "Give the whole reconstruction, or leave this SPECT out."
        raise InputError(Fault(who, "a SPECT that covers the lungs", found, action, "spect-coverage"))
    if not np.any(values > 0):
        action = "Check that the SPECT belongs to this patient."
        raise InputError(Fault(who, "counts within the lungs", "none", action, "spect-values"))
    return values


def _share_pct(part: NDArray[np.bool_], volume_cc: FloatArray) -> float:
    return 100.0 * float(volume_cc[part].sum()) / float(volume_cc.sum())
