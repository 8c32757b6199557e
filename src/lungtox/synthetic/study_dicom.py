"""Patients of a published dose study: plan, structures and dose as DICOM, made from simulation.yaml; no outcome."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from lungtox.settings import Settings
from lungtox.synthetic.factors import sample_traits
from lungtox.synthetic.patient_files import write_plan_files
from lungtox.synthetic.phantom import build_phantom
from lungtox.synthetic.study_file import load_simulation
from lungtox.synthetic.study_folder import study_folder, study_subject
from lungtox.synthetic.study_structures import STRUCTURE_COLUMNS, structure_row
from lungtox.tables import write_csv

PATIENT_COLUMNS = ("patient", "plan", "structures", "dose")


class DicomStudy(Settings):
    """Synthetic patients with DICOM files and no outcome."""

    kind: Literal["dicom"]
    """Tells this file from one that simulates tables."""
    seed: int = Field(ge=0)
    """Seed of anatomy and plan."""
    prefix: str = Field(pattern=r"^[A-Z]{1,4}$")
    """Start of the study IDs."""
    patients: int = Field(ge=1, le=200)
    """Number of patients."""
    technique: Literal["3D-CRT", "IMRT", "VMAT"] | None = None
    """Technique of all; left out: drawn for each."""
    fractions: int | None = Field(default=None, ge=1, le=100)
    """Fractions of all, with `prescription_gy`; left out: drawn for each."""
    prescription_gy: float | None = Field(default=None, gt=0, le=100)
    """Prescribed dose of all."""

    @model_validator(mode="after")
    def _schedule_is_whole(self) -> DicomStudy:
        if (self.fractions is None) != (self.prescription_gy is None):
            raise ValueError("fractions and prescription_gy together, or neither")
        return self


def write_dicom_study(simulation: str | Path, folder: str | Path) -> int:
    """Write the patients in place of older ones; nothing is left behind when it fails.

    Parameters
    ----------
    simulation : path
        A simulation.yaml with ``kind: dicom``; kept in the folder as a mark that it may be replaced.
    folder : path
        New, empty, or written by a simulation before.

    Returns
    -------
    int
        Number of patients.

    Raises
    ------
    InputError
        Keys that are wrong, a folder that holds something else.
    """
    import pandas as pd

    study = load_simulation(simulation, DicomStudy)
    with study_folder(simulation, folder) as draft:
        patients: list[dict[str, str]] = []
        rois: list[dict[str, Any]] = []
        for index in range(study.patients):
            cells, names = _write_patient(study, index, draft)
            patients.append(cells)
            rois += names
        write_csv(pd.DataFrame(patients, columns=list(PATIENT_COLUMNS)), draft / "patients.csv")
        write_csv(pd.DataFrame(rois, columns=list(STRUCTURE_COLUMNS)), draft / "structures.csv")
    return study.patients


def _write_patient(study: DicomStudy, index: int, folder: Path) -> tuple[dict[str, str], list[dict[str, Any]]]:
    rng = np.random.default_rng(study.seed)
    patient = f"{study.prefix}{index + 1:03d}"
    traits = sample_traits(rng, patient, index)
    if study.technique is not None:
        traits = replace(traits, technique=study.technique)
    if study.fractions is not None and study.prescription_gy is not None:
        traits = replace(traits, fractions=study.fractions, prescription_gy=study.prescription_gy)
    phantom = build_phantom(traits, rng)
    subject = study_subject(patient, prefix=study.prefix, seed=study.seed)
    cells = {"patient": patient, **write_plan_files(phantom, folder, subject=subject)}
    names = [
        structure_row(patient, roi.number, roi.name, accepted_by="simulation") for roi in phantom.structures.values()
    ]
    return cells, names
