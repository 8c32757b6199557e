"""Three planes through the planning CT with the outlines of both images' lungs, to look at a registration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lungtox.geometry import Image, PointMap, interpolate
from lungtox.imaging.lungs import BoolArray, coarsened, find_counts, find_lungs

FloatArray = NDArray[np.float64]
PlaneName = Literal["transversal", "coronal", "sagittal"]

_PIXEL_MM = 2.0
_AROUND_MM = 45.0
_OUTLINE_MM = 4.0
_SOFTENED = 0.7
_AIR_HU = -1000.0
# Indices of the axes (x, y, z) to the right and upwards, and of the one across.
_PLANES: tuple[tuple[PlaneName, int, int, int], ...] = (
    ("transversal", 0, 1, 2),
    ("coronal", 0, 2, 1),
    ("sagittal", 1, 2, 0),
)


@dataclass(frozen=True)
class PlaneView:
    """One plane through the planning CT.

    Attributes
    ----------
    plane : {"transversal", "coronal", "sagittal"}
    across_mm, up_mm : ndarray, shape (na,), (nu,)
        Ascending patient coordinates in the plan's frame: x and y, x and z, y and z.
    at_mm : float
        Where the plane lies along the third axis.
    hounsfield : ndarray, shape (nu, na)
        Air where the planning CT shows nothing.
    planning_lungs, other_lungs : ndarray, shape (nu, na)
        Share of lung, 0 to 1, softened a little: the lungs' outlines are where it is a half.
    """

    plane: PlaneName
    across_mm: FloatArray
    up_mm: FloatArray
    at_mm: float
    hounsfield: FloatArray
    planning_lungs: FloatArray
    other_lungs: FloatArray


def registration_views(
    planning: Image,
    other: Image,
    mapping: PointMap,
    *,
    method: str = "CT to CT",
    at_mm: tuple[float, float, float] | None = None,
) -> tuple[PlaneView, ...]:
    """Cut three planes around the lungs.

    Parameters
    ----------
    planning : Image
        Planning CT in HU.
    other : Image
        CT of the SPECT/CT in HU, or with `method` ``SPECT to CT`` the SPECT, whose outline is at 20 % of its robust
        maximum.
    mapping : PointMap
        From the planning CT's frame of reference to that of the other image.
    method : str
        As in `RegistrationQuality`.
    at_mm : tuple of float, optional
        Point of the plan through which the planes go, such as the tumour's middle; by default the middle of the lungs,
        for the sagittal plane that of the larger one.

    Returns
    -------
    tuple of PlaneView
        Transversal, coronal, sagittal.
    """
    fixed, moving = (coarsened(image, spacing_mm=_OUTLINE_MM) for image in (planning, other))
    lungs = find_lungs(fixed)
    found = find_counts(moving) if method == "SPECT to CT" else find_lungs(moving)
    voxels = _places(fixed, lungs)
    through = _through(voxels) if at_mm is None else np.asarray(at_mm, dtype=np.float64)
    axes = [np.arange(axis.min() - _AROUND_MM, axis.max() + _AROUND_MM, _PIXEL_MM) for axis in voxels]
    soft, soft_other = _softened(fixed, lungs), _softened(moving, found)
    views = []
    for plane, right, up, across in _PLANES:
        places = [np.empty(0)] * 3
        rows, columns = np.meshgrid(axes[up], axes[right], indexing="ij")
        places[right], places[up] = columns.ravel(), rows.ravel()
        places[across] = np.full(rows.size, through[across])
        own, mapped = (places[0], places[1], places[2]), mapping(places[0], places[1], places[2])
        views.append(
            PlaneView(
                plane=plane,
                across_mm=axes[right],
                up_mm=axes[up],
                at_mm=float(through[across]),
                hounsfield=np.nan_to_num(interpolate(planning, *own), nan=_AIR_HU).reshape(rows.shape),
                planning_lungs=np.nan_to_num(interpolate(soft, *own)).reshape(rows.shape),
                other_lungs=np.nan_to_num(interpolate(soft_other, *mapped)).reshape(rows.shape),
            )
        )
    return tuple(views)


def _softened(image: Image, mask: BoolArray) -> Image:
    from scipy.ndimage import gaussian_filter

    return Image(image.grid, gaussian_filter(mask.astype(np.float64), _SOFTENED))


def _places(image: Image, lungs: BoolArray) -> list[FloatArray]:
    """Give x, y and z of the voxels of the lungs; of all voxels where there are none."""
    grid = image.grid
    index = np.nonzero(lungs if lungs.any() else np.ones(grid.shape, dtype=bool))
    places = [axis[number] for axis, number in zip((grid.x_mm, grid.y_mm, grid.z_mm), index[::-1], strict=True)]
    if grid.turn is None:
        return places
    return [row[0] * places[0] + row[1] * places[1] + row[2] * places[2] for row in grid.turn.T]


def _through(places: list[FloatArray]) -> FloatArray:
    """Give the middle, with x that of the larger side: the midline shows no lung."""
    x, middle = places[0], float(places[0].mean())
    left, right = x[x > middle], x[x <= middle]
    side = left if left.size > right.size else right
    return np.array([side.mean(), places[1].mean(), places[2].mean()])
