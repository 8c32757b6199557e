"""Settings of `ntcp.compare`: descriptions of the dose side by side. Light: pydantic only."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from lungtox.models.config import Columns, TransformSettings
from lungtox.settings import Settings

STEP = " + "
"""Between the parts of a model's name."""


def step_of(model: str, dose: str) -> str:
    """Give what a compared model has beside its dose: the names of its steps; empty for the dose alone.

    Parameters
    ----------
    model : str
        Name of `ComparisonSettings.models`.
    dose : str
        Name of its description of the dose.
    """
    return model.removeprefix(dose).removeprefix(STEP)


class DoseDescription(Settings):
    """One description of the dose: a column of the analysis table, or gEUD with its exponent estimated."""

    name: str
    """What tables and figure call it."""
    column: str | None = None
    """Column of the analysis table, such as `mld_gy`. Left out: gEUD of `structure`, its volume parameter n
    estimated by maximum likelihood, here and again in each resample."""
    structure: str | None = None
    """Structure of the gEUD."""
    weighting: str = "anatomical"
    """Of the gEUD's DVH: `anatomical`, `perfusion` or `functional:{region}`."""
    quantity: Literal["physical", "eqd2"] = "physical"
    """Of the gEUD's DVH."""

    @property
    def identity(self) -> tuple[str, str, str] | None:
        """Structure, weighting and quantity of the gEUD's DVH; None for a column."""
        return None if self.structure is None else (self.structure, self.weighting, self.quantity)

    @model_validator(mode="after")
    def _one_source(self) -> DoseDescription:
        if (self.column is None) == (self.structure is None):
            raise ValueError(f"{self.name}: either a column or the structure of a gEUD")
        return self


class ComparisonStep(Settings):
    """Predictors that join each description of the dose."""

    name: str
    """What tables and figure call it; a model is named "MLD + clinical"."""
    add: Columns
    """Columns of the analysis table, added to those of the steps before."""


class ComparisonSettings(Settings):
    """Logistic dose-response models that differ in the description of the dose, on the same patients."""

    doses: Annotated[list[DoseDescription], Field(min_length=1)]
    """Descriptions of the dose, each alone and with each step."""
    steps: list[ComparisonStep] = Field(default_factory=list)
    """Predictors that are added to each of them, step by step."""
    transforms: dict[str, TransformSettings] = Field(default_factory=dict)
    """Column of a step -> how it enters; those not named enter as they are."""
    reference: str
    """Model that the differences refer to, declared beforehand: "MLD", "MLD + clinical"."""
    threshold: float = Field(default=0.2, gt=0, lt=1)
    """Threshold probability of the net benefit, set beforehand."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1.0)
    """Level of the intervals."""

    @property
    def columns(self) -> list[str]:
        """Columns of the analysis table that are needed."""
        doses = [dose.column for dose in self.doses if dose.column is not None]
        return [*doses, *(column for step in self.steps for column in step.add)]

    def models(self) -> Iterator[tuple[str, DoseDescription, list[str]]]:
        """Give name, dose and further predictors of each model: all doses alone, then with each step."""
        for count in range(len(self.steps) + 1):
            steps = self.steps[:count]
            for dose in self.doses:
                name = STEP.join([dose.name, *(step.name for step in steps)])
                yield name, dose, [column for step in steps for column in step.add]

    @model_validator(mode="after")
    def _names_agree(self) -> ComparisonSettings:
        for what, names in (
            ("doses", [dose.name for dose in self.doses]),
            ("steps", [step.name for step in self.steps]),
            ("columns", self.columns),
        ):
            repeated = sorted({name for name in names if names.count(name) > 1})
            if repeated:
                raise ValueError(f"each name once; {', '.join(repeated)} stands twice among the {what}")
        known = [name for name, _, _ in self.models()]
        if self.reference not in known:
            near = difflib.get_close_matches(self.reference, known, n=1, cutoff=0.0)[0]
            raise ValueError(f"a reference among the models; {self.reference!r} is none. Did you mean {near!r}?")
        added = {column for step in self.steps for column in step.add}
        unknown = sorted(set(self.transforms) - added)
        if unknown:
            raise ValueError(f"transforms of columns of the steps; {', '.join(unknown)} is none")
        return self
