"""Reading the one field of a Deformable Spatial Registration, as a map from the plan to a session."""

from __future__ import annotations

from pathlib import Path

from lungtox.dicom.registration import read_field_links
from lungtox.errors import Fault, InputError
from lungtox.geometry import DeformationField, DeformedMap


def read_deformation(path: str | Path, *, who: str = "REG") -> DeformationField:
    """Read the field that leads from the registered frame (that of the plan) to the source (that of the session).

    Parameters
    ----------
    path : str or Path
    who : str
        Stands at the front of every message: a study ID.

    Returns
    -------
    DeformationField

    Raises
    ------
    InputError
        As `read_registration`, but that plan and session may share a frame of reference; another registration than a
        deformable one; no field, or several.
    """
    links = [link for link in read_field_links(path, who=who) if isinstance(link.points, DeformedMap)]
    if len(links) != 1:
        found = "none" if not links else f"{len(links)}"
        action = "Export one registration object for each session, deformable."
        raise InputError(Fault(who, "one vector field in the object", found, action, "deformation-field"))
    (link,) = links
    assert isinstance(link.points, DeformedMap)
    return DeformationField.of_map(link.points, planning_frame=link.origin, session_frame=link.destination)
