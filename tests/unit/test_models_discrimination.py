"""ROC: hand calculations, invariants, the paired test, the tables."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungtox.errors import FitError, InputError, ParameterError
from lungtox.models import compare_auc, compare_roc, roc
from lungtox.models.config import RocSettings

OUTCOME = [0, 0, 0, 0, 1, 1, 1]
SCORE = [1.0, 2.0, 3.0, 4.0, 3.0, 5.0, 2.5]


def test_auc_counts_pairs() -> None:
    # By hand: event 3 beats 1, 2, ties with 3; event 5 beats all 4; event 2.5 beats 1, 2: (2.5 + 4 + 2) / 12.
    result = roc(OUTCOME, SCORE)
    assert result.auc == pytest.approx(8.5 / 12.0)
    # Placements of the events .625 1 .5 and of the others 1 1 .5 (3: below 5, tied with 3) 1/3: DeLong by hand.
    variance = np.var([0.625, 1.0, 0.5], ddof=1) / 3 + np.var([1.0, 1.0, 0.5, 1 / 3], ddof=1) / 4
    half = 1.959964 * math.sqrt(variance) / (result.auc * (1 - result.auc))
    odds = math.log(result.auc / (1 - result.auc))
    assert result.low == pytest.approx(1 / (1 + math.exp(-(odds - half))), rel=1e-6)
    assert result.high == pytest.approx(1 / (1 + math.exp(-(odds + half))), rel=1e-6)


def test_curve_by_hand() -> None:
    curve = roc(OUTCOME, SCORE).curve
    assert curve["threshold"].tolist() == [math.inf, 5.0, 4.0, 3.0, 2.5, 2.0, 1.0]
    assert curve["tpr"].to_numpy() == pytest.approx(np.array([0, 1, 1, 2, 3, 3, 3]) / 3)
    assert curve["fpr"].to_numpy() == pytest.approx(np.array([0, 0, 1, 2, 2, 3, 4]) / 4)


scores = st.lists(st.integers(-5, 5), min_size=8, max_size=40)


@given(values=scores, seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_area_below_the_curve_is_the_auc_and_direction_mirrors(values: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(len(values)) % 3 == 0).astype(int)
    score = np.array(values, dtype=float)
    if len(set(values)) == 1:
        with pytest.raises(FitError, match="constant"):
            roc(y, score)
        return
    result = roc(y, score)
    assert np.trapezoid(result.curve["tpr"], result.curve["fpr"]) == pytest.approx(result.auc)
    assert 0.0 <= result.low <= result.auc <= result.high <= 1.0
    mirrored = roc(y, score, positive="smaller")
    assert mirrored.auc == pytest.approx(1.0 - result.auc)
    assert mirrored.low == pytest.approx(1.0 - result.high, abs=1e-9)
    assert mirrored.curve["threshold"].iloc[1] == score.min()
    stretched = roc(y, np.exp(score))
    assert (stretched.auc, stretched.low) == pytest.approx((result.auc, result.low))


def test_perfect_score_still_has_an_interval() -> None:
    # Newcombe 2006: the lower limit solves (1 - t) = z sqrt(V(t)); checked by putting it back.
    result = roc([0, 0, 0, 1, 1, 1], [1, 2, 3, 4, 5, 6])
    assert (result.auc, result.high) == (1.0, 1.0)
    t = result.low
    variance = t * (1 - t) * (1 + 2 * (1 - t) / (2 - t) + 2 * t / (1 + t)) / 9
    assert 1 - t == pytest.approx(1.959964 * math.sqrt(variance), rel=1e-5)
    assert "Newcombe" in result.method
    worst = roc([0, 0, 0, 1, 1, 1], [4, 5, 6, 1, 2, 3])
    assert (worst.auc, worst.low) == (0.0, 0.0)
    assert worst.high == pytest.approx(1.0 - t)


def test_pair_of_a_score_with_itself_and_with_its_mirror() -> None:
    same = compare_auc(OUTCOME, SCORE, np.array(SCORE) * 2.0)
    assert (same.difference, same.z, same.p) == (0.0, 0.0, 1.0)
    mirror = compare_auc(OUTCOME, SCORE, -np.array(SCORE))
    # Placements are mirrored, so the difference has twice the standard error of one AUC minus one half.
    assert mirror.difference == pytest.approx(2 * (8.5 / 12.0 - 0.5))
    back = compare_auc(OUTCOME, -np.array(SCORE), SCORE)
    assert (back.difference, back.z, back.p) == pytest.approx((-mirror.difference, -mirror.z, mirror.p))
    assert back.low == pytest.approx(-mirror.high)


def test_wrong_inputs_are_refused() -> None:
    with pytest.raises(ParameterError, match="missing values"):
        roc([0, 1, 0, 1], [1.0, np.nan, 2.0, 3.0])
    with pytest.raises(ParameterError, match="equally long"):
        roc([0, 1], [1.0, 2.0, 3.0])
    with pytest.raises(ParameterError, match="0 or 1"):
        roc([0, 2, 1, 0], [1.0, 2.0, 3.0, 4.0])
    with pytest.raises(ParameterError, match="positive must be"):
        roc([0, 1], [1.0, 2.0], positive="up")  # type: ignore[arg-type]
    with pytest.raises(FitError, match="one outcome class"):
        roc([0, 0, 0, 1], [1.0, 2.0, 3.0, 4.0])
    with pytest.raises(FitError, match="variance of zero"):
        compare_auc([0, 0, 1, 1], [1, 2, 3, 4], [4, 3, 2, 1])


def test_tables_use_the_patients_who_have_the_scores() -> None:
    rng = np.random.default_rng(5)
    n = 60
    table = pd.DataFrame({"rp": pd.array(rng.integers(0, 2, n), dtype="Int64"), "v20": rng.normal(size=n)})
    table["fv20"] = table["v20"] + rng.normal(size=n)
    table.loc[:9, "fv20"] = np.nan
    table.loc[10, "rp"] = pd.NA
    table["flat"] = 1.0
    config = RocSettings(scores=["v20", "fv20", "flat"], pairs=[["v20", "fv20"], ["v20", "flat"]])
    dictionary = pd.DataFrame({"column": ["v20"], "label": ["V20"]})
    tables = compare_roc(table, settings=config, dictionary=dictionary, rng=np.random.default_rng(1))
    auc, curves, pairs = tables.auc, tables.curves, tables.pairs
    assert auc["n"].tolist() == [59, 49, 59]
    assert auc["label"].tolist() == ["V20", "fv20", "flat"]
    assert auc["method"].iloc[2].startswith("not measured: constant predictor")
    assert np.isnan(auc["auc"].iloc[2])
    assert set(curves["score"]) == {"v20", "fv20"}
    assert pairs["n"].tolist() == [49, 59]
    rows = table.dropna(subset=["rp", "fv20"])
    expected = compare_auc(rows["rp"].to_numpy(dtype=float), rows["v20"], rows["fv20"])
    assert pairs.loc[0, ["auc_a", "auc_b", "p"]].tolist() == [expected.auc_a, expected.auc_b, expected.p]
    assert np.isnan(pairs["p"].iloc[1])
    with pytest.raises(InputError, match="v99"):
        compare_roc(table, settings=RocSettings(scores=["v99"]), rng=np.random.default_rng(1))


def test_no_scores_give_empty_tables() -> None:
    tables = compare_roc(pd.DataFrame({"rp": [0, 1]}), settings=RocSettings(scores=[]), rng=np.random.default_rng(1))
    assert (len(tables.auc), len(tables.curves), len(tables.pairs), len(tables.bands)) == (0, 0, 0, 0)
    assert list(tables.curves.columns) == ["score", "fpr", "tpr", "threshold"]
