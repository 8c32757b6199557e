"""Proposals on their way through structures.csv: accepted by a person or by score, joined, written into qa."""

import json

import numpy as np
import pytest
from pydicom.dataset import Dataset

from lungtox.cli import main
from lungtox.errors import InputError
from lungtox.extraction import extend_structures, extract_patient, inspect_patient, read_patients
from tests.unit import box_patient as boxes
from tests.unit import dicom_files as make
from tests.unit.box_patient import SETTINGS

SECRET = "Meier Hans"


def patient(tmp_path, replaced=(), *, accept_from_score=None, **changes):
    table, names = boxes.write(tmp_path, {"P014": changes})
    text = names.read_text()
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    names.write_text(text)
    (row,) = read_patients(table, structures=names, accept_from_score=accept_from_score)
    return row


def with_more(*extra) -> Dataset:
    """The structure set with more ROIs: (number, name, contours)."""
    rois = {
        1: ("Lung L", boxes.box(30, 10, 12, 48)),
        2: ("Lung R", boxes.box(-30, 10, 12, 48)),
        3: ("gtv", boxes.box(30, 5, 24, 36)),
        4: ("Heart", boxes.box(0, 8, 12, 24)),
    }
    return make.structures(rois | {number: (name, contours) for number, name, contours in extra})


def faults(row):
    return extract_patient(row, dose=SETTINGS).qa["faults"]


OPEN_LUNG = ("P014,1,Lung L,Lung_L,exact,100,AB", "P014,1,Lung L,Lung_L,fuzzy,85,")


def test_a_proposal_that_nobody_accepted_stops_the_patient(tmp_path):
    row = patient(tmp_path, [OPEN_LUNG])
    (fault,) = faults(row)
    assert fault["code"] == "names-open"
    assert fault["found"] == "ROI 1 proposed as Lung_L (fuzzy, score 85), accepted by nobody"
    assert [one.code for one in inspect_patient(row, dose=SETTINGS).faults] == ["names-open"]


def test_an_organ_that_is_no_lung_stops_too_but_only_where_the_config_names_it(tmp_path):
    heart = ("P014,4,Heart,Heart,exact,100,AB", "P014,4,Heart,Heart,exact,100,")
    assert [one["code"] for one in faults(patient(tmp_path / "a", [heart]))] == ["names-open"]
    unused = ("P014,4,Heart,Heart,exact,100,AB", "P014,4,Heart,Esophagus,exact,100,")
    assert faults(patient(tmp_path / "b", [unused])) == []


def test_a_score_accepts_and_qa_says_so(tmp_path):
    assert faults(patient(tmp_path / "a", [OPEN_LUNG], accept_from_score=86))[0]["code"] == "names-open"
    found = extract_patient(patient(tmp_path / "b", [OPEN_LUNG], accept_from_score=85), dose=SETTINGS)
    assert found.qa["status"] == "ok"
    assert found.qa["names"][-1] == {"structure": "Lung_L", "match": "fuzzy", "score": 85.0, "accepted_by": "score"}
    assert {one["accepted_by"] for one in found.qa["names"][:-1]} == {"person"}


def test_a_score_never_chooses_between_two_rois_of_one_organ(tmp_path):
    second = (OPEN_LUNG[0], "P014,1,Lung L,Lung_L,alias,99,\nP014,5,Left Lung,Lung_L,alias,99,")
    row = patient(tmp_path, [second], accept_from_score=90, structures=with_more((5, "Left Lung", None)))
    assert [one["code"] for one in faults(row)] == ["names-open"]
    assert faults(row)[0]["expected"] == "a person's word on Lung_L"
    worse = (second[1], second[1].replace("Left Lung,Lung_L,alias,99", "Left Lung,Lung_L,fuzzy,80"))
    (tmp_path / "structures.csv").write_text((tmp_path / "structures.csv").read_text().replace(*worse))
    (row,) = read_patients(tmp_path / "patients.csv", structures=tmp_path / "structures.csv", accept_from_score=90)
    assert faults(row) == []


def test_an_emptied_structure_is_a_refusal_and_needs_nothing_more(tmp_path):
    more = (",gtv,GTV,exact,100,AB", ",gtv,GTV,exact,100,AB\nP014,5,GTV PET,,fuzzy,85,AB\nP014,6,GTV MR,,fuzzy,85,")
    assert faults(patient(tmp_path, [more])) == []


def test_a_second_target_must_be_decided_on_too(tmp_path):
    more = (",gtv,GTV,exact,100,AB", ",gtv,GTV,exact,100,AB\nP014,5,GTVn,GTV,alias,99,")
    assert [one["code"] for one in faults(patient(tmp_path, [more]))] == ["names-open"]


def test_several_gtvs_are_joined_and_two_organs_refused(tmp_path):
    # A second GTV of 10 x 10 x 15 mm = 1.5 cc in the right lung: 31.2 - 1.5 - 1.5 = 28.2 cc are left.
    more = (",gtv,GTV,exact,100,AB", ",gtv,GTV,exact,100,AB\nP014,5,GTVn,GTV,alias,99,AB")
    second = with_more((5, "GTVn", boxes.box(-30, 5, 24, 36)))
    found = extract_patient(patient(tmp_path / "a", [more], structures=second), dose=SETTINGS)
    lungs = found.qa["structures"]["Lungs-GTV"]
    assert lungs["volume_cc"] == pytest.approx(28.2, rel=1e-6)
    assert lungs["composed_of"] == {"union": ["Lung_L", "Lung_R"], "within": [], "minus": ["GTV"]}
    assert [one["match"] for one in found.qa["names"]] == ["exact", "exact", "exact", "alias", "exact"]
    two_hearts = (",4,Heart,Heart,exact,100,AB", ",4,Heart,Heart,exact,100,AB\nP014,5,Herz,Heart,alias,99,AB")
    with pytest.raises(InputError) as error:
        patient(tmp_path / "b", [two_hearts])
    assert [fault.code for fault in error.value.faults] == ["structure-twice"]


