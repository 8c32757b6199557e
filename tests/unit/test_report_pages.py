"""The report's section on patients' pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lungtox.report.pages_section import pages_section
from lungtox.report.results import read_results
from tests.unit.results_fixture import CONFIG, build_results

TINY_PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    build_results(tmp_path, patients=60)
    (tmp_path / "pages").mkdir()
    table = "patient,flags,spect,planning_ct,page\nP002,1,unusable,yes,P002.png\nP001,1,ok,no,P001.png\n"
    (tmp_path / "pages/pages.csv").write_text(table, encoding="utf-8")
    (tmp_path / "figures").mkdir(exist_ok=True)
    (tmp_path / "figures/contact_sheet.png").write_bytes(TINY_PNG)
    return tmp_path


def test_each_page_is_listed_with_its_flags_and_a_link_to_the_file(folder: Path) -> None:
    words, sheet, table = pages_section(read_results(folder, CONFIG)).blocks
    assert re.match(r"2 pages of \d+ patients with images: the patients with the most quality flags", words.text)
    assert "PAGES=all" in words.text
    assert sheet.address.startswith("data:image/png;base64,") and sheet.alternative
    assert [(row[0].text, row[0].link) for row in table.rows] == [
        ("P002", "pages/P002.png"),
        ("P001", "pages/P001.png"),
    ]
    assert [cell.text for cell in table.rows[0]][1:] == ["1", "not used", "yes"]


def test_a_sheet_of_many_pages_is_named_and_not_carried_along(folder: Path) -> None:
    (folder / "figures/contact_sheet.png").write_bytes(TINY_PNG + bytes(3_000_000))
    sheet = pages_section(read_results(folder, CONFIG)).blocks[1]
    assert sheet.kind == "text" and "figures/contact_sheet.png" in sheet.text


def test_results_without_pages_say_so(folder: Path) -> None:
    (folder / "pages/pages.csv").unlink()
    (text,) = pages_section(read_results(folder, CONFIG)).blocks
    assert text.text == "No patient has images to show."
