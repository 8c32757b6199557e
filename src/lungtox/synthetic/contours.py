"""Contours of a synthetic patient, one plane every 5 mm, as a planner would have drawn them."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import contourpy
import numpy as np
from numpy.typing import NDArray

from lungtox.geometry import Plane, Structure
from lungtox.synthetic.anatomy import (
    STRUCTURES,
    Anatomy,
    body_distance,
    cord_centre_mm,
    esophagus_centre_mm,
    lung_distances,
    tumour_distances,
)

FloatArray = NDArray[np.float64]

PLANE_MM = 5.0
_POINT_SPACING_MM = 6.0
_POINTS = (36, 80)
_SMALLEST_MM2 = {"Lung_L": 200.0, "Lung_R": 200.0}
"""Specks of lung below this area (of other structures: 25 mm2) are left out, as a planner would."""
_ESOPHAGUS_MM = (9.0, 6.5)
_TUMOUR_STEP_MM = 2.5
_LUNG_STEP_MM = 4.0


def plane_heights_mm(anatomy: Anatomy) -> FloatArray:
    """Give the heights of all planes, from well below the lungs to above the apex, in phantom coordinates."""
    heights: FloatArray = np.arange(-4.0, int(anatomy.cavity_mm[2] / PLANE_MM) + 6) * PLANE_MM
    return heights


def draw_structures(anatomy: Anatomy) -> dict[str, Structure]:
    """Draw the structures of STRUCTURES in phantom coordinates, ROI numbers in that order from 1.

    Cord and oesophagus are drawn over the length of the lungs, BODY over all planes.
    """
    heights = plane_heights_mm(anatomy)
    drawn = _draw_lungs_and_heart(anatomy, heights) | _draw_tumour(anatomy, heights)
    lungs = [plane.z_mm for name in ("Lung_L", "Lung_R") for plane in drawn[name]]
    length = heights[(heights >= min(lungs)) & (heights <= max(lungs))]
    drawn["SpinalCord"] = _draw_tube(anatomy, length, cord_centre_mm, anatomy.cord_mm[:2])
    drawn["Esophagus"] = _draw_tube(anatomy, length, esophagus_centre_mm, _ESOPHAGUS_MM)
    drawn["BODY"] = _draw_body(anatomy, heights)
    return {name: Structure(name, drawn[name], number) for number, name in enumerate(STRUCTURES, start=1)}


def _draw_lungs_and_heart(anatomy: Anatomy, heights: FloatArray) -> dict[str, tuple[Plane, ...]]:
    half_width, half_depth, _ = anatomy.cavity_mm
    x = _axis(-half_width, half_width, _LUNG_STEP_MM)
    y = _axis(-half_depth - 15.0, half_depth + 5.0, _LUNG_STEP_MM)
    solids = lung_distances(anatomy, x[None, None, :], y[None, :, None], heights[:, None, None])
    return {name: _trace(name, solids[name], x, y, heights) for name in ("Lung_L", "Lung_R", "Heart")}


def _draw_tumour(anatomy: Anatomy, heights: FloatArray) -> dict[str, tuple[Plane, ...]]:
    low, high = tumour_box_mm(anatomy)
    x, y = (_axis(low[axis], high[axis], _TUMOUR_STEP_MM) for axis in (0, 1))
    z = heights[(heights >= low[2]) & (heights <= high[2])]
    solids = tumour_distances(anatomy, x[None, None, :], y[None, :, None], z[:, None, None])
    return {name: _trace(name, solids[name], x, y, z) for name in ("GTV", "PTV")}


def tumour_box_mm(anatomy: Anatomy) -> tuple[FloatArray, FloatArray]:
    """Give the lower and upper corner of a box that holds the PTV, in phantom coordinates."""
    parts = (*anatomy.primary, *anatomy.nodes)
    centres = np.array([part.centre_mm for part in parts])
    reach = np.array([max(part.half_axes_mm) for part in parts])[:, None] + anatomy.margin_mm + 5.0
    return (centres - reach).min(axis=0), (centres + reach).max(axis=0)


def _draw_body(anatomy: Anatomy, heights: FloatArray) -> tuple[Plane, ...]:
    angle = np.linspace(0.0, 2.0 * np.pi, 72, endpoint=False)
    direction = (np.cos(angle), np.sin(angle))
    planes = []
    for z in heights:
        # body_distance is exact along rays from the middle, so one step from any radius lands on the skin.
        radius = 100.0 - body_distance(anatomy, 100.0 * direction[0], 100.0 * direction[1], np.asarray(z))
        planes.append(Plane(float(z), (np.column_stack([radius * direction[0], radius * direction[1]]),)))
    return tuple(planes)


def _draw_tube(
    anatomy: Anatomy,
    heights: FloatArray,
    centre_mm: Callable[[Anatomy, FloatArray], tuple[FloatArray, FloatArray]],
    half_axes_mm: tuple[float, float],
) -> tuple[Plane, ...]:
    angle = np.linspace(0.0, 2.0 * np.pi, 40, endpoint=False)
    ring = np.column_stack([half_axes_mm[0] * np.cos(angle), half_axes_mm[1] * np.sin(angle)])
    x, y = centre_mm(anatomy, heights)
    return tuple(Plane(float(z), (ring + np.array([x[k], y[k]]),)) for k, z in enumerate(heights))


def _axis(low: float, high: float, step: float) -> FloatArray:
    axis: FloatArray = np.arange(np.floor(low / step) - 1.0, np.ceil(high / step) + 2.0) * step
    return axis


def _trace(name: str, distance: FloatArray, x: FloatArray, y: FloatArray, heights: FloatArray) -> tuple[Plane, ...]:
    """Follow the zero level in each plane; rings too small to be drawn are dropped."""
    planes = []
    smallest = _SMALLEST_MM2.get(name, 25.0)
    for k, z in enumerate(heights):
        if distance[k].min() >= 0.0:
            continue
        lines = cast(list[FloatArray], contourpy.contour_generator(x, y, distance[k]).lines(0.0))
        rings = tuple(_resample(line) for line in lines if abs(_area_mm2(line)) >= smallest)
        if rings:
            planes.append(Plane(float(z), rings))
    return tuple(planes)


def _area_mm2(line: FloatArray) -> float:
    x, y = line[:, 0], line[:, 1]
    return 0.5 * float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))


def _resample(line: FloatArray) -> FloatArray:
    """Put corners at even distances along a closed line whose last point repeats the first."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    count = int(np.clip(along[-1] / _POINT_SPACING_MM, *_POINTS))
    place = np.arange(count) * (along[-1] / count)
    return np.column_stack([np.interp(place, along, line[:, axis]) for axis in (0, 1)])
