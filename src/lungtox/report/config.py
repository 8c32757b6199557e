"""Settings of the report."""

from __future__ import annotations

from pydantic import Field

from lungtox.settings import Settings


class ReportSettings(Settings):
    """The report section."""

    title: str = Field(default="Radiation pneumonitis after chest radiotherapy", min_length=1)
    """Title at the top of the report."""
    remark: str = ""
    """Sentence before the findings, repeated among the limitations: that the patients are invented, for example."""
