"""References and checklist: what the methods name is listed, and each item has its place."""

import re
import tomllib
from pathlib import Path

import lungtox.report
from lungtox.report.contents import PARTS
from lungtox.report.methods import methods_section
from lungtox.report.references import references_section
from lungtox.report.tripod import AUTHORS, ITEMS, NAMES, tripod_section
from tests.unit.results_fixture import CONFIG
from tests.unit.test_report_sentences import results, univariable

CITED = re.compile(r"\b([A-Z][\w-]+)(?:,? (?:and [A-Z]\w+|et al\.?))?,? ((?:19|20)\d\d)\b")


def listed_for(config):
    return references_section(results(config=config)).blocks[0].items


def checklist(**changes):
    return tripod_section(results(config=CONFIG, **changes)).blocks[1]


def test_every_work_that_the_methods_name_is_listed():
    methods = " ".join(block.text for block in methods_section(results(config=CONFIG)).blocks)
    listed = " ".join(listed_for(CONFIG))
    named = CITED.findall(methods)
    assert len(named) > 10
    for author, year in named:
        assert re.search(rf"{author}\b[^.]*\.?.*?{year}", listed), (author, year)


def test_works_of_methods_that_were_not_used_are_not_listed():
    listed = listed_for({key: value for key, value in CONFIG.items() if key not in ("time", "missing", "ntcp")})
    assert not any(name in item for item in listed for name in ("Gray", "Barnard", "Vergouwe", "Appelt"))
    assert any("Benjamini" in item for item in listed)


def test_published_models_bring_their_citation_and_doi():
    listed = listed_for(CONFIG)
    assert any(item.startswith("Marks LB") and item.endswith("doi 10.1016/j.ijrobp.2009.06.091") for item in listed)


def test_references_have_no_address_and_a_plausible_doi():
    text = Path(lungtox.report.__file__).with_name("references.toml").read_text(encoding="utf-8")
    assert "http" not in text
    for work in tomllib.loads(text).values():
        assert re.search(r"\b(19|20)\d\d\b", work["text"])
        assert re.fullmatch(r"10\.\d{4,5}/\S+", work.get("doi", "10.1000/x"))


def test_the_checklist_has_its_27_items_with_52_parts():
    """Collins 2024: 27 items; with their lettered parts 52."""
    numbers = [item.number for item in ITEMS]
    assert len(numbers) == len(set(numbers)) == 52
    assert {int(re.match(r"\d+", number)[0]) for number in numbers} == set(range(1, 28))
    assert numbers == sorted(numbers, key=lambda number: (int(re.match(r"\d+", number)[0]), number))


def test_items_lead_to_sections_that_are_there_or_to_the_authors():
    table = checklist(univariable=univariable(("dose", "V20", 0.01, 0.02)))
    names = {part.section(results(config=CONFIG)).name for part in PARTS} | {"provenance"}
    assert {place for row in table.rows for _, place in row[3].links} <= {f"#{name}" for name in names}
    assert {name for item in ITEMS for name in item.sections} <= set(NAMES) <= names
    answered = {row[0].text: row[3].text for row in table.rows}
    assert answered["26"] == "Limitations" and answered["8a"] == "Methods, Patients"
    # No strata, no column of centres: nothing is said on fairness and clusters.
    assert {answered[number] for number in ("1", "12d", "14", "17", "18a", "19", "23b")} == {AUTHORS}


def test_an_item_whose_section_has_nothing_to_say_is_left_to_the_authors():
    updating = next(row for row in checklist().rows if row[0].text == "24")
    assert updating[3].text == AUTHORS and updating[3].links == ()
