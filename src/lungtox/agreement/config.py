"""Settings of the `agreement` section."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from lungtox.dose.metric_names import parse_metric
from lungtox.settings import Settings

MAIN = "main"
"""The source that inputs.patients names."""


class SourceSettings(Settings):
    """A second source of dose for the same patients."""

    patients: str
    """Table in the form of inputs.patients, with the same study IDs: another RTDOSE (algorithm, log files), another
    structure set, or the planning system's DVH export in the column dvh."""
    structures: str | None = None
    """Its names of structures, in the form of inputs.structures. Left out: those of inputs.structures, for sources that
    share the structure set."""


class LimitSettings(Settings):
    """What difference of one metric would matter clinically. Set before looking at the data."""

    absolute: float | None = Field(default=None, gt=0)
    """In the unit of the metric (points for volumes in %); differences are then analysed as they are."""
    percent: float | None = Field(default=None, gt=0)
    """In % of the metric, see percent_of; percent differences are then analysed."""
    groups: list[str] = Field(default_factory=list)
    """Groups of agreement.cases in which the metric is compared; empty: all."""

    @model_validator(mode="after")
    def _one_of_both(self) -> LimitSettings:
        if (self.absolute is None) == (self.percent is None):
            raise ValueError("either absolute or percent: the clinical limit of this metric")
        return self


class AgreementSettings(Settings):
    """Agreement of the metrics of the same patients from two sources of dose."""

    sources: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], SourceSettings] = Field(min_length=1)
    """Further sources by name; that of inputs.patients is called main."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Source -> words for figures and report."""
    comparisons: list[Annotated[list[str], Field(min_length=2, max_length=2)]] = Field(default_factory=list)
    """Pairs of sources [first, second]; differences are second minus first. Empty: main with each of the others."""
    limits: dict[str, dict[str, LimitSettings]] = Field(default_factory=dict)
    """Structure -> metric of dose.metrics -> the clinical limit. These metrics are compared, and none without a limit:
    about 95 % of points lie inside limits of agreement by construction, whatever the sources are worth."""
    curves: dict[str, Annotated[float, Field(gt=0, le=100)]] = Field(default_factory=dict)
    """Structure -> clinical limit of the largest difference of two cumulative DVHs, in percent of the volume."""
    dispersion: dict[str, Annotated[list[str], Field(min_length=2, max_length=2)]] = Field(default_factory=dict)
    """Structure -> two of its compared metrics whose percent differences are compared in scatter, such as maximum and
    D2%."""
    cases: str | None = None
    """CSV with `patient, subject, group`: rows of one subject are repeated measures of one person (fractions, plans);
    groups are analysed apart. Either column may be missing."""
    percent_of: Literal["mean", "first"] = "mean"
    """What percent differences refer to: the mean of both sources, or the first."""
    test: Literal["wilcoxon", "t"] = "wilcoxon"
    """Paired test whose p values are adjusted over the metrics of a comparison and group (Benjamini-Hochberg). Both
    are shown; the choice is made here, never by p."""
    interval: Literal["approximate", "exact"] = "approximate"
    """Intervals of the limits: Bland and Altman's, or the exact ones by the noncentral t distribution (few pairs)."""
    unpaired: Literal["stop", "leave_out"] = "stop"
    """What to do with patients, structures or metrics that only one source has: stop and list them all, or leave them
    out and list them in the report."""
    min_pairs: int = Field(default=5, ge=3)
    """Fewest persons of a comparison; with fewer the run stops."""

    @model_validator(mode="after")
    def _names_are_known(self) -> AgreementSettings:
        if MAIN in self.sources:
            raise ValueError(f"another name for the source {MAIN!r}: that is the one of inputs.patients")
        known = {MAIN, *self.sources}
        named = [name for pair in self.comparisons for name in pair] + list(self.labels)
        if unknown := [name for name in named if name not in known]:
            raise ValueError(f"sources among {', '.join(sorted(known))}; {unknown[0]!r} is none")
        if any(a == b for a, b in self.comparisons):
            raise ValueError("two different sources in each comparison")
        if len({tuple(pair) for pair in self.comparisons}) < len(self.comparisons):
            raise ValueError("each comparison once")
        return self

    @model_validator(mode="after")
    def _every_metric_has_a_limit(self) -> AgreementSettings:
        if not any(self.limits.values()):
            raise ValueError(
                "a clinical limit for each metric that is to be compared, under limits: without one the limits of "
                "agreement say nothing about interchangeability"
            )
        for metrics in self.limits.values():
            for name in metrics:
                parse_metric(name)
        for structure, pair in self.dispersion.items():
            missing = [name for name in pair if name not in self.limits.get(structure, {})]
            if missing:
                raise ValueError(f"metrics of limits.{structure} under dispersion; {missing[0]!r} is none")
        return self

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The comparisons, first and second source."""
        return [(a, b) for a, b in self.comparisons] or [(MAIN, name) for name in self.sources]

    def label(self, source: str) -> str:
        """Give the words for a source."""
        return self.labels.get(source, source.replace("_", " "))
