"""The lung DVH of one case from a planning system's DVH export, for ``lungtox ntcp``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lungtox.dose.dvhtext import DvhExport, TextDvh
from lungtox.errors import Fault, InputError, ParameterError
from lungtox.extraction import eqd2_dvh, read_dvh_export

if TYPE_CHECKING:
    from lungtox.dose import Dvh
    from lungtox.ntcp import PublishedModel

WHO = "--dvh"


def exported_lung_dvhs(
    model: PublishedModel, path: Path, *, lungs: Sequence[str], lung_is: str | None, fractions: int | None
) -> tuple[tuple[Dvh, ...], tuple[str, ...]]:
    """Read the DVH of the lung in the model's quantity; give it with what was found on the way.

    Parameters
    ----------
    model : PublishedModel
        For one in EQD2, that is made bin by bin with its (largest) alpha/beta.
    path : Path
    lungs : sequence of str
        Name of the structure in the file. Empty: those that are named as the model names its structures.
    lung_is : str, optional
        What the named structure is, such as ``Lungs-GTV``: names of planning systems do not say whether the tumour
        is taken out.
    fractions : int, optional
        Of the plan, where the file does not say it.

    Raises
    ------
    InputError
        The file cannot be used, or has no such structure.
    ParameterError
        Options that are missing.
    """
    export = read_dvh_export(path, who=WHO)
    found: list[tuple[str, TextDvh]]
    if lungs:
        if len(lungs) != 1 or lung_is is None:
            raise ParameterError(
                "with a DVH export give --lung once, and --lung-is Lungs or Lungs-GTV: DVHs cannot be composed"
            )
        found = [(lung_is, named_dvh(export, lungs[0]))]
    else:
        listed = dict.fromkeys([*model.structures, *([lung_is] if lung_is else [])])
        found = [(name, named_dvh(export, name)) for name in listed if name in export.names.values()]
    if not found:
        action = "Name the structure with --lung, and what it is with --lung-is."
        there = ", ".join(export.names.values())
        raise InputError(Fault(WHO, f"a DVH of {' or '.join(model.structures)}", there, action, "structure-missing"))
    dvhs: list[Dvh] = []
    notes: list[str] = []
    for structure, source in found:
        number = fractions or source.fractions
        physical = source.to_dvh(structure=structure)
        dvhs.append(physical)
        notes += [*source.warnings, model.fractionation_note(source.prescription_gy, number)]
        if model.quantity == "eqd2":
            if number is None or source.plan_sum:
                raise ParameterError(
                    f"{model.name} takes EQD2: give --fractions for the DVH of one plan (a plan sum has no EQD2)"
                )
            notes.append("EQD2 was made bin by bin from the export")
            dvhs.append(eqd2_dvh(physical, number, max(model.alpha_beta_gy), bin_width_gy=physical.bin_width_gy))
    return tuple(dvhs), tuple(note for note in dict.fromkeys(notes) if note)


def named_dvh(export: DvhExport, name: str) -> TextDvh:
    """Give the DVH of the one structure of an export that has this name; InputError where there is none or several."""
    places = [position for position, known in export.names.items() if known == name.strip()]
    if len(places) != 1:
        there = ", ".join(export.names.values())
        found = f"{len(places)} among {there}"
        action = "Give a name of the file; export one plan where several have it."
        raise InputError(Fault(WHO, f"one structure {name!r}", found, action, "structure"))
    for item in export.unusable:
        if item.position == places[0]:
            raise InputError(item.faults)
    return next(dvh for dvh in export.dvhs if dvh.position == places[0])
