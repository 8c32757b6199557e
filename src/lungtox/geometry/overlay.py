"""Exact coverage where boundaries meet: parity of every ring of every structure, stretch by stretch.

A row of cells is cut at every corner and every intersection of edges. Between two cuts the edges are straight, do not
cross, and have an order from left to right, so walking along them tells exactly what lies inside which structure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.geometry.lattice import Lattice, RowPieces, accumulate
from lungtox.geometry.region import Region

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

_ROUNDS = 12  # cuts at intersections; each round resolves at least the neighbours that cross
_TOUCH = 1e-9  # cells; edges that cross by less than this share their line (structures drawn along each other)


@dataclass(frozen=True, eq=False)
class _Stretches:
    """Pieces of edges between two cuts, in the order of bands and then from left to right."""

    band: IntArray
    low_u: FloatArray
    high_u: FloatArray
    operand: IntArray


@dataclass(frozen=True, eq=False)
class _Lines:
    """Pieces of edges of all operands in the rows (tasks) in question; v runs from 2 task to 2 task + 1."""

    operand: IntArray
    low_u: FloatArray
    high_u: FloatArray
    low_v: FloatArray
    high_v: FloatArray


def overlay_rows(
    region: Region, pieces: tuple[RowPieces, ...], plane: IntArray, row: IntArray, lattice: Lattice
) -> FloatArray:
    """Compute the covered share of the cells of some rows.

    Parameters
    ----------
    region : Region
    pieces : tuple of RowPieces, one for each operand
    plane : ndarray of int, shape (tasks, operands)
        Contour plane of each operand in each row to do, -1 for none.
    row : ndarray of int, shape (tasks,)
        Row of the lattice.
    lattice : Lattice

    Returns
    -------
    ndarray, shape (tasks, columns)
    """
    lines = _gather(pieces, plane, row, lattice.rows)
    # Twice the task, so that the end of one row never is the start of the next.
    cuts = np.unique(np.concatenate([lines.low_v, lines.high_v]))
    for _ in range(_ROUNDS):
        stretches = _cut(lines, cuts)
        crossings = _crossings(stretches, cuts)
        if crossings.size == 0:
            break
        cuts = np.union1d(cuts, crossings)
    weight = _weights(region, stretches)
    used = np.flatnonzero(weight)
    band = stretches.band[used]
    return accumulate(
        (cuts[band] // 2).astype(np.intp),
        stretches.low_u[used],
        stretches.high_u[used],
        (cuts[band + 1] - cuts[band]) * weight[used],
        lines=row.size,
        columns=lattice.columns,
    )[:, :-1]


def _gather(pieces: tuple[RowPieces, ...], plane: IntArray, row: IntArray, rows: int) -> _Lines:
    operand, low_u, high_u, low_v, high_v = [], [], [], [], []
    for number, piece in enumerate(pieces):
        key = piece.plane * rows + piece.row
        order = np.argsort(key, kind="stable")
        wanted = np.where(plane[:, number] >= 0, plane[:, number] * rows + row, -1)
        first = np.searchsorted(key[order], wanted, side="left")
        count = np.searchsorted(key[order], wanted, side="right") - first
        task = np.repeat(np.arange(row.size), count)
        at = order[np.arange(task.size) - np.repeat(np.cumsum(count) - count - first, count)]
        operand.append(np.full(task.size, number, dtype=np.intp))
        low_u.append(piece.low_u[at])
        high_u.append(piece.high_u[at])
        low_v.append(2.0 * task + piece.low_v[at])
        high_v.append(2.0 * task + piece.high_v[at])
    return _Lines(*(np.concatenate(part) for part in (operand, low_u, high_u, low_v, high_v)))


def _cut(lines: _Lines, cuts: FloatArray) -> _Stretches:
    first = np.searchsorted(cuts, lines.low_v)
    count = np.searchsorted(cuts, lines.high_v) - first
    line = np.repeat(np.arange(first.size), count)
    band = np.arange(line.size) - np.repeat(np.cumsum(count) - count - first, count)
    rise = lines.high_v - lines.low_v
    slope = (lines.high_u - lines.low_u) / np.where(rise > 0, rise, 1.0)
    low_u = lines.low_u[line] + (cuts[band] - lines.low_v[line]) * slope[line]
    high_u = lines.low_u[line] + (cuts[band + 1] - lines.low_v[line]) * slope[line]
    order = np.lexsort((low_u + high_u, band))
    return _Stretches(band[order], low_u[order], high_u[order], lines.operand[line][order])


def _crossings(stretches: _Stretches, cuts: FloatArray) -> FloatArray:
    """Give the v at which neighbours of one band cross."""
    same = stretches.band[1:] == stretches.band[:-1]
    below = stretches.low_u[1:] - stretches.low_u[:-1]
    above = stretches.high_u[1:] - stretches.high_u[:-1]
    crossed = np.flatnonzero(same & ((below < -_TOUCH) & (above > _TOUCH) | (below > _TOUCH) & (above < -_TOUCH)))
    low, high = cuts[stretches.band[crossed]], cuts[stretches.band[crossed] + 1]
    found = low + (high - low) * below[crossed] / (below[crossed] - above[crossed])
    inner: FloatArray = found[(found > low) & (found < high)]
    return inner


def _weights(region: Region, stretches: _Stretches) -> FloatArray:
    """Give +1 where the region begins to the right of a stretch, -1 where it ends, 0 where nothing changes."""
    toggled = stretches.operand[:, None] == np.arange(len(region.operands))
    count = np.cumsum(toggled, axis=0)
    starts = np.flatnonzero(np.append(True, stretches.band[1:] != stretches.band[:-1]))
    sizes = np.diff(np.append(starts, stretches.band.size))
    before_band = np.repeat(count[starts] - toggled[starts], sizes, axis=0)
    inside = region.contains((count - before_band) % 2 == 1)
    left = np.append(False, inside[:-1])
    left[starts] = False
    result: FloatArray = inside.astype(np.float64) - left
    return result
