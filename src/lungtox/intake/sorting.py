"""Which files can be used, and whose they are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from lungtox.dicom import (
    MODALITY_OF_SOP_CLASS,
    OTHER_MODALITIES,
    OTHER_SOP_CLASSES,
    UNRECONSTRUCTED,
    USED_MODALITIES,
)
from lungtox.intake.scan import FoundFile, SetApart

IMAGES = ("CT", "PT")
_ENCAPSULATED = "1.2.840.10008.5.1.4.1.1.104."


def sort_out(files: Iterable[FoundFile]) -> tuple[dict[str, list[FoundFile]], list[SetApart]]:
    """Set apart what no analysis uses, and group the rest by Patient ID.

    Parameters
    ----------
    files : iterable of FoundFile

    Returns
    -------
    patients : dict of str to list of FoundFile
        By Patient ID, blanks at its ends taken away.
    apart : list of SetApart
    """
    patients: dict[str, list[FoundFile]] = {}
    apart: list[SetApart] = []
    for file in files:
        code, reason = _objection(file)
        patient_id = file.header.shared.patient_id
        if code:
            apart.append(SetApart(file.path, code, reason, patient_id))
        else:
            patients.setdefault(patient_id, []).append(file)
    for patient_id, own in patients.items():
        kept, copies = _without_copies(own)
        patients[patient_id] = kept
        apart += copies
    return patients, apart


def _objection(file: FoundFile) -> tuple[str, str]:
    """Say why a file cannot be used: code and reason, both empty for a usable one."""
    shared = file.header.shared
    expected = MODALITY_OF_SOP_CLASS.get(shared.sop_class)
    what = OTHER_SOP_CLASSES.get(shared.sop_class)
    if what is None and shared.sop_class.startswith(_ENCAPSULATED):
        what = "an encapsulated document"
    if what is None and shared.modality not in USED_MODALITIES:
        what = f"modality {shared.modality}" if shared.modality in OTHER_MODALITIES else "an unknown modality"
    if what is not None:
        return "modality", f"{what}: not used"
    if expected is not None and expected != shared.modality:
        return "modality-mixed", f"modality {shared.modality} in a file whose SOP class is that of {expected}"
    if not shared.patient_id:
        return "no-patient-id", "no Patient ID: nobody can tell whose it is"
    if not file.header.uid:
        return "no-instance", "no SOP Instance UID: no other file can refer to it"
    kind = shared.image_type[2] if len(shared.image_type) > 2 else ""
    if shared.modality == "NM" and kind != "RECON TOMO":
        known = UNRECONSTRUCTED.get(kind, "no statement that it is a reconstruction (Image Type RECON TOMO)")
        return "not-reconstructed", known
    if shared.modality == "NM" and shared.image_type[3:4] == ("TRANSMISSION",):
        return "transmission", "a transmission map, made for attenuation correction: not used"
    if shared.modality == "CT" and "LOCALIZER" in shared.image_type:
        return "localizer", "a scout view (LOCALIZER): not used"
    return ("pixels", f"{shared.modality} with {file.header.fault}") if file.header.fault else ("", "")


def _without_copies(files: Sequence[FoundFile]) -> tuple[list[FoundFile], list[SetApart]]:
    """Keep one of files with the same SOP instance; plans, doses and the like that differ are all kept, to be asked."""
    by_uid: dict[str, list[FoundFile]] = {}
    for file in files:
        by_uid.setdefault(file.header.uid, []).append(file)
    kept: list[FoundFile] = []
    apart: list[SetApart] = []
    for alike in by_uid.values():
        seen: set[str] = set()
        for file in alike:
            digest = _digest(file.path) if len(alike) > 1 else ""
            copy, other = digest in seen, bool(seen) and file.header.shared.modality in IMAGES
            if copy or other:
                reason = "a copy of another file" if copy else "the SOP instance of another file with other content"
                apart.append(SetApart(file.path, "duplicate", reason, file.header.shared.patient_id))
            else:
                kept.append(file)
            seen.add(digest)
    return kept, apart


def _digest(path: str) -> str:
    try:
        with open(path, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""
