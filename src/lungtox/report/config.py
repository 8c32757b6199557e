"""Settings of the report."""

from __future__ import annotations

import datetime
from typing import Literal

from pydantic import Field

from lungtox.settings import Settings


class AuthorSettings(Settings):
    """One author of the results."""

    name: str = Field(min_length=1)
    """Name as on a paper."""
    orcid: str | None = Field(default=None, pattern=r"^\d{4}-\d{4}-\d{4}-\d{3}[\dX]$")
    """ORCID iD, four groups of four."""
    affiliation: str | None = None
    """Institution."""


class CrateSettings(Settings):
    """What only people know about the run's record (RO-Crate)."""

    date: datetime.date | None = None
    """Date of the results, as they are to be published; without one 1980-01-01 stands for none, never the clock."""
    licence: str | None = None
    """Licence of the results, an SPDX name such as `CC-BY-4.0` or an address; nothing: none is stated."""
    authors: tuple[AuthorSettings, ...] = ()
    """Who made them, in order."""


class TableSettings(Settings):
    """Tables for a paper, drawn from the tables of results."""

    preset: Literal["elsevier", "springer-nature", "asco", "plain"] = "plain"
    """Rule for p values, percentages and the name of p: that of a publisher's journals, or plain as in the report
    (docs/tables-for-papers.md says which rules are a journal's own)."""


class ReportSettings(Settings):
    """The report section."""

    title: str = Field(default="Radiation pneumonitis after chest radiotherapy", min_length=1)
    """Title at the top of the report."""
    remark: str = ""
    """Sentence before the findings, repeated among the limitations: that the patients are invented, for example."""
    crate: CrateSettings = CrateSettings()
    """Date, licence and authors of the run's record."""
    tables: TableSettings = TableSettings()
    """Tables for a paper in results/tables."""
