"""Every word of a figure has its Chinese, with the same places for values; labels of tables are taken apart."""

from __future__ import annotations

import ast
import re
import string
import tomllib
from pathlib import Path

import pytest

from lungtox.figures import FiguresSettings, font_faults, translate, translate_label
from lungtox.figures.style import text_width_mm, wrap_text
from lungtox.provenance import import_closure

PROJECT = Path(__file__).resolve().parents[2]
FIGURES = PROJECT / "src" / "lungtox" / "figures"
ZH = FiguresSettings(language="zh")
WORDS = tomllib.loads((FIGURES / "zh.toml").read_text(encoding="utf-8"))
LABELS = tomllib.loads((FIGURES / "zh_labels.toml").read_text(encoding="utf-8"))


def places(text: str) -> list[str]:
    return sorted(f"{name}:{form}" for _, name, form, _ in string.Formatter().parse(text) if name is not None)


def calls() -> list[tuple[str, ast.Call]]:
    return [
        (f"{path.name}:{node.lineno}", node)
        for path in sorted(FIGURES.glob("*.py"))
        if path.name != "language.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "translate"
    ]


def test_every_text_of_the_code_is_written_out_and_stands_in_the_dictionary():
    keys = set()
    for where, call in calls():
        key = call.args[1]
        assert isinstance(key, ast.Constant) and isinstance(key.value, str), f"{where}: the text is not written out"
        assert key.value in WORDS, f"{where}: {key.value!r} is missing in zh.toml"
        given = {value.arg for value in call.keywords}
        named = {place.partition(":")[0] for place in places(key.value)}
        assert given == named or None in given, f"{where}: {sorted(named)} expected"
        keys.add(key.value)
    assert len(keys) > 100
    assert set(WORDS) <= keys, f"not used any more: {sorted(set(WORDS) - keys)}"


@pytest.mark.parametrize("entries", [WORDS, LABELS], ids=["zh.toml", "zh_labels.toml"])
def test_a_translation_has_the_same_places(entries):
    assert {english for english, text in entries.items() if places(english) != places(text)} == set()
    assert all(text.strip() for text in entries.values())


def test_figures_are_drawn_again_when_a_translation_changes():
    names = {path.name for path in import_closure(PROJECT / "scripts" / "plot_roc.py")}
    assert {"zh.toml", "zh_labels.toml"} <= names


@pytest.mark.parametrize(
    ("label", "chinese"),
    [
        ("Smoking (current v never)", "吸烟 (目前 对 从不)"),
        ("Lung disease: yes v no", "肺部基础疾病：有 对 无"),
        ("Age (per 10 years)", "年龄（每 10 岁）"),
        ("Functional V20 (per 10 %)", "功能 V20（每 10%）"),
        ("perfused \u2265 40 % of maximum", "灌注 \u2265 最大值的 40%"),
        ("LKB, n = 1 fixed\nLungs-GTV, anatomical", "LKB，n = 1 固定\n双肺-GTV，解剖"),
        ("dose clinical\nn = 114, 30 RP", "dose clinical\nn = 114，放射性肺炎 30 例"),
        ("Mean dose, EQD2 (\u03b1/\u03b2 3 Gy) (Gy)", "平均剂量，EQD2 (\u03b1/\u03b2 3 Gy) (Gy)"),
        ("60 Gy (prescription)", "60 Gy（处方）"),
        ("RP grade (CTCAE)", "放射性肺炎分级 (CTCAE)"),
        (
            "RP (CTCAE grade \u2265 2 within 6 months of the end of RT)",
            "放射性肺炎 (CTCAE \u2265 2 级，放疗结束后 6 个月内)",
        ),
        ("V20 high", "高 V20"),
        ("n at its boundary 1", "n 在其边界 1"),
        ("a label of the user", "a label of the user"),
        ("", ""),
    ],
)
def test_labels_of_tables_are_taken_apart(label, chinese):
    assert translate_label(ZH, label) == chinese
    assert translate_label(FiguresSettings(), label) == label


def test_english_stays_and_values_are_filled_in():
    assert translate(FiguresSettings(), "joint {share}", share="95 %") == "joint 95 %"
    assert translate(ZH, "joint {share}", share="95 %") == "95 % 联合置信域"


def test_chinese_breaks_between_characters_and_not_before_a_stop():
    if font_faults(ZH):
        pytest.skip(str(font_faults(ZH)[0]))
    text = "没有结局已知患者的剂量体积直方图，也没有 perfusion 图像。"
    lines = wrap_text(text, 20.0, size_pt=7.0, style=ZH.style)
    assert len(lines) > 2 and "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(text_width_mm(line, 7.0, ZH.style) <= 20.0 for line in lines)
    assert not any(re.match("[，。]", line) for line in lines)
    assert any("perfusion" in line for line in lines)


def test_english_breaks_at_blanks_only():
    lines = wrap_text("one two-three four", 12.0, size_pt=8.0, style=FiguresSettings().style)
    assert " ".join(lines) == "one two-three four" and "two-three" in " ".join(lines).split()
    assert wrap_text("unbreakable", 1.0, size_pt=8.0) == ["unbreakable"]
