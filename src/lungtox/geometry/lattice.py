"""A raster of cells in the contour planes, and the pieces of edges in its rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.geometry.edges import Edges

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

FLAT = 1e-12  # cells; an edge along the row has no area to its right, and its slope would overflow


@dataclass(frozen=True)
class Lattice:
    """Rectangular cells.

    Attributes
    ----------
    x_mm, y_mm : float
        Outer corner of the first cell.
    cell_x_mm, cell_y_mm : float
    columns, rows : int
    """

    x_mm: float
    y_mm: float
    cell_x_mm: float
    cell_y_mm: float
    columns: int
    rows: int

    @property
    def cell_mm2(self) -> float:
        """Area of a cell."""
        return self.cell_x_mm * self.cell_y_mm

    @property
    def centre_x_mm(self) -> FloatArray:
        """Centres of the columns."""
        return self.x_mm + (np.arange(self.columns, dtype=np.float64) + 0.5) * self.cell_x_mm

    @property
    def centre_y_mm(self) -> FloatArray:
        """Centres of the rows."""
        return self.y_mm + (np.arange(self.rows, dtype=np.float64) + 0.5) * self.cell_y_mm


@dataclass(frozen=True, eq=False)
class RowPieces:
    """Pieces of edges, each within one row of cells; u and v count cells along x and y.

    Attributes
    ----------
    plane, row : ndarray of int
    low_u, high_u : ndarray
        u at the lower and the upper end of the piece.
    low_v, high_v : ndarray
        v of these ends within the row, 0 to 1.
    weight : ndarray
        +1 where the region lies to the right (larger u), -1 where it lies to the left, by the signs of the rings.
    """

    plane: IntArray
    row: IntArray
    low_u: FloatArray
    high_u: FloatArray
    low_v: FloatArray
    high_v: FloatArray
    weight: FloatArray


def row_pieces(edges: Edges, lattice: Lattice) -> RowPieces:
    """Cut edges at the lines between rows of cells. The lattice must hold all of them."""
    u0 = (edges.x0_mm - lattice.x_mm) / lattice.cell_x_mm
    u1 = (edges.x1_mm - lattice.x_mm) / lattice.cell_x_mm
    v0 = (edges.y0_mm - lattice.y_mm) / lattice.cell_y_mm
    v1 = (edges.y1_mm - lattice.y_mm) / lattice.cell_y_mm
    sloped = np.flatnonzero(np.abs(v1 - v0) > FLAT)
    up = v1[sloped] > v0[sloped]
    low, high = np.where(up, v0[sloped], v1[sloped]), np.where(up, v1[sloped], v0[sloped])
    start, end = np.where(up, u0[sloped], u1[sloped]), np.where(up, u1[sloped], u0[sloped])
    first = np.clip(np.floor(low), 0, lattice.rows - 1).astype(np.intp)
    last = np.clip(np.ceil(high) - 1, first, lattice.rows - 1).astype(np.intp)
    edge, row = _expand(first, last)
    bottom, top = np.maximum(low[edge], row), np.minimum(high[edge], row + 1.0)
    start, end, low, high = start[edge], end[edge], low[edge], high[edge]
    slope = (end - start) / (high - low)
    # Cuts at the ends of the edge take the corner itself, so that neighbours meet exactly.
    low_u = np.where(bottom == low, start, start + (bottom - low) * slope)
    high_u = np.where(top == high, end, start + (top - low) * slope)
    weight = np.where(up, -1.0, 1.0) * edges.sign[sloped]
    return RowPieces(
        plane=edges.plane[sloped][edge],
        row=row,
        low_u=np.clip(low_u, 0, lattice.columns),
        high_u=np.clip(high_u, 0, lattice.columns),
        low_v=bottom - row,
        high_v=top - row,
        weight=weight[edge],
    )


def accumulate(
    line: IntArray, from_u: FloatArray, to_u: FloatArray, height: FloatArray, *, lines: int, columns: int
) -> FloatArray:
    """Add up the area to the right of straight pieces, cell by cell: exact for any slope.

    Parameters
    ----------
    line : ndarray of int, shape (pieces,)
        Row of cells in which each piece lies, counted over all planes.
    from_u, to_u : ndarray, shape (pieces,)
        u at its ends, 0 to `columns`.
    height : ndarray, shape (pieces,)
        Rise in v times weight.
    lines, columns : int

    Returns
    -------
    ndarray, shape (lines, columns + 1)
        Covered share of each cell; the last column holds what lies to the right of all cells, nothing where the pieces
        close rings.
    """
    low, high = np.minimum(from_u, to_u), np.maximum(from_u, to_u)
    first = np.minimum(low.astype(np.intp), columns - 1)
    last = np.clip(np.ceil(high).astype(np.intp) - 1, first, columns - 1)
    single = first == last
    mean = 0.5 * (low + high) - first
    position, share, part = first + line * (columns + 1), height, mean
    if not single.all():
        many = np.flatnonzero(~single)
        piece, column = _expand(first[many], last[many])
        piece = many[piece]
        left, right = np.maximum(low[piece], column), np.minimum(high[piece], column + 1.0)
        cut = height[piece] * (right - left) / (high[piece] - low[piece])
        position = np.concatenate([position[single], column + line[piece] * (columns + 1)])
        share = np.concatenate([height[single], cut])
        part = np.concatenate([mean[single], 0.5 * (left + right) - column])
    # To the right of a piece: what is left of its own cell, and from the next cell on everything.
    part *= share
    change: FloatArray = np.bincount(
        np.concatenate([position, position + 1]),
        weights=np.concatenate([share - part, part]),
        minlength=lines * (columns + 1),
    ).astype(np.float64, copy=False)
    lined = change.reshape(lines, columns + 1)
    return np.cumsum(lined, axis=1, out=lined)


def _expand(first: IntArray, last: IntArray) -> tuple[IntArray, IntArray]:
    """Give (index, value) for every whole number from ``first`` to ``last`` of each index."""
    count = last - first + 1
    index = np.repeat(np.arange(first.size), count)
    value = np.arange(index.size) - np.repeat(np.cumsum(count) - count - first, count)
    return index, value
