"""Settings of the `ntcp` section: models to fit, published models to try. Light: pydantic only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from lungtox.dose.metric_names import parse_metric
from lungtox.models.config import ThresholdSettings
from lungtox.ntcp.comparison_config import ComparisonSettings
from lungtox.settings import Settings

FITTED_PARAMETERS = {
    "lkb": ("td50_gy", "m", "n"),
    "mean_dose_probit": ("td50_gy", "m"),
    "logistic": ("b0", "b1", "n"),
    "log_logistic": ("td50_gy", "gamma50", "n"),
    "relative_seriality": ("d50_gy", "gamma", "s"),
    "parallel": ("d50_gy", "k", "f50", "sigma"),
}
"""Names of the parameters that may be fixed, by model."""
SEARCHED_RANGES = {
    "td50_gy": (0.1, 1000.0), "x50": (0.1, 1000.0), "d50_gy": (0.1, 1000.0), "m": (0.02, 10.0), "n": (0.01, 1.0),
    "b0": (-200.0, 200.0), "b1": (0.0, 5.0), "gamma50": (0.001, 50.0), "gamma": (0.05, 20.0), "s": (1e-4, 1.0),
    "k": (0.2, 50.0), "f50": (1e-3, 1.0), "sigma": (1e-3, 10.0), "latency_median_d": (1.0, 5000.0),
    "latency_sigma": (0.02, 5.0),
}  # fmt: skip
"""Range of each parameter, as its model has it; that of x50 is wider where the metric is in cc."""
OF_THE_LATENCY = ("latency_median_d", "latency_sigma")
"""The same for a fit with times."""
ON_METRICS = {"logistic": ("b0", "b1"), "log_logistic": ("x50", "gamma50")}
"""Models in which a dose-volume metric can stand for gEUD, and what their parameters are called then."""


class NtcpFitSettings(Settings):
    """One NTCP model that is fitted to the cohort."""

    model: Literal["lkb", "mean_dose_probit", "logistic", "log_logistic", "relative_seriality", "parallel"]
    """`lkb`: Lyman-Kutcher-Burman, a probit of gEUD. `mean_dose_probit`: the same with n = 1. `logistic`: a logit of
    the mean dose (gEUD when `n` is free). `log_logistic`: a logit of the logarithm of gEUD. `relative_seriality`,
    `parallel` (critical volume): see docs/methods/ntcp.md."""
    fixed: dict[str, float] = Field(default_factory=dict)
    """Parameters that are not estimated. lkb: `td50_gy`, `m`, `n`; logistic: `b0`, `b1`, `n`; log_logistic: `td50_gy`,
    `gamma50`, `n`; relative_seriality: `d50_gy`, `gamma`, `s`; parallel: `d50_gy`, `k`, `f50`, `sigma`; with `time`
    also `latency_median_d`, `latency_sigma`. `n: 1.0`: mean dose."""
    time: bool = False
    """Fit NTCP and a log-normal latency together (Tucker 2008), from the day on which pneumonitis came. Patients who
    died or were lost before the end of the endpoint's window count for as long as they were seen. Days run from the
    first day of radiotherapy to the end of the window at most: a longer window tells more of late pneumonitis."""
    free_n: bool | None = None
    """Estimate the volume parameter n (gEUD exponent a = 1/n). Default: yes for lkb and log_logistic, no for logistic
    (mean dose)."""
    metric: str | None = None
    """Dose-volume metric of the same DVH in place of gEUD, such as `V20Gy[%]`; for logistic and log_logistic. TD50 is
    then called `x50`, in the metric's unit."""
    covariates: list[str] = Field(default_factory=list)
    """Columns of the analysis table that modify the response. Patients in whom one is missing are left out, and
    counted."""
    covariate_effect: Literal["dose", "odds"] | None = None
    """`dose`: TD50 times exp(sum delta x), a dose-modifying factor. `odds`: sum beta x on the log-odds, an odds ratio
    each; only for models with a logit. Default: odds for logistic and log_logistic, dose for the others."""
    structure: str
    """Canonical structure whose dose the model sees; part of the model's identity."""
    weighting: str = "anatomical"
    """`anatomical`, `perfusion` or `functional:{region}`. Patients without that image are left out, and counted."""
    quantity: Literal["physical", "eqd2"] = "physical"
    """Dose quantity of the DVH. `eqd2` was made per voxel with the alpha/beta of the dose section."""
    dose: Literal["planned", "delivered"] = "planned"
    """Planned dose, or the one accumulated over the sessions (section `delivered`; anatomical only). Patients without
    sessions are left out, and counted."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1.0)
    """Level of the profile-likelihood intervals and of the intervals of the bins."""
    bins: int = Field(default=5, ge=2, le=20)
    """Number of quantile bins of the observed rate beside the curve; five hold about 25 patients each at n = 120."""
    bootstrap: int = Field(default=0, ge=0, le=10_000)
    """Refits to resamples, for bootstrap intervals (1,000) and for performance corrected for optimism (200 do). 0:
    none."""
    surface: bool = False
    """Write and draw the likelihood over the volume and the dose parameter (n and TD50, s and D50)."""

    @model_validator(mode="after")
    def _fixed_parameters_exist(self) -> NtcpFitSettings:
        known = ON_METRICS.get(self.model, ()) if self.metric else FITTED_PARAMETERS[self.model]
        latency = OF_THE_LATENCY if self.time else ()
        if self.metric:
            if not known:
                raise ValueError(f"metric: {self.model} needs the whole DVH; {' and '.join(ON_METRICS)} take a metric")
            parse_metric(self.metric)
        unknown = sorted(set(self.fixed) - {*known, *latency})
        if unknown:
            listed = ", ".join((*known, *latency))
            raise ValueError(f"{self.model} has no parameter {', '.join(unknown)}; it has {listed}")
        in_cc = self.metric is not None and parse_metric(self.metric).unit == "cc"
        for name, value in self.fixed.items():
            low, high = SEARCHED_RANGES[name]
            if not (name == "x50" and in_cc) and not low <= value <= high:
                raise ValueError(f"fixed {name} must be between {low:g} and {high:g}, got {value:g}")
        if self.free_n and "n" in self.fixed:
            raise ValueError("n is fixed and free_n is true: keep one of the two")
        if self.free_n and (self.metric or "n" not in FITTED_PARAMETERS[self.model]):
            raise ValueError("free_n is true, but the model has no n")
        if self.covariate_effect == "odds" and self.model not in ON_METRICS:
            raise ValueError(f"covariate_effect: odds needs a logit; {self.model} takes dose")
        return self


class UpdateSettings(Settings):
    """Updating of published models on this cohort; leave the section out for none."""

    alpha: float = Field(default=0.05, gt=0.0, lt=1.0)
    """Level of each test of the closed testing procedure (Vergouwe 2017)."""
    largest: Literal["recalibration", "revision"] = "revision"
    """Most extensive update on offer, set beforehand. `revision` estimates every coefficient anew."""
    minimum_events: int = Field(default=10, ge=2)
    """Fewest patients with, and without, pneumonitis for a test; below, no update is offered."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1.0)
    """Level of the intervals of updated parameters and curves."""
    bayes: bool = True
    """Combine models with printed intervals with the cohort (normal prior), the alternative for small cohorts."""
    prior_correlation: dict[str, float] = Field(default_factory=dict)
    """Published model -> correlation of its two printed parameters, where known. Default: 0, said in the report."""
    prior_between: float = Field(default=0.0, ge=0.0)
    """Standard deviation of the intercept between hospitals, on the model's link; 0: the printed intervals alone."""

    @field_validator("prior_correlation")
    @classmethod
    def _correlations(cls, values: dict[str, float]) -> dict[str, float]:
        for name, value in values.items():
            if not -1.0 < value < 1.0:
                raise ValueError(f"the correlation of {name} must lie between -1 and 1, got {value:g}")
        return values


