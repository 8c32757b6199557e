"""Every dose level against pneumonitis. Expected numbers: counted by hand, the science sheet, other programs."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, ttest_ind

from lungtox.errors import InputError, ParameterError
from lungtox.models import (
    compare_dose_levels,
    correlate_metrics,
    fit_each,
    permute_maximum,
    volume_curves,
)
from lungtox.models.config import AssociationSettings, DoseLevelSettings
from tests.unit.test_figures_tables import dvh_table

SETTINGS = AssociationSettings(families={}, dose_levels=DoseLevelSettings(low_gy=10, high_gy=30, step_gy=10))


def test_all_assignments_of_six_patients_counted_by_hand():
    # Sums of three of 1..6 run from 6 to 15; of 20 assignments only {1,2,3} and {4,5,6} are as extreme as 15: p = 2/20.
    # The second column has sum 1 in the group, as expected by chance: every assignment is as extreme, p = 1. Its
    # largest z is (2 - 1) / sqrt(1/3) = 1.732, below the 4.5 / sqrt(4.375) = 2.151 of the first column.
    values = np.array([[1, 1], [2, 0], [3, 0], [4, 0], [5, 0], [6, 1]], dtype=float)
    group = np.array([0, 0, 0, 1, 1, 1], dtype=float)
    found = permute_maximum(values, group, permutations=100, rng=np.random.default_rng(1))
    assert (found.complete, found.permutations) == (True, 19)
    assert found.p.tolist() == pytest.approx([2 / 20, 1.0])
    assert found.p_adjusted.tolist() == pytest.approx([2 / 20, 1.0])
    assert found.statistic == pytest.approx([4.5 / math.sqrt(4.375), 0.0])
    assert found.critical == math.inf  # of 20 assignments none can have p below 0.05


def test_the_maximum_costs_what_other_columns_reach():
    # One column beside an unrelated one: p of the first alone stays 2/20, adjusted it counts assignments in which
    # either column is that extreme. The second has 6 5 4 3 2 1 turned into pairs: its ends are other assignments.
    values = np.array([[1, 1], [2, 6], [3, 2], [4, 5], [5, 3], [6, 4]], dtype=float)
    group = np.array([0, 0, 0, 1, 1, 1], dtype=float)
    found = permute_maximum(values, group, permutations=100, rng=np.random.default_rng(1))
    assert found.p[0] == pytest.approx(2 / 20)
    assert found.p_adjusted[0] == pytest.approx(4 / 20)  # its own two ends and those of the other column


@given(st.integers(0, 10_000), st.integers(4, 12), st.integers(1, 6))
@settings(max_examples=25, deadline=None)
def test_units_order_and_direction_change_no_p(seed, n, columns):
    rng = np.random.default_rng(seed)
    values, group = rng.normal(size=(n, columns)), (np.arange(n) < n // 2).astype(float)
    first = permute_maximum(values, group, permutations=150, rng=np.random.default_rng(7))
    scaled = permute_maximum(3.0 - 100.0 * values, group, permutations=150, rng=np.random.default_rng(7))
    assert scaled.p_adjusted == pytest.approx(first.p_adjusted) and scaled.p == pytest.approx(first.p)
    order = rng.permutation(columns)
    turned = permute_maximum(values[:, order], group, permutations=150, rng=np.random.default_rng(7))
    assert turned.p_adjusted == pytest.approx(first.p_adjusted[order])
    assert (first.p_adjusted >= first.p - 1e-12).all() and (first.p >= 1 / (1 + first.permutations) - 1e-12).all()
    assert ((first.p_adjusted < 0.05) == (np.abs(first.statistic) > first.critical + 1e-9)).all()
    doubled = permute_maximum(np.hstack([values, values]), group, permutations=150, rng=np.random.default_rng(7))
    assert doubled.p_adjusted[:columns] == pytest.approx(first.p_adjusted)  # a column twice costs nothing


def test_the_score_statistic_is_pearsons_chi_square_of_a_table():
    # Rao's test of a 0/1 predictor is Pearson's chi-square: S7's 11 of 25 against 4 of 36.
    exposed, event = np.repeat([1.0, 0.0], [25, 36]), np.array([1.0] * 11 + [0.0] * 14 + [1.0] * 4 + [0.0] * 32)
    found = permute_maximum(exposed[:, None], event, permutations=100, rng=np.random.default_rng(1))
    assert found.statistic[0] ** 2 == pytest.approx(chi2_contingency([[11, 14], [4, 32]], correction=False).statistic)


def test_odds_ratios_of_many_predictors_are_those_of_each_model():
    exposed, event = np.repeat([1.0, 0.0], [25, 36]), np.array([1.0] * 11 + [0.0] * 14 + [1.0] * 4 + [0.0] * 32)
    rng = np.random.default_rng(2)
    x = np.column_stack([exposed, rng.exponential(20.0, 61), 60.0 * (rng.random(61) < 0.15) * rng.random(61)])
    fits = fit_each(x, event)
    assert math.exp(fits.estimate[0]) == pytest.approx(11 * 32 / (14 * 4))  # 6.286, the science sheet
    # R 4.2.2: coef of glm (epsilon 1e-14); limits where its deviance, with b * x as offset, has risen by
    # qchisq(.95, 1), by uniroot. confint, which interpolates, has the same within 0.1 %.
    expected = [
        (1.8382794849, 0.5952645501, 3.2568211952),
        (-0.01935220477, -0.06960520665, 0.02082729456),
        (0.032623014091, 0.002456699193, 0.064046580700),
    ]
    for index, numbers in enumerate(expected):
        found = fits.estimate[index], fits.low[index], fits.high[index]
        assert found == pytest.approx(numbers, rel=1e-6)


def test_separated_predictors_have_no_odds_ratio():
    y = np.array([0, 0, 0, 1, 1], dtype=float)
    x = np.array([[1, 1, 5], [2, 2, 4], [3, 3, 3], [4, 3, 2], [5, 9, 4]], dtype=float)
    fits = fit_each(x, y)
    assert fits.separated.tolist() == [True, True, False]  # apart; meeting in one value; overlapping
    assert np.isnan(fits.estimate[:2]).all() and np.isfinite([fits.low[2], fits.high[2]]).all()


def dvhs(volumes: dict[str, list[float]]):
    """Volumes in percent between 0, 10, 20 and 30 Gy and above."""
    return dvh_table({name: list(zip((0.0, 10.0, 20.0, 30.0), parts, strict=True)) for name, parts in volumes.items()})


def cohort(rp: int, others: int, seed: int = 3):
    rng = np.random.default_rng(seed)
    names = [f"P{number:02d}" for number in range(rp + others)]
    parts = 100.0 * rng.dirichlet([6, 3, 2, 0.5], rp + others)
    return (
        dvhs(dict(zip(names, parts.tolist(), strict=True))),
        parts,
        pd.DataFrame({"patient": names, "rp": [1.0] * rp + [0.0] * others}),
    )


def test_volumes_are_inclusive_and_of_patients_with_a_known_outcome():
    table = dvhs({"A": [50, 20, 20, 10], "B": [100, 0, 0, 0], "C": [0, 0, 0, 7]})
    outcome = pd.DataFrame({"patient": list("ABC"), "rp": [1.0, 0.0, np.nan]})
    (curves,) = volume_curves(table, outcome, np.array([10.0, 20.0, 20.1, 30.0]))
    assert curves.volume_pct.tolist() == [[50, 30, 10, 10], [0, 0, 0, 0]]
    assert curves.rp.tolist() == [1.0, 0.0]


def test_difference_has_welchs_interval_and_the_band_belongs_to_p():
    table, parts, outcome = cohort(8, 14)
    found = compare_dose_levels(table, outcome, settings=SETTINGS, rng=np.random.default_rng(1))
    assert found["dose_gy"].tolist() == [10.0, 20.0, 30.0]
    v20 = parts[:, 2:].sum(axis=1)
    row = found.iloc[1]
    interval = ttest_ind(v20[:8], v20[8:], equal_var=False).confidence_interval()
    assert (row["low_pct"], row["high_pct"]) == pytest.approx((interval.low, interval.high))
    assert row["difference_pct"] == pytest.approx(v20[:8].mean() - v20[8:].mean())
    assert ((found["p_adjusted"] < 0.05) == (found["difference_pct"].abs() > found["band_pct"])).all()
    assert row["odds_ratio"] == pytest.approx(0.928890108, rel=1e-6)  # R 4.2.2: exp(10 * coef) of glm, per 10 % points


def test_a_difference_that_is_there_is_found_and_its_dose_named():
    table, parts, outcome = cohort(12, 30)
    moved = parts.copy()
    moved[:12] = moved[:12] @ np.array([[0.6, 0, 0.4, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])  # V10, V20 larger
    table = dvhs(dict(zip(outcome["patient"], moved.tolist(), strict=True)))
    found = compare_dose_levels(table, outcome, settings=SETTINGS, rng=np.random.default_rng(1)).set_index("dose_gy")
    assert (found.loc[[10.0, 20.0], "p_adjusted"] < 0.05).all() and found.loc[30.0, "p_adjusted"] > 0.05
    assert (found["p_adjusted"] >= found["p"]).all()


@pytest.mark.parametrize(("rp", "others"), [(2, 30), (0, 30), (4, 2)])
def test_too_small_a_group_is_said(rp, others):
    table, _, outcome = cohort(rp, others)
    found = compare_dose_levels(table, outcome, settings=SETTINGS, rng=np.random.default_rng(1))
    assert set(found["finding"]) == {"fewer than 3 patients in a group"} and found["p"].isna().all()


def test_a_dose_that_hardly_anybody_gets_is_left_out_and_separation_said():
    table, parts, outcome = cohort(6, 10)
    parts[4:, 2] += parts[4:, 3]
    parts[4:, 3] = 0.0  # four patients have 30 Gy anywhere
    parts[:6, 1] += 1000.0  # and the groups are apart at 10 Gy
    table = dvhs(dict(zip(outcome["patient"], parts.tolist(), strict=True)))
    parts = parts / parts.sum(axis=1, keepdims=True)
    v10 = parts[:, 1:].sum(axis=1)
    assert v10[:6].min() > v10[6:].max()
    found = compare_dose_levels(table, outcome, settings=SETTINGS, rng=np.random.default_rng(1)).set_index("dose_gy")
    assert found.loc[30.0, "finding"] == "fewer than 5 patients with a part of the volume at this dose"
    assert math.isnan(found.loc[30.0, "p"]) and found.loc[30.0, "partly"] == 4
    assert found.loc[10.0, "finding"] == "separated: no finite odds ratio" and math.isnan(found.loc[10.0, "odds_ratio"])
    # 16 choose 6 is 8008: all assignments, of which the two ends have the largest difference at most
    assert found.loc[10.0, "p"] < 0.01


def test_another_weighting_leaves_the_numbers_of_the_first_alone():
    table, _, outcome = cohort(8, 20)
    both = pd.concat([table.to_pandas().assign(weighting=name) for name in ("perfusion", "anatomical")])
    import pyarrow as pa

    one = compare_dose_levels(table, outcome, settings=SETTINGS, rng=np.random.default_rng(1))
    two = compare_dose_levels(pa.Table.from_pandas(both), outcome, settings=SETTINGS, rng=np.random.default_rng(1))
    assert list(two["weighting"].unique()) == ["anatomical", "perfusion"]
    pd.testing.assert_frame_equal(two[two["weighting"] == "anatomical"], one)


@pytest.mark.parametrize(
    "cohorts", [pytest.param(250, id="250 cohorts"), pytest.param(3000, id="3000 cohorts", marks=pytest.mark.slow)]
)
def test_without_any_difference_one_cohort_in_twenty_has_a_finding(cohorts):
    # Curves of 42 patients, 11 with RP, closely correlated over 30 doses; unequal sizes, skewed volumes.
    rng = np.random.default_rng(5)
    group = (np.arange(42) < 11).astype(float)
    false_findings = pointwise = 0
    for _ in range(cohorts):
        slope = rng.gamma(2.0, 1.0, 42)[:, None]
        curves = np.exp(-np.linspace(0.1, 3.0, 30) / slope) + np.cumsum(rng.normal(0, 0.02, (42, 30)), axis=1)
        found = permute_maximum(curves, group, permutations=199, rng=rng)
        false_findings += bool((found.p_adjusted <= 0.05).any())
        pointwise += bool((found.p <= 0.05).any())
    error = math.sqrt(0.05 * 0.95 / cohorts)
    assert abs(false_findings / cohorts - 0.05) < 3.0 * error
    assert pointwise / cohorts > 0.05 + 3.0 * error  # what reading the curve by eye would call


def test_permutations_refuse_what_has_no_answer():
    rng = np.random.default_rng(1)
    with pytest.raises(ParameterError, match="both groups must have patients"):
        permute_maximum(np.eye(4), np.zeros(4), permutations=100, rng=rng)
    with pytest.raises(ParameterError, match="some spread"):
        permute_maximum(np.ones((4, 1)), np.array([0.0, 0, 1, 1]), permutations=100, rng=rng)


def test_dose_levels_off_the_bins_are_refused():
    with pytest.raises(ValueError, match=r"multiple of 0\.1 Gy"):
        DoseLevelSettings(step_gy=0.25)
    with pytest.raises(ValueError, match="high_gy not below low_gy"):
        DoseLevelSettings(low_gy=20, high_gy=10)


def ranks_table():
    """Ranks of ten patients: b = a, c = -a, d agrees in part (rho by 1 - 6 sum d^2 / (n^3 - n)), e for nine only."""
    a = np.arange(1.0, 11.0)
    d = np.array([2, 1, 4, 3, 6, 5, 8, 7, 10, 9], dtype=float)
    e = np.append(a[:9], np.nan)
    return pd.DataFrame({"a": a, "b": a**3, "c": -np.exp(a), "d": d, "e": e, "f": np.full(10, 2.0)})


def test_correlations_are_spearmans_with_their_sign():
    found = correlate_metrics(ranks_table(), ["a", "b", "c", "d", "e", "f"])
    rho = found.correlations.set_index(["column", "other"])["correlation"]
    # Ten differences of one rank: 1 - 6 * 10 / 990
    assert rho["a", "b"] == pytest.approx(1.0) and rho["a", "c"] == pytest.approx(-1.0)
    assert rho["a", "d"] == pytest.approx(1 - 60 / 990)
    clusters = found.clusters.set_index("column")
    assert clusters.loc[["e", "f"], "finding"].tolist() == ["fewer than 10 patients", "the same value in all patients"]
    assert clusters.loc[["a", "b", "c", "d"], "cluster"].tolist() == [1, 1, 1, 1]  # either sign is close
    assert sorted(clusters["position"].dropna()) == [1, 2, 3, 4] and clusters["representative"].sum() == 1
    assert found.tree["correlation"].tolist() == pytest.approx([1.0, 1.0, 1 - 60 / 990])


def test_correlations_of_nothing_are_empty_and_strange_columns_refused():
    found = correlate_metrics(ranks_table(), [])
    assert found.correlations.empty and found.clusters.empty and found.tree.empty
    single = correlate_metrics(ranks_table(), ["a", "f"])
    assert single.tree.empty and single.clusters["cluster"].dropna().tolist() == [1]
    with pytest.raises(InputError, match=r"config: cohort\.metrics.*v99_pct"):
        correlate_metrics(ranks_table(), ["a", "v99_pct"])


def test_clusters_stand_together_in_the_order_of_the_tree():
    rng = np.random.default_rng(4)
    base = rng.normal(size=(40, 3))
    columns = {f"{name}{k}": base[:, i] + 0.2 * rng.normal(size=40) for k in range(3) for i, name in enumerate("xyz")}
    clusters = correlate_metrics(pd.DataFrame(columns), list(columns)).clusters.sort_values("position")
    runs = [key for key, _ in itertools.groupby(clusters["cluster"])]
    assert len(runs) == 3 == clusters["cluster"].nunique()
