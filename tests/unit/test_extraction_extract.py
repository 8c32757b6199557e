"""One patient from files to DVHs. Expected figures are worked out by hand in box_patient.py."""

import json

import numpy as np
import pytest
from pydicom import DataElement, config

from lungtox.dose import write_dvhs
from lungtox.extraction import extract_batch, extract_patient, inspect_patient, read_patients
from tests.unit import box_patient as boxes
from tests.unit import dicom_files as make
from tests.unit.box_patient import FUNCTION, SETTINGS


def extract(tmp_path, settings=SETTINGS, function=FUNCTION, **changes):
    table, names = boxes.write(tmp_path, {"P014": changes})
    (row,) = read_patients(table, structures=names)
    return extract_patient(row, dose=settings, function=function)


def pick(extraction, structure="Lungs-GTV", weighting="anatomical", quantity="physical"):
    (found,) = [
        dvh
        for dvh in extraction.dvhs
        if (dvh.structure, dvh.weighting, dvh.quantity) == (structure, weighting, quantity)
    ]
    return found


def codes(extraction):
    return [fault["code"] for fault in extraction.qa["faults"]]


def test_anatomical_perfusion_and_functional_dvhs(tmp_path):
    found = extract(tmp_path)
    lungs = pick(found)
    assert lungs.total_cc == pytest.approx(29.7, rel=1e-6)
    assert lungs.mean_gy == pytest.approx((14.1 * 26 + 15.6 * 14) / 29.7, abs=2e-3)
    assert pick(found, weighting="perfusion").mean_gy == pytest.approx((14.1 * 26 + 3 * 15.6 * 14) / 60.9, abs=2e-3)
    region = pick(found, weighting="functional:40%max")  # 40 % of 3 is 1.2: the right lung
    assert region.total_cc == pytest.approx(15.6, rel=1e-6)
    assert region.mean_gy == pytest.approx(14, abs=2e-3)
    # EQD2 of 12..16 Gy, evenly spread, in 30 fractions: (E[D^2] / 30 + 3 E[D]) / 5 with E[D^2] = 14^2 + 4^2 / 12.
    expected = ((196 + 16 / 12) / 30 + 42) / 5
    assert pick(found, weighting="functional:40%max", quantity="eqd2").mean_gy == pytest.approx(expected, abs=3e-3)
    assert pick(found, weighting="perfusion", quantity="eqd2").alpha_beta_gy == 3.0
    assert pick(found, structure="Heart").mean_gy == pytest.approx(20, abs=2e-3)
    rest = pick(found, weighting="nonfunctional:40%max")  # the left lung without the tumour
    assert (rest.total_cc, rest.mean_gy) == (pytest.approx(14.1, rel=1e-6), pytest.approx(26, abs=2e-3))
    assert len(found.dvhs) == 9


def test_quality_figures(tmp_path):
    qa = extract(tmp_path).qa
    assert json.loads(json.dumps(qa, allow_nan=False)) == qa
    assert (qa["patient"], qa["status"], qa["faults"]) == ("P014", "ok", [])
    assert boxes.apart_from_size(qa["warnings"]) == ()
    assert qa["warnings"][0] == "Lung_L has 15.6 cc; 250 to 5000 cc are usual: is it the right ROI?"
    assert (qa["technique"], qa["treatment_beams"], qa["setup_beams"]) == ("IMRT", 2, 1)
    assert (qa["fractions"], qa["prescription_gy"]) == (30, 60.0)
    assert qa["dose_grid"] == {"shape": [31, 21, 21], "spacing_mm": [4.0, 4.0, 3.0]}
    assert qa["structures"]["Lungs-GTV"]["coverage_pct"] == 100
    region = qa["function"]["regions"]["40%max"]
    assert region["volume_cc"] == pytest.approx(15.6, rel=1e-6)
    assert region["share_pct"] == pytest.approx(100 * 15.6 / 29.7, rel=1e-6)


