"""``lungtox index``: a folder of exported files becomes a cohort."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lungtox.errors import Fault, InputError
from lungtox.intake.adding import Adding, Batch
from lungtox.intake.dvh_texts import DvhText, ReadNames, find_dvh_texts
from lungtox.intake.identity import same_person_notes
from lungtox.intake.keybook import KeyBook, open_keybook, save_keybook
from lungtox.intake.ledger import (
    CHOICE_COLUMNS,
    FINDING_COLUMNS,
    UNUSABLE_COLUMNS,
    Row,
    append_rows,
    read_rows,
    write_rows,
)
from lungtox.intake.narrowing import NONE, ONE, Choice
from lungtox.intake.scan import OnFiles, SetApart, scan_folder
from lungtox.intake.sorting import sort_out


@dataclass(frozen=True)
class IndexResult:
    """What an index run found and wrote.

    Attributes
    ----------
    files : int
        Looked at.
    added, kept, left_out : int
        Patients whose row is new, was there before, or is not written.
    apart : int
        Files set apart.
    faults : tuple of Fault
        Why patients are left out.
    notes : tuple of Fault
        Everything else that a person should know.
    """

    files: int
    added: int
    kept: int
    left_out: int
    apart: int
    faults: tuple[Fault, ...]
    notes: tuple[Fault, ...]


def index_folder(
    folder: str | Path,
    out: str | Path,
    *,
    key: str | Path | None = None,
    copy: bool = False,
    processes: int = 2,
    on_files: OnFiles | None = None,
    read_dvh_names: ReadNames | None = None,
) -> IndexResult:
    """Find the plans, doses, structure sets and images of all patients below a folder.

    Writes patients.csv, structures.csv, choices.csv, unusable.csv, findings.csv and ``inputs/{study_id}/`` below
    ``out``, and the key file. A patient who has a row keeps it to the byte; new patients are added.

    Parameters
    ----------
    folder : str or Path
        Exported files in any order and under any name. They are never changed.
    out : str or Path
    key : str or Path, optional
        Key file; by default beside ``out``, with the ending ``.key.json``.
    copy : bool
        Copy files in place of linking to them.
    processes : int
    on_files : callable, optional
        Called with the number of files done and of all.
    read_dvh_names : callable, optional
        Recognises a DVH export among the files that are not DICOM and gives place and name of its structures.

    Returns
    -------
    IndexResult

    Raises
    ------
    InputError
        No such folder, a place for the key file that others may see, tables or key file that do not fit together, or
        nothing that can be used.
    """
    source, target = Path(os.path.realpath(folder)), Path(os.path.realpath(out))
    path = _key_path(source, target, key)
    with _naming_no_path():
        book = open_keybook(path)
        old = {row["patient"] for row in read_rows(target, "patients.csv")}
        choices = read_rows(target, "choices.csv")
        reviewed = {row["patient"] for row in read_rows(target, "structures.csv")}
    if old and book.fresh:
        action = "Give the key file that belongs to this cohort with --key; without it study IDs would change."
        raise InputError(Fault("the key file", "the one of the cohort in the out folder", "none", action, "key-file"))
    found, apart = scan_folder(str(source), skip={str(target), str(book.path)}, processes=processes, on_files=on_files)
    patients, more = sort_out(found)
    texts: dict[str, list[DvhText]] = {}
    if read_dvh_names is not None:
        texts, apart = find_dvh_texts(apart, read_dvh_names)
    batch = Batch(apart=[*apart, *more])
    named = {book.study_id(patient_id): files for patient_id, files in sorted(patients.items())}
    exported = {book.study_id(patient_id): files for patient_id, files in sorted(texts.items())}
    writer = Adding(batch, book, target, frozenset(old), _answers(choices, old), copy)
    writer.add_patients(named, exported)
    writer.add_exports(exported, named)
    batch.notes += [*same_person_notes(named), *_key_notes(book)]
    added = {row["patient"] for row in batch.rows}
    with _naming_no_path():
        _write(batch, book, target, old=old, reviewed=reviewed, choices=choices)
    return IndexResult(
        files=len(found) + len(apart) + sum(map(len, texts.values())),
        added=len(added),
        kept=len(old),
        left_out=len((named.keys() | exported.keys()) - added - old),
        apart=len(batch.apart),
        faults=tuple(batch.faults),
        notes=tuple(batch.notes),
    )


@contextmanager
def _naming_no_path() -> Iterator[None]:
    """Refuse where the disk does, in words of our own: those of the system quote the path."""
    try:
        yield
    except OSError as error:
        found = f"a disk that refuses ({type(error).__name__})"
        action = "See that the out folder and the place of the key file can be written to and have room."
        raise InputError(Fault("the out folder", "tables and key file", found, action, "disk")) from None


def _key_path(source: Path, target: Path, key: str | Path | None) -> Path:
    if not source.is_dir():
        action = "Give the folder of the exported files."
        raise InputError(Fault("the DICOM folder", "a folder", "none of that name", action, "folder-missing"))
    if source == target:
        found, action = "the folder of the exported files", "Give another folder with --out."
        raise InputError(Fault("the out folder", "a folder of its own", found, action, "out-folder"))
    path = target.with_name(f"{target.name}.key.json") if key is None else Path(os.path.realpath(key))
    here = Path.cwd()
    if target in path.parents or "results" in (path.relative_to(here) if here in path.parents else path).parts[:-1]:
        found = "a place in the out folder or below results"
        action = "Give a place that is not passed on with tables and results, with --key."
        raise InputError(Fault("the key file", "a place apart from the cohort", found, action, "key-file"))
    return path


def _answers(choices: Sequence[Row], old: set[str]) -> dict[str, dict[str, list[str]]]:
    """Give what a person wrote into choices.csv for patients who have no row yet."""
    found: dict[str, dict[str, list[str]]] = {}
    for row in choices:
        if row["chosen"] and row["how"] != "rule" and row["patient"] not in old:
            numbers = [_answer(part.strip()) for part in row["chosen"].split(";") if part.strip()]
            found.setdefault(row["patient"], {})[row["item"]] = numbers
    return found


def _answer(text: str) -> str:
    """File numbers are written in capitals, the two words in small letters; a person may write either."""
    return text.lower() if text.lower() in (NONE, ONE) else text.upper()


def _key_notes(book: KeyBook) -> list[Fault]:
    if not book.opened_to_others:
        return []
    action = "It is now yours alone; find out who could read it."
    return [Fault("the key file", "permissions for its owner only", "wider ones", action, "key-permissions")]


def _write(
    batch: Batch, book: KeyBook, out: Path, *, old: set[str], reviewed: set[str], choices: Sequence[Row]
) -> None:
    """Write the key file first, so that no study ID is lost, and patients.csv last, which makes the rest count."""
    out.mkdir(parents=True, exist_ok=True)
    unusable = sorted((_unusable_row(book, file) for file in batch.apart), key=lambda row: row["file"])
    save_keybook(book)
    append_rows(out, "structures.csv", [row for row in batch.rois if row["patient"] not in reviewed])
    kept = [row for row in choices if row["patient"] in old]
    write_rows(out, "choices.csv", CHOICE_COLUMNS, [*kept, *map(_choice_row, batch.choices)])
    write_rows(out, "unusable.csv", UNUSABLE_COLUMNS, unusable)
    findings = [*(_finding_row(f, "left out") for f in batch.faults), *(_finding_row(f, "note") for f in batch.notes)]
    write_rows(out, "findings.csv", FINDING_COLUMNS, findings)
    append_rows(out, "patients.csv", batch.rows)


def _unusable_row(book: KeyBook, file: SetApart) -> Row:
    patient = book.study_id(file.patient_id) if file.patient_id else ""
    return {"file": book.number(file.path), "patient": patient, "code": file.code, "reason": file.reason}


def _choice_row(choice: Choice) -> Row:
    return {
        "patient": choice.patient,
        "item": choice.item,
        "chosen": ";".join(choice.chosen),
        "how": choice.how,
        "rule": choice.rule,
        "candidates": " | ".join(choice.candidates),
    }


def _finding_row(fault: Fault, effect: str) -> Row:
    return {
        "patient": fault.who,
        "effect": effect,
        "code": fault.code,
        "expected": fault.expected,
        "found": fault.found,
        "action": fault.action,
    }
