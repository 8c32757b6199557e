"""Cytokine comparisons in time and between groups."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lungtox.errors import InputError, ParameterError
from lungtox.models import compare_cytokines
from lungtox.models.config import AssociationSettings

CONFIG = AssociationSettings(families={"clinical": ["age_y"]}, cytokines=["il6"])


def cohort() -> pd.DataFrame:
    # During = 2 x pre in patients with RP, unchanged direction elsewhere; values without ties.
    pre = np.array([1.0, 2.1, 3.3, 4.7, 5.2, 6.9, 7.4, 8.8, 9.6, 10.5, 11.1, 12.3])
    factor = np.array([2.0, 2.01, 1.99, 2.02, 1.98, 2.03, 0.9, 1.1, 0.8, 1.25, 0.7, 1.4])
    table = pd.DataFrame({"rp": [1] * 6 + [0] * 6, "il6_pre": pre, "il6_during": pre * factor, "il6_ratio": factor})
    below = pd.array([True, *[False] * 11], dtype="boolean")
    return table.assign(il6_pre_below=below, il6_during_below=pd.array([None, *[False] * 11], dtype="boolean"))


def test_rows_effects_and_counts() -> None:
    result = compare_cytokines(cohort(), settings=CONFIG).set_index("comparison")
    expected = ["paired_all", "paired_rp", "paired_no_rp", "groups_pre", "groups_during", "groups_ratio"]
    assert result.index.tolist() == expected
    assert result["n"].tolist() == [12, 6, 6, 12, 12, 12]
    # Six ratios around 2, in a group of six all rising: exact p = 2 / 2^6.
    rp = result.loc["paired_rp"]
    assert rp["p"] == pytest.approx(2 / 64)
    assert rp["effect"] == pytest.approx(2.005, abs=0.005)
    assert (rp["low"], rp["high"]) == pytest.approx((1.98, 2.03))
    # All ratios with RP lie above all without: U = 36, exact p = 2 / C(12, 6).
    assert result.loc["groups_ratio", "p"] == pytest.approx(2 / math.comb(12, 6))
    assert result.loc["groups_ratio", "median_a"] == pytest.approx(2.005)
    assert result.loc["groups_pre", "effect"] < 0
    assert result["q"].to_numpy() == pytest.approx(stats.false_discovery_control(result["p"].to_numpy(dtype=float)))
    assert result.loc["paired_rp", "below_limit_pct"] == pytest.approx(100 / 6)
    assert result.loc["groups_during", "below_limit_pct"] == 0.0


def test_unknown_outcome_counts_only_in_the_whole_group() -> None:
    table = cohort()
    table["rp"] = table["rp"].astype("Int64")
    table.loc[0, "rp"] = pd.NA
    table.loc[11, "il6_during"] = np.nan
    table.loc[11, "il6_ratio"] = np.nan
    result = compare_cytokines(table, settings=CONFIG).set_index("comparison")
    assert result["n"].tolist() == [11, 5, 5, 11, 10, 10]
    assert (result.loc["groups_pre", "n_a"], result.loc["groups_pre", "n_b"]) == (5, 6)


def test_time_reversed_inverts_the_ratio() -> None:
    table = cohort()
    back = table.rename(columns={"il6_pre": "il6_during", "il6_during": "il6_pre"})
    first = compare_cytokines(table, settings=CONFIG).iloc[0]
    second = compare_cytokines(back, settings=CONFIG).iloc[0]
    assert second["effect"] == pytest.approx(1 / first["effect"])
    assert second["low"] == pytest.approx(1 / first["high"])
    assert second["p"] == pytest.approx(first["p"])


def test_empty_group_is_not_tested() -> None:
    result = compare_cytokines(cohort().assign(rp=0), settings=CONFIG).set_index("comparison")
    assert result.loc["paired_rp", "test"].startswith("not tested")
    assert result.loc["paired_rp", "n"] == 0
    assert result.loc["groups_pre", "test"].startswith("not tested")
    assert result["q"].notna().sum() == 2


def test_labels_of_the_dictionary() -> None:
    dictionary = pd.DataFrame({"column": ["il6_pre"], "label": ["IL-6 before RT"]})
    assert set(compare_cytokines(cohort(), settings=CONFIG, dictionary=dictionary)["label"]) == {"IL-6"}
    assert set(compare_cytokines(cohort(), settings=CONFIG)["label"]) == {"il6"}


def test_wrong_inputs_are_refused() -> None:
    with pytest.raises(InputError, match="il6_ratio"):
        compare_cytokines(cohort().drop(columns="il6_ratio"), settings=CONFIG)
    with pytest.raises(ParameterError, match="positive"):
        compare_cytokines(cohort().assign(il6_pre=0.0), settings=CONFIG)
    assert compare_cytokines(cohort(), settings=AssociationSettings(families={"a": ["x"]})).empty
    bare = cohort().drop(columns=["il6_pre_below", "il6_during_below"])
    assert set(compare_cytokines(bare, settings=CONFIG)["below_limit_pct"]) == {0.0}
