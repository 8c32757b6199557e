"""Adding the patients of a folder who have no row yet."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lungtox.errors import Fault, InputError, count_of
from lungtox.intake.dvh_texts import DvhText
from lungtox.intake.growth import growth_notes, known_instances
from lungtox.intake.keybook import KeyBook, PatientKey
from lungtox.intake.ledger import Row
from lungtox.intake.narrowing import Choice, listed
from lungtox.intake.place import neutral_names, place_files
from lungtox.intake.proposals import proposal_rows, propose_structures
from lungtox.intake.scan import FoundFile, SetApart
from lungtox.intake.select import Selection, select_files


@dataclass
class Batch:
    """What a run adds to the tables."""

    rows: list[Row] = field(default_factory=list)
    rois: list[Row] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)
    apart: list[SetApart] = field(default_factory=list)


@dataclass
class Adding:
    """Chooses the files of each new patient and gives them neutral names.

    Attributes
    ----------
    batch : Batch
        Filled.
    book : KeyBook
    out : Path
    old : frozenset of str
        Study IDs that have a row.
    answers : mapping
        Study ID -> item -> what a person wrote.
    copy : bool
    """

    batch: Batch
    book: KeyBook
    out: Path
    old: frozenset[str]
    answers: Mapping[str, Mapping[str, list[str]]]
    copy: bool

    def add_patients(
        self, patients: Mapping[str, Sequence[FoundFile]], exports: Mapping[str, Sequence[DvhText]]
    ) -> None:
        """Add those who have DICOM; one with a DVH export and images only is left to :meth:`add_exports`.

        Parameters
        ----------
        patients : mapping of str to sequence of FoundFile
            By study ID.
        exports : mapping of str to sequence of DvhText
            By study ID.
        """
        owners = {
            file.header.uid: file.header.shared.patient_id
            for files in patients.values()
            for file in [*listed(files, "RTPLAN"), *listed(files, "RTSTRUCT")]
        }
        for patient in sorted(self.old & self.book.patients.keys()):
            self.batch.notes += growth_notes(patient, patients.get(patient, ()), self.book.patients[patient])
        for patient, files in sorted(patients.items()):
            if patient in self.old:
                continue
            if patient not in exports or has_treatment(files):
                self._add(patient, files, owners)

    def add_exports(
        self, exports: Mapping[str, Sequence[DvhText]], patients: Mapping[str, Sequence[FoundFile]]
    ) -> None:
        """Add those who have a DVH export in place of dose and structures.

        Parameters
        ----------
        exports : mapping of str to sequence of DvhText
            By study ID.
        patients : mapping of str to sequence of FoundFile
            By study ID; dose and structures go before an export.
        """
        for patient, texts in sorted(exports.items()):
            if has_treatment(patients.get(patient, ())):
                found = f"{len(texts)} beside dose and structures, which were taken"
                self._note(patient, "one source of dose", found, "Nothing to do.", "dvh-beside-dicom")
            elif patient not in self.old:
                self._add_export(patient, texts)

    def _add(self, patient: str, files: Sequence[FoundFile], owners: Mapping[str, str]) -> None:
        selection = select_files(
            patient,
            files,
            number=lambda file: self.book.number(file.path),
            answers=self.answers.get(patient, {}),
            owners=owners,
        )
        rois, faults = self._propose(patient, selection)
        self.batch.choices += selection.choices
        self.batch.apart += selection.apart
        self.batch.notes += selection.notes
        self.batch.faults += faults
        if not faults:
            cells, links = neutral_names(patient, selection.files)
            self._write(cells, links, known_instances(files))
            self.batch.rois += rois

    def _propose(self, patient: str, selection: Selection) -> tuple[list[Row], list[Fault]]:
        """Read the ROI names of the chosen structure set; give its rows, and all faults of the patient."""
        rois: list[Row] = []
        faults = list(selection.faults)
        for file in selection.files.get("structures", ()):
            try:
                rois, notes = propose_structures(patient, file)
                self.batch.notes += notes
            except InputError as error:
                faults += error.faults
        return rois, faults

    def _add_export(self, patient: str, texts: Sequence[DvhText]) -> None:
        numbers = {self.book.number(text.path): text for text in texts}
        answer = self.answers.get(patient, {}).get("dvh", [])
        chosen = [numbers[name] for name in answer if name in numbers] if len(texts) > 1 else list(texts)
        if len(texts) > 1:
            candidates = tuple(
                f"{number}: {count_of(len(text.names), 'structure')}" for number, text in numbers.items()
            )
            how = "person" if len(chosen) == 1 else "open"
            self.batch.choices.append(Choice(patient, "dvh", tuple(answer if chosen else ()), how, "", candidates))
        if len(chosen) != 1:
            action = (
                "Write the number of one into the column chosen of this patient's row dvh in choices.csv and run"
                " lungtox index again. The key file says which is which."
            )
            found = f"{len(texts)}: {', '.join(numbers)}"
            self.batch.faults.append(Fault(patient, "one DVH export", found, action, "choose-dvh"))
            return
        name = f"inputs/{patient}/dvh.txt"
        self._write({"patient": patient, "dvh": name}, {name: os.path.realpath(chosen[0].path)}, {})
        self.batch.rois += proposal_rows(patient, chosen[0].names)

    def _write(self, cells: Row, links: dict[str, str], known: dict[str, list[str]]) -> None:
        patient = cells["patient"]
        self.book.patients[patient] = PatientKey(self.book.patients[patient].patient_id, links, known)
        self.batch.rows.append(cells)
        if place_files(self.out, patient, links, copy=self.copy) and not self.copy:
            self.copy = True  # the next ones too, without trying again and saying so again
            found = "a file system without links: the files were copied"
            self._note("inputs", "links to the files", found, "Nothing to do, if there is room.", "copied")

    def _note(self, who: str, expected: str, found: str, action: str, code: str) -> None:
        self.batch.notes.append(Fault(who, expected, found, action, code))


def has_treatment(files: Sequence[FoundFile]) -> bool:
    """Say whether a patient has a dose or a structure set."""
    return bool(listed(files, "RTDOSE") or listed(files, "RTSTRUCT"))
