"""Writing RTDOSE."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.uid import RTDoseStorage, RTPlanStorage

from lungtox.dicom.write_common import Subject, add_pixels, decimal_string, item, new_dataset, save
from lungtox.errors import ParameterError
from lungtox.geometry import Image

_LARGEST = 65535


def write_dose(dose: Image, path: str | Path, *, subject: Subject, role: str = "dose", frame: str = "") -> None:
    """Write the physical dose of a plan in Gy with 16 bits, in full steps of 1/65535 of its maximum.

    Parameters
    ----------
    dose : Image
        In Gy, transversal slices; its maximum must be above zero.
    path : str or Path
    subject : Subject
        The dose refers to the plan that `write_plan` writes for the same subject.
    role : str
        Which of several doses of the subject this is.
    frame : str
        Name of its frame of reference; by default that of the plan.
    """
    grid = dose.grid
    highest = float(dose.values.max())
    if not highest > 0.0 or float(dose.values.min()) < 0.0:
        raise ParameterError("a dose must be nowhere negative and somewhere above zero")
    # Rounded up to what a decimal string of 16 characters holds, so that the maximum still fits.
    scaling = float(f"{np.nextafter(highest / _LARGEST, np.inf) * (1 + 1e-9):.9e}")
    dataset = new_dataset(subject, sop_class=RTDoseStorage, modality="RTDOSE", instance=(role,))
    dataset.FrameOfReferenceUID = subject.frame(frame)
    dataset.SeriesDescription = "synthetic dose"
    dataset.InstanceNumber = "1"
    add_pixels(dataset, np.minimum(np.rint(dose.values / scaling), _LARGEST).astype(np.uint16))
    dataset.FrameIncrementPointer = 0x3004000C
    dataset.GridFrameOffsetVector = decimal_string(grid.z_mm - grid.z_mm[0], decimals=3).split("\\")
    dataset.ImagePositionPatient = decimal_string([grid.x_mm[0], grid.y_mm[0], grid.z_mm[0]], decimals=3).split("\\")
    dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    dataset.PixelSpacing = decimal_string([grid.y_mm[1] - grid.y_mm[0], grid.x_mm[1] - grid.x_mm[0]], decimals=4).split(
        "\\"
    )
    dataset.SliceThickness = decimal_string([grid.z_mm[1] - grid.z_mm[0]], decimals=3)
    dataset.DoseUnits, dataset.DoseType, dataset.DoseSummationType = "GY", "PHYSICAL", "PLAN"
    dataset.DoseGridScaling = f"{scaling:.9e}"
    dataset.TissueHeterogeneityCorrection = "IMAGE"
    dataset.ReferencedRTPlanSequence = [
        item(ReferencedSOPClassUID=RTPlanStorage, ReferencedSOPInstanceUID=subject.uid("plan"))
    ]
    save(dataset, path)
