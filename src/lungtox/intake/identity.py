"""Whether files of one Patient ID are of one person."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from lungtox.errors import Fault
from lungtox.intake.narrowing import ONE, Choice
from lungtox.intake.scan import FoundFile

_KINDS = (("name", "names"), ("birth_date", "birth dates"), ("issuer", "issuers of the Patient ID"))


def identity_faults(
    patient: str, files: Sequence[FoundFile], answer: Collection[str]
) -> tuple[list[Fault], Choice | None]:
    """Ask a person where one Patient ID has two names, birth dates or issuers; empty ones do not count.

    Parameters
    ----------
    patient : str
        Study ID.
    files : sequence of FoundFile
    answer : collection of str
        ``one`` where a person has confirmed that they are one.

    Returns
    -------
    faults : list of Fault
    choice : Choice or None
        None where there is nothing to ask.
    """
    found = [
        f"{len(values)} {words}"
        for name, words in _KINDS
        if len(values := {value for file in files if (value := getattr(file.header.shared, name))}) > 1
    ]
    if not found:
        return [], None
    confirmed = set(answer) == {ONE}
    rule = f"one Patient ID with {' and '.join(found)}"
    chosen = (ONE,) if confirmed else ()
    choice = Choice(patient, "patient_id", chosen, "person" if confirmed else "open", rule, (ONE,))
    if confirmed:
        return [], choice
    action = (
        f"If it is one person, write {ONE} into the column chosen of this patient's row patient_id in choices.csv"
        " and run lungtox index again; if not, correct the Patient ID in the files."
    )
    return [Fault(patient, "files of one person", rule, action, "mixed-identity")], choice


def same_person_notes(patients: Mapping[str, Sequence[FoundFile]]) -> list[Fault]:
    """Name study IDs whose patients share name and birth date: probably one person, who would count twice.

    Parameters
    ----------
    patients : mapping of str to sequence of FoundFile
        By study ID.
    """
    owners: dict[tuple[str, str], str] = {}
    notes = []
    for patient, files in sorted(patients.items()):
        for person in sorted({(f.header.shared.name, f.header.shared.birth_date) for f in files}):
            other = owners.setdefault(person, patient) if all(person) else patient
            if other != patient:
                action = "If it is one person, take one of the two rows out of patients.csv."
                found = f"the name and birth date of {other} under another Patient ID"
                notes.append(Fault(patient, "a person of their own", found, action, "same-person"))
    return notes