def test_both_lungs_drawn_as_one_stand_in_and_qa_says_so(tmp_path):
    both = with_more((5, "Lungs", [*boxes.box(30, 10, 12, 48), *boxes.box(-30, 10, 12, 48)]))
    without_right = ("P014,2,Lung R,Lung_R,exact,100,AB", "P014,5,Lungs,Lungs,exact,100,AB")
    found = extract_patient(patient(tmp_path / "a", [without_right], structures=both), dose=SETTINGS)
    assert found.qa["structures"]["Lungs-GTV"]["composed_of"]["union"] == ["Lungs"]
    assert found.qa["structures"]["Lungs-GTV"]["volume_cc"] == pytest.approx(29.7, rel=1e-6)


def test_lungs_that_are_not_left_and_right_are_said(tmp_path):
    # Lungs of the left one and half of the right: 23.4 of 31.2 cc, 25 % too little.
    half = with_more((5, "Lungs", [*boxes.box(30, 10, 12, 48), *boxes.box(-30, 10, 12, 27)]))
    more = (",gtv,GTV,exact,100,AB", ",gtv,GTV,exact,100,AB\nP014,5,Lungs,Lungs,exact,100,AB")
    (text,) = boxes.apart_from_size(
        extract_patient(patient(tmp_path, [more], structures=half), dose=SETTINGS).qa["warnings"]
    )
    assert text.startswith("Lungs has 23 cc, Lung_L and Lung_R together 31 cc (-")


def test_swapped_lungs_make_the_patient_unusable(tmp_path):
    swap = [("1,Lung L,Lung_L", "1,Lung L,Lung_x"), ("2,Lung R,Lung_R", "2,Lung R,Lung_L"), ("Lung_x", "Lung_R")]
    (fault,) = faults(patient(tmp_path, swap))
    assert fault["code"] == "structure-sides-swapped"
    assert "60 mm to the patient's right" in fault["found"]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("P014,5,x,Heart,similar,90,", "match"),
        ("P014,5,x,Heart,alias,high,", "score"),
        ("P014,4,x,PTV,alias,1,AB", "roi-twice"),
    ],
)
def test_cells_that_are_not_understood_are_refused(tmp_path, row, code):
    with pytest.raises(InputError) as error:
        patient(tmp_path, [(",gtv,GTV,exact,100,AB", f",gtv,GTV,exact,100,AB\n{row}")])
    assert [fault.code for fault in error.value.faults] == [code]


def test_no_roi_name_reaches_qa(tmp_path):
    open_line = make.contour(np.array([[0, 0, 12], [5, 5, 12]]), "OPEN_PLANAR")
    drawn = with_more((1, f"Lung L {SECRET}", [*boxes.box(30, 10, 12, 48), open_line]), (5, SECRET, None))
    named = ("P014,1,Lung L,", f"P014,1,Lung L {SECRET},")
    for number, replaced in enumerate(([named], [], [named, ("P014,2,Lung R,Lung_R", f"P014,5,{SECRET},Lung_R")])):
        row = patient(tmp_path / str(number), replaced, structures=drawn)
        qa = json.dumps(extract_patient(row, dose=SETTINGS).qa)
        assert "Lung_" in qa
        assert "Meier" not in qa


def test_proposals_are_added_and_what_is_there_stays(tmp_path, capsys):
    table, names = boxes.write(tmp_path, {"A": {}, "B": {"structures": with_more((7, "Speiseröhre", None))}})
    names.unlink()
    found = extend_structures(read_patients(table), names)
    assert (found.counts["exact"], found.counts["alias"]) == (8, 1)
    written = names.read_text(encoding="utf-8")
    assert "B,7,Speiseröhre,Esophagus,alias,99,," in written
    reviewed = written.replace("A,1,Lung L,Lung_L,exact,100,,", "A,1,Lung L,Lung_L,exact,100,AB,looked at it")
    names.write_text(reviewed.removesuffix("\n"), encoding="utf-8")
    make.save(with_more((9, SECRET, None)), tmp_path / "A" / "structures.dcm")
    main_ends_well(["names", str(table)])
    assert names.read_text(encoding="utf-8") == f"{reviewed}A,9,{SECRET},,,,,not known\n"
    printed = capsys.readouterr()
    assert "1 row added" in printed.out
    assert "Meier" not in printed.out + printed.err
    assert not extend_structures(read_patients(table), names).proposals


def test_tables_of_before_without_a_note_are_extended_as_they_are(tmp_path):
    table, names = boxes.write(tmp_path, {"A": {"structures": with_more((5, "Cord", None))}})
    before = names.read_bytes()
    extend_structures(read_patients(table), names)
    assert names.read_bytes() == before + b"A,5,Cord,SpinalCord,alias,99,\n"


def test_a_structure_set_that_cannot_be_read_stops_no_other(tmp_path, capsys):
    table, names = boxes.write(tmp_path, {"A": {}, "B": {}})
    names.unlink()
    (tmp_path / "A" / "structures.dcm").write_bytes(b"no DICOM")
    with pytest.raises(SystemExit) as stopped:
        main(["names", str(table)])
    assert stopped.value.code == 1
    assert "B,1,Lung L,Lung_L,exact,100,," in names.read_text()
    assert capsys.readouterr().err.startswith("A: expected")


def main_ends_well(arguments):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert not stopped.value.code
