"""Writing a Deformable Spatial Registration object."""

from __future__ import annotations

from pathlib import Path

from lungtox.dicom.write_common import Subject
from lungtox.geometry import DeformationField


def write_deformation(
    field: DeformationField, path: str | Path, *, subject: Subject, role: str = "deformation"
) -> None:
    """Write a field with the matrices before and after it.

    Parameters
    ----------
    field : DeformationField
        Evenly spaced grid. Its planning frame becomes that of the object (the registered one), its session frame the
        source.
    path : str or Path
    subject : Subject
    role : str
        Which of several registrations of the subject this is.
    """
    raise NotImplementedError
