"""Whether the files of a patient who has a row are still those that the row was made from."""

from __future__ import annotations

import os
from collections.abc import Sequence

from lungtox.errors import Fault
from lungtox.intake.keybook import PatientKey
from lungtox.intake.scan import FoundFile
from lungtox.intake.sorting import IMAGES


def known_instances(files: Sequence[FoundFile]) -> dict[str, list[str]]:
    """Give what tells later that files were added: UIDs by kind, series and number of slices for images."""
    found: dict[str, set[str]] = {}
    slices: dict[tuple[str, str], int] = {}
    for file in files:
        shared = file.header.shared
        if shared.modality in IMAGES:
            slices[shared.modality, shared.series] = slices.get((shared.modality, shared.series), 0) + 1
        else:
            found.setdefault(shared.modality, set()).add(file.header.uid)
    for (modality, series), count in slices.items():
        found.setdefault(modality, set()).add(f"{series} {count}")
    return {modality: sorted(uids) for modality, uids in sorted(found.items())}


def growth_notes(patient: str, files: Sequence[FoundFile], key: PatientKey) -> list[Fault]:
    """Say that a patient who has a row has more files than then, or that some of the row's are gone.

    Parameters
    ----------
    patient : str
        Study ID.
    files : sequence of FoundFile
        Of the folder as it is now.
    key : PatientKey
        What the key file remembers.
    """
    notes = []
    more = {
        modality: len(set(uids) - set(key.known.get(modality, ())))
        for modality, uids in known_instances(files).items()
        if set(uids) - set(key.known.get(modality, ()))
    }
    if more:
        words = ", ".join(
            f"{count} {modality}{' series' if modality in IMAGES else ''}" for modality, count in more.items()
        )
        action = (
            "The row stays as it is. To choose anew, take the patient's rows out of patients.csv and structures.csv"
            " and run lungtox index again."
        )
        notes.append(Fault(patient, "the files that its row was made from", f"more: {words}", action, "patient-grew"))
    gone = sum(not os.path.exists(source) for source in key.links.values())
    if gone:
        found = f"{gone} that are no longer where they were"
        action = "Put them back, or take the patient's rows out of both tables and run lungtox index again."
        notes.append(Fault(patient, "the files that its row was made from", found, action, "source-gone"))
    return notes