def test_no_spect_and_no_function_section_keep_the_patient(tmp_path):
    assert extract(tmp_path / "a", spect=None).qa["function"]["status"] == "none"
    found = extract(tmp_path / "b", function=None)
    assert found.qa["function"]["status"] == "none"
    assert {dvh.weighting for dvh in found.dvhs} == {"anatomical"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"FrameOfReferenceUID": "1.2.77"}, "spect-frame"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "TOMO", "EMISSION"]}, "spect-kind"),
        ({"SpacingBetweenSlices": 3}, "spect-coverage"),
    ],
)
def test_a_refused_spect_keeps_the_patient(tmp_path, changes, code):
    found = extract(tmp_path, spect=boxes.spect(**changes))
    assert found.qa["status"] == "ok"
    assert found.qa["function"]["status"] == "unusable"
    assert [fault["code"] for fault in found.qa["function"]["faults"]] == [code]
    assert len(found.dvhs) == 3


def test_a_spect_that_ends_inside_is_refused_with_the_share(tmp_path):
    # Slices at 0..36 mm: of the lungs 13.5 mm of 0.8 cc/mm lie beyond, less 1.5 mm of GTV, 0.1 cc/mm.
    found = extract(tmp_path, spect=boxes.spect(SpacingBetweenSlices=3))
    (fault,) = found.qa["function"]["faults"]
    assert fault["found"] == f"{100 * (13.5 * 0.8 - 0.15) / 29.7:.3g} % of their volume outside it"


def test_the_function_structure_must_be_there(tmp_path):
    settings = SETTINGS.model_copy(update={"structures": {"Heart": SETTINGS.structures["Heart"]}})
    found = extract(tmp_path, settings=settings)
    assert found.qa["function"]["faults"][0]["code"] == "structure-missing"


def test_a_dose_grid_that_ends_in_the_lung_is_refused_with_the_missing_share(tmp_path):
    # Planes at 0..36 mm: of the lungs 13.5 mm of 0.8 cc/mm lie beyond, less 1.5 mm of GTV, 0.1 cc/mm.
    x = np.arange(-60, 61, 4)
    short = boxes.dose(NumberOfFrames=13, GridFrameOffsetVector=[3 * n for n in range(13)])
    short.PixelData = np.broadcast_to(2000 + 20 * x, (13, 21, 31)).astype("<u2").tobytes()
    found = extract(tmp_path / "a", dose=short)
    assert found.qa["status"] == "unusable"
    assert found.dvhs == ()
    (fault,) = found.qa["faults"]
    assert fault["found"] == f"{100 * (13.5 * 0.8 - 0.15) / 29.7:.3g} % of its volume outside the grid"
    assert fault["who"] == "P014"
    assert "dose.allow_partial_coverage" in fault["action"]
    for name in ("Lungs-GTV", "Lung_L"):
        allowed = SETTINGS.model_copy(update={"allow_partial_coverage": [name]})
        assert extract(tmp_path / name, dose=short, settings=allowed, spect=None).qa["status"] == "ok"
    less = SETTINGS.model_copy(update={"minimum_coverage_pct": 60.0})
    found = extract(tmp_path / "b", dose=short, settings=less)
    assert any("the dose grid covers 64.14 %" in text for text in found.qa["warnings"])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"dose": boxes.dose(FrameOfReferenceUID="1.2.77")}, ["frame-of-reference"]),
        (
            {"dose": boxes.dose(DoseUnits="RELATIVE"), "structures": make.plan([make.beam(1)])},
            ["dose-units", "modality"],
        ),
        ({"dose": None}, ["dose-missing"]),
        ({"plan": make.plan([])}, ["plan-beams"]),
        ({"structures": boxes.structures(GTV=[])}, ["structure-missing"]),
        ({"structures": boxes.structures(Lung_L=None)}, ["structure-missing"]),
        ({"dose": boxes.dose(ImagePositionPatient=[500, 500, 500])}, ["dose-coverage", "dose-coverage"]),
    ],
)
def test_what_makes_a_patient_unusable(tmp_path, changes, expected):
    table, names = boxes.write(tmp_path, {"P014": changes})
    text = table.read_text()
    if changes.get("dose", 1) is None:  # a row that names a dose which is not there is another fault
        (tmp_path / "P014" / "dose.dcm").unlink(missing_ok=True)
        table.write_text(text.replace("P014/structures.dcm,,", "P014/structures.dcm, ;,"))
    (row,) = read_patients(table, structures=names)
    found = extract_patient(row, dose=SETTINGS, function=FUNCTION)
    assert (found.qa["status"], codes(found)) == ("unusable", expected)
    looked = inspect_patient(row, dose=SETTINGS, function=FUNCTION)
    assert ([fault.code for fault in looked.faults], looked.warnings) == (expected, ())
    assert all(fault.who.startswith("P014") for fault in looked.faults)
    assert "1.2.77" not in json.dumps(found.qa) and str(tmp_path) not in json.dumps(found.qa)


