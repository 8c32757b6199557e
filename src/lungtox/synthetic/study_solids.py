"""Solids that stand for organs, and the dose of a plan around a target: the phantom of the agreement studies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.geometry import Grid, Plane, Structure

FloatArray = NDArray[np.float64]
Triple = tuple[float, float, float]

PLANE_MM = 3.0
_CORNERS = 48
_WAVES = 16


@dataclass(frozen=True)
class Solid:
    """An ellipsoid, or an elliptic cylinder along z.

    Attributes
    ----------
    name : str
        Canonical.
    centre_mm, half_mm : tuple of float
        Centre and half axes.
    straight : bool
        A cylinder.
    """

    name: str
    centre_mm: Triple
    half_mm: Triple
    straight: bool = False

    def radius(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """Give the radius in half axes: 1 on the surface."""
        parts = [(axis - c) / h for axis, c, h in zip((x, y, z), self.centre_mm, self.half_mm, strict=True)]
        if self.straight:
            found: FloatArray = np.maximum(np.sqrt(parts[0] ** 2 + parts[1] ** 2), np.abs(parts[2]))
        else:
            found = np.sqrt(parts[0] ** 2 + parts[1] ** 2 + parts[2] ** 2)
        return found

    def distance_mm(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """Give about how far points lie outside; negative inside."""
        found: FloatArray = (self.radius(x, y, z) - 1.0) * float(np.mean(self.half_mm[:2]))
        return found

    def structure(self, number: int) -> Structure:
        """Draw it in planes of 3 mm."""
        (cx, cy, cz), (hx, hy, hz) = self.centre_mm, self.half_mm
        first = np.ceil((cz - hz) / PLANE_MM) * PLANE_MM
        angle = np.arange(_CORNERS) * 2 * np.pi / _CORNERS
        ring = np.column_stack([np.cos(angle), np.sin(angle)])
        planes = []
        for z in np.arange(first, cz + hz, PLANE_MM):
            size = 1.0 if self.straight else float(np.sqrt(max(1.0 - ((z - cz) / hz) ** 2, 0.0)))
            if size * min(hx, hy) > 1.0:
                planes.append(Plane(float(z), (np.array([cx, cy]) + size * ring * np.array([hx, hy]),)))
        return Structure(self.name, tuple(planes), number)


def thorax(rng: np.random.Generator) -> list[Solid]:
    """Lungs, cord and a target at the right hilum."""
    target = tuple(rng.normal([-34.0, -6.0, 4.0], [5.0, 4.0, 8.0]))
    size = rng.uniform(28.0, 36.0)
    return [
        Solid("PTV", (target[0], target[1], target[2]), (size, size, 1.1 * size)),
        Solid("SpinalCord", (0.0, 58.0, 0.0), (6.5, 6.5, 72.0), straight=True),
        Solid("Lung_L", (74.0, 0.0, 0.0), (40.0, 56.0, 75.0)),
        Solid("Lung_R", (-74.0, 0.0, 0.0), (40.0, 56.0, 75.0)),
    ]


def head_and_neck(rng: np.random.Generator) -> list[Solid]:
    """Target at the skull base between parotids, with brainstem, cord, lenses and the apices of the lungs."""
    size = rng.uniform(20.0, 25.0)
    return [
        Solid(
            "PTV", (rng.normal(0.0, 4.0), rng.normal(-14.0, 3.0), rng.normal(0.0, 4.0)), (size, 0.9 * size, 1.1 * size)
        ),
        Solid("Brainstem", (0.0, 32.0, 48.0), (13.0, 12.0, 18.0)),
        Solid("SpinalCord", (0.0, 44.0, -30.0), (6.0, 6.0, 40.0), straight=True),
        Solid("Parotid_L", (54.0, 8.0, 6.0), (12.0, 17.0, 22.0)),
        Solid("Parotid_R", (-54.0, 8.0, 6.0), (12.0, 17.0, 22.0)),
        Solid("Lens_L", (31.0, -68.0, 45.0), (4.8, 4.8, 6.0)),
        Solid("Lens_R", (-31.0, -68.0, 45.0), (4.8, 4.8, 6.0)),
        Solid("Lung_L", (50.0, 14.0, -100.0), (46.0, 54.0, 29.0)),
        Solid("Lung_R", (-50.0, 14.0, -100.0), (46.0, 54.0, 29.0)),
    ]


def pelvis(rng: np.random.Generator) -> list[Solid]:
    """Target between bladder and rectum, with the femoral heads."""
    size = rng.uniform(28.0, 34.0)
    return [
        Solid(
            "PTV", (rng.normal(0.0, 3.0), rng.normal(0.0, 3.0), rng.normal(0.0, 4.0)), (size, 0.85 * size, 1.2 * size)
        ),
        Solid("Bladder", (0.0, -64.0, 4.0), (26.0, 20.0, 20.0)),
        Solid("Rectum", (0.0, 60.0, 0.0), (14.0, 14.0, 40.0)),
        Solid("Femur_Head_L", (92.0, 0.0, -16.0), (21.0, 21.0, 21.0)),
        Solid("Femur_Head_R", (-92.0, 0.0, -16.0), (21.0, 21.0, 21.0)),
    ]


ANATOMIES: dict[str, Callable[[np.random.Generator], list[Solid]]] = {
    "thorax": thorax,
    "head_and_neck": head_and_neck,
    "pelvis": pelvis,
}


def grid_around(solids: list[Solid], *, spacing_mm: float, offset: float, around_mm: float = 3.0) -> Grid:
    """Give a grid that covers the solids and what is around, two points to spare, at places fixed in the patient."""
    axes = []
    for axis in range(3):
        low = min(one.centre_mm[axis] - one.half_mm[axis] for one in solids) - around_mm
        high = max(one.centre_mm[axis] + one.half_mm[axis] for one in solids) + around_mm
        first, last = np.floor(low / spacing_mm - offset) - 2, np.ceil(high / spacing_mm - offset) + 2
        # Whole micrometres, as the file has them.
        axes.append(np.round((np.arange(first, last + 1) + offset) * spacing_mm, 3))
    return Grid(*axes)


@dataclass(frozen=True)
class PlanDose:
    """Dose of a plan, anywhere.

    Attributes
    ----------
    target : Solid
    prescription_gy : float
    bath, reach_mm : float
        Dose at the target's edge that goes on outside, in parts of the prescription, and how far it reaches.
    waves : ndarray, shape (waves, 4)
        Wave vectors in 1/mm and phases of the fine structure.
    speckle : float
        Its standard deviation in parts of the dose, from 10 mm outside of the target on.
    """

    target: Solid
    prescription_gy: float
    bath: float
    reach_mm: float
    waves: FloatArray
    speckle: float

    def at(self, grid: Grid) -> FloatArray:
        """Give the dose in Gy at the points of a grid, shape (nz, ny, nx)."""
        x, y, z = grid.x_mm[None, None, :], grid.y_mm[None, :, None], grid.z_mm[:, None, None]
        outside = self.target.distance_mm(x, y, z)
        inner = (1.0 - self.bath) / (1.0 + np.exp((outside - 7.0) / 2.5))
        relative = 1.02 * (inner + self.bath * np.exp(-np.maximum(outside, 0.0) / self.reach_mm))
        if self.speckle > 0.0:
            fine = sum(np.cos(kx * x + ky * y + kz * z + phase) for kx, ky, kz, phase in self.waves)
            # Fine structure lies where few beams cross, not in the target.
            share = np.clip(outside / 5.0 - 1.0, 0.0, 1.0)
            relative = relative * (1.0 + self.speckle * np.sqrt(2.0 / len(self.waves)) * share * fine)
        dose: FloatArray = self.prescription_gy * relative
        return dose


def draw_plan(
    target: Solid,
    rng: np.random.Generator,
    *,
    prescription_gy: float,
    speckle: float,
    wavelength_mm: tuple[float, float],
) -> PlanDose:
    """Draw the dose of a plan."""
    directions = rng.normal(size=(_WAVES, 3))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    wave = 2 * np.pi / rng.uniform(*wavelength_mm, _WAVES)
    waves = np.column_stack([directions * wave[:, None], rng.uniform(0, 2 * np.pi, _WAVES)])
    return PlanDose(target, prescription_gy, rng.uniform(0.42, 0.52), rng.uniform(48.0, 62.0), waves, speckle)
