"""Reading RTDOSE."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from lungtox.dicom.axes import Orientation, orient
from lungtox.dicom.kinds import WHOLE_PLAN
from lungtox.dicom.plan import Plan
from lungtox.dicom.source import frame_count, numbers, open_dicom, refusing, require, stored_values
from lungtox.errors import Fault, InputError
from lungtox.geometry import Dose, Grid, Image

# Beyond this a "Gy" dose is taken for cGy: no thoracic course comes near (SCIENCE.md section 6).
MAXIMUM_PLAUSIBLE_GY = 200.0


@dataclass(frozen=True)
class DoseHeader:
    """What an RTDOSE says about itself, without its pixels.

    Attributes
    ----------
    grid : Grid
    frame_of_reference : str
        For comparison only; never written anywhere.
    summation_type : str
        DICOM DoseSummationType, such as ``"PLAN"``.
    rbe_weighted : bool
        True for DoseType EFFECTIVE.
    plan_uids : tuple of str
        Plans that it refers to; for comparison only.
    beams : tuple of int
        Numbers of the beams that it refers to, as a BEAM dose does.
    uid : str
        SOP instance; for comparison only.
    """

    grid: Grid
    frame_of_reference: str = field(repr=False)
    summation_type: str
    rbe_weighted: bool
    plan_uids: tuple[str, ...] = field(default=(), repr=False)
    beams: tuple[int, ...] = ()
    uid: str = field(default="", repr=False)


@refusing("RTDOSE")
def read_dose_header(
    path: str | Path, *, accept: Collection[str] = WHOLE_PLAN, whole: bool = False, who: str = "RTDOSE"
) -> DoseHeader:
    """Read grid, units and kind of an RTDOSE without its pixels.

    Parameters
    ----------
    path : str or Path
    accept : collection of str
        DoseSummationType values that are taken; by default only those that stand for whole plans.
    whole : bool
        True reads the pixels too and refuses what only they show: that they are cut off, or not in Gy. False takes a
        header without them.
    who : str
        Stands at the front of every message.

    Raises
    ------
    InputError
        As :func:`read_dose`. All faults of the header come together.
    """
    dataset = open_dicom(path, modality="RTDOSE", who=who, pixels=whole)
    header = _header(dataset, accept=accept, who=who)[0]
    if whole:
        _stored_dose(dataset, who=who)
    return header


@refusing("RTDOSE")
def read_dose(
    path: str | Path, *, plan: Plan | None = None, accept: Collection[str] = WHOLE_PLAN, who: str = "RTDOSE"
) -> Dose:
    """Read an RTDOSE as dose in Gy on ascending patient axes, or on its own axes where it is oblique.

    Parameters
    ----------
    path : str or Path
    plan : Plan, optional
        Gives the number of fractions that the dose represents.
    accept : collection of str
        DoseSummationType values that are taken; by default only those that stand for whole plans.
    who : str
        Stands at the front of every message: a study ID.

    Returns
    -------
    Dose
        The fractions stay ``None`` without a plan, and for a sum over several plans.

    Raises
    ------
    InputError
        Units other than GY, DoseType ERROR, a dose of one beam or one fraction, rows and columns not at right angles,
        pixels that are cut off, or a maximum over 200 Gy (then the values are in cGy).
    """
    dataset = open_dicom(path, modality="RTDOSE", who=who)
    header, orientation = _header(dataset, accept=accept, who=who)
    stored, scaling = _stored_dose(dataset, who=who)
    fractions, warnings = _fractions(header, plan)
    if header.rbe_weighted:
        warnings += ("the dose is RBE-weighted (DoseType EFFECTIVE)",)
    if header.grid.turn is not None:
        warnings += ("the dose grid is oblique: its values are interpolated along its own axes",)
    return Dose(
        Image(header.grid, orientation.arrange(stored) * scaling),
        header.frame_of_reference,
        fractions,
        header.rbe_weighted,
        warnings,
    )


def _stored_dose(dataset: Dataset, *, who: str) -> tuple[NDArray[Any], float]:
    """Give the stored values and their factor to Gy; refuse those that cannot be Gy."""
    scaling = float(numbers(dataset, "DoseGridScaling", count=1, who=who)[0])
    stored = stored_values(dataset, frames=frame_count(dataset, who=who), who=who)
    maximum_gy = float(stored.max()) * scaling
    if scaling <= 0 or maximum_gy > MAXIMUM_PLAUSIBLE_GY:
        raise InputError(
            Fault(
                who,
                f"a dose in Gy, at most {MAXIMUM_PLAUSIBLE_GY:g}",
                f"a maximum of {maximum_gy:g} Gy",
                "The values are probably in cGy: export the dose in Gy.",
                "dose-scale",
            )
        )
    return stored, scaling


def _fractions(header: DoseHeader, plan: Plan | None) -> tuple[int | None, tuple[str, ...]]:
    if header.summation_type == "MULTI_PLAN":
        return None, ("the dose is the sum of several plans (MULTI_PLAN): its number of fractions is not known",)
    if plan is None:
        return None, ()
    if header.plan_uids and plan.uid and plan.uid not in header.plan_uids:
        return plan.fractions, ("the dose refers to another plan than the one given",)
    return plan.fractions, ()


def _header(dataset: Dataset, *, accept: Collection[str], who: str) -> tuple[DoseHeader, Orientation]:
    faults = _meaning_faults(dataset, accept=accept, who=who)
    try:
        orientation = _orientation(dataset, who=who)
        numbers(dataset, "DoseGridScaling", count=1, who=who)
        frame_of_reference = str(require(dataset, "FrameOfReferenceUID", who=who)).strip()
    except InputError as error:
        raise InputError([*faults, *error.faults]) from None
    if faults:
        raise InputError(faults)
    plans = dataset.get("ReferencedRTPlanSequence") or ()
    header = DoseHeader(
        grid=orientation.grid,
        frame_of_reference=frame_of_reference,
        summation_type=str(dataset.DoseSummationType),
        rbe_weighted=dataset.get("DoseType") == "EFFECTIVE",
        plan_uids=tuple(str(item.get("ReferencedSOPInstanceUID", "")).strip() for item in plans),
        beams=_beams(plans),
        uid=str(dataset.get("SOPInstanceUID", "")).strip(),
    )
    return header, orientation


def _beams(plans: Iterable[Dataset]) -> tuple[int, ...]:
    return tuple(
        int(beam.ReferencedBeamNumber)
        for plan in plans
        for group in plan.get("ReferencedFractionGroupSequence") or ()
        for beam in group.get("ReferencedBeamSequence") or ()
        if beam.get("ReferencedBeamNumber") is not None
    )


def _meaning_faults(dataset: Dataset, *, accept: Collection[str], who: str) -> list[Fault]:
    faults = []
    units = dataset.get("DoseUnits") or "none"
    if units != "GY":
        faults.append(Fault(who, "DoseUnits GY", f"DoseUnits {units}", "Export the absolute dose in Gy.", "dose-units"))
    kind = dataset.get("DoseType") or "none"
    if kind not in ("PHYSICAL", "EFFECTIVE"):
        faults.append(
            Fault(who, "DoseType PHYSICAL or EFFECTIVE", f"DoseType {kind}", "Export the plan's dose.", "dose-type")
        )
    summation = dataset.get("DoseSummationType") or "none"
    if summation not in accept:
        expected = "DoseSummationType " + " or ".join(accept)
        action = "A part is never taken for the whole plan: export the plan's dose."
        faults.append(Fault(who, expected, f"DoseSummationType {summation}", action, "dose-summation"))
    return faults


def _orientation(dataset: Dataset, *, who: str) -> Orientation:
    frames = frame_count(dataset, who=who)
    position_mm = numbers(dataset, "ImagePositionPatient", count=3, who=who)
    if frames > 1 or dataset.get("GridFrameOffsetVector"):
        offsets_mm = numbers(dataset, "GridFrameOffsetVector", count=frames, who=who)
    else:
        offsets_mm = np.zeros(1)
    # PS3.3 C.8.8.3.2: the first value is 0 (relative) or equal to the z of Image Position (Patient) (absolute).
    absolute = offsets_mm[0] != 0
    if absolute and abs(offsets_mm[0] - position_mm[2]) > 0.01:
        raise InputError(
            Fault(
                who,
                "a Grid Frame Offset Vector that begins with 0 or with the z of the first frame",
                f"{offsets_mm[0]:g}, with the first frame at z {position_mm[2]:g} mm",
                "Export the dose again.",
                "grid",
            )
        )
    return orient(
        position_mm=position_mm,
        orientation=numbers(dataset, "ImageOrientationPatient", count=6, who=who),
        spacing_mm=numbers(dataset, "PixelSpacing", count=2, who=who),
        size=(int(require(dataset, "Rows", who=who)), int(require(dataset, "Columns", who=who))),
        offsets_mm=offsets_mm,
        absolute=bool(absolute),
        who=who,
    )
