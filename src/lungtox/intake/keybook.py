"""The key file: the only place that holds both study IDs and what identifies a patient."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lungtox.errors import Fault, InputError

VERSION = 1
_ABOUT = "Tells which patient each study ID is. Keep it where only you can read it; do not pass it on with the tables."
_OTHERS_MAY = stat.S_IRWXG | stat.S_IRWXO
_NAME_LENGTH = 8  # 40 bits: two of 10,000 patients share a name once in 20,000 cohorts, and that is noticed


@dataclass
class PatientKey:
    """One patient in the key file.

    Attributes
    ----------
    patient_id : str
    links : dict of str to str
        Neutral path below the out folder -> source.
    known : dict of str to list of str
        Kind of file -> UIDs (series for images) when the row was made.
    """

    patient_id: str = field(repr=False)
    links: dict[str, str] = field(default_factory=dict, repr=False)
    known: dict[str, list[str]] = field(default_factory=dict, repr=False)


@dataclass
class KeyBook:
    """Study IDs and neutral file numbers by a random key, and what they stand for.

    Attributes
    ----------
    path : Path
    secret : bytes
    patients : dict of str to PatientKey
        By study ID.
    files : dict of str to str
        Neutral number -> source, of every file that a table or message names.
    fresh : bool
        True where there was no key file yet.
    opened_to_others : bool
        True where others could read the key file that was found.
    """

    path: Path = field(repr=False)
    secret: bytes = field(repr=False)
    patients: dict[str, PatientKey] = field(default_factory=dict, repr=False)
    files: dict[str, str] = field(default_factory=dict, repr=False)
    fresh: bool = True
    opened_to_others: bool = False

    def study_id(self, patient_id: str) -> str:
        """Give the study ID of a patient: the same one whatever else lies in the folder.

        Raises
        ------
        InputError
            Another patient has it already: a one in 100,000,000 chance that a new key ends.
        """
        study = f"P{self._name('patient', patient_id.encode())}"
        if self.patients.setdefault(study, PatientKey(patient_id)).patient_id != patient_id:
            action = "Start again with a new key file."
            raise InputError(Fault(study, "a study ID of one patient", "two patients", action, "study-id"))
        return study

    def number(self, path: str) -> str:
        """Give the neutral number of a file and remember which file it is."""
        number = f"F{self._name('file', os.fsencode(path))}"
        self.files[number] = path
        return number

    def _name(self, kind: str, content: bytes) -> str:
        digest = hmac.new(self.secret, kind.encode() + b"\0" + content, hashlib.sha256).digest()
        return base64.b32encode(digest).decode("ascii")[:_NAME_LENGTH]


def open_keybook(path: Path) -> KeyBook:
    """Read the key file, or begin one with a new random key (which :func:`save_keybook` writes).

    Raises
    ------
    InputError
        A file that is no key file.
    """
    if not path.exists():
        return KeyBook(path, secrets.token_bytes(32))
    opened = bool(stat.S_IMODE(path.stat().st_mode) & _OTHERS_MAY)
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if content["version"] != VERSION:
            raise ValueError
        patients = {
            study: PatientKey(one["patient_id"], dict(one["links"]), dict(one["known"]))
            for study, one in content["patients"].items()
        }
        secret = bytes.fromhex(content["hmac_key"])
        return KeyBook(path, secret, patients, dict(content["files"]), fresh=False, opened_to_others=opened)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        action = "Give the key file that lungtox index wrote for this cohort, or another name for a new one."
        raise InputError(Fault("the key file", "a key file of lungtox", "something else", action, "key-file")) from None


def save_keybook(book: KeyBook) -> None:
    """Write the key file; nobody but its owner can read it at any moment."""
    content = {
        "about": _ABOUT,
        "version": VERSION,
        "hmac_key": book.secret.hex(),
        "patients": {
            study: {"patient_id": one.patient_id, "links": one.links, "known": one.known}
            for study, one in sorted(book.patients.items())
        },
        "files": dict(sorted(book.files.items())),
    }
    book.path.parent.mkdir(parents=True, exist_ok=True)
    temporary = book.path.with_name(f".{book.path.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    # Created with these permissions, not changed to them afterwards; O_EXCL refuses a file or link put there meanwhile.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(content, stream, indent=1, ensure_ascii=True)
            stream.write("\n")
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, book.path)
    finally:
        temporary.unlink(missing_ok=True)
