"""Bands, partial areas and cut-points of ROC curves: against pROC 1.18.0 (R 4.2.2) and by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.special import expit
from scipy.stats import norm

from lungtox.errors import FitError, ParameterError
from lungtox.models import compare_roc, cut_point, partial_auc, roc, roc_band
from lungtox.models.config import RocSettings


def spread(a: int, b: int, c: int) -> np.ndarray:
    """Give 200 made-up numbers between 0 and 1, the same in R: ((a i^2 + b i + c) mod 100003 + .5) / 100003."""
    i = np.arange(200.0)
    return ((a * i * i + b * i + c) % 100003 + 0.5) / 100003


X = norm.ppf(spread(48271, 7919, 11))
SCORE = 0.6 * X + 0.8 * norm.ppf(spread(69621, 104729, 5))
OUTCOME = (spread(16807, 1299709, 3) < expit(-0.5 + 0.8 * X + 0.7 * SCORE)) * 1.0
TIED = np.floor(2 * SCORE)


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


@pytest.mark.parametrize(
    "score, plain, corrected",
    [
        (SCORE, (0.0465481603969, 0.0372364613477, 0.149007854485), (0.573744889991, 0.593644905757, 0.664461898856)),
        (TIED, (0.0466066556428, 0.03483638642, 0.149651809538), (0.573907376786, 0.584995987099, 0.665892910085)),
    ],
)
def test_partial_areas_as_in_proc(score, plain, corrected):
    """auc(partial.auc = c(1, .8)), c(1, .85) on the sensitivity, c(.9, .6); partial.auc.correct FALSE and TRUE."""
    ranges = [((0.8, 1.0), "specificity"), ((0.85, 1.0), "sensitivity"), ((0.6, 0.9), "specificity")]
    for correct, expected in ((False, plain), (True, corrected)):
        found = [
            partial_auc(OUTCOME, score, between=each, focus=focus, correct=correct, rng=rng(), resamples=1).area
            for each, focus in ranges
        ]
        assert found == pytest.approx(expected, rel=1e-10)


def test_interval_of_a_partial_area_as_in_proc():
    """ci.auc(method = bootstrap, boot.n = 10000): 0.521896962 to 0.645230467; Monte Carlo error of the ends."""
    part = partial_auc(OUTCOME, SCORE, between=(0.8, 1.0), rng=rng(), resamples=4000)
    assert (part.low, part.high) == pytest.approx((0.521896962, 0.645230467), abs=0.005)


def test_band_as_in_proc():
    """ci.se(specificities = c(.9, .8, .5), boot.n = 10000); one patient more or less at the ends."""
    band = roc_band(OUTCOME, SCORE, rng=rng(), resamples=4000)
    at = [int(np.argmin(np.abs(band.fpr - share))) for share in (0.1, 0.2, 0.5)]
    assert band.low[at] == pytest.approx([0.121951220, 0.231707317, 0.719512195], abs=1.01 / 82)
    assert band.high[at] == pytest.approx([0.353658537, 0.609756098, 0.914634146], abs=1.01 / 82)


@pytest.mark.parametrize(
    "score, expected",
    [(SCORE, (0.0813839466166, 0.756097560976, 0.618644067797)), (TIED, (-0.5, 0.792682926829, 0.559322033898))],
)
def test_youden_as_in_proc(score, expected):
    """coords(r, "best", best.method = "youden"); ci.coords gives -0.26 to 0.44 for the first threshold."""
    found = cut_point(OUTCOME, score, rng=rng(), resamples=200)
    values = found.values
    assert [values[name] for name in ("threshold", "sensitivity", "specificity")] == pytest.approx(expected, rel=1e-9)
    assert found.low["threshold"] <= values["threshold"] <= found.high["threshold"]
    turned = cut_point(OUTCOME, -score, rng=rng(), resamples=200, positive="smaller")
    assert turned.values["threshold"] == pytest.approx(-values["threshold"])
    assert turned.high["threshold"] == pytest.approx(-found.low["threshold"])


def test_interval_of_the_youden_cut_point_as_in_proc():
    """ci.coords(best.policy = "random", boot.n = 5000): threshold -0.264529011 to 0.440265742, by steps of scores."""
    found = cut_point(OUTCOME, SCORE, rng=rng(), resamples=4000)
    assert found.low["threshold"] == pytest.approx(-0.264529011, abs=0.05)
    assert found.high["threshold"] == pytest.approx(0.440265742, abs=0.06)


def test_fixed_sensitivity_by_hand():
    # Events 1 3 5, others 0 2 4: two of three events lie beyond 2.5; one other (4) as well. All events: beyond 0.5.
    outcome, score = [1, 1, 1, 0, 0, 0], [1.0, 3, 5, 0, 2, 4]
    two = cut_point(outcome, score, sensitivity=0.6, rng=rng(), resamples=10)
    assert two.values == pytest.approx({"threshold": 2.5, "sensitivity": 2 / 3, "specificity": 2 / 3, "youden": 1 / 3})
    everyone = cut_point(outcome, score, sensitivity=1.0, rng=rng(), resamples=10)
    assert everyone.values["threshold"] == 0.5 and everyone.values["specificity"] == pytest.approx(1 / 3)


def test_cut_points_of_noise_are_corrected_towards_nothing():
    """SCIENCE.md section 5: n 42, apparent J far above the true one; here 40 markers of pure noise, true J 0."""
    draws = np.random.default_rng(5)
    outcome = np.repeat([1.0, 0.0], [14, 28])
    found = [cut_point(outcome, draws.normal(size=42), rng=draws, resamples=100) for _ in range(40)]
    apparent = np.mean([one.values["youden"] for one in found])
    corrected = np.mean([one.values["youden"] - one.optimism["youden"] for one in found])
    assert apparent > 0.1 and corrected < 0.7 * apparent


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(-5, 5)), min_size=6, max_size=40), st.integers(0, 99))
def test_whole_range_is_the_auc_and_limits_enclose(rows, seed):
    outcome, score = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    if min(outcome.sum(), (1 - outcome).sum()) < 2 or np.ptp(score) == 0:
        return
    whole = partial_auc(outcome, score, between=(0.0, 1.0), correct=False, rng=np.random.default_rng(seed), resamples=5)
    assert whole.area == pytest.approx(roc(outcome, score).auc)
    lying = partial_auc(outcome, score, between=(0.0, 1.0), focus="sensitivity", correct=False, resamples=5, rng=rng())
    assert lying.area == pytest.approx(whole.area)
    band = roc_band(outcome, score, rng=np.random.default_rng(seed), resamples=20)
    assert (np.diff(band.tpr) >= -1e-12).all() and (band.low <= band.high).all()
    cut = cut_point(outcome, score, rng=np.random.default_rng(seed), resamples=20)
    assert 0.0 <= cut.values["youden"] <= 1.0


def test_tables_of_a_declared_direction():
    table = pd.DataFrame({"rp": OUTCOME, "dose": SCORE, "fev1": -TIED})
    config = RocSettings(
        scores=["dose", "fev1"], smaller_means_risk=["fev1"], pairs=[["dose", "fev1"]], resamples=100,
        partial={"low": 0.8}, cut_points=["youden", "sensitivity"], fixed_sensitivity=0.9,
    )  # fmt: skip
    tables = compare_roc(table, settings=config, rng=rng())
    # pROC: AUC 0.705973542786 and 0.702046300124.
    assert tables.auc["auc"].tolist() == pytest.approx([0.705973542786, 0.702046300124], rel=1e-10)
    assert tables.auc["direction"].tolist() == ["larger", "smaller"]
    assert tables.pairs.loc[0, "difference"] == pytest.approx(0.705973542786 - 0.702046300124, rel=1e-8)
    assert tables.partial["area"].tolist() == pytest.approx([0.573744889991, 0.573907376786], rel=1e-10)
    assert len(tables.cut_points) == 2 * 2 * 4 and set(tables.bands["score"]) == {"dose", "fev1"}
    one = tables.cut_points.query("score == 'fev1' and criterion == 'Youden' and measure == 'threshold'").iloc[0]
    assert one["value"] == pytest.approx(0.5) and np.isnan(one["optimism"])
    again = compare_roc(table, settings=config, rng=rng())
    assert again.cut_points.equals(tables.cut_points) and again.bands.equals(tables.bands)


def test_wrong_inputs_are_named():
    with pytest.raises(ParameterError, match="must rise"):
        partial_auc(OUTCOME, SCORE, between=(0.9, 0.8), rng=rng())
    with pytest.raises(ParameterError, match="focus"):
        partial_auc(OUTCOME, SCORE, between=(0.8, 1.0), focus="ppv", rng=rng())
    with pytest.raises(ParameterError, match="sensitivity"):
        cut_point(OUTCOME, SCORE, sensitivity=1.2, rng=rng())
    with pytest.raises(ParameterError, match="resamples"):
        roc_band(OUTCOME, SCORE, rng=rng(), resamples=0)
    with pytest.raises(FitError, match="constant"):
        cut_point(OUTCOME, np.ones(200), rng=rng())
    with pytest.raises(ValidationError, match="smaller_means_risk"):
        RocSettings(scores=["a"], smaller_means_risk=["b"])
    with pytest.raises(ValidationError, match="below high"):
        RocSettings(scores=["a"], partial={"low": 0.9, "high": 0.8})
