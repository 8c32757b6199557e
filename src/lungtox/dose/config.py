"""Settings of the `dose` and `function` sections. Light: pydantic and the metric grammar only."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from pydantic import Field, field_validator, model_validator

from lungtox.dose.metric_names import parse_metric
from lungtox.dose.region_names import REFERENCE, parse_region
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
    """Patients per extraction job. Starting a job costs a second: 4 on one machine, 20-50 on a cluster; 1 names jobs
    and logs by the patient. A patient who cannot be used stops none of the others."""
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
    """TG-263 metric names of each analysed structure, computed for physical dose and for EQD2, and indices of targets:
    `HI(ICRU83)`, `HI(RTOG,60Gy)`, `CI(Paddick,57Gy)`, `CI(RTOG,95%)` of the prescribed dose and so on
    (docs/methods/dvh.md). A CI needs the structure `Body` beside it."""

    @field_validator("metrics")
    @classmethod
    def _metric_names_are_right(cls, metrics: dict[str, list[str]]) -> dict[str, list[str]]:
        for names in metrics.values():
            for name in names:
                metric = parse_metric(name)
                if metric.whole or metric.kind == "split":
                    raise ValueError(f"{name!r} is a metric of function: name it under function.metrics")
        return metrics

    @model_validator(mode="after")
    def _a_ci_has_the_body(self) -> DoseSettings:
        if "Body" not in self.structures:
            for structure, names in self.metrics.items():
                for name in names:
                    if parse_metric(name).kind == "conformity":
                        needed = "a structure Body under dose.structures (Body: {union: [Body]})"
                        raise ValueError(f"{needed}, because {name} of {structure} needs the body's DVH")
        return self

    @field_validator("eqd2")
    @classmethod
    def _alpha_beta_is_positive(cls, eqd2: dict[str, float]) -> dict[str, float]:
        for name, alpha_beta_gy in eqd2.items():
            if alpha_beta_gy <= 0:
                raise ValueError(f"alpha/beta of {name} must be positive, got {alpha_beta_gy}")
        return eqd2


class BandSettings(Settings):
    """Poorly, moderately and well perfused lung, between cut points."""

    cuts_pct: list[float] = Field(min_length=1)
    """Cut points in % of the reference, ascending: `[20, 50]` makes the regions `0-20%max` (poorly perfused),
    `20-50%max` (moderately) and `50%max` (well)."""
    reference: str = "max"
    """What 100 % is: `max`, `mean`, or a percentile such as `p99`, each within the structure."""

    @model_validator(mode="after")
    def _cuts_make_regions(self) -> BandSettings:
        if REFERENCE.fullmatch(self.reference) is None:
            raise ValueError(f"{self.reference!r} is not a reference: max, mean, or a percentile such as p99")
        if self.cuts_pct[0] <= 0:
            raise ValueError(f"cut points must be above 0 %, got {self.cuts_pct[0]:g}")
        for name in self.regions:
            parse_region(name)
        return self

    @property
    def regions(self) -> list[str]:
        """The regions between the cuts, the poorly perfused one first."""
        cuts = [0.0, *self.cuts_pct]
        inner = [f"{low:g}-{high:g}%{self.reference}" for low, high in pairwise(cuts)]
        return [*inner, f"{cuts[-1]:g}%{self.reference}"]


class FunctionSettings(Settings):
    """Functional DVHs from perfusion SPECT."""

    structure: str = "Lungs-GTV"
    """Analysed structure that gets functional DVHs. Only what lies in it counts: hot airways, mediastinum and injection
    vein outside of it set no reference value and get no weight."""
    total: str | None = None
    """Analysed structure that is the total lung, for `V20Gy[%total]`; left out: `structure` itself."""
    regions: list[str] = Field(default_factory=lambda: ["40%max"])
    """Functional regions; the first is that of figures and sweep. `40%max`: at least 40 % of the maximum within the
    structure; `40%p99`: of its 99th percentile by volume, which a single hot spot (clumped MAA) does not move;
    `40%mean`: of its mean; `p60`: at or above the 60th percentile, so the best perfused 40 % of the volume;
    `20-40%max`: a band; the name of a structure: what a physician drew, with or without an image."""
    bands: BandSettings | None = None
    """Poorly, moderately and well perfused lung as further regions; left out when not wanted."""
    nonfunctional: bool = True
    """Also give the DVH of the rest of the structure, `nonfunctional:{region}`, for each region that is not a band. Its
    `Volume[%structure]` is the perfusion defect share."""
    clip: float | None = Field(default=None, ge=90, lt=100)
    """Percentile by volume within the structure, such as 99.5, above which counts are set to its value before anything
    else: for clumped MAA. None by default, because published thresholds refer to the image as it is; `p99` as
    reference makes a region robust without it, and a hot spot is warned about."""
    denominator: Literal["region", "structure", "total"] = "region"
    """What 100 % means in fVx, for `V20Gy[%]`: the functional region (default), the whole structure or the total lung
    (smaller numbers). `V20Gy[%region]`, `V20Gy[%structure]`, `V20Gy[%total]` say it themselves."""
    metrics: list[str] = Field(default_factory=lambda: ["V20Gy[%]", "Mean[Gy]"])
    """TG-263 metric names, computed for perfusion weighting, for each region and for the rest. `Volume[cc]` and
    `Volume[%structure]` are the volume of the region; `Perfusion(left)[%]`, `Perfusion(upper)[%]`,
    `Perfusion(left upper)[%]` and so on the share of function in a part of the lungs."""
    sweep: bool = True
    """Show how fV20, fMLD and MPWLD move with threshold, reference value, a shift of the image by 5 and 10 mm, and
    attenuation correction where patients.csv names both images (docs/methods/functional-dvh.md)."""

    @property
    def all_regions(self) -> list[str]:
        """Every region once, bands last."""
        return list(dict.fromkeys([*self.regions, *(self.bands.regions if self.bands else ())]))

    @property
    def image_regions(self) -> list[str]:
        """Those that follow from the function image."""
        return [name for name in self.all_regions if parse_region(name) is not None]

    @property
    def sweep_region(self) -> str:
        """The region that the sweep follows: the first of the image."""
        return next(iter(self.image_regions), "40%max")

    @property
    def contours(self) -> list[str]:
        """Regions that a physician drew: names of structures."""
        return [name for name in self.all_regions if parse_region(name) is None]

    @property
    def weightings(self) -> list[str]:
        """Every weighting of the DVH table but the anatomical one."""
        rest = [name for name in self.all_regions if self.nonfunctional and not _is_band(name)]
        return [
            "perfusion",
            *(f"functional:{name}" for name in self.all_regions),
            *(f"nonfunctional:{name}" for name in rest),
        ]

    @field_validator("regions")
    @classmethod
    def _regions_are_right(cls, regions: list[str]) -> list[str]:
        for region in regions:
            parse_region(region)
        if len(set(regions)) < len(regions):
            raise ValueError("each region once")
        return regions

    @field_validator("metrics")
    @classmethod
    def _metric_names_are_right(cls, metrics: list[str]) -> list[str]:
        for name in metrics:
            if parse_metric(name).kind in ("homogeneity", "conformity"):
                raise ValueError(f"{name!r} is a metric of targets: name it under dose.metrics")
        return metrics


def _is_band(name: str) -> bool:
    rule = parse_region(name)
    return rule is not None and rule.high is not None
