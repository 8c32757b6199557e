"""Reading the vector field of a Deformable Spatial Registration."""

from __future__ import annotations

import math

import numpy as np
from pydicom.dataset import Dataset

from lungtox.dicom.axes import orient
from lungtox.dicom.source import numbers, require
from lungtox.errors import Fault, InputError
from lungtox.geometry import Image

_MOST_VECTORS = 1 << 27  # 1.5 GB; 512 x 512 x 500 voxels
_BYTES = 12  # three numbers of 32 bits


def read_field(grid: Dataset, *, big_endian: bool, who: str) -> tuple[Image, Image, Image]:
    """Read the item of a Deformable Registration Grid Sequence.

    Parameters
    ----------
    grid : Dataset
    big_endian : bool
        Order of the bytes in the file.
    who : str
        For messages.

    Returns
    -------
    tuple of Image
        Offsets along the patient's x, y and z in mm, NaN where they are not defined, on one grid.

    Raises
    ------
    InputError
        A grid without three dimensions, or fewer vectors than it has nodes.

    Notes
    -----
    Nodes run along x first, then y, then z of the grid (PS3.3 C.20.3.1.3); the offsets themselves are along the axes of
    the frame of reference, whichever way the grid lies.
    """
    columns, rows, frames = (int(size) for size in numbers(grid, "GridDimensions", count=3, who=who))
    across_mm, down_mm, along_mm = numbers(grid, "GridResolution", count=3, who=who)
    raw = bytes(require(grid, "VectorGridData", who=who))
    count = columns * rows * frames
    if min(columns, rows, frames) < 2 or count > _MOST_VECTORS or len(raw) < count * _BYTES:
        expected = "a vector for every node of a three-dimensional grid"
        found = f"{len(raw) // _BYTES} vectors for {columns} x {rows} x {frames} nodes"
        raise InputError(Fault(who, expected, found, "Export the registration again.", "registration-field"))
    if not min(across_mm, down_mm, along_mm) > 0 or not math.isfinite(across_mm * down_mm * along_mm):
        action = "Export the registration again."
        raise InputError(Fault(who, "a positive Grid Resolution", "another", action, "registration-field"))
    orientation = orient(
        position_mm=numbers(grid, "ImagePositionPatient", count=3, who=who),
        orientation=numbers(grid, "ImageOrientationPatient", count=6, who=who),
        spacing_mm=np.array([down_mm, across_mm]),
        size=(rows, columns),
        offsets_mm=np.arange(frames) * along_mm,
        who=who,
    )
    stored = np.frombuffer(raw, dtype=">f4" if big_endian else "<f4", count=3 * count).reshape(frames, rows, columns, 3)
    vectors = stored.astype(np.float32, copy=False)
    if not np.isfinite(vectors).all():
        vectors = np.where(np.isfinite(vectors).all(axis=3, keepdims=True), vectors, np.float32(np.nan))
    x, y, z = (Image(orientation.grid, orientation.arrange(vectors[..., axis])) for axis in range(3))
    return x, y, z
