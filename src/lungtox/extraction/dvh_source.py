"""One patient whose doses come from a planning system's DVH export: structures are accepted, never composed."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from lungtox.dose import Dvh, dvh_from_samples, eqd2_gy
from lungtox.dose.config import DoseSettings, RegionSettings
from lungtox.dose.dvhtext import DvhExport, TextDvh
from lungtox.errors import Fault, InputError, count_of
from lungtox.extraction.accepted import AcceptedRoi
from lungtox.extraction.dvh_export import read_dvh_export
from lungtox.extraction.patients import PatientRow
from lungtox.extraction.regions import LUNGS, WHOLE_ORGAN, with_stand_ins
from lungtox.naming import CANONICAL_STRUCTURES

LUNGS_WITHOUT_GTV = "Lungs-GTV"  # canonical, and what a recipe of that name composes
NO_GRID = "the DVHs come from a planning system's export: grid and contours are not known"
RECHECK = "The export has changed since structures.csv was accepted: review it again."


@dataclass(frozen=True)
class ExportedDvhs:
    """What a DVH export gave for one patient.

    Attributes
    ----------
    dvhs : tuple of Dvh
        Physical dose and EQD2 of each analysed structure that is there.
    sources : dict of str to TextDvh
        What each analysed structure was taken from.
    warnings : tuple of str
    fractions : int or None
    prescription_gy : float or None
    """

    dvhs: tuple[Dvh, ...]
    sources: dict[str, TextDvh]
    warnings: tuple[str, ...]
    fractions: int | None
    prescription_gy: float | None


def read_exported_dvhs(row: PatientRow, settings: DoseSettings) -> ExportedDvhs:
    """Read the accepted structures of a DVH export.

    Parameters
    ----------
    row : PatientRow
        Its ROIs name places in the file, from 1, and what they were accepted as: an analysed structure of the config,
        or a canonical one that an analysed structure is made of alone.
    settings : DoseSettings

    Raises
    ------
    InputError
        The file or an accepted structure cannot be used; a lung structure is not there; EQD2 is asked for and the
        number of fractions is not known.
    """
    path = row.export
    if path is None:
        raise InputError(Fault(row.patient, "a DVH export", "none in patients.csv", "Fill the cell.", "file-missing"))
    export = read_dvh_export(path, who=f"{row.patient}, DVH file")
    accepted = _accepted(row, export, settings)
    sources: dict[str, TextDvh] = {}
    warnings = [NO_GRID]
    faults: list[Fault] = []
    for name, recipe in settings.structures.items():
        source, warning, fault = _source(row.patient, name, recipe, accepted, export, settings)
        if source is not None:
            sources[name] = source
            warnings += [f"{name}: {text}" for text in source.warnings]
        warnings += [warning] if warning else []
        faults += [fault] if fault else []
    taken = {item.position for item in accepted.values()}
    warnings += [str(f) for item in export.unusable if item.position not in taken for f in item.faults]
    fractions, more = _fractions(row, sources)
    dvhs: list[Dvh] = []
    for name, source in sources.items():
        physical = source.to_dvh(bin_width_gy=settings.bin_width_gy, structure=name)
        dvhs.append(physical)
        alpha_beta_gy = settings.eqd2.get(name)
        if alpha_beta_gy is None:
            continue
        if source.plan_sum:
            # EQD2 is made for each course before they are added, and a sum no longer tells them apart.
            warnings.append(f"{name}: a sum of several plans has no EQD2; it is left out")
        elif fractions is not None:
            dvhs.append(eqd2_dvh(physical, fractions, alpha_beta_gy, bin_width_gy=settings.bin_width_gy))
        elif not more:
            more = [_fractions_fault(row.patient)]
    if faults := [*faults, *more]:
        raise InputError(faults)
    prescriptions = {source.prescription_gy for source in sources.values()}
    prescription_gy = prescriptions.pop() if len(prescriptions) == 1 else None
    return ExportedDvhs(tuple(dvhs), sources, tuple(dict.fromkeys(warnings)), fractions, prescription_gy)


def _accepted(row: PatientRow, export: DvhExport, settings: DoseSettings) -> dict[str, TextDvh]:
    """Give the structures of the file by the name that they were accepted as."""
    known = dict.fromkeys([*settings.structures, *CANONICAL_STRUCTURES])
    usable = {dvh.position: dvh for dvh in export.dvhs}
    damaged = {item.position: item for item in export.unusable}
    accepted: dict[str, TextDvh] = {}
    faults: list[Fault] = []
    for roi in row.rois:
        if roi.structure not in known:
            near = difflib.get_close_matches(roi.structure, list(known), n=1, cutoff=0.0)[0]
            expected = f"one of {', '.join(known)} in structures.csv"
            faults.append(
                Fault(row.patient, expected, repr(roi.structure), f"Did you mean {near!r}?", "structure-name")
            )
        elif export.names.get(roi.number) != roi.name.strip():
            faults.append(_changed(row.patient, roi, export))
        elif roi.structure in accepted:
            action = f"DVHs cannot be joined: accept one structure as {roi.structure}."
            twice = f"{roi.structure} twice"
            faults.append(Fault(row.patient, "each structure of a DVH file once", twice, action, "structure-twice"))
        elif roi.number in damaged:
            faults += damaged[roi.number].faults
        else:
            accepted[roi.structure] = usable[roi.number]
    if faults:
        raise InputError(faults)
    return accepted


def _changed(patient: str, roi: AcceptedRoi, export: DvhExport) -> Fault:
    there = ", ".join(f"{number} {name}" for number, name in export.names.items())
    expected = f"structure {roi.number} of the DVH file named {roi.name!r}, accepted as {roi.structure}"
    return Fault(patient, expected, there, RECHECK, "structure-changed")


def _source(
    patient: str,
    name: str,
    recipe: RegionSettings,
    accepted: Mapping[str, TextDvh],
    export: DvhExport,
    settings: DoseSettings,
) -> tuple[TextDvh | None, str | None, Fault | None]:
    """Find the DVH of an analysed structure: accepted as it, or as the one canonical structure that it is made of."""
    if name in accepted and (name not in CANONICAL_STRUCTURES or name == LUNGS_WITHOUT_GTV):
        return accepted[name], None, None
    union = with_stand_ins(list(recipe.union), accepted)
    plain = len(union) == 1 and not recipe.within and recipe.side is None and recipe.margin_mm == 0.0
    alone = plain and union[0] in accepted
    uncut = [part for part in recipe.minus if part not in accepted]
    if alone and not recipe.minus:
        return accepted[union[0]], None, None
    if alone and uncut == recipe.minus and settings.gtv_absent == "accept":
        warning = f"{name}: no contours of {', '.join(uncut)}; nothing taken out, so this is the whole organ"
        return accepted[union[0]], warning, None
    if not LUNGS & _behind(recipe, settings):
        return None, f"{name}: no DVH accepted as it; left out", None
    listed = ", ".join(f"{number} {text}" for number, text in export.names.items())
    action = f"DVHs cannot be composed: export the DVH of {name} and accept it under that name in structures.csv."
    if alone and uncut == recipe.minus:
        action += WHOLE_ORGAN
    fault = Fault(patient, f"a DVH accepted as {name}", f"none; the file has {listed}", action, "structure-missing")
    return None, None, fault


def _behind(recipe: RegionSettings, settings: DoseSettings) -> set[str]:
    """Give what a recipe joins, with what other analysed structures in it are made of."""
    found: set[str] = set()
    names = list(recipe.union)
    while names:
        name = names.pop()
        if name not in found:
            found.add(name)
            other = None if name in CANONICAL_STRUCTURES else settings.structures.get(name)
            names += other.union if other is not None else []
    return found


def _fractions(row: PatientRow, sources: Mapping[str, TextDvh]) -> tuple[int | None, list[Fault]]:
    found = {dvh.fractions for dvh in sources.values() if dvh.fractions is not None}
    if row.fractions is not None and found - {row.fractions}:
        numbers = ", ".join(str(number) for number in sorted(found))
        action = "Correct the column fractions, or leave it empty."
        return None, [
            Fault(
                row.patient, f"{count_of(row.fractions, 'fraction')} as in patients.csv", numbers, action, "fractions"
            )
        ]
    return row.fractions or (found.pop() if len(found) == 1 else None), []


def _fractions_fault(patient: str) -> Fault:
    action = "Fill the column fractions of patients.csv, or take the structure out of dose.eqd2."
    return Fault(patient, "the number of fractions, for EQD2", "none in the DVH file", action, "fractions")


def eqd2_dvh(dvh: Dvh, fractions: int, alpha_beta_gy: float, *, bin_width_gy: float) -> Dvh:
    """Convert a DVH of physical dose to EQD2 bin by bin: each has its own dose per fraction."""
    filled = dvh.volume_cc > 0
    made = dvh_from_samples(
        eqd2_gy(dvh.mid_gy[filled], fractions, alpha_beta_gy),
        dvh.volume_cc[filled],
        structure=dvh.structure,
        quantity="eqd2",
        alpha_beta_gy=alpha_beta_gy,
        bin_width_gy=bin_width_gy,
        coverage_pct=dvh.coverage_pct,
    )
    return replace(made, relative_volume=dvh.relative_volume)
