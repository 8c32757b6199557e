"""Registering the images of a patient whose SPECT lies in another frame of reference, without a registration object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from lungtox.dicom import CtHeader, CtImage, FunctionImage, read_ct, read_ct_header, read_function_image
from lungtox.dose import Samples
from lungtox.errors import Fault, InputError
from lungtox.extraction.patients import PatientRow
from lungtox.geometry import RigidMap
from lungtox.imaging import FrameMap, PlaneView, register_images, registration_views

if TYPE_CHECKING:  # pydantic is slow to import
    from lungtox.imaging.config import RegistrationSettings

Ct = TypeVar("Ct", CtImage, CtHeader)


def register_patient(
    row: PatientRow,
    image: FunctionImage,
    *,
    lungs: Samples,
    frame_of_reference: str,
    settings: RegistrationSettings,
) -> FrameMap | None:
    """Register the CT of the SPECT/CT to the planning CT; the SPECT itself where the settings name the patient.

    Parameters
    ----------
    row : PatientRow
    image : FunctionImage
        In another frame of reference than the plan.
    lungs : Samples
        Points within the contoured lungs.
    frame_of_reference : str
        That of the plan.
    settings : RegistrationSettings

    Returns
    -------
    FrameMap or None
        None where the patient has no images for it.

    Raises
    ------
    InputError
        A CT that is missing, cannot be read or lies in another frame than it should; a registration that is refused.
    """
    if not _has_images(row, settings):
        return None
    itself = row.patient in settings.spect_to_ct
    planning, other = _read_cts(row, image, read_ct, itself=itself, frame_of_reference=frame_of_reference)
    found = register_images(
        planning.image,
        image.image if other is None else other.image,
        settings=settings,
        who=row.patient,
        method="SPECT to CT" if other is None else "CT to CT",
        lungs_mm=(lungs.x_mm, lungs.y_mm, lungs.z_mm),
    )
    return FrameMap.of_images(found)


def check_images(
    row: PatientRow, image: FunctionImage, *, frame_of_reference: str, settings: RegistrationSettings
) -> FrameMap | None:
    """Look at the headers of what `register_patient` would register, and say that it will be.

    Raises
    ------
    InputError
        As `register_patient`, apart from what shows in the pixels only.
    """
    if not _has_images(row, settings):
        return None
    itself = row.patient in settings.spect_to_ct
    _read_cts(row, image, read_ct_header, itself=itself, frame_of_reference=frame_of_reference)
    what = "the SPECT itself" if itself else "the CT of the SPECT/CT"
    text = f"the SPECT lies in another frame of reference: {what} will be registered to the planning CT"
    return FrameMap("image", warnings=(text,))


def picture_registration(row: PatientRow, entry: Mapping[str, Any]) -> tuple[PlaneView, ...]:
    """Cut the planes that show how a registration of images lies, without doing it again.

    Parameters
    ----------
    row : PatientRow
    entry : mapping
        The patient's entry of qa.json, with the matrix that was found.

    Returns
    -------
    tuple of PlaneView
        Transversal, coronal, sagittal.

    Raises
    ------
    InputError
        An image that was there for the registration and can no longer be read.
    """
    registration = entry["function"]["registration"]
    method, matrix = str(registration["quality"]["method"]), np.array(registration["matrix"])
    planning = read_ct(_required(row, "planning_ct"), who=row.patient).image
    if method == "SPECT to CT":
        other = read_function_image(_required(row, "spect"), who=row.patient).image
    else:
        other = read_ct(_required(row, "spect_ct"), who=row.patient).image
    return registration_views(planning, other, RigidMap(matrix[:, :3], matrix[:, 3]), method=method)


def _required(row: PatientRow, column: str) -> Path:
    path = row.path(column)
    if path is None:
        found = f"no {column} in patients.csv, although its images were registered"
        raise InputError(
            Fault(row.patient, "the files of the extraction", found, "Run the extraction again.", "file-missing")
        )
    return path


def _has_images(row: PatientRow, settings: RegistrationSettings) -> bool:
    return row.path("spect_ct") is not None or row.patient in settings.spect_to_ct


def _read_cts(
    row: PatientRow,
    image: FunctionImage,
    read: Callable[..., Ct],
    *,
    itself: bool,
    frame_of_reference: str,
) -> tuple[Ct, Ct | None]:
    """Read the planning CT, and that of the SPECT/CT unless the SPECT itself is registered; all faults together."""
    faults: list[Fault] = []
    planning = _read_one(row, "planning_ct", read, frame_of_reference, "the dose", faults)
    other = None if itself else _read_one(row, "spect_ct", read, image.frame_of_reference, "the SPECT", faults)
    if planning is None or faults:
        raise InputError(faults)
    return planning, other


def _read_one(
    row: PatientRow, column: str, read: Callable[..., Ct], frame: str, whose: str, faults: list[Fault]
) -> Ct | None:
    name = "planning CT" if column == "planning_ct" else "CT of the SPECT/CT"
    path: Path | None = row.path(column)
    if path is None:
        action = f"Fill the column {column}, or give a registration object."
        expected = f"a {name}, to register a SPECT in another frame of reference"
        faults.append(Fault(row.patient, expected, "none", action, "registration-ct"))
        return None
    try:
        found = read(path, who=f"{row.patient}, {name}")
    except InputError as error:
        faults += error.faults
        return None
    if found.frame_of_reference != frame:
        action = "Give the CT that belongs to it."
        expected = f"a {name} in the frame of reference of {whose}"
        faults.append(Fault(row.patient, expected, "another one", action, "registration-ct-frame"))
    return found
