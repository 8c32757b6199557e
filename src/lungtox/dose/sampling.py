"""Dose samples of a region: where, how much volume, which dose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.errors import Fault, InputError
from lungtox.geometry import (
    Dose,
    Edges,
    EndCap,
    Grid,
    Lattice,
    Region,
    Slabs,
    Structure,
    as_region,
    axis_weights,
    region_coverage,
    region_slabs,
    structure_edges,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

# Measured on the solids of docs/methods/dvh.md: with 200,000 samples a finer raster no longer changes any metric by
# 0.1 %, and a lung still takes a few hundredths of a second.
SAMPLES = 200_000
FINEST_CELL_MM = 0.1  # contours themselves are given to 0.01-0.1 mm


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples of a region that lie inside the dose grid.

    Attributes
    ----------
    structure : str
    x_mm, y_mm, z_mm : ndarray, shape (samples,)
        Patient coordinates (LPS); interpolate a function image there.
    volume_cc, dose_gy : ndarray, shape (samples,)
    region_cc : float
        Volume of the whole region, the part outside the dose grid included.
    coverage_pct : float
        Share of it inside the dose grid.
    planes : int
        Slabs of contour planes in which the region has area.
    warnings : tuple of str
    """

    structure: str
    x_mm: FloatArray
    y_mm: FloatArray
    z_mm: FloatArray
    volume_cc: FloatArray
    dose_gy: FloatArray
    region_cc: float
    coverage_pct: float
    planes: int
    warnings: tuple[str, ...] = ()


def sample_region(region: Structure | Region, dose: Dose, *, end_cap: EndCap = "half-slice") -> Samples:
    """Sample the dose in a region.

    The raster follows the dose grid: its cells are whole fractions of a dose pixel and its layers fractions of a slab,
    fine enough for about 200,000 samples in the region, and never coarser than the dose grid. A cell's volume is its
    exactly covered area times the thickness of the layer; its dose is interpolated trilinearly at the centre.

    The dose grid ends at the centres of its outermost voxels. What lies further out has no dose: it is left out of the
    samples, never extrapolated or scaled, and ``coverage_pct`` tells how much is left.

    Parameters
    ----------
    region : Structure or Region
    dose : Dose
        In the same frame of reference; the caller checks that.
    end_cap : {"half-slice", "none"}

    Returns
    -------
    Samples

    Raises
    ------
    InputError
        No contours or no volume (``structure-empty``); nothing inside the dose grid (``dose-coverage``).
    """
    region = as_region(region)
    grid = dose.image.grid
    slabs = region_slabs(region, end_cap=end_cap, slice_mm=float(np.diff(grid.z_mm).min()))
    edges = tuple(structure_edges(operand) for operand in region.operands)
    thickness = slabs.high_mm - slabs.low_mm
    volume_mm3 = _estimated_mm3(region, edges, slabs)
    if volume_mm3 <= 0:
        raise _empty(region.name)
    side_mm = max((volume_mm3 / SAMPLES) ** (1 / 3), FINEST_CELL_MM)
    lattice, parts = _lattice(edges, grid, side_mm)
    covered, crossing = region_coverage(region, slabs.plane, edges, lattice)
    region_cc = float(covered.sum(axis=(1, 2)) @ thickness) * lattice.cell_mm2 / 1000.0
    if region_cc <= 0:
        raise _empty(region.name)
    layers = np.maximum(np.ceil(thickness / min(side_mm, float(np.diff(grid.z_mm).min())) - 1e-9), 1).astype(np.intp)
    x, y, z, volume, values = _interpolated(covered, lattice, slabs, layers, dose, parts)
    inside_cc = float(volume.sum())
    coverage = 100.0 * inside_cc / region_cc
    if not volume.size:
        raise _outside(region.name)
    if coverage > 100.0 - 1e-7:  # rounding of sums
        coverage = 100.0
    return Samples(
        structure=region.name,
        x_mm=x,
        y_mm=y,
        z_mm=z,
        volume_cc=volume,
        dose_gy=values,
        region_cc=region_cc,
        coverage_pct=coverage,
        planes=int(covered.any(axis=(1, 2)).sum()),
        warnings=_warnings(region.name, slabs, crossing, coverage),
    )


