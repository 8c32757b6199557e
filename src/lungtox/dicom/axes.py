"""From rows, columns and frames to ascending patient axes (LPS), or to the axes of an oblique grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lungtox.errors import Fault, InputError, ParameterError
from lungtox.geometry import Grid

# Direction cosines are written with about six digits; 1e-4 moves a voxel by 0.05 mm over 500 mm.
OBLIQUE_TOLERANCE = 1e-4
# A row and a column this far from length 1 or a right angle are no rounding: 0.5 mm over 500 mm.
SKEW_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Orientation:
    """How the pixel array (frame, row, column) becomes an image array (z, y, x) with ascending axes.

    Attributes
    ----------
    grid : Grid
    permutation : tuple of int
        Pixel axis that becomes z, y and x.
    order : tuple of ndarray
        Order in which the samples of z, y and x are taken after the permutation.
    """

    grid: Grid
    permutation: tuple[int, int, int]
    order: tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]

    def arrange(self, values: NDArray[Any]) -> NDArray[Any]:
        """Bring pixels of shape (frames, rows, columns) into the order of the grid, shape (nz, ny, nx)."""
        turned = values.transpose(self.permutation)
        slices = []
        for order in self.order:
            ascending = order.size < 2 or bool(np.all(np.diff(order) == 1))
            descending = order.size > 1 and bool(np.all(np.diff(order) == -1))
            if not ascending and not descending:  # frames in mixed order
                return np.ascontiguousarray(turned[np.ix_(*self.order)])
            slices.append(slice(None, None, -1 if descending else 1))
        return np.ascontiguousarray(turned[tuple(slices)])


def orient(
    *,
    position_mm: NDArray[np.float64],
    orientation: NDArray[np.float64],
    spacing_mm: NDArray[np.float64],
    size: tuple[int, int],
    offsets_mm: NDArray[np.float64],
    absolute: bool = False,
    who: str,
) -> Orientation:
    """Find the patient axes along which an image's frames, rows and columns run.

    Parameters
    ----------
    position_mm : ndarray, shape (3,)
        Centre of the first pixel of the first frame (Image Position (Patient)).
    orientation : ndarray, shape (6,)
        Direction of a row, then of a column (Image Orientation (Patient)).
    spacing_mm : ndarray, shape (2,)
        Between rows, then between columns (Pixel Spacing).
    size : tuple of int
        Rows, columns.
    offsets_mm : ndarray, shape (frames,)
        Place of each frame along the normal, the cross product of row and column direction (PS3.3 C.8.8.3.2).
    absolute : bool
        The offsets are patient z coordinates.
    who : str
        For messages.

    Raises
    ------
    InputError
        Rows and columns that are not at right angles, two frames at one place, spacing that is not positive, a single
        plane, absolute offsets of frames that are not stacked along z.

    Notes
    -----
    Axes within 1e-4 of the patient's become those. Others make an oblique grid, whose axes are those of the row, the
    column and the normal; it is interpolated in its own frame.
    """
    row, column = orientation[:3], orientation[3:]
    directions = np.array([np.cross(row, column), column, row])  # of the frame, row and column index
    nearest = np.argmax(np.abs(directions), axis=1)
    signs = np.sign(directions[np.arange(3), nearest])
    straight = np.zeros((3, 3))
    straight[np.arange(3), nearest] = signs
    oblique = sorted(nearest) != [0, 1, 2] or np.max(np.abs(directions - straight)) > OBLIQUE_TOLERANCE
    turn = _own_axes(row, column, who=who) if oblique else None
    if absolute:
        _refuse_unless_along_z(directions[0], who=who)
    steps = [offsets_mm, np.arange(size[0]) * spacing_mm[0], np.arange(size[1]) * spacing_mm[1]]
    starts = position_mm
    if turn is not None:
        nearest, signs, starts = np.array([2, 1, 0]), np.ones(3), turn @ position_mm
    coordinates: list[NDArray[np.float64]] = [np.empty(0)] * 3
    for pixel_axis, axis in enumerate(nearest):
        coordinates[axis] = starts[axis] + signs[pixel_axis] * steps[pixel_axis]
    if absolute:
        coordinates[2] = offsets_mm if turn is None else turn[2, 2] * offsets_mm
    orders = [np.argsort(axis, kind="stable") for axis in coordinates]
    try:
        x, y, z = (axis[order] for axis, order in zip(coordinates, orders, strict=True))
        grid = Grid(x, y, z, turn)
    except ParameterError:
        raise InputError(
            Fault(who, "each frame, row and column at its own place", "two at one place", "Export it again.", "grid")
        ) from None
    if min(grid.shape) < 2:
        found = "one plane, row or column of voxels"
        raise InputError(Fault(who, "a volume of voxels", found, "Export the whole three-dimensional grid.", "grid"))
    to_pixel = np.argsort(nearest)  # pixel axis of patient x, y, z
    return Orientation(
        grid,
        (int(to_pixel[2]), int(to_pixel[1]), int(to_pixel[0])),
        (orders[2], orders[1], orders[0]),
    )


def _own_axes(row: NDArray[np.float64], column: NDArray[np.float64], *, who: str) -> NDArray[np.float64]:
    """Give the axes of an oblique grid as rows, freed of the rounding of the direction cosines."""
    skew = max(abs(float(row @ row) - 1.0), abs(float(column @ column) - 1.0), abs(float(row @ column)))
    if not skew <= SKEW_TOLERANCE:
        found = ", ".join(f"{value:g}" for value in (*row, *column))
        expected = "rows and columns at right angles (Image Orientation (Patient))"
        raise InputError(Fault(who, expected, found, "Export it again.", "orientation"))
    along = row / np.linalg.norm(row)
    across = column - (column @ along) * along
    across /= np.linalg.norm(across)
    return np.array([along, across, np.cross(along, across)])


def _refuse_unless_along_z(normal: NDArray[np.float64], *, who: str) -> None:
    if abs(normal[2]) < 1.0 - OBLIQUE_TOLERANCE:
        found = "absolute z of frames not stacked along z"
        raise InputError(Fault(who, "relative Grid Frame Offset Vector", found, "Export it again.", "grid"))
