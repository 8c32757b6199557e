"""Sections on fractionation and DVH curves say what stands in their tables, and are absent without their sections."""

from __future__ import annotations

from pathlib import Path

import pytest

from lungtox.report import build_report
from lungtox.report.blocks import Bullets, Section, Table
from lungtox.report.config import ReportSettings
from lungtox.report.contents import PARTS, report_sections
from lungtox.report.dvh_curve_section import dvh_curve_findings, dvh_curve_methods, dvh_curve_section
from lungtox.report.findings import summary_section
from lungtox.report.fractionation_section import (
    fractionation_findings,
    fractionation_methods,
    fractionation_section,
)
from lungtox.report.results import Results, read_results
from lungtox.tables import write_csv, write_json
from tests.report_numbers import untraced
from tests.unit.sister_tables import CURVES, FRACTIONATION, dvh_curves, fractionation

CONFIG = {"seed": 1, "inputs": {"clinical": ""}, "dose": {}, "fractionation": FRACTIONATION, "dvh_curve": CURVES}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("dose_only")
    for name in ("schedules", "effects", "ranges", "trade", "risks", "sensitivity"):
        write_csv(getattr(fractionation(), name), root / f"fractionation/{name}.csv")
    for name in ("fits", "parameters", "comparison", "trend", "prediction", "curves"):
        write_csv(getattr(dvh_curves(), name), root / f"dvh_curves/{name}.csv")
    (root / "dose").mkdir()
    (root / "dose/metrics.csv").write_text("patient\nP001\nP002\n", encoding="utf-8")
    entry = {"status": "ok", "warnings": [], "names": [], "structures": {}, "technique": "IMRT", "dose_grid": None}
    write_json([{"patient": "P001", **entry}, {"patient": "P002", **entry}], root / "dose/batch.qa.json")
    return root


@pytest.fixture(scope="module")
def results(folder: Path) -> Results:
    return read_results(folder, CONFIG)


def tables_of(section: Section) -> dict[str, Table]:
    return {block.name: block for block in section.blocks if isinstance(block, Table)}


def test_fractionation_prints_schedules_ranges_and_alpha_beta(results: Results) -> None:
    section = fractionation_section(results)
    found = tables_of(section)
    schedule = found["fractionation-schedules-P001"]
    # SCIENCE.md section 7: n 22, d 2.95, BED 84, EQD2 70.
    row = next(cells for cells in schedule.rows if cells[0].text == "22")
    assert [cell.text for cell in row[:6]] == ["22", "2.95", "64.87", "29", "84.00", "70.00"]
    bullets = next(block for block in section.blocks if isinstance(block, Bullets))
    assert "BED 84.00 Gy with alpha/beta 10 Gy" in bullets.items[0]
    common = fractionation().ranges.query("structure == 'all' and patient == 'P001'")["admissible"].item()
    assert f"all organs: {common}" in bullets.items[1]
    assert [cell.text for cell in found["fractionation-sensitivity"].rows[1]][:2] == ["P001", "tumour 8 Gy"]
    # BED 84 Gy with alpha/beta 10 Gy: 3.06 Gy per fraction at 21, 2.95 at 22 (SCIENCE.md section 7).
    assert found["fractionation-risks"].rows[0][7].text == "extrapolated with 10-21 fractions"


def test_dvh_curves_say_which_model_is_ahead_within_and_beyond_the_margin(results: Results) -> None:
    text = " ".join(dvh_curve_findings(results))
    assert "Within the margin, of 9 curves at 3 positions" in text
    assert "Gaussian by RSS in 9 and by AIC in 9; Fermi by RSS in 0 and by AIC in 0" in text
    assert "Beyond the margin, of 6 curves at 2 positions" in text
    assert "Gaussian by RSS in 0 and by AIC in 0; Fermi by RSS in 6 and by AIC in 6" in text
    assert "to the feet: the mean dose changes by \N{MINUS SIGN}0.10 Gy per mm (falling in 3 of 3 patients)" in text
    rows = tables_of(dvh_curve_section(results))["dvh-curves-comparison"].rows
    assert {"as planned", "20 mm to the feet", "20 mm to the head", "breathing, 20 mm"} <= {row[0].text for row in rows}
    assert {row[5].text for row in rows} == {"3"}


def test_methods_and_findings_belong_to_the_sections_alone(results: Results, folder: Path) -> None:
    assert "alpha/beta r = 10 Gy; overall time is not counted" in " ".join(fractionation_methods(FRACTIONATION))
    assert "tests nothing" not in " ".join(dvh_curve_methods(CURVES))
    assert not list(fractionation_methods(None)) and not list(dvh_curve_methods(None))
    without = read_results(folder, {**CONFIG, "fractionation": None, "dvh_curve": None})
    assert not list(fractionation_findings(without)) and not list(dvh_curve_findings(without))


def test_a_listed_patient_who_cannot_be_used_is_named(folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "patients.csv"
    table.write_text("patient;dose\nP001;a\nP002;b\nP003;c\n", encoding="utf-8")
    fault = {"who": "P003", "expected": "a dose", "found": "a cut file", "action": "", "code": "x"}
    write_json([{"patient": "P003", "status": "unusable", "faults": [fault], "warnings": []},
                {"patient": "P009", "status": "unusable", "faults": [fault], "warnings": []}],
               folder / "dose/other.qa.json")  # fmt: skip
    inputs = {"clinical": "", "patients": str(table)}
    section = summary_section(read_results(folder, {**CONFIG, "inputs": inputs}))
    (folder / "dose/other.qa.json").unlink()
    text = " ".join(next(block for block in section.blocks if isinstance(block, Bullets)).items)
    assert "P003 could not be used: expected a dose, found a cut file." in text
    assert "P009" not in text  # of an earlier list


def test_the_report_without_outcome_holds_both_sections(folder: Path) -> None:
    html = build_report(
        folder, settings=ReportSettings(), config=CONFIG,
        provenance={"created": "", "seed": 1, "platform": "", "inputs": [], "versions": {}, "config": CONFIG},
    )  # fmt: skip
    assert 'id="fractionation"' in html and 'id="dvh-curves"' in html
    assert "no outcome is analysed" in html
    assert {fractionation_section, dvh_curve_section} <= {part.section for part in PARTS}


def test_their_numbers_stand_in_their_tables(results: Results, folder: Path) -> None:
    assert untraced(report_sections(results), folder, CONFIG) == []
