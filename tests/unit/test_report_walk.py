"""The walk of tests.report_numbers over every section that an analysis can have, each with its tables and figures."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from lungtox.figures import CAPTIONS
from lungtox.report.blocks import Bullets, Picture, Section, Table
from lungtox.report.contents import PARTS, report_sections
from lungtox.report.results import read_results
from lungtox.tables import write_csv, write_json
from tests.report_numbers import untraced
from tests.unit.agreement_tables import write_agreement
from tests.unit.results_fixture import CONFIG, build_results
from tests.unit.sister_tables import CURVES, DELIVERED, FRACTIONATION, delivered, dvh_curves, fractionation

DIGIT = re.compile(r"\d(?=\))")
"""The last digit of an interval."""
LATENCY = {"parameter": "latency_median_d", "unit": "d", "estimate": 123.4, "low": 101.2, "high": 150.6,
           "fixed": False, "at_boundary": False, "derived": False}  # fmt: skip
TIME = {"counted_from": "rt_start", "deaths": 6, "lost": 4, "followed_short": 9, "late_d": 287.3, "longest_d": 233.0,
        "predicted": 0.2718, "observed": 0.2593, "observed_low": 0.1711, "observed_high": 0.3817,
        "concordance": 0.6877}  # fmt: skip
ALL: dict[str, Any] = {
    **CONFIG,
    "fractionation": FRACTIONATION,
    "dvh_curve": CURVES,
    "delivered": DELIVERED,
    "agreement": {"sources": {"other": {"patients": "other.csv"}}, "limits": {}},
    "ntcp": {
        **CONFIG["ntcp"],
        "fits": {**CONFIG["ntcp"]["fits"], "lkb_time": {"model": "lkb", "time": True, "surface": True}},
    },
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = build_results(tmp_path_factory.mktemp("all"), patients=60)
    for name, found in (("fractionation", fractionation()), ("dvh_curves", dvh_curves()), ("delivered", delivered())):
        for one in fields(found):
            write_csv(getattr(found, one.name), root / f"{name}/{one.name}.csv")
    write_json(
        [{"patient": "P001", "status": "ok", "warnings": ["dose of another grid"]}], root / "delivered/b.qa.json"
    )
    write_agreement(root)
    _write_timed(root / "ntcp/lkb_time")
    (root / "figures").mkdir()
    for name in CAPTIONS:
        (root / f"figures/{name}.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="255pt"/>', "utf-8")
    return root


def _write_timed(folder: Path) -> None:
    """A fit with times as docs/file-contracts.md has it."""
    td50 = {**LATENCY, "parameter": "td50_gy", "unit": "Gy", "estimate": 31.71, "low": 24.53, "high": 47.19}
    write_json(
        {
            "ntcp": "lkb_time", "model": "lkb", "structure": "Lungs-GTV", "weighting": "anatomical",
            "quantity": "physical", "alpha_beta_gy": None, "fixed": {"n": 1.0}, "n": 58, "events": 13,
            "free_parameters": 4, "loglik": -91.37, "aic": 190.74, "aicc": 191.49, "bic": 198.98, "converged": True,
            "parameters": [td50, LATENCY], "nested": [], "beyond_doses": "interval", "warnings": [], "time": TIME,
        },
        folder / "fit.json",
    )  # fmt: skip
    (folder / "intervals.csv").write_text(
        "quantity,estimate,low,high,at_boundary,resamples\nlatency_median_d,123.4,98.7,161.3,0.0,137\n", "utf-8"
    )
    (folder / "validation.csv").write_text(
        "measure,approach,apparent,optimism,corrected,low,high,resamples\n"
        "concordance,bootstrap,0.6877,0.0213,0.6664,0.5731,0.7719,137\n",
        "utf-8",
    )


@pytest.fixture(scope="module")
def sections(folder: Path) -> tuple[Section, ...]:
    return report_sections(read_results(folder, ALL))


def names(sections: Iterable[Section], kind: type[Picture] | type[Table]) -> set[str]:
    return {block.name for section in sections for block in section.blocks if isinstance(block, kind)}


def test_every_number_of_every_section_stands_in_its_tables(sections: tuple[Section, ...], folder: Path) -> None:
    found = untraced(sections, folder, ALL)
    assert not found, "\n".join(found)


def test_no_section_and_no_figure_is_passed_by(sections: tuple[Section, ...]) -> None:
    """Only printed findings have no tables here: the studies' runs walk them."""
    assert len(sections) == len(PARTS) - 1
    assert set(CAPTIONS) - names(sections, Picture) == set()
    assert {"flow", "dose-levels", "delivered-paired", "delivered-volumes", "delivered-quality", "delivered-ntcp",
            "ntcp-bootstrap-lkb_time", "ntcp-validation-lkb_time"} <= names(sections, Table)  # fmt: skip
    said = " ".join(
        item for one in sections for block in one.blocks if isinstance(block, Bullets) for item in block.items
    )
    assert "half of the RP comes within 123 d" in said


@pytest.mark.parametrize("name", ["patients", "factors", "models", "ntcp", "delivered"])
def test_a_changed_number_is_found(name: str, sections: tuple[Section, ...], folder: Path) -> None:
    section = next(one for one in sections if one.name == name)
    false = replace(section, blocks=(*section.blocks, Bullets(("A value of 77.77713 Gy.",))))
    assert any("77.77713" in one for one in untraced((false,), folder, ALL))


@pytest.mark.parametrize(
    ("name", "table", "row", "column"), [("factors", "univariable", 1, 6), ("models", "validation-dose_clinical", 0, 2)]
)
def test_a_last_digit_changed_in_a_table_is_found(
    name: str, table: str, row: int, column: int, sections: tuple[Section, ...], folder: Path
) -> None:
    """Such a number nearly always stands elsewhere in the files, so that its row has to be asked."""
    section = next(one for one in sections if one.name == name)
    known = next(block for block in section.blocks if isinstance(block, Table) and block.name == table)
    cells = list(known.rows[row])
    cells[column] = replace(
        cells[column], text=DIGIT.sub(lambda found: str((int(found[0]) + 1) % 10), cells[column].text)
    )
    assert cells[column] != known.rows[row][column]
    false = replace(section, blocks=(replace(known, rows=(tuple(cells),)),))
    assert any("not of one row" in one for one in untraced((false,), folder, ALL))


def test_an_estimate_with_the_interval_of_another_is_found(sections: tuple[Section, ...], folder: Path) -> None:
    section = next(one for one in sections if one.name == "roc")
    table = next(block for block in section.blocks if isinstance(block, Table) and block.name == "auc")
    first, second = (next(cell.text for cell in row if " to " in cell.text) for row in table.rows[:2])
    assert first != second
    swapped = f"AUC {first.partition(' (')[0]} (95 % CI {second.partition(' (')[2]}."
    false = replace(section, blocks=(Bullets((swapped,)),))
    assert any("not of one row" in one for one in untraced((false,), folder, ALL))
