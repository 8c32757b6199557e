"""Settings of the figures."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lungtox.settings import Settings


class StyleSettings(Settings):
    """Looks shared by all figures."""

    width_mm: float = Field(default=90.0, ge=80.0, le=120.0)
    """Width of one printed column in mm; figures with several panels take two columns."""
    font_pt: float = Field(default=8.0, ge=7.0, le=12.0)
    """Size of labels in points; the smallest text is one point smaller, and journals ask for 6 pt at least."""
    palette: Literal["colorblind", "okabe-ito"] = "colorblind"
    """Colours, both made for colour-blind readers; line styles and markers differ as well, for print in grey."""


class FiguresSettings(Settings):
    """The figures section."""

    style: StyleSettings = StyleSettings()
    """Looks shared by all figures."""
    language: Literal["en", "zh"] = "en"
    """Language of the words in figures."""
