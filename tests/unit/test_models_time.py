"""Incidence with competing events, Cox models, unknown outcomes: against R, lifelines' data and hand calculation."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from lifelines.datasets import load_rossi

from lungtox.errors import FitError, InputError, ParameterError
from lungtox.models import cumulative_incidence, describe_course, fit_cox
from lungtox.models.config import LogisticSettings, TimeSettings
from lungtox.models.incidence import incidence_table

# Two hundred made-up subjects at twelve times.
NUMBER = np.arange(200)
TIED_TIME = 1 + (7 * NUMBER**2 + 3 * NUMBER) % 23
TIED_CAUSE = np.array([0, 1, 2, 2, 0])[(5 * NUMBER + NUMBER // 3) % 5]


def test_toy_of_the_science_sheet():
    """SCIENCE.md section 5; standard errors of survfit(Surv(t, factor(c)) ~ 1), R 4.2.2, survival 3.5-3."""
    result = cumulative_incidence(np.arange(1, 9), [1, 2, 1, 0, 1, 2, 0, 1])
    found = {when: result.at(when)[0] for when in (1, 3, 5, 8)}
    assert found == pytest.approx({1: 0.125, 3: 0.25, 5: 0.40625, 8: 0.71875}, abs=1e-12)
    expected = [0.1169267933, 0.1169267933, 0.1530931089, 0.1838844109, 0.1838844109, 0.1700901645]
    assert result.se[:, 0] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    "time, at_risk, estimates, errors",
    [
        (1, 200, (0.02, 0.035), (0.00989949493661, 0.0129951914184)),
        (7, 149, (0.0740460296662, 0.1430597125396), (0.01907919039408, 0.0255617847471)),
        (12, 79, (0.1761390515125, 0.3127985118347), (0.03017251089856, 0.0368066744094)),
        (23, 16, (0.3063018651686, 0.5908469853106), (0.04281817819897, 0.0470515509259)),
    ],
)
def test_many_ties_against_r(time, at_risk, estimates, errors):
    """survfit(Surv(time, factor(cause)) ~ 1) of R 4.2.2, survival 3.5-3."""
    result = cumulative_incidence(TIED_TIME, TIED_CAUSE)
    index = list(result.time).index(time)
    assert result.at_risk[index] == at_risk
    assert result.estimate[index] == pytest.approx(estimates, abs=1e-11)
    assert result.se[index] == pytest.approx(errors, abs=1e-11)


def test_one_cause_is_kaplan_meier_with_greenwoods_error():
    rossi = load_rossi()
    result = cumulative_incidence(rossi["week"], rossi["arrest"])
    fitter = KaplanMeierFitter().fit(rossi["week"], rossi["arrest"])
    survival = fitter.survival_function_["KM_estimate"].loc[result.time].to_numpy()
    assert 1.0 - result.estimate[:, 0] == pytest.approx(survival, abs=1e-12)
    # Greenwood by hand: S^2 sum d / (Y (Y - d)).
    d = rossi[rossi["arrest"] == 1].groupby("week").size().to_numpy()
    greenwood = survival * np.sqrt(np.cumsum(d / (result.at_risk * (result.at_risk - d))))
    assert result.se[:, 0] == pytest.approx(greenwood, abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2)), min_size=1, max_size=30), st.randoms())
def test_incidences_add_up_and_order_does_not_matter(rows, random):
    time, cause = (np.array(column) for column in zip(*rows, strict=True))
    result = cumulative_incidence(time, cause, causes=2)
    any_event = cumulative_incidence(time, np.minimum(cause, 1), causes=1)
    assert result.estimate.sum(axis=1) == pytest.approx(any_event.estimate[:, 0], abs=1e-12)
    assert (result.low <= result.estimate + 1e-12).all() and (result.estimate <= result.high + 1e-12).all()
    order = list(range(len(rows)))
    random.shuffle(order)
    again = cumulative_incidence(time[order], cause[order], causes=2)
    assert again.estimate == pytest.approx(result.estimate, abs=1e-12)
    assert again.se == pytest.approx(result.se, abs=1e-9)


def test_without_events_the_incidence_is_zero():
    result = cumulative_incidence([1.0, 2.0], [0, 0], causes=2)
    assert result.at(6.0) == (0.0, 0.0, 0.0)
    assert incidence_table(result, until=6.0)["estimate"].tolist() == [0.0] * 4


@pytest.mark.parametrize("time, cause", [([1.0], [1, 0]), ([-1.0], [1]), ([np.nan], [0]), ([1.0], [0.5]), ([], [])])
def test_wrong_arrays_are_refused(time, cause):
    with pytest.raises(ParameterError):
        cumulative_incidence(time, cause)


def test_cox_of_the_recidivism_data():
    """SCIENCE.md section 5: fin -.37942, log-likelihood -658.7477."""
    rossi = load_rossi()
    names = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]
    fit = fit_cox(rossi, time="week", event="arrest", predictors=names)
    assert fit.loglik == pytest.approx(-658.7477, abs=5e-5)
    assert fit.estimates.set_index("term").loc["fin", "estimate"] == pytest.approx(-0.37942, abs=5e-6)
    # R 4.2.2, survival 3.5-3: coxph, and cox.zph with its default transform (km).
    found = fit.estimates.set_index("term").loc[names]
    assert found["estimate"].tolist() == pytest.approx(
        [
            -0.379422166871,
            -0.057437743014,
            0.313899785949,
            -0.149795697223,
            -0.433703876690,
            -0.084871082991,
            0.091497079351,
        ],
        rel=1e-6,
    )
    assert found["se"].tolist() == pytest.approx(
        [
            0.191379480713,
            0.021999470628,
            0.307992776393,
            0.212224296158,
            0.381868057465,
            0.195756671921,
            0.028648550073,
        ],
        rel=1e-6,
    )
    assert found["ph_p"].tolist() == pytest.approx(
        [0.802696033, 0.014518463, 0.150392488, 0.039842112, 0.314658228, 0.892149344, 0.470592564], rel=1e-5
    )
    assert fit.ph_global == pytest.approx(0.013427507, rel=1e-5)
    assert (fit.n, fit.events) == (432, 114)


def test_cox_refuses_a_predictor_that_separates():
    table = pd.DataFrame({"t": range(1, 9), "e": [1, 1, 1, 0, 0, 0, 0, 0], "x": [1, 1, 1, 0, 0, 0, 0, 0]})
    with pytest.raises(FitError, match="no finite maximum"):
        fit_cox(table, time="t", event="e", predictors=["x"])


def course_table() -> pd.DataFrame:
    """Forty patients: RP in 10, death first in 4, lost in 6; dose rises with the number, RP among the higher ones."""
    status = ["no"] * 18 + ["censored"] * 6 + ["competing"] * 4 + ["yes", "no"] * 2 + ["yes"] * 8
    number = np.arange(40)
    return pd.DataFrame(
        {
            "patient": [f"P{index}" for index in number],
            "rp": pd.array([{"yes": 1, "no": 0}.get(each) for each in status], dtype="Int64"),
            "rp_status": status,
            "time_months": [6.0 if each == "no" else 1.0 + index % 4 for index, each in enumerate(status)],
            "mld_gy": 8.0 + 0.25 * number + (number % 7),
        }
    )


def test_course_counts_groups_and_codings():
    table = course_table()
    models = {"dose": LogisticSettings(predictors=["mld_gy"])}
    course = describe_course(table, settings=TimeSettings(groups={"mld_gy": 16.0}), window_months=6, models=models)
    whole = course.groups.iloc[0]
    assert (whole["n"], whole["rp"], whole["death"], whole["lost"]) == (40, 10, 4, 6)
    below, above = course.groups.iloc[1], course.groups.iloc[2]
    assert (below["level"], above["level"]) == ("below 16", "16 and more")
    assert below["n"] == (table["mld_gy"] < 16).sum() and below["estimate"] < above["estimate"]
    assert course.curves["estimate"].between(0, 1).all() and course.curves["time_months"].max() == 6.0
    share = course.codings[course.codings["model"] == ""].set_index("coding")
    # 10 of 30 with known outcome; 10 of 40; 20 of 40.
    assert share["value"].tolist()[2:] == pytest.approx([10 / 30, 10 / 40, 20 / 40])
    # The weighted shares are the Kaplan-Meier and the Aalen-Johansen estimate at the end of the window.
    assert share.loc["weighted, deaths without RP", "value"] == pytest.approx(whole["estimate"])
    assert share.loc["weighted", "value"] > share.loc["weighted, deaths without RP", "value"] > 10 / 40
    assert share["n"].tolist() == [30, 34, 30, 40, 40]
    # Wilson's interval of 10 of 40 (Newcombe 1998, method 3): by its formula 0.14187 to 0.40194.
    assert share.loc["all without RP", ["low", "high"]].tolist() == pytest.approx([0.14187, 0.40194], abs=1e-5)
    dose = course.codings[course.codings["model"] == "dose"].set_index("coding")
    assert set(dose.index) == set(share.index) and (dose["value"] > 1).all()
    assert course.cox.iloc[0]["hazard_ratio"] > 1 and course.cox.iloc[0]["events"] == 10


def test_median_is_the_cut_where_none_is_declared():
    course = describe_course(course_table(), settings=TimeSettings(groups={"mld_gy": None}), window_months=6, models={})
    assert course.groups["n"].tolist()[1:] == [20, 20]


def test_findings_instead_of_numbers():
    table = course_table().assign(rp_status="no", rp=0, same=1.0)
    models = {"m": LogisticSettings(predictors=["mld_gy"])}
    course = describe_course(table, settings=TimeSettings(groups={"mld_gy": 1.0}), window_months=6, models=models)
    assert course.cox["finding"].str.contains("one outcome class").all()
    assert (course.codings.loc[course.codings["model"] == "m", "finding"] != "").all()
    assert course.groups.iloc[1]["test"] == "not tested: one group is empty"


def test_a_group_that_is_no_number_is_refused():
    table = course_table().assign(sex="F")
    with pytest.raises(InputError) as caught:
        describe_course(table, settings=TimeSettings(groups={"sex": None}), window_months=6, models={})
    assert caught.value.faults[0].code == "time-groups"