def test_the_names_found_are_listed_when_a_lung_is_missing(tmp_path):
    (fault,) = extract(tmp_path, structures=boxes.structures(Lung_L=None)).qa["faults"]
    assert fault["found"] == (
        "no closed contours in ROI 1, accepted as Lung_L; the structure set has ROI 1 like Lung_L, ROI 2 like Lung_R,"
        " ROI 3 like GTV, ROI 4 like Heart"
    )


def test_no_gtv_is_accepted_only_by_name_of_the_setting_and_says_so(tmp_path):
    settings = SETTINGS.model_copy(update={"gtv_absent": "accept"})
    found = extract(tmp_path, settings=settings, structures=boxes.structures(GTV=[]))
    assert pick(found).total_cc == pytest.approx(31.2, rel=1e-6)
    assert any("nothing taken out" in text for text in found.qa["warnings"])


def test_an_organ_that_is_missing_is_left_out_with_a_warning(tmp_path):
    found = extract(tmp_path, structures=boxes.structures(Heart=[]))
    assert found.qa["status"] == "ok"
    assert {dvh.structure for dvh in found.dvhs} == {"Lungs-GTV"}
    assert "Heart: no contours of Heart; left out" in found.qa["warnings"]
    only_heart = SETTINGS.model_copy(update={"structures": {"Heart": SETTINGS.structures["Heart"]}, "eqd2": {}})
    found = extract(tmp_path / "b", settings=only_heart, structures=boxes.structures(Heart=[]))
    assert codes(found) == ["no-structure"]


def test_one_roi_of_both_lungs_stands_for_the_two_and_the_two_for_the_one(tmp_path):
    table, names = boxes.write(tmp_path, {"P014": {}})
    text = names.read_text()
    names.write_text(
        text.replace("Lung R,Lung_R", "Lung R,Lungs").replace("Lung L,Lung_L,exact,100,AB", "Lung L,Lung_L,,,")
    )
    (row,) = read_patients(table, structures=names)
    assert pick(extract_patient(row, dose=SETTINGS)).total_cc == pytest.approx(15.6, rel=1e-6)
    names.write_text(text)
    (row,) = read_patients(table, structures=names)
    both = SETTINGS.model_copy(
        update={
            "structures": {"Both": SETTINGS.structures["Heart"].model_copy(update={"union": ["Lungs"]})},
            "eqd2": {},
        }
    )
    assert pick(extract_patient(row, dose=both), structure="Both").total_cc == pytest.approx(31.2, rel=1e-6)


def test_a_structure_set_that_changed_after_acceptance_is_refused(tmp_path):
    table, names = boxes.write(tmp_path, {"P014": {}})
    names.write_text(
        names.read_text().replace("P014,4,Heart,Heart", "P014,9,Heart,Heart").replace("1,Lung L", "1,Left")
    )
    (row,) = read_patients(table, structures=names)
    found = extract_patient(row, dose=SETTINGS)
    assert codes(found) == ["structure-changed"] * 2
    assert found.qa["faults"][0]["found"] == "another name"


