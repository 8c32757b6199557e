"""Vector fields in NIfTI and MetaImage files, read with SimpleITK."""

from __future__ import annotations

from pathlib import Path

from lungtox.geometry import DeformationField


def read_field(path: str | Path, *, planning_frame: str, session_frame: str, who: str = "field") -> DeformationField:
    """Read displacements in mm along the patient axes (LPS), as ITK's programs write them.

    Parameters
    ----------
    path : str or Path
        .nii, .nii.gz, .mha, .mhd or .nrrd.
    planning_frame, session_frame : str
        Frames of reference, which such a file does not tell.
    who : str

    Raises
    ------
    InputError
        No image of three-dimensional vectors on a grid of three dimensions, or a file that cannot be read.
    """
    raise NotImplementedError


def write_field(field: DeformationField, path: str | Path) -> None:
    """Write a field without matrices before and after it as NIfTI or MetaImage, by the name of the file."""
    raise NotImplementedError
