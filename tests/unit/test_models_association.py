"""Tests of single factors: known answers of papers and R, exact tables, q values, the printed table."""

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from lungtox.errors import InputError
from lungtox.models import benjamini_hochberg
from lungtox.models import test_associations as associations  # under its own name pytest would collect it
from lungtox.models.config import AssociationSettings
from lungtox.models.contingency import compare_levels
from lungtox.models.rank_tests import mann_whitney, signed_rank

# Darwin's maize: differences of 15 pairs (SCIENCE.md section 5: W 24, p .04126).
MAIZE = np.array([6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75], dtype=float)
# 15 p values of Benjamini and Hochberg 1995.
BH1995 = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
]


def test_benjamini_hochberg_1995_example() -> None:
    q = benjamini_hochberg(BH1995)
    assert int((q <= 0.05).sum()) == 4
    assert int(multipletests(BH1995, method="bonferroni")[0].sum()) == 3
    assert q[3] == pytest.approx(0.0095 * 15 / 4)


def test_tests_not_done_do_not_count() -> None:
    q = benjamini_hochberg([0.01, math.nan, 0.04])
    assert q[[0, 2]] == pytest.approx([0.02, 0.04])
    assert math.isnan(q[1])
    assert np.isnan(benjamini_hochberg([math.nan])).all()


def test_darwins_maize() -> None:
    # p: SCIENCE.md; shift and limits: R 4.2.2 wilcox.test(conf.int = TRUE), r-cross-check.md.
    result = signed_rank(MAIZE)
    assert result.p == pytest.approx(0.04125976563, rel=1e-8)
    assert (result.shift, result.low, result.high) == (25.0, 4.0, 41.5)
    assert result.name == "Wilcoxon signed-rank (exact)"


def test_exact_mann_whitney_agrees_with_r() -> None:
    # R 4.2.2: wilcox.test(a, b, conf.int = TRUE).
    a = np.array([0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46])
    b = np.array([1.15, 0.88, 0.90, 0.74, 1.21])
    result = mann_whitney(a, b)
    assert result.p == pytest.approx(0.2544122544)
    assert (result.shift, result.low, result.high) == pytest.approx((0.305, -0.15, 0.76))
    paired = signed_rank(a[:8] - np.array([*b, 0.5, 0.6, 0.7]))
    assert paired.p == pytest.approx(0.078125)
    assert (paired.shift, paired.low, paired.high) == pytest.approx((0.575, -0.05, 1.095))


def test_ties_and_zeros_agree_with_r() -> None:
    # R 4.2.2: wilcox.test(x), zeros dropped, ties and continuity corrected.
    result = signed_rank(np.array([1, 2, -1, 3, 3, 0, -2, 4, 5, -1], dtype=float))
    assert result.p == pytest.approx(0.1078731605)
    assert result.name == "Wilcoxon signed-rank (normal approximation)"


def test_eight_pairs_cannot_go_below_the_floor() -> None:
    # SCIENCE.md section 5: n = 8 cannot go under p = .0078.
    assert signed_rank(np.arange(1.0, 9.0)).p == pytest.approx(0.0078125)


def test_too_few_values_have_no_interval() -> None:
    # Five pairs reach 93.75 % at most.
    result = signed_rank(np.array([1.0, 2.0, 4.0, 8.0, 16.0]))
    assert result.shift > 0
    assert math.isnan(result.low)
    assert "fewer than 2" in signed_rank(np.array([1.0])).name
    assert "no pair differs" in signed_rank(np.zeros(4)).name
    assert "all values are equal" in mann_whitney(np.ones(3), np.ones(4)).name
    assert "fewer than 2" in mann_whitney(np.ones(1), np.ones(4)).name


@given(seed=st.integers(0, 10_000), shift=st.floats(-3, 3))
@settings(max_examples=25, deadline=None)
def test_shifting_a_group_shifts_estimate_and_interval(seed: int, shift: float) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=9), rng.normal(size=11)
    before, after = mann_whitney(a, b), mann_whitney(a + shift, b)
    assert after.shift == pytest.approx(before.shift + shift, abs=1e-9)
    assert (after.low, after.high) == pytest.approx((before.low + shift, before.high + shift), abs=1e-9)
    # The interval is the set of shifts that the test does not reject.
    assert mann_whitney(a - before.low - 1e-6, b).p > 0.05
    assert mann_whitney(a - before.low + 1e-6, b).p <= 0.05


def test_chi_square_of_study_s7() -> None:
    # SCIENCE.md section 5: 16/90 against 15/61 p .309; 8/90 against 2/61 p .174.
    for counts, p in (([[74, 16], [46, 15]], 0.309), ([[82, 8], [59, 2]], 0.174)):
        assert compare_levels(np.array(counts), test="chi-square")[0] == pytest.approx(p, abs=5e-4)


def test_fisher_agrees_with_r() -> None:
    # R 4.2.2 fisher.test on tables of birthwt (MASS), r-cross-check.md.
    race = np.array([[73, 23], [15, 11], [42, 25]])
    visits = np.array([[64, 36], [36, 11], [23, 7], [3, 4], [3, 1], [1, 0]])
    assert compare_levels(race, test="fisher") == (pytest.approx(0.07888813115), "Fisher-Freeman-Halton")
    assert compare_levels(race, test="chi-square")[0] == pytest.approx(0.08188769812)
    assert compare_levels(visits, test="fisher")[0] == pytest.approx(0.2866289319)
    assert compare_levels(np.array([[86, 29], [44, 30]]), test="fisher") == (pytest.approx(0.03617649869), "Fisher")


