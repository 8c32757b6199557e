"""NTCP and gEUD of 20 heart structures against DVHmetrics 0.4.3 (an R package); ../shared/data/README.md."""

from __future__ import annotations

import csv
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytest import approx

from lungtox.dose import Dvh
from lungtox.errors import InputError
from lungtox.ntcp import RESPONSES, published_model
from lungtox.ntcp.formulas import geud_gy, lkb, log_logistic
from lungtox.ntcp.matrix import dose_matrix
from lungtox.ntcp.newton import probability

ROOT = Path(__file__).resolve().parents[2]
FOLDER = (ROOT / os.environ.get("LUNGTOX_REFERENCE_DATA", "../shared/data")).resolve() / "dvhmetrics"
pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="reference data absent: set LUNGTOX_REFERENCE_DATA to their folder"
)


def known(name):
    if not FOLDER.is_dir():
        return []
    with (FOLDER / name).open(newline="") as stream:
        return list(csv.DictReader(stream))


def bins(row):
    """Bin edges and the volumes between them, from the cumulative curve."""
    table = np.genfromtxt(FOLDER / f"dataMZ_{row['patID']}_{row['structure']}.csv", delimiter=",", names=True)
    return table["dose"], -np.diff(np.append(table["volume"], 0.0))


def reported_mean(row):
    """The planning system's own mean dose, which DVHmetrics takes for a = 1."""
    means = known("known_dataMZ_getMetric.csv")
    same = [m for m in means if (m["patID"], m["structure"], m["metric"]) == (row["patID"], row["structure"], "DMEAN")]
    return float(same[0]["observed"])


def mid_bins(dose):
    return dose + 0.5 * np.append(np.diff(dose), dose[-1] - dose[-2])


def identity(row):
    return f"{row['patID']}-{row['structure']}"


@pytest.mark.parametrize("row", known("known_dataMZ_gEUD_a2.csv"), ids=identity)
def test_geud_with_a_2(row):
    dose, volume = bins(row)
    assert geud_gy(mid_bins(dose), volume, a=2.0) == approx(float(row["EUD"]), abs=2e-3)


@pytest.mark.parametrize("row", known("known_dataMZ_NTCP_probit.csv"), ids=identity)
def test_lkb_with_a_2(row):
    dose, volume = bins(row)
    risk = lkb(geud_gy(mid_bins(dose), volume, a=2.0), td50_gy=40.0, m=0.6)
    assert risk == approx(float(row["NTCP"]), abs=1e-4)


@pytest.mark.parametrize("row", known("known_dataMZ_NTCP_probit_MLD.csv"), ids=identity)
def test_lkb_on_the_mean(row):
    assert lkb(reported_mean(row), td50_gy=30.8, m=0.37) == approx(float(row["NTCP"]), abs=1e-4)


@pytest.mark.parametrize("row", known("known_dataMZ_NTCP_logit.csv"), ids=identity)
def test_log_logistic_on_the_mean(row):
    risk = log_logistic(reported_mean(row), td50_gy=30.8, gamma50=3.88 / 4)
    assert risk == approx(float(row["NTCP"]), abs=1e-4)


@pytest.mark.parametrize("row", known("known_dataMZ_NTCP_probit_MLD.csv"), ids=identity)
def test_the_exact_mean_rules_where_n_is_1(row):
    dose, volume = bins(row)
    width = float(dose[1] - dose[0])
    even = np.allclose(np.diff(dose), width)
    if not even:
        pytest.skip("bins of uneven width")
    mean = reported_mean(row)
    made = Dvh(
        structure=row["structure"], volume_cc=volume, bin_width_gy=width, total_cc=float(volume.sum()),
        min_gy=0.0, mean_gy=mean, max_gy=float(dose[-1]) + width,
    )  # fmt: skip
    risk = lkb(dose_matrix([made]).geud_gy(1.0)[0], td50_gy=30.8, m=0.37)
    assert risk == approx(float(row["NTCP"]), abs=1e-4)


def heart_dvh(row):
    """The DVH of the set as the program holds it; called EQD2, as the published models want it."""
    dose, volume = bins(row)
    return Dvh(
        structure=row["structure"], volume_cc=volume, bin_width_gy=0.1, total_cc=float(volume.sum()), min_gy=0.0,
        mean_gy=reported_mean(row), max_gy=float(dose[-1]) + 0.1, quantity="eqd2", alpha_beta_gy=3.0,
    )  # fmt: skip


@pytest.mark.parametrize("row", known("known_dataMZ_NTCP_probit_MLD.csv"), ids=identity)
def test_a_published_model_on_the_dvh(row):
    """Seppenwoolde 2003 on the mean dose is the probit of the set: TD50 30.8, m 0.37."""
    model = published_model("seppenwoolde_2003_mean")
    assert model.ntcp(heart_dvh(row), allow_structure=[row["structure"]]) == approx(float(row["NTCP"]), abs=1e-4)
    with pytest.raises(InputError, match="Lungs"):
        model.ntcp(heart_dvh(row))


@pytest.mark.parametrize(
    ("table", "kind", "parameters"),
    [
        ("known_dataMZ_NTCP_probit.csv", "lkb", {"td50_gy": 40.0, "m": 0.6, "n": 0.5}),
        ("known_dataMZ_NTCP_logit.csv", "log_logistic", {"td50_gy": 30.8, "gamma50": 0.97, "n": 1.0}),
    ],
    ids=["a = 2", "log-logistic"],
)
def test_other_parameters_through_the_same_door(table, kind, parameters):
    """As a published set, and as the response that fits use: the same number to 1e-4 for every DVH."""
    model = replace(published_model("seppenwoolde_2003_mean"), model=kind, parameters=parameters)
    for row in known(table):
        made, expected = heart_dvh(row), float(row["NTCP"])
        assert model.ntcp(made, allow_structure=[row["structure"]]) == approx(expected, abs=1e-4), identity(row)
        eta = RESPONSES[kind].predictor(np.array(list(parameters.values())), dose_matrix([made])).eta
        assert probability(eta, RESPONSES[kind].link)[0] == approx(expected, abs=1e-4), identity(row)
