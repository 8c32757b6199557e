"""Writing a Spatial Registration object."""

from __future__ import annotations

from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.uid import SpatialRegistrationStorage
from pydicom.valuerep import format_number_as_ds

from lungtox.dicom.write_common import Subject, code, item, new_dataset, save
from lungtox.geometry import RigidMap


def write_registration(to_plan: RigidMap, path: str | Path, *, subject: Subject, source: str = "spect") -> None:
    """Write how another frame of reference lies to that of the plan.

    Parameters
    ----------
    to_plan : RigidMap
        Takes points of the other frame to that of the plan, the registered one (PS3.3 C.20.2.1.1).
    path : str or Path
    subject : Subject
    source : str
        Name of the other frame, as `write_function_image` was given it.
    """
    dataset = new_dataset(subject, sop_class=SpatialRegistrationStorage, modality="REG", instance=("registration",))
    dataset.SeriesDescription = "synthetic registration"
    dataset.DeviceSerialNumber = "1"
    dataset.ContentDate, dataset.ContentTime = dataset.StudyDate, dataset.StudyTime
    dataset.InstanceNumber, dataset.ContentLabel = "1", "REGISTRATION"
    dataset.ContentDescription, dataset.ContentCreatorName = "SPECT to planning CT", ""
    dataset.RegistrationSequence = [
        _entry(dataset.FrameOfReferenceUID, RigidMap.identity()),
        _entry(subject.frame(source), to_plan),
    ]
    save(dataset, path)


def _entry(frame_of_reference: str, points: RigidMap) -> Dataset:
    rows = [[*turn, shift] for turn, shift in zip(points.rotation.tolist(), points.shift_mm.tolist(), strict=True)]
    values = [value for row in [*rows, [0.0, 0.0, 0.0, 1.0]] for value in row]
    matrix = item(
        FrameOfReferenceTransformationMatrixType="RIGID",
        FrameOfReferenceTransformationMatrix=[format_number_as_ds(value + 0.0) for value in values],
    )
    return item(
        FrameOfReferenceUID=frame_of_reference,
        MatrixRegistrationSequence=[
            item(
                RegistrationTypeCodeSequence=[code("125024", "DCM", "Image Content-based Alignment")],
                MatrixSequence=[matrix],
            )
        ],
    )
