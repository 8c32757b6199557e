"""The tables behind the figures. Expected numbers are worked out by hand from the small inputs shown."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from lungtox.figures import (
    tabulate_cytokines,
    tabulate_dvh_groups,
    tabulate_forest,
    tabulate_ntcp,
    tabulate_published,
    tabulate_roc,
)


def dvh_table(bins: dict[str, list[tuple[float, float]]], *, weighting: str = "anatomical", quantity: str = "physical"):
    rows = [
        {
            "patient": patient,
            "structure": "Lungs-GTV",
            "weighting": weighting,
            "quantity": quantity,
            "alpha_beta_gy": None,
            "bin_width_gy": 0.1,
            "dose_gy": dose,
            "volume_cc": volume,
        }
        for patient, entries in bins.items()
        for dose, volume in entries
    ]
    frame = pd.DataFrame(rows)
    for column in ("patient", "structure", "weighting", "quantity"):
        frame[column] = frame[column].astype("category")
    return pa.Table.from_pandas(frame, preserve_index=False)


# Volumes from each 0.1 Gy bin start upwards; V0 is always 100 %.
BINS = {
    "A": [(0.0, 50.0), (20.0, 50.0)],
    "B": [(0.0, 30.0), (19.9, 20.0), (20.0, 50.0)],
    "C": [(0.0, 90.0), (10.0, 10.0)],
    "D": [(0.0, 100.0)],
    "E": [(0.0, 1.0), (60.0, 99.0)],
}
OUTCOMES = pd.DataFrame({"patient": list("ABCDE"), "rp": [1.0, 1.0, 0.0, 0.0, np.nan]})


def at(table: pd.DataFrame, group: str, dose: float) -> pd.Series:
    return table[(table["group"] == group) & (table["dose_gy"] == dose)].iloc[0]


def test_mean_dvh_is_inclusive_and_in_percent_of_each_patient():
    table = tabulate_dvh_groups(dvh_table(BINS), OUTCOMES)
    assert at(table, "rp", 0.0)["mean_pct"] == 100.0
    assert at(table, "rp", 20.0)["mean_pct"] == pytest.approx(50.0)  # both 50 %: the bin that starts at 20.0 counts
    assert at(table, "rp", 19.5)["mean_pct"] == pytest.approx(60.0)  # A 50, B 70
    assert at(table, "no_rp", 10.0)["mean_pct"] == pytest.approx(5.0)  # C 10, D 0


def test_band_is_the_t_interval_of_the_mean():
    row = at(tabulate_dvh_groups(dvh_table(BINS), OUTCOMES), "rp", 19.5)
    # mean 60, standard error 10 (values 50 and 70), t(0.975, 1) = 12.706: clipped at 0 and 100
    assert (row["n"], row["low_pct"], row["high_pct"]) == (2, 0.0, 100.0)
    close = {"A": [(0.0, 50.0), (20.0, 50.0)], "B": [(0.0, 49.0), (20.0, 51.0)]}
    row = at(tabulate_dvh_groups(dvh_table(close), OUTCOMES), "rp", 20.0)
    assert row["high_pct"] == pytest.approx(50.5 + 12.706 * 0.5, abs=0.001)


def test_patients_without_a_known_outcome_are_left_out():
    table = tabulate_dvh_groups(dvh_table(BINS), OUTCOMES)
    assert table.groupby("group")["n"].first().to_dict() == {"rp": 2, "no_rp": 2}
    assert table["dose_gy"].max() < 60


def test_a_group_of_one_has_no_band():
    table = tabulate_dvh_groups(dvh_table({"A": BINS["A"]}), OUTCOMES)
    assert table["low_pct"].isna().all()


def test_eqd2_is_not_mixed_in_and_panels_go_from_anatomy_to_function():
    both = pa.concat_tables(
        [
            dvh_table(BINS, weighting="perfusion").cast(dvh_table(BINS).schema),
            dvh_table(BINS, weighting="functional:40%max").cast(dvh_table(BINS).schema),
            dvh_table(BINS),
            dvh_table(BINS, quantity="eqd2"),
        ]
    )
    table = tabulate_dvh_groups(both, OUTCOMES)
    assert list(table["weighting"].unique()) == ["anatomical", "functional:40%max", "perfusion"]
    assert at(table[table["weighting"] == "anatomical"], "rp", 0.0)["n"] == 2


def test_no_known_outcome_gives_an_empty_table():
    assert tabulate_dvh_groups(dvh_table(BINS), OUTCOMES.assign(rp=np.nan)).empty


def test_forest_takes_odds_ratios_as_they_stand_and_exponentiates_log_odds():
    univariable = pd.DataFrame(
        [
            {
                "family": "dose",
                "label": "V20",
                "unit": "5 %",
                "effect": 1.5,
                "low": 1.1,
                "high": 2.0,
                "p": 0.01,
                "q": 0.03,
            }
        ]
    )
    fit = {
        "model": "dose_clinical",
        "n": 90,
        "events": 20,
        "estimates": [
            {"term": "Intercept", "label": "Intercept", "estimate": -3.0, "low": -4.0, "high": -2.0, "p": 0.001},
            {
                "term": "mld_gy",
                "label": "Mean lung dose (per 1 Gy)",
                "estimate": 0.0,
                "low": -0.6931471805599453,
                "high": 0.6931471805599453,
                "p": 0.5,
            },
            {"term": "sex[M]", "label": "Sex: M v F", "estimate": 1.0, "low": None, "high": 800.0, "p": None},
        ],
    }
    failed = {"model": "broken", "converged": False, "finding": "one outcome class", "estimates": []}
    table = tabulate_forest(univariable, [fit, failed])
    assert list(table["label"]) == ["V20 (per 5 %)", "Mean lung dose (per 1 Gy)", "Sex: M v F", "not fitted"]
    assert table["odds_ratio"].tolist()[:2] == [1.5, 1.0]
    assert (table["low"][1], table["high"][1]) == (pytest.approx(0.5), pytest.approx(2.0))
    assert np.isnan(table["low"][2]) and np.isinf(table["high"][2])
    # Per 5 Gy, as the single factor in Gy: the odds ratio to the power of 5 (0.5 ** 5 = 1 / 32).
    mean_dose = univariable.assign(label="MLD", unit="5 Gy")
    row = tabulate_forest(mean_dose, [fit]).iloc[1]
    assert (row["label"], row["odds_ratio"]) == ("Mean lung dose (per 5 Gy)", 1.0)
    assert (row["low"], row["high"]) == (pytest.approx(1 / 32), pytest.approx(32.0))
    assert table["note"][3] == "one outcome class"


def test_roc_table_keeps_curves_and_pairs_apart():
    auc = pd.DataFrame(
        {
            "score": ["a", "b", "c"],
            "label": ["A", "B", "C"],
            "n": 10,
            "events": 3,
            "auc": [0.7, 0.6, np.nan],
            "low": 0.4,
            "high": 0.9,
        }
    )
    curves = pd.DataFrame({"score": ["a", "a", "b", "b"], "fpr": [0, 1, 0, 1], "tpr": [0, 1, 0, 1]})
    pairs = pd.DataFrame(
        {
            "score_a": ["a", "a"],
            "score_b": ["b", "c"],
            "n": 10,
            "events": 3,
            "difference": [0.1, np.nan],
            "low": [-0.1, np.nan],
            "high": [0.3, np.nan],
            "p": [0.4, np.nan],
        }
    )
    table = tabulate_roc(auc, curves, pairs)
    assert list(table["score"]) == ["a", "a", "b", "b", "a"]  # C was not measured, its pair not compared
    assert table.iloc[-1][["kind", "label", "other_label", "difference"]].tolist() == ["pair", "A", "B", 0.1]
    assert tabulate_roc(auc.iloc[2:], curves.iloc[:0], pairs.iloc[:0]).empty


def ntcp_fit(**changes):
    fit = {
        "ntcp": "mean",
        "model": "lkb",
        "structure": "Lungs-GTV",
        "weighting": "anatomical",
        "quantity": "physical",
        "alpha_beta_gy": None,
        "fixed": {"n": 1.0},
        "parameters": [
            {
                "parameter": "td50_gy",
                "unit": "Gy",
                "estimate": 30.0,
                "low": 25.0,
                "high": None,
                "fixed": False,
                "at_boundary": False,
                "derived": False,
            },
            {
                "parameter": "gamma50",
                "unit": "",
                "estimate": 1.0,
                "low": 0.5,
                "high": 1.5,
                "fixed": False,
                "at_boundary": False,
                "derived": True,
            },
        ],
    }
    return {**fit, **changes}


CURVE = pd.DataFrame({"dose_gy": [0.0, 30.0], "ntcp": [0.01, 0.5], "low": [0.0, 0.3], "high": [0.1, 0.7]})
BIN = pd.DataFrame({"dose_gy": [10.0], "n": [20], "events": [5], "rate": [0.25], "low": [0.1], "high": [0.5]})
PUBLISHED = pd.DataFrame(
    {
        "model": ["x", "y"],
        "label": ["X", "Y"],
        "quantity": ["physical", "eqd2"],
        "dose_gy": [20.0, 20.0],
        "ntcp": [0.2, 0.3],
    }
)


def published_labels(fit) -> list[str]:
    table = tabulate_ntcp([fit], [CURVE], [BIN], PUBLISHED)
    return table.loc[table["kind"] == "published", "label"].tolist()


def test_published_curves_lie_only_over_the_same_dose():
    assert published_labels(ntcp_fit()) == ["X"]
    assert published_labels(ntcp_fit(quantity="eqd2", alpha_beta_gy=3.0)) == ["Y"]
    assert published_labels(ntcp_fit(model="logistic", fixed={})) == ["X"]
    assert published_labels(ntcp_fit(fixed={})) == []  # gEUD is not the mean dose
    assert published_labels(ntcp_fit(weighting="functional:40%max")) == []


def test_published_models_have_one_panel_each_for_what_was_chosen():
    calibration = pd.DataFrame({"model": "x", "label": "X", "predicted": [0.1, 0.2], "observed": [0.2, 0.3]})
    benefit = pd.DataFrame({"model": "x", "label": "X", "threshold": [0.1], "net_benefit": [0.05], "all": [0.02]})
    updates = pd.DataFrame(
        {
            "model": "x", "label": "X", "method": ["intercept", "bayes"], "quantity": "eqd2", "dose_gy": 20.0,
            "ntcp": [0.4, 0.3], "low": [0.3, 0.2], "high": [0.5, 0.4],
        }
    )  # fmt: skip
    table = tabulate_published(calibration, benefit, PUBLISHED, updates)
    assert table["panel"].unique().tolist() == ["calibration", "benefit", "x"]
    own = table[table["panel"] == "x"].set_index("curve")
    assert own.loc[["as published", "by closed testing", "Bayesian update"], "y"].tolist() == [0.2, 0.4, 0.3]
    assert own["title"].unique().tolist() == ["X\nnew intercept"] and own["unit"].iloc[0].endswith("EQD2 (Gy)")
    assert table.loc[table["curve"] == "treat all as RP", "y"].tolist() == [0.02]
    none = [frame.iloc[:0] for frame in (calibration, benefit, PUBLISHED, updates)]
    assert tabulate_published(*none).empty


def test_ntcp_table_holds_the_literatures_parameters_and_the_finding():
    table = tabulate_ntcp([ntcp_fit()], [CURVE], [BIN])
    parameters = table[table["kind"] == "parameter"]
    assert parameters["label"].tolist() == ["TD50"] and parameters["ntcp"].tolist() == [30.0]
    assert table.loc[table["kind"] == "bin", ["ntcp", "n", "events"]].to_numpy().tolist() == [[0.25, 20, 5]]
    failed = tabulate_ntcp([ntcp_fit(finding="no events")], [CURVE.iloc[:0]], [BIN.iloc[:0]])
    assert failed.loc[failed["kind"] == "finding", "note"].tolist() == ["no events"]
    assert tabulate_ntcp([], [], []).empty


def test_the_band_ends_where_the_doses_of_the_cohort_end():
    curve = pd.DataFrame({"dose_gy": [0.0, 5.0, 10.0, 15.0], "ntcp": 0.2, "low": 0.1, "high": 0.3})
    table = tabulate_ntcp([ntcp_fit(dose_range_gy=[5.0, 10.0])], [curve], [BIN])
    drawn = table[table["kind"] == "curve"]
    assert drawn["note"].tolist() == ["extrapolated", None, None, "extrapolated"]
    assert drawn["low"].isna().tolist() == drawn["high"].isna().tolist() == [True, False, False, True]
    assert drawn["ntcp"].tolist() == [0.2] * 4


def test_dose_names_say_what_is_on_the_axis():
    axis = [
        tabulate_ntcp([fit], [CURVE], [BIN]).loc[lambda rows: rows["kind"] == "axis", "label"].iloc[0]
        for fit in (ntcp_fit(), ntcp_fit(fixed={}), ntcp_fit(quantity="eqd2", alpha_beta_gy=3.0))
    ]
    assert axis == ["Mean dose (Gy)", "gEUD (Gy)", "Mean dose, EQD2 (\u03b1/\u03b2 3 Gy) (Gy)"]


def test_cytokine_limit_is_twice_the_value_that_stands_below_it():
    analysis = pd.DataFrame(
        {
            "patient": ["A", "B", "C", "D"],
            "rp": [1, 0, 0, None],
            "il6_pre": [1.0, 4.0, None, 9.0],
            "il6_pre_below": [True, False, None, False],
            "il6_during": [3.0, 5.0, 6.0, 7.0],
        }
    )
    dictionary = pd.DataFrame({"column": ["il6_pre"], "label": ["IL-6 before RT"], "unit": ["pg/mL"]})
    tests = pd.DataFrame(
        {"cytokine": ["il6"], "label": ["IL-6"], "comparison": ["groups_pre"], "p": [0.02], "q": [0.08]}
    )
    table = tabulate_cytokines(analysis, dictionary, tests)
    first = table[table["timepoint"] == "pre"]
    assert first["patient"].tolist() == ["A", "B"]  # C has no value, D no known outcome
    assert first["detection_limit"].tolist()[0] == 2.0 and np.isnan(first["detection_limit"].tolist()[1])
    assert first["groups_q"].tolist() == [0.08, 0.08] and first["label"].tolist()[0] == "IL-6"
    assert len(table) == 5 and table.loc[table["timepoint"] == "during", "groups_q"].isna().all()


def test_cytokines_without_tests_take_the_label_of_the_dictionary():
    analysis = pd.DataFrame({"patient": ["A"], "rp": [1], "ace_pre": [30.0]})
    nothing = pd.DataFrame(columns=["cytokine", "label", "comparison", "p", "q"])
    dictionary = pd.DataFrame({"column": ["ace_pre"], "label": ["ACE before RT"], "unit": ["U/L"]})
    assert tabulate_cytokines(analysis, dictionary, nothing)["label"].tolist() == ["ACE before RT"]
    assert tabulate_cytokines(analysis, dictionary.iloc[:0], nothing)["label"].tolist() == ["ace"]
    assert tabulate_cytokines(analysis[["patient", "rp"]], dictionary, nothing).empty
