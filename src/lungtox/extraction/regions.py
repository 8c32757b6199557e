"""From accepted ROIs to the regions that the config asks for."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from lungtox.dicom import read_structure_names, read_structures
from lungtox.dose.config import DoseSettings, RegionSettings
from lungtox.errors import Fault, InputError
from lungtox.extraction.patients import PatientRow
from lungtox.geometry import Region, Structure, StructureSet

WHOLE_ORGAN = " Or set dose.gtv_absent: accept, which takes the whole organ and says so."
LUNGS = frozenset({"Lungs", "Lung_L", "Lung_R"})


def needed_structures(settings: DoseSettings) -> frozenset[str]:
    """Give the canonical structures that the config names, and those that may stand in for them."""
    named = {name for region in settings.structures.values() for name in (*region.union, *region.within, *region.minus)}
    return frozenset(named | LUNGS if named & LUNGS else named)


def read_accepted(row: PatientRow, settings: DoseSettings) -> tuple[dict[str, Structure], StructureSet]:
    """Read the accepted ROIs that the config needs.

    Returns
    -------
    dict of str to Structure
        By canonical name, those with contours.
    StructureSet
        As read, for its frame of reference and warnings.

    Raises
    ------
    InputError
        The file cannot be used, or a ROI is not the one that was accepted.
    """
    path = row.path("structures")
    if path is None:
        raise InputError(
            Fault(row.patient, "a structure set", "none in patients.csv", "Fill the cell.", "structures-missing")
        )
    wanted = needed_structures(settings)
    rois = [roi for roi in row.rois if roi.structure in wanted]
    found = read_structures(path, names=[roi.number for roi in rois], who=row.patient)
    accepted: dict[str, Structure] = {}
    faults = []
    for roi in rois:
        structure = found.structures.get(roi.number)
        if structure is None or structure.name != roi.name.strip():
            there = f"no ROI of that number; {_listed(row)}" if structure is None else f"the name {structure.name!r}"
            expected = f"ROI {roi.number} named {roi.name!r}, accepted as {roi.structure}"
            action = "The structure set has changed since structures.csv was accepted: review it again."
            faults.append(Fault(row.patient, expected, there, action, "structure-changed"))
        elif structure.planes:
            accepted[roi.structure] = Structure(roi.structure, structure.planes, roi.number)
    if faults:
        raise InputError(faults)
    return accepted, found


def compose_regions(
    row: PatientRow, accepted: Mapping[str, Structure], settings: DoseSettings
) -> tuple[dict[str, Region], list[str], list[Fault]]:
    """Compose the analysed structures of one patient.

    Parameters
    ----------
    row : PatientRow
    accepted : mapping of str to Structure
        Canonical structures that have contours.
    settings : DoseSettings

    Returns
    -------
    regions : dict of str to Region
    warnings : list of str
        An organ that is not there is left out with a warning; its metrics stay empty.
    faults : list of Fault
        Lungs that are not there, and a tumour that is not there (unless `gtv_absent: accept`), make the patient
        unusable: the whole lung is never taken in silence.
    """
    regions: dict[str, Region] = {}
    warnings: list[str] = []
    faults: list[Fault] = []
    for name, recipe in settings.structures.items():
        parts = with_stand_ins(recipe, accepted)
        absent = [part for part in (*parts.union, *parts.within) if part not in accepted]
        if absent:
            if LUNGS & set(recipe.union):
                faults.append(_absent_fault(row, name, absent))
            else:
                warnings.append(f"{name}: no contours of {', '.join(absent)}; left out")
            continue
        uncut = [part for part in parts.minus if part not in accepted]
        if uncut and settings.gtv_absent == "refuse":
            faults.append(_absent_fault(row, name, uncut, or_else=WHOLE_ORGAN))
            continue
        if uncut:
            warnings.append(f"{name}: no contours of {', '.join(uncut)}; nothing taken out, so this is the whole organ")
        regions[name] = Region(
            name,
            union=tuple(accepted[part] for part in parts.union),
            minus=tuple(accepted[part] for part in parts.minus if part in accepted),
            within=tuple(accepted[part] for part in parts.within),
        )
    return regions, warnings, faults


def with_stand_ins(recipe: RegionSettings, accepted: Collection[str]) -> RegionSettings:
    """Let one ROI of both lungs stand for the two, and the two for the one."""
    union = list(recipe.union)
    pair = ["Lung_L", "Lung_R"]
    if set(pair) <= set(union) and "Lungs" in accepted and not any(side in accepted for side in pair):
        union = [part for part in union if part not in pair] + ["Lungs"]
    elif "Lungs" in union and "Lungs" not in accepted and all(side in accepted for side in pair):
        union = [part for part in union if part != "Lungs"] + pair
    return recipe.model_copy(update={"union": union})


def _absent_fault(row: PatientRow, region: str, absent: Collection[str], *, or_else: str = "") -> Fault:
    names = ", ".join(absent)
    empty = [repr(roi.name) for roi in row.rois if roi.structure in absent]
    why = f"no closed contours in {', '.join(empty)}" if empty else f"no ROI accepted as {names}"
    return Fault(
        row.patient,
        f"a structure with contours for {names} (part of {region})",
        f"{why}; {_listed(row)}",
        f"Accept the right ROI as {names} in structures.csv.{or_else}",
        "structure-missing",
    )


def _listed(row: PatientRow) -> str:
    path = row.path("structures")
    names = ", ".join(read_structure_names(path, who=row.patient).values()) if path else ""
    return f"the structure set has {names or 'no ROI'}"
