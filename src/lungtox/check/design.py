"""Questions of design that stop nothing and that somebody should answer before the results are there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lungtox.config import Config
from lungtox.errors import count_of

if TYPE_CHECKING:
    import pandas as pd

FEW_PER_PARAMETER = 10.0
"""Events per parameter below which estimates of a logistic model are unstable (Peduzzi 1996)."""
MUCH_MISSING = 0.2
"""Share of empty cells above which a complete-case model is about other patients than the cohort."""


def design_questions(config: Config, *, clinical: pd.DataFrame, outcome: pd.DataFrame) -> Iterator[str]:
    """Give the questions, each with its figures.

    Parameters
    ----------
    config : Config
    clinical : pandas.DataFrame
        From `read_clinical`, the patients of the cohort only.
    outcome : pandas.DataFrame
        From `derive_endpoint`, of the same patients.
    """
    events = int((outcome["rp"] == 1).sum())
    others = int((outcome["rp"] == 0).sum())
    grade, months = config.endpoint.grade, config.endpoint.window_months
    definition = f"grade {grade} or higher within {months} months"
    if min(events, others) == 0:
        yield f"{count_of(events, 'patient')} with RP ({definition}) and {others} without: no model can be fitted."
        return
    for name, model in config.models.items():
        yield from _model_questions(name, model.predictors, clinical, events=min(events, others))


def _model_questions(name: str, predictors: list[str], clinical: pd.DataFrame, *, events: int) -> Iterator[str]:
    parameters = 0
    for column in predictors:
        if column.endswith(("_during", "_ratio")):
            yield f"models.{name}: {column} is measured during RT; it cannot predict from the start of it."
        if column not in clinical:
            parameters += 1  # a dose, a cytokine or a figure of the plan: one number
            continue
        values = clinical[column]
        known = values.dropna()
        levels = known.nunique()
        parameters += max(levels - 1, 1) if values.dtype == object else 1
        if len(known) < len(values) * (1 - MUCH_MISSING):
            lacking = len(values) - len(known)
            yield f"models.{name}: {column} is empty for {lacking} of {len(values)} patients, who leave the model."
        if levels < 2:
            yield f"models.{name}: {column} has one value only; it explains nothing."
    if parameters and events / parameters < FEW_PER_PARAMETER:
        most = int(events // FEW_PER_PARAMETER)
        fewer = f"Name at most {most} beforehand" if most else "So few carry no parameter at all: take fewer models"
        yield (
            f"models.{name}: {count_of(events, 'event')} for {count_of(parameters, 'parameter')},"
            f" {events / parameters:.1f} each; fewer than {FEW_PER_PARAMETER:g} make unstable estimates."
            f" {fewer}, or choose `penalty: firth`, and read the intervals rather than the estimates."
        )
