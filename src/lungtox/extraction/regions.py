"""From accepted ROIs to the regions that the config asks for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from lungtox.dicom import read_structure_names, read_structures
from lungtox.errors import Fault, InputError, count_of
from lungtox.extraction.accepted import AcceptedRoi
from lungtox.extraction.patients import PatientRow
from lungtox.geometry import (
    Layers,
    Margin,
    Region,
    Structure,
    StructureSet,
    grow,
    split_sides,
    structure_layers,
)
from lungtox.naming import CANONICAL_STRUCTURES

Accepted = Mapping[str, tuple[Structure, ...]]
"""Accepted structures with contours, by canonical name; several ROIs where they are one target."""

if TYPE_CHECKING:  # pydantic is slow to import, and `lungtox dvh` has no config
    from lungtox.dose.config import DoseSettings, RegionSettings

WHOLE_ORGAN = " Or set dose.gtv_absent: accept, which takes the whole organ and says so."
USUAL_SLICE_MM = 3.0  # where no dose could be read: a fault stops this patient then
LAYER_MM = 1.0
LUNGS = frozenset({"Lungs", "Lung_L", "Lung_R"})


def needed_structures(settings: DoseSettings) -> frozenset[str]:
    """Give the canonical structures that the config names, and those that may stand in for them."""
    recipes = settings.structures.values()
    named = {name for recipe in recipes for name in (*recipe.union, *recipe.within, *recipe.minus)}
    return frozenset(named | LUNGS if named & LUNGS else named)


def read_accepted(row: PatientRow, settings: DoseSettings) -> tuple[Accepted, StructureSet]:
    """Read the accepted ROIs that the config needs.

    Returns
    -------
    dict of str to tuple of Structure
        By canonical name, those with contours; several where several ROIs are one target.
    StructureSet
        As read, for its frame of reference and warnings.

    Raises
    ------
    InputError
        The file cannot be used, a ROI is not the one that was accepted, or a proposal waits for a person.
    """
    path = row.path("structures")
    if path is None:
        raise InputError(
            Fault(row.patient, "a structure set", "none in patients.csv", "Fill the cell.", "structures-missing")
        )
    rois = needed_rois(row, settings)
    labels = {roi.number: roi.structure for roi in rois}
    found = read_structures(path, names=list(labels), labels=labels, who=row.patient)
    accepted: dict[str, tuple[Structure, ...]] = {}
    faults = list(_waiting_faults(row, settings))
    for roi in rois:
        structure = found.structures.get(roi.number)
        if structure is None or structure.name != roi.name.strip():
            there = f"no ROI of that number; {_listed(row)}" if structure is None else "another name"
            expected = f"ROI {roi.number}, accepted as {roi.structure}, under the name that structures.csv has"
            action = "The structure set has changed since structures.csv was accepted: review it again."
            faults.append(Fault(row.patient, expected, there, action, "structure-changed"))
        elif structure.planes:
            own = Structure(roi.structure, structure.planes, roi.number)
            accepted[roi.structure] = (*accepted.get(roi.structure, ()), own)
    if faults:
        raise InputError(faults)
    return accepted, found


def needed_rois(row: PatientRow, settings: DoseSettings) -> list[AcceptedRoi]:
    """Give the accepted ROIs that the config needs."""
    wanted = needed_structures(settings)
    return [roi for roi in row.rois if roi.structure in wanted]


def _waiting_faults(row: PatientRow, settings: DoseSettings) -> Iterator[Fault]:
    """Name the proposals without which the config's structures are not complete, all of a patient together."""
    wanted = needed_structures(settings)
    have = {roi.structure for roi in row.rois}
    has_lungs = "Lungs" in have or {"Lung_L", "Lung_R"} <= have
    waiting = [roi for roi in row.proposals if roi.structure in wanted and not (roi.structure in LUNGS and has_lungs)]
    if waiting:
        found = ", ".join(
            f"ROI {roi.number} proposed as {roi.structure} ({roi.match}"
            f"{'' if roi.score is None else f', score {roi.score:g}'})"
            for roi in waiting
        )
        action = (
            "Look at the rows in structures.csv: fill accepted_by, or empty the cell structure where it is another one."
            " names.accept_from_score of the config accepts by score."
        )
        names = ", ".join(dict.fromkeys(roi.structure for roi in waiting))
        yield Fault(row.patient, f"a person's word on {names}", f"{found}, accepted by nobody", action, "names-open")