def test_without_a_plan_there_is_no_eqd2(tmp_path):
    found = extract(tmp_path, plan=None)
    assert {dvh.quantity for dvh in found.dvhs} == {"physical"}
    assert "no number of fractions: EQD2 is left out" in found.qa["warnings"]
    assert found.qa["technique"] is None


def with_boost(tmp_path, *, boost, plans=(), **changes):
    """A patient with a second dose, and with the plans given in place of the one."""
    table, names = boxes.write(tmp_path, {"P014": changes})
    make.save(boost, tmp_path / "P014" / "boost.dcm")
    text = table.read_text().replace("P014/dose.dcm", "P014/dose.dcm;P014/boost.dcm")
    for number, plan in enumerate(plans):
        make.save(plan, tmp_path / "P014" / f"plan{number}.dcm")
    if plans:
        text = text.replace("P014/plan.dcm", ";".join(f"P014/plan{number}.dcm" for number in range(len(plans))))
    table.write_text(text)
    (row,) = read_patients(table, structures=names)
    return row


def course(fractions, uid, **changes):
    plan = make.plan([make.beam(1)], metersets=[100], fractions=fractions)
    return make.changed(plan, SOPInstanceUID=uid, **changes)


def refer(dataset, uid):
    reference = make.Dataset()
    reference.ReferencedSOPInstanceUID = uid
    return make.changed(dataset, ReferencedRTPlanSequence=[reference])


def test_several_doses_are_added(tmp_path):
    row = with_boost(tmp_path, boost=boxes.dose(DoseGridScaling=0.005))
    found = extract_patient(row, dose=SETTINGS)
    assert pick(found, structure="Heart").mean_gy == pytest.approx(30, abs=2e-3)
    assert found.qa["fractions"] is None
    assert "the dose is the sum of 2 files: its number of fractions is not known" in found.qa["warnings"]
    for changes, code, words in [
        ({"DoseType": "EFFECTIVE"}, "dose-sum", "RBE-weighted"),
        ({"FrameOfReferenceUID": "1.2.77"}, "dose-sum", "two frames"),
        ({"SOPInstanceUID": "1.2.3.10.0"}, "dose-twice", "one dose twice"),
    ]:
        make.save(boxes.dose(**changes), tmp_path / "P014" / "boost.dcm")
        found = extract_patient(row, dose=SETTINGS)
        assert codes(found) == [code]
        assert words in found.qa["faults"][0]["found"]
        assert [fault.code for fault in inspect_patient(row, dose=SETTINGS).faults] == [code]


def test_doses_on_different_grids_are_added_at_the_same_points(tmp_path):
    # The boost is the same dose, 20 + 0.2 x Gy, on a grid of 3 mm planes that begins elsewhere: twice the means.
    boost = boxes.dose(ImagePositionPatient=[-60, -38, 1.5])
    found = extract_patient(with_boost(tmp_path, boost=boost), dose=SETTINGS)
    assert found.qa["status"] == "ok"
    assert pick(found).mean_gy == pytest.approx(2 * 19.6970, abs=4e-3)
    assert pick(found, structure="Heart").mean_gy == pytest.approx(40, abs=4e-3)


def test_a_boost_grid_that_ends_inside_the_lung_is_refused(tmp_path):
    # Planes from 20 mm on: of the lungs 9.5 mm of 0.8 cc/mm lie below.
    row = with_boost(tmp_path, boost=boxes.dose(ImagePositionPatient=[-60, -40, 20]))
    only_lungs = SETTINGS.model_copy(update={"structures": {"Lungs-GTV": SETTINGS.structures["Lungs-GTV"]}})
    (fault,) = extract_patient(row, dose=only_lungs).qa["faults"]
    assert fault["code"] == "dose-coverage"
    assert float(fault["found"].split(" ")[0]) == pytest.approx(100 * 9.5 * 0.8 / 29.7, abs=0.1)
    assert [fault.code for fault in inspect_patient(row, dose=only_lungs).faults] == ["dose-coverage"]


