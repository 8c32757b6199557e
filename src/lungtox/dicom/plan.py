"""Reading RTPLAN: fractions, prescription, beams and technique."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydicom.dataset import Dataset

from lungtox.dicom.source import open_dicom, refusing
from lungtox.errors import Fault, InputError

Technique = Literal["3D-CRT", "IMRT", "VMAT"]

# Forward-planned field-in-field has a few apertures a beam, inverse planning many more.
IMRT_APERTURES = 6


@dataclass(frozen=True)
class Plan:
    """What the analysis takes from an RTPLAN.

    Attributes
    ----------
    fractions : int or None
        Planned fractions; None where the plan does not say, or has several fraction groups.
    prescription_gy : float or None
        The highest target prescription dose of the whole course.
    treatment_beams, setup_beams : int
        Beams that treat, and all others (set-up fields, portal images, beams without monitor units).
    technique : {"3D-CRT", "IMRT", "VMAT"} or None
        None for ion plans and for plans without treatment beams.
    warnings : tuple of str
    beams : tuple of int
        Numbers of the beams that treat: a sum of beam doses must have them all.
    uid : str
        SOP instance, compared with what a dose refers to; never written anywhere.
    """

    fractions: int | None
    prescription_gy: float | None
    treatment_beams: int
    setup_beams: int
    technique: Technique | None
    warnings: tuple[str, ...] = ()
    beams: tuple[int, ...] = ()
    uid: str = field(default="", repr=False)


@refusing("RTPLAN")
def read_plan(path: str | Path, *, who: str = "RTPLAN") -> Plan:
    """Read an RTPLAN of photons, electrons or ions.

    Parameters
    ----------
    path : str or Path
    who : str
        Stands at the front of every message: a study ID.

    Raises
    ------
    InputError
        Not a readable RTPLAN, or one without any beam.
    """
    dataset = open_dicom(path, modality="RTPLAN", who=who, pixels=False)
    beams: Sequence[Dataset] = dataset.get("BeamSequence") or dataset.get("IonBeamSequence") or ()
    if not beams:
        raise InputError(Fault(who, "an external-beam plan", "a plan without beams", "Give the RTPLAN.", "plan-beams"))
    groups: Sequence[Dataset] = dataset.get("FractionGroupSequence") or ()
    metersets = _metersets(groups)
    treating = [beam for beam in beams if _treats(beam, metersets)]
    fractions, warnings = _fractions(groups)
    silent = sum(_is_treatment(beam) for beam in beams) - len(treating)
    if silent:
        warnings += (f"{silent} of the beams marked as treatment have no monitor units and are not counted",)
    return Plan(
        fractions=fractions,
        prescription_gy=_prescription_gy(dataset.get("DoseReferenceSequence") or ()),
        treatment_beams=len(treating),
        setup_beams=len(beams) - len(treating),
        technique=_technique(treating) if "BeamSequence" in dataset else None,
        warnings=warnings,
        beams=tuple(int(beam.get("BeamNumber") or 0) for beam in treating),
        uid=str(dataset.get("SOPInstanceUID", "")).strip(),
    )


def _fractions(groups: Sequence[Dataset]) -> tuple[int | None, tuple[str, ...]]:
    if len(groups) != 1:
        return None, (f"the plan has {len(groups)} fraction groups: its number of fractions is not known",)
    planned = groups[0].get("NumberOfFractionsPlanned")
    if not planned or int(planned) < 1:
        return None, ("the plan does not give its number of fractions",)
    return int(planned), ()


def _prescription_gy(references: Iterable[Dataset]) -> float | None:
    doses = [
        float(item.TargetPrescriptionDose)
        for item in references
        if item.get("DoseReferenceType") == "TARGET" and item.get("TargetPrescriptionDose") is not None
    ]
    return max(doses, default=None)


def _metersets(groups: Iterable[Dataset]) -> dict[int, float | None]:
    """Monitor units of each beam that a fraction group refers to; None where they are not given."""
    return {
        int(beam.ReferencedBeamNumber): None if beam.get("BeamMeterset") is None else float(beam.BeamMeterset)
        for group in groups
        for beam in group.get("ReferencedBeamSequence") or ()
    }


def _is_treatment(beam: Dataset) -> bool:
    return (beam.get("TreatmentDeliveryType") or "TREATMENT") in ("TREATMENT", "CONTINUATION")


def _treats(beam: Dataset, metersets: dict[int, float | None]) -> bool:
    """A treatment beam is one that is delivered: SCIENCE.md section 6 counts those only.

    A plan without a single meterset has not been calculated; its beams count by their type alone.
    """
    if not _is_treatment(beam):
        return False
    known = any(value is not None for value in metersets.values())
    return not known or bool(metersets.get(int(beam.get("BeamNumber") or 0)))


def _technique(beams: Sequence[Dataset]) -> Technique | None:
    if not beams:
        return None
    found = {_beam_technique(beam) for beam in beams}
    return next(name for name in ("VMAT", "IMRT", "3D-CRT") if name in found)


def _beam_technique(beam: Dataset) -> Technique:
    """Judge one photon or electron beam by its control points.

    A beam that rotates while its leaves move is VMAT (a dynamic conformal arc cannot be told from it by these
    attributes); one that stands still with many apertures is IMRT; dynamic wedges move jaws only.
    """
    rotates = False
    apertures: set[bytes | tuple[float, ...]] = set()
    for point in beam.get("ControlPointSequence") or ():
        rotates |= point.get("GantryRotationDirection") in ("CW", "CC")
        for device in point.get("BeamLimitingDevicePositionSequence") or ():
            if str(device.get("RTBeamLimitingDeviceType", "")).startswith("MLC"):
                apertures.add(_leaves(device))
    if rotates and len(apertures) > 1:
        return "VMAT"
    return "IMRT" if len(apertures) >= IMRT_APERTURES else "3D-CRT"


def _leaves(device: Dataset) -> bytes | tuple[float, ...]:
    """Leaf positions as something to compare: the bytes of the file where pydicom has not converted them yet."""
    raw = device.get_item("LeafJawPositions")
    value = getattr(raw, "value", None)
    return value if isinstance(value, bytes) else tuple(float(v) for v in value or ())