def compose_regions(
    row: PatientRow,
    accepted: Accepted,
    settings: DoseSettings,
    *,
    slice_mm: float = USUAL_SLICE_MM,
    only: Collection[str] | None = None,
) -> tuple[dict[str, Region], list[str], list[Fault]]:
    """Compose the analysed structures of one patient.

    Parameters
    ----------
    row : PatientRow
    accepted : mapping of str to tuple of Structure
        Canonical structures that have contours.
    settings : DoseSettings
    slice_mm : float
        Thickness of a structure with a single plane, where a margin is laid around it.
    only : collection of str, optional
        These of `dose.structures`; all by default.

    Returns
    -------
    regions : dict of str to Region
    warnings : list of str
        An organ that is not there is left out with a warning; its metrics stay empty.
    faults : list of Fault
        Lungs that are not there, a tumour that is not there (unless `gtv_absent: accept`), and sides that are not clear
        make the patient unusable: the whole lung is never taken in silence.
    """
    regions: dict[str, Region] = {}
    warnings: list[str] = []
    faults: list[Fault] = []
    parts = _Parts(accepted, settings, slice_mm)
    for name in settings.structures if only is None else only:
        recipe = settings.structures[name]
        absent = [part for needed in (recipe.union, recipe.within) for part in parts.absent(needed)]
        if absent:
            if LUNGS & set(parts.canonical(recipe.union)):
                faults.append(_absent_fault(row, name, absent))
            else:
                warnings.append(f"{name}: no contours of {', '.join(absent)}; left out")
            continue
        uncut = [part for part in recipe.minus if parts.absent([part])]
        if uncut and settings.gtv_absent == "refuse":
            faults.append(_absent_fault(row, name, parts.absent(uncut), or_else=WHOLE_ORGAN))
            continue
        if uncut:
            lost = ", ".join(parts.absent(uncut))
            warnings.append(f"{name}: no contours of {lost}; nothing taken out, so this is the whole organ")
        try:
            regions[name] = Region(
                name,
                union=parts.joined(name, recipe),
                minus=tuple(one for part in recipe.minus if part not in uncut for one in parts.named(part)),
                within=tuple(parts.one(part) for part in recipe.within),
            )
        except InputError as error:
            faults += [replace(fault, who=f"{row.patient}, {name}") for fault in error.faults]
    return regions, warnings + parts.warnings, faults


def composed_of(accepted: Accepted, settings: DoseSettings, names: Iterable[str]) -> dict[str, dict[str, list[str]]]:
    """Say of which canonical structures each analysed one was made, stand-ins and absent ones considered.

    Returns
    -------
    dict of str to dict of str to list of str
        For each name the lists union, within and minus.
    """
    parts = _Parts(accepted, settings, USUAL_SLICE_MM)
    return {name: parts.sources(settings.structures[name]) for name in names}


