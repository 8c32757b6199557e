"""When a deformation field is refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from lungtox.delivered.quality import FieldFigures, StructureQuality
from lungtox.errors import Fault

if TYPE_CHECKING:
    from lungtox.delivered.config import DeliveredSettings

_LOOK = "Look at the registration and correct it, or leave this session out and give its fractions to a neighbour."


def limit_faults(
    figures: FieldFigures | None,
    structures: Mapping[str, StructureQuality],
    settings: DeliveredSettings,
    *,
    partial: Collection[str] = (),
    who: str,
) -> list[Fault]:
    """Find what lies beyond the limits of the config, in the dose and in each structure.

    Parameters
    ----------
    figures : FieldFigures or None
        Of the volume of high dose; None without a field.
    structures : mapping of str to StructureQuality
    settings : DeliveredSettings
    partial : collection of str
        Structures that may leave the field and the session's dose.
    who : str
    """
    faults: list[Fault] = []
    shares = {name: one.jacobian.folding_pct for name, one in structures.items()}
    if figures is not None:
        shares = {f"the volume of at least {settings.quality_from_pct:g} % of the dose": figures.jacobian.folding_pct,
                  **shares}  # fmt: skip
    for where, share_pct in shares.items():
        if share_pct > settings.max_folding_pct:
            expected = f"folding (Jacobian determinant 0 or less) in at most {settings.max_folding_pct:g} % of {where}"
            faults.append(Fault(who, expected, f"{share_pct:.3g} %", _LOOK, "delivered-folding"))
    for name, one in structures.items():
        if one.max_displacement_mm > settings.max_displacement_mm:
            expected = f"a displacement of at most {settings.max_displacement_mm:g} mm in {name}"
            faults.append(Fault(who, expected, f"{one.max_displacement_mm:.3g} mm", _LOOK, "delivered-displacement"))
        allowed_pct = 100.0 if name in partial else 100.0 - settings.minimum_coverage_pct + 1e-6
        if one.undefined_pct > allowed_pct:
            faults.append(undefined_fault(name, one.undefined_pct, who))
        elif 100.0 - one.coverage_pct > allowed_pct:
            expected = f"a session dose that covers {settings.minimum_coverage_pct:g} % of {name}"
            found = f"{100.0 - one.coverage_pct:.3g} % of its volume outside"
            action = "Calculate the session's dose on a larger grid, or lower delivered.minimum_coverage_pct."
            faults.append(Fault(who, expected, found, action, "delivered-coverage"))
    return faults


def undefined_fault(structure: str, share_pct: float, who: str) -> Fault:
    """Say that a field does not reach all of a structure."""
    action = "Export the field for the whole structure, or leave it out of delivered.structures."
    found = f"{share_pct:.3g} % of its volume without a vector"
    return Fault(who, f"a field that covers {structure}", found, action, "delivered-coverage")
