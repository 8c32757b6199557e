"""Samples of cells that a region covers in part: they lie in the middle of what is covered, not of the cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.geometry import Image, Lattice, axis_weights, interpolate_with_changes

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

# Position within the cell, as a share of it, by turns from row to row, column to column and along the diagonals: where
# dose rises along an axis, samples at the centres would take one dose for each column and make steps of the DVH.
SHIFTS = np.array([-0.25, 0.25])
SHARE = 1.0 / SHIFTS.size  # of a cell, along each axis: what lies nearer to one of these positions than to the others
_LEAST_RISE = 0.5  # of the coverage across three cells; a straight boundary has 1, a thin shell 0


@dataclass(frozen=True, eq=False)
class PartialBlock:
    """Samples of the partly covered cells of some slabs.

    Attributes
    ----------
    volume_cc, dose_gy, spread_gy, x, y, z : ndarray, shape (samples,)
        Positions in mm.
    """

    volume_cc: FloatArray
    dose_gy: FloatArray
    spread_gy: FloatArray
    x: FloatArray
    y: FloatArray
    z: FloatArray

    def x_mm(self) -> FloatArray:
        """Give x of each sample."""
        return self.x

    def y_mm(self) -> FloatArray:
        """Give y of each sample."""
        return self.y

    def z_mm(self) -> FloatArray:
        """Give z of each sample."""
        return self.z


@dataclass(frozen=True, eq=False)
class PartialCells:
    """Partly covered cells of some slabs, and where the middle of what is covered lies.

    Attributes
    ----------
    slab, row, column : ndarray of int, shape (cells,)
        In the order of the slabs.
    covered : ndarray, shape (cells,)
    inwards_x, inwards_y : ndarray, shape (cells,)
        From the middle of the cell to that of the covered part, in cells.
    width_x, width_y : ndarray, shape (cells,)
        Of what samples are spread over, in cells: all of it along a boundary, the covered part across it.
    """

    slab: IntArray
    row: IntArray
    column: IntArray
    covered: FloatArray
    inwards_x: FloatArray
    inwards_y: FloatArray
    width_x: FloatArray
    width_y: FloatArray


def partial_cells(covered: FloatArray, whole: FloatArray) -> PartialCells:
    """Find partly covered cells.

    Where the boundary of a region cuts a cell, the middle of what is covered lies by half of the rest of the cell
    further in: exact for a boundary along an axis, and to 0.05 of a cell for others. The direction is that in which the
    coverage of the neighbours rises, as in volume-of-fluid methods. Samples spread within what is covered across a
    boundary along an axis; across an oblique one they may lie up to a tenth of a cell outside.

    Parameters
    ----------
    covered : ndarray, shape (slabs, rows, columns)
        C-contiguous; the outermost rows and columns are empty.
    whole : ndarray, shape (slabs, rows, columns)
        1 for wholly covered cells, 0 for all others.
    """
    _, rows, columns = covered.shape
    flat = covered.reshape(-1)
    at = np.flatnonzero(flat != whole.reshape(-1))
    line = at // columns
    slab = line // rows
    row, column = line - slab * rows, at - line * columns
    share = flat.take(at)
    rise_x = flat.take(at + 1) - flat.take(at - 1)
    rise_y = flat.take(at + columns) - flat.take(at - columns)
    rise = np.maximum(np.sqrt(rise_x * rise_x + rise_y * rise_y), _LEAST_RISE)
    rise_x /= rise
    rise_y /= rise
    rest, oblique = 1.0 - share, np.abs(rise_x) + np.abs(rise_y)
    narrow = rest * oblique
    width_x = np.maximum(1.0 - narrow * np.abs(rise_x), 0.0)
    width_y = np.maximum(1.0 - narrow * np.abs(rise_y), 0.0)
    return PartialCells(slab, row, column, share, 0.5 * rest * rise_x, 0.5 * rest * rise_y, width_x, width_y)


def partial_block(
    cells: PartialCells,
    lattice: Lattice,
    image: Image,
    inside: tuple[slice, slice],
    layers: tuple[IntArray, FloatArray, FloatArray],
) -> PartialBlock:
    """Give the samples of partly covered cells inside the dose grid.

    Parameters
    ----------
    cells : PartialCells
    lattice : Lattice
    image : Image
        The dose in Gy.
    inside : tuple of slice
        Rows and columns inside the dose grid.
    layers : tuple of ndarray, each shape (layers,)
        Slab, middle and height in mm of each layer; slabs ascend.

    Returns
    -------
    PartialBlock
        Along the boundary they lie and spread as in a whole cell, across it within what is covered.
    """
    slab, middle_mm, height_mm = layers
    cell_mm, grid = (lattice.cell_x_mm, lattice.cell_y_mm), image.grid
    rows, columns = inside
    chosen = (cells.row >= rows.start) & (cells.row < rows.stop)
    chosen &= (cells.column >= columns.start) & (cells.column < columns.stop)
    cell, layer = _in_layers(np.flatnonzero(chosen), cells.slab, slab)
    count = np.arange(lattice.rows + lattice.columns)
    shift_x, shift_y = SHIFTS[(count - rows.start) % SHIFTS.size], SHIFTS[(count - columns.start) % SHIFTS.size]
    turn = (count - rows.start - columns.start) % SHIFTS.size
    row, column, covered = cells.row.take(cell), cells.column.take(cell), cells.covered.take(cell)
    width_x, width_y = cells.width_x.take(cell), cells.width_y.take(cell)
    x = lattice.centre_x_mm.take(column) + (cells.inwards_x.take(cell) + shift_x.take(row) * width_x) * cell_mm[0]
    y = lattice.centre_y_mm.take(row) + (cells.inwards_y.take(cell) + shift_y.take(column) * width_y) * cell_mm[1]
    heights = middle_mm + SHIFTS[:, None] * height_mm  # a layer has samples at four heights
    index_z, part_z, _ = axis_weights(grid.z_mm, heights)
    at = turn.take(row + column) * slab.size + layer
    (index_x, part_x), (index_y, part_y) = _even_weights(grid.x_mm, x), _even_weights(grid.y_mm, y)
    dose, change_z, change_y, change_x = interpolate_with_changes(
        image.values, (index_z.take(at), index_y, index_x), (part_z.take(at), part_y, part_x)
    )
    square = (change_x * width_x * (cell_mm[0] / _spacing(grid.x_mm))) ** 2
    square += (change_y * width_y * (cell_mm[1] / _spacing(grid.y_mm))) ** 2
    square += (change_z * (height_mm / np.diff(grid.z_mm)[index_z]).take(at)) ** 2
    volume = covered * (height_mm * (lattice.cell_mm2 / 1000.0)).take(layer)
    return PartialBlock(volume, dose, SHARE * np.sqrt(square), x, y, heights.take(at))


def _in_layers(chosen: IntArray, slab_of_cell: IntArray, slab_of_layer: IntArray) -> tuple[IntArray, IntArray]:
    """Give (cell, layer) for every layer of the slab of each chosen cell."""
    slab = slab_of_cell[chosen]
    begin = np.searchsorted(slab_of_layer, np.arange(int(slab.max(initial=0)) + 2))
    first, count = begin[slab], np.diff(begin)[slab]
    cell = np.repeat(chosen, count)
    layer = np.arange(cell.size) + np.repeat(first - (np.cumsum(count) - count), count)
    return cell, layer


def _spacing(axis_mm: FloatArray) -> float:
    return float(axis_mm[-1] - axis_mm[0]) / (axis_mm.size - 1)


def _even_weights(axis_mm: FloatArray, points_mm: FloatArray) -> tuple[IntArray, FloatArray]:
    """Give lower neighbour and weight of the upper one along an evenly spaced axis; beyond it its ends count."""
    place = np.clip((points_mm - axis_mm[0]) / _spacing(axis_mm), 0.0, axis_mm.size - 1)
    index = np.minimum(place.astype(np.intp), axis_mm.size - 2)
    return index, place - index
