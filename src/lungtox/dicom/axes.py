"""From rows, columns and frames to ascending patient axes (LPS)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lungtox.errors import Fault, InputError, ParameterError
from lungtox.geometry import Grid

# Direction cosines are written with about six digits; 1e-4 moves a voxel by 0.05 mm over 500 mm.
OBLIQUE_TOLERANCE = 1e-4


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
        Oblique axes, two frames at one place, spacing that is not positive, a single plane.
    """
    row, column = orientation[:3], orientation[3:]
    directions = np.array([np.cross(row, column), column, row])  # of the frame, row and column index
    nearest = np.argmax(np.abs(directions), axis=1)
    steps = [offsets_mm, np.arange(size[0]) * spacing_mm[0], np.arange(size[1]) * spacing_mm[1]]
    signs = np.sign(directions[np.arange(3), nearest])
    straight = np.zeros((3, 3))
    straight[np.arange(3), nearest] = signs
    if sorted(nearest) != [0, 1, 2] or np.max(np.abs(directions - straight)) > OBLIQUE_TOLERANCE:
        found = "an oblique image (Image Orientation (Patient) " + ", ".join(f"{v:g}" for v in orientation) + ")"
        action = "Export it on a grid along the patient axes; oblique grids are not supported yet."
        raise InputError(Fault(who, "rows and columns along the patient axes", found, action, "oblique"))
    if absolute and nearest[0] != 2:
        raise InputError(
            Fault(
                who,
                "relative Grid Frame Offset Vector",
                "absolute z of frames not stacked along z",
                "Export it again.",
                "grid",
            )
        )
    coordinates: list[NDArray[np.float64]] = [np.empty(0)] * 3
    for pixel_axis, axis in enumerate(nearest):
        start = 0.0 if absolute and pixel_axis == 0 else position_mm[axis]
        sign = 1.0 if absolute and pixel_axis == 0 else signs[pixel_axis]
        coordinates[axis] = start + sign * steps[pixel_axis]
    orders = [np.argsort(axis, kind="stable") for axis in coordinates]
    try:
        grid = Grid(*(axis[order] for axis, order in zip(coordinates, orders, strict=True)))
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