class NtcpSettings(Settings):
    """NTCP models fitted to this cohort, and published ones tried on it."""

    fits: dict[str, NtcpFitSettings] = Field(default_factory=dict)
    """Models to fit, by a name that becomes a folder."""
    published: list[str] = Field(default_factory=list)
    """Published models to apply; `lungtox models` lists their names."""
    published_structure: str = "Lungs-GTV"
    """Structure whose DVH the published models get."""
    allow_structure: dict[str, list[str]] = Field(default_factory=dict)
    """Published model -> structures that it does not list but may be applied to here. Its results are labelled so."""
    allow_unchecked: list[str] = Field(default_factory=list)
    """Published models that may be used although their numbers were not checked at a source (`default_ok = false`)."""
    allow_fractionation: list[str] = Field(default_factory=list)
    """Published models that may be applied to patients with more Gy per fraction than they list (above 3 Gy: SBRT,
    hypofractionation). Labelled so; without it these patients are left out, and counted."""
    alpha_beta_gy: list[float] = Field(default=[2.0, 2.5, 3.0, 3.5, 4.0])
    """alpha/beta of lung (Gy) tried in `published/alpha_beta.csv`: mean EQD2, published models in EQD2. Empty: none."""

    @field_validator("alpha_beta_gy")
    @classmethod
    def _alpha_beta_is_positive(cls, values: list[float]) -> list[float]:
        if any(not 0.1 <= value <= 50.0 for value in values) or len(set(values)) != len(values):
            raise ValueError("alpha_beta_gy takes different numbers from 0.1 to 50 Gy")
        return sorted(values)

    thresholds: ThresholdSettings = Field(default_factory=ThresholdSettings)
    """Risks at which somebody would act, set beforehand: the net benefit of the published models."""
    update: UpdateSettings | None = None
    """Whether a published model needs an update here, and which: closed testing and Bayesian updating."""

    compare: ComparisonSettings | None = None
    """Descriptions of the dose side by side; left out when it is not wanted."""

    @field_validator("fits")
    @classmethod
    def _names_are_folders(cls, fits: dict[str, NtcpFitSettings]) -> dict[str, NtcpFitSettings]:
        for name in fits:
            if name == "published" or not name.replace("_", "").replace("-", "").isalnum():
                raise ValueError(f"{name!r} cannot be a folder name here: letters, digits, - and _; not 'published'")
        return fits


