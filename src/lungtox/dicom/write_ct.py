"""Writing a CT, one file per slice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.uid import CTImageStorage

from lungtox.dicom.write_common import Subject, add_pixels, decimal_string, new_dataset, save
from lungtox.geometry import Image


def write_ct(hounsfield: Image, folder: str | Path, *, subject: Subject, frame: str = "") -> None:
    """Write transversal slices ``0001.dcm`` and on, from the feet upwards.

    Parameters
    ----------
    hounsfield : Image
        In HU, kept between -1024 and 3071.
    folder : str or Path
    subject : Subject
        The slices are those that `write_structures` refers to when given the same heights.
    frame : str
        Name of its own frame of reference, for the CT of a SPECT/CT; empty for the planning CT.
    """
    role = f"{frame} ct".strip()
    grid = hounsfield.grid
    stored = np.rint(np.clip(hounsfield.values, -1024.0, 3071.0)).astype(np.int16)
    spacing = decimal_string([grid.y_mm[1] - grid.y_mm[0], grid.x_mm[1] - grid.x_mm[0]], decimals=4).split("\\")
    thickness = decimal_string([grid.z_mm[1] - grid.z_mm[0]], decimals=3)
    for number, (z, pixels) in enumerate(zip(grid.z_mm, stored, strict=True), start=1):
        dataset = new_dataset(subject, sop_class=CTImageStorage, modality="CT", instance=(role, number))
        dataset.FrameOfReferenceUID = subject.frame(frame)
        dataset.SeriesDescription = f"synthetic {frame.upper() or 'planning'} CT"
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        dataset.AcquisitionDate, dataset.AcquisitionTime = dataset.StudyDate, dataset.StudyTime
        dataset.ContentDate, dataset.ContentTime = dataset.StudyDate, dataset.StudyTime
        dataset.AcquisitionNumber, dataset.InstanceNumber = "1", str(number)
        dataset.PatientPosition = "HFS"
        dataset.KVP = "120"
        dataset.PixelSpacing, dataset.SliceThickness = spacing, thickness
        dataset.ImagePositionPatient = decimal_string([grid.x_mm[0], grid.y_mm[0], z], decimals=3).split("\\")
        dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
        dataset.SliceLocation = decimal_string([z], decimals=3)
        add_pixels(dataset, pixels)
        dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "0", "1", "HU"
        dataset.WindowCenter, dataset.WindowWidth = "40", "400"
        save(dataset, Path(folder) / f"{number:04d}.dcm")
