"""The DVHs of one structure, weighting and quantity, by patient."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lungtox.dose import read_dvhs
from lungtox.errors import Fault, InputError

if TYPE_CHECKING:
    from lungtox.dose import Dvh

Identity = tuple[str, str, str]


def read_selected_dvhs(path: str | Path, *selections: Identity) -> list[dict[str, Dvh]]:
    """Read a DVH table once and give, for each (structure, weighting, quantity), the DVHs by patient.

    Raises
    ------
    InputError
        The same patient twice (for instance EQD2 with two alpha/betas), or not a DVH table.
    """
    found: dict[Identity, dict[str, Dvh]] = {selection: {} for selection in selections}
    for patient, dvh in read_dvhs(path):
        by_patient = found.get((dvh.structure, dvh.weighting, dvh.quantity))
        if by_patient is None:
            continue
        if patient in by_patient:
            asked = f"{dvh.structure}, {dvh.weighting}, {dvh.quantity}"
            expected = f"one DVH of {asked} for each patient"
            raise InputError(Fault(patient, expected, "two", "Keep one of them.", "ntcp-dvh-twice"))
        by_patient[patient] = dvh
    return [found[selection] for selection in selections]
