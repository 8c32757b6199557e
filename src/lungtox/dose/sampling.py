"""Dose samples of a region: where, how much volume, which dose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.errors import Fault, InputError, ParameterError
from lungtox.geometry import (
    BetweenPlanes,
    Dose,
    Edges,
    EndCap,
    Grid,
    Image,
    Lattice,
    Region,
    Slabs,
    Structure,
    as_region,
    axis_weights,
    common_slabs,
    region_coverage,
    region_slabs,
    structure_edges,
    structure_layers,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

# On a real left lung (2005 cc, 2.5 x 2.5 x 3 mm dose) fifty times as many samples change the mean by 0.001 Gy and V1Gy,
# V5Gy by 0.02 percentage points, and take thirty times as long (docs/methods/dvh.md).
SAMPLES = 200_000
FINEST_CELL_MM = 0.1  # contours themselves are given to 0.01-0.1 mm
# Position within the cell, as a share of it, by turns from row to row, column to column and along the diagonals: where
# dose rises along an axis, samples at the centres would take one dose for each column and make steps of the DVH.
_SHIFTS = np.array([-0.375, 0.125, -0.125, 0.375])


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


def sample_region(
    region: Structure | Region,
    dose: Dose,
    *,
    end_cap: EndCap = "half-slice",
    between_planes: BetweenPlanes = "slab",
    wanted: int = SAMPLES,
) -> Samples:
    """Sample the dose in a region.

    The raster follows the dose grid: its cells are whole fractions of a dose pixel and its layers fractions of a slab,
    fine enough for about 200,000 samples in the region, and never coarser than the dose grid. A cell's volume is its
    exactly covered area times the thickness of the layer; its dose is interpolated trilinearly at a point in the cell
    that alternates from cell to cell.

    The dose grid ends at the centres of its outermost voxels. What lies further out has no dose: it is left out of the
    samples, never extrapolated or scaled, and ``coverage_pct`` tells how much is left.

    Parameters
    ----------
    region : Structure or Region
    dose : Dose
        In the same frame of reference; the caller checks that.
    end_cap : {"half-slice", "none", "rounded"}
        How the structure ends beyond its first and last contour.
    between_planes : {"slab", "interpolated"}
        Whether a contour stands for a slab, or cross-sections between planes are interpolated.
    wanted : int
        Number of samples to aim at.

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
    if grid.turn is not None:
        raise ParameterError("the dose grid is oblique: use sample_courses")
    axis_weights(grid.z_mm, grid.z_mm[:1])  # refuses a grid of one plane
    slice_mm = float(np.diff(grid.z_mm).min())
    slabs = region_slabs(region, end_cap=end_cap, slice_mm=slice_mm)
    edges = tuple(structure_edges(operand) for operand in region.operands)
    volume_mm3 = _estimated_mm3(region, edges, slabs)
    if volume_mm3 <= 0:
        raise _empty(region.name)
    side_mm = max((volume_mm3 / wanted) ** (1 / 3), FINEST_CELL_MM)
    drawn = edges
    if between_planes == "interpolated" or end_cap == "rounded":
        layered = [
            structure_layers(
                operand, end_cap=end_cap, between_planes=between_planes, slice_mm=slice_mm, step_mm=side_mm
            )
            for operand in region.operands
        ]
        slabs = common_slabs(region, tuple((each.low_mm, each.high_mm, each.warnings) for each in layered))
        edges = tuple(structure_edges(each.structure) for each in layered)
    thickness = slabs.high_mm - slabs.low_mm
    lattice = _lattice(edges, grid, side_mm)
    covered, crossing = region_coverage(region, slabs.plane, edges, lattice)
    if edges is not drawn:  # outlines made in between may touch themselves; only drawn ones are worth a warning
        crossing = np.concatenate([edge.crossing for edge in drawn])
    region_cc = float(covered.sum(axis=(1, 2)) @ thickness) * lattice.cell_mm2 / 1000.0
    if region_cc <= 0:
        raise _empty(region.name)
    layers = _layer_count(thickness, side_mm, float(np.diff(grid.z_mm).min()))
    x, y, z, volume, values = _interpolated(covered, lattice, slabs, layers, dose)
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


def _lattice(edges: tuple[Edges, ...], grid: Grid, side_mm: float) -> Lattice:
    """Give the raster that holds all edges; its cells are whole fractions of a dose pixel."""
    axes = []
    corners = (np.concatenate([edge.x0_mm for edge in edges]), np.concatenate([edge.y0_mm for edge in edges]))
    for axis_mm, points in zip((grid.x_mm, grid.y_mm), corners, strict=True):
        axis_weights(axis_mm, points[:0])  # refuses an axis of one sample
        pixel = float(axis_mm[-1] - axis_mm[0]) / (axis_mm.size - 1)
        parts = max(1, round(pixel / side_mm))
        cell, face = pixel / parts, float(axis_mm[0]) - 0.5 * pixel
        first = int(np.floor((points.min() - face) / cell - 1e-9))
        count = int(np.ceil((points.max() - face) / cell + 1e-9)) - first
        axes.append((face + first * cell, cell, count))
    (x, cell_x, columns), (y, cell_y, rows) = axes
    return Lattice(x, y, cell_x, cell_y, columns, rows)


