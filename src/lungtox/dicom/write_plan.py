"""Writing RTPLAN of photon beams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import RTPlanStorage, RTStructureSetStorage

from lungtox.dicom.write_common import Subject, decimal_string, item, new_dataset, save

FloatArray = NDArray[np.float64]

_LEAF_POSITIONS = Tag(0x300A, 0x011C)
_ENERGY_MV = "6"
_DOSE_RATE = "600"


@dataclass(frozen=True)
class BeamOutline:
    """One beam of a plan, as far as an RTPLAN has to tell it.

    Attributes
    ----------
    name : str
        At most 16 characters.
    purpose : {"TREATMENT", "SETUP"}
    gantry_deg : ndarray, shape (control points,)
        IEC gantry angle.
    rotation : {"NONE", "CW", "CC"}
        Gantry rotation between control points.
    leaves_mm : ndarray, shape (control points, 2 pairs)
        Left edge of all leaf pairs, then the right edge, in the isocentre plane (IEC); empty for a set-up field.
    weights : ndarray, shape (control points,)
        Cumulative share of the meterset, from 0 to 1.
    meterset_mu : float
        Monitor units per fraction; 0 for a set-up field.
    """

    name: str
    purpose: Literal["TREATMENT", "SETUP"]
    gantry_deg: FloatArray
    rotation: Literal["NONE", "CW", "CC"] = "NONE"
    leaves_mm: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))
    weights: FloatArray = field(default_factory=lambda: np.array([0.0, 1.0]))
    meterset_mu: float = 0.0


def write_plan(
    beams: Sequence[BeamOutline],
    path: str | Path,
    *,
    subject: Subject,
    isocentre_mm: Sequence[float],
    fractions: int,
    prescription_gy: float,
    leaf_boundaries_mm: FloatArray,
) -> None:
    """Write a plan with one fraction group and one target prescription.

    Parameters
    ----------
    beams : sequence of BeamOutline
        Numbered from 1 in this order.
    path : str or Path
    subject : Subject
        The plan refers to the structure set that `write_structures` writes for the same subject.
    isocentre_mm : sequence of float
        DICOM patient coordinates.
    fractions : int
    prescription_gy : float
        Total dose to the target.
    leaf_boundaries_mm : ndarray, shape (pairs + 1,)
    """
    dataset = new_dataset(subject, sop_class=RTPlanStorage, modality="RTPLAN", instance=("plan",))
    dataset.SeriesDescription = "synthetic plan"
    dataset.RTPlanLabel = "DEMO"
    dataset.RTPlanDate, dataset.RTPlanTime = dataset.StudyDate, dataset.StudyTime
    dataset.PlanIntent, dataset.RTPlanGeometry = "RESEARCH", "PATIENT"
    dataset.DoseReferenceSequence = [
        item(
            DoseReferenceNumber="1",
            DoseReferenceUID=subject.uid("dose reference"),
            DoseReferenceStructureType="SITE",
            DoseReferenceDescription="PTV",
            DoseReferenceType="TARGET",
            TargetPrescriptionDose=decimal_string([prescription_gy]),
        )
    ]
    dataset.FractionGroupSequence = [_fraction_group(beams, fractions)]
    isocentre = decimal_string(isocentre_mm).split("\\")
    dataset.BeamSequence = [
        _beam(beam, number, isocentre, leaf_boundaries_mm) for number, beam in enumerate(beams, start=1)
    ]
    dataset.PatientSetupSequence = [item(PatientSetupNumber="1", PatientPosition="HFS", SetupTechnique="ISOCENTRIC")]
    dataset.ReferencedStructureSetSequence = [
        item(ReferencedSOPClassUID=RTStructureSetStorage, ReferencedSOPInstanceUID=subject.uid("structures"))
    ]
    dataset.ApprovalStatus = "UNAPPROVED"
    save(dataset, path)


def _fraction_group(beams: Sequence[BeamOutline], fractions: int) -> Dataset:
    references = []
    for number, beam in enumerate(beams, start=1):
        reference = item(ReferencedBeamNumber=str(number))
        if beam.purpose == "TREATMENT":
            reference.BeamMeterset = decimal_string([beam.meterset_mu])
        references.append(reference)
    return item(
        FractionGroupNumber="1",
        NumberOfFractionsPlanned=str(fractions),
        NumberOfBeams=str(len(beams)),
        NumberOfBrachyApplicationSetups="0",
        ReferencedBeamSequence=references,
    )


def _beam(beam: BeamOutline, number: int, isocentre: list[str], boundaries: FloatArray) -> Dataset:
    shaped = beam.leaves_mm.size > 0
    moving = beam.rotation != "NONE" or len(beam.gantry_deg) > 2
    devices = [item(RTBeamLimitingDeviceType=kind, NumberOfLeafJawPairs="1") for kind in ("ASYMX", "ASYMY")]
    if shaped:
        devices.append(
            item(
                RTBeamLimitingDeviceType="MLCX",
                NumberOfLeafJawPairs=str(boundaries.size - 1),
                LeafPositionBoundaries=decimal_string(boundaries, decimals=1).split("\\"),
            )
        )
    dataset = item(
        Manufacturer="lungtox",
        TreatmentMachineName="DEMO",
        PrimaryDosimeterUnit="MU",
        SourceAxisDistance="1000",
        BeamLimitingDeviceSequence=devices,
        BeamNumber=str(number),
        BeamName=beam.name,
        BeamType="DYNAMIC" if moving else "STATIC",
        RadiationType="PHOTON",
        TreatmentDeliveryType=beam.purpose,
        NumberOfWedges="0",
        NumberOfCompensators="0",
        NumberOfBoli="0",
        NumberOfBlocks="0",
        FinalCumulativeMetersetWeight="1",
        NumberOfControlPoints=str(len(beam.gantry_deg)),
        ReferencedPatientSetupNumber="1",
    )
    dataset.ControlPointSequence = [_control_point(beam, index, isocentre) for index in range(len(beam.gantry_deg))]
    return dataset


def _control_point(beam: BeamOutline, index: int, isocentre: list[str]) -> Dataset:
    first, last = index == 0, index == len(beam.gantry_deg) - 1
    point = item(
        ControlPointIndex=str(index), CumulativeMetersetWeight=decimal_string([beam.weights[index]], decimals=6)
    )
    if first:
        point.NominalBeamEnergy, point.DoseRateSet = _ENERGY_MV, _DOSE_RATE
    if beam.rotation != "NONE" or first:
        point.GantryAngle = decimal_string([beam.gantry_deg[index]], decimals=1)
        point.GantryRotationDirection = "NONE" if last and not first else beam.rotation
    positions = _positions(beam, index)
    if positions:
        point.BeamLimitingDevicePositionSequence = positions
    if first:
        point.BeamLimitingDeviceAngle, point.BeamLimitingDeviceRotationDirection = "0", "NONE"
        point.PatientSupportAngle, point.PatientSupportRotationDirection = "0", "NONE"
        point.TableTopEccentricAngle, point.TableTopEccentricRotationDirection = "0", "NONE"
        point.TableTopVerticalPosition = point.TableTopLongitudinalPosition = point.TableTopLateralPosition = ""
        point.IsocenterPosition = isocentre
    return point


def _positions(beam: BeamOutline, index: int) -> list[Dataset]:
    positions = []
    if index == 0:
        jaws = ["-100", "100"]
        if beam.leaves_mm.size:
            reach = float(np.abs(beam.leaves_mm).max()) + 5.0
            jaws = decimal_string([-reach, reach], decimals=1).split("\\")
        positions = [
            item(RTBeamLimitingDeviceType="ASYMX", LeafJawPositions=jaws),
            item(RTBeamLimitingDeviceType="ASYMY", LeafJawPositions=["-200", "200"]),
        ]
    # Where nothing moves, the first control point says all.
    if beam.leaves_mm.size and (index == 0 or not np.array_equal(beam.leaves_mm[index], beam.leaves_mm[index - 1])):
        device = item(RTBeamLimitingDeviceType="MLCX")
        text = decimal_string(beam.leaves_mm[index], decimals=1).encode("ascii")
        padded = text + b" " * (len(text) % 2)
        device[_LEAF_POSITIONS] = RawDataElement(_LEAF_POSITIONS, "DS", len(padded), padded, 0, False, True)
        positions.append(device)
    return positions
