"""The report on how structures were found, from quality records: canonical names and study IDs only."""

import json

import pytest

from lungtox.report.blocks import Bullets, Table
from lungtox.report.names_section import names_section
from lungtox.report.results import read_results
from tests.unit.results_fixture import CONFIG, build_results


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build_results(tmp_path_factory.mktemp("results"), patients=20)


def rewritten(folder, changes):
    """Give the section after a change of each patient's record, and put the records back."""
    before = {path: path.read_text(encoding="utf-8") for path in (folder / "dose").glob("*.qa.json")}
    try:
        for path, text in before.items():
            (entry,) = json.loads(text)
            changes(entry)
            path.write_text(json.dumps([entry]), encoding="utf-8")
        return names_section(read_results(folder, CONFIG))
    finally:
        for path, text in before.items():
            path.write_text(text, encoding="utf-8")


def cells(section, name):
    (table,) = [block for block in section.blocks if isinstance(block, Table) and block.name == name]
    return [tuple(cell.text for cell in row) for row in table.rows]


def sentences(section):
    return [text for block in section.blocks for text in (block.items if isinstance(block, Bullets) else [])]


def test_exact_names_of_all_patients(folder):
    section = names_section(read_results(folder, CONFIG))
    assert "60 of 60 (100.0 %) ROIs" in sentences(section)[0]
    assert sentences(section)[1] == "Every ROI was accepted by a person."
    assert cells(section, "names")[0] == ("Lung_L", "20", "20", "0", "0", "0", "0")
    assert cells(section, "composition") == [("Lungs-GTV", "Lung_L + Lung_R, without GTV", "20")]
    assert not [block for block in section.blocks if getattr(block, "name", "") == "names-not-exact"]


def test_what_was_not_exact_is_listed_with_who_accepted_it(folder):
    def change(entry):
        if entry["patient"] == "P003":
            entry["names"][0] |= {"match": "fuzzy", "score": 85.0, "accepted_by": "score"}
            entry["names"].append({"structure": "GTV", "match": "alias", "score": 99.0, "accepted_by": "person"})
        if entry["patient"] == "P004":
            entry["names"][0] |= {"structure": "Lungs"}
            del entry["names"][1]
            entry["structures"]["Lungs-GTV"]["composed_of"]["union"] = ["Lungs"]

    section = rewritten(folder, change)
    assert sentences(section)[1] == (
        "Accepted by a person: 59 of 60 (98.3 %) ROIs; by their score alone, which the config allows: 1, in 1 patient."
    )
    assert cells(section, "names-not-exact") == [
        ("Lung_L", "fuzzy", "the score", "85", "1", "P003"),
        ("GTV", "alias", "a person", "99", "1", "P003"),
    ]
    assert ("Lungs-GTV", "Lungs, without GTV", "1") in cells(section, "composition")
    assert ("GTV", "20", "20", "1", "0", "0", "0") in cells(section, "names")


def test_tables_of_dvhs_have_no_rois(folder):
    def change(entry):
        entry["names"] = []

    (text,) = rewritten(folder, change).blocks
    assert text.text == "The DVHs come from tables: which ROI each structure was is not known here."
