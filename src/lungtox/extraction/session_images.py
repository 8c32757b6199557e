"""Registering the planning CT to the CBCT of a session that has no field."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lungtox.dicom import CtImage, read_ct
from lungtox.errors import Fault, InputError
from lungtox.extraction.patients import PatientRow
from lungtox.extraction.sessions import SessionRow
from lungtox.geometry import DeformationField
from lungtox.imaging import DeformableQuality, register_deformable

if TYPE_CHECKING:  # pydantic is slow to import
    from lungtox.imaging.config import DeformableSettings


def register_session(
    row: PatientRow, session: SessionRow, *, settings: DeformableSettings, planning_frame: str, session_frame: str
) -> tuple[DeformationField, DeformableQuality]:
    """Register the images of one session.

    Parameters
    ----------
    row : PatientRow
        With the planning CT.
    session : SessionRow
        With the CBCT.
    settings : DeformableSettings
    planning_frame, session_frame : str
        Frames of reference of the planned dose and of the session's.

    Raises
    ------
    InputError
        An image that is missing, cannot be read, or lies in another frame of reference than its dose; as
        `lungtox.imaging.register_deformable`.
    """
    who = f"{row.patient}, session {session.session}"
    faults: list[Fault] = []
    images: list[CtImage] = []
    places = (
        ("planning CT", row.path("planning_ct"), planning_frame, "the plan"),
        ("CBCT", session.path("cbct"), session_frame, "the session's dose"),
    )
    for name, path, frame, whose in places:
        if path is None:
            action = "Fill the column planning_ct of patients.csv, or give a field."
            faults.append(Fault(who, f"a {name}, to register it", "none", action, "delivered-image"))
            continue
        try:
            found = read_ct(path, who=f"{who}, {name}")
        except InputError as error:
            faults += error.faults
            continue
        if found.frame_of_reference != frame:
            expected = f"a {name} in the frame of reference of {whose}"
            action = "Give the image on which the dose was calculated."
            faults.append(Fault(who, expected, "another one", action, "delivered-image"))
        images.append(found)
    if faults:
        raise InputError(faults)
    planning, moving = images
    return register_deformable(
        planning.image,
        moving.image,
        settings=settings,
        planning_frame=planning_frame,
        session_frame=session_frame,
        who=who,
    )
