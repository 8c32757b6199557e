"""Settings of the `dose` and `function` sections. Light: pydantic and the metric grammar only."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from lungtox.dose.metric_names import parse_metric
from lungtox.settings import Settings

REGION_PATTERN = re.compile(r"(\d+(?:\.\d+)?)%(max|p(\d{1,2}(?:\.\d+)?))")
"""`40%max`: at least 40 % of the maximum; `40%p99`: at least 40 % of the 99th percentile."""


class RegionSettings(Settings):
    """One analysed structure, composed of accepted ones: (any of union) and (all of within) and (none of minus)."""

    union: list[str] = Field(min_length=1)
    """Canonical structures that are joined."""
    minus: list[str] = Field(default_factory=list)
    """Canonical structures that are taken out."""
    within: list[str] = Field(default_factory=list)
    """Canonical structures to which the region is limited (intersection)."""


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
