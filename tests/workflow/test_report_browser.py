"""The report of the shared run in a browser: from the disk, without a network, on a phone, on paper."""

from __future__ import annotations

import csv
import io
import re
import shutil
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest

from lungtox.report.blocks import Picture, Table
from lungtox.report.contents import report_sections
from lungtox.report.results import read_results
from lungtox.tables import read_csv, read_json

SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MOST_BYTES = 8_000_000
PHONE = 380
A4_INNER = (688, 1001)  # CSS pixels of 182 x 265 mm: A4 less the margins of report.css
DPI = 300


@dataclass
class Visit:
    """A page opened from the disk, and what it said and asked for."""

    page: object
    results: Path
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def table(self, name: str) -> list[list[str]]:
        return self.page.evaluate(
            "(id) => [...document.getElementById(id).rows].map((r) => [...r.cells].map((c) => c.textContent.trim()))",
            f"table-{name}",
        )

    def save(self, label: str) -> tuple[str, bytes]:
        """Press a button that saves a file; give its name and content."""
        with self.page.expect_download() as waiting:
            self.page.get_by_role("button", name=label, exact=True).click()
        return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


@pytest.fixture(scope="module")
def visit(finished_run) -> Iterator[Visit]:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    results = finished_run.folder / "results"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, headless=True, args=list(SWITCHES))
        context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
        visit = Visit(context.new_page(), results)
        visit.page.on("console", lambda message: visit.said.append(message.text))
        visit.page.on("pageerror", lambda error: visit.said.append(str(error)))
        visit.page.on("request", lambda request: visit.asked.append(request.url))
        visit.page.goto((results / "report.html").as_uri())
        yield visit
        browser.close()


@pytest.fixture(scope="module")
def sections(finished_run):
    results = finished_run.folder / "results"
    return report_sections(read_results(results, read_json(results / "provenance.json")["config"]))


def test_it_opens_from_the_disk_without_a_network(visit):
    assert visit.said == []
    outside = [url for url in visit.asked if not url.startswith(("data:", "blob:"))]
    assert outside == [(visit.results / "report.html").as_uri()]
    assert (visit.results / "report.html").stat().st_size < MOST_BYTES


def test_every_section_table_and_figure_is_there(visit, sections):
    ids = visit.page.eval_on_selector_all("[id]", "(parts) => parts.map((part) => part.id)")
    blocks = [block for section in sections for block in section.blocks]
    tables = [f"table-{block.name}" for block in blocks if isinstance(block, Table)]
    figures = [f"figure-{block.name}" for block in blocks if isinstance(block, Picture)]
    assert [name for name in ids if name.startswith("table-")] == [*tables, "table-inputs", "table-versions"]
    assert [name for name in ids if name.startswith("figure-")] == figures
    assert {path.stem for path in (visit.results / "figures").glob("*.svg")} <= {name[7:] for name in figures}
    drawn = visit.page.eval_on_selector_all("figure img", "(all) => all.map((one) => one.naturalWidth)")
    assert len(drawn) == len(figures) and min(drawn) > 100
    rows = visit.page.eval_on_selector_all("main .table tbody", "(all) => all.map((one) => one.rows.length)")
    assert rows[: len(tables)] == [len(block.rows) for block in blocks if isinstance(block, Table)]
    links = visit.page.eval_on_selector_all("a[href^='#']", "(all) => all.map((one) => one.getAttribute('href'))")
    assert {f"#{section.name}" for section in sections} <= set(links) <= {f"#{name}" for name in ids}


def test_numbers_and_texts_sort_both_ways_by_mouse_and_keys(visit):
    exact = read_csv(visit.results / "association/univariable.csv")["p"].tolist()
    p = visit.page.locator("#table-univariable").get_by_role("button", name="p", exact=True)
    column = "(all) => all.map((one) => Number(one.dataset.order))"
    p.click()
    assert visit.page.eval_on_selector_all("#table-univariable td:nth-child(8)", column) == sorted(exact)
    assert visit.page.locator("#table-univariable th[aria-sort=ascending]").inner_text().startswith("p")
    p.click()
    assert visit.page.eval_on_selector_all("#table-univariable td:nth-child(8)", column) == sorted(exact, reverse=True)
    family = visit.page.locator("#table-univariable").get_by_role("button", name="Family", exact=True)
    texts = [row[1] for row in visit.table("univariable")[1:]]
    family.focus()
    visit.page.keyboard.press("Enter")
    assert [row[1] for row in visit.table("univariable")[1:]] == sorted(texts)
    visit.page.keyboard.press("Space")
    assert [row[1] for row in visit.table("univariable")[1:]] == sorted(texts, reverse=True)


def test_rows_without_a_number_stay_below_in_either_direction(visit):
    """Levels of a factor have no difference between groups: a dash."""
    head = visit.page.locator("#table-univariable").get_by_role("button", name="Difference (95 % CI)", exact=True)
    for _ in range(2):
        head.click()
        dashes = [row[5] == "\N{EN DASH}" for row in visit.table("univariable")[1:]]
        assert any(dashes) and dashes == sorted(dashes)


def test_a_table_is_saved_as_it_stands_with_plain_minus_signs(visit):
    name, content = visit.save("Save the table auc as CSV")
    assert name == "auc.csv"
    saved = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert saved == [[cell.replace("\N{MINUS SIGN}", "-") for cell in row] for row in visit.table("auc")]


