"""Many fits and many measurements at once, against statsmodels, scikit-learn and numbers by hand."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from lungtox.models import calibrate_many, discriminate_many, fit_resamples


@pytest.fixture(scope="module")
def patients():
    rng = np.random.default_rng(5)
    n = 90
    x = np.column_stack([np.ones(n), rng.normal(15, 5, n), rng.normal(60, 9, n), rng.random(n) < 0.3])
    y = (rng.random(n) < 1 / (1 + np.exp(-(-3.2 + 0.15 * x[:, 1] + 0.8 * x[:, 3])))).astype(float)
    rows = rng.integers(0, n, (12, n))
    return x, y, rows, np.array([np.bincount(one, minlength=n) for one in rows], dtype=float)


def test_each_resample_is_the_maximum_likelihood_fit_of_its_patients(patients):
    x, y, rows, weights = patients
    found = fit_resamples(x, y, weights)
    assert found.sound.all()
    for b, one in enumerate(rows):
        other = sm.Logit(y[one], x[one]).fit(disp=0, method="newton", tol=1e-12)
        assert found.beta[b] == pytest.approx(other.params, rel=1e-6, abs=1e-8)
        assert found.loglik[b] == pytest.approx(other.llf, abs=1e-8)


def test_separated_and_incomplete_resamples_are_told(patients):
    x, y, _, weights = patients
    separated = np.column_stack([x, 2.0 * y + 0.001 * x[:, 1]])
    assert not fit_resamples(separated, y, weights).sound.any()
    without_level = weights * (x[:, 3] == 0.0)
    assert not fit_resamples(x, y, without_level).sound.any()
    assert fit_resamples(x[:, :3], y, without_level).sound.all()


def test_performance_of_many_agrees_with_other_programs(patients):
    x, y, _, _ = patients
    etas = np.array([[-3.2, 0.15, 0.0, 0.8], [-2.0, 0.05, 0.01, 0.0], [1.0, -0.2, 0.0, 0.0]]) @ x.T
    shown, calibrated = discriminate_many(etas, y, threshold=0.2), calibrate_many(etas, y)
    for eta, (auc, _), (slope, intercept) in zip(etas, shown, calibrated, strict=True):
        assert auc == pytest.approx(roc_auc_score(y, eta), abs=1e-12)
        line = sm.Logit(y, np.column_stack([np.ones_like(eta), eta])).fit(disp=0, method="newton", tol=1e-12)
        assert slope == pytest.approx(line.params[1], abs=1e-7)
        shift = sm.GLM(y, np.ones_like(eta), family=sm.families.Binomial(), offset=eta).fit(tol=1e-12)
        assert intercept == pytest.approx(shift.params[0], abs=1e-7)


def test_net_benefit_and_ties_by_hand():
    # Risks .5 .5 .1 .1, outcomes 1 0 1 0: at 20 % two are treated, one rightly: 1/4 - 1/4 * .2/.8 = .1875.
    # Pairs of a case and another: tie, win, loss, tie: (.5 + 1 + 0 + .5)/4 = .5.
    eta = np.log(np.array([[1.0, 1.0, 1 / 9, 1 / 9]]))
    assert discriminate_many(eta, np.array([1.0, 0.0, 1.0, 0.0]), threshold=0.2)[0] == pytest.approx([0.5, 0.1875])


def test_predictions_that_are_all_equal_or_separate_the_outcome():
    y = np.array([0.0, 0.0, 1.0, 1.0])
    slope, intercept = calibrate_many(np.zeros((1, 4)), y)[0]
    assert (slope, intercept) == (1.0, pytest.approx(0.0, abs=1e-12))
    assert np.isnan(calibrate_many(np.array([[-2.0, -1.0, 1.0, 2.0]]), y)[0, 0])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-3, 3), min_size=4, max_size=30), st.integers(0, 2**32 - 1))
def test_auc_by_ranks_counts_pairs(values, seed):
    y = np.random.default_rng(seed).permutation(np.arange(len(values)) % 2).astype(float)
    eta = np.array(values, dtype=float)
    pairs = eta[y == 1][:, None] - eta[y == 0][None, :]
    by_pairs = ((pairs > 0) + 0.5 * (pairs == 0)).mean()
    assert discriminate_many(eta[None], y, threshold=0.2)[0, 0] == pytest.approx(by_pairs, abs=1e-12)
