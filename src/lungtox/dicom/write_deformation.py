"""Writing a Deformable Spatial Registration object."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import DeformableSpatialRegistrationStorage
from pydicom.valuerep import format_number_as_ds

from lungtox.dicom.write_common import Subject, code, decimal_string, item, new_dataset, save
from lungtox.errors import ParameterError
from lungtox.geometry import DeformationField, RigidMap


def write_deformation(
    field: DeformationField, path: str | Path, *, subject: Subject, role: str = "deformation"
) -> None:
    """Write a field with the matrices before and after it.

    Parameters
    ----------
    field : DeformationField
        On an evenly spaced grid. Its planning frame becomes that of the object (the registered one), its session frame
        the source. Vectors are written with 32 bits.
    path : str or Path
    subject : Subject
    role : str
        Which of several registrations of the subject this is.

    Raises
    ------
    ParameterError
        A grid with uneven spacing, which the format cannot hold.
    """
    grid = field.grid
    spacing = [np.diff(axis) for axis in (grid.x_mm, grid.y_mm, grid.z_mm)]
    if any(np.ptp(steps) > 1e-6 for steps in spacing):
        raise ParameterError("a vector field in DICOM needs an evenly spaced grid")
    dataset = new_dataset(
        subject, sop_class=DeformableSpatialRegistrationStorage, modality="REG", instance=(role, "registration")
    )
    dataset.FrameOfReferenceUID = field.planning_frame
    dataset.SeriesDescription = "synthetic deformable registration"
    dataset.DeviceSerialNumber = "1"
    dataset.ContentDate, dataset.ContentTime = dataset.StudyDate, dataset.StudyTime
    dataset.InstanceNumber, dataset.ContentLabel = "1", "DEFORMATION"
    dataset.ContentDescription, dataset.ContentCreatorName = "planning CT to session", ""
    turn = np.eye(3) if grid.turn is None else grid.turn
    first = turn.T @ np.array([grid.x_mm[0], grid.y_mm[0], grid.z_mm[0]])
    vectors = np.moveaxis(field.vectors_mm, 0, -1).astype("<f4")
    nodes = item(
        ImageOrientationPatient=decimal_string(turn[:2], decimals=9).split("\\"),
        ImagePositionPatient=decimal_string(first, decimals=4).split("\\"),
        GridDimensions=list(grid.shape[::-1]),
        GridResolution=[float(steps.mean()) for steps in spacing],
        VectorGridData=np.ascontiguousarray(vectors).tobytes(),
    )
    dataset.DeformableRegistrationSequence = [
        item(
            SourceFrameOfReferenceUID=field.session_frame,
            RegistrationTypeCodeSequence=[code("125024", "DCM", "Image Content-based Alignment")],
            PreDeformationMatrixRegistrationSequence=[_matrix(field.before)],
            DeformableRegistrationGridSequence=[nodes],
            PostDeformationMatrixRegistrationSequence=[_matrix(field.after)],
        )
    ]
    save(dataset, path)


def _matrix(points: RigidMap) -> Dataset:
    rows = [[*turn, shift] for turn, shift in zip(points.rotation.tolist(), points.shift_mm.tolist(), strict=True)]
    values = [value for row in [*rows, [0.0, 0.0, 0.0, 1.0]] for value in row]
    return item(
        FrameOfReferenceTransformationMatrixType="RIGID",
        FrameOfReferenceTransformationMatrix=[format_number_as_ds(value + 0.0) for value in values],
    )
