"""The tables of the workflow: fits and published models on a small cohort."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from pytest import approx

from lungtox.errors import FitError, InputError, ParameterError
from lungtox.figures import tabulate_ntcp
from lungtox.ntcp import (
    RESPONSES,
    closed_testing,
    compare_fits,
    fit_ntcp_tables,
    measure_calibration,
    model_dvh_selections,
    unknown_published,
    validate_published,
)
from lungtox.ntcp.cohort_dvhs import read_selected_dvhs
from lungtox.ntcp.config import (
    FITTED_PARAMETERS,
    OF_THE_LATENCY,
    SEARCHED_RANGES,
    NtcpFitSettings,
    NtcpSettings,
    UpdateSettings,
)
from lungtox.ntcp.latency import LATENCY
from lungtox.ntcp.validation import NUMBERS
from lungtox.report.ntcp_section import ntcp_sentence
from lungtox.report.ntcp_tables import comparison_blocks, resampled_blocks
from lungtox.report.results import NtcpResampled
from tests.unit.ntcp_cases import dvh, lkb_outcomes, lung_dvhs, write_table

PATIENTS = 60
VALIDATION_COLUMNS = [  # docs/file-contracts.md
    "model", "label", "status", "note", "structure", "quantity", "n", "events", "observed", "mean_predicted", "auc",
    "auc_low", "auc_high", "citl", "citl_low", "citl_high", "slope", "slope_low", "slope_high", "brier",
    "scaled_brier", "ici", "e90",
]  # fmt: skip


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    rng = np.random.default_rng(4)
    dvhs = lung_dvhs(PATIENTS, rng, bins=700)
    names = [f"P{number:03d}" for number in range(PATIENTS)]
    eqd2 = lung_dvhs(PATIENTS, rng, structure="Lungs-GTV", quantity="eqd2", alpha_beta_gy=3.0)
    functional = lung_dvhs(40, rng, weighting="functional:40%max")
    path = tmp_path_factory.mktemp("dvh") / "model_dvhs.parquet"
    rows = [*zip(names, dvhs, strict=True), *zip(names, eqd2, strict=True), *zip(names[:40], functional, strict=True)]
    write_table(path, rows)
    table = pd.DataFrame(
        {
            "patient": names,
            "rp": pd.array(lkb_outcomes(dvhs, rng, td50_gy=16.0), dtype="Int64"),
            "age_y": rng.integers(45, 80, PATIENTS).astype(float),
            "lung_disease": rng.choice(["no", "yes"], PATIENTS),
            "tumour_site": rng.choice(["upper", "middle", "lower"], PATIENTS),
            "chemotherapy": rng.choice(["none", "sequential", "concurrent"], PATIENTS),
            "smoking": rng.choice(["never", "former", "current"], PATIENTS),
        }
    )
    return path, table, dict(zip(names, dvhs, strict=True))


def fit_settings(**changes):
    return NtcpFitSettings(**{"model": "lkb", "fixed": {"n": 1.0}, "structure": "Lungs-GTV", **changes})


def test_fit_tables_follow_the_contract(cohort):
    path, table, dvhs = cohort
    result = fit_ntcp_tables(
        path, cohort=table, name="lkb_mean_dose", settings=fit_settings(), rng=np.random.default_rng(0)
    )
    assert list(result.predictions.columns) == ["patient", "rp", "dose_gy", "ntcp"]
    assert list(result.curve.columns) == ["dose_gy", "ntcp", "low", "high"]
    assert list(result.bins.columns) == ["dose_gy", "n", "events", "rate", "low", "high"]
    assert result.predictions["dose_gy"].to_numpy() == approx(
        [dvhs[name].mean_gy for name in result.predictions["patient"]]
    )
    assert (result.fit["n"], result.fit["events"]) == (PATIENTS, int(table["rp"].sum()))
    mean = np.array([item.mean_gy for item in dvhs.values()])
    reference = sm.Probit(table["rp"].to_numpy(dtype=float), sm.add_constant(mean)).fit(disp=0)
    assert result.predictions["ntcp"].to_numpy() == approx(reference.predict(), abs=1e-5)


@pytest.mark.parametrize(
    ("changes", "held", "others"),
    [
        ({"fixed": {"m": 0.4}}, "m", {"td50_gy", "n"}),
        ({"fixed": {"td50_gy": 20.0}}, "td50_gy", {"m", "n"}),
        ({"model": "relative_seriality", "fixed": {"gamma": 1.2}}, "gamma", {"d50_gy", "s"}),
        ({"fixed": {"m": 0.4}, "covariates": ["age_y"], "surface": False}, "m", {"td50_gy", "n", "delta[age_y]"}),
    ],
)
def test_a_fixed_parameter_leaves_everything_about_the_others(cohort, changes, held, others):
    """A fit with m fixed once crashed on the way to its tables."""
    path, table, _ = cohort
    result = fit_ntcp_tables(
        path, cohort=table, name="held", settings=fit_settings(**{"bootstrap": 2, "surface": True, **changes}),
        rng=np.random.default_rng(1),
    )  # fmt: skip
    rows = {row["parameter"]: row for row in result.fit["parameters"]}
    assert (rows[held]["fixed"], rows[held]["estimate"], rows[held]["low"]) == (True, changes["fixed"][held], None)
    assert not any(rows[name]["fixed"] for name in others)
    assert all(rows[name][side] is not None for name in others - {"n", "s"} for side in ("low", "high"))
    assert others <= set(result.intervals["quantity"])
    assert held not in set(result.intervals["quantity"])
    assert len(result.validation) == 7
    assert result.curve["ntcp"].between(0, 1).all()
    # By twice the drop when n (s: no such test) is held at 1 as well.
    if "n" in others:
        both = fit_ntcp_tables(
            path, cohort=table, name="both", rng=np.random.default_rng(1),
            settings=fit_settings(**{**changes, "fixed": {**changes["fixed"], "n": 1.0}}),
        )  # fmt: skip
        test = next(item for item in result.fit["nested"] if item["null"].startswith("n = 1"))
        drop = 2 * (result.fit["loglik"] - both.fit["loglik"])
        assert test["chi2"] == approx(drop, abs=1e-5)
    assert ntcp_sentence(result.fit).startswith("NTCP fit 'held'")
    blocks = resampled_blocks({"held": NtcpResampled(result.intervals, result.validation)})
    assert len([*comparison_blocks([result.fit], compare_fits([result.fit])), *blocks]) == 3
    drawn = tabulate_ntcp([result.fit], [result.curve], [result.bins])
    assert {"title", "curve", "bin"} <= set(drawn["kind"])


def test_patients_who_are_left_out_are_counted(cohort):
    path, table, _ = cohort
    table = table.copy()
    table.loc[[0, 5], "rp"] = pd.NA
    result = fit_ntcp_tables(
        path,
        cohort=table,
        name="f",
        settings=fit_settings(weighting="functional:40%max", model="logistic", fixed={}),
        rng=np.random.default_rng(0),
    )
    assert result.fit["n"] == len(result.predictions) == 38
    assert "Left out: 2 of 60 patients, with neither outcome." in result.fit["warnings"]
    assert any("20 of 58 patients, without a DVH" in text for text in result.fit["warnings"])


def test_a_fit_to_delivered_dose_says_so_and_counts_who_has_none(cohort):
    path, table, _ = cohort
    settings = fit_settings(weighting="functional:40%max")  # any DVHs that some patients lack
    told = []
    for dose in ("planned", "delivered"):
        result = fit_ntcp_tables(
            path,
            cohort=table,
            name="f",
            settings=settings.model_copy(update={"dose": dose}),
            rng=np.random.default_rng(0),
        )
        assert result.fit["dose"] == dose
        told.append(next(text for text in result.fit["warnings"] if "without a DVH" in text))
    assert told[1] == told[0].replace("physical.", "physical, delivered.") != told[0]


def test_no_dvh_at_all_is_an_error(cohort):
    path, table, _ = cohort
    with pytest.raises(InputError, match="DVHs of Heart, anatomical, physical; found none"):
        fit_ntcp_tables(
            path, cohort=table, name="f", settings=fit_settings(structure="Heart"), rng=np.random.default_rng(0)
        )


def test_a_cohort_without_events_is_a_finding(cohort):
    path, table, _ = cohort
    result = fit_ntcp_tables(
        path, cohort=table.assign(rp=0), name="f", settings=fit_settings(), rng=np.random.default_rng(0)
    )
    assert result.fit["converged"] is False
    assert "no events among 60" in result.fit["finding"]
    assert len(result.predictions) == len(result.curve) == len(result.bins) == 0
    assert list(result.curve.columns) == ["dose_gy", "ntcp", "low", "high"]


def test_all_events_and_nobody_left_are_findings(cohort):
    path, table, _ = cohort
    rng = np.random.default_rng(0)
    every = fit_ntcp_tables(path, cohort=table.assign(rp=1), name="f", settings=fit_settings(), rng=rng)
    assert every.fit["finding"] == "all of 60 patients had the event: a dose response cannot be fitted"
    nobody = fit_ntcp_tables(
        path, cohort=table.assign(age_y=np.nan), name="f", settings=fit_settings(covariates=["age_y"]), rng=rng
    )
    assert nobody.fit["finding"] == "no patient is left: a dose response cannot be fitted"
    assert "Left out: 60 of 60 patients, without age_y." in nobody.fit["warnings"]


def test_dose_in_cgy_names_the_patients(cohort, tmp_path):
    _, table, dvhs = cohort
    in_cgy = [
        (name, dvh(item.volume_cc, bin_width_gy=10.0) if name in ("P003", "P017") else item)
        for name, item in dvhs.items()
    ]
    path = write_table(tmp_path / "model_dvhs.parquet", in_cgy)
    with pytest.raises(InputError, match="Dose in cGy") as caught:
        fit_ntcp_tables(path, cohort=table, name="f", settings=fit_settings(), rng=np.random.default_rng(0))
    assert [fault.who for fault in caught.value.faults] == [
        f"{name} (Lungs-GTV, anatomical, physical)" for name in ("P003", "P017")
    ]
    published = validate_published(path, cohort=table, settings=NtcpSettings(published=["quantec_logistic_2010"]))
    (row,) = published.validation.to_dict("records")
    assert row["status"] == "refused"
    assert row["note"].startswith("P003 (Lungs-GTV, anatomical, physical): expected a mean dose in Gy")
    assert row["note"].endswith("Dose in cGy? Divide by 100. The same of 1 other patient.")


def test_a_covariate_that_the_table_lacks_is_named(cohort):
    path, table, _ = cohort
    with pytest.raises(InputError, match=r"config: ntcp.fits.f.covariates: expected a column .* found 'agey'"):
        fit_ntcp_tables(
            path, cohort=table, name="f", settings=fit_settings(covariates=["agey"]), rng=np.random.default_rng(0)
        )


def test_ranges_in_the_config_are_those_of_the_models():
    for response in RESPONSES.values():
        assert FITTED_PARAMETERS[response.name] == tuple(item.name for item in response.parameters)
        for item in response.parameters:
            assert SEARCHED_RANGES[item.name] == (item.low, item.high), (response.name, item.name)
    assert {item.name: (item.low, item.high) for item in LATENCY} == {
        name: SEARCHED_RANGES[name] for name in OF_THE_LATENCY
    }


def test_the_same_patient_twice_is_refused(cohort, tmp_path):
    rng = np.random.default_rng(0)
    one, two = lung_dvhs(2, rng)
    path = write_table(tmp_path / "twice.parquet", [("P001", one), ("P002", one), ("P001", two)])
    with pytest.raises(InputError, match="P001: expected one DVH"):
        read_selected_dvhs(path, ("Lungs-GTV", "anatomical", "physical"))


def test_published_models_on_the_cohort(cohort):
    path, table, dvhs = cohort
    settings = NtcpSettings(published=["quantec_logistic_2010", "appelt_2014"])
    result = validate_published(path, cohort=table, settings=settings)
    assert list(result.validation.columns) == VALIDATION_COLUMNS
    assert result.validation["status"].tolist() == ["applied", "applied"]
    row = result.validation.iloc[0]
    predicted = result.predictions[result.predictions["model"] == "quantec_logistic_2010"]
    mean = np.array([item.mean_gy for item in dvhs.values()])
    assert predicted["ntcp"].to_numpy() == approx(1 / (1 + np.exp(3.87 - 0.126 * mean)))
    outcome, log_odds = table["rp"].to_numpy(dtype=float), -3.87 + 0.126 * mean
    binomial = sm.families.Binomial()
    offset = sm.GLM(outcome, np.ones(PATIENTS), family=binomial, offset=log_odds).fit()
    slope = sm.GLM(outcome, sm.add_constant(log_odds), family=binomial).fit()
    assert row["citl"] == approx(offset.params[0], abs=1e-6)
    assert row["slope"] == approx(slope.params[1], abs=1e-6)
    assert row["citl_low"] < row["citl"] < row["citl_high"]
    assert row["slope_low"] < row["slope"] < row["slope_high"]
    assert row["observed"] == approx(outcome.mean())
    assert row["mean_predicted"] == approx(predicted["ntcp"].mean())
    assert row["brier"] == approx(np.mean((predicted["ntcp"].to_numpy() - outcome) ** 2))
    rate = outcome.mean()
    assert row["scaled_brier"] == approx(1 - row["brier"] / (rate * (1 - rate)))
    assert 0.0 < row["ici"] < row["e90"] < 1.0
    assert 0.0 < row["auc_low"] < row["auc"] < row["auc_high"] < 1.0
    curve = result.curves[result.curves["model"] == "quantec_logistic_2010"]
    assert curve.set_index("dose_gy").loc[20.0, "ntcp"] == approx(0.2059, abs=5e-5)
    assert "reference patient" in result.curves.loc[result.curves["model"] == "appelt_2014", "label"].iloc[0]


def test_unknown_factors_leave_patients_out_and_say_so(cohort):
    path, table, _ = cohort
    table = table.copy()
    table.loc[[1, 2, 3], "smoking"] = "unknown"
    table.loc[4, "age_y"] = np.nan
    table.loc[6, "rp"] = pd.NA
    result = validate_published(path, cohort=table, settings=NtcpSettings(published=["appelt_2014"]))
    row = result.validation.iloc[0]
    assert row["n"] == 55
    assert "3 patients left out: smoking not known" in row["note"]
    assert "1 patient left out: age_y not known" in row["note"]
    assert len(result.predictions) == 56  # a patient with neither outcome keeps the prediction
    assert result.predictions["rp"].isna().sum() == 1


def test_unlisted_fractionation_is_left_out_and_counted_unless_allowed_by_name(cohort):
    path, table, _ = cohort
    table = table.assign(prescription_gy=60.0, fractions=30.0)
    table.loc[[0, 1], "fractions"] = 5.0  # SBRT, 12 Gy per fraction
    table.loc[2, "fractions"] = np.nan
    table.loc[3, "fractions"] = 20.0  # 3 Gy per fraction is still listed
    settings = NtcpSettings(published=["quantec_logistic_2010"])
    result = validate_published(path, cohort=table, settings=settings)
    row = result.validation.iloc[0]
    assert (row["status"], row["n"]) == ("applied", PATIENTS - 2)
    assert "left out: 2 patients with more than 3 Gy per fraction" in row["note"]
    assert "1 patient without a known dose per fraction" in row["note"]
    assert not set(result.predictions["patient"]) & {"P000", "P001"}
    allowed = settings.model_copy(update={"allow_fractionation": ["quantec_logistic_2010"]})
    result = validate_published(path, cohort=table, settings=allowed)
    row = result.validation.iloc[0]
    assert (row["status"], row["n"]) == ("allowed", PATIENTS)
    assert "2 patients with more than 3 Gy per fraction, which the model was not made for" in row["note"]


def test_a_cohort_of_sbrt_alone_is_refused_with_the_way_out(cohort):
    path, table, _ = cohort
    table = table.assign(prescription_gy=54.0, fractions=3.0)
    result = validate_published(path, cohort=table, settings=NtcpSettings(published=["quantec_logistic_2010"]))
    row = result.validation.iloc[0]
    assert (row["status"], row["n"], len(result.predictions)) == ("refused", 0, 0)
    assert "18 Gy per fraction" in row["note"] and "ntcp.allow_fractionation" in row["note"]


def test_refused_models_are_rows_with_the_reason(cohort):
    path, table, _ = cohort
    names = ["semenenko_2008", "seppenwoolde_2003", "martel_1994", "appelt_2014"]
    result = validate_published(path, cohort=table.drop(columns="smoking"), settings=NtcpSettings(published=names))
    rows = result.validation.set_index("model")
    assert (rows["status"] == "refused").all()
    assert "allow_structure" in rows.loc["semenenko_2008", "note"]
    assert "allow_unchecked" in rows.loc["martel_1994", "note"]
    assert "needs the clinical columns smoking" in rows.loc["appelt_2014", "note"]
    assert rows[NUMBERS].isna().all(axis=None)
    assert len(result.predictions) == len(result.curves) == 0
    assert all(table.empty for table in result.updates.values())


UPDATE_COLUMNS = {  # docs/file-contracts.md
    "updates": [
        "model", "label", "answer", "reason", "n", "events", "estimated", "p", "aic", "equation", "published_equation",
        "expected_slope", "caveats", "beyond_doses", "bayes_equation", "prior_share", "prior_patients", "conflict_p",
        "bayes_note",
    ],
    "update_steps": ["model", "label", "method", "estimated", "loglik", "lr", "df", "p", "tested", "chosen"],
    "update_parameters": [
        "model", "label", "method", "chosen", "parameter", "unit", "estimated", "published", "published_low",
        "published_high", "estimate", "low", "high",
    ],
    "update_curves": ["model", "label", "method", "quantity", "dose_gy", "ntcp", "low", "high"],
    "calibration": ["model", "label", "predicted", "observed"],
    "net_benefit": ["model", "label", "threshold", "net_benefit", "all"],
}  # fmt: skip


def test_updates_of_published_models_follow_the_contract(cohort):
    path, table, dvhs = cohort
    names = ["quantec_logistic_2010", "quantec_probit_2010", "appelt_2014", "martel_1994"]
    result = validate_published(path, cohort=table, settings=NtcpSettings(published=names, update=UpdateSettings()))
    assert {name: list(found.columns) for name, found in result.updates.items()} == UPDATE_COLUMNS
    updates = result.updates["updates"].set_index("model")
    assert list(updates.index) == names[:3]  # the fourth is refused
    mean = np.array([item.mean_gy for item in dvhs.values()])
    test = closed_testing(list(dvhs.values()), table["rp"], model="quantec_probit_2010")
    row = updates.loc["quantec_probit_2010"]
    assert (row["equation"], row["p"]) == (test.equation, approx(test.updates[0].p))
    assert row["aic"] == approx(2 * test.chosen.estimated - 2 * test.chosen.loglik)
    assert "printed 95 % intervals" in row["bayes_note"] and row["bayes_equation"] == ""
    quantec = updates.loc["quantec_logistic_2010"]
    assert quantec["bayes_equation"].startswith("logit(NTCP) = ") and 0.0 < quantec["prior_share"] < 1.0
    assert "correlation 0 between b0 and b1" in quantec["bayes_note"]
    assert "factors as published" in updates.loc["appelt_2014", "bayes_note"]
    steps = result.updates["update_steps"]
    assert steps.groupby("model")["chosen"].sum().tolist() == [1, 1, 1]
    assert steps.loc[steps["model"] == "appelt_2014", "df"].dropna().tolist() == [8, 7, 6]
    parameters = result.updates["update_parameters"].set_index(["model", "method", "parameter"])
    printed = parameters.loc[("appelt_2014", "intercept", "td50_gy"), ["published_low", "published_high"]]
    assert printed.tolist() == [30.7, 38.9]
    curves = result.updates["update_curves"]
    assert set(curves.loc[curves["model"] == "quantec_logistic_2010", "method"]) == {chosen_of(steps), "bayes"}
    benefit = result.updates["net_benefit"].set_index(["model", "threshold"])
    risk, outcome = 1 / (1 + np.exp(3.87 - 0.126 * mean)), table["rp"].to_numpy(dtype=float)
    treated = risk >= 0.05  # Vickers and Elkin 2006, by hand
    expected = (treated * outcome).mean() - (treated * (1 - outcome)).mean() * 0.05 / 0.95
    assert benefit.loc[("quantec_logistic_2010", 0.05), "net_benefit"] == approx(expected)


def chosen_of(steps: pd.DataFrame) -> str:
    return str(steps.loc[(steps["model"] == "quantec_logistic_2010") & steps["chosen"], "method"].iloc[0])


def test_too_few_events_to_update_are_a_row_with_the_reason(cohort):
    path, table, _ = cohort
    few = table.assign(rp=pd.array([1] * 4 + [0] * (PATIENTS - 4), dtype="Int64"))
    settings = NtcpSettings(published=["quantec_logistic_2010"], update=UpdateSettings(bayes=False))
    result = validate_published(path, cohort=few, settings=settings)
    row = result.updates["updates"].iloc[0]
    assert row["answer"] == "none" and "4 of 60 patients with the outcome, at least 10 with" in row["reason"]
    assert row["bayes_note"] == ""
    assert len(result.updates["update_steps"]) == 0 and len(result.updates["calibration"]) > 0
    nobody = validate_published(path, cohort=table.assign(rp=0), settings=NtcpSettings(
        published=["quantec_logistic_2010"], update=UpdateSettings()))  # fmt: skip
    row = nobody.updates["updates"].iloc[0]
    assert "no events among 60 patients" in row["reason"]
    assert row["bayes_equation"]  # the published model can still be combined with patients without events


def test_settings_of_updates_are_checked():
    with pytest.raises(ValueError, match="correlation of appelt_2014"):
        UpdateSettings(prior_correlation={"appelt_2014": 1.0})
    wrong = NtcpSettings(update=UpdateSettings(prior_correlation={"apelt_2014": 0.5}))
    (fault,) = unknown_published(wrong)
    assert fault.who == "config: ntcp.update.prior_correlation"


def test_allowed_and_converted_models_are_labelled(cohort):
    path, table, _ = cohort
    settings = NtcpSettings(
        published=["semenenko_2008", "seppenwoolde_2003", "niezink_2023"],
        allow_structure={"semenenko_2008": ["Lungs-GTV"], "seppenwoolde_2003": ["Lungs-GTV"]},
        allow_unchecked=["niezink_2023"],
    )
    result = validate_published(path, cohort=table, settings=settings.model_copy(update={"update": UpdateSettings()}))
    rows = result.validation.set_index("model")
    assert rows["status"].tolist() == ["allowed", "allowed", "applied"]
    assert "converted to EQD2 (alpha/beta 3 Gy)" in rows.loc["seppenwoolde_2003", "note"]
    assert rows.loc["seppenwoolde_2003", "quantity"] == "eqd2"
    beyond = result.updates["updates"]["caveats"].str.startswith("applied beyond what it was made for")
    assert beyond.tolist() == [True, True, False]


def test_without_events_the_validation_says_what_is_missing(cohort):
    path, table, _ = cohort
    settings = NtcpSettings(published=["quantec_logistic_2010"])
    row = validate_published(path, cohort=table.assign(rp=0), settings=settings).validation.iloc[0]
    assert row["status"] == "applied"
    assert "no AUC" in row["note"] and "no calibration" in row["note"]
    assert row["mean_predicted"] > 0 and math.isnan(row["slope"])
    nobody = validate_published(
        path, cohort=table.assign(smoking="unknown"), settings=NtcpSettings(published=["appelt_2014"])
    )
    assert "no patient left" in nobody.validation.iloc[0]["note"]


def test_no_dvh_of_the_structure_is_a_refusal(cohort):
    path, table, _ = cohort
    settings = NtcpSettings(published=["quantec_logistic_2010"], published_structure="Lungs")
    row = validate_published(path, cohort=table, settings=settings).validation.iloc[0]
    assert (row["status"], row["note"]) == ("refused", "no physical DVH of Lungs")


def test_nothing_published_gives_empty_tables(cohort):
    path, table, _ = cohort
    result = validate_published(path, cohort=table, settings=NtcpSettings())
    assert list(result.validation.columns) == VALIDATION_COLUMNS
    assert len(result.validation) == len(result.predictions) == 0


def test_calibration_limits_are_profile_limits():
    rng = np.random.default_rng(2)
    log_odds = rng.normal(-1, 1, 200)
    outcome = (rng.random(200) < 1 / (1 + np.exp(-0.5 - 0.7 * log_odds))).astype(float)
    found = measure_calibration(outcome, 1 / (1 + np.exp(-log_odds)))
    binomial = sm.families.Binomial()
    full = sm.GLM(outcome, sm.add_constant(log_odds), family=binomial).fit()
    for limit in (found.slope_low, found.slope_high):
        held = sm.GLM(outcome, np.ones(200), family=binomial, offset=limit * log_odds).fit()
        assert 2 * (full.llf - held.llf) == approx(3.841459, abs=1e-4)
    offset = sm.GLM(outcome, np.ones(200), family=binomial, offset=log_odds).fit()
    for limit in (found.citl_low, found.citl_high):
        held = -np.logaddexp(0, -np.where(outcome == 1, 1, -1) * (limit + log_odds)).sum()
        assert 2 * (offset.llf - held) == approx(3.841459, abs=1e-4)


def test_calibration_of_equal_and_impossible_predictions():
    found = measure_calibration([0, 1, 0, 0], [0.25] * 4)
    assert (found.slope, found.slope_low) == (None, None)
    assert found.citl == approx(0.0, abs=1e-9)
    assert found.brier == approx(0.1875)
    assert math.isfinite(measure_calibration([0, 1, 0, 1], [0.0, 0.5, 0.5, 1.0]).citl)
    with pytest.raises(FitError):
        measure_calibration([0, 0], [0.1, 0.2])
    with pytest.raises(ParameterError):
        measure_calibration([0, 1], [0.1, 1.2])
    with pytest.raises(ParameterError):
        measure_calibration([0, 2], [0.1, 0.2])


def test_model_dvh_selections():
    settings = NtcpSettings(
        fits={"a": fit_settings(), "b": fit_settings(weighting="perfusion"), "c": fit_settings(quantity="eqd2")},
        published=["kwa_1998"],
        published_structure="Lungs",
    )
    function = {"structure": "Lungs-GTV", "regions": ["40%max"]}
    assert model_dvh_selections(settings, function=function, eqd2={"Lungs": 3.0}) == [
        ("Lungs", "anatomical", "eqd2"),
        ("Lungs", "anatomical", "physical"),
        ("Lungs-GTV", "anatomical", "eqd2"),
        ("Lungs-GTV", "anatomical", "physical"),
        ("Lungs-GTV", "functional:40%max", "physical"),
        ("Lungs-GTV", "perfusion", "physical"),
    ]
    assert model_dvh_selections(NtcpSettings(published=["kwa_1998"]), function=None, eqd2={}) == [
        ("Lungs-GTV", "anatomical", "physical")
    ]
    assert model_dvh_selections(NtcpSettings(), function=None, eqd2={}) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"fits": {"a": {"model": "lkb", "structure": "x", "fixed": {"b0": 1.0}}}}, "lkb has no parameter b0"),
        ({"fits": {"a": {"model": "lkb", "structure": "x", "fixed": {"n": 1.0}, "free_n": True}}}, "keep one"),
        ({"fits": {"published": {"model": "lkb", "structure": "x"}}}, "folder name"),
        ({"fits": {"a/b": {"model": "lkb", "structure": "x"}}}, "folder name"),
        ({"fits": {"a": {"model": "lkb", "structure": "x", "n": 1.0}}}, "Extra inputs"),
    ],
)
def test_settings_refuse_what_they_cannot_use(content, words):
    with pytest.raises(ValueError, match=words):
        NtcpSettings.model_validate(content)


def test_covariates_surface_and_bootstrap_in_the_tables(cohort):
    path, table, _ = cohort
    table = table.copy()
    table.loc[[2, 9], "age_y"] = np.nan
    settings = fit_settings(
        model="lkb", fixed={}, covariates=["age_y", "lung_disease"], bootstrap=5, surface=True, structure="Lungs-GTV"
    )
    result = fit_ntcp_tables(path, cohort=table, name="f", settings=settings, rng=np.random.default_rng(0))
    assert result.fit["n"] == len(result.predictions) == 58
    assert "Left out: 2 of 60 patients, without age_y." in result.fit["warnings"]
    assert (result.fit["covariates"], result.fit["covariate_effect"]) == (["age_y", "lung_disease"], "dose")
    assert result.fit["references"]["age_y"] == approx(table["age_y"].drop([2, 9]).mean())
    assert {"delta[age_y]", "dose_factor[lung_disease[yes]]"} <= set(result.intervals["quantity"])
    assert set(result.validation["measure"]) >= {"auc", "slope", "brier"}
    assert list(result.surface.columns) == [
        "volume_parameter", "dose_parameter", "volume_value", "dose_value", "deviance"
    ]  # fmt: skip
    assert result.predictions["ntcp"].mean() == approx(result.predictions["rp"].mean(), abs=0.05)
    with pytest.raises(InputError, match=r"ntcp\.fits\.f\.covariates: expected a column of the analysis table"):
        settings = fit_settings(covariates=["fev1"])
        fit_ntcp_tables(path, cohort=table, name="f", settings=settings, rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "parallel", "fixed": {"n": 1.0}}, "no parameter n"),
        ({"model": "lkb", "fixed": {}, "metric": "V20Gy[%]"}, "whole DVH"),
        ({"model": "logistic", "fixed": {}, "metric": "V20"}, "V20"),
        ({"model": "lkb", "covariate_effect": "odds"}, "needs a logit"),
        ({"model": "mean_dose_probit", "fixed": {}, "free_n": True}, "has no n"),
        ({"fixed": {"n": 1.5}}, "fixed n must be between 0.01 and 1, got 1.5"),
        ({"fixed": {"m": 0.0}}, "fixed m must be between 0.02 and 10, got 0"),
        ({"model": "logistic", "fixed": {"x50": 5000.0}, "metric": "V20Gy[%]"}, "fixed|no parameter"),
    ],
)
def test_settings_that_do_not_go_together_are_named(changes, words):
    with pytest.raises(ValueError, match=words):
        fit_settings(**changes)
