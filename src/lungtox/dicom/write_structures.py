"""Writing RTSTRUCT."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import UID, CTImageStorage, RTStructureSetStorage

from lungtox.dicom.write_common import Subject, decimal_string, item, new_dataset, save
from lungtox.geometry import Structure

# PS3.3 C.8.8.8: interpreted type and colour by ROI name; anything else is an organ.
_TYPES = {"GTV": "GTV", "PTV": "PTV", "CTV": "CTV", "BODY": "EXTERNAL"}
_COLOURS = {
    "GTV": (255, 0, 0),
    "PTV": (255, 0, 255),
    "Heart": (255, 128, 0),
    "Esophagus": (0, 128, 0),
    "SpinalCord": (0, 0, 255),
    "BODY": (128, 128, 128),
}
_CONTOUR_DATA = Tag(0x3006, 0x0050)


def write_structures(
    structures: Iterable[Structure], path: str | Path, *, subject: Subject, ct_planes: Sequence[float] = ()
) -> None:
    """Write a structure set.

    Parameters
    ----------
    structures : iterable of Structure
        Name, number and rings of each ROI; one without planes is written without contours.
    path : str or Path
    subject : Subject
    ct_planes : sequence of float
        z in mm of the planning CT's slices, which the structure set refers to in this order.
    """
    rois = list(structures)
    dataset = new_dataset(subject, sop_class=RTStructureSetStorage, modality="RTSTRUCT", instance=("structures",))
    dataset.StructureSetLabel = "DEMO"
    dataset.StructureSetDate, dataset.StructureSetTime = dataset.StudyDate, dataset.StudyTime
    dataset.SeriesDescription = "synthetic structures"
    frame = dataset.FrameOfReferenceUID
    images = {round(z, 3): subject.uid("ct", number) for number, z in enumerate(ct_planes, start=1)}
    dataset.ReferencedFrameOfReferenceSequence = [_frame_of_reference(subject, frame, list(images.values()))]
    dataset.StructureSetROISequence = [
        item(
            ROINumber=str(roi.number),
            ReferencedFrameOfReferenceUID=frame,
            ROIName=roi.name,
            ROIGenerationAlgorithm="AUTOMATIC",
        )
        for roi in rois
    ]
    dataset.ROIContourSequence = [_contours(roi, images) for roi in rois]
    dataset.RTROIObservationsSequence = [
        item(
            ObservationNumber=str(number),
            ReferencedROINumber=str(roi.number),
            RTROIInterpretedType=_TYPES.get(roi.name, "ORGAN"),
            ROIInterpreter="",
        )
        for number, roi in enumerate(rois, start=1)
    ]
    save(dataset, path)


def _frame_of_reference(subject: Subject, frame: UID, images: Sequence[UID]) -> Dataset:
    reference = item(FrameOfReferenceUID=frame)
    if images:
        series = item(
            SeriesInstanceUID=subject.uid("ct", "series"),
            ContourImageSequence=[
                item(ReferencedSOPClassUID=CTImageStorage, ReferencedSOPInstanceUID=uid) for uid in images
            ],
        )
        reference.RTReferencedStudySequence = [
            item(
                ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1",
                ReferencedSOPInstanceUID=subject.uid("study"),
                RTReferencedSeriesSequence=[series],
            )
        ]
    return reference


def _contours(roi: Structure, images: Mapping[float, UID]) -> Dataset:
    contour = item(
        ROIDisplayColor=[str(value) for value in _COLOURS.get(roi.name, (0, 191, 255))],
        ReferencedROINumber=str(roi.number),
    )
    if roi.planes:
        contour.ContourSequence = [
            _contour(ring.tolist(), plane.z_mm, images.get(round(plane.z_mm, 3)))
            for plane in roi.planes
            for ring in plane.rings
        ]
    return contour


def _contour(ring: list[list[float]], z_mm: float, image: UID | None) -> Dataset:
    contour = item(ContourGeometricType="CLOSED_PLANAR", NumberOfContourPoints=str(len(ring)))
    if image is not None:
        contour.ContourImageSequence = [item(ReferencedSOPClassUID=CTImageStorage, ReferencedSOPInstanceUID=image)]
    text = decimal_string([(x, y, z_mm) for x, y in ring]).encode("ascii")
    padded = text + b" " * (len(text) % 2)
    # Raw bytes: pydicom would check every single number, which takes most of a second per patient.
    contour[_CONTOUR_DATA] = RawDataElement(_CONTOUR_DATA, "DS", len(padded), padded, 0, False, True)
    return contour
