"""The section on a published paper, and what the report says of an endpoint of any grade and of many tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lungtox.report import ReportSettings, build_report
from lungtox.report.limitations import limitations_section
from lungtox.report.results import read_results
from tests.unit.results_fixture import CONFIG, build_results

PRINTED = {"paper": "Author 2000", "simulated": False, "remarks": ["No standard deviation is printed."]}
FINDING = {
    **{"source": "factor", "printed_direction": "higher", "printed_p": "<0.05"},
    **{"printed_rp": 31.34, "printed_no_rp": 21.82, "rp": 31.0, "no_rp": 22.0},
    **{"effect_name": "OR per 10 %", "effect": 2.0, "low": 1.1, "high": 3.9, "p": 0.02, "q": 0.06},
    "direction": "higher",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = build_results(tmp_path_factory.mktemp("results"), patients=60)
    (folder / "printed").mkdir()
    rows = [
        {"finding": "V20", **FINDING, "verdict": "as printed"},
        {"finding": "V5", **FINDING, "p": 0.2, "verdict": "significance differs"},
    ]
    pd.DataFrame(rows).to_csv(folder / "printed" / "findings.csv", index=False)
    check = ("V20", "mean of all", "24.15", "25.34 (25.33 to 25.34)", "inconsistent")
    columns = ["item", "check", "printed", "computed", "verdict"]
    pd.DataFrame([check], columns=columns).to_csv(folder / "printed" / "checks.csv", index=False)
    return folder


def page(folder: Path, **changes: Any) -> str:
    provenance = {"created": "", "seed": 1, "platform": "", "versions": {}, "inputs": [], "config": {}}
    return build_report(folder, settings=ReportSettings(), config=CONFIG | changes, provenance=provenance)


def test_findings_and_doubts_are_shown_and_differences_named(folder: Path) -> None:
    text = page(folder, printed=PRINTED)
    assert "Author 2000 and this cohort" in text
    assert "1 of 2 printed findings came out as printed." in text
    assert "V5: significance differs (printed p &lt;0.05)." in text
    assert "31.34 / 21.82" in text and "31.00 / 22.00" in text
    assert "V20, mean of all: printed 24.15; 25.34 (25.33 to 25.34) (inconsistent)." in text
    assert "What cannot be believed of Author 2000" in text and PRINTED["remarks"][0] in text
    assert "All patients are invented" not in text


def test_a_simulated_cohort_is_named_in_the_summary_and_the_section(folder: Path) -> None:
    text = page(folder, printed=PRINTED | {"simulated": True})
    assert text.count("they were simulated so that they show what Author 2000 printed") == 2
    assert text.index("All patients are invented") < text.index("listed patients")


def test_without_a_paper_nothing_of_it_is_there(folder: Path) -> None:
    assert 'id="printed"' not in page(folder) and "Author 2000" not in page(folder)


def test_any_grade_and_multiplicity_are_limitations(folder: Path) -> None:
    results = read_results(folder, CONFIG | {"endpoint": {"scale": "CTCAE", "grade": 1}})
    grades = [1, 1, 1, 2]
    results.analysis["rp_grade"] = pd.Series((grades * 40)[: len(results.analysis)], index=results.analysis.index)
    text = " ".join(item for block in limitations_section(results).blocks for item in getattr(block, "items", ()))
    events = results.analysis.loc[results.analysis["rp"] == 1, "rp_grade"]
    assert f"The endpoint counts any grade: {(events == 1).sum()} of {len(events)}" in text
    univariable, cytokines = results.univariable, results.cytokines
    assert univariable is not None and cytokines is not None
    tested = univariable.drop_duplicates("factor")["p"].notna().sum() + cytokines["p"].notna().sum()
    assert f"Multiplicity: {tested} single tests" in text
    plain = read_results(folder, CONFIG)
    words = " ".join(item for block in limitations_section(plain).blocks for item in getattr(block, "items", ()))
    assert "any grade" not in words


def test_figures_are_checked_without_an_outcome_and_without_findings(tmp_path: Path) -> None:
    for name in ("printed", "dose"):
        (tmp_path / name).mkdir()
    (tmp_path / "dose/metrics.csv").write_text("patient\nP001\n", encoding="utf-8")
    (tmp_path / "printed/findings.csv").write_text("finding,source\n", encoding="utf-8")
    check = (
        "item,check,printed,computed,verdict\nGTV,paired t,p <0.05,needs a correlation of 0.9998 to 1.0000,possible\n"
    )
    (tmp_path / "printed/checks.csv").write_text(check, encoding="utf-8")
    config = {"seed": 1, "inputs": {"clinical": ""}, "dose": {}, "printed": {**PRINTED, "simulated": True}}
    provenance = {"created": "", "seed": 1, "platform": "", "versions": {}, "inputs": [], "config": {}}
    text = build_report(tmp_path, settings=ReportSettings(), config=config, provenance=provenance)
    assert "needs a correlation of 0.9998 to 1.0000" in text and "came out as printed" not in text
    assert text.count("they were simulated so that they show what Author 2000 printed") == 2
