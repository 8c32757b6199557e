"""Gray's test, weights for unknown outcomes, landmark at the draw: against R 4.2.2 and by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungtox.errors import FitError, InputError, ParameterError
from lungtox.models import (
    censoring_weights,
    cumulative_incidence,
    describe_course,
    fit_weighted,
    gray_test,
    start_at_draw,
)
from lungtox.models.config import LogisticSettings, TimeSettings

NUMBER = np.arange(200)
TIME = 1 + (7 * NUMBER**2 + 3 * NUMBER) % 23
CAUSE = np.array([0, 1, 2, 2, 0])[(5 * NUMBER + NUMBER // 3) % 5]
TWO, THREE = (NUMBER % 7 < 3) * 1, (NUMBER * NUMBER) % 11 // 4


@pytest.mark.parametrize(
    "time, group, expected",
    [
        (TIME, TWO, ((0.0047296259375494, 0.94517088642095), (0.0988483053935209, 0.75321611438944))),
        (TIME, THREE, ((0.109969781917397, 0.94649944854471), (0.032271759311463, 0.98399360625854))),
        (TIME + NUMBER / 1000, TWO, ((0.0033971609768232, 0.95352148050297), (0.1044322734496120, 0.74657420376102))),
        (TIME + NUMBER / 1000, THREE, ((0.092197094393171, 0.95494785012004), (0.114621890888781, 0.94430039780414))),
    ],
    ids=["tied, 2 groups", "tied, 3 groups", "untied, 2 groups", "untied, 3 groups"],
)
def test_gray_as_cmprsk(time, group, expected):
    """cuminc(t, c, g)$Tests of cmprsk 2.2-11."""
    for of, (statistic, p) in enumerate(expected, start=1):
        found = gray_test(time, CAUSE, group, of=of)
        assert (found.statistic, found.p) == pytest.approx((statistic, p), rel=1e-9)
        assert found.df == group.max() and found.n == 200


def test_gray_finds_a_difference_and_refuses_what_it_cannot_compare():
    time, cause = np.tile(np.arange(1.0, 21), 2), np.repeat([1, 2], 20)
    assert gray_test(time, cause, cause).p < 1e-6
    with pytest.raises(FitError, match="one group"):
        gray_test(time, cause, np.zeros(40))
    with pytest.raises(FitError, match="no event"):
        gray_test(time, np.zeros(40), cause)
    with pytest.raises(ParameterError):
        gray_test([1.0], [1, 1], [0])


SEEN = np.minimum(TIME, 20)
STATUS = np.where(
    TIME >= 20, "no", np.array(["censored", "yes", "competing", "yes", "censored"])[(5 * NUMBER + NUMBER // 3) % 5]
)


def test_weighted_fit_as_in_r():
    """survfit of the losses (events first at ties), glm(quasibinomial, weights), sandwich with n / (n - k); R 4.2.2."""
    outcome, weight = censoring_weights(SEEN, STATUS)
    assert weight.sum() == pytest.approx(200)
    assert np.nansum(weight * outcome) / 200 == pytest.approx(0.488119432694, rel=1e-10)
    x = ((NUMBER * NUMBER * 13 + NUMBER * 7) % 101) / 50
    table = pd.DataFrame({"y": outcome, "w": weight, "x": x, "z": (NUMBER % 3 == 0) * 1})
    fit = fit_weighted(table, outcome="y", weight="w", predictors=["x", "z"])
    assert fit.estimates["estimate"].tolist() == pytest.approx(
        [-0.804229434137, 0.911281604974, -0.304818373008], rel=1e-9
    )
    assert fit.estimates["se"].tolist() == pytest.approx([0.418611937129, 0.377334362101, 0.482630672903], rel=1e-9)
    assert (fit.n, fit.events) == (99, 65)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["yes", "competing", "censored"])), max_size=30))
def test_weighted_share_is_the_incidence_at_the_end_of_the_window(rows):
    rows = [*rows, (6, "no")]
    time, status = (list(column) for column in zip(*rows, strict=True))
    cause = np.array([{"yes": 1, "competing": 2}.get(each, 0) for each in status])
    for deaths, causes in (("without RP", cause), ("lost", np.where(cause == 1, 1, 0))):
        outcome, weight = censoring_weights(time, status, deaths=deaths)
        share = cumulative_incidence(time, causes, causes=2).at(6)[0]
        assert np.nansum(weight * outcome) / len(time) == pytest.approx(share)
        assert weight.sum() == pytest.approx(len(time))


def test_wrong_weights_and_separated_rows_are_refused():
    with pytest.raises(ParameterError, match="status"):
        censoring_weights([1.0], ["maybe"])
    with pytest.raises(ParameterError, match="deaths"):
        censoring_weights([1.0], ["no"], deaths="yes")
    table = pd.DataFrame({"y": [0, 0, 0, 1, 1, 1], "w": 1.0, "x": range(6)})
    with pytest.raises(FitError, match="separation"):
        fit_weighted(table, outcome="y", weight="w", predictors=["x"])


def treated() -> pd.DataFrame:
    """Four patients, 60 Gy from day 0 to day 60, window from the end of RT."""
    return pd.DataFrame(
        {
            "patient": ["A", "B", "C", "D"],
            "rt_start_date": "2020-01-01",
            "rt_end_date": "2020-03-01",
            "rp_date": ["2020-02-20", "2020-01-31", None, None],
            "prescription_gy": 60.0,
            "rp_status": ["yes", "yes", "no", "censored"],
            "rp": [1.0, 1.0, 0.0, np.nan],
            "time_months": [0.0, 0.0, 6.0, 1.0],
        }
    )


def test_landmark_by_hand():
    draws = pd.DataFrame(
        {"patient": ["A", "B", "C"], "cytokine": "il6", "timepoint": "during", "draw_dose_gy": [40.0, 40.0, 60.0]}
    )
    found = start_at_draw(treated(), draws, cytokines=["il6"], start="rt_end_date")
    # 40 of 60 Gy: day 40 = 10 February. A has RP 10 days later; B had it 10 days before; C drawn on the last day.
    assert found.table["patient"].tolist() == ["A", "C"]
    assert found.table["time_months"].tolist() == pytest.approx([10 / 30.4375, 6.0])
    assert found.left_out == {"no draw": 1, "RP before the draw": 1, "lost or dead before the draw": 0}
    assert found.sentence == "from the draw; left out: 1 no draw, 1 RP before the draw"
    with pytest.raises(InputError, match="rp_date"):
        start_at_draw(treated().drop(columns="rp_date"), draws, cytokines=["il6"], start="rt_end_date")


def test_models_with_a_value_during_rt_start_at_the_draw():
    rng = np.random.default_rng(3)
    table = pd.concat([treated().iloc[[0, 2]]] * 30, ignore_index=True)
    table["patient"] = [f"P{index}" for index in range(60)]
    table["il6_during"] = rng.lognormal(size=60) * (1 + table["rp"])
    table.loc[:4, "rp_date"] = "2020-01-10"
    draws = pd.DataFrame({"patient": table["patient"], "cytokine": "il6", "timepoint": "during", "draw_dose_gy": 45.0})
    models = {"late": LogisticSettings(predictors=["il6_during"])}
    course = describe_course(table, settings=TimeSettings(), window_months=6, models=models, draws=draws)
    assert course.cox.loc[0, "landmark"] == "from the draw; left out: 3 RP before the draw"
    assert course.cox.loc[0, "n"] == 57 and course.cox.loc[0, "events"] == 27
    late = course.codings[course.codings["model"] == "late"]
    assert set(late["n"]) == {57}
