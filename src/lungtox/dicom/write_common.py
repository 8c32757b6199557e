"""What every written DICOM file shares: whose it is, identifiers that depend on a seed only, and the file's frame."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

_DATE = "20140815"
_TIME = "120000"


@dataclass(frozen=True)
class Subject:
    """An invented patient of invented files.

    Attributes
    ----------
    patient_name, patient_id : str
        Invented too; real names have no place in written files.
    seed : str
        Root of all identifiers: the same seed gives the same UIDs.
    """

    patient_name: str
    patient_id: str
    seed: str

    def uid(self, *role: str | int) -> UID:
        """Give the UID of one thing of this patient, such as ``uid("ct", 12)``: 2.25 with 128 bits of a hash."""
        text = "/".join([self.seed, self.patient_id, *map(str, role)])
        return UID(f"2.25.{int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], 'big')}")

    def frame(self, name: str = "") -> UID:
        """Give the UID of a frame of reference: that of the plan, or another one by its name, such as ``"spect"``."""
        return self.uid("frame of reference", *([name] if name else []))


def new_dataset(subject: Subject, *, sop_class: UID, modality: str, instance: tuple[str | int, ...]) -> Dataset:
    """Start a dataset with the patient, study, series, equipment and frame-of-reference modules.

    Parameters
    ----------
    subject : Subject
    sop_class : UID
    modality : str
    instance : tuple of str or int
        Role of this file, from which its UID is made; files of one ``instance[0]`` share a series.
    """
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = sop_class
    dataset.file_meta.MediaStorageSOPInstanceUID = subject.uid(*instance)
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.ImplementationClassUID = Subject("", "", "lungtox").uid("implementation")
    dataset.file_meta.ImplementationVersionName = "LUNGTOX"
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = subject.uid(*instance)
    dataset.InstanceCreationDate, dataset.InstanceCreationTime = _DATE, _TIME
    dataset.StudyDate, dataset.StudyTime, dataset.AccessionNumber = _DATE, _TIME, ""
    dataset.SeriesDate, dataset.SeriesTime = _DATE, _TIME
    dataset.Modality = modality
    dataset.Manufacturer, dataset.ManufacturerModelName = "lungtox", "synthetic phantom"
    dataset.SoftwareVersions = "1"
    dataset.ReferringPhysicianName = ""
    dataset.PatientName, dataset.PatientID = subject.patient_name, subject.patient_id
    dataset.PatientBirthDate, dataset.PatientSex = "", ""
    dataset.StudyInstanceUID, dataset.StudyID = subject.uid("study"), "1"
    dataset.SeriesInstanceUID = subject.uid(instance[0], "series")
    dataset.SeriesNumber = "1"
    if modality in ("CT", "NM", "REG"):
        dataset.BodyPartExamined = "CHEST"
    dataset.OperatorsName = ""
    dataset.FrameOfReferenceUID = subject.frame()
    dataset.PositionReferenceIndicator = ""
    return dataset


def add_pixels(dataset: Dataset, stored: np.ndarray[tuple[int, ...], np.dtype[np.integer]]) -> None:
    """Add 16-bit grey-scale pixels, shape (rows, columns) or (frames, rows, columns); signed where the array is."""
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = stored.shape[-2:]
    if stored.ndim == 3:
        dataset.NumberOfFrames = str(stored.shape[0])
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    signed = np.issubdtype(stored.dtype, np.signedinteger)
    dataset.PixelRepresentation = 1 if signed else 0
    dataset.PixelData = stored.astype("<i2" if signed else "<u2").tobytes()


def decimal_string(values: ArrayLike, *, decimals: int = 2) -> str:
    r"""Write numbers as one DICOM decimal string, ``1.50\-2.25``."""
    numbers = np.asarray(values, dtype=np.float64).ravel()
    # Adding zero turns -0.0 into 0.0.
    rounded = (np.round(numbers, decimals) + 0.0).tolist()
    return "\\".join([f"%.{decimals}f"] * len(rounded)) % tuple(rounded)


def item(**attributes: object) -> Dataset:
    """Make a sequence item of keyword and value."""
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """Make a code sequence item."""
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def save(dataset: Dataset, path: str | Path) -> None:
    """Write the file with its preamble and meta header; parent folders are made."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    dcmwrite(target, dataset, enforce_file_format=True)
