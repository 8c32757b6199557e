"""Which files and which ROIs belong to which patient: patients.csv and structures.csv together."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterable
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from lungtox.errors import Fault, InputError, count_of
from lungtox.extraction.accepted import STRUCTURE_COLUMNS as STRUCTURE_COLUMNS
from lungtox.extraction.accepted import AcceptedRoi, ReadRois, read_rois
from lungtox.extraction.table_rows import is_study_id, read_rows
from lungtox.naming import CANONICAL_STRUCTURES as CANONICAL_STRUCTURES

PATIENT_COLUMNS = (
    "patient", "plan", "structures", "dose", "spect", "planning_ct", "spect_ct", "registration", "dvh", "fractions",
    "spect_nac",
)  # fmt: skip
MOST_FRACTIONS = 100
_FILE_COLUMNS = (*PATIENT_COLUMNS[1:9], "spect_nac")
_READ_COLUMNS = ("plan", "structures", "dose", "spect", "spect_nac", "registration", "dvh")
_REGISTERED_COLUMNS = ("planning_ct", "spect_ct")
_SEVERAL_FILES = ("plan", "dose", "registration")


def is_dvh_table(path: Path) -> bool:
    """Say whether a file is a DVH table of lungtox, and not the export of a planning system."""
    return path.suffix == ".parquet"


@dataclass(frozen=True)
class PatientRow:
    """Which files belong to one patient.

    Attributes
    ----------
    patient : str
        Study ID.
    cells : dict of str to str
        The row of patients.csv as it stands, without empty cells.
    folder : Path
        Where the table lies; the cells are relative to it.
    rois : tuple of AcceptedRoi
    proposals : tuple of AcceptedRoi
        Proposals that wait for a person.
    """

    patient: str
    cells: dict[str, str]
    folder: Path
    rois: tuple[AcceptedRoi, ...] = ()
    proposals: tuple[AcceptedRoi, ...] = ()

    def paths(self, column: str) -> tuple[Path, ...]:
        """Files of one column: none, one, or several separated by ``;``."""
        parts = (part.strip() for part in self.cells.get(column, "").split(";"))
        return tuple(Path(os.path.normpath(self.folder / part)) for part in parts if part)

    def path(self, column: str) -> Path | None:
        """Give the file of a column that holds at most one."""
        return next(iter(self.paths(column)), None)

    @property
    def export(self) -> Path | None:
        """The planning system's DVH export that stands in place of DICOM; None for a DVH table of lungtox."""
        path = self.path("dvh")
        return None if path is None or is_dvh_table(path) else path

    @property
    def fractions(self) -> int | None:
        """Fractions of the plan of a DVH export, which rarely says it itself."""
        return int(self.cells["fractions"]) if "fractions" in self.cells else None

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that extraction reads, as far as they are there, with folders taken apart.

        One that is missing becomes a fault of its patient, not an end of the whole run.
        """
        return self.files_with()

    def files_with(self, spect_to_ct: Collection[str] = ()) -> tuple[Path, ...]:
        """Give the files that extraction reads where the SPECTs of some patients are registered themselves."""
        columns: tuple[str, ...] = _READ_COLUMNS
        if "spect" in self.cells and "registration" not in self.cells:
            itself = self.patient in spect_to_ct
            columns += ("planning_ct",) if itself else _REGISTERED_COLUMNS if "spect_ct" in self.cells else ()
        return self._files_of(columns)

    @property
    def picture_files(self) -> tuple[Path, ...]:
        """Give the files that a patient's page reads: those of `files` and the planning CT, no other CT."""
        return self._files_of((*_READ_COLUMNS, "planning_ct"))

    @property
    def registration_files(self) -> tuple[Path, ...]:
        """Give the files that the picture of a registration of images reads."""
        return self._files_of(("spect", "planning_ct", "spect_ct"))

    def _files_of(self, columns: Iterable[str]) -> tuple[Path, ...]:
        found: list[Path] = []
        for column in columns:
            for path in self.paths(column):
                found += [path] if path.is_file() else sorted(entry for entry in path.rglob("*") if entry.is_file())
        return tuple(found)

    @property
    def digest(self) -> str:
        """Changes with this patient's rows in the two tables, and with nothing else."""
        content = [self.cells, [astuple(roi) for roi in self.rois], [astuple(roi) for roi in self.proposals]]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def read_patients(
    path: str | Path,
    *,
    structures: str | Path | None = None,
    accept_from_score: float | None = None,
    only: Collection[str] | None = None,
    shared: bool = False,
) -> list[PatientRow]:
    """Read which files belong to which patient, and which ROIs were accepted as which structure.

    Parameters
    ----------
    path : str or Path
        patients.csv.
    structures : str or Path, optional
        structures.csv; rows without ``structure`` do not count.
    accept_from_score : float, optional
        Rows without ``accepted_by`` count from this score, where no other ROI is as good; by default a person decides.
    only : collection of str, optional
        Study IDs to give; by default all. The tables are checked whole.
    shared : bool
        structures.csv belongs to another table of patients too, and may name patients that this one has not.

    Returns
    -------
    list of PatientRow
        In the order of patients.csv.

    Raises
    ------
    InputError
        All faults of both tables at once: missing or unknown columns, study IDs that are empty, repeated or not usable
        as a file name, patients without dose, ROI rows of unknown patients, unknown structures, one organ
        accepted twice.
    """
    rows, faults = scan_patients(path, structures=structures, accept_from_score=accept_from_score, shared=shared)
    if faults:
        raise InputError(faults)
    if only is None:
        return rows
    missing = sorted(set(only) - {row.patient for row in rows})
    if missing:
        found = f"none for {', '.join(missing)}"
        raise InputError(Fault("patients.csv", "a row for each patient", found, "Add it.", "patient"))
    return [row for row in rows if row.patient in only]


