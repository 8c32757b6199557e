"""Plan, dose and structures of one patient, with all their faults together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from lungtox.dicom import DoseHeader, Plan, read_dose, read_dose_header, read_plan
from lungtox.errors import Fault, InputError, ParameterError
from lungtox.extraction.patients import PatientRow
from lungtox.extraction.regions import compose_regions, read_accepted
from lungtox.geometry import Dose, Image, Region, StructureSet

if TYPE_CHECKING:  # pydantic is slow to import, and `lungtox dvh` has no config
    from lungtox.dose.config import DoseSettings

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
    """

    plans: tuple[Plan, ...]
    doses: tuple[Dose, ...]
    regions: dict[str, Region]
    warnings: tuple[str, ...]

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


def load_patient(row: PatientRow, settings: DoseSettings, *, pixels: bool = True) -> Loaded:
    """Read plan, doses and accepted structures of one patient and see that they belong together.

    Parameters
    ----------
    row : PatientRow
    settings : DoseSettings
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
    doses = faults.attempt(lambda: _read_doses(row, [plan for plan in plans if plan is not None], pixels=pixels))
    structures = faults.attempt(lambda: read_accepted(row, settings))
    regions, warnings, more = compose_regions(row, structures[0], settings) if structures else ({}, [], [])
    faults.found += more
    if doses is not None and structures is not None:
        faults.found += frame_faults(structures[1], doses[0], who=row.patient)
    if doses is None or structures is None or faults.found:
        raise InputError(faults.found)
    if not regions:
        action = "Accept ROIs in structures.csv."
        raise InputError(Fault(row.patient, "contours for a structure of the config", "none", action, "no-structure"))
    read = tuple(plan for plan in plans if plan is not None)
    of_plans = [text for plan in read for text in plan.warnings]
    remarks = [*of_plans, *dose_warnings(doses), *structures[1].warnings, *warnings]
    return Loaded(read, doses, regions, tuple(dict.fromkeys(remarks)))


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


def _read_doses(row: PatientRow, plans: Sequence[Plan], *, pixels: bool) -> tuple[Dose, ...]:
    paths = row.paths("dose")
    who = [row.patient if len(paths) == 1 else f"{row.patient} dose {number}" for number in range(1, len(paths) + 1)]
    if not paths:
        raise InputError(Fault(row.patient, "a dose", "none in patients.csv", "Fill the cell.", "dose-missing"))
    own = _plan_of_each(row, plans, who=who)
    files = list(zip(paths, own, who, strict=True))
    if pixels:
        doses = [read_dose(path, plan=plan, who=name) for path, plan, name in files]
    else:
        doses = [_empty_dose(read_dose_header(path, whole=True, who=name), plan) for path, plan, name in files]
    check_doses(doses, who=row.patient)
    return tuple(doses)


def _empty_dose(header: DoseHeader, plan: Plan | None) -> Dose:
    values = np.broadcast_to(0.0, header.grid.shape)
    fractions = plan.fractions if plan else None
    return Dose(Image(header.grid, values), header.frame_of_reference, fractions, header.rbe_weighted)


def _plan_of_each(row: PatientRow, plans: Sequence[Plan], *, who: Sequence[str]) -> list[Plan | None]:
    """Find the plan of each dose: the one that it refers to, else the one in the same place of the list.

    One plan beside several doses belongs to the only dose that refers to it, if there is one.
    """
    paths = row.paths("dose")
    if len(paths) == 1:
        return [next(iter(plans), None)]
    headers = [read_dose_header(path, who=name) for path, name in zip(paths, who, strict=True)]
    known = [header.uid for header in headers if header.uid]
    if len(set(known)) < len(known):
        raise InputError(_counted_twice(row, "one dose twice"))
    meant = [[plan for plan in plans if plan.uid and plan.uid in header.plan_uids] for header in headers]
    if len(plans) != len(paths):
        once = sum(bool(found) for found in meant) == 1
        return [found[0] if found and once else None for found in meant]
    own = [found[0] if len(found) == 1 else plans[number] for number, found in enumerate(meant)]
    if len({id(plan) for plan in own}) < len(own):
        raise InputError(_counted_twice(row, "two doses of one plan"))
    return list(own)


def _counted_twice(row: PatientRow, found: str) -> Fault:
    action = "A course would count twice: give each dose once, and with several plans the plan of each, in that order."
    return Fault(row.patient, "doses of different courses, to be added", found, action, "dose-twice")


def check_doses(doses: Sequence[Dose], *, who: str) -> None:
    """Refuse doses that cannot be added; their grids may differ.

    Raises
    ------
    InputError
        Another frame of reference, physical and RBE-weighted dose mixed.
    ParameterError
        No dose at all.
    """
    if not doses:
        raise ParameterError("no dose to add")
    kinds = (
        ("two frames of reference", {dose.frame_of_reference for dose in doses}),
        ("physical and RBE-weighted dose", {dose.rbe_weighted for dose in doses}),
    )
    for found, different in kinds:
        if len(different) > 1:
            expected = "doses in one frame of reference and of one kind, to be added"
            action = "Export the sum from the planning system."
            raise InputError(Fault(who, expected, found, action, "dose-sum"))


def dose_warnings(doses: Sequence[Dose]) -> list[str]:
    """Give what the doses tell of themselves, and that they are added."""
    texts = list(dict.fromkeys(text for dose in doses for text in dose.warnings))
    if len(doses) > 1:
        known = all(dose.fractions is not None for dose in doses)
        each = ", ".join(str(dose.fractions) for dose in doses)
        what = f"with {each} fractions" if known else "its number of fractions is not known"
        texts.append(f"the dose is the sum of {len(doses)} files: {what}")
    return texts
