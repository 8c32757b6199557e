"""Settings of the association tests, the logistic models, their validation and the ROC comparisons."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from lungtox.settings import Settings

Columns = Annotated[list[str], Field(min_length=1)]


class DoseLevelSettings(Settings):
    """Every dose level x of the DVHs against pneumonitis: Vx of the groups, and the odds ratio of Vx."""

    low_gy: float = Field(default=1.0, gt=0)
    """Lowest x in Gy."""
    high_gy: float = Field(default=60.0, gt=0)
    """Highest x in Gy."""
    step_gy: float = Field(default=1.0, ge=0.1)
    """Distance of the doses in Gy."""
    permutations: int = Field(default=10_000, ge=100, le=100_000)
    """Random reassignments of the patients to the groups, from which p comes, alone and adjusted over all x. A p of
    0.05 has a standard error of 0.002 with 10,000, of 0.007 with 1000; the smallest p is one over their number."""

    @model_validator(mode="after")
    def _on_the_bins(self) -> DoseLevelSettings:
        if self.high_gy < self.low_gy:
            raise ValueError("high_gy not below low_gy")
        for name in ("low_gy", "step_gy"):
            if abs(10.0 * getattr(self, name) - round(10.0 * getattr(self, name))) > 1e-6:
                raise ValueError(f"{name} as a multiple of 0.1 Gy, the bins of the table of DVHs")
        return self


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
    plates: Literal["none", "fixed", "random"] = "fixed"
    """How the plates of a cytokine enter its models: as fixed effects, as random ones (many plates), or not at all."""
    odds_ratio_steps: dict[str, Annotated[float, Field(gt=0)]] = Field(
        default_factory=lambda: {"Gy": 5.0, "%": 10.0, "% of predicted": 10.0, "years": 10.0}
    )
    """Step that an odds ratio of a continuous factor refers to, by unit of the factor (per 5 Gy, per 10 %, per
    10 years): an odds ratio per 1 Gy or 1 % looks small whatever it means. Other units: per 1."""

    strata: dict[str, Columns] = Field(default_factory=dict)
    """Column that makes strata (such as technique) -> factors to look at within them: the odds ratio in each stratum,
    and whether they differ (interaction term; Breslow-Day for two levels). Declared beforehand, outside the
    families."""
    dose_levels: DoseLevelSettings = Field(default_factory=DoseLevelSettings)
    """Which doses x of the DVHs go with pneumonitis, the error controlled over all of them."""

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
    weights: Literal["ipcw", "none"] = "ipcw"
    """Patients who died or were lost before the end of the window without RP have no known outcome. ipcw = the others
    are weighed by the inverse probability of being followed up, with robust intervals; none = they are left out. Where
    every outcome is known both are the same."""

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
    impute: bool = False
    """Validate with gaps imputed as section `missing` says, anew inside each resample; false: complete rows."""
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


class MissingSettings(Settings):
    """Missing values: their pattern, and the logistic models with the patients concerned left out or imputed."""

    method: Literal["complete-case", "multiple-imputation"] = "multiple-imputation"
    """complete-case = only the patterns and the models on complete rows; multiple-imputation = beside them the models
    by chained equations with the outcome, pooled by Rubin's rules."""
    imputations: int = Field(default=20, ge=20)
    """Imputed tables. 20 or more, and about as many as percent of the patients have a gap."""
    iterations: int = Field(default=10, ge=1)
    """Rounds of the chained equations."""
    donors: int = Field(default=5, ge=1)
    """Patients with the nearest predictions, of whom one gives its value (predictive mean matching)."""
    auxiliary: list[str] = Field(default_factory=list)
    """Columns that help to impute without being a predictor of any model."""

    @model_validator(mode="after")
    def _each_auxiliary_once(self) -> MissingSettings:
        _refuse_repeats("auxiliary", self.auxiliary)
        return self


class PartialAucSettings(Settings):
    """The part of the ROC curve that matters, set beforehand."""

    focus: Literal["specificity", "sensitivity"] = "specificity"
    """Which axis the range is on."""
    low: float = Field(ge=0, lt=1)
    """Lower end of the range, as a share (0.8 = 80 %)."""
    high: float = Field(default=1.0, gt=0, le=1)
    """Upper end of the range, as a share."""
    correct: bool = True
    """After McClish 1989: 0.5 is chance and 1 is perfect, whatever the range; false: the area itself."""

    @model_validator(mode="after")
    def _rises(self) -> PartialAucSettings:
        if self.low >= self.high:
            raise ValueError(f"low ({self.low}) below high ({self.high})")
        return self


class RocSettings(Settings):
    """Discrimination of single scores. A larger score means more risk unless declared otherwise."""

    scores: list[str]
    """Columns of the analysis table."""
    smaller_means_risk: list[str] = Field(default_factory=list)
    """Scores of which a smaller value means more risk (such as FEV1); declared, never taken from the data."""
    pairs: list[Annotated[list[str], Field(min_length=2, max_length=2)]] = Field(default_factory=list)
    """Pairs of scores whose AUCs are compared on the same patients (paired DeLong)."""
    partial: PartialAucSettings | None = None
    """Partial area under each curve; left out when it is not wanted."""
    cut_points: list[Literal["youden", "sensitivity"]] = Field(default_factory=list)
    """Cut-points to choose from the data: by Youden's index, or the highest that reaches `fixed_sensitivity`."""
    fixed_sensitivity: float = Field(default=0.9, gt=0, le=1)
    """Sensitivity that the cut-point `sensitivity` has to reach, as a share."""
    resamples: int = Field(default=1000, ge=100)
    """Bootstrap resamples of bands, partial areas and cut-points."""

    @model_validator(mode="after")
    def _scores_once(self) -> RocSettings:
        _refuse_repeats("scores", self.scores)
        _refuse_repeats("smaller_means_risk", self.smaller_means_risk)
        _refuse_repeats("cut_points", [*self.cut_points])
        for pair in self.pairs:
            _refuse_repeats("pairs", pair)
        strange = sorted(set(self.smaller_means_risk) - set(self.scores))
        if strange:
            raise ValueError(f"scores of roc.scores; {', '.join(strange)} in smaller_means_risk is none")
        return self


class PrintedSettings(Settings):
    """A published paper: its findings beside those of this cohort, its figures against each other."""

    paper: str = Field(min_length=1)
    """How the report calls the paper."""
    findings: str | None = None
    """CSV of what the paper says of each factor (docs/file-contracts.md), relative to the project's folder. Left out:
    only figures are checked, which needs no outcome."""
    figures: str | None = None
    """CSV of printed figures that are checked against each other, as `lungtox printed` takes it."""
    simulated: bool = False
    """The patients of this cohort were simulated from the paper: the report then says everywhere that agreement is
    no evidence."""
    remarks: list[str] = Field(default_factory=list)
    """What a reader cannot believe, in sentences; they stand in the report beside what the tables show."""

    @model_validator(mode="after")
    def _something_is_printed(self) -> PrintedSettings:
        if self.findings is None and self.figures is None:
            raise ValueError("findings, figures or both")
        return self


def _refuse_repeats(key: str, names: list[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"each name once; {', '.join(repeated)} stands twice in {key}")
