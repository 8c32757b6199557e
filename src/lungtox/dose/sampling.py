"""Dose samples of a region: where, how much volume, which dose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.dose.histogram import Histogram
from lungtox.dose.raster import Raster, empty_region, make_raster
from lungtox.errors import Fault, InputError
from lungtox.geometry import (
    BetweenPlanes,
    Dose,
    EndCap,
    Image,
    Region,
    Slabs,
    Structure,
    as_region,
    axis_weights,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

# Position within the cell, as a share of it, by turns from row to row, column to column and along the diagonals: where
# dose rises along an axis, samples at the centres would take one dose for each column and make steps of the DVH.
_SHIFTS = np.array([-0.375, 0.125, -0.125, 0.375])
_SHARE = 1.0 / _SHIFTS.size  # of a cell, along each axis: what lies nearer to one of these positions than to the others


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
    spread_gy : ndarray, shape (samples,), optional
        Width of the range of doses for which each sample stands: what the dose changes by, at its own gradient, over
        the quarter of a cell and of a layer that is its share where samples alternate.
    step_mm : tuple of float
        Lengths along x, y and z of that share; along z of the median layer.
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
    spread_gy: FloatArray | None = None
    step_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)


def sample_region(
    region: Structure | Region,
    dose: Dose,
    *,
    end_cap: EndCap = "half-slice",
    between_planes: BetweenPlanes = "slab",
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

    Returns
    -------
    Samples

    Raises
    ------
    InputError
        No contours or no volume (``structure-empty``); nothing inside the dose grid (``dose-coverage``).
    """
    raster = make_raster(as_region(region), dose.image.grid, end_cap=end_cap, between_planes=between_planes)
    summary = _Summary()
    blocks = list(_blocks(raster, dose.image, summary))
    coverage_pct, warnings = summary.finish(raster, sum(float(block.volume_cc.sum()) for block in blocks))
    height = float(np.median((raster.slabs.high_mm - raster.slabs.low_mm) / raster.layers))
    return Samples(
        structure=raster.region.name,
        x_mm=np.concatenate([block.x_mm() for block in blocks]),
        y_mm=np.concatenate([block.y_mm() for block in blocks]),
        z_mm=np.concatenate([block.z_mm() for block in blocks]),
        volume_cc=np.concatenate([block.volume_cc for block in blocks]),
        dose_gy=np.concatenate([block.dose_gy for block in blocks]),
        region_cc=summary.region_cc,
        coverage_pct=coverage_pct,
        planes=summary.planes,
        warnings=warnings,
        spread_gy=np.concatenate([block.spread_gy for block in blocks]),
        step_mm=(_SHARE * raster.lattice.cell_x_mm, _SHARE * raster.lattice.cell_y_mm, _SHARE * height),
    )


def region_histogram(
    region: Structure | Region,
    dose: Dose,
    *,
    bin_width_gy: float,
    end_cap: EndCap = "half-slice",
    between_planes: BetweenPlanes = "slab",
) -> tuple[Histogram, float, tuple[str, ...]]:
    """Give histogram, coverage in percent and warnings of what `sample_region` would sample, without keeping samples.

    Parameters and errors are those of `sample_region`.
    """
    raster = make_raster(as_region(region), dose.image.grid, end_cap=end_cap, between_planes=between_planes)
    summary = _Summary()
    histogram = Histogram(raster.region.name, bin_width_gy)
    for block in _blocks(raster, dose.image, summary):
        histogram.add(block.dose_gy, block.volume_cc, block.spread_gy)
    return histogram, *summary.finish(raster, histogram.total_cc)


class _Summary:
    """What adds up over the batches of a raster."""

    def __init__(self) -> None:
        self.region_cc, self.planes, self.crossing = 0.0, 0, 0

    def add(self, raster: Raster, batch: slice, covered: FloatArray, crossing: NDArray[np.bool_]) -> None:
        area = covered.sum(axis=(1, 2))
        thickness = raster.slabs.high_mm[batch] - raster.slabs.low_mm[batch]
        self.region_cc += float((area * thickness).sum()) * raster.lattice.cell_mm2 / 1000.0
        self.planes += int(np.count_nonzero(area))
        self.crossing += int(crossing.sum())

    def finish(self, raster: Raster, inside_cc: float) -> tuple[float, tuple[str, ...]]:
        """Give coverage in percent and warnings; refuse a region without volume, or outside the dose grid."""
        name = raster.region.name
        if self.region_cc <= 0:
            raise empty_region(name)
        if inside_cc <= 0:
            raise _outside(name)
        coverage_pct = 100.0 * inside_cc / self.region_cc
        if coverage_pct > 100.0 - 1e-7:  # rounding of sums
            coverage_pct = 100.0
        crossing = self.crossing if raster.drawn_crossing is None else int(raster.drawn_crossing.sum())
        return coverage_pct, _warnings(name, raster.slabs, crossing, coverage_pct)


