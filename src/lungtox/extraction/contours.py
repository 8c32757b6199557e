"""Functional lung that a physician drew: the part of the structure inside the contour, and the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lungtox.errors import Fault
from lungtox.extraction.patients import PatientRow
from lungtox.extraction.regions import Accepted, compose_regions
from lungtox.geometry import Region

if TYPE_CHECKING:  # pydantic is slow to import, and `lungtox dvh` has no config
    from lungtox.dose.config import DoseSettings, FunctionSettings


@dataclass(frozen=True)
class ContourRegions:
    """Regions of one physician's contour in the structure of the functional analysis.

    Attributes
    ----------
    name : str
        Of the contour: a structure of the config.
    inside, outside : Region
    """

    name: str
    inside: Region
    outside: Region


def contour_regions(
    row: PatientRow,
    accepted: Accepted,
    settings: DoseSettings,
    function: FunctionSettings,
    *,
    known: Mapping[str, Region],
    slice_mm: float,
) -> tuple[list[ContourRegions], list[Fault]]:
    """Compose the regions of every contour under `function.regions`.

    Parameters
    ----------
    row, accepted, settings, slice_mm
        As for `compose_regions`.
    function : FunctionSettings
    known : mapping of str to Region
        The analysed structures of this patient. A contour that is not among them was not drawn.

    Returns
    -------
    list of ContourRegions
    list of Fault
        They concern the functional analysis only.
    """
    found: list[ContourRegions] = []
    faults: list[Fault] = []
    if function.structure not in known:
        return found, faults
    recipe = settings.structures[function.structure]
    for name in function.contours:
        if name not in known:
            continue
        inside, outside = f"functional:{name}", f"nonfunctional:{name}"
        structures = {
            **settings.structures,
            inside: recipe.model_copy(update={"within": [*recipe.within, name]}),
            outside: recipe.model_copy(update={"minus": [*recipe.minus, name]}),
        }
        own = settings.model_copy(update={"structures": structures})
        regions, _, more = compose_regions(row, accepted, own, slice_mm=slice_mm, only=(inside, outside))
        faults += more
        if len(regions) == 2:
            found.append(ContourRegions(name, regions[inside], regions[outside]))
    return found, faults
