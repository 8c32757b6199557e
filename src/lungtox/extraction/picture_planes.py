"""Planes cut through a patient: where they lie, and what is to be seen in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lungtox.extraction.function_source import PlacedFunction
from lungtox.geometry import Dose, Image, plane_values

FloatArray = NDArray[np.float64]
PlaneName = Literal["transversal", "coronal", "sagittal"]

SHOWN_MM = (380.0, 280.0, 340.0)
"""What a page shows along x, y and z: the same for every patient whose lungs it holds."""
PIXEL_MM = 1.0
_LUNGS = ("Lung_L", "Lung_R", "Lungs")
_BEYOND_MM = 15.0
_STEP = 1.1
# Indices of the axes (x, y, z) to the right and upwards, and of the one across.
PLANES: tuple[tuple[PlaneName, int, int, int], ...] = (
    ("transversal", 0, 1, 2),
    ("coronal", 0, 2, 1),
    ("sagittal", 1, 2, 0),
)
Box = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, eq=False)
class PicturePlane:
    """One plane through the patient, all arrays of shape (nu, na), rows along `up_mm`.

    Attributes
    ----------
    plane : {"transversal", "coronal", "sagittal"}
    across_mm, up_mm : ndarray, shape (na,), (nu,)
        Ascending patient coordinates: x and y, x and z, y and z.
    at_mm : float
        Where the plane lies along the third axis.
    hounsfield : ndarray or None
        NaN where the planning CT shows nothing; None without one.
    dose_gy : ndarray
        Sum of the courses; NaN outside a dose grid.
    perfusion_pct : ndarray or None
        In percent of the reference value; NaN where the image shows nothing.
    functional : ndarray or None
        Above 0 within the functional region, below 0 outside.
    outlines : dict of str to ndarray
        By canonical name the covered share, 0 to 1: the outline is where it is a half.
    """

    plane: PlaneName
    across_mm: FloatArray
    up_mm: FloatArray
    at_mm: float
    hounsfield: FloatArray | None
    dose_gy: FloatArray
    perfusion_pct: FloatArray | None
    functional: FloatArray | None
    outlines: dict[str, FloatArray]


@dataclass(frozen=True)
class PercentImage:
    """A function image in percent of its reference value.

    Attributes
    ----------
    placed : PlacedFunction
    reference : float
        In the unit of the image.
    region : str or None
        Functional region, as named in the config.
    threshold_pct : float or None
        Of the region.
    """

    placed: PlacedFunction
    reference: float
    region: str | None
    threshold_pct: float | None

    def at(self, axes: Sequence[FloatArray]) -> FloatArray:
        """Give percent of the reference in a plane, NaN outside; negative counts as 0, as in the DVHs."""
        values = plane_values(self.placed.image.image, axes, through=self.placed.to_image.points)
        share: FloatArray = 100.0 * np.maximum(values, 0.0) / self.reference
        return share


def shown_box(shares: Mapping[str, Image], centre: tuple[float, float, float]) -> Box:
    """Give what is shown along x, y and z: around the middle of the lungs, wider in steps where they need it."""
    lungs = [shares[name].grid for name in _LUNGS if name in shares]
    ends = []
    for number, axis in enumerate(("x_mm", "y_mm", "z_mm")):
        points = [float(end) for grid in lungs for end in getattr(grid, axis)[[0, -1]]]
        target = (centre[number] - _BEYOND_MM, centre[number] + _BEYOND_MM)
        ends.append((min([*points, target[0]]), max([*points, target[1]])))
    needed = max((high - low + _BEYOND_MM) / size for (low, high), size in zip(ends, SHOWN_MM, strict=True))
    scale = 1.0
    while scale < needed:
        scale *= _STEP
    x, y, z = (
        (0.5 * (low + high - scale * size), 0.5 * (low + high + scale * size))
        for (low, high), size in zip(ends, SHOWN_MM, strict=True)
    )
    return x, y, z


def cut_plane(
    plane: tuple[PlaneName, int, int, int],
    box: Box,
    centre: tuple[float, float, float],
    *,
    doses: Sequence[Dose],
    ct: Image | None,
    looked: PercentImage | None,
    whole: Image | None,
    shares: Mapping[str, Image],
) -> PicturePlane:
    """Cut one of `PLANES` through a point; `whole` is the structure to which the functional region is limited."""
    name, right, up, across = plane
    axes = [np.arange(low + 0.5 * PIXEL_MM, high, PIXEL_MM) for low, high in box]
    across_mm, up_mm = axes[right], axes[up]
    axes[across] = np.array([centre[across]])
    perfusion = None if looked is None else looked.at(axes)
    functional = None
    if perfusion is not None and looked is not None and looked.threshold_pct is not None and whole is not None:
        inside = 2.0 * np.nan_to_num(plane_values(whole, axes)) - 1.0
        # The smaller of two functions that change sign at an outline changes sign at that of the common part.
        functional = np.minimum(inside, np.nan_to_num(perfusion - looked.threshold_pct, nan=-100.0) / 10.0)
    return PicturePlane(
        plane=name,
        across_mm=across_mm,
        up_mm=up_mm,
        at_mm=centre[across],
        hounsfield=None if ct is None else plane_values(ct, axes),
        dose_gy=np.sum([plane_values(dose.image, axes) for dose in doses], axis=0),
        perfusion_pct=perfusion,
        functional=functional,
        outlines={each: np.nan_to_num(plane_values(image, axes)) for each, image in shares.items()},
    )
