"""Settings of `delivered.compare`. Light: pydantic only."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Literal

from pydantic import Field

from lungtox.errors import Fault, InputError, ParameterError
from lungtox.settings import Settings


class DeliveredComparisonSettings(Settings):
    """Planned against delivered dose over the cohort."""

    test: Literal["wilcoxon", "t"] = "wilcoxon"
    """Paired test whose p values are adjusted over the metrics (Benjamini-Hochberg). Both are shown; the choice is
    made here, never by p."""
    ntcp: dict[str, str] = Field(default_factory=dict)
    """Published model -> structure of dose.structures: its risk with planned and with delivered dose of each patient. A
    model on EQD2 needs the structure's alpha/beta in dose.eqd2."""
    allow_structure: list[str] = Field(default_factory=list)
    """Structures that a published model does not list but may be applied to here; labelled so."""
    allow_unchecked: list[str] = Field(default_factory=list)
    """Published models that may be used although their numbers were not checked at a source."""
    allow_fractionation: list[str] = Field(default_factory=list)
    """Published models that may be applied to more Gy per fraction than they were made for; labelled so."""
    curve_step_gy: float = Field(default=0.5, gt=0, le=10)
    """Distance of the points of the mean DVHs."""
    on_unusable: Literal["stop", "exclude"] = "stop"
    """What to do with patients whose sessions cannot be used: stop and list them all, or leave them out and list them
    in the report."""


def unknown_compared(
    settings: DeliveredComparisonSettings, *, compared: Collection[str], eqd2: Mapping[str, float]
) -> Iterator[Fault]:
    """Find names that refer to nothing, and models that cannot be used, before a run.

    Parameters
    ----------
    settings : DeliveredComparisonSettings
    compared : collection of str
        Structures with planned and delivered DVHs.
    eqd2 : mapping of str to float
        `dose.eqd2`: alpha/beta of the structures that have EQD2.
    """
    from lungtox.ntcp import published_model

    for name in settings.allow_fractionation:
        if name not in settings.ntcp:
            where, known = "config: delivered.compare.allow_fractionation", f"Known: {', '.join(settings.ntcp)}."
            yield Fault(where, "a model of delivered.compare.ntcp", repr(name), known, "config-reference")
    for name, structure in settings.ntcp.items():
        where = f"config: delivered.compare.ntcp.{name}"
        if structure not in compared:
            known = f"Known: {', '.join(compared)}."
            yield Fault(where, "a structure of the section delivered", repr(structure), known, "config-reference")
            continue
        try:
            model = published_model(name)
        except ParameterError as error:
            yield Fault(where, "a published model", repr(name), str(error), "config-reference")
            continue
        if model.quantity == "eqd2" and structure not in eqd2:
            action = f"Add {structure} with its alpha/beta to dose.eqd2."
            yield Fault(where, f"EQD2 of {structure}", "physical dose only", action, "config-reference")
            continue
        try:
            model.require_quantity(model.quantity, eqd2.get(structure) if model.quantity == "eqd2" else None)
            if name not in settings.allow_unchecked:
                model.require_checked()
            if structure not in (*model.structures, *settings.allow_structure):
                action = "Name the structure under delivered.compare.allow_structure to apply it, labelled so."
                raise model.refusal(f"a DVH of {' or '.join(model.structures)}", structure, action)
        except InputError as error:
            yield from error.faults
