"""The Jacobian determinant of a deformation field: what happens to small volumes."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from lungtox.geometry.deformation_field import DeformationField
from lungtox.geometry.grid import Image

FloatArray = NDArray[np.float64]
_NODES = 1 << 18  # at a time


def jacobian_determinant(field: DeformationField) -> Image:
    """Give the determinant of planning -> session at the nodes of a field.

    It is the volume in the session over that in the planning image of what lies around a node: 1 keeps volumes, 1.1
    swells by 10 %, 0 or less means that tissue is turned inside out.

    Parameters
    ----------
    field : DeformationField

    Returns
    -------
    Image
        On the grid of the field; NaN beside vectors that are not defined.

    Notes
    -----
    det(B + du/dx), with B the rotation before the vectors; the one after them has the determinant 1. Derivatives are
    central differences, one-sided at the faces of the grid, exact for affine fields. Central differences do not see a
    fold of a single node: where B + du/dx may fold in one of the eight cells around a node, the determinant is the
    smallest of the eight that the trilinear interpolation has there, if that is 0 or less.
    """
    grid = field.grid
    planes = max(1, _NODES // (grid.y_mm.size * grid.x_mm.size))
    found = np.empty(grid.shape)
    for first in range(0, grid.z_mm.size, planes):
        last = min(first + planes, grid.z_mm.size)
        found[first:last] = _planes(field, first, last)
    return Image(grid, found)


def _planes(field: DeformationField, first: int, last: int) -> FloatArray:
    """Give the determinants of some planes, from these and one more on each side."""
    grid = field.grid
    low, high = max(first - 1, 0), min(last + 1, grid.z_mm.size)
    axes = (grid.z_mm[low:high], grid.y_mm, grid.x_mm)
    own = slice(first - low, last - low)
    vectors = np.asarray(field.vectors_mm[:, low:high], dtype=np.float64)
    steps = [_differences(vectors, axis_mm, number + 1) for number, axis_mm in enumerate(axes)]
    sides = [(back[:, own], ahead[:, own]) for back, ahead in steps]
    along_z, along_y, along_x = (_widths(axis_mm) for axis_mm in axes)
    widths = [along_z[own], along_y, along_x]
    # Second order also where planes are spaced unevenly: each side counts by the width of the other.
    central = [
        (back * _along(width[:, 1], axis) + ahead * _along(width[:, 0], axis)) / _along(width.sum(axis=1), axis)
        for axis, ((back, ahead), width) in enumerate(zip(sides, widths, strict=True))
    ]
    result = _determinant(field, central[2], central[1], central[0])
    at = np.nonzero(_may_fold(field, sides))
    if at[0].size:
        picked = [[side[:, at[0], at[1], at[2]] for side in pair] for pair in sides]
        worst = np.min(
            [_determinant(field, picked[2][i], picked[1][j], picked[0][k]) for i, j, k in _corners()], axis=0
        )
        result[at] = np.where(worst <= 0.0, np.minimum(worst, result[at]), result[at])
    return result


def _corners() -> product[tuple[int, ...]]:
    return product((0, 1), repeat=3)


def _differences(vectors: FloatArray, axis_mm: FloatArray, number: int) -> tuple[FloatArray, FloatArray]:
    """Give the slopes towards the node before and the one after; at the faces both are the only one there is."""
    shape = [1] * 4
    shape[number] = -1
    slope = np.diff(vectors, axis=number) / np.diff(axis_mm).reshape(shape)
    first, last = slope.take([0], axis=number), slope.take([-1], axis=number)
    return np.concatenate([first, slope], axis=number), np.concatenate([slope, last], axis=number)


def _widths(axis_mm: FloatArray) -> FloatArray:
    """Give the distances to the node before and the one after, shape (nodes, 2)."""
    steps = np.diff(axis_mm)
    return np.stack([np.append(steps[0], steps), np.append(steps, steps[-1])], axis=1)


def _along(values: FloatArray, number: int) -> FloatArray:
    shape = [1] * 4
    shape[number + 1] = -1
    return values.reshape(shape)


def _determinant(field: DeformationField, dx: FloatArray, dy: FloatArray, dz: FloatArray) -> FloatArray:
    """Give det(B + du/dp) from the slopes along the axes of the grid, each shape (3, ...)."""
    columns = [dx, dy, dz]
    if field.grid.turn is not None:
        turn = field.grid.turn
        columns = [turn[0, j] * dx + turn[1, j] * dy + turn[2, j] * dz for j in range(3)]
    b = field.before.rotation
    (a, d, g), (e, h, k), (m, n, o) = (tuple(column[i] + b[i, j] for i in range(3)) for j, column in enumerate(columns))
    result: FloatArray = a * (h * o - n * k) - e * (d * o - n * g) + m * (d * k - h * g)
    return result


def _may_fold(field: DeformationField, sides: list[tuple[FloatArray, FloatArray]]) -> NDArray[np.bool_]:
    """Leave out the nodes at which every one-sided matrix has a dominant diagonal: its determinant is above 0."""
    if field.grid.turn is not None or not np.array_equal(field.before.rotation, np.eye(3)):
        return np.ones(sides[0][0].shape[1:], dtype=bool)
    may = np.zeros(sides[0][0].shape[1:], dtype=bool)
    of_axis = sides[::-1]  # x, y, z
    for i in range(3):
        off = sum(np.maximum(np.abs(of_axis[j][0][i]), np.abs(of_axis[j][1][i])) for j in range(3) if j != i)
        may |= ~(1.0 + np.minimum(of_axis[i][0][i], of_axis[i][1][i]) > off)
    return may
