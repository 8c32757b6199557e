"""``lungtox ntcp`` on a real plan through the thorax (../shared/data/README.md): one lung, 14 Gy in 7 fractions."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import pytest
from pytest import approx

from lungtox.cli import main

ROOT = Path(__file__).resolve().parents[2]
FOLDER = (ROOT / os.environ.get("LUNGTOX_REFERENCE_DATA", "../shared/data")).resolve() / "thorax-breast-tps"
pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="reference data absent: set LUNGTOX_REFERENCE_DATA to their folder"
)
FILES = ["--struct", str(FOLDER / "rtss.dcm"), "--dose", str(FOLDER / "rtdose.dcm")]


def ntcp(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        main(["ntcp", *FILES, "--json", *arguments])
    assert not stop.value.code
    return json.loads(capsys.readouterr().out)


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
