"""The DVHs of one patient's structure in every position, from the files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from lungtox.dose import Dvh, dvh_from_samples, sample_courses
from lungtox.dvhcurve.curve import CurvePoints, curve_of
from lungtox.dvhcurve.motion import Axis, MotionPattern, blurred_dose, moved_region, shifted_dose
from lungtox.errors import Fault, InputError
from lungtox.extraction import Loaded, load_patient
from lungtox.geometry import Dose, Region

if TYPE_CHECKING:
    from lungtox.dose.config import DoseSettings
    from lungtox.dvhcurve.config import DvhCurveSettings
    from lungtox.extraction import PatientRow

FloatArray = NDArray[np.float64]
Kind = Literal["shift", "breathing"]
Source = Literal["structure", "dose"]


@dataclass(frozen=True, eq=False)
class MovedCurve:
    """The DVH in one position.

    Attributes
    ----------
    patient : str
    kind : {"shift", "breathing"}
    axis : str
    amount_mm : float
        The shift, or the amplitude of breathing.
    source : {"structure", "dose"}
        The contours were moved, or the dose was shifted or blurred against them.
    points : CurvePoints
    mean_gy, sd_gy : float
        Of the doses in the structure, not of a fitted curve.
    """

    patient: str
    kind: Kind
    axis: Axis
    amount_mm: float
    source: Source
    points: CurvePoints
    mean_gy: float
    sd_gy: float


def move_batch(rows: Iterable[PatientRow], *, dose: DoseSettings, settings: DvhCurveSettings) -> list[MovedCurve]:
    """Give the curves of several patients.

    A patient whose files cannot be used has none: the quality figures of the dose stage say why.

    Raises
    ------
    InputError
        Of all patients: as `moved_curves`, but for files that cannot be used.
    """
    found: list[MovedCurve] = []
    faults: list[Fault] = []
    for row in rows:
        try:
            loaded = _load(row, dose)
            if loaded is not None:
                found += _curves(row.patient, loaded, dose=dose, settings=settings)
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    return found


def moved_curves(row: PatientRow, *, dose: DoseSettings, settings: DvhCurveSettings) -> list[MovedCurve]:
    """Give the DVH of the structure in every position of the settings.

    Each shift is made twice: with the contours moved, and with the dose shifted on its grid, which is the physical
    reference. Breathing blurs the dose.

    Parameters
    ----------
    row : PatientRow
        With DICOM files; a table of DVHs knows no positions.
    dose : DoseSettings
    settings : DvhCurveSettings

    Raises
    ------
    InputError
        Files that cannot be used; no files but a DVH (``dvh-curve-source``); no such structure
        (``structure-missing``); positions in which it leaves the dose grid (``dose-coverage``), each with the shift.
    """
    _require_files(row)
    return _curves(row.patient, load_patient(row, dose), dose=dose, settings=settings)


def _require_files(row: PatientRow) -> None:
    if row.export is not None or "dvh" in row.cells:
        action = "Give plan, structures and dose, or leave the section dvh_curve out."
        raise InputError(Fault(row.patient, "DICOM files, to move a structure", "a DVH", action, "dvh-curve-source"))


def _load(row: PatientRow, dose: DoseSettings) -> Loaded | None:
    """Read the files as the dose stage does; None where that stage finds the patient unusable."""
    _require_files(row)
    try:
        return load_patient(row, dose)
    except InputError:
        return None


def _curves(patient: str, loaded: Loaded, *, dose: DoseSettings, settings: DvhCurveSettings) -> list[MovedCurve]:
    if settings.structure not in loaded.regions:
        action = "Accept its contours in structures.csv, or take the patient out of patients.csv."
        raise InputError(Fault(patient, f"contours of {settings.structure}", "none", action, "structure-missing"))
    region = loaded.regions[settings.structure]
    found: list[tuple[Kind, Axis, float, Source, Dvh]] = []
    faults: list[Fault] = []
    for kind, axis, amount, source, moved, given in _positions(region, loaded.doses, settings):
        try:
            found.append((kind, axis, amount, source, _dvh(moved, given, dose)))
        except InputError as error:
            place = f"{patient}, {kind} {amount:g} mm {axis.replace('_', '-')}"
            faults += [Fault(place, one.expected, one.found, one.action, one.code) for one in error.faults]
    if faults:
        raise InputError(faults)
    top = max(dvh.max_gy for *_, dvh in found) + settings.step_gy
    window = settings.window_gy or (0.0, top)
    return [
        MovedCurve(patient, kind, axis, amount, source,
                   curve_of(dvh, step_gy=settings.step_gy, window_gy=window), dvh.mean_gy, _sd_gy(dvh))
        for kind, axis, amount, source, dvh in found
    ]  # fmt: skip


def _positions(
    region: Region, doses: Sequence[Dose], settings: DvhCurveSettings
) -> Iterator[tuple[Kind, Axis, float, Source, Region, Sequence[Dose]]]:
    for axis, shifts in settings.shifts_mm.items():
        for shift in sorted(shifts):
            yield "shift", axis, shift, "structure", moved_region(region, shift, axis), doses
            if shift:
                yield "shift", axis, shift, "dose", region, [shifted_dose(one, shift, axis) for one in doses]
    axis = next(iter(settings.shifts_mm))
    pattern = MotionPattern.sine if settings.breathing_pattern == "sine" else MotionPattern.lujan
    for amplitude in sorted(settings.breathing_mm):
        blurred = [blurred_dose(one, pattern(amplitude), axis) for one in doses]
        yield "breathing", axis, amplitude, "dose", region, blurred


def _dvh(region: Region, doses: Sequence[Dose], settings: DoseSettings) -> Dvh:
    samples = sample_courses(region, doses, end_cap=settings.end_cap, between_planes=settings.between_planes).samples
    if samples.coverage_pct < settings.minimum_coverage_pct - 1e-6:
        action = "Export a larger dose grid, or take this position out of dvh_curve."
        raise InputError(
            Fault(region.name, f"a dose grid that covers at least {settings.minimum_coverage_pct:g} % of it",
                  f"{samples.coverage_pct:.2f} %", action, "dose-coverage")
        )  # fmt: skip
    return dvh_from_samples(
        samples.dose_gy, samples.volume_cc, structure=region.name, spread_gy=samples.spread_gy,
        bin_width_gy=settings.bin_width_gy, coverage_pct=samples.coverage_pct,
    )  # fmt: skip


def _sd_gy(dvh: Dvh) -> float:
    share = dvh.volume_cc / dvh.volume_cc.sum()
    return float(np.sqrt(max(share @ (dvh.mid_gy - dvh.mean_gy) ** 2, 0.0)))
