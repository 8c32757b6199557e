"""Vector fields in NIfTI and MetaImage files, read with SimpleITK."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from lungtox.errors import Fault, InputError, ParameterError
from lungtox.geometry import DeformationField, Grid, RigidMap

SUFFIXES = (".nii", ".nii.gz", ".mha", ".mhd", ".nrrd")
_TURNED, _STRAIGHT = 1e-3, 1e-6
_MOST_VECTORS = 1 << 27


def read_field(path: str | Path, *, planning_frame: str, session_frame: str, who: str = "field") -> DeformationField:
    """Read displacements in mm along the patient axes (LPS), as ITK's programs write them.

    Such a file holds for each voxel of the fixed image (the planning CT) the way to the moving image (the session).

    Parameters
    ----------
    path : str or Path
        .nii, .nii.gz, .mha, .mhd or .nrrd.
    planning_frame, session_frame : str
        Frames of reference, which such a file does not tell.
    who : str
        Stands at the front of every message: a study ID.

    Returns
    -------
    DeformationField

    Raises
    ------
    InputError
        No image of three-dimensional vectors on a grid of three dimensions, axes that are not at right angles, or a
        file that cannot be read.
    """
    if not str(path).lower().endswith(SUFFIXES):
        found = "another ending of the file's name"
        expected = f"a field in DICOM, or a file that ends in {', '.join(SUFFIXES)}"
        raise InputError(Fault(who, expected, found, "Export it in one of these.", "field-file"))
    if not Path(path).is_file():
        raise InputError(Fault(who, "a deformation field", "no such file", "Check the path.", "file-missing"))
    sitk = _sitk()
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        size, parts = reader.GetSize(), reader.GetNumberOfComponents()
        if len(size) == 4 and size[3] == 1:
            size = size[:3]
        if len(size) != 3 or parts != 3 or min(size) < 2 or int(np.prod(size)) > _MOST_VECTORS:
            found = f"{parts} number{'s' if parts != 1 else ''} at each of {' x '.join(map(str, size))} nodes"
            expected = "vectors of 3 numbers on a three-dimensional grid"
            raise InputError(Fault(who, expected, found, "Export the displacement field.", "field-file"))
        image = reader.Execute()
    except RuntimeError:  # its text names the file
        found = "a file that cannot be read as an image"
        raise InputError(Fault(who, "a deformation field", found, "Export it again.", "field-file")) from None
    return _field(sitk, image, planning_frame=planning_frame, session_frame=session_frame, who=who)


def _field(sitk: Any, image: Any, *, planning_frame: str, session_frame: str, who: str) -> DeformationField:
    vectors = np.moveaxis(sitk.GetArrayFromImage(image), -1, 0)
    vectors = vectors[:, 0] if vectors.ndim == 5 else vectors
    spacing = np.array(image.GetSpacing()[:3])
    count = image.GetDimension()
    direction = np.array(image.GetDirection()).reshape(count, count)[:3, :3].T  # rows: axes of i, j, k
    origin = np.array(image.GetOrigin()[:3])
    if not np.allclose(direction @ direction.T, np.eye(3), rtol=0, atol=_TURNED):
        found = "axes that are not at right angles"
        raise InputError(Fault(who, "a grid with axes at right angles", found, "Export it again.", "field-file"))
    values = np.ascontiguousarray(vectors, dtype=np.float32)
    if not np.isfinite(values).any():
        raise InputError(Fault(who, "displacements in mm", "no number", "Export it again.", "field-file"))
    order = np.argmax(np.abs(direction), axis=1)
    straight = np.zeros((3, 3))
    straight[np.arange(3), order] = np.sign(direction[np.arange(3), order])
    turn = None
    if sorted(order) == [0, 1, 2] and np.abs(direction - straight).max() <= 1e-4:
        # Bring i, j, k along x, y, z: axes of the array are z, y, x.
        to_grid = np.argsort(order)
        steps = straight[np.arange(3), order] * spacing
        values = values.transpose(0, *(3 - to_grid[axis] for axis in (2, 1, 0)))
        axes = []
        for axis in range(3):
            own = to_grid[axis]
            places = origin[axis] + steps[own] * np.arange(values.shape[3 - axis])
            if steps[own] < 0:
                places, values = places[::-1], np.flip(values, 3 - axis)
            axes.append(places)
    else:
        left, _, right = np.linalg.svd(direction)
        turn = left @ right
        start = turn @ origin
        axes = [start[axis] + spacing[axis] * np.arange(values.shape[3 - axis]) for axis in range(3)]
    # One component that is not defined leaves the whole vector without a meaning.
    values = np.where(np.isfinite(values).all(axis=0), values, np.float32(np.nan))
    x, y, z = (np.ascontiguousarray(axis, dtype=np.float64) for axis in axes)
    return DeformationField(Grid(x, y, z, turn), values, planning_frame, session_frame)


def write_field(field: DeformationField, path: str | Path) -> None:
    """Write a field as NIfTI or MetaImage, by the name of the file, with 32 bits.

    Parameters
    ----------
    field : DeformationField
        Evenly spaced, without matrices before and after it: the formats hold vectors only.
    path : str or Path

    Raises
    ------
    ParameterError
        Another field, or another ending of the name.
    """
    still = RigidMap.identity()
    for one in (field.before, field.after):
        if not np.array_equal(one.rotation, still.rotation) or one.shift_mm.any():
            raise ParameterError("NIfTI and MetaImage hold no matrices before and after a field: write DICOM")
    axes = (field.grid.x_mm, field.grid.y_mm, field.grid.z_mm)
    if any(np.ptp(np.diff(axis)) > _STRAIGHT for axis in axes) or not str(path).lower().endswith(SUFFIXES):
        raise ParameterError(
            f"a vector field needs an evenly spaced grid and a name that ends in {', '.join(SUFFIXES)}"
        )
    sitk = _sitk()
    vectors = np.ascontiguousarray(np.moveaxis(field.vectors_mm, 0, -1), dtype=np.float32)
    image = sitk.GetImageFromArray(vectors, isVector=True)
    turn = np.eye(3) if field.grid.turn is None else field.grid.turn
    image.SetSpacing([float(np.diff(axis).mean()) for axis in axes])
    image.SetDirection(turn.T.ravel().tolist())
    image.SetOrigin((turn.T @ np.array([axis[0] for axis in axes])).tolist())
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix=".field") as draft:
        sitk.WriteImage(image, str(Path(draft) / target.name))
        # A header of two files names the other one: it comes last.
        for file in sorted(Path(draft).iterdir(), key=lambda file: file.name == target.name):
            os.replace(file, target.parent / file.name)


def _sitk() -> Any:
    """Give SimpleITK, which has no types and is slow to import."""
    import SimpleITK

    return SimpleITK
