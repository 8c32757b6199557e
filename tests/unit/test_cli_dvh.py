"""``lungtox dvh`` from its arguments to what it prints; figures by hand as in box_patient.py."""

import csv
import json
import subprocess
import sys

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
    assert "26.000" in out and "V20Gy[%]" in out
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


def test_several_doses_are_added(capsys, files):
    _, out, err = run(capsys, *inputs(files), "--dose", files / "dose.dcm", "--structure", "Heart", "--json")
    assert json.loads(out)[0]["mean_gy"] == pytest.approx(40, abs=2e-3)
    assert "sum of 2 files" in err


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
    code = (
        "import sys, lungtox.commands.dvh; print({'pandas', 'scipy', 'statsmodels', 'matplotlib'} & set(sys.modules))"
    )
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
