"""The table of treatment sessions, and the files that it names."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lungtox.dicom import holds_dicom, read_deformation, read_dose, read_registration
from lungtox.errors import Fault, InputError
from lungtox.extraction.patients import MOST_FRACTIONS
from lungtox.extraction.table_rows import is_study_id, read_rows
from lungtox.geometry import DeformationField, Dose, Grid, RigidMap
from lungtox.imaging import map_frames, read_field

SESSION_COLUMNS = ("patient", "session", "dose", "field", "fractions", "structures", "cbct")
_FILES = ("dose", "field", "structures", "cbct")
_REACH_MM, _NODES_MM = 1500.0, 20.0
_REQUIRED = ("patient", "session", "dose", "fractions")
# What an RTDOSE says of itself (DoseSummationType) where it holds the whole plan, one fraction, or what a session got.
_SUMMATION = {
    "plan": ("PLAN",),
    "fraction": ("FRACTION_SESSION", "PLAN", "RECORD"),
    "session": ("PLAN", "RECORD", "FRACTION_SESSION"),
}


@dataclass(frozen=True)
class SessionRow:
    """Which files belong to one session of one patient.

    Attributes
    ----------
    patient, session : str
        Study ID; name of the session, unique for the patient (letters, digits, _ and -).
    fractions : float
        Fractions of the plan for which it stands.
    cells : dict of str to str
        The row as it stands, without empty cells.
    folder : Path
        Where the table lies; the cells are relative to it.
    """

    patient: str
    session: str
    fractions: float
    cells: dict[str, str]
    folder: Path

    def path(self, column: str) -> Path | None:
        """Give the file of a column: dose, field, structures, or the folder of the CBCT."""
        cell = self.cells.get(column)
        return None if cell is None else Path(os.path.normpath(self.folder / cell))

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that are read, as far as they are there, with folders taken apart; the CBCT only without a field.

        A header file (.mhd) brings the data that it names along.
        """
        found: list[Path] = []
        for column in _FILES:
            path = self.path(column)
            if path is None or (column == "cbct" and "field" in self.cells):
                continue
            found += [path] if path.is_file() else sorted(entry for entry in path.rglob("*") if entry.is_file())
            if path.suffix == ".mhd":
                found += sorted(path.parent.glob(f"{path.stem}.*raw"))
        return tuple(found)

    @property
    def digest(self) -> str:
        """Changes with this row and with nothing else."""
        return hashlib.sha256(json.dumps(self.cells, sort_keys=True).encode()).hexdigest()[:16]


def read_sessions(path: str | Path, *, patients: Collection[str] | None = None) -> dict[str, tuple[SessionRow, ...]]:
    """Read which sessions each patient had.

    Parameters
    ----------
    path : str or Path
        CSV with the columns patient, session, dose, fractions, and as needed field, structures, cbct.
    patients : collection of str, optional
        Known study IDs; a session of another one is a fault.

    Returns
    -------
    dict of str to tuple of SessionRow
        By patient, in the order of the table, which is the order of treatment.

    Raises
    ------
    InputError
        All faults of the table at once: columns, study IDs, names of sessions that are there twice, fractions that are
        no positive number, rows without a dose.
    """
    sessions, faults = scan_sessions(path, patients=patients)
    if faults:
        raise InputError(faults)
    return sessions


def scan_sessions(
    path: str | Path, *, patients: Collection[str] | None = None
) -> tuple[dict[str, tuple[SessionRow, ...]], list[Fault]]:
    """Read which sessions each patient had as far as the table can be used, with its faults.

    Parameters
    ----------
    path : str or Path
    patients : collection of str, optional

    Returns
    -------
    dict of str to tuple of SessionRow
        Rows without a fault of their own.
    list of Fault
    """
    table = Path(path)
    try:
        rows, faults = read_rows(table, columns=SESSION_COLUMNS, required=lambda _: _REQUIRED)
    except InputError as error:
        return {}, list(error.faults)
    if faults:
        return {}, faults
    found: dict[str, list[SessionRow]] = {}
    known: set[tuple[str, str]] = set()
    for line, cells in rows:
        own = list(_row_faults(cells, f"{table.name} line {line}", patients))
        name = (cells.get("patient", ""), cells.get("session", ""))
        if all(map(is_study_id, name)):
            if name in known:
                action = "Give each session its own name."
                who = f"{name[0]}, session {name[1]}"
                own.append(Fault(who, f"one row in {table.name}", "two", action, "session-twice"))
            known.add(name)
        if not own:
            row = SessionRow(*name, float(cells["fractions"]), cells, table.parent)
            found.setdefault(row.patient, []).append(row)
        faults += own
    if not rows:
        faults.append(Fault(table.name, "sessions", "none", "Fill the table.", "session-empty"))
    return {patient: tuple(sessions) for patient, sessions in found.items()}, faults


