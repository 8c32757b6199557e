"""A chest made of ellipsoids, painted on any grid and anywhere: for registration, without the demo's generator."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lungtox.geometry import Grid, Image, RigidMap

FloatArray = NDArray[np.float64]

# Centre and half axes in mm (x to the left, y to the back, z to the head), HU; later ones lie over earlier ones.
BODY = ((0, 0, 0), (170, 110, 400), 40.0)
LUNGS = (((75, 0, 0), (58, 78, 110), -800.0), ((-78, 4, -5), (62, 80, 105), -800.0))
ORGANS = (
    ((25, -45, -45), (48, 38, 45), 55.0),  # heart
    ((0, 72, 0), (20, 18, 400), 300.0),  # spine
    ((-60, 10, 40), (16, 14, 15), 35.0),  # tumour
    ((-80, -10, -110), (75, 70, 55), 60.0),  # liver, with a dome into the right lung
)


def turn(axis: tuple[float, float, float], angle_deg: float) -> FloatArray:
    """Rotation matrix by Rodrigues' formula."""
    x, y, z = np.array(axis) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(angle_deg)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def motion(*, shift_mm: tuple[float, float, float], axis: tuple[float, float, float], angle_deg: float) -> RigidMap:
    """Turn about the middle of the chest, then shift."""
    return RigidMap(turn(axis, angle_deg), np.array(shift_mm, dtype=float))


def inside(solid, x: FloatArray, y: FloatArray, z: FloatArray, *, blur_mm: float = 4.0) -> FloatArray:
    """Share of a voxel of about 4 mm within an ellipsoid, smooth at its surface."""
    (cx, cy, cz), half, _ = solid
    level = np.sqrt(((x - cx) / half[0]) ** 2 + ((y - cy) / half[1]) ** 2 + ((z - cz) / half[2]) ** 2)
    return np.clip(0.5 - (level - 1.0) * min(half) / blur_mm, 0.0, 1.0)


def grid(
    spacing_mm: tuple[float, float, float],
    *,
    centre_mm: FloatArray | tuple[float, float, float] = (0.0, 0.0, 0.0),
    half_mm: tuple[float, float, float] = (190.0, 130.0, 150.0),
) -> Grid:
    axes = []
    for step, centre, half in zip(spacing_mm, centre_mm, half_mm, strict=True):
        count = int(2 * half / step) + 1
        axes.append(centre + (np.arange(count) - (count - 1) / 2) * step)
    return Grid(*axes)


def points(of: Grid) -> list[FloatArray]:
    """Patient coordinates of every voxel, each of the grid's shape."""
    z, y, x = np.meshgrid(of.z_mm, of.y_mm, of.x_mm, indexing="ij")
    if of.turn is None:
        return [x, y, z]
    return [row[0] * x + row[1] * y + row[2] * z for row in of.turn.T]


def paint_ct(
    of: Grid, *, moved: RigidMap | None = None, noise_hu: float = 20.0, seed: int = 0, solids=(*LUNGS, *ORGANS)
) -> Image:
    """HU of the chest after it was moved: a voxel shows what lay where the motion took it from."""
    place = points(of)
    if moved is not None:
        place = list(moved.inverse()(*place))
    values = np.full(of.shape, -1000.0)
    for solid in (BODY, *solids):
        share = inside(solid, *place)
        values = values * (1 - share) + share * solid[2]
    values += noise_hu * np.random.default_rng(seed).standard_normal(of.shape)
    return Image(of, values.astype(np.float32))


def paint_spect(of: Grid, *, moved: RigidMap | None = None, noise: float = 0.02, seed: int = 0) -> Image:
    """Even perfusion of the lungs at a resolution of about 12 mm, with a little noise."""
    place = points(of)
    if moved is not None:
        place = list(moved.inverse()(*place))
    lungs = np.maximum(*(inside(lung, *place, blur_mm=14.0) for lung in LUNGS))
    for organ in ORGANS:
        lungs = lungs * (1.0 - inside(organ, *place, blur_mm=14.0))
    noisy = lungs + noise * np.random.default_rng(seed).standard_normal(of.shape)
    return Image(of, np.rint(1000.0 * np.maximum(noisy, 0.0)))


def lung_points() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Points 5 mm apart within the lungs."""
    x, y, z = points(grid((5.0, 5.0, 5.0)))
    within = np.maximum(*(inside(lung, x, y, z) for lung in LUNGS)) > 0.5
    return x[within], y[within], z[within]
