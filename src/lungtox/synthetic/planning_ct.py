"""Coarse CTs of a phantom, for planning and beside the SPECT, with the Hounsfield units of a textbook."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lungtox.geometry import Grid, Image, RigidMap
from lungtox.synthetic.anatomy import (
    Anatomy,
    body_distance,
    cord_centre_mm,
    esophagus_centre_mm,
    lung_distances,
    tumour_distances,
    vertebra_distance,
)
from lungtox.synthetic.phantom import Phantom

FloatArray = NDArray[np.float64]
Axes = tuple[FloatArray, FloatArray, FloatArray]

_PIXEL_MM = 4.0
_PIXELS = 128
_AIR, _FAT, _TISSUE, _LUNG, _BLOOD, _TUMOUR, _BONE, _CORD = -1000.0, -95.0, 45.0, -790.0, 55.0, 35.0, 320.0, 30.0
_FAT_MM = 11.0
_NOISE_HU, _NOISE_AIR_HU = 12.0, 4.0
_LOW_DOSE = 3.0
"""Noise of the CT of a SPECT/CT, a ninth of the dose, against that of the planning CT."""
_SLICE_MM, _BEYOND_MM = 4.42, 25.0


def make_ct(phantom: Phantom, rng: np.random.Generator) -> Image:
    """Paint the CT on 128 x 128 pixels of 4 mm, one slice on each plane of the BODY contours.

    Parameters
    ----------
    phantom : Phantom
    rng : numpy.random.Generator
        For the noise.
    """
    anatomy = phantom.anatomy
    x = _pixels()
    z = np.array([plane.z_mm for plane in phantom.structures["BODY"].planes]) - anatomy.origin_mm[2]
    values, body = _paint(anatomy, (x[None, None, :], x[None, :, None], z[:, None, None]))
    values += np.where(body, _NOISE_HU, _NOISE_AIR_HU) * rng.standard_normal(values.shape)
    dx, dy, dz = anatomy.origin_mm
    return Image(Grid(x + dx, x + dy, z + dz), values)


def make_spect_ct(phantom: Phantom, to_camera: RigidMap, rng: np.random.Generator) -> Image:
    """Paint the low-dose CT of a SPECT/CT: the patient lies there as a rigid map tells, and breathes as on the other.

    Parameters
    ----------
    phantom : Phantom
    to_camera : RigidMap
        From the plan's frame of reference to that of the camera.
    rng : numpy.random.Generator
        For the noise, and for where the voxels lie.

    Returns
    -------
    Image
        128 x 128 pixels of 4 mm, slices 4.42 mm apart, around the lungs; noise three times that of the planning CT.
    """
    heights = [plane.z_mm for name in ("Lung_L", "Lung_R") for plane in phantom.structures[name].planes]
    middle_mm = np.array([*phantom.middle_mm[:2], 0.5 * (min(heights) + max(heights))])
    centre = [float(axis[0]) for axis in to_camera(*middle_mm[:, None])]
    half = 0.5 * (max(heights) - min(heights)) + _BEYOND_MM
    across = (centre[0] + _pixels(), centre[1] + _pixels())
    z = centre[2] + np.arange(-np.ceil(half / _SLICE_MM), np.ceil(half / _SLICE_MM) + 1) * _SLICE_MM
    x, y, z = (axis - axis[0] + np.round(axis[0] + rng.uniform(-2.0, 2.0), 2) for axis in (*across, z))
    grid = Grid(x, y, z)
    places = np.meshgrid(z, y, x, indexing="ij")
    back = to_camera.inverse()(*(axis.ravel() for axis in places[::-1]))
    own = [axis - origin for axis, origin in zip(back, phantom.anatomy.origin_mm, strict=True)]
    near = np.flatnonzero(np.all(np.abs(own[:2]) < 1.1 * np.array(phantom.anatomy.body_mm)[:, None], axis=0))
    values, body = np.full(own[0].shape, _AIR), np.zeros(own[0].shape, dtype=bool)
    values[near], body[near] = _paint(phantom.anatomy, (own[0][near], own[1][near], own[2][near]))
    values += _LOW_DOSE * np.where(body, _NOISE_HU, _NOISE_AIR_HU) * rng.standard_normal(values.shape)
    return Image(grid, values.reshape(grid.shape))


def _pixels() -> FloatArray:
    pixels: FloatArray = (np.arange(_PIXELS, dtype=np.float64) - (_PIXELS - 1) / 2) * _PIXEL_MM
    return pixels


def _paint(anatomy: Anatomy, axes: Axes) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Give HU at points of the phantom's coordinates, and which lie within the body; the axes broadcast."""
    body = body_distance(anatomy, *axes)
    solids = lung_distances(anatomy, *axes) | tumour_distances(anatomy, *axes)
    lung = np.minimum(solids["Lung_L"], solids["Lung_R"])
    values = np.where(body < 0.0, np.where(body < -_FAT_MM, _TISSUE, _FAT), _AIR)
    values[_ribs(solids["cage"], *axes)] = _BONE
    values = np.where(solids["Heart"] < 0.0, _BLOOD, values)
    values = np.where(vertebra_distance(anatomy, *axes) < 0.0, _BONE, values)
    values = _paint_tubes(values, anatomy, axes)
    # Denser towards the back, where blood and weight gather.
    values = np.where(lung < 0.0, _LUNG + 60.0 * axes[1] / anatomy.cavity_mm[1], values)
    return np.where(solids["GTV"] < 0.0, _TUMOUR, values), body < 0.0


def _ribs(cage: FloatArray, x: FloatArray, y: FloatArray, z: FloatArray) -> NDArray[np.bool_]:
    """Slanting bands just outside the rib cage, falling from the spine to the front."""
    band = np.cos(2.0 * np.pi * (z - 0.35 * y) / 32.0) > 0.2
    inside: NDArray[np.bool_] = (cage > 3.0) & (cage < 11.0) & band & (np.abs(x) > 15.0)
    return inside


def _paint_tubes(values: FloatArray, anatomy: Anatomy, axes: Axes) -> FloatArray:
    x, y, z = axes
    cord_x, cord_y = cord_centre_mm(anatomy, z)
    to_cord = np.hypot(x - cord_x, y - cord_y)
    values = np.where(to_cord < anatomy.cord_mm[0] + 7.0, _BONE, values)
    values = np.where(to_cord < anatomy.cord_mm[0] + 2.5, _CORD, values)
    tube_x, tube_y = esophagus_centre_mm(anatomy, z)
    # The windpipe lies before the oesophagus and ends where it divides, a little above the hilum.
    windpipe = (np.hypot(x - tube_x, y - tube_y + 18.0) < 8.0) & (z > anatomy.hilum_z_mm + 18.0)
    return np.where(windpipe, _AIR, values)
