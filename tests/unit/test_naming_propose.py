"""Proposals of structure names: for names of many clinics, for names that must stay without, in any spelling."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungtox.naming import CANONICAL_STRUCTURES, parse_target, propose_names
from lungtox.naming.propose import propose_name
from lungtox.naming.words import vocabulary
from tests.unit.roi_names import EXPECTED, TYPED_WRONG, UNSEEN, listed

SURE = [(name, structure) for name, structure in listed(EXPECTED) if structure]


def read(names):
    return [(name, expected, propose_name(name)) for name, expected in names]


def test_exact_and_alias_are_always_right():
    for names in (EXPECTED, TYPED_WRONG, UNSEEN):
        wrong = [
            (name, expected, found.structure)
            for name, expected, found in read(listed(names))
            if found.match in ("exact", "alias") and found.structure != expected
        ]
        assert not wrong


def test_plain_names_are_nearly_all_found():
    missed = [name for name, expected, found in read(SURE) if found.structure != expected]
    assert len(missed) <= 0.01 * len(SURE), missed


def test_negative_cases_get_no_proposal():
    for names in (EXPECTED, UNSEEN):
        found = [(name, found.structure) for name, expected, found in read(listed(names)) if not expected]
        assert not [(name, structure) for name, structure in found if structure]


def test_fuzzy_proposals_are_right_on_names_typed_wrong():
    fuzzy = [(expected, found) for _, expected, found in read(listed(TYPED_WRONG)) if found.match == "fuzzy"]
    right = sum(found.structure == expected for expected, found in fuzzy)
    assert right >= 0.97 * len(fuzzy)
    assert right >= 0.95 * sum(bool(expected) for _, expected in listed(TYPED_WRONG))
    assert max(found.score for _, found in fuzzy) <= 95


@pytest.mark.parametrize(
    ("name", "kind", "words", "dose_gy"),
    [
        ("GTVp", "GTV", ("p",), None),
        ("igtv 60", "IGTV", (), 60.0),
        ("PTV_41.4", "PTV", (), 41.4),
        ("PTV 41,4", "PTV", (), 41.4),
        ("GTV-N 2", "GTV", ("n", "2"), None),
        ("PTV_5040x28", "PTV", (), 50.4),
        ("PTV_60Gy/30fx", "PTV", (), 60.0),
        ("PTV 6600 cGy", "PTV", (), 66.0),
        ("PTV 8Gy", "PTV", (), 8.0),
        ("Boost PTV 1", "PTV", ("boost", "1"), None),
        ("GTVp+n", "GTV", ("p", "n"), None),
    ],
)
def test_targets_are_taken_apart(name, kind, words, dose_gy):
    found = parse_target(name)
    assert found is not None
    assert (found.kind, found.words, found.dose_gy) == (kind, words, dose_gy)


@pytest.mark.parametrize(
    "name", ["PTV 70/59.4", "PTV_2015", "GTV_20130405", "PTV-03", "PTV+5", "GTV 5mm", "GTVopt", "PTV-GTV"]
)
def test_targets_that_are_not_understood_are_none(name):
    assert parse_target(name) is None


def test_two_rois_of_one_organ():
    better, worse, *_ = propose_names({1: "Heart", 2: "Herz"})
    assert (better.structure, worse.structure) == ("Heart", "")
    assert "ROI 1" in worse.note
    same = propose_names({1: "Lt Lung", 2: "left lung"})
    assert [found.structure for found in same] == ["Lung_L", "Lung_L"]
    assert all("accept one" in found.note for found in same)
    assert [found.structure for found in propose_names({1: "GTVp", 2: "GTVn"})] == ["GTV", "GTV"]


def test_notes_repeat_nothing_of_a_name_that_the_table_does_not_know():
    for name in ("Meier Lung L", "PTV Meier", "Meier", "Lungs-Meier", "GTV 4711 Meier", "Lung L 19700101"):
        assert not any(word in propose_name(name).note.lower() for word in ("meier", "4711", "1970"))


@given(st.sampled_from(SURE), st.randoms(use_true_random=False))
def test_case_and_separators_change_nothing(pair, chance):
    name, expected = pair
    kind = propose_name(name)
    shouted = "".join(chance.choice((sign.upper(), sign.lower())) for sign in name)
    gaps = {" ": ("_", " ", "  ", ".")}
    spaced = "".join(chance.choice(gaps[sign]) if sign in gaps else sign for sign in shouted)
    found = propose_name(f" {spaced} ")
    assert (found.structure, found.match) == (kind.structure, kind.match) == (expected, kind.match)


@given(st.lists(st.sampled_from(listed(EXPECTED) + listed(TYPED_WRONG)), max_size=12), st.integers())
def test_the_order_of_the_rois_changes_nothing(pairs, seed):
    names = {number: name for number, (name, _) in enumerate(pairs, start=1)}
    mixed = list(names.items())
    random.Random(seed).shuffle(mixed)
    assert propose_names(dict(mixed)) == propose_names(names)


@given(st.text(max_size=30))
def test_any_text_gets_an_answer(name):
    found = propose_name(name)
    assert found.structure in {"", *CANONICAL_STRUCTURES}
    assert bool(found.structure) == bool(found.match) == (found.score > 0)


@given(
    st.sampled_from(sorted(vocabulary().sides)), st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8)
)
def test_a_side_is_never_turned(word, rest):
    found = propose_name(f"{rest} {word}").structure
    side = vocabulary().sides[word]
    assert not (found.endswith("_L") and side != "left")
    assert not (found.endswith("_R") and side != "right")
