"""What each ROI of a chosen structure set may be: proposals for a person to accept in structures.csv."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lungtox.dicom import read_structure_names
from lungtox.errors import Fault
from lungtox.extraction import CANONICAL_STRUCTURES
from lungtox.intake.ledger import Row
from lungtox.intake.scan import FoundFile

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
    shared = file.header.shared
    telling = [part for part in (*shared.name.split(), shared.patient_id.casefold()) if len(part) >= _SHORTEST]
    hidden = [
        number
        for number, name in names.items()
        if name not in CANONICAL_STRUCTURES and any(part in name.casefold() for part in telling)
    ]
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
    return _rows(patient, {number: name for number, name in names.items() if number not in hidden}), notes


def _rows(patient: str, names: Mapping[int, str]) -> list[Row]:
    """Propose exact canonical names only."""
    return [
        {
            "patient": patient,
            "roi_number": str(number),
            "roi_name": name,
            "structure": name if name in CANONICAL_STRUCTURES else "",
            "match": "exact" if name in CANONICAL_STRUCTURES else "",
            "score": "100" if name in CANONICAL_STRUCTURES else "",
            "accepted_by": "",
        }
        for number, name in names.items()
    ]


def proposed(rows: Sequence[Row]) -> int:
    """Count the rows that wait for a person."""
    return sum(bool(row["structure"]) and not row["accepted_by"] for row in rows)
