"""Descriptions of the dose side by side."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sklearn.metrics import roc_auc_score

from lungtox.dose import write_dvhs
from lungtox.errors import InputError
from lungtox.ntcp import ComparisonSettings, akaike_weights, compare_fits, compare_ntcp, fit_ntcp
from lungtox.ntcp.comparison_models import resample
from tests.unit.ntcp_cases import lkb_outcomes, lung_dvhs

SETTINGS = {
    "doses": [{"name": "MLD", "column": "mld_gy"}, {"name": "gEUD", "structure": "Lungs-GTV"}],
    "steps": [{"name": "clinical", "add": ["age_y", "smoking"]}],
    "reference": "MLD",
}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory) -> tuple[Path, pd.DataFrame]:
    rng = np.random.default_rng(11)
    dvhs = lung_dvhs(80, rng)
    rp = lkb_outcomes(dvhs, rng, td50_gy=18.0, n=0.5)
    patients = [f"P{number:02d}" for number in range(len(dvhs))]
    table = pd.DataFrame(
        {
            "patient": patients, "rp": rp.astype(float), "mld_gy": [dvh.mean_gy for dvh in dvhs],
            "age_y": rng.normal(62, 9, len(dvhs)), "smoking": rng.choice(["never", "former"], len(dvhs)),
        }
    )  # fmt: skip
    path = tmp_path_factory.mktemp("comparison") / "model_dvhs.parquet"
    write_dvhs(zip(patients[2:], dvhs[2:], strict=True), path)
    table.loc[4, "age_y"] = np.nan
    table.loc[5, "rp"] = np.nan
    return path, table


def compare(cohort, resamples=8, **changes):
    path, table = cohort
    settings = ComparisonSettings.model_validate(SETTINGS | changes)
    return compare_ntcp(path, cohort=table, settings=settings, resamples=resamples, rng=np.random.default_rng(3))


@pytest.fixture(scope="module")
def compared(cohort):
    return compare(cohort)


def complete(table):
    return table.iloc[2:].dropna().reset_index(drop=True)


def design(kept, *, clinical):
    columns = [np.ones(len(kept)), kept["mld_gy"]]
    columns += [kept["age_y"], kept["smoking"] == "former"] if clinical else []
    return np.column_stack(columns).astype(float)


def test_every_model_sees_the_patients_who_have_everything(compared):
    # Of 80: two without a DVH, one without age, one without outcome.
    assert compared.models["n"].tolist() == [76] * 4
    assert compared.models["model"].tolist() == ["MLD", "gEUD", "MLD + clinical", "gEUD + clinical"]
    assert compared.models["parameters"].tolist() == [2, 3, 4, 5]


def test_aic_is_that_of_statsmodels(cohort, compared):
    kept = complete(cohort[1])
    for model, clinical in (("MLD", False), ("MLD + clinical", True)):
        other = sm.Logit(kept["rp"], design(kept, clinical=clinical)).fit(disp=0, method="newton", tol=1e-12)
        row = compared.models.set_index("model").loc[model]
        assert row["loglik"] == pytest.approx(other.llf, abs=1e-7)
        assert row["aic"] == pytest.approx(other.aic, abs=1e-6)


def test_corrected_figures_are_harrells_bootstrap(cohort, compared):
    """The same resamples fitted by statsmodels and measured by scikit-learn."""
    kept = complete(cohort[1])
    x, y = design(kept, clinical=True), kept["rp"].to_numpy()
    rows, _ = resample(y, 8, np.random.default_rng(3))
    optimism, slopes = [], []
    for one in rows:
        refit = sm.Logit(y[one], x[one]).fit(disp=0, method="newton", tol=1e-12)
        eta = x @ refit.params
        optimism.append(roc_auc_score(y[one], eta[one]) - roc_auc_score(y, eta))
        slopes.append(
            sm.Logit(y, np.column_stack([np.ones_like(eta), eta])).fit(disp=0, method="newton", tol=1e-12).params[1]
        )
    apparent = roc_auc_score(y, x @ sm.Logit(y, x).fit(disp=0).params)
    row = compared.models.set_index("model").loc["MLD + clinical"]
    assert row["auc_apparent"] == pytest.approx(apparent, abs=1e-9)
    assert row["auc_corrected"] == pytest.approx(apparent - np.mean(optimism), abs=1e-9)
    assert (row["auc_low"], row["auc_high"]) == pytest.approx(
        tuple(np.quantile(apparent - np.array(optimism), [0.025, 0.975])), abs=1e-9
    )
    assert row["slope_corrected"] == pytest.approx(np.median(slopes), abs=1e-6)


def test_the_reference_differs_from_itself_by_nothing(compared):
    rows = compared.models.set_index("model")
    assert rows["reference"].tolist() == [True, False, False, False]
    differences = [column for column in rows if "_difference" in column and column != "aic_difference"]
    assert (rows.loc["MLD", differences] == 0).all()
    change = rows.loc["MLD + clinical", "auc_corrected"] - rows.loc["MLD", "auc_corrected"]
    assert rows.loc["MLD + clinical", "auc_difference"] == pytest.approx(change, abs=1e-12)


def test_gEUD_alone_is_the_logistic_ntcp_model_with_free_n(cohort, compared):  # noqa: N802
    path, table = cohort
    from lungtox.dose import read_dvhs

    by_patient = dict(read_dvhs(path))
    kept = complete(table)
    other = fit_ntcp([by_patient[name] for name in kept["patient"]], kept["rp"], model="logistic", free_n=True)
    row = compared.models.set_index("model").loc["gEUD"]
    volume = next(item for item in other.estimates if item.parameter == "n")
    assert row["loglik"] == pytest.approx(other.loglik, abs=1e-6)
    assert row["n_volume"] == pytest.approx(volume.estimate, rel=1e-3)
    for found, limit in ((row["n_low"], volume.low), (row["n_high"], volume.high)):
        assert np.isnan(found) if limit is None else found == pytest.approx(limit, rel=1e-3)


def test_the_profile_is_the_likelihood_at_each_n(cohort, compared):
    """At n of the grid the likelihood is that of a logistic regression on gEUD, (sum v D^a)^(1/a) by its definition."""
    path, table = cohort
    from lungtox.dose import read_dvhs

    by_patient = dict(read_dvhs(path))
    kept = complete(table)
    profile = compared.profile[compared.profile["model"] == "gEUD + clinical"]
    assert profile["interval_ends"].iloc[0] == pytest.approx(3.8415 / 2, abs=1e-4)  # chi-square, 1 df, 95 %
    assert profile["a"].to_numpy() == pytest.approx(1 / profile["n_volume"].to_numpy())
    for index in (20, 28):
        a = float(profile["a"].iloc[index])
        geud = []
        for name in kept["patient"]:
            dvh = by_patient[name]
            share = dvh.volume_cc / dvh.volume_cc.sum()
            geud.append((share @ dvh.mid_gy**a) ** (1 / a))
        x = design(kept, clinical=True)
        x[:, 1] = geud
        other = sm.Logit(kept["rp"], x).fit(disp=0, method="newton", tol=1e-12)
        assert other.params.iloc[1] > 0
        assert profile["loglik"].iloc[index] == pytest.approx(other.llf, abs=1e-4)


def test_the_order_of_the_patients_changes_nothing_that_is_not_random(cohort, compared):
    path, table = cohort
    turned = compare((path, table.sample(frac=1.0, random_state=1).reset_index(drop=True)), resamples=2)
    for column in ("n", "events", "loglik", "aic_weight", "n_volume", "auc_apparent", "net_benefit_apparent"):
        assert turned.models[column].to_numpy() == pytest.approx(compared.models[column].to_numpy(), nan_ok=True)


def test_weights_are_shared_by_fits_to_the_same_patients():
    """By hand: exp(-delta/2) over their sum (Burnham and Anderson 2002)."""
    base = {"n": 100, "events": 30, "free_parameters": 2, "aic": 1.0, "bic": 1.0, "time": None}
    fits = [
        {**base, "ntcp": "a", "aicc": 100.0}, {**base, "ntcp": "b", "aicc": 102.0},
        {**base, "ntcp": "c", "aicc": 60.0, "n": 70}, {**base, "ntcp": "d", "aicc": 90.0, "time": {"deaths": 3}},
        {**base, "ntcp": "e", "aicc": None},
    ]  # fmt: skip
    table = compare_fits(fits).set_index("ntcp")
    assert table["aicc_weight"].to_dict() == pytest.approx(
        {"a": 1 / (1 + math.exp(-1)), "b": math.exp(-1) / (1 + math.exp(-1)), "c": 1.0, "d": 1.0}
    )
    assert table.loc["b", "aicc_difference"] == 2.0 and table["timed"].tolist() == [False, False, False, True]


def test_akaike_weights_by_hand():
    # exp(0) + exp(-1) + exp(-5) = 1.374617
    difference, weight = akaike_weights([102.0, 100.0, 110.0])
    assert difference.tolist() == [2.0, 0.0, 10.0]
    assert weight == pytest.approx([0.267623, 0.727475, 0.004902], abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 60), min_size=1, max_size=20), st.floats(-1e3, 1e3))
def test_a_constant_added_to_all_aic_changes_no_weight(aic, constant):
    _, weight = akaike_weights(aic)
    assert weight.sum() == pytest.approx(1.0)
    assert akaike_weights([one + constant for one in aic])[1] == pytest.approx(weight, abs=1e-9)


def test_a_column_that_does_not_exist_and_a_dvh_that_nobody_has_are_named(cohort):
    doses = [*SETTINGS["doses"], {"name": "heart", "structure": "Heart"}]
    steps = [{"name": "clinical", "add": ["age"]}]
    with pytest.raises(InputError) as error:
        compare(cohort, doses=doses, steps=steps)
    assert {fault.code for fault in error.value.faults} == {"ntcp-no-dvh", "missing-column"}
    assert "Heart" in str(error.value) and "age" in str(error.value)


def test_without_events_each_model_says_so_and_nothing_stops(cohort):
    path, table = cohort
    found = compare((path, table.assign(rp=0.0)))
    assert found.models["finding"].str.contains("one outcome class").all()
    assert found.models["aic"].isna().all() and found.profile.empty


def test_a_separated_model_has_no_aic_and_the_others_keep_theirs(cohort):
    path, table = cohort
    separated = table.assign(marker=table["rp"] * 2.0 + 0.001 * table["mld_gy"])
    doses = [{"name": "MLD", "column": "mld_gy"}, {"name": "marker", "column": "marker"}]
    rows = compare((path, separated), doses=doses, steps=[], resamples=3).models.set_index("model")
    assert np.isnan(rows.loc["marker", "aic"]) and "Firth" in rows.loc["marker", "finding"]
    assert rows.loc["MLD", "aic_weight"] == 1.0


def test_a_risk_that_falls_with_gEUD_is_no_dose_response(cohort):  # noqa: N802
    path, table = cohort
    falling = table.assign(rp=(table["mld_gy"] < table["mld_gy"].median()) ^ (table.index % 5 == 0))
    rows = compare((path, falling.assign(rp=falling["rp"].astype(float))), steps=[]).models.set_index("model")
    assert "does not rise" in rows.loc["gEUD", "finding"] and np.isnan(rows.loc["gEUD", "aic"])
    assert rows.loc["MLD", "aic_weight"] == 1.0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reference": "MLD + clinic"}, "Did you mean 'MLD [+] clinical'"),
        ({"doses": [{"name": "MLD", "column": "mld_gy", "structure": "Lungs-GTV"}]}, "either a column or"),
        ({"doses": [SETTINGS["doses"][0], SETTINGS["doses"][0]]}, "stands twice among the doses"),
        ({"transforms": {"mld_gy": {"kind": "log"}}}, "mld_gy is none"),
    ],
)
def test_settings_that_contradict_themselves_are_refused(changes, words):
    with pytest.raises(ValidationError, match=words):
        ComparisonSettings.model_validate(SETTINGS | changes)