@given(counts=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=3, max_size=3))
@settings(max_examples=40, deadline=None)
def test_three_level_fisher_agrees_with_exact_fractions(counts: list[tuple[int, int]]) -> None:
    table = np.array(counts)
    p, name = compare_levels(table, test="fisher")
    sizes, events = [int(row.sum()) for row in table if row.sum()], int(table[:, 1].sum())
    if len(sizes) < 2 or events in (0, sum(sizes)):
        assert math.isnan(p)
        assert name.startswith("not tested")
        return
    if len(sizes) < 3:
        return
    total = math.comb(sum(sizes), events)
    probability = {
        (i, j): Fraction(math.comb(sizes[0], i) * math.comb(sizes[1], j) * math.comb(sizes[2], events - i - j), total)
        for i in range(sizes[0] + 1)
        for j in range(sizes[1] + 1)
        if 0 <= events - i - j <= sizes[2]
    }
    observed = probability[(int(table[0, 1]), int(table[1, 1]))]
    assert p == pytest.approx(float(sum(value for value in probability.values() if value <= observed)))


def test_huge_table_falls_back_and_says_so() -> None:
    p, name = compare_levels(np.full((12, 2), 60), test="fisher")
    assert p == pytest.approx(1.0)
    assert "too large" in name


def cohort() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    n = 80
    table = pd.DataFrame({"rp": [1] * 25 + [0] * 55, "mld_gy": rng.normal(14, 4, n), "age_y": rng.normal(63, 8, n)})
    table["sex"] = rng.choice(["F", "M"], n)
    table["stage"] = rng.choice(["I", "II", "III"], n)
    table["never_rp"] = np.where((table["rp"] == 0) & (table["age_y"] > 60), "yes", "no")
    table["beams"] = rng.integers(3, 8, n)
    table["flat"] = "x"
    table["empty"] = np.nan
    table.loc[:3, "mld_gy"] = np.nan
    return table


DICTIONARY = pd.DataFrame(
    {
        "column": ["mld_gy", "age_y", "sex", "stage", "never_rp", "beams"],
        "label": ["MLD", "Age", "Sex", "Stage", "Never", "Beams"],
        "unit": ["Gy", "years", "", "", "", ""],
        "kind": ["continuous", "continuous", "binary", "categorical", "binary", "categorical"],
        "levels": ["", "", "F|M", "I|II|III|IV", "no|yes", ""],
    }
)


def test_table_of_factors() -> None:
    config = AssociationSettings(families={"clinical": ["age_y", "sex", "stage", "never_rp"], "dose": ["mld_gy"]})
    result = associations(cohort(), dictionary=DICTIONARY, settings=config)
    assert result["factor"].tolist() == ["age_y", "sex", "stage", "stage", "never_rp", "mld_gy"]
    assert result["unit"].tolist() == ["10 years", "M v F", "II v I", "III v I", "yes v no", "5 Gy"]
    assert result["n"].tolist() == [80, 80, 80, 80, 80, 76]
    # One p per factor: the clinical family has four, so q of the smallest is four times p (never_rp, exact).
    smallest = result.loc[result["factor"] == "never_rp"].iloc[0]
    assert smallest["p"] == result["p"].min()
    assert smallest["q"] == pytest.approx(4.0 * smallest["p"])
    assert result.loc[5, "q"] == result.loc[5, "p"]
    stage = result.loc[result["factor"] == "stage"]
    assert stage["p"].nunique() == 1
    assert stage["q"].nunique() == 1
    assert smallest["effect_name"] == "odds ratio (Firth)"
    assert 0.0 < smallest["low"] < smallest["effect"] < smallest["high"] < 1.0
    assert smallest["rp_summary"] == "0 of 25 (0.0 %)"


def test_effect_is_per_declared_step() -> None:
    steps = {"Gy": 1.0}
    config = {"families": {"dose": ["mld_gy"]}}
    per_5 = associations(cohort(), dictionary=DICTIONARY, settings=AssociationSettings(**config)).iloc[0]
    per_1 = associations(
        cohort(), dictionary=DICTIONARY, settings=AssociationSettings(**config, odds_ratio_steps=steps)
    ).iloc[0]
    assert per_1["unit"] == "1 Gy"
    for name in ("effect", "low", "high"):
        assert per_5[name] == pytest.approx(per_1[name] ** 5)


def test_other_tests_by_config() -> None:
    config = AssociationSettings(
        families={"all": ["mld_gy", "sex"]}, continuous_test="welch", categorical_test="chi-square"
    )
    result = associations(cohort(), dictionary=DICTIONARY, settings=config)
    assert result["test"].tolist() == ["Welch t", "chi-square"]
    assert "±" in result.loc[0, "rp_summary"]


def test_factors_that_cannot_be_tested_stay_in_the_table() -> None:
    config = AssociationSettings(families={"all": ["flat", "empty", "age_y", "beams"]}, continuous_test="welch")
    result = associations(cohort().assign(steady=1.0), dictionary=DICTIONARY, settings=config).set_index("factor")
    assert result.loc["flat", "test"].startswith("not tested")
    assert result.loc["empty", "test"].startswith("not tested")
    assert result.loc["flat", "effect_name"] == "no odds ratio: constant predictor"
    assert result.loc["empty", "n"] == 0
    # Two factors of four were tested: the larger p is its own q.
    assert result["q"].max() == result["p"].max()
    assert set(result.loc["beams", "kind"]) == {"categorical"}
    constant = AssociationSettings(families={"all": ["steady"]}, continuous_test="welch")
    steady = associations(cohort().assign(steady=1.0), settings=constant).iloc[0]
    assert steady["test"] == "not tested: no spread within the groups"


def test_unknown_factor_is_refused() -> None:
    with pytest.raises(InputError, match="v99_pct"):
        associations(cohort(), settings=AssociationSettings(families={"dose": ["v99_pct"]}))