@pytest.mark.parametrize("referring", [False, True])
def test_eqd2_is_made_for_each_course_before_they_are_added(tmp_path, referring):
    # 50 Gy in 25 and 10 Gy in 1 everywhere, alpha/beta 3: 50 * (2 + 3) / 5 + 10 * (10 + 3) / 5 = 76 Gy; 60 Gy in 26
    # fractions would make 63.7 Gy. With references the order of the plans does not matter.
    flat = {name: np.full((21, 21, 31), gy, dtype="<u2").tobytes() for name, gy in (("main", 5000), ("boost", 1000))}
    main, boost = boxes.dose(PixelData=flat["main"], SOPInstanceUID="1.2.98"), boxes.dose(PixelData=flat["boost"])
    plans = [course(25, "1.2.5"), course(1, "1.2.6")]
    if referring:
        main, boost, plans = refer(main, "1.2.5"), refer(boost, "1.2.6"), plans[::-1]
    boost.ImagePositionPatient = [-58, -40, 0]
    row = with_boost(tmp_path, dose=main, boost=boost, plans=plans)
    found = extract_patient(row, dose=SETTINGS)
    assert pick(found, quantity="eqd2").mean_gy == pytest.approx(76, abs=1e-6)
    assert pick(found).mean_gy == pytest.approx(60, abs=1e-6)
    assert (found.qa["fractions"], found.qa["prescription_gy"], found.qa["treatment_beams"]) == (26, 120.0, 2)
    assert "the dose is the sum of 2 files: with 25, 1 fractions" in found.qa["warnings"]
    assert inspect_patient(row, dose=SETTINGS).faults == ()


def test_two_doses_of_one_plan_are_not_two_courses(tmp_path):
    plans = [course(25, "1.2.5"), course(1, "1.2.6")]
    row = with_boost(tmp_path, dose=refer(boxes.dose(), "1.2.5"), boost=refer(boxes.dose(), "1.2.5"), plans=plans)
    make.save(refer(boxes.dose(SOPInstanceUID="1.2.99"), "1.2.5"), tmp_path / "P014" / "dose.dcm")
    found = extract_patient(row, dose=SETTINGS)
    assert codes(found) == ["dose-twice"]
    assert found.qa["faults"][0]["found"] == "two doses of one plan"


def test_one_plan_beside_two_doses_gives_its_fractions_to_the_dose_that_refers_to_it(tmp_path):
    dose = refer(boxes.dose(SOPInstanceUID="1.2.98"), "1.2.3.12")  # the plan's own
    found = extract_patient(with_boost(tmp_path, dose=dose, boost=boxes.dose()), dose=SETTINGS)
    assert found.qa["fractions"] is None
    assert {dvh.quantity for dvh in found.dvhs} == {"physical"}


def test_more_plans_than_courses_are_refused(tmp_path):
    # Two files, but the beams of one plan: one course, and two plans for it.
    plan = make.plan([make.beam(1), make.beam(2)])
    first, second = (of_beam(n, f"1.2.3.9{n}") for n in (1, 2))
    row = with_boost(tmp_path, dose=first, boost=second, plans=[plan, course(1, "1.2.6")])
    found = extract_patient(row, dose=SETTINGS)
    assert codes(found) == ["plan-count"]
    assert found.qa["faults"][0]["found"] == "2 plans, 1 dose"


def of_beam(number, uid, **changes):
    dataset = refer(boxes.dose(SOPInstanceUID=uid, DoseSummationType="BEAM", **changes), "1.2.3.12")  # the box plan
    group, beam = make.Dataset(), make.Dataset()
    beam.ReferencedBeamNumber = number
    group.ReferencedBeamSequence = [beam]
    dataset.ReferencedRTPlanSequence[0].ReferencedFractionGroupSequence = [group]
    return dataset


