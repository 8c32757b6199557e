"""The page of `lungtox check`: the order of what to fix, every bad cell with its place, nothing that is not escaped."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from lungtox.check import check_page, group_faults
from lungtox.check.design import design_questions
from lungtox.cli import main
from lungtox.cohort import CellFault, EndpointSettings
from lungtox.errors import Fault
from tests.unit import box_patient as boxes
from tests.unit.table_files import COLUMNS, HEADER, ROWS, write_text_table
from tests.unit.test_check import config

VOID = {"meta", "br", "hr", "img", "link"}


class Page(HTMLParser):
    """Checks that tags close in order; keeps the cells of the tables and the headings."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.headings: list[str] = []
        self.links: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag in ("h1", "h2"):
            self.headings.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data
        if self.open and self.open[-1] in ("h1", "h2"):
            self.headings[-1] += data


def fault(code: str, who: str = "P1") -> Fault:
    return Fault(who, "one thing", "another", "Correct it.", code)


def test_groups_stand_in_the_order_of_repair() -> None:
    codes = [
        "table-number",
        "structure-missing",
        "names-open",
        "dose-units",
        "file-missing",
        "config-value",
        "patient-twice",
    ]
    groups = group_faults([fault(code) for code in codes])
    assert [group.title for group in groups] == [
        "Config", "Files that are missing or cannot be read", "Patients whose files cannot be used", "Structure names",
        "Rows and columns of the tables", "Cells of the tables",
    ]  # fmt: skip
    assert sum(len(group.faults) for group in groups) == len(codes)


def test_a_bad_cell_has_its_row_and_column_and_everything_is_escaped() -> None:
    cells = [
        CellFault("LT003 (clinical table, row 9, column 'Alter' (age_y))", "a number", "'<b>alt</b>'",
                  "Correct & save.", "table-number", "clinical table", "Alter", (9,), "row"),
        CellFault("clinical table, rows 3, 4, column 'Sex' (sex)", "one of m, w", "'d'", "Add it.",
                  "table-code", "clinical table", "Sex", (3, 4), "row"),
    ]  # fmt: skip
    text = check_page([*cells, fault("file-missing")], patients=7, design=["few events"], remarks=["<i>x</i>"])
    page = Page(text)
    assert page.rows[-2:] == [
        ["clinical table, rows 3, 4", "Sex", "one of m, w", "'d'", "Add it."],
        ["clinical table, row 9 (LT003)", "Alter", "a number", "'<b>alt</b>'", "Correct & save."],
    ]
    assert "<b>" not in text and "<i>" not in text
    assert [heading.split(" (")[0] for heading in page.headings[1:]] == [
        "1. Files that are missing or cannot be read", "2. Cells of the tables", "Questions of design",
        "How the tables were read",
    ]  # fmt: skip
    assert all(link.startswith("#group") for link in page.links)  # nothing is loaded from elsewhere
    assert "3 faults would stop the run" in text


def test_a_page_without_faults_says_so() -> None:
    assert "nothing would stop the run" in check_page([], patients=3)


def test_the_command_writes_the_page_with_all_faults_and_prints_the_first_of_a_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    patients: dict[str, Any] = {f"LT{number:03d}": {} for number in range(1, 16)}
    boxes.write(tmp_path, patients)
    rows = [
        [name, f"Geheim {name}", "alt" if number < 7 else "71", *ROWS[1][3:]] for number, name in enumerate(patients)
    ]
    settings = config(tmp_path, patients=())
    columns = {**COLUMNS, "smoking": {"column": "Geschlecht", "codes": {"w": "never"}}}
    tables = config_tables({"clinical": {"columns": columns}})
    path = write_text_table(tmp_path / "k.csv", [HEADER, *rows])
    settings = SimpleNamespace(**{**vars(settings), "tables": tables})
    settings.inputs = settings.inputs.model_copy(update={"clinical": str(path)})
    monkeypatch.setattr("lungtox.commands.check.LINES_OF_A_KIND", 5)
    monkeypatch.setattr("lungtox.commands.check.read_usable_config", lambda path: (settings, ()))
    with pytest.raises(SystemExit) as stopped:
        main(["check", "--html", str(tmp_path / "check.html")])
    assert stopped.value.code == 1
    printed = capsys.readouterr().err
    assert "1. Cells of the tables (7)." in printed
    assert "and 2 more of this kind: the page lists all." in printed
    assert "7 faults would stop the run" in printed
    page = Page((tmp_path / "check.html").read_text(encoding="utf-8"))
    assert page.rows[1][:2] == ["clinical table, line 2 (LT001)", "Alter"]
    assert len(page.rows) == 8
    text = (tmp_path / "check.html").read_text(encoding="utf-8") + printed
    assert "Geheim" not in text and str(tmp_path) not in text


def config_tables(content: dict[str, Any]) -> Any:
    from lungtox.cohort import TablesSettings

    return TablesSettings.model_validate(content)


def questions(events: int, others: int, predictors: list[str], **columns: list[Any]) -> list[str]:
    outcome = pd.DataFrame({"rp": [1] * events + [0] * others})
    clinical = pd.DataFrame({"patient": [f"P{n}" for n in range(events + others)], **columns})
    settings: Any = SimpleNamespace(
        models={"m": SimpleNamespace(predictors=predictors)}, endpoint=EndpointSettings(), cohort=SimpleNamespace()
    )
    return list(design_questions(settings, clinical=clinical, outcome=outcome))


def test_events_per_parameter_count_levels_and_doses() -> None:
    # 24 events; smoking has three levels: two parameters, with the dose three: 8 events each, two parameters allowed.
    smoking = (["never", "former", "current"] * 40)[:100]
    (text,) = questions(24, 76, ["mld_gy", "smoking"], smoking=smoking)
    assert text.startswith("models.m: 24 events for 3 parameters, 8.0 each; fewer than 10")
    assert "Name at most 2 beforehand" in text
    assert "So few carry no parameter at all" in questions(9, 76, ["mld_gy"])[0]
    assert questions(30, 70, ["mld_gy", "smoking"], smoking=smoking) == []
    # The rarer outcome counts: 30 without RP of 100.
    assert questions(70, 30, ["mld_gy", "smoking"], smoking=smoking) == []


def test_predictors_that_cannot_serve_are_asked_about() -> None:
    found = questions(50, 50, ["age_y"], age_y=[60.0] * 70 + [None] * 30)
    assert "age_y is empty for 30 of 100 patients, who leave the model" in found[0]
    assert "age_y has one value only" in found[1]
    (text,) = questions(50, 50, ["il6_during"])
    assert "il6_during is measured during RT" in text
    assert "0 patients with RP (grade 2 or higher within 6 months) and 9 without" in questions(0, 9, ["x"])[0]


def test_the_printed_order_is_that_of_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    from lungtox.commands.check import _print_faults

    faults = [fault("table-number"), fault("file-missing")]
    _print_faults(faults, None)
    printed = re.findall(r"^(\d\. [A-Z][a-z ]+)", capsys.readouterr().err, flags=re.M)
    titles = [heading.partition(" (")[0] for heading in Page(check_page(faults, patients=1)).headings[1:]]
    assert [title.strip() for title in printed] == titles
