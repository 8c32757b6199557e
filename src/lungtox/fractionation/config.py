"""Settings of the `fractionation` section. Light: pydantic only."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Annotated

from pydantic import Field, model_validator

from lungtox.errors import Fault
from lungtox.settings import Settings

PositiveGy = Annotated[float, Field(gt=0)]


class RepopulationSettings(Settings):
    """Tumour repopulation: the BED that long courses lose."""

    k_gy_per_day: float = Field(ge=0)
    """BED in Gy that each day after the kick-off loses."""
    kick_off_days: float = Field(ge=0)
    """Tk, in days after the first fraction."""


class ScheduleSettings(Settings):
    """A reference schedule."""

    fractions: int = Field(ge=1, le=100)
    """Number of fractions."""
    fraction_gy: PositiveGy
    """Dose per fraction in Gy."""


class TumourSettings(Settings):
    """The tumour effect that is held fixed, by exactly one of `eqd2_gy`, `bed_gy` and `schedule`."""

    alpha_beta_gy: PositiveGy | None = None
    """Alpha/beta of the tumour in Gy. There is no default: a BED without it means nothing."""
    eqd2_gy: PositiveGy | None = None
    """Effect as dose in 2 Gy fractions. With repopulation: what is left after it."""
    bed_gy: PositiveGy | None = None
    """Effect as BED with `alpha_beta_gy`. With repopulation: what is left after it."""
    schedule: ScheduleSettings | None = None
    """Effect of a reference schedule; what repopulation takes away during it is subtracted."""
    structure: str | None = None
    """Target whose DVH gives the tumour effect E1; left out: no E1."""
    repopulation: RepopulationSettings | None = None
    """Left out: overall time does not matter."""
    fractions_per_week: int = Field(default=5, ge=1, le=7)
    """On consecutive days from Monday; matters with repopulation only."""

    @model_validator(mode="after")
    def _goal_is_stated(self) -> TumourSettings:
        if self.alpha_beta_gy is None:
            raise ValueError("alpha_beta_gy of the tumour: a BED or EQD2 without its alpha/beta means nothing")
        given = [name for name in ("eqd2_gy", "bed_gy", "schedule") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"exactly one of eqd2_gy, bed_gy and schedule, not {', '.join(given) or 'none'}")
        return self


class OrganSettings(Settings):
    """One organ at risk, and the rule that turns its curve E0(n) into a range of n: exactly one of the two."""

    alpha_beta_gy: PositiveGy
    """Alpha/beta of the organ in Gy."""
    tolerance_gy: PositiveGy | None = None
    """Admissible: E0(n) of at most this, as BED in Gy with the organ's alpha/beta, mean over its volume."""
    within_pct: float | None = Field(default=None, ge=0)
    """Admissible: E0(n) of at most so many percent above its smallest value in the range."""
    alpha_beta_range_gy: list[PositiveGy] = Field(default_factory=list)
    """Other values of alpha/beta to try, one at a time."""

    @model_validator(mode="after")
    def _one_rule(self) -> OrganSettings:
        if (self.tolerance_gy is None) == (self.within_pct is None):
            raise ValueError("exactly one of tolerance_gy and within_pct")
        return self


class FractionationSettings(Settings):
    """Number of fractions of equal tumour effect, judged on the organs' DVHs (linear-quadratic model)."""

    fractions: tuple[int, int] = (10, 35)
    """Smallest and largest number of fractions that are looked at."""
    reference_gy: PositiveGy | None = None
    """Dose of the plan that the total dose of a schedule stands for. Left out: the prescription of the plan."""
    tumour: TumourSettings
    """Tumour effect that is held fixed."""
    organs: dict[str, OrganSettings] = Field(min_length=1)
    """Organs at risk: structures of `dose.structures`."""
    tumour_alpha_beta_range_gy: list[PositiveGy] = Field(default_factory=list)
    """Other values of the tumour's alpha/beta to try, the effect held as EQD2 (or as the reference schedule)."""
    ntcp: dict[str, str] = Field(default_factory=dict)
    """Published model on EQD2 -> the organ whose risk it gives beside the effect. A model on physical dose knows no
    fractionation and is refused."""
    allow_structure: list[str] = Field(default_factory=list)
    """Organs that a published model does not list but may be applied to here; labelled so."""
    allow_unchecked: list[str] = Field(default_factory=list)
    """Published models that may be used although their numbers were not checked at a source."""

    @model_validator(mode="after")
    def _range_is_one(self) -> FractionationSettings:
        low, high = self.fractions
        if not 1 <= low < high <= 100:
            raise ValueError(f"fractions from 1 to 100, the smaller first, got {low} and {high}")
        return self


def fractionation_selections(settings: FractionationSettings | None) -> list[tuple[str, str, str]]:
    """Give the DVHs that the room reads, as (structure, weighting, quantity)."""
    if settings is None:
        return []
    names = dict.fromkeys([*settings.organs, *([settings.tumour.structure] if settings.tumour.structure else [])])
    return [(name, "anatomical", "physical") for name in names]


def unknown_references(settings: FractionationSettings, structures: Collection[str]) -> Iterator[Fault]:
    """Find names in the settings that refer to nothing, and models that cannot be used, before a run."""
    from lungtox.errors import InputError, ParameterError
    from lungtox.fractionation.optimise import goal_of
    from lungtox.fractionation.risk import require_usable

    def fault(where: str, expected: str, found: str, action: str) -> Fault:
        return Fault(f"config: fractionation.{where}", expected, found, action, "config-reference")

    try:
        goal_of(settings.tumour)
    except ParameterError as error:
        yield fault("tumour", "an effect that is left after repopulation", str(error), "Correct the goal.")
    except InputError as error:
        yield from (replace(one, who="config: fractionation.tumour", code="config-value") for one in error.faults)
    named = [("organs", name) for name in settings.organs]
    named += [("tumour.structure", settings.tumour.structure)] if settings.tumour.structure else []
    for where, name in named:
        if name not in structures:
            known = ", ".join(structures)
            yield fault(where, "a structure of dose.structures", repr(name), f"Known: {known}.")
    for model, organ in settings.ntcp.items():
        if organ not in settings.organs:
            yield fault(f"ntcp.{model}", "an organ of fractionation.organs", repr(organ), "Correct the name.")
            continue
        try:
            require_usable(model, alpha_beta_gy=settings.organs[organ].alpha_beta_gy,
                           allow_unchecked=settings.allow_unchecked)  # fmt: skip
        except ParameterError as error:
            yield fault("ntcp", "a published model", repr(model), str(error))
        except InputError as error:
            yield from error.faults
