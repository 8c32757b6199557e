"""Small DICOM files made with pydicom alone, so that the readers are not tested against our own writer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

FRAME = "1.2.3.4"
RT_DOSE, RT_STRUCT, RT_PLAN = (f"1.2.840.10008.5.1.4.1.1.481.{n}" for n in (2, 3, 5))
NM = "1.2.840.10008.5.1.4.1.1.20"


def save(dataset: Dataset, path: Path, *, meta: bool = True, implicit: bool = False) -> Path:
    """Write a dataset, with or without the file meta header."""
    syntax = ImplicitVRLittleEndian if implicit or not meta else ExplicitVRLittleEndian
    if meta:
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3.99"
        dataset.save_as(path, enforce_file_format=True)
    else:
        dataset.save_as(path, implicit_vr=True, little_endian=True, enforce_file_format=False)
    return path


def changed(dataset: Dataset, **changes: Any) -> Dataset:
    """Set attributes; None takes one away."""
    for name, value in changes.items():
        if value is None:
            delattr(dataset, name)
        else:
            setattr(dataset, name, value)
    return dataset


def dose(values: np.ndarray, **changes: Any) -> Dataset:
    """RTDOSE with stored integers (frames, rows, columns); 2 x 3 mm pixels, frames 4 mm apart, 0.5 Gy a step."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.Modality, dataset.FrameOfReferenceUID = RT_DOSE, "RTDOSE", FRAME
    dataset.SOPInstanceUID = "1.2.3.10"
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = values.shape
    dataset.ImagePositionPatient, dataset.ImageOrientationPatient = [10, 20, 30], [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing, dataset.GridFrameOffsetVector = [2, 3], [4 * n for n in range(values.shape[0])]
    dataset.BitsAllocated = dataset.BitsStored = values.dtype.itemsize * 8
    dataset.HighBit, dataset.PixelRepresentation, dataset.SamplesPerPixel = dataset.BitsStored - 1, 0, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.DoseUnits, dataset.DoseType, dataset.DoseSummationType = "GY", "PHYSICAL", "PLAN"
    dataset.DoseGridScaling = 0.5
    dataset.PixelData = values.tobytes()
    dataset["PixelData"].VR = "OW"
    return changed(dataset, **changes)


def stored_dvh(roi: int, widths: Sequence[float], volumes: Sequence[float], **changes: Any) -> Dataset:
    """One item of a DVHSequence."""
    item, reference = Dataset(), Dataset()
    reference.ReferencedROINumber, reference.DVHROIContributionType = roi, "INCLUDED"
    item.DVHReferencedROISequence = [reference]
    item.DVHType, item.DoseUnits, item.DoseType, item.DVHVolumeUnits = "CUMULATIVE", "GY", "PHYSICAL", "CM3"
    item.DVHDoseScaling, item.DVHNumberOfBins = 1, len(widths)
    item.DVHData = [f"{value:.10g}" for pair in zip(widths, volumes, strict=True) for value in pair]
    return changed(item, **changes)


def contour(points: Sequence[Sequence[float]], kind: str = "CLOSED_PLANAR") -> Dataset:
    """One contour."""
    item = Dataset()
    item.ContourGeometricType, item.NumberOfContourPoints = kind, len(points)
    item.ContourData = [f"{value:g}" for point in points for value in point]
    return item


def square(z_mm: float, half_mm: float = 10.0, x_mm: float = 0.0) -> list[tuple[float, float, float]]:
    """Corners of a square around (x, 0)."""
    h = half_mm
    return [(x_mm - h, -h, z_mm), (x_mm + h, -h, z_mm), (x_mm + h, h, z_mm), (x_mm - h, h, z_mm)]


def structures(rois: dict[int, tuple[str, list[Dataset] | None]], *, frames: Sequence[str] = (FRAME,)) -> Dataset:
    """RTSTRUCT from ROI number -> (name, contours); None leaves the ROI without a contour item."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.Modality, dataset.SOPInstanceUID = RT_STRUCT, "RTSTRUCT", "1.2.3.11"
    dataset.StructureSetROISequence, dataset.ROIContourSequence = [], []
    for position, (number, (name, contours)) in enumerate(rois.items()):
        roi = Dataset()
        roi.ROINumber, roi.ROIName = number, name
        roi.ReferencedFrameOfReferenceUID = frames[position % len(frames)]
        dataset.StructureSetROISequence.append(roi)
        if contours is not None:
            item = Dataset()
            item.ReferencedROINumber, item.ContourSequence = number, contours
            dataset.ROIContourSequence.append(item)
    return dataset


def beam(number: int, *, delivery: str = "TREATMENT", leaves: int = 1, rotation: str = "NONE") -> Dataset:
    """One photon beam; ``leaves`` is the number of different MLC shapes."""
    item = Dataset()
    item.BeamNumber, item.BeamType, item.TreatmentDeliveryType = number, "DYNAMIC", delivery
    item.ControlPointSequence = []
    for index in range(max(leaves, 2)):
        point, device = Dataset(), Dataset()
        point.ControlPointIndex, point.GantryAngle = index, 10.0 * index
        point.GantryRotationDirection = rotation
        device.RTBeamLimitingDeviceType = "MLCX"
        device.LeafJawPositions = [-10 - (index % leaves), 10]
        point.BeamLimitingDevicePositionSequence = [device]
        item.ControlPointSequence.append(point)
    return item


def plan(beams: Sequence[Dataset], *, metersets: Sequence[float | None] | None = None, fractions: int = 30) -> Dataset:
    """RTPLAN of photons with one fraction group."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.Modality, dataset.SOPInstanceUID = RT_PLAN, "RTPLAN", "1.2.3.12"
    group = Dataset()
    group.FractionGroupNumber, group.NumberOfFractionsPlanned, group.ReferencedBeamSequence = 1, fractions, []
    units = [100.0] * len(beams) if metersets is None else metersets
    for item, meterset in zip(beams, units, strict=True):
        reference = Dataset()
        reference.ReferencedBeamNumber = item.BeamNumber
        if meterset is not None:
            reference.BeamMeterset = meterset
        group.ReferencedBeamSequence.append(reference)
    dataset.FractionGroupSequence, dataset.BeamSequence = [group], list(beams)
    target, organ = Dataset(), Dataset()
    target.DoseReferenceType, target.TargetPrescriptionDose = "TARGET", 60
    organ.DoseReferenceType, organ.OrganAtRiskMaximumDose = "ORGAN_AT_RISK", 45
    dataset.DoseReferenceSequence = [organ, target]
    return dataset


def spect(values: np.ndarray, *, spacing_mm: float = 5.0, kind: str = "RECON TOMO", **changes: Any) -> Dataset:
    """Reconstructed NM multi-frame with 4 x 6 mm pixels."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.Modality, dataset.FrameOfReferenceUID = NM, "NM", FRAME
    dataset.SOPInstanceUID = "1.2.3.13"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", kind, "EMISSION"]
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = values.shape
    dataset.PixelSpacing, dataset.SpacingBetweenSlices = [4, 6], spacing_mm
    dataset.SliceVector = list(range(1, values.shape[0] + 1))
    detector = Dataset()
    detector.ImagePositionPatient, detector.ImageOrientationPatient = [-100, -50, 200], [1, 0, 0, 0, 1, 0]
    dataset.DetectorInformationSequence = [detector]
    dataset.BitsAllocated = dataset.BitsStored = values.dtype.itemsize * 8
    dataset.HighBit, dataset.SamplesPerPixel = dataset.BitsStored - 1, 1
    dataset.PixelRepresentation = 1 if values.dtype.kind == "i" else 0
    dataset.PhotometricInterpretation, dataset.CorrectedImage = "MONOCHROME2", ["ATTN", "SCAT"]
    dataset.PixelData = values.tobytes()
    dataset["PixelData"].VR = "OW"
    return changed(dataset, **changes)
