"""Text exports of DVHs found among the files: whose they are, and whether they can be read."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from lungtox.errors import InputError
from lungtox.intake.scan import SetApart

ReadNames = Callable[[str], Mapping[int, str]]
"""Gives place and name of each structure of an export; raises InputError for a file that is none."""

_HEAD_BYTES = 16_384
_LARGEST_BYTES = 1 << 26
# "Patient ID : 123", "#PatientId:123"; a column of that name in a table is followed by another sign.
_PATIENT_ID = re.compile(r"^\W{0,8}patient[ _-]?id[ ]*[:=]([^\r\n]{1,128})", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class DvhText:
    """A DVH export whose patient is known.

    Attributes
    ----------
    path : str
        Goes to the key file only.
    names : dict of int to str
        Place in the file -> name of the structure.
    """

    path: str = field(repr=False)
    names: Mapping[int, str]


def find_dvh_texts(apart: Iterable[SetApart], read_names: ReadNames) -> tuple[dict[str, list[DvhText]], list[SetApart]]:
    """Look for DVH exports among the files that are not DICOM.

    Parameters
    ----------
    apart : iterable of SetApart
    read_names : callable

    Returns
    -------
    texts : dict of str to list of DvhText
        By Patient ID, as the line "Patient ID" of the export has it.
    apart : list of SetApart
        The files that are still set apart.
    """
    texts: dict[str, list[DvhText]] = {}
    still: list[SetApart] = []
    for file in apart:
        names = _names(file, read_names) if file.code == "not-dicom" else {}
        patient_id = _patient_id(file.path) if names else ""
        if names and patient_id:
            texts.setdefault(patient_id, []).append(DvhText(file.path, dict(names)))
        elif names:
            reason = "a DVH export without a line Patient ID: nobody can tell whose it is"
            still.append(SetApart(file.path, "no-patient-id", reason))
        else:
            still.append(file)
    return texts, still


def _names(file: SetApart, read_names: ReadNames) -> Mapping[int, str]:
    try:
        return read_names(file.path) if os.path.getsize(file.path) <= _LARGEST_BYTES else {}
    except (InputError, OSError):
        return {}


def _patient_id(path: str) -> str:
    try:
        with open(path, "rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except OSError:
        return ""
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = head.decode("utf-16" if wide else "utf-8-sig", errors="replace")
    found = _PATIENT_ID.search(text)
    # Monaco writes "Patient ID: Name~123 | ..."; what else follows on the line is no part of it.
    own = re.split(r"[|;\t]", found.group(1))[0].rpartition("~") if found else ("", "", "")
    return own[2].split(",")[0].strip(' "')
