"""Links with neutral names, the only paths that a run sees."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from lungtox.errors import Fault, InputError
from lungtox.intake.scan import FoundFile

_FOLDERS = ("planning_ct", "spect_ct", "pet")
_FILE_OR_FOLDER = ("spect", "spect_nac")
_COLUMNS = ("plan", "structures", "dose", "spect", "planning_ct", "spect_ct", "registration", "spect_nac")


def neutral_names(patient: str, files: Mapping[str, Sequence[FoundFile]]) -> tuple[dict[str, str], dict[str, str]]:
    """Name the files of one patient.

    Parameters
    ----------
    patient : str
        Study ID.
    files : mapping of str to sequence of FoundFile
        By column of patients.csv, and ``pet``.

    Returns
    -------
    cells : dict of str to str
        Row of patients.csv.
    links : dict of str to str
        Neutral path -> source.
    """
    cells = {"patient": patient}
    links: dict[str, str] = {}
    for column, found in files.items():
        sliced = column in _FOLDERS or (column in _FILE_OR_FOLDER and len(found) > 1)
        names = [_name(column, place, sliced=sliced) for place in range(1, len(found) + 1)]
        links |= {
            f"inputs/{patient}/{name}": os.path.realpath(file.path) for name, file in zip(names, found, strict=True)
        }
        shown = [column] if sliced else names
        if column in _COLUMNS and found:
            cells[column] = ";".join(f"inputs/{patient}/{name}" for name in shown)
    return cells, links


def _name(column: str, place: int, *, sliced: bool) -> str:
    if sliced:
        return f"{column}/{place:04d}.dcm"
    return f"{column}.dcm" if place == 1 else f"{column}_{place}.dcm"


def place_files(out: Path, patient: str, links: Mapping[str, str], *, copy: bool) -> bool:
    """Make ``inputs/{patient}`` whole or not at all.

    Parameters
    ----------
    out : Path
    patient : str
    links : mapping of str to str
        Neutral path below ``out`` -> source.
    copy : bool
        True copies the files.

    Returns
    -------
    bool
        True where files were copied, because it was asked for or links cannot be made here.

    Raises
    ------
    InputError
        A file cannot be copied.
    """
    target = out / "inputs" / patient
    draft = target.with_name(f".{patient}.{os.getpid()}.tmp")
    try:
        for name, source in links.items():
            place = draft / Path(name).relative_to(f"inputs/{patient}")
            place.parent.mkdir(parents=True, exist_ok=True)
            copy = copy or not _link(source, place)
            if copy:
                shutil.copyfile(source, place)
        if target.exists():  # left by a run that was interrupted before patients.csv was written
            shutil.rmtree(target)
        os.replace(draft, target)
    except OSError:
        found, action = "a disk that refuses", "See that the out folder can be written to and has room."
        raise InputError(Fault(patient, "files with neutral names below inputs", found, action, "links")) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return copy


def _link(source: str, place: Path) -> bool:
    try:
        place.symlink_to(source)
    except OSError:  # a file system without links
        return False
    return True