@dataclass(frozen=True, eq=False)
class _Block:
    """Samples of one class of cells, those that share a position in their cell, in some slabs.

    Attributes
    ----------
    volume_cc, dose_gy, spread_gy : ndarray, shape (samples,)
    at : ndarray of int, shape (samples,)
        Place of each sample in an array of shape (layers, rows, columns) of the class.
    x, y, z : ndarray, shape (columns,), (rows,), (layers,)
        Positions in mm.
    """

    volume_cc: FloatArray
    dose_gy: FloatArray
    spread_gy: FloatArray
    at: IntArray
    x: FloatArray
    y: FloatArray
    z: FloatArray

    def x_mm(self) -> FloatArray:
        return self.x[self.at % self.x.size]

    def y_mm(self) -> FloatArray:
        return self.y[self.at // self.x.size % self.y.size]

    def z_mm(self) -> FloatArray:
        return self.z[self.at // (self.x.size * self.y.size)]


@dataclass(frozen=True, eq=False)
class _Axis:
    """Where the samples of a class lie along an axis of the dose grid.

    Attributes
    ----------
    points_mm : ndarray
    low, high : slice or ndarray of int
        Voxels on both sides.
    part : ndarray
        Weight of the upper one.
    share : ndarray
        What a sample stands for, in distances between voxels; 0 beyond the grid, where the dose is that of its edge.
    """

    points_mm: FloatArray
    low: slice | IntArray
    high: slice | IntArray
    part: FloatArray
    share: FloatArray


def _axis(axis_mm: FloatArray, points_mm: FloatArray, reach_mm: FloatArray | float, *, first: int = 0) -> _Axis:
    """Find voxels, counted from ``first``, and weights of points that each stand for ``reach_mm``."""
    index, part, _ = axis_weights(axis_mm, points_mm)
    share = reach_mm / (axis_mm[index + 1] - axis_mm[index])
    share = np.where((points_mm < axis_mm[0]) | (points_mm > axis_mm[-1]), 0.0, share)
    return _Axis(points_mm, _run(index - first), _run(index - first + 1), part, share)


def _voxels(axis_mm: FloatArray, centre_mm: FloatArray, cell_mm: float) -> slice:
    """Give the voxels between which the samples of cells with these centres lie."""
    ends = np.array([centre_mm[0], centre_mm[-1]]) + cell_mm * _SHIFTS[[0, -1]] if centre_mm.size else axis_mm[:1]
    index = axis_weights(axis_mm, ends)[0]
    return slice(int(index[0]), int(index[-1]) + 2)


def _run(index: IntArray) -> slice | IntArray:
    """Give evenly spaced places as a slice: a view of what they pick, where the places themselves would copy it."""
    step = int(index[1] - index[0]) if index.size > 1 else 1
    if step < 1 or (np.diff(index) != step).any():
        return index
    return slice(int(index[0]), int(index[-1]) + 1, step)


def _blocks(raster: Raster, image: Image, summary: _Summary) -> Iterator[_Block]:
    """Give the samples inside the dose grid, batch by batch and class by class."""
    grid, lattice = image.grid, raster.lattice
    share_x = _share_inside(grid.x_mm, lattice.centre_x_mm, lattice.cell_x_mm)
    share_y = _share_inside(grid.y_mm, lattice.centre_y_mm, lattice.cell_y_mm)
    columns, rows = _range(share_x > 0), _range(share_y > 0)
    share_x, share_y = share_x[columns], share_y[rows]
    centre_x, centre_y = lattice.centre_x_mm[columns], lattice.centre_y_mm[rows]
    classes = _SHIFTS.size
    x_axes, y_axes = {}, {}
    across, down = _voxels(grid.x_mm, centre_x, lattice.cell_x_mm), _voxels(grid.y_mm, centre_y, lattice.cell_y_mm)
    for row_class in range(min(classes, centre_y.size)):
        for column_class in range(min(classes, centre_x.size)):
            x = centre_x[column_class::classes] + _SHIFTS[row_class] * lattice.cell_x_mm
            y = centre_y[row_class::classes] + _SHIFTS[column_class] * lattice.cell_y_mm
            x_axes[row_class, column_class] = _axis(grid.x_mm, x, _SHARE * lattice.cell_x_mm, first=across.start)
            y_axes[row_class, column_class] = _axis(grid.y_mm, y, _SHARE * lattice.cell_y_mm, first=down.start)
    for batch, covered, crossing in raster.coverage():
        summary.add(raster, batch, covered, crossing)
        slab, middle, height = _layers(raster.slabs, raster.layers, batch, grid.z_mm)
        if not (x_axes and slab.size):
            continue
        kept = covered[:, rows, columns]
        if share_x.min() < 1.0 or share_y.min() < 1.0:  # the grid ends at the edge of a cell or in its middle
            kept = kept * (share_y[:, None] * share_x)
        z = middle + _SHIFTS[:, None] * height
        level = axis_weights(grid.z_mm, z)[0]
        first, last = int(level.min()), int(level.max()) + 2
        planes, slabs = np.ascontiguousarray(image.values[first:last, down, across]), _run(slab)
        z_axes = [_axis(grid.z_mm, z_class, _SHARE * height, first=first) for z_class in z]
        volume_cc = height * (lattice.cell_mm2 / 1000.0)
        for (row_class, column_class), x_axis in x_axes.items():
            block = _block(
                kept[slabs, row_class::classes, column_class::classes],
                volume_cc,
                planes,
                x_axis,
                y_axes[row_class, column_class],
                z_axes[(row_class + column_class) % classes],
            )
            if block.at.size:
                yield block


def _block(
    kept: FloatArray, volume_cc: FloatArray, planes: NDArray[np.floating], x: _Axis, y: _Axis, z: _Axis
) -> _Block:
    """Interpolate the dose of one class of cells: in the planes of the grid, then between them."""
    volume = (kept * volume_cc[:, None, None]).ravel()
    at = np.flatnonzero(volume)
    in_plane, slope = _in_plane(planes, x, y)
    low = in_plane[z.low]
    change = in_plane[z.high] - low
    dose = low + change * z.part[:, None, None]
    change *= z.share[:, None, None]
    change *= change
    # A cell that is covered in part stands for a part of its range.
    change += slope[z.low] * kept
    spread = change.ravel().take(at)
    np.sqrt(spread, out=spread)
    return _Block(volume.take(at), dose.ravel().take(at), spread, at, x.points_mm, y.points_mm, z.points_mm)


def _in_plane(planes: NDArray[np.floating], x: _Axis, y: _Axis) -> tuple[FloatArray, FloatArray]:
    """Interpolate dose planes, shape (planes, rows, columns); and the square of the spread along x and y together."""
    part, share = y.part[:, None], y.share[:, None]
    if isinstance(x.low, slice):
        left, along_left = _mixed(planes[:, :, x.low], y.low, y.high, part)
        right, _ = _mixed(planes[:, :, x.high], y.low, y.high, part)
    else:
        lines, along = _mixed(planes, y.low, y.high, part)
        left, right = lines.take(x.low, axis=2), lines.take(x.high, axis=2)
        along_left = along.take(x.low, axis=2)
    right -= left
    left += right * x.part
    right *= x.share
    right *= right
    along_left *= share
    along_left *= along_left
    right += along_left
    return left, right


def _mixed(
    planes: NDArray[np.floating], low: slice | IntArray, high: slice | IntArray, part: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Interpolate along y; give the difference of the neighbours too."""
    lower = planes[:, low]
    change = planes[:, high] - lower
    return lower + change * part, change


def _layers(
    slabs: Slabs, layers: IntArray, batch: slice, axis_mm: FloatArray
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Give slab (within the batch), middle and height of the layers that lie in the dose grid.

    The layers of a slab are equally thick.
    """
    count = layers[batch]
    slab = np.repeat(np.arange(count.size), count)
    number = np.arange(slab.size) - np.repeat(np.cumsum(count) - count, count)
    height = ((slabs.high_mm[batch] - slabs.low_mm[batch]) / count)[slab]
    low = slabs.low_mm[batch][slab] + number * height
    bottom, top = np.maximum(low, axis_mm[0]), np.minimum(low + height, axis_mm[-1])
    inside = np.flatnonzero(top - bottom > 1e-6)
    return slab[inside], (0.5 * (bottom + top))[inside], (top - bottom)[inside]


def _share_inside(axis_mm: FloatArray, centre_mm: FloatArray, cell_mm: float) -> FloatArray:
    low = np.maximum(centre_mm - 0.5 * cell_mm, axis_mm[0])
    high = np.minimum(centre_mm + 0.5 * cell_mm, axis_mm[-1])
    share: FloatArray = np.clip((high - low) / cell_mm, 0.0, 1.0)
    return share


def _range(inside: NDArray[np.bool_]) -> slice:
    found = np.flatnonzero(inside)
    return slice(int(found[0]), int(found[-1]) + 1) if found.size else slice(0, 0)


def _warnings(name: str, slabs: Slabs, crossing: int, coverage_pct: float) -> tuple[str, ...]:
    texts = list(slabs.warnings)
    if crossing:
        texts.append(f"{name}: contours that cross each other in {crossing} slabs; counted by even-odd")
    if coverage_pct < 100.0:
        texts.append(
            f"{name}: the dose grid covers {coverage_pct:.2f} % of the volume;"
            f" {100 - coverage_pct:.2f} % lies outside and is not in the histogram"
        )
    return tuple(texts)


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
