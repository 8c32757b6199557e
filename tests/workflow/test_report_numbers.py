"""Every number of the report's prose and tables stands in a results table (walked through by tests.report_numbers)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lungtox.report.blocks import Cell, Text, make_table
from lungtox.report.contents import report_sections
from lungtox.report.results import read_results
from lungtox.tables import read_json
from tests.report_numbers import untraced


@pytest.fixture(scope="module")
def report(finished_run):
    results = finished_run.folder / "results"
    config = read_json(results / "provenance.json")["config"]
    return report_sections(read_results(results, config)), results, config


def test_every_number_stands_in_a_table_of_its_section(report):
    assert untraced(*report) == []


def test_a_number_from_nowhere_is_found(report):
    """The walk itself: three forgeries, each found."""
    sections, results, config = report
    roc = next(section for section in sections if section.name == "roc")
    false = (
        Text("The AUC is 0.98765."),
        make_table("forged", "A table.", ("Score", "AUC"), [("V20", Cell("0.61 (0.49 to 0.72)", 0.16))]),
        Text("RP occurred in 3 of 5 (50.0 %) patients."),
    )
    found = untraced((replace(roc, blocks=false),), results, config)
    for words in ("0.98765 in", "3 of 5 is not 50.0 %", "'0.61 (0.49 to 0.72)' is not 0.16"):
        assert any(words in one for one in found), words
