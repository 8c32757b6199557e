"""Presets: what the journals ask for, what a style puts over it, and fonts that are not there."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from lungtox.errors import InputError
from lungtox.figures import FiguresSettings, font_faults
from lungtox.figures.presets import PRESETS
from lungtox.figures.style import page_mm, rc_parameters, small_pt, tiny_pt


@pytest.mark.parametrize(
    ("preset", "widths_mm", "smallest_pt", "dpi"),
    [
        ("plain", (90, 135, 180), 6, 300),
        # Artwork sizing of Elsevier: 90, 140, 190 mm; letters of 7 pt; 500 dpi or more for combinations.
        ("elsevier", (90, 140, 190), 7, 600),
        # Springer's journals of large size: 84 and 174 mm; combinations of 600 dpi.
        ("springer-nature", (84, 129, 174), 7, 600),
        ("slides", (160, 240, 320), 12, 200),
    ],
)
def test_a_preset_has_the_measures_of_its_journal(preset, widths_mm, smallest_pt, dpi):
    style = FiguresSettings(preset=preset).style
    assert (style.width_mm, style.middle_mm, style.wide_mm) == widths_mm
    assert min(small_pt(style), tiny_pt(style)) >= style.smallest_pt == smallest_pt
    assert style.png_dpi == dpi
    # The widths of paper, whatever the letters.
    assert [style.scale * page_mm(style, columns) for columns in (1, 1.5, 2)] == pytest.approx(widths_mm)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_style_comes_before_its_preset_and_is_the_same_when_read_again(preset):
    settings = FiguresSettings.model_validate({"preset": preset, "style": {"font_pt": 9.0, "palette": "okabe-ito"}})
    assert (settings.style.font_pt, settings.style.palette) == (9.0, "okabe-ito")
    assert settings.style.width_mm == FiguresSettings(preset=preset).style.width_mm
    assert FiguresSettings.model_validate_json(settings.model_dump_json()) == settings


def test_a_width_alone_gives_the_others():
    style = FiguresSettings.model_validate({"preset": "elsevier", "style": {"width_mm": 88.0}}).style
    assert (style.width_mm, style.middle_mm, style.wide_mm) == (88.0, 132.0, 176.0)


def test_no_text_is_below_six_points_in_any_style():
    with pytest.raises(ValueError, match="greater than or equal to 6"):
        FiguresSettings.model_validate({"style": {"smallest_pt": 5.0}})
    style = FiguresSettings.model_validate({"style": {"font_pt": 7.0}}).style
    assert (small_pt(style), tiny_pt(style)) == (6.125, 6.0)


def test_a_font_that_is_not_installed_is_refused_by_name():
    settings = FiguresSettings.model_validate(
        {"language": "zh", "style": {"font": "No Such Font", "chinese_font": "None Such"}}
    )
    latin, chinese = font_faults(settings)
    assert (latin.who, chinese.who) == ("figures.style.font", "figures.style.chinese_font")
    assert "No Such Font" in str(latin) and "None Such" in str(chinese) and latin.code == "font-missing"
    with pytest.raises(InputError, match="No Such Font"):
        rc_parameters(settings.style)


def test_a_known_font_names_its_package(monkeypatch):
    monkeypatch.setattr("lungtox.figures.fonts.find_font", lambda name: None)
    (fault,) = font_faults(FiguresSettings(preset="elsevier"))
    assert "fonts-liberation" in fault.action
    (fault,) = font_faults(FiguresSettings(language="zh"))
    assert "fonts-droid-fallback" in fault.action and "SimHei" in fault.action


def test_the_default_needs_no_font_of_the_machine(monkeypatch):
    monkeypatch.setattr("lungtox.figures.fonts.find_font", lambda name: None)
    for preset in ("plain", "slides"):
        assert font_faults(FiguresSettings(preset=preset)) == []
        assert rc_parameters(FiguresSettings(preset=preset).style)["font.family"] == ["DejaVu Sans"]


@pytest.mark.parametrize(("head", "refused"), [(b"OTTO" + bytes(12), True), (b"\0\1\0\0" + bytes(12), False)])
def test_postscript_outlines_cannot_be_embedded_as_truetype(monkeypatch, tmp_path: Path, head, refused):
    collection = tmp_path / "font.ttc"
    collection.write_bytes(b"ttcf" + bytes(8) + (16).to_bytes(4, "big") + head)
    monkeypatch.setattr("lungtox.figures.fonts.find_font", lambda name: collection)
    faults = font_faults(FiguresSettings.model_validate({"style": {"font": "Some Font"}}))
    assert [fault.code for fault in faults] == (["font-outlines"] if refused else [])


def test_every_script_saves_at_the_resolution_of_the_preset():
    scripts = Path(__file__).resolve().parents[2] / "scripts"
    calls = [
        (path.name, {word.arg for word in node.keywords})
        for path in sorted(scripts.glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "save_figure"
    ]
    assert len(calls) > 10
    assert [name for name, words in calls if "settings" not in words] == []