def test_a_table_can_be_copied_and_pasted(visit):
    visit.page.get_by_role("button", name="Copy the table auc", exact=True).click()
    assert visit.page.locator(".table:has(#table-auc) output").inner_text() == "copied"
    visit.page.evaluate("document.body.append(Object.assign(document.createElement('textarea'), { id: 'paste' }))")
    visit.page.locator("#paste").press("Control+V")
    lines = visit.page.locator("#paste").input_value().strip().splitlines()
    visit.page.locator("#paste").evaluate("(one) => one.remove()")
    assert [line.split("\t") for line in lines] == visit.table("auc")


def test_a_figure_is_saved_as_drawn_and_as_pixels(visit):
    name, content = visit.save("Save the figure roc as SVG")
    assert name == "roc.svg" and content == (visit.results / "figures/roc.svg").read_bytes()
    name, content = visit.save("Save the figure roc as PNG")
    assert name == "roc.png" and content[:8] == b"\x89PNG\r\n\x1a\n"
    width_pt = float(re.search(rb'width="([\d.]+)pt"', (visit.results / "figures/roc.svg").read_bytes()).group(1))
    assert abs(struct.unpack(">I", content[16:20])[0] - width_pt / 72 * DPI) < 5


def test_values_of_a_curve_are_those_of_its_table(visit):
    """Arrow keys go along the drawn points; each is a row of the table behind the figure, to the drawing's accuracy."""
    table = read_csv(visit.results / "figures/roc.csv")
    known = table[["fpr", "tpr"]].dropna().to_numpy()
    keys = visit.page.get_by_role("button", name="Read values of the figure roc", exact=False)
    keys.focus()
    said = visit.page.locator("#figure-roc output")
    for _ in range(12):
        visit.page.keyboard.press("ArrowDown")
        text = said.inner_text()
        x, y = (float(number) for number in re.findall(r": (\d\.\d+)", text)[-2:])
        assert (abs(known - [x, y]).max(axis=1) < 0.003).any(), text
    box = visit.page.locator("#figure-roc img").bounding_box()
    mark = visit.page.locator("#figure-roc .mark").bounding_box()
    assert box["x"] <= mark["x"] <= box["x"] + box["width"] and box["y"] <= mark["y"] <= box["y"] + box["height"]
    visit.page.locator("#figure-roc img").hover(position={"x": box["width"] * 0.5, "y": box["height"] * 0.3})
    assert "Sensitivity" in said.inner_text()


def test_values_can_be_read_from_every_figure_with_curves(visit):
    count = "(all) => all.map((one) => [one.dataset.name, readDrawing(one).points.length])"
    found = dict(visit.page.eval_on_selector_all("figure img[src^='data:image/svg']", count))
    curves = {"dvh_groups", "roc", "calibration", "decision", "ntcp", "incidence", "function_sweep"}
    assert curves <= set(found) and min(found[name] for name in curves) > 20


def test_nothing_but_tables_and_figures_scrolls_sideways_on_a_phone(visit):
    visit.page.set_viewport_size({"width": PHONE, "height": 800})
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= PHONE
    wide = """(all) => all.filter((one) => !one.closest('.scroll'))
      .filter((one) => one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 80))"""
    assert visit.page.eval_on_selector_all("main *, header *", wide) == []
    visit.page.set_viewport_size({"width": 1280, "height": 900})


def test_headings_descend_one_level_at_a_time(visit):
    levels = visit.page.eval_on_selector_all("h1, h2, h3, h4", "(all) => all.map((one) => Number(one.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert visit.page.get_attribute("html", "lang") == "en"


def test_axe_finds_nothing_serious(visit):
    from axe_playwright_python.sync_playwright import Axe

    other = visit.page.context.new_page()
    other.goto((visit.results / "report.html").as_uri())
    # Of what is alike in a section one is enough: axe takes its time with each part, and with the data of the images.
    alike = "tbody tr + tr, li + li, .table ~ .table, figure ~ figure, .notes ~ .notes, section > p ~ p ~ p"
    other.evaluate("(alike) => document.querySelectorAll(alike).forEach((one) => one.remove())", alike)
    dot = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
    other.evaluate("(dot) => document.querySelectorAll('figure img').forEach((one) => (one.src = dot))", dot)
    found = Axe().run(other).response["violations"]
    other.close()
    grave = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], one["nodes"][0]["html"][:120]) for one in grave] == []


def test_on_paper_figures_stay_whole_heads_repeat_and_all_is_open(visit):
    content = visit.page.pdf(prefer_css_page_size=True)
    pages = len(re.findall(rb"/Type\s*/Page\b", content))
    assert 10 < pages < 60
    visit.page.emulate_media(media="print")
    visit.page.set_viewport_size({"width": A4_INNER[0], "height": A4_INNER[1]})
    visit.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert visit.page.eval_on_selector_all("details:not([open])", "(all) => all.length") == 0
    whole = "(all) => all.map((one) => [one.getBoundingClientRect().height, getComputedStyle(one).breakInside])"
    for height, inside in visit.page.eval_on_selector_all("figure", whole):
        assert inside == "avoid" and height < A4_INNER[1]
    heads = visit.page.eval_on_selector_all("thead", "(all) => all.map((one) => getComputedStyle(one).display)")
    assert set(heads) == {"table-header-group"}
    # A browser does not repeat buttons in the heads of the next page.
    assert visit.page.locator("thead button").count() == 0
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= A4_INNER[0]
    visit.page.evaluate("dispatchEvent(new Event('afterprint'))")
    visit.page.emulate_media(media="screen")
    assert visit.page.eval_on_selector_all("details[open]", "(all) => all.length") == 0
