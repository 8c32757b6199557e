"""The key file: which study ID stands for which patient ID of the hospital. It is read only, and never quoted."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lungtox.cohort.delimited import read_delimited
from lungtox.cohort.table_config import SheetSettings
from lungtox.errors import Fault, InputError
from lungtox.extraction import is_study_id

NAME = "key file"
STUDY_COLUMNS = ("study_id", "patient", "study")
HOSPITAL_COLUMNS = ("patient_id", "hospital_id", "PatientID")


@dataclass(frozen=True, repr=False)
class PatientKey:
    """Patient IDs of the hospital with their study IDs. Neither its text nor a message shows a patient ID.

    Attributes
    ----------
    study_ids : dict of str to str
        Patient ID -> study ID.
    remarks : tuple of str
    """

    study_ids: dict[str, str]
    remarks: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"PatientKey({len(self.study_ids)} patients)"

    def study_id(self, patient_id: str, *, number: bool = False) -> str | None:
        """Give the study ID of a patient ID; None where the key does not know it, or knows several that fit.

        A study ID of the key stands for itself.

        Parameters
        ----------
        patient_id : str
        number : bool
            The cell is a number: a spreadsheet has dropped the leading zeros, if there were any.
        """
        found = self.study_ids.get(patient_id)
        if found is None and patient_id in self.study_ids.values():
            return patient_id
        if found is not None or not number:
            return found
        alike = {
            study for known, study in self.study_ids.items() if known.isdigit() and known.lstrip("0") == patient_id
        }
        return alike.pop() if len(alike) == 1 else None


def read_key(path: str | Path) -> PatientKey:
    """Read the key file that ``lungtox index`` makes.

    Parameters
    ----------
    path : path
        JSON - a list of objects, or objects by study ID or patient ID, below ``patients`` or at the top - or CSV, with
        ``study_id`` (or ``patient``) and ``patient_id``.

    Returns
    -------
    PatientKey
        With a remark where others than the owner may read the file.

    Raises
    ------
    InputError
        No such file, another form, a study ID with another character, one patient ID under two study IDs. No patient
        ID stands in any message.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError(Fault(NAME, "a key file", "no such file", "Check inputs.key in the config.", "table-file"))
    content = file.read_bytes()
    pairs = list(_json_pairs(content) if content.lstrip()[:1] in (b"{", b"[") else _csv_pairs(content))
    faults = []
    study_ids: dict[str, str] = {}
    for place, (study, patient_id) in enumerate(pairs, start=1):
        where = f"{NAME}, entry {place}"
        if not is_study_id(study):
            faults.append(Fault(where, "a study ID of letters, digits, _ and -", "another text", "Correct it.", "key"))
        elif not patient_id:
            faults.append(Fault(where, f"a patient ID for {study}", "an empty one", "Fill it in.", "key"))
        elif study_ids.setdefault(patient_id, study) != study:
            found = f"the patient ID of {study_ids[patient_id]} again, for {study}"
            faults.append(
                Fault(where, "each patient ID under one study ID", found, "Keep the one that is right.", "key")
            )
    if faults:
        raise InputError(faults)
    if not pairs:
        raise _refused("no patients in it")
    remarks = []
    if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        remarks.append("key file: others than its owner can read it; take that right away (chmod 600).")
    return PatientKey(study_ids, tuple(remarks))


def _refused(found: str) -> InputError:
    action = "Give the key file that `lungtox index` made, or a CSV with the columns study_id and patient_id."
    return InputError(Fault(NAME, "study IDs with their patient IDs", found, action, "key"))


def _csv_pairs(content: bytes) -> Iterator[tuple[str, str]]:
    try:
        sheet = read_delimited(content, NAME, settings=SheetSettings(), wanted=[*STUDY_COLUMNS, *HOSPITAL_COLUMNS])
    except InputError:
        raise _refused("another kind of file") from None
    study = next((name for name in STUDY_COLUMNS if name in sheet.header), None)
    hospital = next((name for name in HOSPITAL_COLUMNS if name in sheet.header), None)
    if study is None or hospital is None or sheet.faults:
        raise _refused("other columns, or rows of another length")
    for one, other in zip(sheet.column(study), sheet.column(hospital), strict=True):
        yield str(one), str(other)


def _json_pairs(content: bytes) -> Iterator[tuple[str, str]]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise _refused("JSON that cannot be read") from None
    if isinstance(found, dict) and isinstance(found.get("patients"), dict | list):
        found = found["patients"]
    if isinstance(found, list):
        for entry in found:
            yield _study_of(entry), _patient_id_of(entry)
        return
    for key, value in found.items():
        if isinstance(value, dict) and _patient_id_of(value):
            yield str(key), _patient_id_of(value)
        elif isinstance(value, dict) and _study_of(value):
            yield _study_of(value), str(key).strip()
        elif isinstance(value, str):
            yield str(key), value.strip()


def _study_of(entry: Any) -> str:
    return _first(entry, STUDY_COLUMNS)


def _patient_id_of(entry: Any) -> str:
    return _first(entry, HOSPITAL_COLUMNS)


def _first(entry: Any, names: tuple[str, ...]) -> str:
    if not isinstance(entry, dict):
        return ""
    return next((str(entry[name]).strip() for name in names if entry.get(name) not in (None, "")), "")
