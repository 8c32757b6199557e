"""Tables of the report on NTCP fits: criteria, weights, bootstrap."""

from __future__ import annotations

import pandas as pd

from lungtox.ntcp import compare_fits
from lungtox.report.ntcp_tables import comparison_blocks, resampled_blocks
from lungtox.report.results import NtcpResampled


def fit(name, aicc, **changes):
    test = {"null": "n = 1 (mean dose)", "chi2": 2.71, "p": 0.05}
    base = {"ntcp": name, "n": 100, "events": 30, "free_parameters": 2, "aic": aicc, "aicc": aicc, "bic": aicc}
    return {**base, "nested": [test], **changes}


def test_criteria_stand_beside_the_nested_tests():
    fits = (fit("a", 100.0), fit("b", None, aic=None, bic=None), fit("c", 60.0, n=70))
    (table,) = comparison_blocks(fits, compare_fits(fits))
    assert [(row[0].text, row[7].order) for row in table.rows] == [("a", 1.0), ("c", 1.0)]
    assert "n = 1 (mean dose)" in table.rows[0][8].text and "p = 0.050" in table.rows[0][8].text
    assert comparison_blocks((), None) == comparison_blocks(fits, compare_fits(())) == []


def test_bootstrap_has_intervals_and_corrected_performance():
    intervals = pd.DataFrame(
        {"quantity": ["n"], "estimate": [0.6], "low": [0.2], "high": [1.0], "at_boundary": [0.31], "resamples": [1000]}
    )
    validation = pd.DataFrame(
        {
            "measure": ["auc"],
            "approach": ["bootstrap"],
            "apparent": [0.71],
            "corrected": [0.69],
            "low": [0.6],
            "high": [0.8],
        }
    )
    found = resampled_blocks({"lkb": NtcpResampled(intervals, validation)})
    assert [row[0].text for block in found for row in block.rows] == ["n", "AUC"]
    assert found[0].rows[0][2].order == 0.31
    assert found[1].rows[0][2].order == 0.69
