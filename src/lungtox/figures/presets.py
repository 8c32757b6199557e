"""Looks for a purpose: what journals print, and a slide."""

from __future__ import annotations

from typing import Any

# Sources of the measures, and what could not be verified: docs/figures.md.
PRESETS: dict[str, dict[str, Any]] = {
    "plain": {},
    "elsevier": {
        "width_mm": 90.0, "middle_mm": 140.0, "wide_mm": 190.0, "smallest_pt": 7.0, "font": "Liberation Sans",
        "png_dpi": 600,
    },
    "springer-nature": {
        "width_mm": 84.0, "middle_mm": 129.0, "wide_mm": 174.0, "smallest_pt": 7.0, "font": "Liberation Sans",
        "png_dpi": 600,
    },
    "asco": {
        "width_mm": 86.0, "middle_mm": 130.0, "wide_mm": 178.0, "smallest_pt": 7.0, "font": "Liberation Sans",
        "png_dpi": 600,
    },
    # For a slide of 338.7 x 190.5 mm (16:9).
    "slides": {
        "width_mm": 160.0, "middle_mm": 240.0, "wide_mm": 320.0, "font_pt": 14.0, "smallest_pt": 12.0, "lines": 1.75,
        "png_dpi": 200,
    },
}  # fmt: skip
CHINESE_FONT = "Droid Sans Fallback"


def fill_style(section: Any) -> Any:
    """Put a preset's values where the style of a figures section says nothing.

    Parameters
    ----------
    section : Any
        As it stands in the config; what is no mapping is given back, and refused by the settings.
    """
    if not isinstance(section, dict):
        return section
    style, preset = section.get("style", {}), section.get("preset", "plain")
    if not isinstance(style, dict) or not isinstance(preset, str):
        return section
    values = PRESETS.get(preset, {})
    if "width_mm" in style:  # the other widths follow it
        values = {name: value for name, value in values.items() if name not in ("middle_mm", "wide_mm")}
    filled = {**values, **style}
    if section.get("language") == "zh" and not filled.get("chinese_font"):
        filled["chinese_font"] = CHINESE_FONT
    return {**section, "style": filled}
