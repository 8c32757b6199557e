"""Who gets a page."""

from __future__ import annotations

from typing import Any

import pytest

from lungtox.errors import ParameterError
from lungtox.extraction import choose_pages, quality_flags, tabulate_overlays, tabulate_pages

FAULT = {"who": "P1", "expected": "a SPECT that covers the lungs", "found": "4 % outside", "action": "", "code": ""}


def entry(
    patient: str, *warnings: str, spect: str = "ok", told: tuple[str, ...] = (), **changes: Any
) -> dict[str, Any]:
    faults = [FAULT] if spect == "unusable" else []
    function = {"status": spect, "faults": faults, "warnings": list(told)}
    whole = {"patient": patient, "status": "ok", "dose_grid": {}, "warnings": list(warnings), "function": function}
    return {**whole, **changes}


COHORT = [
    entry("P1"),
    entry("P2", "a", "b"),
    entry("P3", "a", spect="unusable", told=("c",)),  # three flags: warning, refusal, warning of the SPECT
    entry("P4", spect="none"),
    entry("P5"),
    entry("P6", "a", "b", "c", "d", status="unusable"),
    entry("P7", "the DVHs come from a table", "b", "c", "d", dose_grid=None),
    entry("P8", spect="none"),
]


def test_the_patients_with_the_most_flags_come_first_and_complete_ones_win_ties() -> None:
    chosen = choose_pages(COHORT, with_ct={"P5", "P4", "P8"}, count=5)
    assert [one.patient for one in chosen] == ["P3", "P2", "P5", "P1", "P4"]
    assert [one.flags for one in chosen] == [3, 2, 0, 0, 0]


def test_all_means_everybody_with_images() -> None:
    chosen = choose_pages(COHORT, with_ct=(), count=None)
    assert sorted(one.patient for one in chosen) == ["P1", "P2", "P3", "P4", "P5", "P8"]
    table = tabulate_pages(chosen)
    assert list(table["page"]) == [f"{one.patient}.png" for one in chosen]
    assert choose_pages(COHORT, with_ct=(), count=0) == [] and tabulate_pages([]).empty
    with pytest.raises(ParameterError, match="0 or more"):
        choose_pages(COHORT, with_ct=(), count=-1)


def test_a_flag_says_why_a_spect_was_refused_once() -> None:
    flags = quality_flags(entry("P3", "a", "a", spect="unusable", told=("a", "c")))
    assert flags == ("a", "SPECT: expected a SPECT that covers the lungs; found 4 % outside", "c")


def test_all_registered_patients_get_a_picture_of_it() -> None:
    by_images, by_object = entry("P1"), entry("P2")
    by_images["function"]["registration"] = {"kind": "image", "quality": {"method": "CT to CT"}}
    by_object["function"]["registration"] = {"kind": "object"}
    table = tabulate_overlays([by_images, by_object, entry("P3", spect="none")])
    assert table.to_dict("records") == [{"patient": "P1", "overlay": "P1.registration.png"}]