def test_all_beams_of_the_plan_are_one_course(tmp_path):
    # Beams 1 and 2 treat, 3 is a set-up field; half of the dose each, so the figures of box_patient.py.
    first, second = (of_beam(n, f"1.2.3.9{n}", DoseGridScaling=0.005) for n in (1, 2))
    row = with_boost(tmp_path, dose=first, boost=second)
    found = extract_patient(row, dose=SETTINGS)
    assert found.qa["status"] == "ok"
    assert (found.qa["fractions"], pick(found).mean_gy) == (30, pytest.approx(19.6970, abs=2e-3))
    assert {dvh.quantity for dvh in found.dvhs} == {"physical", "eqd2"}
    assert "the dose of the plan is the sum of its 2 BEAM doses" in found.qa["warnings"]
    assert inspect_patient(row, dose=SETTINGS).faults == ()
    make.save(of_beam(1, "1.2.3.95"), tmp_path / "P014" / "boost.dcm")
    found = extract_patient(row, dose=SETTINGS)
    assert codes(found) == ["dose-beams", "dose-beams"]
    words = [fault["found"] for fault in found.qa["faults"]]
    assert words == ["none of beam 2", "more than one of beam 1"]
    assert [fault.code for fault in inspect_patient(row, dose=SETTINGS).faults] == codes(found)


def test_a_sum_of_plans_beside_another_dose_needs_a_word_in_the_config(tmp_path):
    row = with_boost(tmp_path, boost=boxes.dose(DoseSummationType="MULTI_PLAN"))
    assert codes(extract_patient(row, dose=SETTINGS)) == ["dose-multi-plan"]
    told = SETTINGS.model_copy(update={"multi_plan_beside_others": "add"})
    found = extract_patient(row, dose=told)
    assert pick(found, structure="Heart").mean_gy == pytest.approx(40, abs=2e-3)
    assert {dvh.quantity for dvh in found.dvhs} == {"physical"}


def test_an_oblique_dose_gives_the_same_figures(tmp_path):
    # The head turned: a grid at 20 degrees about z and 15 about x through the boxes, with 20 + 0.2 x Gy at its voxels.
    a, b = np.radians(20), np.radians(15)
    row = np.array([np.cos(a), np.sin(a), 0])
    column = np.array([-np.sin(a) * np.cos(b), np.cos(a) * np.cos(b), np.sin(b)])
    normal = np.cross(row, column)
    frame, down, across = np.meshgrid(
        np.arange(-40, 81, 4), np.arange(-60, 81, 4), np.arange(-80, 81, 4), indexing="ij"
    )
    x = across * row[0] + down * column[0] + frame * normal[0]
    stored = np.round(np.maximum(2000 + 20 * x, 0)).astype("<u2")
    dose = make.dose(stored, DoseGridScaling=0.01, PixelSpacing=[4, 4])
    dose.ImagePositionPatient = [f"{v:.6f}" for v in -80 * row - 60 * column - 40 * normal]
    dose.ImageOrientationPatient = [f"{v:.6f}" for v in (*row, *column)]
    dose.GridFrameOffsetVector = [4 * n for n in range(stored.shape[0])]
    found = extract(tmp_path, dose=dose)
    assert found.qa["status"] == "ok"
    assert pick(found).total_cc == pytest.approx(29.7, rel=1e-6)
    assert pick(found).mean_gy == pytest.approx(19.6970, abs=5e-3)
    assert pick(found, structure="Heart").mean_gy == pytest.approx(20, abs=5e-3)
    assert pick(found, weighting="perfusion").mean_gy == pytest.approx(16.7783, abs=5e-3)
    assert "the dose grid is oblique: its values are interpolated along its own axes" in found.qa["warnings"]