class _Parts:
    """Accepted structures, and what other keys of `dose.structures` make of them."""

    def __init__(self, accepted: Accepted, settings: DoseSettings, slice_mm: float) -> None:
        self.accepted, self.settings, self.slice_mm = accepted, settings, slice_mm
        self.warnings: list[str] = []

    def canonical(self, names: Iterable[str]) -> list[str]:
        """Give the accepted structures that names stand for, stand-ins included."""
        return [part for name in with_stand_ins(list(names), self.accepted) for part in self._behind(name)]

    def sources(self, recipe: RegionSettings) -> dict[str, list[str]]:
        """Give the accepted structures of a recipe; a side of both lungs is that lung where it was drawn alone."""
        groups = {"union": recipe.union, "within": recipe.within, "minus": recipe.minus}
        if recipe.side and recipe.union == ["Lungs"] and "Lungs" not in self.accepted:
            groups["union"] = ["Lung_L" if recipe.side == "left" else "Lung_R"]
        return {
            group: list(dict.fromkeys(part for part in self.canonical(names) if part in self.accepted))
            for group, names in groups.items()
        }

    def absent(self, names: Iterable[str]) -> list[str]:
        """Give those that have no contours."""
        return [part for part in self.canonical(names) if part not in self.accepted]

    def named(self, name: str) -> tuple[Structure, ...]:
        """Give the structures of one name, which may be joined ones."""
        recipe = self._recipe(name)
        if recipe is not None:
            return self.joined(name, recipe)
        return tuple(one for part in with_stand_ins([name], self.accepted) for one in self.accepted[part])

    def one(self, name: str) -> Structure:
        """Give one structure to limit a region to."""
        found = self.named(name)
        return found[0] if len(found) == 1 else grow(name, [self._layers(part) for part in found], Margin())

    def joined(self, name: str, recipe: RegionSettings) -> tuple[Structure, ...]:
        """Give what a recipe joins: with its side, and with its margin.

        Raises
        ------
        InputError
            Sides that are not clear.
        """
        union = recipe.union
        both = recipe.side and union == ["Lungs"] and "Lungs" not in self.accepted
        if both:
            union = ["Lung_L" if recipe.side == "left" else "Lung_R"]
        parts = tuple(one for part in with_stand_ins(union, self.accepted) for one in self.named(part))
        if recipe.side and not both:
            left, right = split_sides(self._layers(parts[0] if len(parts) == 1 else self.one(union[0])))
            parts = (left if recipe.side == "left" else right,)
        margin = _margin(recipe)
        if not any(margin.all_mm):
            return parts
        return (grow(name, [self._layers(part) for part in parts], margin),)

    def _recipe(self, name: str) -> RegionSettings | None:
        return None if name in CANONICAL_STRUCTURES else self.settings.structures.get(name)

    def _behind(self, name: str) -> list[str]:
        recipe = self._recipe(name)
        return [name] if recipe is None else self.canonical(recipe.union)

    def _layers(self, structure: Structure) -> Layers:
        layers = structure_layers(
            structure,
            end_cap=self.settings.end_cap,
            between_planes=self.settings.between_planes,
            slice_mm=self.slice_mm,
            step_mm=LAYER_MM,
        )
        self.warnings += [text for text in layers.warnings if text not in self.warnings]
        return layers


def _margin(recipe: RegionSettings) -> Margin:
    given = recipe.margin_mm
    if isinstance(given, float):
        return Margin.uniform(given)
    return Margin(given.left, given.right, given.posterior, given.anterior, given.superior, given.inferior)


def with_stand_ins(names: list[str], accepted: Collection[str]) -> list[str]:
    """Let one ROI of both lungs stand for the two, and the two for the one."""
    pair = ["Lung_L", "Lung_R"]
    if set(pair) <= set(names) and "Lungs" in accepted and not all(side in accepted for side in pair):
        return [name for name in names if name not in pair] + ["Lungs"]
    if "Lungs" in names and "Lungs" not in accepted and all(side in accepted for side in pair):
        return [name for name in names if name != "Lungs"] + pair
    return names


def _absent_fault(row: PatientRow, region: str, absent: Collection[str], *, or_else: str = "") -> Fault:
    names = ", ".join(absent)
    empty = [f"ROI {roi.number}, accepted as {roi.structure}" for roi in row.rois if roi.structure in absent]
    why = f"no closed contours in {', '.join(empty)}" if empty else f"no ROI accepted as {names}"
    return Fault(
        row.patient,
        f"a structure with contours for {names} (part of {region})",
        f"{why}; {_listed(row)}",
        f"Accept the right ROI as {names} in structures.csv.{or_else}",
        "structure-missing",
    )


def _listed(row: PatientRow) -> str:
    """Say what a structure set has, in canonical names only: a ROI name may tell who the patient is."""
    from lungtox.naming import propose_name

    path = row.path("structures")
    names = read_structure_names(path, who=row.patient) if path else {}
    known = [(number, propose_name(name).structure) for number, name in names.items()]
    read = [f"ROI {number} like {structure}" for number, structure in known if structure]
    others = len(known) - len(read)
    more = [f"{count_of(others, 'ROI')} of other names"] if others else []
    return f"the structure set has {', '.join([*read, *more]) or 'no ROI'}"
