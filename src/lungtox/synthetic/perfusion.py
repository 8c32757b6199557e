"""Lung perfusion of a synthetic patient, and what a SPECT camera makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from lungtox.geometry import Grid, Image, RigidMap
from lungtox.synthetic.anatomy import SIDES, Anatomy
from lungtox.synthetic.patient import PatientTraits

FloatArray = NDArray[np.float64]

RESOLUTION_MM = 12.0
"""Full width at half maximum of the reconstructed SPECT."""
_FWHM_PER_SIGMA = 2.0 * np.sqrt(2.0 * np.log(2.0))
_MATRIX = 64
_PEAK_COUNTS = 6000.0
_NOISE = 0.010
"""Standard deviation of the reconstruction's noise, as a share of the peak."""
_BACKGROUND = 0.002
"""As a share of the peak, after scatter correction: 5 % of the activity in 70 litres of body against 95 % in 3.5
litres of lung is 0.3 % of the mean in the lungs."""
_WAVES = 6


@dataclass(frozen=True)
class Perfusion:
    """Parameters of one patient's perfusion, in phantom coordinates.

    Attributes
    ----------
    gravity, basal : float
        Relative change from the middle to the back (lying on the back), and from apex to base.
    centres_mm : ndarray, shape (defects, 3)
    sigmas_mm, depths : ndarray, shape (defects,)
        Each defect takes the share ``depth`` away in its middle and falls off as a Gaussian.
    waves_per_mm : ndarray, shape (waves, 3)
    phases, amplitudes : ndarray, shape (waves,)
        Slow natural unevenness.
    scale_mm : tuple of float
        Half depth and height of the rib cage.
    """

    gravity: float
    basal: float
    centres_mm: FloatArray
    sigmas_mm: FloatArray
    depths: FloatArray
    waves_per_mm: FloatArray
    phases: FloatArray
    amplitudes: FloatArray
    scale_mm: tuple[float, float]

    def at(self, points: FloatArray) -> FloatArray:
        """Perfusion per volume at points inside the lungs, shape (n, 3); never negative, about 1 where healthy."""
        half_depth, height = self.scale_mm
        value = (1.0 + self.gravity * points[:, 1] / half_depth) * (1.0 + self.basal * (0.5 - points[:, 2] / height))
        value = np.maximum(value, 0.05)
        value *= 1.0 + np.cos(points @ self.waves_per_mm.T + self.phases) @ self.amplitudes
        squared = (
            np.sum(points * points, axis=1)[:, None]
            - 2.0 * points @ self.centres_mm.T
            + np.sum(self.centres_mm**2, axis=1)[None, :]
        )
        kept = 1.0 - self.depths * np.exp(-0.5 * squared / self.sigmas_mm**2)
        result: FloatArray = value * np.prod(kept, axis=1)
        return result


def sample_perfusion(traits: PatientTraits, anatomy: Anatomy, rng: np.random.Generator) -> Perfusion:
    """Draw one patient's perfusion: gradient, defect at and beyond the tumour, patchiness of diseased lungs."""
    centres, sigmas, depths = _tumour_defects(traits, anatomy, rng)
    half_width, half_depth, height = anatomy.cavity_mm
    count = int(rng.integers(9, 18)) if traits.lung_disease else int(rng.integers(1, 5))
    sides = rng.choice((-1.0, 1.0), size=count)
    # Emphysema prefers the upper lung.
    heights = height * (rng.beta(1.7, 1.3, size=count) if traits.lung_disease else rng.uniform(0.2, 0.9, size=count))
    spots = np.column_stack(
        [
            sides * rng.uniform(0.25, 0.9, size=count) * half_width,
            rng.uniform(-0.7, 0.8, size=count) * half_depth,
            heights,
        ]
    )
    low, high = (0.50, 0.95) if traits.lung_disease else (0.10, 0.60)
    return Perfusion(
        gravity=float(rng.uniform(0.20, 0.55)),
        basal=float(rng.uniform(0.10, 0.45)),
        centres_mm=np.vstack([centres, spots]),
        sigmas_mm=np.concatenate([sigmas, rng.uniform(12.0, 28.0, size=count)]),
        depths=np.concatenate([depths, rng.uniform(low, high, size=count)]),
        waves_per_mm=_directions(rng) * (2.0 * np.pi / rng.uniform(60.0, 160.0, size=(_WAVES, 1))),
        phases=rng.uniform(0.0, 2.0 * np.pi, size=_WAVES),
        amplitudes=rng.uniform(0.01, 0.05, size=_WAVES),
        scale_mm=(half_depth, height),
    )


def _directions(rng: np.random.Generator) -> FloatArray:
    drawn = rng.normal(size=(_WAVES, 3))
    unit: FloatArray = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return unit


