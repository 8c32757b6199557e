"""The report of an analysis of dose alone, with the agreement of two sources."""

import json
import shutil

import pytest

from lungtox.agreement import Case
from lungtox.dose import DoseSettings
from lungtox.report import build_report
from lungtox.report.config import ReportSettings
from lungtox.report.contents import report_sections
from lungtox.report.results import read_results
from lungtox.tables import write_csv
from tests.report_numbers import untraced
from tests.unit.agreement_tables import SETTINGS, P, metrics, write_agreement

CONFIG = {
    "seed": 1,
    "inputs": {"patients": "patients.csv", "structures": "structures.csv", "clinical": ""},
    "dose": DoseSettings.model_validate(
        {"structures": {"Lungs": {"union": ["Lungs"]}, "SpinalCord": {"union": ["SpinalCord"]}}}
    ).model_dump(mode="json"),
    "function": None,
    "agreement": {**SETTINGS, "labels": {"main": "planning system", "other": "log files"}, "cases": None},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    write_agreement(folder, unusable={"P13": "no GTV"})
    write_csv(metrics(P), folder / "dose/metrics.csv")
    for patient in P:
        entry = {"patient": patient, "status": "ok", "faults": [], "warnings": []}
        (folder / f"dose/{patient}.qa.json").write_text(json.dumps([entry]), encoding="utf-8")
    return folder


def page(folder, **changed):
    provenance = {"created": "now", "seed": 1, "platform": "x", "inputs": [], "versions": {}, "config": {}}
    return build_report(folder, settings=ReportSettings(), config=CONFIG | changed, provenance=provenance)


def test_doses_alone_make_a_report_without_outcome(folder):
    html = page(folder)
    assert "there is no clinical table, so no outcome is analysed" in html
    assert "Doses of 12 patients" in html
    assert 'id="agreement"' in html
    for section in ("patients", "association", "models", "roc", "ntcp", "limitations"):
        assert f'<section id="{section}"' not in html
    assert "radiation pneumonitis (RP)" not in html


def test_verdicts_points_scatter_and_who_was_left_out(folder):
    html = page(folder)
    # The table of the fixture: three metrics agree, the scattering maximum is open.
    assert "of 4 metrics, 3 within the clinical limit and 1 left open by their intervals." in html
    assert "of 48 (" in html  # 12 patients, 4 metrics
    assert "SpinalCord: Max scatters" in html
    assert "cannot be used in other: no GTV" in html
    assert "P13" in html
    assert "Clinical limits were stated in the config before the comparison." in html


def test_repeated_measures_stand_in_the_methods_where_somebody_has_them(folder, tmp_path):
    assert "repeated measures" not in page(folder, agreement={**CONFIG["agreement"], "cases": "groups.csv"})
    shutil.copytree(folder, tmp_path / "results")
    cases = {name: Case(P[k // 2]) for k, name in enumerate(P)}
    write_agreement(tmp_path / "results", cases=cases)
    assert "repeated measures of a person enter by components of variance" in page(tmp_path / "results")


def test_without_the_section_nothing_of_it_is_shown(folder):
    assert 'id="agreement"' not in page(folder, agreement=None)


def test_its_numbers_stand_in_its_tables(folder):
    assert untraced(report_sections(read_results(folder, CONFIG)), folder, CONFIG) == []
