"""Config sections `inputs`, `endpoint` and `cohort`."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from lungtox.cohort.table_config import Scale, SheetSettings, TablesSettings
from lungtox.settings import Settings

__all__ = ["CohortSettings", "EndpointSettings", "InputsSettings", "MetricSource", "SheetSettings", "TablesSettings"]

COLUMN_NAME = re.compile(r"[a-z][a-z0-9_]*")


class InputsSettings(Settings):
    """Tables of the cohort; paths are relative to the project's folder."""

    patients: str
    """CSV with one row per patient: which files belong to it."""
    structures: str
    """CSV that maps ROI names to canonical structures, accepted by a person."""
    clinical: str = ""
    """Patient factors, dates and RP grade: CSV, XLSX or Parquet, read as section `tables` says. Left out: no outcome is
    analysed, and the sections on outcome are left out with it."""
    cytokines: str | None = None
    """Cytokine draws: CSV, XLSX or Parquet; left out when there are none."""
    grades: str | None = None
    """Visits with their grades, when rp_grade and rp_date are not in the clinical table."""
    key: str | None = None
    """Key file of `lungtox index`: translates patient IDs of the tables to study IDs. Read only, never quoted."""


class EndpointSettings(Settings):
    """What counts as radiation pneumonitis (RP)."""

    scale: Scale = "CTCAE"
    """Scale of the column rp_grade. Grades of different scales are not the same endpoint and are never mixed."""
    grade: int = Field(default=2, ge=1, le=5)
    """RP is this grade or higher. Grade 2 (symptomatic) is the usual endpoint of dose-response studies."""
    window_months: int = Field(default=6, ge=1, le=60)
    """Length of the window in calendar months. Six: nearly all RP appears within half a year of RT."""
    start: Literal["rt_start", "rt_end"] = "rt_end"
    """Day on which the window starts: first or last day of RT. RP during RT counts either way."""


class MetricSource(Settings):
    """Where a dose column of the analysis table comes from."""

    structure: str
    """Structure of `dose.structures`."""
    metric: str
    """TG-263 name as in `dose.metrics` or `function.metrics`, such as `V20Gy[%]`."""
    weighting: str = Field(default="anatomical", pattern=r"^(anatomical|perfusion|(non)?functional:.+)$")
    """`anatomical`, `perfusion` (weighted by perfusion), `functional:{region}` or `nonfunctional:{region}`."""
    quantity: Literal["physical", "eqd2"] = "physical"
    """Physical dose, or EQD2 with the structure's alpha/beta."""
    dose: Literal["planned", "delivered"] = "planned"
    """Planned dose, or the one accumulated over the sessions (section `delivered`; anatomical only). Empty for patients
    without sessions."""


class CohortSettings(Settings):
    """Merge of doses, clinical data and cytokines."""

    on_unusable: Literal["stop", "exclude"] = "stop"
    """What to do when files of a patient cannot be used: stop and list them all, or exclude them with the reason."""
    accepted_exclusions: list[str] = Field(default_factory=list)
    """Study IDs that may be left out, each after a look at its reason."""
    metrics: dict[str, MetricSource]
    """Dose columns of the analysis table; the key is the column's name, with its unit as the last part."""

    @field_validator("metrics")
    @classmethod
    def _column_names(cls, metrics: dict[str, MetricSource]) -> dict[str, MetricSource]:
        for name in metrics:
            if not COLUMN_NAME.fullmatch(name):
                raise ValueError(f"column name {name!r}: use lower-case letters, digits and underscores")
        return metrics
