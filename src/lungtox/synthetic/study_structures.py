"""structures.csv of simulated patients: every ROI is accepted, under its name or as what it is an alias of."""

from __future__ import annotations

from typing import Any

STRUCTURE_COLUMNS = ("patient", "roi_number", "roi_name", "structure", "match", "score", "accepted_by")
ALIASES = {"BODY": "Body"}


def structure_row(patient: str, number: int, name: str, *, accepted_by: str) -> dict[str, Any]:
    """Accept a ROI.

    Parameters
    ----------
    patient : str
        Study ID.
    number : int
        Of the ROI.
    name : str
        Of the ROI: a canonical structure or an alias of one.
    accepted_by : str
    """
    match = "alias" if name in ALIASES else "exact"
    cells = (patient, number, name, ALIASES.get(name, name), match, 100, accepted_by)
    return dict(zip(STRUCTURE_COLUMNS, cells, strict=True))