def _tumour_defects(
    traits: PatientTraits, anatomy: Anatomy, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """One defect around the primary and two beyond it, seen from the hilum, where its vessels lead."""
    primary = anatomy.primary[0]
    radius = float(np.mean(primary.half_axes_mm))
    centre = np.asarray(primary.centre_mm)
    hilum = np.array([SIDES[traits.laterality] * 30.0, 0.0, anatomy.hilum_z_mm])
    outward = centre - hilum
    outward = outward / max(float(np.linalg.norm(outward)), 1.0)
    severity = 0.98 * rng.beta(0.6, 0.6)
    local = (centre, radius * rng.uniform(0.9, 2.2) + 10.0, severity)
    reach = radius + rng.uniform(20.0, 40.0, size=2) * (1.0, 2.0)
    beyond = [(centre + outward * far, rng.uniform(30.0, 70.0), severity) for far in reach]
    defects = [local, *beyond]
    return (
        np.array([place for place, _, _ in defects]),
        np.array([sigma for _, sigma, _ in defects]),
        np.array([depth for _, _, depth in defects]),
    )


def blur(
    values: FloatArray, spacing_mm: tuple[float, float, float], *, resolution_mm: float = RESOLUTION_MM
) -> FloatArray:
    """Blur with the camera's resolution, a full width at half maximum. Spacing is (z, y, x), as the array's axes."""
    sigmas = [resolution_mm / _FWHM_PER_SIGMA / step for step in spacing_mm]
    blurred: FloatArray = gaussian_filter(values, sigmas, mode="constant", truncate=3.5)
    return blurred


def acquire_spect(blurred: Image, rng: np.random.Generator, *, to_camera: RigidMap | None = None) -> Image:
    """Sample blurred perfusion on the camera's own matrix and add background and noise.

    Parameters
    ----------
    blurred : Image
        On the phantom's grid.
    rng : numpy.random.Generator
    to_camera : RigidMap, optional
        Takes points of the phantom to the camera's frame of reference, in which the matrix lies; by default they share
        one.

    Returns
    -------
    Image
        Whole counts from 0 to about 6000 on 64 x 64 x N cubes of 6.2 to 7 mm, whose centres lie
        anywhere between those of the dose.
    """
    pixel = float(np.round(rng.uniform(6.2, 7.0), 2))
    (left, right), (front, back), (low, high) = _extent(blurred.grid, to_camera)
    middle = [0.5 * (first + last) + rng.uniform(-pixel, pixel) for first, last in ((left, right), (front, back))]
    x, y = (np.round(value - pixel * (_MATRIX - 1) / 2.0, 2) + pixel * np.arange(_MATRIX) for value in middle)
    bottom = np.round(low - 15.0 - rng.uniform(0.0, pixel), 2)
    z = bottom + pixel * np.arange(int(np.ceil((high + 15.0 - bottom) / pixel)) + 1)
    sampled = _sample(blurred, Grid(x, y, z), to_camera)
    peak = float(blurred.values.max())
    noise = gaussian_filter(rng.standard_normal(sampled.shape), 0.7)
    noise *= _NOISE / float(noise.std())
    counts = np.rint(_PEAK_COUNTS * np.maximum(sampled / peak + _BACKGROUND + noise, 0.0))
    return Image(Grid(x, y, z), counts)


def _extent(grid: Grid, to_camera: RigidMap | None) -> list[tuple[float, float]]:
    """First and last place of the phantom's grid along the camera's x, y and z."""
    ends = [np.array([axis[0], axis[-1]]) for axis in (grid.x_mm, grid.y_mm, grid.z_mm)]
    if to_camera is None:
        return [(float(first), float(last)) for first, last in ends]
    x, y, z = (corner.ravel() for corner in np.meshgrid(*ends))
    return [(float(axis.min()), float(axis.max())) for axis in to_camera(x, y, z)]


def _sample(blurred: Image, camera: Grid, to_camera: RigidMap | None) -> FloatArray:
    """Interpolate at the camera's voxels; 0 outside the phantom's grid."""
    wanted: Sequence[FloatArray] = np.meshgrid(camera.z_mm, camera.y_mm, camera.x_mm, indexing="ij")
    if to_camera is not None:
        z, y, x = (axis.ravel() for axis in wanted)
        x, y, z = to_camera.inverse()(x, y, z)
        wanted = [axis.reshape(camera.shape) for axis in (z, y, x)]
    axes = (blurred.grid.z_mm, blurred.grid.y_mm, blurred.grid.x_mm)
    places = [(place - axis[0]) / (axis[1] - axis[0]) for place, axis in zip(wanted, axes, strict=True)]
    sampled: FloatArray = map_coordinates(blurred.values, places, order=3, mode="constant", cval=0.0)
    return sampled
