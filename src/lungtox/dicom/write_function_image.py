"""Writing a reconstructed perfusion SPECT (NM multi-frame)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import NuclearMedicineImageStorage

from lungtox.dicom.write_common import Subject, add_pixels, code, decimal_string, item, new_dataset, save
from lungtox.errors import ParameterError
from lungtox.geometry import Image

_PROJECTIONS = 120


def write_function_image(counts: Image, path: str | Path, *, subject: Subject, frame: str = "") -> None:
    """Write counts as RECON TOMO with 16 bits, slices from the feet upwards.

    Parameters
    ----------
    counts : Image
        Whole numbers from 0 to 65535 on an evenly spaced grid.
    path : str or Path
    subject : Subject
    frame : str
        Name of its own frame of reference; empty for that of the plan.
    """
    if counts.values.min() < 0 or counts.values.max() > 65535:
        raise ParameterError("counts must lie between 0 and 65535")
    grid = counts.grid
    frames = grid.z_mm.size
    spacing = float(grid.z_mm[1] - grid.z_mm[0])
    dataset = new_dataset(subject, sop_class=NuclearMedicineImageStorage, modality="NM", instance=("spect",))
    dataset.FrameOfReferenceUID = subject.frame(frame)
    dataset.SeriesDescription = "synthetic lung perfusion"
    dataset.AcquisitionDate, dataset.AcquisitionTime = dataset.StudyDate, dataset.StudyTime
    dataset.ContentDate, dataset.ContentTime = dataset.StudyDate, dataset.StudyTime
    dataset.InstanceNumber, dataset.PatientOrientation = "1", ""
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"]
    dataset.CorrectedImage = ["ATTN", "SCAT", "UNIF"]
    dataset.CountsAccumulated = str(int(counts.values.sum()))
    add_pixels(dataset, np.rint(counts.values).astype(np.uint16))
    dataset.PixelSpacing = decimal_string([grid.y_mm[1] - grid.y_mm[0], grid.x_mm[1] - grid.x_mm[0]], decimals=4).split(
        "\\"
    )
    dataset.SpacingBetweenSlices = dataset.SliceThickness = decimal_string([spacing], decimals=4)
    dataset.FrameIncrementPointer = 0x00540080
    dataset.NumberOfSlices = frames
    dataset.SliceVector = list(range(1, frames + 1))
    dataset.NumberOfEnergyWindows = dataset.NumberOfDetectors = 1
    dataset.EnergyWindowInformationSequence = [
        item(
            EnergyWindowName="Tc-99m",
            EnergyWindowRangeSequence=[item(EnergyWindowLowerLimit="126", EnergyWindowUpperLimit="154")],
        )
    ]
    dataset.RadiopharmaceuticalInformationSequence = [_radiopharmaceutical()]
    dataset.DetectorInformationSequence = [
        item(
            CollimatorType="PARA",
            FocalDistance="0",
            ImagePositionPatient=decimal_string([grid.x_mm[0], grid.y_mm[0], grid.z_mm[0]], decimals=3).split("\\"),
            ImageOrientationPatient=["1", "0", "0", "0", "1", "0"],
        )
    ]
    dataset.RotationInformationSequence = [
        item(
            StartAngle="0",
            AngularStep="3",
            RotationDirection="CW",
            ScanArc="360",
            ActualFrameDuration="10000",
            RadialPosition=["250"] * _PROJECTIONS,
            NumberOfFramesInRotation=_PROJECTIONS,
        )
    ]
    dataset.NumberOfRotations = 1
    dataset.PatientOrientationCodeSequence = [_lying()]
    dataset.PatientGantryRelationshipCodeSequence = [code("102540002", "SCT", "headfirst")]
    save(dataset, path)


def _radiopharmaceutical() -> Dataset:
    return item(
        RadionuclideCodeSequence=[code("72454003", "SCT", "^99m^Technetium")],
        Radiopharmaceutical="Tc-99m macroaggregated albumin",
        RadiopharmaceuticalRoute="INTRAVENOUS",
        RadiopharmaceuticalVolume="",
        RadiopharmaceuticalStartTime="",
        RadionuclideTotalDose="150",
    )


def _lying() -> Dataset:
    return item(
        CodeValue="102538003",
        CodingSchemeDesignator="SCT",
        CodeMeaning="recumbent",
        PatientOrientationModifierCodeSequence=[code("40199007", "SCT", "supine")],
    )
