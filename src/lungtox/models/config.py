"""Settings of the association tests, the logistic models, their validation and the ROC comparisons."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from lungtox.settings import Settings

Columns = Annotated[list[str], Field(min_length=1)]


class AssociationSettings(Settings):
    """Univariable tests of each factor, and the cytokine comparisons."""

    families: dict[str, Columns]
    """Columns of the analysis table by family; q values (Benjamini-Hochberg) are computed within a family."""
    continuous_test: Literal["mann-whitney", "welch"] = "mann-whitney"
    """Test of a continuous factor between the groups. Fixed here, never chosen by a p value."""
    categorical_test: Literal["fisher", "chi-square"] = "fisher"
    """Test of a categorical factor. chi-square is without continuity correction."""
    cytokines: list[str] = Field(default_factory=list)
    """Cytokines to compare in time and between groups; all of it is one family. Empty: none."""
    odds_ratio_steps: dict[str, Annotated[float, Field(gt=0)]] = Field(
        default_factory=lambda: {"Gy": 5.0, "%": 10.0, "% of predicted": 10.0, "years": 10.0}
    )
    """Step that an odds ratio of a continuous factor refers to, by unit of the factor (per 5 Gy, per 10 %, per
    10 years): an odds ratio per 1 Gy or 1 % looks small whatever it means. Other units: per 1."""

    @model_validator(mode="after")
    def _each_factor_once(self) -> AssociationSettings:
        factors = [factor for family in self.families.values() for factor in family]
        _refuse_repeats("families", factors)
        _refuse_repeats("cytokines", self.cytokines)
        return self


class LogisticSettings(Settings):
    """One multivariable logistic model."""

    predictors: Columns
    """Columns of the analysis table, set beforehand."""
    penalty: Literal["none", "firth"] = "none"
    """none = maximum likelihood, with an automatic and reported switch to Firth where outcome and predictors are
    separated; firth = Firth's penalty always."""

    @model_validator(mode="after")
    def _each_predictor_once(self) -> LogisticSettings:
        _refuse_repeats("predictors", self.predictors)
        return self


class ValidationSettings(Settings):
    """Internal validation of the logistic models by Harrell's optimism bootstrap."""

    resamples: int = Field(default=100, ge=10)
    """Bootstrap resamples; 500 for a paper, 100 keeps the demo short."""


class TimeSettings(Settings):
    """When pneumonitis came: cumulative incidence with death as competing event, Cox models, unknown outcomes."""

    groups: dict[str, float | None] = Field(default_factory=dict)
    """Numeric columns of the analysis table -> the cut that makes two groups of patients, set beforehand, in the
    column's unit; null: the cohort's median. Each logistic model is also fitted as a Cox model (cause-specific hazard),
    and again with the unknown outcomes all coded without or all with pneumonitis."""


class RocSettings(Settings):
    """Discrimination of single scores. A larger score means more risk, declared beforehand."""

    scores: list[str]
    """Columns of the analysis table."""
    pairs: list[Annotated[list[str], Field(min_length=2, max_length=2)]] = Field(default_factory=list)
    """Pairs of scores whose AUCs are compared on the same patients (paired DeLong)."""

    @model_validator(mode="after")
    def _scores_once(self) -> RocSettings:
        _refuse_repeats("scores", self.scores)
        for pair in self.pairs:
            _refuse_repeats("pairs", pair)
        return self


def _refuse_repeats(key: str, names: list[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"each name once; {', '.join(repeated)} stands twice in {key}")
