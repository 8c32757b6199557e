"""Settings of the `dose` and `function` sections. Light: pydantic and the metric grammar only."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from lungtox.dose.metric_names import REGION_PATTERN, parse_metric
from lungtox.settings import Settings


class MarginSettings(Settings):
    """A margin to each side of the patient, in mm: what is laid around each point is eight octants of ellipsoids."""

    left: float = Field(default=0.0, ge=0)
    """Towards the patient's left."""
    right: float = Field(default=0.0, ge=0)
    """Towards the patient's right."""
    anterior: float = Field(default=0.0, ge=0)
    """Forwards."""
    posterior: float = Field(default=0.0, ge=0)
    """Backwards."""
    superior: float = Field(default=0.0, ge=0)
    """Towards the head."""
    inferior: float = Field(default=0.0, ge=0)
    """Towards the feet."""


class RegionSettings(Settings):
    """One analysed structure: (any of union, its side, with a margin) and (all of within) and (none of minus).

    Names are canonical structures, or other keys of `dose.structures` that have neither minus nor within.
    """

    union: list[str] = Field(min_length=1)
    """Structures that are joined."""
    side: Literal["left", "right"] | None = None
    """Only this side of one structure that holds both, such as Lungs; the patient is unusable where the sides touch."""
    margin_mm: float | MarginSettings = 0.0
    """Margin around what is joined, in three dimensions: one number, or one for each direction. Its cross-sections are
    those of the contours' slabs grown exactly, drawn on a raster of 1 mm; minus and within apply after it."""
    minus: list[str] = Field(default_factory=list)
    """Structures that are taken out."""
    within: list[str] = Field(default_factory=list)
    """Structures to which the region is limited (intersection)."""

    @field_validator("margin_mm")
    @classmethod
    def _margin_is_not_negative(cls, margin_mm: float | MarginSettings) -> float | MarginSettings:
        if isinstance(margin_mm, float) and margin_mm < 0:
            raise ValueError(f"a margin must be 0 mm or more, got {margin_mm:g}")
        return margin_mm

    @model_validator(mode="after")
    def _a_side_is_one_of_one_structure(self) -> RegionSettings:
        if self.side and len(self.union) > 1:
            raise ValueError(f"`side` takes one structure under `union`, not {len(self.union)}")
        return self

    @property
    def only_joins(self) -> bool:
        """Whether it can be part of another one."""
        return not self.minus and not self.within


class DoseSettings(Settings):
    """Structures, dose-volume histograms and their metrics."""

    patients_per_job: int = Field(default=1, ge=1)
    """Patients per extraction job: 1 on one machine, 20-50 on a cluster, where starting a job costs seconds."""
    bin_width_gy: float = Field(default=0.01, gt=0, le=1)
    """Width of the DVH bins in Gy. Means come from the samples; the width only limits look-ups, by less than a bin."""
    end_cap: Literal["half-slice", "none", "rounded"] = "half-slice"
    """`half-slice`: the first and last contour stand for half a slice further out, as most planning systems do. `none`:
    the structure ends at them. `rounded`: it closes beyond them as the trend of the last contours tells."""
    between_planes: Literal["slab", "interpolated"] = "slab"
    """`slab`: a contour stands for its slab, as in most planning systems, whose numbers are then met best.
    `interpolated`: outlines between contours are interpolated; for structures of few slices, with `rounded` ends."""
    structures: dict[str, RegionSettings]
    """What is analysed, made from the accepted structures."""
    gtv_absent: Literal["refuse", "accept"] = "refuse"
    """What to do when a structure under `minus` is missing: `refuse` makes the patient unusable, `accept` takes the
    whole lung and labels it so."""
    minimum_coverage_pct: float = Field(default=100.0, ge=0, le=100)
    """Share in % of a structure's volume that the dose grid must cover; less makes the patient unusable."""
    allow_partial_coverage: list[str] = Field(default_factory=list)
    """Canonical or analysed structures that may leave the dose grid, by name; their DVH covers the inner part only."""
    multi_plan_beside_others: Literal["refuse", "add"] = "refuse"
    """What to do with a sum of plans (DoseSummationType MULTI_PLAN) beside other doses of a patient: `refuse`, because
    it may hold them already, or `add`. Where it refers to the plan of another dose it is always refused."""
    eqd2: dict[str, float] = Field(default_factory=dict)
    """Alpha/beta in Gy of each analysed structure; those not named get no EQD2 histogram."""
    bounds: bool = False
    """Give each metric the interval that contour spacing, end caps, dose grid and sampling leave, as `low` and `high`
    in the table of metrics (docs/methods/bounds.md). Another metric then needs the DICOM files again."""
    metrics: dict[str, list[str]] = Field(default_factory=dict)
    """TG-263 metric names of each analysed structure, computed for physical dose and for EQD2."""

    @field_validator("metrics")
    @classmethod
    def _metric_names_are_right(cls, metrics: dict[str, list[str]]) -> dict[str, list[str]]:
        for names in metrics.values():
            for name in names:
                parse_metric(name)
        return metrics

    @field_validator("eqd2")
    @classmethod
    def _alpha_beta_is_positive(cls, eqd2: dict[str, float]) -> dict[str, float]:
        for name, alpha_beta_gy in eqd2.items():
            if alpha_beta_gy <= 0:
                raise ValueError(f"alpha/beta of {name} must be positive, got {alpha_beta_gy}")
        return eqd2


class FunctionSettings(Settings):
    """Functional DVHs from perfusion SPECT."""

    structure: str = "Lungs-GTV"
    """Analysed structure that gets functional DVHs."""
    regions: list[str] = Field(default_factory=lambda: ["40%max"])
    """Functional regions FL = {Q >= share of the reference}: `40%max` refers to the maximum within the structure,
    `40%p99` to its 99th percentile, which a single hot spot (clumped MAA) does not move. Not "the 40th percentile"."""
    denominator: Literal["region", "structure"] = "region"
    """What 100 % means in fVx: the functional region (default), or the whole structure (smaller numbers)."""
    metrics: list[str] = Field(default_factory=lambda: ["V20Gy[%]", "Mean[Gy]"])
    """TG-263 metric names, computed for perfusion weighting and for each region."""

    @field_validator("regions")
    @classmethod
    def _regions_are_right(cls, regions: list[str]) -> list[str]:
        for region in regions:
            match = REGION_PATTERN.fullmatch(region)
            if match is None or not 0 <= float(match[1]) <= 100:
                raise ValueError(f"{region!r} is not a region: use forms like 40%max or 40%p99")
        return regions

    @field_validator("metrics")
    @classmethod
    def _metric_names_are_right(cls, metrics: list[str]) -> list[str]:
        for name in metrics:
            parse_metric(name)
        return metrics
