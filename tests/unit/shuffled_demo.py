"""The demo cohort as a hospital would export it: one flat folder, file names that say nothing."""

from __future__ import annotations

import csv
import json
import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataset import Dataset

from lungtox.intake import IndexResult, index_folder


@dataclass
class Export:
    """A flat folder; ``place`` tells where each file of the demo went."""

    demo: Path
    folder: Path
    place: dict[str, Path]

    def file(self, patient: str, name: str) -> Path:
        """Where a file of a demo patient went."""
        return self.place[f"inputs/{patient}/{name}"]

    def change(self, patient: str, name: str, change: Callable[[Dataset], Any]) -> Path:
        """Rewrite a file of a demo patient."""
        path = self.file(patient, name)
        dataset = pydicom.dcmread(path)
        change(dataset)
        path.unlink()  # it may be a hard link to the demo
        dataset.save_as(path, enforce_file_format=True)
        return path

    def add(self, patient: str, name: str, new: str, change: Callable[[Dataset], Any]) -> Path:
        """Add a changed copy of a file under a SOP instance of its own."""
        dataset = pydicom.dcmread(self.file(patient, name))
        dataset.SOPInstanceUID = f"{dataset.SOPInstanceUID}.1"
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        change(dataset)
        dataset.save_as(self.folder / new, enforce_file_format=True)
        return self.folder / new


def shuffle(demo: Path, folder: Path, *, patients: int | None = None) -> Export:
    """Link the DICOM files of the first patients of a demo cohort into one folder, in random order."""
    names = sorted(path.name for path in (demo / "inputs").iterdir())[:patients]
    files = sorted(str(p.relative_to(demo)) for name in names for p in (demo / "inputs" / name).rglob("*.dcm"))
    random.Random(20261121).shuffle(files)
    folder.mkdir()
    folder = folder.resolve()  # as the key file has it
    place = {}
    for number, file in enumerate(files):
        place[file] = folder / f"IM{number:06d}"
        os.link(demo / file, place[file])
    return Export(demo, folder, place)


class Indexed:
    """What `lungtox index` wrote, looked at with the key file."""

    def __init__(self, export: Export, out: Path, **options: Any) -> None:
        self.out, self.export = out, export
        self.result: IndexResult = index_folder(export.folder, out, **options)
        self.key = json.loads(out.with_name(f"{out.name}.key.json").read_text())
        self.study = {one["patient_id"]: study for study, one in self.key["patients"].items()}

    def rows(self, name: str) -> list[dict[str, str]]:
        """Rows of a table."""
        with (self.out / name).open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    def of(self, demo_patient: str) -> str:
        """Study ID of a demo patient (LT001 has Patient ID DEMO-00001)."""
        return self.study[f"DEMO-{int(demo_patient[2:]):05d}"]

    def row(self, demo_patient: str) -> dict[str, str] | None:
        """Row of patients.csv; None for a patient who is left out."""
        study = self.of(demo_patient)
        return next((row for row in self.rows("patients.csv") if row["patient"] == study), None)

    def faults(self, demo_patient: str) -> set[str]:
        """Codes of the reasons why a patient is left out."""
        return {fault.code for fault in self.result.faults if fault.who == self.of(demo_patient)}

    def notes(self, demo_patient: str) -> set[str]:
        """Codes of what else is said of a patient."""
        return {fault.code for fault in self.result.notes if fault.who == self.of(demo_patient)}

    def apart(self, path: Path) -> str:
        """Code with which a file was set apart; empty where it was not."""
        number = next((number for number, source in self.key["files"].items() if source == str(path)), "")
        return next((row["code"] for row in self.rows("unusable.csv") if row["file"] == number), "")

    def choice(self, demo_patient: str, item: str) -> dict[str, str]:
        """Row of choices.csv, with the chosen files by their paths."""
        study = self.of(demo_patient)
        row = next(r for r in self.rows("choices.csv") if (r["patient"], r["item"]) == (study, item))
        return row | {"files": [self.key["files"].get(number, "") for number in row["chosen"].split(";")]}