def _estimated_mm3(region: Region, edges: tuple[Edges, ...], slabs: Slabs) -> float:
    """Give the summed volume of the joined structures, to choose the raster by; an upper limit of the region's."""
    thickness = slabs.high_mm - slabs.low_mm
    joined = zip(edges[: len(region.union)], slabs.plane.T, strict=False)
    return float(sum(np.append(np.abs(edge.plane_area_mm2), 0.0)[plane] @ thickness for edge, plane in joined))


def _lattice(edges: tuple[Edges, ...], grid: Grid, side_mm: float) -> tuple[Lattice, tuple[int, int]]:
    """Give the raster that holds all edges, and into how many cells it divides a dose pixel along x and y."""
    axes = []
    corners = (np.concatenate([edge.x0_mm for edge in edges]), np.concatenate([edge.y0_mm for edge in edges]))
    for axis_mm, points in zip((grid.x_mm, grid.y_mm), corners, strict=True):
        axis_weights(axis_mm, points[:0])  # refuses an axis of one sample
        pixel = float(axis_mm[-1] - axis_mm[0]) / (axis_mm.size - 1)
        parts = max(1, int(np.ceil(pixel / side_mm - 1e-9)))
        cell, face = pixel / parts, float(axis_mm[0]) - 0.5 * pixel
        first = int(np.floor((points.min() - face) / cell - 1e-9))
        count = int(np.ceil((points.max() - face) / cell + 1e-9)) - first
        axes.append((face + first * cell, cell, count, parts))
    (x, cell_x, columns, parts_x), (y, cell_y, rows, parts_y) = axes
    return Lattice(x, y, cell_x, cell_y, columns, rows), (parts_x, parts_y)


