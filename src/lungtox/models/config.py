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


class TransformSettings(Settings):
    """How a numeric predictor enters a model."""

    kind: Literal["log", "sqrt", "square", "standardise", "per", "spline"]
    """log = natural logarithm; per = per step (of 10 years, say); spline = restricted cubic spline."""
    step: float = Field(default=1.0, gt=0)
    """Step of kind per, in the predictor's unit."""
    knots: int = Field(default=4, ge=3, le=7)
    """Knots of kind spline, at Harrell's quantiles."""


class SelectionSettings(Settings):
    """Selection of predictors by these data. Every resample of the validation repeats it."""

    method: Literal["forward", "backward", "lasso"]
    """forward, backward: by the likelihood-ratio test, step by step; lasso: those that a tuned lasso keeps, refitted
    without penalty."""
    p: float = Field(default=0.05, gt=0, lt=1)
    """Level to enter (forward) or to stay (backward); not used by lasso."""
    forced: list[str] = Field(default_factory=list)
    """Predictors that stay in whatever the data say."""


class LogisticSettings(Settings):
    """One multivariable logistic model."""

    predictors: Columns
    """Columns of the analysis table, set beforehand; with a selection or a shrinking penalty the candidates."""
    penalty: Literal["none", "firth", "ridge", "lasso", "elastic_net"] = "none"
    """none = maximum likelihood, with an automatic and reported switch to Firth where outcome and predictors are
    separated; firth = Firth's penalty always; ridge, lasso, elastic_net = shrunken estimates without intervals, their
    strength tuned by cross-validation."""
    transforms: dict[str, TransformSettings] = Field(default_factory=dict)
    """Predictor -> how it enters; those not named enter as they are."""
    interactions: list[Annotated[list[str], Field(min_length=2, max_length=2)]] = Field(default_factory=list)
    """Pairs of predictors whose product enters too."""
    selection: SelectionSettings | None = None
    """Left out: all predictors stay in."""

    @property
    def fixed(self) -> bool:
        """Whether the predictors are fixed beforehand and their estimates have intervals."""
        return self.selection is None and self.penalty in ("none", "firth")

    @model_validator(mode="after")
    def _names_agree(self) -> LogisticSettings:
        _refuse_repeats("predictors", self.predictors)
        named = {
            "transforms": list(self.transforms),
            "interactions": [name for pair in self.interactions for name in pair],
            "selection.forced": self.selection.forced if self.selection else [],
        }
        for key, names in named.items():
            unknown = sorted(set(names) - set(self.predictors))
            if unknown:
                raise ValueError(f"names of predictors in {key}; {', '.join(unknown)} is none")
        for pair in self.interactions:
            _refuse_repeats("interactions", pair)
        if self.selection is not None and self.penalty in ("ridge", "lasso", "elastic_net"):
            raise ValueError("penalty none or firth beside a selection; a shrinking penalty needs none")
        return self


class ThresholdSettings(Settings):
    """Risks at which somebody would act differently, set beforehand: the range of the decision curves."""

    low: float = Field(default=0.05, gt=0, lt=1)
    """Lowest threshold probability."""
    high: float = Field(default=0.5, gt=0, lt=1)
    """Highest threshold probability."""
    step: float = Field(default=0.01, gt=0)
    """Distance of the thresholds."""

    @model_validator(mode="after")
    def _low_below_high(self) -> ThresholdSettings:
        if self.high < self.low:
            raise ValueError("high not below low")
        return self


class ValidationSettings(Settings):
    """Internal validation of the logistic models: optimism bootstrap and repeated cross-validation."""

    resamples: int = Field(default=500, ge=10)
    """Resamples of Harrell's optimism bootstrap; 500 for a paper, 100 keeps the demo short."""
    folds: int = Field(default=10, ge=2)
    """Folds of the cross-validation, stratified by outcome; never more than patients in the smaller outcome group."""
    repeats: int = Field(default=20, ge=1)
    """How often the cross-validation is repeated with new folds."""
    thresholds: ThresholdSettings = Field(default_factory=ThresholdSettings)
    """Threshold probabilities of the decision curves."""
    by: str | None = None
    """Column of the analysis table, such as centre or period: each level is predicted by a model of all others."""
    expected_auc: float = Field(default=0.7, gt=0.5, lt=1)
    """AUC that the literature lets expect, for Riley's minimum sample size; never the one found here."""


class LadderStep(Settings):
    """One step of the ladder."""

    name: str
    """What it is called in the report."""
    add: Columns
    """Columns of the analysis table that it adds."""


class LadderSettings(Settings):
    """Added value: nested logistic models, each with the predictors of the steps before and some more."""

    steps: Annotated[list[LadderStep], Field(min_length=1)]
    """In order. All steps use the patients complete in all of them."""
    threshold: float = Field(default=0.2, gt=0, lt=1)
    """Threshold probability of the net benefit, set beforehand."""

    @model_validator(mode="after")
    def _each_column_once(self) -> LadderSettings:
        _refuse_repeats("steps", [name for step in self.steps for name in step.add])
        _refuse_repeats("steps", [step.name for step in self.steps])
        return self


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
