"""Printed figures of the studies (SCIENCE.md section 1), checked against each other."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_ind_from_stats

from lungtox.cli import main
from lungtox.errors import InputError, ParameterError
from lungtox.models import check_printed
from lungtox.models.printed import (
    check_odds_ratio,
    check_paired_means,
    check_total,
    check_two_means,
    printed_p,
    rounded,
)


def test_s7_imrt_odds_ratios_are_the_known_tables_and_the_3d_one_is_none():
    """SCIENCE.md: 6.286 and 3.575 are 11/25 v 4/36 and 11/31 v 4/30; 3.780, p .030 fits no table of 90 with 16."""
    assert "11/25 v 4/36" in check_odds_ratio("6.286", 61, 15).computed
    assert "11/31 v 4/30" in check_odds_ratio("3.575", 61, 15).computed
    three_d = check_odds_ratio("3.780", 90, 16, p="0.030")
    assert three_d.verdict == "inconsistent" and three_d.computed == "no table of 90 patients with 16 events"


def test_s4_gtv_needs_a_correlation_of_9998():
    """SCIENCE.md: with those SDs p < .05 for the GTV needs r >= .9998 (1166.49 +- 645.42, 1150.13 +- 630.27, n 8)."""
    found = check_paired_means("1166.49", "645.42", "1150.13", "630.27", 8, p="<0.05")
    assert found.verdict == "possible" and found.computed.startswith("needs a correlation of 0.9998 to 1.0000")
    # The means differ by more than the differences can scatter at r = 1: SD of at least 645.42 - 630.27.
    assert check_paired_means("1166.49", "645.42", "1150.13", "630.27", 8, p="<0.001").verdict == "inconsistent"


def test_s8_all_column_is_not_the_weighted_mean():
    """SCIENCE.md: the "all" column is not the weighted mean; MLD 16.02 of 21.71 (17) and 13.71 (29): 16.67."""
    found = check_total("16.02", "21.71", 17, "13.71", 29)
    assert found.verdict == "inconsistent" and found.computed.startswith("16.67")
    # V10: (17 x 48.91 + 29 x 39.78) / 46 = 43.154, printed 43.12.
    assert check_total("43.15", "48.91", 17, "39.78", 29).verdict == "consistent"


def test_s5_printed_differences_imply_their_t():
    """SCIENCE.md: 2.60 +- 1.04 at n 30 is t 13.69, far below p .001: paired figures against zero, same arithmetic."""
    found = {check.check: check for check in check_two_means("2.60", "1.04", 30, "0", "0.001", 1000, p="<0.001")}
    assert found["Welch t"].verdict == "consistent"


@settings(max_examples=25, deadline=None)
@given(
    st.floats(-50, 50),
    st.floats(0.5, 20),
    st.integers(3, 60),
    st.floats(-50, 50),
    st.floats(0.5, 20),
    st.integers(3, 60),
)
def test_true_p_values_are_never_called_inconsistent(mean_a, sd_a, n_a, mean_b, sd_b, n_b):
    for equal, name in ((True, "Student t"), (False, "Welch t")):
        p = ttest_ind_from_stats(mean_a, sd_a, n_a, mean_b, sd_b, n_b, equal_var=equal).pvalue
        checks = check_two_means(f"{mean_a:.1f}", f"{sd_a:.1f}", n_a, f"{mean_b:.1f}", f"{sd_b:.1f}", n_b, p=f"{p:.3f}")
        assert next(check for check in checks if check.check == name).verdict == "consistent"


def test_a_wrong_p_is_inconsistent():
    # 50 +- 10 and 51 +- 10, 20 each: t 0.316, p .75.
    assert {check.verdict for check in check_two_means("50.0", "10.0", 20, "51.0", "10.0", 20, p="0.01")} == {
        "inconsistent"
    }
    assert {check.verdict for check in check_two_means("50.0", "10.0", 20, "51.0", "10.0", 20, p=">0.05")} == {
        "consistent"
    }


def test_numbers_stand_for_their_rounding():
    assert (rounded("53.3").low, rounded("53.3").high) == pytest.approx((53.25, 53.35))
    assert (rounded("7").low, rounded("7").high) == (6.5, 7.5)
    assert (printed_p("p < .05").high, printed_p(">0.05").low, printed_p("0.031").low) == pytest.approx(
        (0.05, 0.05, 0.0305)
    )
    with pytest.raises(ParameterError, match="as printed"):
        rounded("about 5")
    with pytest.raises(ParameterError, match="p value"):
        printed_p("n.s.")


def test_command_line(tmp_path, capsys):
    file = tmp_path / "printed.csv"
    file.write_text(
        "item,mean_a,n_a,mean_b,n_b,mean_all,p,n,events,percent\n"
        "MLD,21.71,17,13.71,29,16.02,<0.05,,,\n"
        "grade 2,,,,,,,90,16,17.8\n",
        encoding="utf-8",
    )
    with pytest.raises(SystemExit) as done:
        main(["printed", str(file), "--json"])
    assert done.value.code == 0
    found = json.loads(capsys.readouterr().out)
    assert [(each["check"], each["verdict"]) for each in found] == [
        ("t without SD", "possible"), ("mean of all", "inconsistent"), ("percent", "consistent"),
    ]  # fmt: skip
    # 8.00 / (t(.975, 44) = 2.0154 x sqrt(1/17 + 1/29) = .30545) = 13.0.
    assert found[0]["computed"] == "needs a standard deviation of 0 to 13 in the groups"


def test_wrong_tables_are_refused():
    with pytest.raises(InputError, match="mean_c"):
        check_printed([{"mean_c": "1"}])
    with pytest.raises(InputError) as caught:
        check_printed([{"mean_a": "x", "mean_b": "1", "n_a": "5", "n_b": "5", "p": "0.1"}, {"percent": "a", "n": "3"}])
    assert len(caught.value.faults) == 2
    with pytest.raises(InputError, match="at least one check"):
        check_printed([{"item": "nothing"}])
