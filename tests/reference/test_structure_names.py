"""ROI names of real structure sets (../shared/data), and what a person reads in them; volumes of the breast patient."""

import os
from pathlib import Path

import pytest

from lungtox.dicom import read_structure_names, read_structures
from lungtox.naming import check_plausibility, measure, propose_names

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("LUNGTOX_REFERENCE_DATA", PROJECT / "../shared/data"))
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="reference data absent (LUNGTOX_REFERENCE_DATA)")
BREAST = FOLDER / "thorax-breast-tps" / "rtss.dcm"


@pytest.mark.parametrize(
    ("file", "structures"),
    [
        ("thorax-breast-tps/rtss.dcm", {"BODY": "Body", "Heart": "Heart", "Lt Lung": "Lung_L"}),
        ("tiny-monaco/TinyFS_StrctrSets.dcm", {"patient": "Body"}),
        ("structure-logic/MultiVolume_A1.dcm", {"BODY": "Body"}),
        ("structure-logic/MultiVolume_A2.dcm", {"BODY": "Body"}),
        ("structure-logic/ResolutionChecks.dcm", {"BODY": "Body"}),
    ],
)
def test_names_of_planning_systems(file, structures):
    # In the breast set Areola, Borders, Breast, Nodes, Scar, Tumor Bed and Tumor Bed Block are none of the thorax's.
    found = propose_names(read_structure_names(FOLDER / file))
    assert {one.roi_name: one.structure for one in found if one.structure} == structures


def test_the_breast_patient_is_plausible():
    numbers = {name: number for number, name in read_structure_names(BREAST).items()}
    read = read_structures(BREAST, names=["Lt Lung", "Heart"]).structures
    lung, heart = read[numbers["Lt Lung"]], read[numbers["Heart"]]
    # TPS_DVHSequence_summary.csv: 2008.9 and 437.46 cc by the planning system; 2004.4 by XOR with half-slice caps;
    # rings that cross are measured roughly here.
    assert measure(lung).volume_cc == pytest.approx(2004.4, rel=1e-3)
    assert measure(heart).volume_cc == pytest.approx(437.46, rel=0.01)
    assert check_plausibility({"Lung_L": [lung], "Heart": [heart]}) == []
    # The left lung named as the right one, beside itself mirrored in name: both lungs at one place.
    (remark,) = check_plausibility({"Lung_L": [lung], "Lung_R": [lung]})
    assert remark.code == "side"