def _row_faults(cells: dict[str, str], who: str, patients: Collection[str] | None) -> Iterator[Fault]:
    for name in ("patient", "session"):
        if not is_study_id(cells.get(name, "")):
            # Not quoted: what is no study ID may be a name.
            found = "another character" if cells.get(name) else "nothing"
            what = "study ID" if name == "patient" else "name of the session"
            yield Fault(who, f"a {what} of letters, digits, _ and -", found, "Correct it.", "study-id")
    patient = cells.get("patient", "")
    if patients is not None and is_study_id(patient) and patient not in patients:
        yield Fault(
            who, "a patient of patients.csv", f"{patient}, which is not there", "Add or remove it.", "session-patient"
        )
    if not _is_fractions(cells.get("fractions", "")):
        expected = f"fractions, more than 0 and at most {MOST_FRACTIONS}"
        action = "Write how many fractions the session stands for."
        yield Fault(who, expected, _quoted(cells.get("fractions")), action, "session-fractions")
    if "dose" not in cells:
        yield Fault(who, "a dose", "none", "Fill the cell.", "session-dose")


def _quoted(text: str | None) -> str:
    """Give a number as it stands; what is none is not quoted, for it may be a name in the wrong column."""
    try:
        return "nothing" if text is None else f"{float(text):g}"
    except ValueError:
        return "no number"


def _is_fractions(text: str) -> bool:
    try:
        return 0.0 < float(text) <= MOST_FRACTIONS
    except ValueError:
        return False


def read_session_dose(path: str | Path, *, dose_of: str, who: str) -> Dose:
    """Read the dose of a session.

    Parameters
    ----------
    path : str or Path
    dose_of : {"plan", "fraction", "session"}
        What the file holds.
    who : str
        Stands at the front of every message.

    Raises
    ------
    InputError
        As `lungtox.dicom.read_dose`; a DoseSummationType that contradicts ``dose_of``.
    """
    return read_dose(path, accept=_SUMMATION[dose_of], who=who)


def read_session_field(path: str | Path, *, planning_frame: str, session_frame: str, who: str) -> DeformationField:
    """Read the field of a session: DICOM by what the file is, otherwise NIfTI or MetaImage.

    A Spatial Registration (rotation and shift only) gives a field of zeros with that map after it.

    Parameters
    ----------
    path : str or Path
    planning_frame, session_frame : str
        Frames of reference that a NIfTI or MetaImage file leads between, because it does not say itself, and between
        which a Spatial Registration is looked for.
    who : str

    Raises
    ------
    InputError
        As `lungtox.dicom.read_deformation` and `lungtox.imaging.read_field`; a Spatial Registration between other
        frames of reference (``delivered-field-frame``).
    """
    file = Path(path)
    if not file.is_file():
        raise InputError(Fault(who, "a deformation field", "no such file", "Check the path.", "file-missing"))
    if not holds_dicom(file):
        return read_field(file, planning_frame=planning_frame, session_frame=session_frame, who=who)
    try:
        return read_deformation(file, who=who)
    except InputError as error:
        if [fault.code for fault in error.faults] != ["registration-rigid"]:
            raise
    registration = read_registration(file, who=who)
    try:
        found = map_frames([registration], origin=planning_frame, destination=session_frame, who=who).points
    except InputError:
        action = "Give the registration of the session's image and the planning CT."
        expected = "a registration between the frames of reference of the plan and of the session's dose"
        raise InputError(Fault(who, expected, "one between others", action, "delivered-field-frame")) from None
    return _rigid_field(found if isinstance(found, RigidMap) else RigidMap.identity(), planning_frame, session_frame)


def _rigid_field(points: RigidMap, planning_frame: str, session_frame: str) -> DeformationField:
    """Give a rigid map as a field: zeros on nodes that hold any patient, and the map after them."""
    axis = np.arange(-_REACH_MM, _REACH_MM + 1.0, _NODES_MM)
    grid = Grid(axis, axis, axis)
    zeros = np.broadcast_to(np.float32(0.0), (3, *grid.shape))
    return DeformationField(grid, zeros, planning_frame, session_frame, after=points)
