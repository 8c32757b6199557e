"""A region as an image: the share of each cell that it covers, for pictures and for its middle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lungtox.errors import ParameterError
from lungtox.geometry.coverage import region_coverage
from lungtox.geometry.edges import structure_edges
from lungtox.geometry.grid import Grid, Image
from lungtox.geometry.lattice import Lattice
from lungtox.geometry.region import Region, as_region
from lungtox.geometry.slabs import EndCap, Slabs, region_slabs
from lungtox.geometry.structure import Structure

FloatArray = NDArray[np.float64]

_TOUCH_MM = 0.01


def share_image(
    structure: Structure | Region, *, pixel_mm: float, slice_mm: float, end_cap: EndCap = "half-slice"
) -> Image:
    """Give the covered share of cells on the slabs of a structure's contours.

    Parameters
    ----------
    structure : Structure or Region
    pixel_mm : float
        Side of the cells along x and y.
    slice_mm : float
        Thickness of a structure with a single plane.
    end_cap : {"half-slice", "none", "rounded"}
        ``rounded`` is drawn as ``half-slice``.

    Returns
    -------
    Image
        0 to 1, exact areas; the planes are the middles of the slabs. An empty plane lies beyond each end and in each
        gap, and an empty cell around: interpolated, the share is a half at the outline.

    Raises
    ------
    ParameterError
        No contours.
    """
    region = as_region(structure)
    slabs = region_slabs(region, end_cap=end_cap, slice_mm=slice_mm)
    edges = tuple(structure_edges(operand) for operand in region.operands)
    corners = [np.concatenate([getattr(edge, axis) for edge in edges]) for axis in ("x0_mm", "y0_mm")]
    if slabs.low_mm.size == 0 or corners[0].size == 0:
        raise ParameterError(f"{region.name}: no contours to draw")
    (x_mm, columns), (y_mm, rows) = (_cells(points, pixel_mm) for points in corners)
    lattice = Lattice(x_mm, y_mm, pixel_mm, pixel_mm, columns, rows)
    covered, _ = region_coverage(region, slabs.plane, edges, lattice)
    z_mm, slab = _levels(slabs)
    empty = np.zeros((1, rows, columns))
    return Image(Grid(lattice.centre_x_mm, lattice.centre_y_mm, z_mm), np.concatenate([covered, empty])[slab])


def middle_mm(image: Image) -> tuple[float, float, float]:
    """Give the centre of mass of the values of an image along the patient axes (x, y, z); weights by the cell's height.

    Where the image is below a half there (several targets, a bent one), the nearest cell of at least a half, or the
    fullest where there is none.
    """
    grid, values = image.grid, np.asarray(image.values, dtype=np.float64)
    height = np.gradient(grid.z_mm) if grid.z_mm.size > 1 else np.ones(1)
    mass = values * height[:, None, None]
    middle = np.array(
        [
            np.average(axis, weights=mass.sum(axis=others))
            for axis, others in ((grid.x_mm, (0, 1)), (grid.y_mm, (0, 2)), (grid.z_mm, (1, 2)))
        ]
    )
    axes = (grid.z_mm, grid.y_mm, grid.x_mm)
    nearest = tuple(int(np.abs(axis - at).argmin()) for axis, at in zip(axes, middle[::-1], strict=True))
    if values[nearest] < 0.5:
        inside = np.argwhere(values >= min(0.5, values.max()))
        places = np.stack([axis[inside[:, number]] for number, axis in enumerate(axes)], axis=1)[:, ::-1]
        middle = places[((places - middle) ** 2).sum(axis=1).argmin()]
    x, y, z = (float(value) for value in middle)
    return x, y, z


def _cells(points_mm: FloatArray, pixel_mm: float) -> tuple[float, int]:
    """Give the face of the first cell and their number, one empty cell beyond the contours on both sides."""
    first = np.floor(points_mm.min() / pixel_mm) - 1
    return float(first * pixel_mm), int(np.ceil(points_mm.max() / pixel_mm) + 1 - first)


def _levels(slabs: Slabs) -> tuple[FloatArray, NDArray[np.intp]]:
    """Give the middles of the slabs, with an empty level (slab -1) beyond both ends and in each gap."""
    low, high = slabs.low_mm, slabs.high_mm
    middles, thickness = 0.5 * (low + high), high - low
    gap = np.flatnonzero(low[1:] - high[:-1] > _TOUCH_MM)
    between = 0.5 * (high[gap] + low[gap + 1])
    ends = [middles[0] - max(thickness[0], _TOUCH_MM), middles[-1] + max(thickness[-1], _TOUCH_MM)]
    z_mm = np.concatenate([middles, between, ends])
    slab = np.concatenate([np.arange(middles.size), np.full(gap.size + 2, -1)])
    order = np.argsort(z_mm, kind="stable")
    return z_mm[order], slab[order]
