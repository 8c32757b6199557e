"""The lung DVH of one case from a planning system's DVH export, for ``lungtox ntcp``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lungtox.commands.ntcp_case import Case, Source
from lungtox.dose.dvhtext import DvhExport, TextDvh
from lungtox.errors import Fault, InputError, ParameterError
from lungtox.extraction import read_dvh_export
from lungtox.ntcp import dose_per_fraction_gy, eqd2_dvhs

if TYPE_CHECKING:
    from lungtox.dose import Dvh
    from lungtox.ntcp import PublishedModel

WHO = "--dvh"


def exported_case(model: PublishedModel, source: Source, path: Path) -> Case:
    """Read the DVH of the lung in the model's quantity; give it with what was found on the way.

    Parameters
    ----------
    model : PublishedModel
        For one in EQD2, that is made bin by bin with its (largest) alpha/beta.
    source : Source
        `lungs`: name of the structure in the file (empty: those that are named as the model names its structures);
        `lung_is`: what it is, such as ``Lungs-GTV``, because names of planning systems do not say whether the tumour is
        taken out; `fractions`: of the plan, where the file does not say it.
    path : Path

    Raises
    ------
    InputError
        The file cannot be used, has no such structure, or names other fractions.
    ParameterError
        Options that are missing.
    """
    export = read_dvh_export(path, who=WHO)
    dvhs: list[Dvh] = []
    notes: list[str] = []
    fractions: set[int | None] = set()
    each_gy: set[float | None] = set()
    for structure, found in _lungs(model, source, export):
        number = _number(source.fractions, found)
        fractions.add(None if found.plan_sum else number)
        each_gy.add(dose_per_fraction_gy(found.prescription_gy or None, number))
        physical = found.to_dvh(structure=structure)
        dvhs.append(physical)
        notes += found.warnings
        if model.quantity == "eqd2":
            if number is None or found.plan_sum:
                raise ParameterError(
                    f"{model.name} takes EQD2: give --fractions for the DVH of one plan (a plan sum has no EQD2)"
                )
            notes.append("EQD2 was made bin by bin from the export: right for one plan given in the stated fractions")
            own = max(model.alpha_beta_gy)
            dvhs.append(eqd2_dvhs(physical, number, [own])[own])
    return Case(
        dvhs=tuple(dvhs),
        warnings=tuple(note for note in dict.fromkeys(notes) if note),
        fractions=fractions.pop() if len(fractions) == 1 else None,
        fraction_gy=max((each for each in each_gy if each is not None), default=None),
    )


def _lungs(model: PublishedModel, source: Source, export: DvhExport) -> list[tuple[str, TextDvh]]:
    if source.lungs:
        if len(source.lungs) != 1 or source.lung_is is None:
            raise ParameterError(
                "with a DVH export give --lung once, and --lung-is Lungs or Lungs-GTV: DVHs cannot be composed"
            )
        return [(source.lung_is, named_dvh(export, source.lungs[0]))]
    listed = dict.fromkeys([*model.structures, *([source.lung_is] if source.lung_is else [])])
    found = [(name, named_dvh(export, name)) for name in listed if name in export.names.values()]
    if not found:
        action = "Name the structure with --lung, and what it is with --lung-is."
        there = ", ".join(export.names.values())
        raise InputError(Fault(WHO, f"a DVH of {' or '.join(model.structures)}", there, action, "structure-missing"))
    return found


def _number(given: int | None, found: TextDvh) -> int | None:
    if given is not None and found.fractions is not None and given != found.fractions:
        wrong = f"{found.fractions} in the file"
        action = "Leave --fractions out, or export the right plan."
        raise InputError(Fault(WHO, f"{given} fractions as --fractions says", wrong, action, "fractions"))
    return given or found.fractions


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
