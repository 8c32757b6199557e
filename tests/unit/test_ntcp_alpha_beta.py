"""EQD2 with other alpha/betas: the toy by hand, a cohort, several courses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from pydantic import ValidationError
from pytest import approx

from lungtox.ntcp import NtcpSettings, alpha_beta_table, eqd2_dvhs, published_model, risk_of
from tests.unit.ntcp_cases import lkb_outcomes, lung_dvhs, toy

COLUMNS = [  # docs/file-contracts.md
    "model", "label", "alpha_beta_gy", "own", "n", "events", "mean_dose_gy", "observed", "mean_predicted", "auc",
    "auc_low", "auc_high", "citl", "citl_low", "citl_high", "td50_gy", "td50_low", "td50_high", "m",
    "loglik", "note",
]  # fmt: skip
ALLOWED = {"seppenwoolde_2003": ["Lungs-GTV"]}


@pytest.fixture(scope="module")
def cohort():
    rng = np.random.default_rng(8)
    dvhs = lung_dvhs(50, rng, bins=600)
    names = [f"P{number:03d}" for number in range(50)]
    rp = pd.array(lkb_outcomes(dvhs, rng, td50_gy=16.0), dtype="Int64")
    table = pd.DataFrame({"patient": names, "rp": rp, "fractions": 30.0, "prescription_gy": 60.0})
    return dict(zip(names, dvhs, strict=True)), table


def test_the_toy_by_hand():
    """D sums to 182 and D squared to 6606 over ten parts: (660.6/30 + 18.2 r)/(2 + r); 15.324 is of SCIENCE.md."""
    made = eqd2_dvhs(toy(structure="Lungs"), 30, [2.0, 3.0, 4.0])
    assert [made[value].mean_gy for value in (2.0, 3.0, 4.0)] == approx([14.605, 15.324, 15.8033], abs=1e-3)
    assert risk_of(published_model("seppenwoolde_2003"), made[3.0]) == approx(0.088519, abs=5e-6)


def test_the_cohort_table(cohort):
    dvhs, table = cohort
    settings = NtcpSettings(published=["seppenwoolde_2003", "quantec_logistic_2010"], allow_structure=ALLOWED)
    found = alpha_beta_table({"physical": dvhs}, cohort=table, settings=settings)
    assert list(found.columns) == COLUMNS
    assert found["model"].tolist() == [""] * 5 + ["seppenwoolde_2003"] * 5
    assert found["alpha_beta_gy"].tolist() == [2.0, 2.5, 3.0, 3.5, 4.0] * 2
    assert found.loc[found["own"], ["model", "alpha_beta_gy"]].to_numpy().tolist() == [["seppenwoolde_2003", 3.0]]
    means = found["mean_dose_gy"].to_numpy()[:5]
    by_hand = []
    for r in (2.0, 2.5, 3.0, 3.5, 4.0):
        each = []
        for item in dvhs.values():
            dose = (np.arange(item.volume_cc.size) + 0.5) * item.bin_width_gy
            each.append(np.average(dose * (dose / 30 + r) / (2 + r), weights=item.volume_cc))
        by_hand.append(np.mean(each))
    assert means == approx(np.array(by_hand), abs=1e-6)
    assert (np.diff(means) > 0).all()  # most of the lung gets less than 2 Gy per fraction
    probit = sm.GLM(
        table["rp"].to_numpy(dtype=float),
        sm.add_constant([eqd2_dvhs(item, 30, [2.0])[2.0].mean_gy for item in dvhs.values()]),
        sm.families.Binomial(sm.families.links.Probit()),
    ).fit()
    first = found.iloc[0]
    by_statsmodels = (-probit.params[0] / probit.params[1], -1 / probit.params[0])
    assert (first["td50_gy"], first["m"]) == approx(by_statsmodels, rel=1e-4)
    assert first["loglik"] == approx(probit.llf)
    model_rows = found[found["model"] != ""]
    assert (np.diff(model_rows["mean_predicted"]) > 0).all()
    assert (found["n"] == 50).all() and found["auc"].between(0, 1).all()


def test_patients_whose_courses_or_fractions_are_not_known_are_left_out(cohort):
    dvhs, table = cohort
    table = table.copy()
    table.loc[0, "fractions"] = np.nan
    # Per voxel, this patient's EQD2 is that of two courses: here as if all had been given in 60 fractions.
    patient = "P001"
    other = eqd2_dvhs(dvhs[patient], 60, [3.0])[3.0]
    found = alpha_beta_table(
        {"physical": dvhs, "eqd2": {patient: other}}, cohort=table, settings=NtcpSettings(published=[])
    )
    assert (found["n"] == 48).all()
    assert (
        "number of fractions not known" in found["note"].iloc[0]
        and "1 patient left out: several" in found["note"].iloc[0]
    )


def test_nothing_to_show(cohort):
    dvhs, table = cohort
    for settings, shown in (
        (NtcpSettings(alpha_beta_gy=[]), table),
        (NtcpSettings(), table.drop(columns="fractions")),
        (NtcpSettings(), table.assign(fractions=np.nan)),
    ):
        found = alpha_beta_table({"physical": dvhs}, cohort=shown, settings=settings)
        assert list(found.columns) == COLUMNS and found.empty


def test_sbrt_patients_do_not_reach_a_model_that_does_not_list_them(cohort):
    dvhs, table = cohort
    table = table.assign(fractions=np.where(table.index < 5, 5.0, 30.0))
    settings = NtcpSettings(published=["seppenwoolde_2003"], allow_structure=ALLOWED)
    found = alpha_beta_table({"physical": dvhs}, cohort=table, settings=settings)
    assert found.groupby("model")["n"].first().to_dict() == {"": 50, "seppenwoolde_2003": 45}


def test_settings_take_sensible_values_only():
    assert NtcpSettings(alpha_beta_gy=[4, 2]).alpha_beta_gy == [2.0, 4.0]
    for wrong in ([0.0], [3, 3], [300]):
        with pytest.raises(ValidationError, match=r"0\.1 to 50"):
            NtcpSettings(alpha_beta_gy=wrong)
