"""Structures that were drawn on the image of a session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lungtox.dicom import read_structure_names
from lungtox.errors import Fault, InputError
from lungtox.extraction.patients import PatientRow
from lungtox.extraction.regions import compose_regions, read_accepted
from lungtox.extraction.sessions import SessionRow
from lungtox.geometry import Region

if TYPE_CHECKING:  # pydantic is slow to import
    from lungtox.dose.config import DoseSettings


def read_session_regions(
    row: PatientRow, session: SessionRow, settings: DoseSettings, *, names: Sequence[str], frame_of_reference: str
) -> dict[str, Region]:
    """Give the analysed structures of a session's own structure set; empty without one.

    Its ROIs are found by the names of the accepted ROIs of the planning structure set, as a planning system copies
    them.

    Parameters
    ----------
    row : PatientRow
    session : SessionRow
    settings : DoseSettings
    names : sequence of str
        Analysed structures; those that the session does not have are left out.
    frame_of_reference : str
        That of the session's dose.

    Raises
    ------
    InputError
        A file that cannot be read, a ROI name that is there twice, or another frame of reference.
    """
    path, who = session.path("structures"), f"{row.patient}, session {session.session}"
    if path is None:
        return {}
    numbers: dict[str, list[int]] = {}
    for number, name in read_structure_names(path, who=who).items():
        numbers.setdefault(name.strip(), []).append(number)
    twice = [roi.structure for roi in row.rois if len(numbers.get(roi.name.strip(), [])) > 1]
    if twice:
        found = f"several of the name of {', '.join(twice)}"
        raise InputError(Fault(who, "each ROI name once", found, "Rename the ROIs.", "delivered-structures"))
    rois = tuple(replace(roi, number=numbers[roi.name.strip()][0]) for roi in row.rois if roi.name.strip() in numbers)
    cells = {**row.cells, "structures": str(path.resolve())}
    own = replace(row, cells=cells, rois=rois, proposals=())
    accepted, structures = read_accepted(own, settings)
    if structures.frame_of_reference != frame_of_reference:
        action = "Give the structures drawn on the image of this session."
        expected = "structures in the frame of reference of the session's dose"
        raise InputError(Fault(who, expected, "another one", action, "delivered-structures"))
    regions, _, faults = compose_regions(own, accepted, settings, only=names)
    other = [replace(fault, who=who) for fault in faults if fault.code != "structure-missing"]
    if other:
        raise InputError(other)
    return regions
