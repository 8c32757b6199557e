"""A coarse planning CT of a phantom, with the Hounsfield units of a textbook."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lungtox.geometry import Grid, Image
from lungtox.synthetic.anatomy import (
    body_distance,
    cord_centre_mm,
    esophagus_centre_mm,
    lung_distances,
    tumour_distances,
    vertebra_distance,
)
from lungtox.synthetic.phantom import Phantom

FloatArray = NDArray[np.float64]

_PIXEL_MM = 4.0
_PIXELS = 128
_AIR, _FAT, _TISSUE, _LUNG, _BLOOD, _TUMOUR, _BONE, _CORD = -1000.0, -95.0, 45.0, -790.0, 55.0, 35.0, 320.0, 30.0
_FAT_MM = 11.0
_NOISE_HU = 12.0


def make_ct(phantom: Phantom, rng: np.random.Generator) -> Image:
    """Paint the CT on 128 x 128 pixels of 4 mm, one slice on each plane of the BODY contours.

    Parameters
    ----------
    phantom : Phantom
    rng : numpy.random.Generator
        For the noise.
    """
    anatomy = phantom.anatomy
    x: FloatArray = (np.arange(_PIXELS, dtype=np.float64) - (_PIXELS - 1) / 2) * _PIXEL_MM
    z = np.array([plane.z_mm for plane in phantom.structures["BODY"].planes]) - anatomy.origin_mm[2]
    axes = (x[None, None, :], x[None, :, None], z[:, None, None])
    body = body_distance(anatomy, *axes)
    solids = lung_distances(anatomy, *axes) | tumour_distances(anatomy, *axes)
    lung = np.minimum(solids["Lung_L"], solids["Lung_R"])
    values = np.where(body < 0.0, np.where(body < -_FAT_MM, _TISSUE, _FAT), _AIR)
    values[_ribs(solids["cage"], *axes)] = _BONE
    values = np.where(solids["Heart"] < 0.0, _BLOOD, values)
    values = np.where(vertebra_distance(anatomy, *axes) < 0.0, _BONE, values)
    values = _paint_tubes(values, phantom, axes)
    # Denser towards the back, where blood and weight gather.
    values = np.where(lung < 0.0, _LUNG + 60.0 * axes[1] / anatomy.cavity_mm[1], values)
    values = np.where(solids["GTV"] < 0.0, _TUMOUR, values)
    values += np.where(body < 0.0, _NOISE_HU, 4.0) * rng.standard_normal(values.shape)
    dx, dy, dz = anatomy.origin_mm
    return Image(Grid(x + dx, x + dy, z + dz), values)


def _ribs(cage: FloatArray, x: FloatArray, y: FloatArray, z: FloatArray) -> NDArray[np.bool_]:
    """Slanting bands just outside the rib cage, falling from the spine to the front."""
    band = np.cos(2.0 * np.pi * (z - 0.35 * y) / 32.0) > 0.2
    inside: NDArray[np.bool_] = (cage > 3.0) & (cage < 11.0) & band & (np.abs(x) > 15.0)
    return inside


def _paint_tubes(values: FloatArray, phantom: Phantom, axes: tuple[FloatArray, FloatArray, FloatArray]) -> FloatArray:
    anatomy, (x, y, z) = phantom.anatomy, axes
    cord_x, cord_y = cord_centre_mm(anatomy, z)
    to_cord = np.hypot(x - cord_x, y - cord_y)
    values = np.where(to_cord < anatomy.cord_mm[0] + 7.0, _BONE, values)
    values = np.where(to_cord < anatomy.cord_mm[0] + 2.5, _CORD, values)
    tube_x, tube_y = esophagus_centre_mm(anatomy, z)
    # The windpipe lies before the oesophagus and ends where it divides, a little above the hilum.
    windpipe = (np.hypot(x - tube_x, y - tube_y + 18.0) < 8.0) & (z > anatomy.hilum_z_mm + 18.0)
    return np.where(windpipe, _AIR, values)
