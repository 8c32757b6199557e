"""What each ROI of a chosen structure set may be: proposals for a person to accept in structures.csv."""

from __future__ import annotations

from collections.abc import Mapping

from lungtox.dicom import SeriesHeader, read_structure_names
from lungtox.errors import Fault
from lungtox.extraction import CANONICAL_STRUCTURES, proposal_cells
from lungtox.intake.ledger import Row
from lungtox.intake.scan import FoundFile
from lungtox.naming import propose_name, propose_names

_SHORTEST = 4  # of a name part that is looked for in ROI names; shorter ones are in many words


def propose_structures(patient: str, file: FoundFile) -> tuple[list[Row], list[Fault]]:
    """Propose a structure for each ROI of a structure set.

    Parameters
    ----------
    patient : str
        Study ID.
    file : FoundFile

    Returns
    -------
    rows : list of dict
        Of structures.csv, with nothing accepted.
    notes : list of Fault
        A ROI whose name holds the patient's name or ID is left out and named by its number.

    Raises
    ------
    InputError
        The structure set cannot be read.
    """
    names = read_structure_names(file.path, who=patient)
    hidden = _telling(names, file.header.shared)
    notes = [
        Fault(
            patient,
            "ROI names that identify nobody",
            f"the patient's name or ID in the name of ROI {number}, which is left out",
            "Rename it in the planning system and export the structure set again, if it is needed.",
            "roi-name",
        )
        for number in hidden
    ]
    return proposal_rows(patient, {number: name for number, name in names.items() if number not in hidden}), notes


def proposal_rows(patient: str, names: Mapping[int, str]) -> list[Row]:
    """Give the rows of structures.csv for the ROI names of one patient, with nothing accepted."""
    return [proposal_cells(patient, proposal) for proposal in propose_names(names)]


def _telling(names: Mapping[int, str], shared: SeriesHeader) -> list[int]:
    """Find the ROIs whose names hold a part of the patient's name, or the Patient ID.

    A part that is a word for a structure tells nothing: Lung is a name too.
    """
    words = " ".join(CANONICAL_STRUCTURES).casefold()
    parts = [
        part
        for part in (*shared.name.split(), shared.patient_id.casefold())
        if len(part) >= _SHORTEST and part not in words and not propose_name(part).structure
    ]
    return [number for number, name in names.items() if any(part in name.casefold() for part in parts)]