def _interpolated(
    covered: FloatArray, lattice: Lattice, slabs: Slabs, layers: IntArray, dose: Dose, parts: tuple[int, int]
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Give x, y, z, volume and dose of the samples inside the dose grid."""
    grid = dose.image.grid
    column, px, inside_x = axis_weights(grid.x_mm, lattice.centre_x_mm)
    row, py, inside_y = axis_weights(grid.y_mm, lattice.centre_y_mm)
    slab, z, height = _layers(slabs, layers, grid.z_mm)
    level, pz, _ = axis_weights(grid.z_mm, z)
    inside_z = height > 0
    if not (inside_x.any() and inside_y.any() and inside_z.any()):
        none = np.zeros(0)
        return none, none, none, none, none
    columns, rows = _range(inside_x), _range(inside_y)
    first, last = int(level[inside_z].min()), int(level[inside_z].max()) + 1
    planes = _in_plane(
        dose.image.values[first : last + 1], (row[rows], py[rows]), (column[columns], px[columns]), parts
    )
    centre_x, centre_y = lattice.centre_x_mm[columns], lattice.centre_y_mm[rows]
    # The grid ends at the edge of a cell or in its middle: of those half counts.
    share_y = _share_inside(grid.y_mm, centre_y, lattice.cell_y_mm)
    share_x = _share_inside(grid.x_mm, centre_x, lattice.cell_x_mm)
    kept = (covered[:, rows, columns] * share_y[:, None] * share_x).reshape(covered.shape[0], -1)
    height_cc = height * lattice.cell_mm2 / 1000.0
    found: list[tuple[FloatArray, ...]] = []
    for number in np.unique(slab[inside_z]):
        at = np.flatnonzero(kept[number])
        here = np.flatnonzero((slab == number) & inside_z)
        lower = level[here] - first
        weight = np.zeros((here.size, int(lower.max() - lower.min()) + 2))
        weight[np.arange(here.size), lower - lower.min()] = 1.0 - pz[here]
        weight[np.arange(here.size), lower - lower.min() + 1] = pz[here]
        values = weight @ planes[lower.min() : lower.max() + 2][:, at]
        found.append(
            (
                np.tile(centre_x[at % centre_x.size], here.size),
                np.tile(centre_y[at // centre_x.size], here.size),
                np.repeat(z[here], at.size),
                np.outer(height_cc[here], kept[number][at]).ravel(),
                values.ravel(),
            )
        )
    x, y, levels, volume, doses = (np.concatenate(part) for part in zip(*found, strict=True))
    return x, y, levels, volume, doses


def _layers(slabs: Slabs, layers: IntArray, axis_mm: FloatArray) -> tuple[IntArray, FloatArray, FloatArray]:
    """Give slab, middle and height of each layer, limited to the dose grid; the layers of a slab are equally thick."""
    slab = np.repeat(np.arange(layers.size), layers)
    number = np.arange(slab.size) - np.repeat(np.cumsum(layers) - layers, layers)
    height = ((slabs.high_mm - slabs.low_mm) / layers)[slab]
    low = slabs.low_mm[slab] + number * height
    bottom, top = np.maximum(low, axis_mm[0]), np.minimum(low + height, axis_mm[-1])
    inside = top - bottom > 1e-6
    return slab, np.where(inside, 0.5 * (bottom + top), low), np.where(inside, top - bottom, 0.0)


def _share_inside(axis_mm: FloatArray, centre_mm: FloatArray, cell_mm: float) -> FloatArray:
    low = np.maximum(centre_mm - 0.5 * cell_mm, axis_mm[0])
    high = np.minimum(centre_mm + 0.5 * cell_mm, axis_mm[-1])
    share: FloatArray = np.clip((high - low) / cell_mm, 0.0, 1.0)
    return share


def _range(inside: NDArray[np.bool_]) -> slice:
    found = np.flatnonzero(inside)
    return slice(int(found[0]), int(found[-1]) + 1)


def _in_plane(
    values: NDArray[np.floating],
    rows: tuple[IntArray, FloatArray],
    columns: tuple[IntArray, FloatArray],
    parts: tuple[int, int],
) -> FloatArray:
    """Interpolate dose planes to the cells' centres; returns shape (planes, cells)."""
    (row, py), (column, px) = rows, columns
    block = values[:, row[0] : row[-1] + 2, column[0] : column[-1] + 2].astype(np.float64)
    row, column = row - row[0], column - column[0]
    if parts[1] == 1:  # cells are dose pixels: their centres are the voxel centres, nothing to interpolate
        block = block[:, row + (py > 0.5)]
    else:
        block = block[:, row] * (1.0 - py)[:, None] + block[:, row + 1] * py[:, None]
    if parts[0] == 1:
        block = block[:, :, column + (px > 0.5)]
    else:
        block = block[:, :, column] * (1.0 - px) + block[:, :, column + 1] * px
    return block.reshape(block.shape[0], -1)


def _warnings(name: str, slabs: Slabs, crossing: NDArray[np.bool_], coverage_pct: float) -> tuple[str, ...]:
    texts = list(slabs.warnings)
    if crossing.any():
        texts.append(f"{name}: contours that cross each other in {int(crossing.sum())} slabs; counted by even-odd")
    if coverage_pct < 100.0:
        texts.append(
            f"{name}: the dose grid covers {coverage_pct:.2f} % of the volume;"
            f" {100 - coverage_pct:.2f} % lies outside and is not in the histogram"
        )
    return tuple(texts)


def _empty(name: str) -> InputError:
    return InputError(
        Fault(
            who=name,
            expected="closed contours that enclose a volume",
            found="none",
            action="Contour it, or leave it out.",
            code="structure-empty",
        )
    )


def _outside(name: str) -> InputError:
    return InputError(
        Fault(
            who=name,
            expected="a dose grid that covers the structure",
            found="100 % of its volume outside",
            action="Check that structures and dose belong to the same plan, or export a larger dose grid.",
            code="dose-coverage",
        )
    )
