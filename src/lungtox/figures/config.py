"""Settings of the figures."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from lungtox.figures.presets import fill_style
from lungtox.settings import Settings

Preset = Literal["plain", "elsevier", "springer-nature", "asco", "slides"]


class StyleSettings(Settings):
    """Looks shared by all figures; a preset gives the values that are not written here."""

    width_mm: float = Field(default=90.0, ge=80.0, le=170.0)
    """Width of one printed column in mm."""
    middle_mm: float = Field(default=135.0, ge=80.0, le=260.0)
    """Width of a figure over one and a half columns in mm; one and a half times `width_mm` where only that is given."""
    wide_mm: float = Field(default=180.0, ge=80.0, le=340.0)
    """Width of a figure over two columns in mm; twice `width_mm` where only that is given."""
    font_pt: float = Field(default=8.0, ge=7.0, le=16.0)
    """Size of labels in points; margins and heights go with it. Ticks, legends and notes have seven eighths of it."""
    smallest_pt: float = Field(default=6.0, ge=6.0, le=16.0)
    """No text is smaller than this, in points."""
    lines: float = Field(default=1.0, ge=0.5, le=3.0)
    """Factor of all line widths and markers; at 1, axes are 0.6 pt and curves 1.2 pt wide."""
    palette: Literal["colorblind", "okabe-ito"] = "colorblind"
    """Colours, both made for colour-blind readers; line styles and markers differ as well, for print in grey."""
    font: str = "DejaVu Sans"
    """Font of the letters, by the name of its family. `DejaVu Sans` is always there; any other must be installed, and
    the check says so where it is not: `Liberation Sans` is as wide as Arial, letter by letter."""
    chinese_font: str = ""
    """Font of Chinese characters where `language` is zh; it must be installed, as TrueType. Filled in when empty."""
    png_dpi: int = Field(default=300, ge=100, le=1200)
    """Dots per inch of PNG files."""

    @property
    def scale(self) -> float:
        """Size of the letters in parts of 8 pt, for which the layout of the figures is written."""
        return self.font_pt / 8.0

    @model_validator(mode="before")
    @classmethod
    def _follow_width(cls, given: Any) -> Any:
        if not isinstance(given, dict) or not isinstance(given.get("width_mm"), (int, float)):
            return given
        width_mm = given["width_mm"]
        return {"middle_mm": 1.5 * width_mm, "wide_mm": 2.0 * width_mm, **given}


class FiguresSettings(Settings):
    """The figures section."""

    preset: Preset = "plain"
    """Looks for a purpose: column widths, letters, line weights and resolution. docs/figures.md has the measures."""
    style: StyleSettings = StyleSettings()
    """Single looks that differ from the preset's."""
    language: Literal["en", "zh"] = "en"
    """Language of the words in figures."""

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, given: Any) -> Any:
        """Put the preset's values where the style says nothing; a style that was filled in stays as it is."""
        return fill_style(given)
