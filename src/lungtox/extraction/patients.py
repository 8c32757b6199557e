"""Reading patients.csv and structures.csv with the csv module: these run at every start of the workflow."""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import json
import os
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lungtox.errors import Fault, InputError

PATIENT_COLUMNS = (
    "patient", "plan", "structures", "dose", "spect", "planning_ct", "spect_ct", "registration", "dvh", "fractions",
)  # fmt: skip
STRUCTURE_COLUMNS = ("patient", "roi_number", "roi_name", "structure", "match", "score", "accepted_by")
CANONICAL_STRUCTURES = ("Lung_L", "Lung_R", "Lungs", "GTV", "PTV", "Heart", "Esophagus", "SpinalCord", "Body")
MOST_FRACTIONS = 100
_FILE_COLUMNS = PATIENT_COLUMNS[1:9]
_READ_COLUMNS = ("plan", "structures", "dose", "spect", "dvh")
_STUDY_ID = re.compile(r"[A-Za-z0-9_-]+")


def is_study_id(text: str) -> bool:
    """Say whether a text can be a study ID: letters, digits, _ and -, because it becomes part of file names."""
    return _STUDY_ID.fullmatch(text) is not None


def is_dvh_table(path: Path) -> bool:
    """Say whether a file is a DVH table of lungtox, and not the export of a planning system."""
    return path.suffix == ".parquet"


@dataclass(frozen=True)
class AcceptedRoi:
    """A ROI that a person accepted as a canonical structure."""

    number: int
    name: str
    structure: str


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
    """

    patient: str
    cells: dict[str, str]
    folder: Path
    rois: tuple[AcceptedRoi, ...] = ()

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
        found: list[Path] = []
        for column in _READ_COLUMNS:
            for path in self.paths(column):
                found += [path] if path.is_file() else sorted(entry for entry in path.rglob("*") if entry.is_file())
        return tuple(found)

    @property
    def digest(self) -> str:
        """Changes with this patient's rows in the two tables, and with nothing else."""
        content = [self.cells, [[roi.number, roi.name, roi.structure] for roi in self.rois]]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def read_patients(
    path: str | Path, *, structures: str | Path | None = None, only: Collection[str] | None = None
) -> list[PatientRow]:
    """Read which files belong to which patient, and which ROIs were accepted as which structure.

    Parameters
    ----------
    path : str or Path
        patients.csv.
    structures : str or Path, optional
        structures.csv; rows without ``accepted_by`` or without ``structure`` do not count.
    only : collection of str, optional
        Study IDs to give; by default all. The tables are checked whole.

    Returns
    -------
    list of PatientRow
        In the order of patients.csv.

    Raises
    ------
    InputError
        All faults of both tables at once: missing or unknown columns, study IDs that are empty, repeated or not usable
        as a file name, patients without dose, ROI rows of unknown patients, unknown structures, one structure
        accepted twice.
    """
    rows, faults = scan_patients(path, structures=structures)
    if faults:
        raise InputError(faults)
    if only is None:
        return rows
    missing = sorted(set(only) - {row.patient for row in rows})
    if missing:
        found = f"none for {', '.join(missing)}"
        raise InputError(Fault("patients.csv", "a row for each patient", found, "Add it.", "patient"))
    return [row for row in rows if row.patient in only]


def scan_patients(path: str | Path, *, structures: str | Path | None = None) -> tuple[list[PatientRow], list[Fault]]:
    """Read the two tables as far as they can be used: rows as :func:`read_patients` gives them, and all faults.

    A row with a fault is left out, apart from one whose files are wrongly given.
    """
    faults: list[Fault] = []
    rows: list[PatientRow] = []
    rois: dict[str, list[AcceptedRoi]] = {}
    try:
        rows, faults = _patient_rows(Path(path))
    except InputError as error:
        faults += error.faults
    if structures is not None:
        try:
            known = {row.patient for row in rows} if rows else None
            exports = {row.patient for row in rows if row.export is not None}
            rois, more = _accepted_rois(Path(structures), known=known, exports=exports)
            faults += more
        except InputError as error:
            faults += error.faults
    return [PatientRow(row.patient, row.cells, row.folder, tuple(rois.get(row.patient, ()))) for row in rows], faults


