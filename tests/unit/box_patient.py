"""A patient of boxes as DICOM files, whose DVH figures can be worked out by hand.

Dose 20 + 0.2 x Gy (x in mm) in 30 fractions. Slabs of 3 mm, half-slice caps.
Lung_L: x 20..40, y -10..10, 39 mm high: 15.6 cc, mean 26 Gy.
Lung_R: its mirror image, 15.6 cc, mean 14 Gy, 12 to 16 Gy.
GTV: 10 x 10 x 15 mm inside Lung_L around x = 30: 1.5 cc, mean 26 Gy.
Lungs-GTV: 29.7 cc, mean (14.1 x 26 + 15.6 x 14) / 29.7 = 19.6970 Gy.
Function: 1 where x > 0, 3 where x < 0: weighted mean (14.1 x 26 + 3 x 15.6 x 14) / (14.1 + 46.8) = 16.7783 Gy.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from lungtox.dose.config import DoseSettings, FunctionSettings
from tests.unit import dicom_files as make

SETTINGS = DoseSettings.model_validate(
    {
        "structures": {
            "Lungs-GTV": {"union": ["Lung_L", "Lung_R"], "minus": ["GTV"]},
            "Heart": {"union": ["Heart"]},
        },
        "eqd2": {"Lungs-GTV": 3.0},
    }
)
FUNCTION = FunctionSettings(structure="Lungs-GTV", regions=["40%max"], metrics=["Mean[Gy]"])
ROIS = {1: ("Lung L", "Lung_L"), 2: ("Lung R", "Lung_R"), 3: ("gtv", "GTV"), 4: ("Heart", "Heart")}


def apart_from_size(warnings: Iterable[str]) -> tuple[str, ...]:
    """Give warnings without those that these organs are far too small for organs."""
    return tuple(text for text in warnings if "cc are usual" not in text)


def box(x_mm: float, half_mm: float, low_mm: int, high_mm: int) -> list[Dataset]:
    """Contours every 3 mm."""
    return [make.contour(make.square(z, half_mm, x_mm)) for z in range(low_mm, high_mm + 1, 3)]


def dose(**changes: Any) -> Dataset:
    """RTDOSE on x -60..60, y -40..40 (4 mm) and z 0..60 (3 mm)."""
    x = np.arange(-60, 61, 4)
    stored = np.broadcast_to(2000 + 20 * x, (21, 21, 31)).astype("<u2")
    dataset = make.dose(stored, DoseGridScaling=0.01, ImagePositionPatient=[-60, -40, 0], PixelSpacing=[4, 4])
    dataset.GridFrameOffsetVector = [3 * n for n in range(21)]
    return make.changed(dataset, **changes)


def structures(**contours: list[Dataset] | None) -> Dataset:
    """RTSTRUCT; give a structure other contours by its canonical name."""
    standard = {
        "Lung_L": box(30, 10, 12, 48),
        "Lung_R": box(-30, 10, 12, 48),
        "GTV": box(30, 5, 24, 36),
        "Heart": box(0, 8, 12, 24),
    }
    return make.structures({number: (name, {**standard, **contours}[key]) for number, (name, key) in ROIS.items()})


def spect(**changes: Any) -> Dataset:
    """Reconstructed SPECT on x -60..60 (6 mm), y -40..40 (4 mm), z 0..60 (5 mm)."""
    x = np.arange(-60, 61, 6)
    stored = np.broadcast_to(np.where(x > 0, 100, 300), (13, 21, 21)).astype("<u2")
    dataset = make.spect(stored)
    dataset.DetectorInformationSequence[0].ImagePositionPatient = [-60, -40, 0]
    return make.changed(dataset, **changes)


def write(folder: Path, patients: dict[str, dict[str, Dataset | None]]) -> tuple[Path, Path]:
    """Write the two tables and the files of each patient; changed datasets by column, None for no file."""
    rows = ["patient,plan,structures,dose,spect,planning_ct,spect_ct,registration,dvh"]
    names = ["patient,roi_number,roi_name,structure,match,score,accepted_by"]
    for position, (patient, changes) in enumerate(patients.items()):
        beams = [make.beam(1, leaves=40), make.beam(2, leaves=40), make.beam(3, delivery="SETUP")]
        standard = {
            "plan": make.plan(beams, metersets=[100, 90, None]),
            "structures": structures(),
            "dose": dose(SOPInstanceUID=f"1.2.3.10.{position}"),
            "spect": spect(),
        }
        (folder / patient).mkdir(parents=True)
        cells = []
        for column, dataset in {**standard, **changes}.items():
            cells.append("" if dataset is None else f"{patient}/{column}.dcm")
            if dataset is not None:
                make.save(dataset, folder / patient / f"{column}.dcm")
        rows.append(f"{patient},{','.join(cells)},,,,")
        names += [f"{patient},{number},{name},{key},exact,100,AB" for number, (name, key) in ROIS.items()]
    for name, lines in (("patients.csv", rows), ("structures.csv", names)):
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "patients.csv", folder / "structures.csv"
