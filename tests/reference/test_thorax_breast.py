"""``lungtox dvh`` against the planning system's own DVHs of a real thoracic plan (thorax-breast-tps/README)."""

import json
import os
from pathlib import Path

import pytest

from lungtox.cli import main

DATA = Path(os.environ.get("LUNGTOX_REFERENCE_DATA", Path(__file__).parents[3] / "shared" / "data"))
FOLDER = DATA / "thorax-breast-tps"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="reference data are absent (LUNGTOX_REFERENCE_DATA)")


@pytest.fixture(scope="module")
def entries():
    from contextlib import redirect_stdout
    from io import StringIO

    out = StringIO()
    arguments = ["--struct", FOLDER / "rtss.dcm", "--dose", FOLDER / "rtdose.dcm", "--plan", FOLDER / "rtplan.dcm"]
    with redirect_stdout(out), pytest.raises(SystemExit) as stopped:
        main(["dvh", *map(str, arguments), "--metric", "V5Gy[%]", "--metric", "V1Gy[%]", "--json"])
    assert not stopped.value.code
    return {entry["structure"]: entry for entry in json.loads(out.getvalue())}


def test_left_lung(entries):
    lung = entries["Lt Lung"]
    assert lung["volume_cc"] == pytest.approx(2004.4, rel=1e-3)  # contours by XOR with half-slice caps
    assert lung["volume_cc"] == pytest.approx(2008.9, rel=5e-3)  # the planning system
    assert lung["mean_gy"] == pytest.approx(0.909, abs=0.01)
    assert lung["metrics"]["V5Gy[%]"] == pytest.approx(2.04, abs=0.1)
    assert lung["metrics"]["V1Gy[%]"] == pytest.approx(26.09, abs=0.3)


def test_heart(entries):
    assert entries["Heart"]["volume_cc"] == pytest.approx(437.46, rel=1e-2)
    assert entries["Heart"]["mean_gy"] == pytest.approx(0.6477, abs=0.01)


def test_the_empty_roi_is_reported(entries):
    assert entries["Areola"]["mean_gy"] is None
    assert entries["Areola"]["warnings"] == ["empty: no closed contours"]


def test_the_body_that_leaves_the_grid_is_flagged_with_the_share(entries):
    body = entries["BODY"]
    assert (body["mean_gy"], body["metrics"]["V5Gy[%]"]) == (None, None)
    assert body["volume_cc"] == pytest.approx(14880, rel=2e-3)  # by contours, from the data folder's README
    assert any("% lies outside" in text for text in body["warnings"])
    assert len(entries) == 10
