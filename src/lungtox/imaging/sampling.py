"""Function images at the points where the dose was sampled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lungtox.dicom import FunctionImage
from lungtox.errors import Fault, InputError
from lungtox.geometry import interpolate

FloatArray = NDArray[np.float64]


def sample_function(
    function: FunctionImage,
    x_mm: FloatArray,
    y_mm: FloatArray,
    z_mm: FloatArray,
    *,
    volume_cc: FloatArray,
    frame_of_reference: str,
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
    frame_of_reference : str
        That of the points. The same one means the identity; another one needs a registration.
    who : str
        Stands at the front of every message: a study ID.

    Returns
    -------
    ndarray, shape (n,)
        By trilinear interpolation; some value is above 0.

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
    values = interpolate(function.image, x_mm, y_mm, z_mm)
    missing = np.isnan(values)
    if missing.any():
        share_pct = 100.0 * float(volume_cc[missing].sum()) / float(volume_cc.sum())
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
