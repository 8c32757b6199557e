"""What a matched cohort of a published study is made of: simulation.yaml, typed and closed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from lungtox.settings import Settings

Count = Annotated[int, Field(ge=0)]
Pair = Annotated[list[Count], Field(min_length=2, max_length=2)]


class NumberSettings(Settings):
    """A number with a mean in each group and one standard deviation within them."""

    rp: float
    """Mean of the patients with RP."""
    no_rp: float
    """Mean of those without."""
    sd: float = Field(gt=0)
    """Standard deviation within the groups, pooled."""
    decimals: int = Field(default=0, ge=0, le=3)
    """Decimals that are written."""


class MetricSettings(Settings):
    """A dose-volume figure: its mean without RP, and what tells the mean with RP."""

    no_rp: float = Field(gt=0)
    """Mean of the patients without RP."""
    rp: float | None = Field(default=None, gt=0)
    """Mean of those with RP; left out where `high` decides."""
    sd: float = Field(default=1.0, gt=0)
    """Standard deviation within the groups, pooled; a mean dose takes its own from the curves."""
    high: Pair | None = None
    """Patients with and without RP above a cut-point: the group with RP is moved until there is one, and the clinical
    table gets a column that says who lies above it."""

    @model_validator(mode="after")
    def _one_of_both(self) -> MetricSettings:
        if (self.rp is None) == (self.high is None):
            raise ValueError("either rp or high")
        return self


class CurveSettings(Settings):
    """The figures of one family of DVHs."""

    vx_pct: dict[float, MetricSettings] = Field(default_factory=dict)
    """Dose in Gy -> share of the volume in % that gets it, ascending."""
    mean_gy: MetricSettings
    """Mean dose."""


class DoseStudySettings(Settings):
    """DVHs of the lungs."""

    structure: str = "Lungs-GTV"
    """Structure that they are written as."""
    anatomical: CurveSettings
    """DVHs of the whole structure."""
    functional: CurveSettings | None = None
    """DVHs of the functional region; the same doses as the anatomical ones."""
    perfusion_mean_gy: MetricSettings | None = None
    """Mean of the perfusion-weighted DVH, whose other figures lie between those of the two above."""
    region: str = "40%max"
    """Name of the functional region."""
    correlation: float = Field(default=0.95, ge=0, lt=1)
    """Within the groups, of Vx at doses 10 Gy apart; c^(d/10) at d Gy."""
    function_correlation: float = Field(default=0.6, ge=0, lt=1)
    """Within the groups, of Vx and functional Vx."""
    shape_sd: float = Field(default=0.3, ge=0, le=2)
    """How much the curves differ between the given doses, which moves mean dose and Vx apart: standard deviation of
    the logit of the area's place between its bounds."""
    max_gy: tuple[float, float] = (66.0, 1.5)
    """Mean and standard deviation of the maximum dose."""
    volume_cc: tuple[float, float] = (3400.0, 600.0)
    """Mean and standard deviation of the volume."""
    region_share: tuple[float, float] = (0.4, 0.06)
    """Mean and standard deviation of the functional region's share of the volume."""

    @model_validator(mode="after")
    def _doses_agree(self) -> DoseStudySettings:
        doses = list(self.anatomical.vx_pct)
        if not doses or doses != sorted(doses):
            raise ValueError("vx_pct in ascending order of dose")
        if self.functional is not None and list(self.functional.vx_pct) != doses:
            raise ValueError("the same doses under functional.vx_pct as under anatomical.vx_pct")
        return self


class ComparisonSettings(Settings):
    """A comparison of RP with no RP by Mann-Whitney."""

    p: float = Field(gt=0, le=1)
    """Two-sided p value to come as near to as ranks allow."""
    higher: bool = True
    """Whether patients with RP lie higher."""


class CytokineStudySettings(Settings):
    """One cytokine at two times, lognormal."""

    unit: str = "pg/mL"
    """Unit of the values."""
    median: float = Field(gt=0)
    """Median before RT of patients without RP, about."""
    log_sd: float = Field(default=0.5, gt=0)
    """Standard deviation of the natural logarithm within the groups."""
    correlation: float = Field(default=0.6, ge=0, lt=1)
    """Within the groups, of the logarithms before and during RT."""
    change: float = Field(default=1.0, gt=0)
    """Mean ratio during / before of all patients."""
    pre: ComparisonSettings
    """Before RT."""
    during: ComparisonSettings
    """During RT."""
    ratio: ComparisonSettings | None = None
    """Ratio during / before; left out where nothing is printed."""


class ArmSettings(Settings):
    """Patients of one arm of a study; most have one."""

    grades: dict[int, Count]
    """RP grade -> patients."""
    factors: dict[str, dict[str, Pair]] = Field(default_factory=dict)
    """Column of the clinical table -> level -> patients with and without RP."""
    numbers: dict[str, NumberSettings] = Field(default_factory=dict)
    """Column of the clinical table -> its means."""
    dose: DoseStudySettings
    """DVHs."""
    cytokines: dict[str, CytokineStudySettings] = Field(default_factory=dict)
    """Cytokine -> its comparisons."""


class StudySimulation(Settings):
    """simulation.yaml: how the cohort of a study is simulated."""

    seed: int = Field(ge=0)
    """Seed of everything; each part draws its own child stream from it."""
    seeds: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    """Part (`dose`, or a column, or a cytokine) -> a seed of its own, in place of `seed`."""
    prefix: str = Field(pattern=r"^[A-Z]{2,4}$")
    """Begins the study IDs."""
    event_grade: int = Field(default=2, ge=1, le=5)
    """RP of this grade or higher is the endpoint of the study."""
    arms: dict[str, ArmSettings]
    """Arms by name; several make a column `arm`."""

    @model_validator(mode="after")
    def _counts_add_up(self) -> StudySimulation:
        for name, arm in self.arms.items():
            groups = arm_groups(arm, self.event_grade)
            for column, levels in arm.factors.items():
                found = [sum(pair[place] for pair in levels.values()) for place in (0, 1)]
                if found != groups:
                    raise ValueError(f"{groups[0]} with and {groups[1]} without RP in {name}, {column}; found {found}")
            for metric in (*arm.dose.anatomical.vx_pct.values(), arm.dose.anatomical.mean_gy):
                if metric.high and not all(0 < k < n for k, n in zip(metric.high, groups, strict=True)):
                    raise ValueError(f"patients of both groups on both sides of the cut in {name}; found {metric.high}")
        return self


def arm_groups(arm: ArmSettings, event_grade: int) -> list[int]:
    """Give the numbers of patients with and without RP."""
    events = sum(count for grade, count in arm.grades.items() if grade >= event_grade)
    return [events, sum(arm.grades.values()) - events]
