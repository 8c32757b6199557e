"""Samples of a raster, class by class of cells: volume, dose, and the range of doses for which each stands."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.dose.partial import SHARE, SHIFTS, PartialBlock, partial_block, partial_cells
from lungtox.dose.raster import Raster
from lungtox.geometry import Image, Slabs, axis_weights

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Block:
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
        """Give x of each sample."""
        return self.x[self.at % self.x.size]

    def y_mm(self) -> FloatArray:
        """Give y of each sample."""
        return self.y[self.at // self.x.size % self.y.size]

    def z_mm(self) -> FloatArray:
        """Give z of each sample."""
        return self.z[self.at // (self.x.size * self.y.size)]


@dataclass(frozen=True, eq=False)
class _Axis:
    """Where the samples of a class lie along an axis of the dose grid.

    Attributes
    ----------
    points_mm : ndarray
    low, high : slice or ndarray of int
        Voxels on both sides.
    part, share : ndarray
        Weight of the upper one; what a sample stands for, in distances between voxels: 0 beyond the grid, where the
        dose is that of its edge. Shaped for arrays of (layers, rows, columns), one value where all are equal.
    """

    points_mm: FloatArray
    low: slice | IntArray
    high: slice | IntArray
    part: FloatArray
    share: FloatArray


def _axes(
    axis_mm: FloatArray,
    centre_mm: FloatArray,
    length_mm: FloatArray | float,
    shape: tuple[int, ...],
    *,
    first: int,
    classes: int = 1,
) -> list[list[_Axis]]:
    """Find voxels, counted from ``first``, and weights of samples of cells: for each class of cells, at each shift."""
    points_mm = centre_mm + SHIFTS[:, None] * length_mm
    index, part, _ = axis_weights(axis_mm, points_mm)
    share = SHARE * length_mm / (axis_mm[index + 1] - axis_mm[index])
    share = np.where((points_mm < axis_mm[0]) | (points_mm > axis_mm[-1]), 0.0, share)
    return [
        [
            _Axis(
                points_mm[shift, own::classes],
                _run(index[shift, own::classes] - first),
                _run(index[shift, own::classes] - first + 1),
                _one(part[shift, own::classes]).reshape(shape),
                _one(share[shift, own::classes]).reshape(shape),
            )
            for shift in range(SHIFTS.size)
        ]
        for own in range(min(classes, centre_mm.size))
    ]


def _one(values: FloatArray) -> FloatArray:
    """Give one value where all are equal but for rounding: products with it are faster."""
    return values[:1] if values.size and float(np.ptp(values)) < 1e-12 else values


def _voxels(axis_mm: FloatArray, centre_mm: FloatArray, cell_mm: float) -> slice:
    """Give the voxels between which the samples of cells with these centres lie."""
    ends = np.array([centre_mm[0], centre_mm[-1]]) + cell_mm * SHIFTS[[0, -1]] if centre_mm.size else axis_mm[:1]
    index = axis_weights(axis_mm, ends)[0]
    return slice(int(index[0]), int(index[-1]) + 2)


def _run(index: IntArray) -> slice | IntArray:
    """Give evenly spaced places as a slice: a view of what they pick, where the places themselves would copy it."""
    step = int(index[1] - index[0]) if index.size > 1 else 1
    if step < 1 or (np.diff(index) != step).any():
        return index
    return slice(int(index[0]), int(index[-1]) + 1, step)


def blocks(
    raster: Raster, image: Image, report: Callable[[slice, FloatArray, NDArray[np.bool_]], None]
) -> Iterator[Block | PartialBlock]:
    """Give the samples inside the dose grid, batch by batch of slabs: whole cells class by class, then the others.

    Parameters
    ----------
    raster : Raster
    image : Image
        The dose in Gy.
    report : callable
        Is told the coverage of each batch as `Raster.coverage` gives it, the part outside the dose grid included.
    """
    grid, lattice = image.grid, raster.lattice
    columns, rows = _inside(grid.x_mm, lattice.centre_x_mm), _inside(grid.y_mm, lattice.centre_y_mm)
    centre_x, centre_y = lattice.centre_x_mm[columns], lattice.centre_y_mm[rows]
    classes = SHIFTS.size
    across, down = _voxels(grid.x_mm, centre_x, lattice.cell_x_mm), _voxels(grid.y_mm, centre_y, lattice.cell_y_mm)
    x_axes = _axes(grid.x_mm, centre_x, lattice.cell_x_mm, (-1,), first=across.start, classes=classes)
    y_axes = _axes(grid.y_mm, centre_y, lattice.cell_y_mm, (-1, 1), first=down.start, classes=classes)
    for batch, covered, crossing in raster.coverage():
        report(batch, covered, crossing)
        slab, middle, height = _layers(raster.slabs, raster.layers, batch, grid.z_mm)
        if not (x_axes and y_axes and slab.size):
            continue
        whole = np.floor(covered)
        kept = whole[:, rows, columns]
        level = axis_weights(grid.z_mm, middle + SHIFTS[:, None] * height)[0]
        first, last = int(level.min()), int(level.max()) + 2
        slabs = _run(slab)
        planes = np.ascontiguousarray(image.values[first:last, down, across])
        z_axes = _axes(grid.z_mm, middle, height, (-1, 1, 1), first=first)[0]
        volume_cc = height * (lattice.cell_mm2 / 1000.0)
        for row_class, column_class in itertools.product(range(len(y_axes)), range(len(x_axes))):
            block = _block(
                kept[slabs, row_class::classes, column_class::classes],
                volume_cc,
                planes,
                x_axes[column_class][row_class],
                y_axes[row_class][column_class],
                z_axes[(row_class + column_class) % classes],
            )
            if block.at.size:
                yield block
        cells = partial_cells(covered, whole)
        if cells.slab.size:
            yield partial_block(cells, lattice, image, (rows, columns), (slab, middle, height))


def _block(
    kept: FloatArray, volume_cc: FloatArray, planes: NDArray[np.floating], x: _Axis, y: _Axis, z: _Axis
) -> Block:
    """Interpolate the dose of one class of cells: in the planes of the grid, then between them."""
    volume = (kept * volume_cc[:, None, None]).ravel()
    at = np.flatnonzero(volume != 0.0)
    in_plane, slope = _in_plane(planes, x, y)
    low = in_plane[z.low]
    change = in_plane[z.high] - low
    dose = change * z.part
    dose += low
    change *= z.share
    change *= change
    change += slope[z.low]
    spread = change.ravel().take(at)
    np.sqrt(spread, out=spread)
    return Block(volume.take(at), dose.ravel().take(at), spread, at, x.points_mm, y.points_mm, z.points_mm)


def _in_plane(planes: NDArray[np.floating], x: _Axis, y: _Axis) -> tuple[FloatArray, FloatArray]:
    """Interpolate dose planes, shape (planes, rows, columns).

    Returns
    -------
    values, slope : ndarray, shape (planes, rows, columns)
        Dose at the samples; the square of the spread along x and y together.
    """
    if isinstance(x.low, slice) and isinstance(x.high, slice):
        left, along = _mixed(planes[:, :, x.low], y)
        right, _ = _mixed(planes[:, :, x.high], y)
    else:
        lines, along = _mixed(planes, y)
        left, right, along = lines[:, :, x.low], lines[:, :, x.high], along[:, :, x.low]
    right -= left
    left += right * x.part
    right *= x.share
    right *= right
    along *= y.share
    along *= along
    right += along
    return left, right


def _mixed(planes: NDArray[np.floating], y: _Axis) -> tuple[FloatArray, FloatArray]:
    """Interpolate along y; give the difference of the neighbours too."""
    lower = planes[:, y.low]
    change = planes[:, y.high] - lower
    values = change * y.part
    values += lower
    return values, change


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


def _inside(axis_mm: FloatArray, centre_mm: FloatArray) -> slice:
    """Give the cells inside the grid; it ends between two of them (see `make_raster`)."""
    found = np.flatnonzero((centre_mm > axis_mm[0]) & (centre_mm < axis_mm[-1]))
    return slice(int(found[0]), int(found[-1]) + 1) if found.size else slice(0, 0)
