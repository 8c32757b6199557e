"""Settings of the `delivered` section. Light: pydantic only."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Literal

from pydantic import Field, model_validator

from lungtox.delivered.compare_config import DeliveredComparisonSettings, unknown_compared
from lungtox.dose.metric_names import parse_metric
from lungtox.errors import Fault
from lungtox.imaging.config import DeformableSettings as DeformableSettings
from lungtox.settings import Settings

DoseOf = Literal["plan", "fraction", "session"]


class DeliveredSettings(Settings):
    """The dose that was delivered: doses of sessions, accumulated on the planning grid."""

    sessions: str
    """Table of sessions: `patient, session, dose, field, fractions, structures, cbct`, paths relative to it. `dose` is
    the dose calculated on the anatomy of the session, `field` leads from planning points to the session (DICOM
    Deformable Spatial Registration or Spatial Registration, NIfTI, MetaImage; empty where the dose already lies on the
    planning anatomy), `fractions` how many fractions of the plan the session stands for; they must add up to those of
    the plan."""
    dose_of: DoseOf = "plan"
    """What a session's dose file holds: `plan`, the whole plan calculated on the anatomy of the day; `fraction`, one
    fraction; `session`, all the fractions for which the session stands."""
    structures: list[str] = Field(default_factory=list)
    """Structures of dose.structures that are compared; empty: all of them."""
    metrics: dict[str, list[str]] = Field(default_factory=dict)
    """Structure -> metrics of planned and delivered dose; empty: those of dose.metrics."""
    max_folding_pct: float = Field(default=0.1, ge=0, le=100)
    """Largest share in % of a structure, and of the volume within quality_from_pct, in which a field folds (Jacobian
    determinant 0 or less: tissue turned inside out); more is refused."""
    max_displacement_mm: float = Field(default=60.0, gt=0)
    """Largest displacement in any structure, apart from the rigid part of a registration; more is refused."""
    minimum_coverage_pct: float = Field(default=100.0, ge=0, le=100)
    """Share in % of a structure that must have a vector, and its source within the session's dose; less is refused."""
    quality_from_pct: float = Field(default=10.0, gt=0, lt=100)
    """The Jacobian is judged where the planned dose is at least this share in % of its maximum, and in each structure.
    """
    max_dose_ratio: float = Field(default=2.0, gt=1)
    """Largest ratio of accumulated to planned mean dose in the same volume, either way; beyond it dose_of is wrong."""
    register_cbct: bool = False
    """Register the planning CT to the CBCT of sessions that have no field (column cbct). Such results are marked
    everywhere: a field that a person has checked is better."""
    deformable: DeformableSettings = Field(default_factory=DeformableSettings)
    """How images are registered under register_cbct."""
    compare: DeliveredComparisonSettings = Field(default_factory=DeliveredComparisonSettings)
    """Planned against delivered dose over the cohort."""

    @model_validator(mode="after")
    def _each_once_and_known(self) -> DeliveredSettings:
        if len(self.structures) != len(set(self.structures)):
            raise ValueError("each structure once")
        for names in self.metrics.values():
            for name in names:
                metric = parse_metric(name)
                if metric.whole or metric.kind == "split":
                    raise ValueError(f"{name!r} is a metric of function; delivered dose has anatomical DVHs")
        return self


def unknown_delivered(
    settings: DeliveredSettings, structures: Collection[str], eqd2: Mapping[str, float]
) -> Iterator[Fault]:
    """Find structures that the config does not analyse, and published models that cannot be used."""
    for key, names in (("structures", settings.structures), ("metrics", list(settings.metrics))):
        for name in names:
            if name not in structures:
                known = f"Known: {', '.join(structures)}."
                expected = "a structure of dose.structures"
                yield Fault(f"config: delivered.{key}", expected, repr(name), known, "config-reference")
    compared = settings.structures or list(structures)
    yield from unknown_compared(settings.compare, compared=compared, eqd2=eqd2)
