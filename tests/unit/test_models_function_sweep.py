"""The cohort's functional sensitivity. Expected numbers are worked out by hand from the values shown."""

import pandas as pd
import pytest

from lungtox.errors import InputError
from lungtox.models import compare_auc, compare_sweep

# Three patients with pneumonitis, four without, one who is neither, one who is not analysed.
PATIENTS = ["A", "B", "C", "D", "E", "F", "G", "N", "X"]
RP = pd.DataFrame({"patient": PATIENTS[:8], "rp": [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, None]})
V20 = [30, 20, 28, 10, 21, 12, 11, 25, 99.0]
BASE = [25, 24, 26, 9, 10, 11, 12, 20, 99.0]
MOVED = [26, 23, 29, 10, 11, None, 13, 21, 99.0]


def rows(change, weighting, direction, shift_mm, values):
    head = {"structure": "L", "change": change, "weighting": weighting, "direction": direction, "shift_mm": shift_mm}
    return [
        {"patient": patient, **head, "metric": metric, "value": value, "unit": ""}
        for metric in ("V20Gy[%]", "Mean[Gy]")
        for patient, value in zip(PATIENTS, values, strict=True)
    ]


SWEEP = pd.DataFrame(
    [
        *rows("none", "anatomical", "", 0.0, V20),
        *rows("region", "perfusion", "", 0.0, BASE),
        *rows("region", "functional:40%max", "", 0.0, BASE),
        *rows("shift", "perfusion", "left", 5.0, MOVED),
        *rows("shift", "functional:40%max", "left", 5.0, MOVED),
    ]
)


def test_changes_and_comparison():
    base, moved = compare_sweep(SWEEP, RP, region="40%max").to_dict("records")
    assert (base["change"], base["is_base"], base["fv20_pct_n"]) == ("region", True, 8)
    assert base["fv20_pct_mean"] == pytest.approx(137 / 8)  # N counts here, X nowhere
    assert (base["n"], base["events"]) == (7, 3)
    assert base["auc_fv20"] == 1.0
    assert base["auc_v20"] == pytest.approx(11 / 12)  # of 12 pairs, 20 < 21 is the wrong one
    # Changes 1 -1 3 1 1 . 1 1: median 1; F has no value there.
    assert (moved["fv20_pct_n"], moved["fv20_pct_change"], moved["mpwld_gy_change"]) == (7, 1.0, 1.0)
    assert moved["n"] == 6
    expected = compare_auc([1, 1, 1, 0, 0, 0], [26, 23, 29, 10, 11, 13], [30, 20, 28, 10, 21, 11])
    assert (moved["difference"], moved["p"]) == pytest.approx((expected.difference, expected.p))


def test_what_cannot_be_compared_says_why():
    alike = SWEEP.assign(value=SWEEP["value"].where(SWEEP["weighting"] == "anatomical", 5.0))
    first = compare_sweep(alike, RP, region="40%max").iloc[0]
    assert pd.isna(first["p"]) and "constant" in first["finding"]


def test_nobody_with_an_image_gives_an_empty_table():
    assert compare_sweep(SWEEP.iloc[:0], RP, region="40%max").empty


def test_region_that_was_not_swept_is_refused():
    with pytest.raises(InputError, match="the region p60"):
        compare_sweep(SWEEP, RP, region="p60")
