"""Which share of each raster cell a region covers, slab by slab: exact areas, no point sampling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.geometry.edges import Edges
from lungtox.geometry.lattice import Lattice, RowPieces, accumulate, row_pieces
from lungtox.geometry.overlay import overlay_rows
from lungtox.geometry.region import Region

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
BoolArray = NDArray[np.bool_]

DIGITS = 9
ROUNDING = 10.0**-DIGITS  # share of a cell; sums of thousands of pieces stay far below it


@dataclass(frozen=True, eq=False)
class _Window:
    """Coverage by one operand, in the part of the lattice that it reaches.

    Attributes
    ----------
    rows, columns : slice
    covered : ndarray, shape (planes, rows of the window, columns of the window)
    crossing : ndarray of bool, shape (planes,)
        Planes in which the signs of the rings do not give the area by XOR.
    """

    rows: slice
    columns: slice
    covered: FloatArray
    crossing: BoolArray


def region_coverage(
    region: Region, plane: IntArray, edges: tuple[Edges, ...], lattice: Lattice
) -> tuple[FloatArray, BoolArray]:
    """Compute the covered share of each cell in each slab.

    Where in a cell only one boundary runs, sums and products of the operands' coverages are exact. Rows with a cell in
    which two operands have their boundary, and planes with rings that intersect, are computed again by overlay: parity
    of every ring of every operand, along every stretch between corners and intersections.

    Parameters
    ----------
    region : Region
    plane : ndarray of int, shape (slabs, operands)
        Contour plane of each operand, -1 for none (see `Slabs`).
    edges : tuple of Edges, one for each operand
    lattice : Lattice
        Holds all edges of all operands.

    Returns
    -------
    covered : ndarray, shape (slabs, rows, columns)
        0 to 1.
    crossing : ndarray of bool, shape (slabs,)
        Slabs with rings of one operand that intersect (counted by even-odd, exactly).
    """
    pieces = tuple(row_pieces(each, lattice) for each in edges)
    windows = [_window(piece, each, lattice) for piece, each in zip(pieces, edges, strict=True)]
    covered, ambiguous = _combine(region, plane, windows, lattice)
    crossing = np.zeros(plane.shape[0], dtype=bool)
    for window, planes in zip(windows, plane.T, strict=True):
        crossed = np.append(window.crossing, False)[planes]  # plane -1 is the appended one
        ambiguous[crossed, window.rows] = True
        crossing |= crossed
    slab, row = ambiguous.nonzero()
    if slab.size:
        covered[slab, row] = _trimmed(overlay_rows(region, pieces, plane[slab], row, lattice))
    return covered, crossing


def _window(pieces: RowPieces, edges: Edges, lattice: Lattice) -> _Window:
    if pieces.row.size == 0:
        nothing = np.zeros((edges.plane_area_mm2.size, 0, 0))
        return _Window(slice(0, 0), slice(0, 0), nothing, edges.crossing)
    first_row, last_row = int(pieces.row.min()), int(pieces.row.max())
    left = min(int(min(pieces.low_u.min(), pieces.high_u.min())), lattice.columns - 1)
    right = max(int(np.ceil(max(pieces.low_u.max(), pieces.high_u.max()))), left + 1)
    rows, columns = last_row - first_row + 1, right - left
    planes = edges.plane_area_mm2.size
    raw = accumulate(
        pieces.plane * rows + (pieces.row - first_row),
        pieces.low_u - left,
        pieces.high_u - left,
        (pieces.high_v - pieces.low_v) * pieces.weight,
        lines=planes * rows,
        columns=columns,
    ).reshape(planes, rows, columns + 1)
    # Rings that intersect each other or themselves cover a cell twice, or less than nothing.
    flat = raw.reshape(planes, -1)
    crossing = edges.crossing | (flat.min(axis=1) < -ROUNDING) | (flat.max(axis=1) > 1.0 + ROUNDING)
    return _Window(slice(first_row, last_row + 1), slice(left, right), _trimmed(raw)[:, :, :columns], crossing)


def _trimmed(covered: FloatArray) -> FloatArray:
    """Take rounding away, in place: what is empty or full counts as exactly that."""
    return np.round(covered, DIGITS, out=covered)


def _run(numbers: IntArray) -> slice | IntArray:
    """Give successive numbers as a slice, which copies nothing."""
    first, last = int(numbers[0]), int(numbers[-1])
    successive = last - first + 1 == numbers.size and bool((np.diff(numbers) == 1).all())
    return slice(first, last + 1) if successive else numbers


def _combine(region: Region, plane: IntArray, windows: list[_Window], lattice: Lattice) -> tuple[FloatArray, BoolArray]:
    """Combine the operands cell by cell; mark rows (slabs, rows) in which that is not exact."""
    slabs = plane.shape[0]
    total = np.zeros((slabs, lattice.rows, lattice.columns))
    ambiguous = np.zeros((slabs, lattice.rows), dtype=bool)
    joined, kept = len(region.union), len(region.union) + len(region.within)
    for number, (window, planes) in enumerate(zip(windows, plane.T, strict=True)):
        here = np.flatnonzero(planes >= 0)
        if number >= joined and number < kept:
            outside = np.ones((lattice.rows, lattice.columns), dtype=bool)
            outside[window.rows, window.columns] = False
            total[:, outside] = 0.0
            total[planes < 0] = 0.0
        if here.size == 0:
            continue
        at = _run(here)
        own = window.covered[_run(planes[here])]
        before = total[at, window.rows, window.columns]
        if number > 0:
            both = (before > 0) & (before < 1) & (own > 0) & (own < 1)
            ambiguous[at, window.rows] |= both.any(axis=2)
        if number < joined:
            result = own if number == 0 else before + own - before * own
        else:
            result = before * own if number < kept else before * (1.0 - own)
        total[at, window.rows, window.columns] = result
    return total, ambiguous
