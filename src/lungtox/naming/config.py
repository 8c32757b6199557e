"""Config section `names`."""

from __future__ import annotations

from pydantic import Field

from lungtox.settings import Settings


class NamesSettings(Settings):
    """How proposals of structure names are accepted."""

    accept_from_score: float | None = Field(default=None, gt=0, le=100)
    """Proposals in the structures table are accepted from this score without a person, where only one ROI of the
    patient fits the organ: 100 the TG-263 name itself, 99 also known aliases, less also names that are only similar.
    Empty: only a person accepts. What was accepted by score is said in the quality records and in the report."""
