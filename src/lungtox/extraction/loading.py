"""Plan, dose and structures of one patient, with all their faults together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from lungtox.dicom import DoseHeader, Plan, read_dose, read_dose_header, read_plan
from lungtox.dose.config import DoseSettings
from lungtox.errors import Fault, InputError, ParameterError
from lungtox.extraction.patients import PatientRow
from lungtox.extraction.regions import compose_regions, read_accepted
from lungtox.geometry import Dose, Image, Region, StructureSet

T = TypeVar("T")


@dataclass(frozen=True)
class Loaded:
    """Files of one patient that fit together.

    Attributes
    ----------
    plan : Plan or None
    dose : Dose
    regions : dict of str to Region
        The analysed structures that can be composed.
    warnings : tuple of str
    """

    plan: Plan | None
    dose: Dose
    regions: dict[str, Region]
    warnings: tuple[str, ...]


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
    plan_path = row.path("plan")
    plan = faults.attempt(lambda: read_plan(plan_path, who=row.patient)) if plan_path else None
    dose = faults.attempt(lambda: _read_doses(row, plan, pixels=pixels))
    structures = faults.attempt(lambda: read_accepted(row, settings))
    regions, warnings, more = compose_regions(row, structures[0], settings) if structures else ({}, [], [])
    faults.found += more
    if dose is not None and structures is not None:
        faults.found += frame_faults(structures[1], dose, who=row.patient)
    if dose is None or structures is None or faults.found:
        raise InputError(faults.found)
    if not regions:
        action = "Accept ROIs in structures.csv."
        raise InputError(Fault(row.patient, "contours for a structure of the config", "none", action, "no-structure"))
    remarks = [*(plan.warnings if plan else ()), *dose.warnings, *structures[1].warnings, *warnings]
    return Loaded(plan, dose, regions, tuple(dict.fromkeys(remarks)))


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


def _read_doses(row: PatientRow, plan: Plan | None, *, pixels: bool) -> Dose:
    paths = row.paths("dose")
    who = [row.patient if len(paths) == 1 else f"{row.patient} dose {number}" for number in range(1, len(paths) + 1)]
    if not paths:
        raise InputError(Fault(row.patient, "a dose", "none in patients.csv", "Fill the cell.", "dose-missing"))
    if pixels:
        doses = [read_dose(path, plan=plan, who=name) for path, name in zip(paths, who, strict=True)]
    else:
        doses = [
            _empty_dose(read_dose_header(path, whole=True, who=name)) for path, name in zip(paths, who, strict=True)
        ]
    return sum_doses(doses, who=row.patient)


def _empty_dose(header: DoseHeader) -> Dose:
    return Dose(Image(header.grid, np.zeros(header.grid.shape)), header.frame_of_reference)


def sum_doses(doses: Sequence[Dose], *, who: str) -> Dose:
    """Add doses on the same grid.

    The sum has no number of fractions: EQD2 is made per course before courses are added, which one DVH of the sum
    cannot give.

    Raises
    ------
    InputError
        Another grid or frame of reference, physical and RBE-weighted dose mixed.
    ParameterError
        No dose at all.
    """
    if not doses:
        raise ParameterError("no dose to add")
    first = doses[0]
    if len(doses) == 1:
        return first
    for other in doses[1:]:
        found = _difference(first, other)
        if found:
            raise InputError(
                Fault(
                    who,
                    "doses on one grid, of one kind, to be added",
                    found,
                    "Export the sum from the planning system.",
                    "dose-sum",
                )
            )
    total = np.sum([dose.image.values for dose in doses], axis=0)
    warnings = tuple(dict.fromkeys(text for dose in doses for text in dose.warnings))
    note = f"the dose is the sum of {len(doses)} files: its number of fractions is not known"
    return replace(first, image=Image(first.image.grid, total), fractions=None, warnings=(*warnings, note))


def _difference(first: Dose, other: Dose) -> str | None:
    if first.frame_of_reference != other.frame_of_reference:
        return "two frames of reference"
    if first.rbe_weighted != other.rbe_weighted:
        return "physical and RBE-weighted dose"
    if first.image.grid.shape != other.image.grid.shape:
        return "two grids"
    same = all(
        np.allclose(getattr(first.image.grid, axis), getattr(other.image.grid, axis), rtol=0, atol=0.01)
        for axis in ("x_mm", "y_mm", "z_mm")
    )
    return None if same else "two grids"