def scan_patients(
    path: str | Path,
    *,
    structures: str | Path | None = None,
    accept_from_score: float | None = None,
    shared: bool = False,
) -> tuple[list[PatientRow], list[Fault]]:
    """Read the two tables as far as they can be used: rows as :func:`read_patients` gives them, and all faults.

    A row with a fault is left out, apart from one whose files are wrongly given.
    """
    faults: list[Fault] = []
    rows: list[PatientRow] = []
    rois = ReadRois()
    try:
        rows, faults = _patient_rows(Path(path))
    except InputError as error:
        faults += error.faults
    if structures is not None:
        try:
            known = {row.patient for row in rows} if rows and not shared else None
            exports = {row.patient for row in rows if row.export is not None}
            rois = read_rois(Path(structures), known=known, accept_from_score=accept_from_score, any_structure=exports)
            faults += rois.faults
        except InputError as error:
            faults += error.faults
    named = [
        replace(
            row,
            rois=tuple(rois.accepted.get(row.patient, ())),
            proposals=tuple(rois.proposals.get(row.patient, ())),
        )
        for row in rows
    ]
    return named, faults


def _required_patient_columns(header: Collection[str]) -> tuple[str, ...]:
    return ("patient",) if "dvh" in header else ("patient", "structures", "dose")


def _patient_rows(path: Path) -> tuple[list[PatientRow], list[Fault]]:
    table, faults = read_rows(path, columns=PATIENT_COLUMNS, required=_required_patient_columns)
    if faults:
        raise InputError(faults)
    rows: dict[str, PatientRow] = {}
    lines: dict[str, int] = {}
    for line, cells in table:
        patient = cells.get("patient", "")
        who = f"{path.name} line {line}"
        if not is_study_id(patient):
            # Not quoted: what is no study ID may be a name.
            found = "another character" if patient else "nothing"
            action = "Give every patient a study ID; it becomes part of file names."
            faults.append(Fault(who, "a study ID of letters, digits, _ and -", found, action, "study-id"))
        elif patient in rows:
            action = "Keep one row; several doses of one patient are separated by ';'."
            found = f"the same patient twice, on lines {lines[patient]} and {line}"
            faults.append(Fault(patient, f"one row in {path.name}", found, action, "patient-twice"))
        else:
            lines[patient] = line
            rows[patient] = PatientRow(patient, cells, path.parent)
            faults += _source_faults(patient, cells, path.name)
    return list(rows.values()), faults


def _source_faults(patient: str, cells: dict[str, str], table: str) -> Iterable[Fault]:
    dicom = [name for name in ("plan", "structures", "dose", "spect") if name in cells]
    if "dvh" in cells and dicom:
        found = f"dvh and {', '.join(dicom)}"
        yield Fault(patient, f"either DICOM files or a dvh table in {table}", found, "Empty one of them.", "source")
    elif "dvh" not in cells and not {"structures", "dose"} <= cells.keys():
        found = ", ".join(dicom) or "no file"
        yield Fault(patient, f"structures and dose, or dvh, in {table}", found, "Fill the cells.", "source")
    for name in _FILE_COLUMNS:
        if ";" in cells.get(name, "") and name not in _SEVERAL_FILES:
            action = "Only plan, dose and registration take several."
            yield Fault(patient, f"one file in the column {name}", "several", action, "source")
    fractions = cells.get("fractions", "1")
    if not (fractions.isdecimal() and 1 <= int(fractions[:6]) <= MOST_FRACTIONS):
        expected = f"a whole number from 1 to {MOST_FRACTIONS} in the column fractions"
        yield Fault(patient, expected, "something else", "Copy it from the plan.", "number")
    if "fractions" in cells and "dvh" not in cells:
        yield Fault(
            patient, "fractions from the plan", f"a number in {table}", "Empty the cell, name the plan.", "source"
        )
    plans, doses = (cells.get(name, "").count(";") + 1 for name in ("plan", "dose"))
    if plans > doses:  # BEAM doses of one plan share it: how many are needed shows in the files
        action = "Name the plan of each dose, in the same order."
        yield Fault(
            patient, "one plan, or as many as doses", f"{plans} plans, {count_of(doses, 'dose')}", action, "source"
        )