def test_one_patient_does_not_stop_the_others(tmp_path):
    table, names = boxes.write(tmp_path, {"A": {"dose": boxes.dose(DoseUnits="RELATIVE")}, "B": {}, "C": {}})
    (tmp_path / "C" / "structures.dcm").unlink()
    found = extract_batch(read_patients(table, structures=names), dose=SETTINGS, function=FUNCTION)
    assert [(item.patient, item.qa["status"]) for item in found] == [("A", "unusable"), ("B", "ok"), ("C", "unusable")]
    assert codes(found[2]) == ["file-missing"]


def test_a_table_of_dvhs_stands_in_for_dicom(tmp_path):
    found = extract(tmp_path)
    write_dvhs([("P014", dvh) for dvh in found.dvhs], tmp_path / "all.dvh.parquet")
    (tmp_path / "patients.csv").write_text("patient,dvh\nP014,all.dvh.parquet\nP015,all.dvh.parquet\nP016,none\n")
    rows = read_patients(tmp_path / "patients.csv")
    same, other, none = extract_batch(rows, dose=SETTINGS, function=FUNCTION)
    assert len(same.dvhs) == len(found.dvhs)
    assert pick(same, weighting="perfusion").mean_gy == pick(found, weighting="perfusion").mean_gy
    assert same.qa["function"]["regions"]["40%max"]["share_pct"] == pytest.approx(100 * 15.6 / 29.7, rel=1e-6)
    assert codes(other) == ["structure-missing"]
    assert codes(none) == ["file-missing"]
    assert len(extract_patient(rows[0], dose=SETTINGS, function=None).dvhs) == 3
    assert [fault.code for fault in inspect_patient(rows[1], dose=SETTINGS).faults] == ["structure-missing"]


def test_inspection_finds_no_fault_and_warns_about_function(tmp_path):
    table, names = boxes.write(
        tmp_path,
        {
            "A": {},
            "B": {"spect": None, "plan": None},
            "C": {"spect": boxes.spect(FrameOfReferenceUID="1.2.77")},
            "D": {"spect": boxes.spect(SpacingBetweenSlices=0)},
        },
    )
    found = [inspect_patient(row, dose=SETTINGS, function=FUNCTION) for row in read_patients(table, structures=names)]
    assert [one.faults for one in found] == [(), (), (), ()]
    assert [len(boxes.apart_from_size(one.warnings)) for one in found] == [0, 1, 1, 1]
    assert [one.spect for one in found] == ["ok", "none", "unusable", "unusable"]
    assert boxes.apart_from_size(found[3].warnings)[0].startswith(
        "D: SPECT not usable: expected Spacing Between Slices other than 0; found 0."
    )


def test_faults_of_dose_and_structures_come_together(tmp_path):
    found = extract(tmp_path, dose=boxes.dose(DoseUnits="RELATIVE"), structures=boxes.structures(Lung_L=None, GTV=[]))
    assert codes(found) == ["dose-units", "structure-missing"]


def test_a_malformed_file_makes_its_patient_unusable_and_is_not_quoted(tmp_path):
    plan = make.plan([make.beam(1)], metersets=[100])
    plan.FractionGroupSequence[0]["NumberOfFractionsPlanned"] = DataElement(
        0x300A0078, "LO", "Planted^Name", validation_mode=config.IGNORE
    )
    found = extract(tmp_path, plan=plan)
    (fault,) = found.qa["faults"]
    assert (found.qa["status"], fault["code"], fault["who"]) == ("unusable", "malformed", "P014")
    assert "Planted" not in str(found.qa)


def test_a_partly_covered_lung_is_a_warning_of_the_check_where_the_config_allows_it(tmp_path):
    settings = SETTINGS.model_copy(update={"allow_partial_coverage": ["Lungs-GTV", "Heart"]})
    dose = boxes.dose(ImagePositionPatient=[-60, -40, 20])
    (row,) = read_patients(boxes.write(tmp_path, {"P": {"dose": dose}})[0], structures=tmp_path / "structures.csv")
    found = inspect_patient(row, dose=settings)
    assert found.faults == ()
    assert any("Lungs-GTV" in text and "outside" in text for text in found.warnings)
