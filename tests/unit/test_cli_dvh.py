"""``lungtox dvh`` from its arguments to what it prints; figures by hand as in box_patient.py."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

from lungtox.cli import main
from tests.unit import box_patient as boxes
from tests.unit import dicom_files as make


@pytest.fixture
def files(tmp_path):
    boxes.write(tmp_path, {"P": {"structures": boxes.structures(GTV=[])}})
    return tmp_path / "P"


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as stopped:
        main(["dvh", *map(str, arguments)])
    printed = capsys.readouterr()
    return stopped.value.code or 0, printed.out, printed.err


def inputs(files):
    return ["--struct", files / "structures.dcm", "--dose", files / "dose.dcm"]


def test_json_has_the_agreed_shape(capsys, files):
    status, out, err = run(capsys, *inputs(files), "--metric", "V20Gy", "--metric", "D50cc[Gy]", "--json")
    left, right, gtv, heart = json.loads(out)
    assert status == 0
    assert list(left) == ["structure", "volume_cc", "min_gy", "mean_gy", "max_gy", "metrics", "warnings"]
    assert (left["structure"], right["structure"]) == ("Lung L", "Lung R")
    assert left["volume_cc"] == pytest.approx(15.6)
    assert left["mean_gy"] == pytest.approx(26, abs=2e-3)
    assert left["metrics"]["V20Gy"] == pytest.approx(100)
    assert right["metrics"] == {"V20Gy": 0.0, "D50cc[Gy]": None}
    assert "15.6 cc" in right["warnings"][0]
    assert (gtv["volume_cc"], gtv["mean_gy"], gtv["metrics"]["V20Gy"]) == (0.0, None, None)
    assert gtv["warnings"] == ["empty: no closed contours"]
    assert heart["metrics"]["V20Gy"] == pytest.approx(50, abs=1)  # half of it lies where x > 0; samples 0.27 mm wide
    assert "not for treatment decisions" in err


def test_a_ci_finds_the_body_though_one_structure_is_asked_for(capsys, files):
    # 45 % of 60 Gy, 27 Gy, from x = 35 on: 5 of the lung's 20 mm, 15 mm of a body from -20 to 50, 70 mm wide.
    body = make.structures({1: ("Lung L", boxes.box(30, 10, 12, 48)), 2: ("External", boxes.box(15, 35, 12, 48))})
    make.save(body, files / "structures.dcm")
    asked = [*inputs(files), "--structure", "Lung L", "--metric", "CI(Lomax,45%)", "--metric", "CI(RTOG,45%)"]
    _, out, _ = run(capsys, *asked, "--plan", files / "plan.dcm", "--json")
    (lung,) = json.loads(out)
    piv = 15 * 70 * 39e-3
    assert lung["metrics"]["CI(Lomax,45%)"] == pytest.approx(5 * 20 * 39e-3 / piv, rel=5e-3)
    assert lung["metrics"]["CI(RTOG,45%)"] == pytest.approx(piv / 15.6, rel=5e-3)
    _, out, _ = run(capsys, *asked, "--json")
    assert "the prescribed dose is not known" in json.loads(out)[0]["warnings"][0]


def test_function_adds_perfusion_and_regions(capsys, files):
    arguments = [*inputs(files), "--structure", "Lung R", "--function", files / "spect.dcm"]
    _, out, _ = run(capsys, *arguments, "--region", "40%max", "--region", "70%p99", "--json")
    entries = json.loads(out)
    assert [entry["weighting"] for entry in entries] == [
        "anatomical", "perfusion", "functional:40%max", "functional:70%p99",
    ]  # fmt: skip
    assert all(entry["mean_gy"] == pytest.approx(14, abs=2e-3) for entry in entries)
    _, out, _ = run(capsys, *arguments, "--csv")
    assert [row["weighting"] for row in csv.DictReader(out.splitlines())][-1] == "functional:40%max"
    _, out, _ = run(capsys, *arguments)
    assert "perfusion" in out


def test_a_spect_that_cannot_be_used_is_said_beside_the_dose(capsys, files):
    make.save(boxes.spect(FrameOfReferenceUID="1.2.77"), files / "other.dcm")
    status, out, _ = run(capsys, *inputs(files), "--structure", "Lung R", "--function", files / "other.dcm", "--json")
    anatomical, perfusion = json.loads(out)
    assert status == 0
    assert anatomical["mean_gy"] == pytest.approx(14, abs=2e-3)
    assert perfusion["mean_gy"] is None
    assert "another frame of reference" in perfusion["warnings"][0]


def test_the_table_names_what_is_missing(capsys, files):
    status, out, _ = run(capsys, *inputs(files), "--plan", files / "plan.dcm")
    assert status == 0
    assert "Plan: 30 fractions, 60 Gy, IMRT, 2 treatment beams, 1 others" in out
    assert "gtv: empty: no closed contours" in out
    assert "28.000" in out and "V20Gy[%]" in out  # the dose at the face of the left lung
    assert "Research use" in out


def test_a_structure_that_leaves_the_grid_gets_no_dose_unless_allowed(capsys, files):
    make.save(boxes.dose(ImagePositionPatient=[-60, -40, 20]), files / "high.dcm")  # the grid begins at z = 20 mm
    arguments = ["--struct", files / "structures.dcm", "--dose", files / "high.dcm", "--structure", "Lung L", "--csv"]
    status, out, err = run(capsys, *arguments)
    (row,) = csv.DictReader(out.splitlines())
    assert status == 1
    assert (row["mean_gy"], row["V20Gy[%]"]) == ("", "")
    assert float(row["volume_cc"]) == pytest.approx(15.6)
    assert "24.36 % lies outside" in row["warnings"]  # 9.5 of 39 mm
    assert "found none" in err
    status, out, _ = run(capsys, *arguments, "--allow-partial")
    (row,) = csv.DictReader(out.splitlines())
    assert status == 0
    assert float(row["mean_gy"]) == pytest.approx(26, abs=2e-3)


def test_a_structure_far_from_the_grid(capsys, files):
    make.save(boxes.dose(ImagePositionPatient=[500, 500, 500]), files / "far.dcm")
    arguments = ["--struct", files / "structures.dcm", "--dose", files / "far.dcm", "--structure", "Heart", "--json"]
    status, out, _ = run(capsys, *arguments)
    assert status == 1
    assert json.loads(out)[0]["warnings"] == [
        "a dose grid that covers the structure expected, 100 % of its volume outside found"
    ]


def refer(dataset, uid, beam=None):
    """Let a dose refer to a plan, and to one beam of it."""
    plan = make.Dataset()
    plan.ReferencedSOPInstanceUID = uid
    if beam is not None:
        group, number = make.Dataset(), make.Dataset()
        number.ReferencedBeamNumber = beam
        group.ReferencedBeamSequence = [number]
        plan.ReferencedFractionGroupSequence = [group]
    return make.changed(dataset, ReferencedRTPlanSequence=[plan])


def boost(files, uid="1.2.3.98", **changes):
    """The dose of the box patient under another instance: 20 + 0.2 x Gy again."""
    return make.save(boxes.dose(SOPInstanceUID=uid, **changes), files / f"boost{uid}.dcm")


def course(files, fractions, uid):
    plan = make.plan([make.beam(1), make.beam(2)], fractions=fractions)
    return make.save(make.changed(plan, SOPInstanceUID=uid), files / f"plan{uid}.dcm")


def test_several_doses_are_added_and_every_entry_says_so(capsys, files):
    _, out, err = run(capsys, *inputs(files), "--dose", boost(files), "--structure", "Heart", "--json")
    (heart,) = json.loads(out)
    assert heart["mean_gy"] == pytest.approx(40, abs=2e-3)
    text = "the dose is the sum of 2 files: its number of fractions is not known"
    assert heart["warnings"] == [text]
    assert text in err
    _, out, _ = run(capsys, *inputs(files), "--dose", boost(files), "--csv")
    assert all(row["warnings"].endswith(text) for row in csv.DictReader(out.splitlines()))


def test_one_dose_twice_is_refused(capsys, files):
    for second in (files / "dose.dcm", files / ".." / files.name / "dose.dcm", boost(files, uid="1.2.3.10.0")):
        status, out, err = run(capsys, *inputs(files), "--dose", second)
        assert (status, out) == (1, "")
        assert "one dose twice" in err


def test_warnings_go_to_the_entries_that_they_concern(capsys, files):
    # A point of the heart is left out (its own); the gtv is tilted and has no entry.
    tilted = [make.contour([(25, 0, 30), (35, 0, 30), (35, 5, 31), (25, 5, 31)])]
    heart = [*boxes.box(0, 8, 12, 24), make.contour([(0, 0, 30)], "POINT")]
    make.save(boxes.structures(GTV=tilted, Heart=heart), files / "structures.dcm")
    _, out, _ = run(capsys, *inputs(files), "--plan", course(files, 0, "1.2.5"), "--json")
    found = {entry["structure"]: entry["warnings"] for entry in json.loads(out)}
    of_all = {
        "the plan does not give its number of fractions",
        "contours of gtv in transversal planes expected, a contour whose points differ in z found: left out",
    }
    assert list(found) == ["Lung L", "Lung R", "Heart"]
    assert set(found["Heart"]) == of_all | {"Heart: 1 contours of type POINT left out"}
    assert set(found["Lung L"]) == set(found["Lung R"]) == of_all


def test_eqd2_is_made_for_each_dose_before_they_are_added(capsys, files):
    # 50 Gy in 25 and 10 Gy in 1 everywhere, alpha/beta 3: 50 * (2 + 3) / 5 + 10 * (10 + 3) / 5 = 76 Gy.
    flat = {gy: np.full((21, 21, 31), 100 * gy, dtype="<u2").tobytes() for gy in (50, 10)}
    doses = [boost(files, uid=f"1.2.3.{gy}", PixelData=flat[gy]) for gy in (50, 10)]
    plans = [course(files, 25, "1.2.5"), course(files, 1, "1.2.6")]
    arguments = ["--struct", files / "structures.dcm", "--structure", "Heart", "--dose", doses[0], "--dose", doses[1]]
    both = ["--plan", plans[0], "--plan", plans[1]]
    status, out, _ = run(capsys, *arguments, *both, "--eqd2", 3, "--json")
    physical, eqd2 = json.loads(out)
    assert status == 0
    assert [physical["quantity"], eqd2["quantity"]] == ["physical", "eqd2"]
    assert (physical["mean_gy"], eqd2["mean_gy"]) == (pytest.approx(60), pytest.approx(76))
    _, out, _ = run(capsys, *arguments, *both, "--eqd2", 3, "--csv")
    assert [row["quantity"] for row in csv.DictReader(out.splitlines())] == ["physical", "eqd2"]
    for plan, words in ((plans[:1], "none of dose 1, 2"), ([], "--eqd2 needs --plan"), ([*plans, plans[0]], "3 plans")):
        status, out, err = run(capsys, *arguments, *(part for path in plan for part in ("--plan", path)), "--eqd2", 3)
        assert status in (1, 2) and out == "" and words in err
    status, _, err = run(capsys, *arguments, *both, "--eqd2", -3)
    assert status == 2 and "must be positive" in err


def test_function_and_eqd2_come_together(capsys, files):
    arguments = [
        *inputs(files),
        "--structure",
        "Lung R",
        "--function",
        files / "spect.dcm",
        "--plan",
        files / "plan.dcm",
    ]
    _, out, _ = run(capsys, *arguments, "--eqd2", 3, "--json")
    found = [(entry["weighting"], entry["quantity"]) for entry in json.loads(out)]
    weightings = ("anatomical", "perfusion", "functional:40%max")
    assert found == [(weighting, quantity) for quantity in ("physical", "eqd2") for weighting in weightings]


def test_beam_doses_of_a_plan_are_its_dose_where_all_are_there(capsys, files):
    plan = course(files, 20, "1.2.5")
    shares = [
        make.save(refer(boxes.dose(SOPInstanceUID=f"1.2.3.{beam}", DoseSummationType="BEAM",
                                   DoseGridScaling=0.01 * share), "1.2.5", beam), files / f"beam{beam}.dcm")
        for beam, share in ((1, 0.75), (2, 0.25), (3, 0.1))
    ]  # fmt: skip
    again = make.save(
        refer(boxes.dose(SOPInstanceUID="1.2.3.9", DoseSummationType="BEAM"), "1.2.5", 2), files / "again.dcm"
    )
    whole = make.save(refer(boxes.dose(SOPInstanceUID="1.2.3.8"), "1.2.5"), files / "whole.dcm")
    coarse = make.save(
        refer(boxes.dose(SOPInstanceUID="1.2.3.7", DoseSummationType="BEAM", PixelSpacing=[5, 5]), "1.2.5", 2),
        files / "coarse.dcm",
    )
    arguments = ["--struct", files / "structures.dcm", "--structure", "Lung L", "--json"]

    def ask(*doses, plans=(plan,), more=()):
        each = [part for path in doses for part in ("--dose", path)]
        return run(capsys, *arguments, *each, *(part for path in plans for part in ("--plan", path)), *more)

    status, out, _ = ask(*shares[:2], more=["--eqd2", 3])
    physical, eqd2 = json.loads(out)
    assert status == 0
    assert physical["mean_gy"] == pytest.approx(26, abs=2e-3)
    # Over x = 20..40: mean of D (D / 20 + 3) / 5, where D has variance 4^2 / 12.
    assert eqd2["mean_gy"] == pytest.approx((26**2 + 16 / 12) / 100 + 3 * 26 / 5, abs=5e-3)
    assert physical["warnings"] == ["the dose of the plan is the sum of its 2 BEAM doses"]
    refused = [
        ((shares[0],), (plan,), "none of beam 2"),
        ((*shares[:2], again), (plan,), "more than one of beam 2"),
        (tuple(shares), (plan,), "one of no treatment beam of the plan, number 3"),
        (tuple(shares[:2]), (), "BEAM without that plan"),
        ((*shares[:2], whole), (plan,), "two doses of one plan"),
        ((shares[0], coarse), (plan,), "different grids"),
    ]
    for doses, plans, words in refused:
        status, out, err = ask(*doses, plans=plans)
        assert (status, out) == (1, "")
        assert words in err
    status, out, _ = ask(*shares[:2], boost(files), plans=(plan, course(files, 5, "1.2.6")), more=["--eqd2", 3])
    assert json.loads(out)[0]["mean_gy"] == pytest.approx(52, abs=4e-3)


def test_a_sum_of_plans_beside_another_dose_is_refused_unless_told(capsys, files):
    several = refer(boxes.dose(SOPInstanceUID="1.2.3.97", DoseSummationType="MULTI_PLAN"), "1.2.5")
    arguments = [*inputs(files), "--structure", "Heart", "--json", "--dose", make.save(several, files / "sum.dcm")]
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (1, "")
    assert "a sum of plans (DoseSummationType MULTI_PLAN) on its own" in err
    status, out, _ = run(capsys, *arguments, "--add-multi-plan")
    assert status == 0
    (heart,) = json.loads(out)
    assert heart["mean_gy"] == pytest.approx(40, abs=2e-3)
    assert any("MULTI_PLAN" in text for text in heart["warnings"])
    held = make.save(refer(boxes.dose(SOPInstanceUID="1.2.3.96"), "1.2.5"), files / "held.dcm")
    status, _, err = run(capsys, *arguments, "--dose", held, "--add-multi-plan")
    assert status == 1 and "two doses of one plan" in err


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--metric", "V20"], 2, "did you mean 'V20Gy[%]'"),
        (["--json", "--csv"], 2, "exclude each other"),
        (["--region", "40%max"], 2, "--region needs --function"),
        (["--structure", "Lungs"], 1, "found Lung L, Lung R, gtv, Heart"),
        (["--plan", "none.dcm"], 1, "no such file"),
        (["--dose", "none.dcm"], 1, "no such file"),
        (["--nonsense"], 2, "No such option"),
    ],
)
def test_wrong_use_and_unusable_input(capsys, files, arguments, status, words):
    found, out, err = run(capsys, *inputs(files), *arguments)
    assert (found, out) == (status, "")
    assert words in err


def test_dose_of_another_frame_of_reference(capsys, files):
    make.save(boxes.dose(FrameOfReferenceUID="1.2.77"), files / "other.dcm")
    status, _, err = run(capsys, "--struct", files / "structures.dcm", "--dose", files / "other.dcm")
    assert status == 1
    assert "one frame of reference" in err and "1.2.77" not in err


def test_only_what_is_needed_is_imported():
    heavy = {"pandas", "pydantic", "scipy", "statsmodels", "matplotlib"}
    code = f"import sys, lungtox.commands.dvh; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_commands_are_listed_and_unknown_ones_refused(capsys):
    for arguments, status in ((["--help"], 0), (["nonsense"], 2)):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert (stopped.value.code or 0) == status
    printed = capsys.readouterr()
    assert "dvh" in printed.out and "check" in printed.out
    assert "No such command" in printed.err


def test_bounds_on_request(capsys, files):
    arguments = [*inputs(files), "--structure", "Lung L", "--metric", "V26Gy[%]", "--bounds"]
    (left,) = json.loads(run(capsys, *arguments, "--json")[1])
    # 4 cm2; 39 mm as slabs, 36 mm between the outermost contours, 42 mm up to where the next ones would have come.
    assert left["bounds"]["volume_cc"] == pytest.approx([4 * 3.6, 4 * 4.2])
    assert left["bounds"]["mean_gy"] == pytest.approx([26, 26], abs=0.02)
    low, high = left["bounds"]["V26Gy[%]"]
    assert low <= left["metrics"]["V26Gy[%]"] <= high
    (row,) = csv.DictReader(run(capsys, *arguments, "--csv")[1].splitlines())
    assert float(row["volume_cc_high"]) == pytest.approx(16.8)
    assert float(row["V26Gy[%]_low"]) == low
    assert "14.40 to 16.80" in run(capsys, *arguments)[1]
    assert "bounds" not in json.loads(run(capsys, *arguments[:-1], "--json")[1])[0]
