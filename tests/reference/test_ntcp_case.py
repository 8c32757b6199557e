"""``lungtox ntcp`` on a real plan through the thorax (../shared/data/README.md): one lung, 14 Gy in 7 fractions."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import pydicom
import pytest
from pytest import approx

from lungtox.cli import main

ROOT = Path(__file__).resolve().parents[2]
FOLDER = (ROOT / os.environ.get("LUNGTOX_REFERENCE_DATA", "../shared/data")).resolve() / "thorax-breast-tps"
pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="reference data absent: set LUNGTOX_REFERENCE_DATA to their folder"
)
FILES = ["--struct", str(FOLDER / "rtss.dcm"), "--dose", str(FOLDER / "rtdose.dcm")]


def answer(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        main(["ntcp", "--json", *arguments])
    assert not stop.value.code
    return json.loads(capsys.readouterr().out)


def ntcp(capsys, *arguments):
    return answer(capsys, *FILES, *arguments)


def test_physical_dose(capsys):
    found = ntcp(capsys, "--model", "quantec_logistic_2010", "--lung", "Lt Lung")
    assert found["dose_gy"] == approx(0.909, abs=0.01)  # mean of the planning system
    assert found["ntcp"] == approx(1 / (1 + math.exp(3.87 - 0.126 * 0.909)), abs=1e-4)
    assert any("no GTV" in text for text in found["warnings"])


def test_eqd2_is_made_per_voxel(capsys):
    found = ntcp(
        capsys, "--model", "kwa_1998", "--lung", "Lt Lung", "--plan", str(FOLDER / "rtplan.dcm"), "--allow-unchecked"
    )
    # Every voxel's D (D/7 + 3)/5 lies between 0.6 D (no dose per fraction) and D (2 Gy per fraction).
    assert 0.6 * 0.909 < found["dose_gy"] < 0.909
    assert (found["status"], found["quantity"]) == ("converted", "eqd2")


def test_missing_lungs_list_the_names(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["ntcp", *FILES, "--model", "quantec_logistic_2010"])
    assert stop.value.code == 1
    shown = capsys.readouterr()
    assert "no Lung_L, Lung_R among" in shown.err and "Lt Lung" in shown.err
    assert shown.out == ""


def test_gtv_is_taken_out(capsys):
    # The breast's tumour bed lies outside the lung: taking it out changes the name of the structure, not the dose.
    found = ntcp(capsys, "--model", "quantec_logistic_2010", "--lung", "Lt Lung", "--gtv", "Tumor Bed")
    assert found["structure"] == "Lungs-GTV"
    assert found["dose_gy"] == approx(0.909, abs=0.02)


@pytest.mark.parametrize("option", [["--lung", "a", "--lung", "b", "--lung", "c"], ["--gtv", "a", "--gtv", "b"]])
def test_too_many_rois_are_wrong_usage(capsys, option):
    with pytest.raises(SystemExit) as stop:
        main(["ntcp", *FILES, "--model", "quantec_logistic_2010", *option])
    assert stop.value.code == 2


def changed(path, folder, name, **tags):
    """A copy of a DICOM file with other values, in a folder of this test."""
    dataset = pydicom.dcmread(path)
    for tag, value in tags.items():
        setattr(dataset, tag, value)
    dataset.save_as(folder / name)
    return str(folder / name)


def test_two_plans_on_one_structure_set(capsys, tmp_path):
    dose = pydicom.dcmread(FOLDER / "rtdose.dcm", stop_before_pixels=True)
    half = changed(FOLDER / "rtdose.dcm", tmp_path, "half.dcm", DoseGridScaling=float(dose.DoseGridScaling) / 2)
    arguments = ["--struct", FILES[1], "--lung", "Lt Lung", "--model", "semenenko_2008"]
    found = answer(capsys, *arguments, "--compare", FILES[3], half)
    a, b = (plan["dose_gy"] for plan in found["plans"])
    assert (a, b) == (approx(0.909, abs=0.01), approx(0.4545, abs=0.006))  # mean of the planning system, and half
    by_hand = [0.5 * math.erfc(-(dose - 29.9) / (0.41 * 29.9) / math.sqrt(2)) for dose in (a, b)]
    assert found["difference"]["ntcp"] == approx(by_hand[0] - by_hand[1], abs=1e-9)
    interval = found["difference"]["interval"]
    assert 0 < interval["low"] < found["difference"]["ntcp"] < interval["high"]
    same = answer(capsys, *arguments, "--compare", FILES[3], FILES[3])["difference"]
    assert (same["ntcp"], same["interval"]["low"], same["interval"]["high"]) == (0.0, 0.0, 0.0)


def test_a_plan_of_few_fractions_is_refused_unless_allowed(capsys, tmp_path):
    plan = pydicom.dcmread(FOLDER / "rtplan.dcm")
    for group in plan.FractionGroupSequence:
        group.NumberOfFractionsPlanned = 2  # 14 Gy in 2
    plan.save_as(tmp_path / "plan.dcm")
    arguments = ["--model", "quantec_logistic_2010", "--lung", "Lt Lung", "--plan", str(tmp_path / "plan.dcm")]
    with pytest.raises(SystemExit) as stop:
        main(["ntcp", *FILES, *arguments])
    assert stop.value.code == 1
    assert "at most 3 Gy per fraction; found 7 Gy per fraction" in capsys.readouterr().err
    found = ntcp(capsys, *arguments, "--allow-fractionation")
    assert (found["status"], found["dose_per_fraction_gy"]) == ("allowed", 7.0)


def test_alpha_beta_bin_by_bin_agrees_with_per_voxel(capsys):
    arguments = ["--model", "seppenwoolde_2003", "--lung", "Lt Lung", "--plan", str(FOLDER / "rtplan.dcm")]
    found = ntcp(capsys, *arguments, "--alpha-beta", "2:4")
    rows = {row["alpha_beta_gy"]: row for row in found["alpha_beta"]}
    assert rows[3.0]["dose_gy"] == approx(found["dose_gy"], abs=0.002)  # two ways to the same EQD2
    doses = [rows[value]["dose_gy"] for value in (2.0, 2.5, 3.0, 3.5, 4.0)]
    assert doses == sorted(doses) and found["dose_per_fraction_gy"] == approx(2.0)