def model_dvh_selections(
    settings: NtcpSettings, *, function: Mapping[str, Any] | None, eqd2: Mapping[str, float]
) -> list[tuple[str, str, str]]:
    """Give the DVHs that NTCP models and the figures read, so that no rule has to load all of them.

    Parameters
    ----------
    settings : NtcpSettings
    function : mapping or None
        Section `function` of the config: the figure of mean DVHs by group shows its structure plain, weighted, and in
        the first region.
    eqd2 : mapping
        `dose.eqd2`: structures that have an EQD2 DVH.

    Returns
    -------
    list of (structure, weighting, quantity)
        Sorted, each once.
    """
    needed: set[tuple[str, str, str]] = {(fit.structure, fit.weighting, fit.quantity) for fit in settings.fits.values()}
    if settings.compare is not None:
        needed |= {dose.identity for dose in settings.compare.doses if dose.identity is not None}
    if settings.published:
        needed.add((settings.published_structure, "anatomical", "physical"))
        if settings.published_structure in eqd2:
            # Published models ask for either quantity; which one is up to the model.
            needed.add((settings.published_structure, "anatomical", "eqd2"))
    if function is not None:
        structure = function["structure"]
        weightings = ["anatomical", "perfusion", *(f"functional:{region}" for region in function["regions"][:1])]
        needed |= {(structure, weighting, "physical") for weighting in weightings}
    return sorted(needed)