def _interpolated(
    covered: FloatArray, lattice: Lattice, slabs: Slabs, layers: IntArray, dose: Dose
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Give x, y, z, volume and dose of the samples inside the dose grid."""
    grid = dose.image.grid
    share_x = _share_inside(grid.x_mm, lattice.centre_x_mm, lattice.cell_x_mm)
    share_y = _share_inside(grid.y_mm, lattice.centre_y_mm, lattice.cell_y_mm)
    slab, middle, height = _layers(slabs, layers, grid.z_mm)
    if not (share_x.any() and share_y.any() and height.any()):
        none = np.zeros(0)
        return none, none, none, none, none
    columns, rows = _range(share_x > 0), _range(share_y > 0)
    # The grid ends at the edge of a cell or in its middle: of those half counts.
    kept = covered[:, rows, columns] * share_y[rows, None] * share_x[columns]
    kept = kept.reshape(kept.shape[0], -1)
    x, y = _positions(lattice, rows, columns)
    cell_class = np.add.outer(np.arange(x.shape[0]), np.arange(x.shape[1])).ravel() % _SHIFTS.size
    z = middle + _SHIFTS[:, None] * height
    level, part, _ = axis_weights(grid.z_mm, z)
    first, last = int(level[:, height > 0].min()), int(level[:, height > 0].max()) + 1
    planes = _in_plane(dose.image, slice(first, last + 1), x, y)
    x, y, level = x.ravel(), y.ravel(), level - first
    found: list[tuple[FloatArray, ...]] = []
    for number in np.unique(slab[height > 0]):
        covered_cells = np.flatnonzero(kept[number])
        here = np.flatnonzero((slab == number) & (height > 0))
        volume_cc = height[here] * (lattice.cell_mm2 / 1000.0)
        for group in range(_SHIFTS.size):
            at = covered_cells[cell_class[covered_cells] == group]
            values = _along_z(planes, level[group, here], part[group, here], at)
            volume = np.outer(volume_cc, kept[number][at])
            x_at, y_at = np.tile(x[at], here.size), np.tile(y[at], here.size)
            found.append((x_at, y_at, np.repeat(z[group, here], at.size), volume.ravel(), values.ravel()))
    return _joined(found)


def _joined(parts: list[tuple[FloatArray, ...]]) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    x, y, z, volume, dose = (np.concatenate(part) for part in zip(*parts, strict=True))
    return x, y, z, volume, dose


def _positions(lattice: Lattice, rows: slice, columns: slice) -> tuple[FloatArray, FloatArray]:
    """Give x and y of the sample in each cell, shape (rows, columns): shifted along x by row, along y by column."""
    centre_x, centre_y = lattice.centre_x_mm[columns], lattice.centre_y_mm[rows]
    shift_x = lattice.cell_x_mm * _SHIFTS[np.arange(centre_y.size) % _SHIFTS.size]
    shift_y = lattice.cell_y_mm * _SHIFTS[np.arange(centre_x.size) % _SHIFTS.size]
    return centre_x + shift_x[:, None], centre_y[:, None] + shift_y


def _along_z(planes: FloatArray, level: IntArray, part: FloatArray, cells: IntArray) -> FloatArray:
    """Interpolate between dose planes at some cells; returns shape (levels, cells)."""
    low = int(level.min())
    weight = np.zeros((level.size, int(level.max()) - low + 2))
    weight[np.arange(level.size), level - low] = 1.0 - part
    weight[np.arange(level.size), level - low + 1] = part
    result: FloatArray = weight @ planes[low : low + weight.shape[1]][:, cells]
    return result


def _layer_count(thickness_mm: FloatArray, side_mm: float, dose_spacing_mm: float) -> IntArray:
    """Give the number of layers of each slab: about as high as a cell is wide, never higher than a dose plane."""
    wanted = np.maximum(np.rint(thickness_mm / side_mm), np.ceil(thickness_mm / dose_spacing_mm - 1e-9))
    return np.maximum(wanted, 1).astype(np.intp)


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


def _in_plane(image: Image, planes: slice, x: FloatArray, y: FloatArray) -> FloatArray:
    """Interpolate dose planes to the samples' positions in the plane; returns shape (planes, cells).

    All rows of one class share their x positions, all columns of one class their y positions: one axis at a time.
    """
    values = image.values[planes]
    result = np.empty((values.shape[0], *x.shape))
    classes = _SHIFTS.size
    for column_class in range(min(classes, x.shape[1])):
        row, part_y, _ = axis_weights(image.grid.y_mm, y[:, column_class])
        column, _, _ = axis_weights(image.grid.x_mm, x[0])
        left, right = int(column.min()) - 1, int(column.max()) + 3  # a shifted row may need one more on either side
        left = max(left, 0)
        lines = _mixed(values[:, :, left:right], row, part_y, axis=1)
        for row_class in range(min(classes, x.shape[0])):
            column, part_x, _ = axis_weights(image.grid.x_mm, x[row_class, column_class::classes])
            block = _mixed(lines[:, row_class::classes], column - left, part_x, axis=2)
            result[:, row_class::classes, column_class::classes] = block
    return result.reshape(values.shape[0], -1)


def _mixed(values: NDArray[np.floating], index: IntArray, part: FloatArray, *, axis: int) -> FloatArray:
    """Interpolate along one axis."""
    upper = part.reshape([-1 if number == axis else 1 for number in range(3)])
    low, high = np.take(values, index, axis=axis), np.take(values, index + 1, axis=axis)
    mixed: FloatArray = low * (1.0 - upper) + high * upper
    return mixed


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
