"""Multiple imputation and Rubin's rules: against R's mice 3.15.0 (R 4.2.2) and by invariants."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import norm

from lungtox.errors import FitError, ParameterError
from lungtox.models import impute, pool, pool_test
from lungtox.models.imputation import impute_values
from lungtox.models.newton import maximise


def spread(a: int, b: int, c: int) -> np.ndarray:
    """Give 200 made-up numbers between 0 and 1, the same in R: ((a i^2 + b i + c) mod 100003 + .5) / 100003."""
    i = np.arange(200.0)
    return ((a * i * i + b * i + c) % 100003 + 0.5) / 100003


def made_up_cohort() -> np.ndarray:
    """Give outcome, a complete, a continuous (45 % missing, by outcome) and a binary predictor (25 % missing)."""
    x = norm.ppf(spread(48271, 7919, 11))
    z = 0.6 * x + 0.8 * norm.ppf(spread(69621, 104729, 5))
    y = (spread(16807, 1299709, 3) < expit(-0.5 + 0.8 * x + 0.7 * z)) * 1.0
    b = (spread(39373, 611953, 17) < expit(0.9 * z)) * 1.0
    z[spread(62089911 % 100003, 15485863, 23) < expit(-1 + x + 0.8 * y)] = np.nan
    b[spread(40014, 999983, 29) < 0.25] = np.nan
    return np.column_stack([y, x, z, b])


def test_pooled_logistic_model_as_with_mice():
    """mice(method = pmm, logreg; m = 400, maxit = 10, seed 7), glm, pool; four Monte Carlo errors of both runs."""
    filled = impute_values(made_up_cohort(), (2, 1, 1, 2), seed=1, m=400, always=(0,))
    fits = [maximise(np.column_stack([np.ones(200), one[:, 1:]]), one[:, 0]) for one in filled]
    pooled = pool(
        [fit.beta for fit in fits], [np.diag(np.linalg.inv(fit.information)) for fit in fits], complete_df=196
    )
    estimates = np.array([-0.6435543094, 0.3851964726, 1.1499003174, -0.1711784885])
    errors = np.array([0.3122496276, 0.2264942804, 0.3553761946, 0.4338271259])
    monte_carlo = np.array([0.1680871713, 0.1089617758, 0.2518478137, 0.2487689500]) * np.sqrt(2 / 400)
    assert (np.abs(pooled.estimate - estimates) < 4 * monte_carlo).all()
    assert pooled.se == pytest.approx(errors, rel=0.05)


def test_rubins_rules_as_in_mice():
    """pool.scalar(c(1.2, .9, 1.5, 1.1, 1.3), c(.20, .25, .22, .18, .24)), with n = 40, k = 3 and without."""
    estimates, variances = (
        np.array([[1.2], [0.9], [1.5], [1.1], [1.3]]),
        np.array([[0.2], [0.25], [0.22], [0.18], [0.24]]),
    )
    small = pool(estimates, variances, complete_df=37)
    found = [small.estimate[0], small.se[0] ** 2, small.df[0], small.missing_information[0]]
    assert found == pytest.approx([1.2, 0.278, 20.865936225375, 0.281542142231], rel=1e-10)
    large = pool(estimates, variances)
    assert [large.df[0], large.missing_information[0]] == pytest.approx([85.871111111111, 0.233474752504], rel=1e-10)


def test_pooled_test_of_a_factor_as_in_mice():
    """D1(lm(chl ~ age + bmi), lm(chl ~ bmi)) of nhanes2, m = 5, mice 3.15.0 with mitml 0.4-4."""
    estimates = [
        [42.8155729174, 65.6304831156], [15.5725735180, 37.0049290979], [59.5575857935, 87.0964183040],
        [41.2682096501, 59.5077020934], [39.8016346728, 62.0815820750],
    ]  # fmt: skip
    entries = [
        (182.9389823706, 94.2402514296, 206.9207847242), (354.533075879, 134.552978491, 399.659830075),
        (380.838180894, 173.735230358, 388.975452384), (230.9149900681, 95.9868491281, 260.1726241553),
        (245.479229576, 119.687395617, 291.247160744),
    ]  # fmt: skip
    test = pool_test(estimates, [[[a, b], [b, c]] for a, b, c in entries], complete_df=21)
    assert [test.statistic, test.residual_df, test.p] == pytest.approx(
        [3.71427023528, 6.14962616399, 0.0875563426085], rel=1e-7
    )


def table() -> pd.DataFrame:
    number = np.arange(60)
    frame = pd.DataFrame(
        {
            "rp": (number % 3 == 0) * 1,
            "mld_gy": 10.0 + number % 11,
            "beams": pd.array(3 + number % 5, dtype="Int64"),
            "sex": np.where(number % 2, "F", "M"),
            "stage": np.array(["I", "II", "III"])[number % 3],
        }
    )
    frame.loc[[4, 9, 17], "mld_gy"] = np.nan
    frame.loc[[1, 2], "beams"] = pd.NA
    frame.loc[[5, 6, 7], "sex"] = None
    frame.loc[[8, 10, 40], "stage"] = None
    return frame


def test_a_table_is_filled_with_values_that_occur_and_the_same_for_the_same_seed():
    before = table()
    copies, again, other = impute(before, 3, 5), impute(before, 3, 5), impute(before, 4, 5)
    assert all(one.equals(two) for one, two in zip(copies, again, strict=True))
    assert not all(one.equals(two) for one, two in zip(copies, other, strict=True))
    for one in copies:
        assert list(one.columns) == list(before.columns) and one.notna().all().all()
        for name in before:
            there = before[name].notna()
            assert (one.loc[there, name] == before.loc[there, name]).all()
            assert set(one[name]) <= set(before[name].dropna())
    # The stage follows from the outcome here (I exactly with RP): an imputation without the outcome could not know.
    assert all(one.loc[40, "stage"] != "I" for one in copies)


def test_complete_table_comes_back_unchanged():
    complete = table().dropna()
    assert all(one.equals(complete) for one in impute(complete, 1, 2))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(6, 30), st.integers(1, 4))
def test_what_is_seen_stays_and_no_gap_is_left(seed, n, k):
    rng = np.random.default_rng(seed)
    levels = [int(each) for each in rng.integers(1, 4, k)]
    columns = [rng.normal(size=n) if level == 1 else rng.integers(0, level, n) * 1.0 for level in levels]
    values = np.column_stack(columns)
    gaps = rng.random(values.shape) < 0.4
    gaps[0] = False
    holed = np.where(gaps, np.nan, values)
    filled = impute_values(holed, levels, seed=seed, m=2, iterations=2)
    assert np.isfinite(filled).all() and (filled[:, ~gaps] == values[~gaps]).all()
    for column in range(k):
        either = {0.0, 1.0} if levels[column] == 2 else set()
        assert set(filled[:, :, column].ravel()) <= set(holed[~gaps[:, column], column]) | either


def test_wrong_inputs_are_named():
    with pytest.raises(ParameterError, match="without missing values"):
        impute(table().assign(rp=np.nan), 1)
    with pytest.raises(FitError, match="no value at all"):
        impute(table().assign(mld_gy=np.nan), 1)
    with pytest.raises(ParameterError, match="two or more imputations"):
        pool([[1.0]], [[1.0]])
    with pytest.raises(ParameterError, match="positive"):
        pool([[1.0], [2.0]], [[0.0], [1.0]])
