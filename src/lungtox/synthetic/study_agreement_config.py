"""simulation.yaml of a study of two sources of dose, typed and closed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from lungtox.settings import Settings

Count = Annotated[int, Field(ge=0)]


class SiteSettings(Settings):
    """Patients of one site; it becomes the group of cases.csv."""

    anatomy: Literal["thorax", "head_and_neck", "pelvis"]
    """Which solids stand for the organs."""
    patients: int = Field(ge=1, le=500)
    """Plans."""
    prescription_gy: float = Field(default=60.0, gt=0, le=100)
    """Dose in the target."""


class GridSettings(Settings):
    """Dose grid of a source."""

    spacing_mm: float = Field(default=3.0, ge=1.0, le=10.0)
    """Distance of the dose points along every axis."""
    offset: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Place of the points in parts of the spacing: 0 for points at cell corners, 0.5 for cell centres."""


class SpeckleSettings(Settings):
    """Fine structure of the dose outside of the target, which every source samples on its own grid."""

    sd_pct: float = Field(default=0.0, ge=0, le=10)
    """Standard deviation in % of the local dose."""
    wavelength_mm: tuple[float, float] = (7.0, 14.0)
    """Shortest and longest wave."""


class GainSettings(Settings):
    """A source that gives more dose outside of the target, each plan by an amount of its own."""

    mean_pct: float
    """Mean."""
    sd_pct: float = Field(ge=0)
    """Standard deviation over the plans."""
    whole_sd_pct: float = Field(default=0.0, ge=0, le=5)
    """Standard deviation over the plans of a factor on the whole dose, target included, with the mean 1."""


class DeviationSettings(Settings):
    """Relative deviations of organs from another source: as many beyond 1.96 SD as a paper prints."""

    against: str
    """Source whose doses are changed."""
    outside: dict[str, dict[str, Annotated[int, Field(ge=0, le=3)]]]
    """Site -> organ -> patients that are to lie outside the limits of agreement."""
    bias_pct: float = 0.0
    """Mean deviation of the others, about."""
    sd_pct: float = Field(default=1.0, gt=0, le=5)
    """Scale of the deviations."""


class SimulatedSource(Settings):
    """A further source of dose."""

    grid: GridSettings = Field(default_factory=GridSettings)
    """Its dose grid."""
    gain: GainSettings | None = None
    """More dose outside of the target."""
    deviation: DeviationSettings | None = None
    """Organs that deviate from another source."""


class AgreementSimulation(Settings):
    """How the plans and the sources of a study are simulated."""

    kind: Literal["agreement"]
    """Says which simulator reads this file."""
    seed: int = Field(ge=0)
    """Seed of everything; each patient and source draws its own child stream from it."""
    prefix: str = Field(pattern=r"^[A-Z]{2,4}$")
    """Begins the study IDs."""
    sites: dict[str, SiteSettings] = Field(min_length=1)
    """Sites in order."""
    grid: GridSettings = Field(default_factory=GridSettings)
    """Dose grid of the first source, main."""
    speckle: SpeckleSettings = Field(default_factory=SpeckleSettings)
    """Fine structure of the dose."""
    sources: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], SimulatedSource] = Field(min_length=1)
    """Further sources; one that deviates from another stands after it."""

    @model_validator(mode="after")
    def _sources_are_known(self) -> AgreementSimulation:
        known = ["main"]
        for name, source in self.sources.items():
            deviation = source.deviation
            if deviation is not None and deviation.against not in known:
                raise ValueError(
                    f"one of {', '.join(known)} under {name}.deviation.against; {deviation.against!r} is not"
                )
            if deviation is not None and set(deviation.outside) - set(self.sites):
                raise ValueError(f"sites of this file under {name}.deviation.outside")
            known.append(name)
        return self
