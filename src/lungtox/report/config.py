"""Settings of the report."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lungtox.settings import Settings


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
    tables: TableSettings = TableSettings()
    """Tables for a paper in results/tables."""
