"""Plan, dose and structures of one patient, with all their faults together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from lungtox.dicom import Plan, read_plan
from lungtox.errors import Fault, InputError
from lungtox.extraction.accepted import AcceptedRoi
from lungtox.extraction.contours import ContourRegions, contour_regions
from lungtox.extraction.courses import dose_warnings, read_courses
from lungtox.extraction.patients import PatientRow
from lungtox.extraction.regions import Accepted, compose_regions, composed_of, needed_rois, read_accepted
from lungtox.geometry import Dose, Region, StructureSet
from lungtox.naming import Remark, check_plausibility

if TYPE_CHECKING:  # pydantic is slow to import, and `lungtox dvh` has no config
    from lungtox.dose.config import DoseSettings, FunctionSettings

T = TypeVar("T")


@dataclass(frozen=True)
class Loaded:
    """Files of one patient that fit together.

    Attributes
    ----------
    plans : tuple of Plan
        The main course first.
    doses : tuple of Dose
        One for each course, each on its own grid and with its own fractions; all in one frame of reference.
    regions : dict of str to Region
        The analysed structures that can be composed.
    warnings : tuple of str
    composed_of : dict of str to dict
        For each region the accepted structures under union, within and minus.
    names : tuple of AcceptedRoi
        The ROIs of which the regions are made.
    contours : tuple of ContourRegions
        Functional lung that a physician drew, as far as the config asks for it.
    contour_faults : tuple of Fault
        Why a contour cannot be used; the patient is none the worse for it.
    """

    plans: tuple[Plan, ...]
    doses: tuple[Dose, ...]
    regions: dict[str, Region]
    warnings: tuple[str, ...]
    composed_of: dict[str, dict[str, list[str]]]
    names: tuple[AcceptedRoi, ...]
    contours: tuple[ContourRegions, ...] = ()
    contour_faults: tuple[Fault, ...] = ()

    @property
    def frame_of_reference(self) -> str:
        """That of doses and structures; never written anywhere."""
        return self.doses[0].frame_of_reference

    @property
    def fractions(self) -> int | None:
        """Fractions of all courses together; None where one is not known."""
        counts = [dose.fractions for dose in self.doses]
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else None

    @property
    def prescription_gy(self) -> float | None:
        """Prescribed dose of all courses together; None where one is not known."""
        doses_gy = [plan.prescription_gy for plan in self.plans]
        known = [dose_gy for dose_gy in doses_gy if dose_gy is not None]
        return sum(known) if known and len(known) == len(doses_gy) else None


class _Faults:
    """Collects the faults of several steps, so that one run of the check shows them all."""

    def __init__(self) -> None:
        self.found: list[Fault] = []

    def attempt(self, step: Callable[[], T]) -> T | None:
        """Run a step; None and its faults kept where the input cannot be used."""
        try:
            return step()
        except InputError as error:
            self.found += error.faults
            return None


def load_patient(
    row: PatientRow, settings: DoseSettings, *, function: FunctionSettings | None = None, pixels: bool = True
) -> Loaded:
    """Read plan, doses and accepted structures of one patient and see that they belong together.

    Parameters
    ----------
    row : PatientRow
    settings : DoseSettings
    function : FunctionSettings, optional
        Names the contours of functional lung.
    pixels : bool
        False reads no dose values: the dose is 0 everywhere on its grid (for checks of coverage).

    Raises
    ------
    InputError
        With every fault of the files.
    """
    faults = _Faults()
    paths = row.paths("plan")
    plans = [faults.attempt(lambda path=path: read_plan(path, who=row.patient)) for path in paths]  # type: ignore[misc]
    doses = faults.attempt(
        lambda: _read_doses(row, [plan for plan in plans if plan is not None], settings=settings, pixels=pixels)
    )
    structures = faults.attempt(lambda: read_accepted(row, settings))
    found = None if structures is None else _compose(row, structures[0], settings, doses)
    regions, warnings, more = found or ({}, [], [])
    faults.found += more
    odd = [] if structures is None else check_plausibility(structures[0])
    faults.found += [_implausible(row, remark) for remark in odd if remark.severity == "fault"]
    if doses is not None and structures is not None and structures[0]:  # without a ROI there is no frame
        faults.found += frame_faults(structures[1], doses[0], who=row.patient)
    if doses is None or structures is None or faults.found:
        raise InputError(faults.found)
    if not regions:
        action = "Accept ROIs in structures.csv."
        raise InputError(Fault(row.patient, "contours for a structure of the config", "none", action, "no-structure"))
    read = tuple(plan for plan in plans if plan is not None)
    of_plans = [text for plan in read for text in plan.warnings]
    remarks = [*of_plans, *dose_warnings(doses), *structures[1].warnings, *(remark.text for remark in odd), *warnings]
    made_of = composed_of(structures[0], settings, regions)
    used = {part for groups in made_of.values() for names in groups.values() for part in names}
    names = tuple(roi for roi in needed_rois(row, settings) if roi.structure in used)
    guessed = [f"{roi.structure} ({roi.score:g})" for roi in names if roi.automatic and roi.match == "fuzzy"]
    if guessed:
        remarks.append(f"accepted by the score of a similar name, by no person: {', '.join(guessed)}")
    drawn: list[ContourRegions] = []
    unused: list[Fault] = []
    if function is not None and function.contours:
        slice_mm = _slice_mm(doses)
        drawn, unused = contour_regions(row, structures[0], settings, function, known=regions, slice_mm=slice_mm)
    remarks = list(dict.fromkeys(remarks))
    return Loaded(read, doses, regions, tuple(remarks), made_of, names, tuple(drawn), tuple(unused))


def _implausible(row: PatientRow, remark: Remark) -> Fault:
    expected = f"{' and '.join(remark.structures)} where the patient has them"
    action = "Compare the ROIs with the images; where the names were taken wrongly, correct structures.csv."
    return Fault(row.patient, expected, remark.text, action, f"structure-{remark.code}")


def _compose(
    row: PatientRow, accepted: Accepted, settings: DoseSettings, doses: Sequence[Dose] | None
) -> tuple[dict[str, Region], list[str], list[Fault]]:
    if doses is None:
        return compose_regions(row, accepted, settings)
    return compose_regions(row, accepted, settings, slice_mm=_slice_mm(doses))


def _slice_mm(doses: Sequence[Dose]) -> float:
    return float(np.diff(doses[0].image.grid.z_mm).min())


def frame_faults(structures: StructureSet, dose: Dose, *, who: str) -> list[Fault]:
    """Say where dose and structures do not belong together; nothing where they do."""
    if structures.frame_of_reference == dose.frame_of_reference:
        return []
    return [
        Fault(
            who,
            "dose and structures in one frame of reference (that of the planning CT)",
            "two different ones" if structures.frame_of_reference else "none in the structure set",
            "Give the dose that was calculated on the CT of these structures, or the structures of that CT.",
            "frame-of-reference",
        )
    ]


def _read_doses(row: PatientRow, plans: Sequence[Plan], *, settings: DoseSettings, pixels: bool) -> tuple[Dose, ...]:
    paths = row.paths("dose")
    if not paths:
        raise InputError(Fault(row.patient, "a dose", "none in patients.csv", "Fill the cell.", "dose-missing"))
    add = settings.multi_plan_beside_others == "add"
    return read_courses(paths, plans, who=row.patient, add_multi_plan=add, pixels=pixels)