def _read_rows(
    path: Path, *, columns: Collection[str], required: Callable[[Collection[str]], Sequence[str]]
) -> tuple[list[tuple[int, dict[str, str]]], list[Fault]]:
    """Read a table as (line number, non-empty cells), with the faults of its header."""
    if not path.is_file():
        raise InputError(Fault(path.name, "a table", "no such file", "Check the path in the config.", "file-missing"))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(
            Fault(path.name, "UTF-8 text", "another encoding", "Save the table as UTF-8 CSV.", "encoding")
        ) from None
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="")
    header = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = header
    _refuse_no_header(path.name, header, columns)
    faults = [
        Fault(path.name, f"a column {name}", f"columns {', '.join(header)}", "Add it.", "missing-column")
        for name in required(header)
        if name not in header
    ]
    for name in header:
        if name not in columns:
            near = difflib.get_close_matches(name, list(columns), n=1, cutoff=0.0)[0]
            action = f"Did you mean {near!r}? Known columns: {', '.join(columns)}."
            faults.append(Fault(path.name, "known columns", f"a column {name!r}", action, "unknown-column"))
    if len(set(header)) < len(header):
        faults.append(Fault(path.name, "each column once", "one twice", "Remove one.", "repeated-column"))
    rows = []
    for cells in reader:
        if "" in cells:
            who = f"{path.name} line {reader.line_num}"
            faults.append(Fault(who, f"{len(header)} cells", "more", "Check the commas.", "table-row"))
            continue
        filled = {name: value.strip() for name, value in cells.items() if (value or "").strip()}
        if filled:  # spreadsheets leave lines of nothing but commas
            rows.append((reader.line_num, filled))
    return rows, faults


def _refuse_no_header(table: str, header: Sequence[str], columns: Collection[str]) -> None:
    """Refuse a first line that is no header. It is not quoted: it may hold paths."""
    if set(header) & set(columns):
        return
    found, action = "none of its column names", f"The first line names the columns: {', '.join(columns)}."
    if len(header) == 1 and any(sign in header[0] for sign in ";\t"):
        found, action = "columns separated by something else than commas", "Save the table as CSV with commas."
    raise InputError(Fault(f"{table} line 1", "the names of the columns", found, action, "missing-column"))


def _required_patient_columns(header: Collection[str]) -> tuple[str, ...]:
    return ("patient",) if "dvh" in header else ("patient", "structures", "dose")


def _patient_rows(path: Path) -> tuple[list[PatientRow], list[Fault]]:
    table, faults = _read_rows(path, columns=PATIENT_COLUMNS, required=_required_patient_columns)
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
        if ";" in cells.get(name, "") and name not in ("dose", "plan"):
            yield Fault(patient, f"one file in the column {name}", "several", "Only dose takes several.", "source")
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
        yield Fault(patient, "one plan, or as many as doses", f"{plans} plans, {doses} doses", action, "source")


def _accepted_rois(
    path: Path, *, known: Collection[str] | None, exports: Collection[str]
) -> tuple[dict[str, list[AcceptedRoi]], list[Fault]]:
    required = ("patient", "roi_number", "roi_name", "structure", "accepted_by")
    table, faults = _read_rows(path, columns=STRUCTURE_COLUMNS, required=lambda _: required)
    if faults:
        return {}, faults
    rois: dict[str, list[AcceptedRoi]] = {}
    strangers: dict[str, list[int]] = {}
    for line, cells in table:
        if not {"accepted_by", "structure"} <= cells.keys():
            continue
        patient, structure = cells.get("patient", ""), cells["structure"]
        # DVHs cannot be composed, so a structure of an export may be accepted as an analysed one of the config.
        fault = _roi_fault(cells, f"{path.name} line {line}", any_structure=patient in exports)
        if known is not None and patient not in known:
            strangers.setdefault(patient if is_study_id(patient) else "", []).append(line)
        elif fault is not None:
            faults.append(fault)
        elif any(roi.structure == structure for roi in rois.get(patient, ())):
            found, action = f"{structure} twice", f"Accept one ROI as {structure}."
            faults.append(Fault(patient, f"each structure once in {path.name}", found, action, "structure-twice"))
        else:
            roi = AcceptedRoi(int(cells["roi_number"]), cells.get("roi_name", ""), structure)
            rois.setdefault(patient, []).append(roi)
    faults += [_stranger(patient, path.name, lines) for patient, lines in strangers.items()]
    return rois, faults


def _stranger(patient: str, table: str, lines: Sequence[int]) -> Fault:
    """Name a patient who has ROIs and no row in patients.csv: once, not once for each ROI."""
    place = f"{table} line {lines[0]}" if len(lines) == 1 else f"{table}, {len(lines)} lines from line {lines[0]}"
    who = f"{patient} ({place})" if patient else f"{place}, without a study ID"
    action = "Add the patient's files to patients.csv, or remove the lines."
    return Fault(who, "a row in patients.csv", "none", action, "patient-not-listed")


def _roi_fault(cells: dict[str, str], who: str, *, any_structure: bool) -> Fault | None:
    if cells["structure"] not in CANONICAL_STRUCTURES and not any_structure:
        near = difflib.get_close_matches(cells["structure"], CANONICAL_STRUCTURES, n=1, cutoff=0.0)[0]
        expected = f"one of {', '.join(CANONICAL_STRUCTURES)} in the column structure"
        return Fault(who, expected, repr(cells["structure"]), f"Did you mean {near!r}?", "structure-name")
    if not cells.get("roi_number", "").isdecimal():
        found = repr(cells.get("roi_number", ""))
        return Fault(who, "a whole number in the column roi_number", found, "Copy it from the structure set.", "number")
    return None
