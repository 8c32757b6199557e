"""``lungtox read-dvh`` and ``lungtox ntcp --dvh`` on exports of planning systems; figures as in dvh_texts.py."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

from lungtox.cli import main
from tests.unit import dicom_files as make
from tests.unit import dvh_texts as texts


def run(capsys, *arguments):
    try:
        status = main(list(map(str, arguments))) or 0
    except SystemExit as stopped:
        status = stopped.code or 0
    printed = capsys.readouterr()
    return status, printed.out, printed.err


@pytest.fixture
def export(tmp_path):
    path = tmp_path / "Mustermann_Erika.txt"
    path.write_text(texts.eclipse(volume="cm3"), encoding="latin-1")
    return path


def test_json_has_the_shape_of_lungtox_dvh(capsys, export):
    status, out, err = run(capsys, "read-dvh", export, "--metric", "V20Gy", "--metric", "D2cc[Gy]", "--json")
    lung, cord = json.loads(out)
    assert status == 0
    assert list(lung) == ["structure", "volume_cc", "min_gy", "mean_gy", "max_gy", "metrics", "warnings"]
    assert (lung["structure"], lung["volume_cc"], lung["min_gy"], lung["max_gy"]) == ("Lung total", 200.0, 10.0, 30.0)
    assert lung["mean_gy"] == pytest.approx(20.0)
    assert lung["metrics"] == {"V20Gy": pytest.approx(50.0), "D2cc[Gy]": pytest.approx(29.8)}
    assert lung["warnings"] == []
    assert cord["structure"] == "Cord"
    assert "not for treatment decisions" in err


def test_csv_table_and_several_files(capsys, export, tmp_path):
    other = tmp_path / "ray.txt"
    other.write_text(texts.raystation())
    _, out, _ = run(capsys, "read-dvh", export, other, "--structure", "Lung total", "--csv")
    assert [(row["structure"], row["volume_cc"]) for row in csv.DictReader(out.splitlines())] == [
        ("Lung total", "200.0"), ("Lung total", ""),
    ]  # fmt: skip
    _, out, _ = run(capsys, "read-dvh", export, other, "--metric", "D2cc", "--json")
    found = json.loads(out)
    assert [entry["file"] for entry in found] == [1, 1, 2, 2]
    assert found[2]["metrics"] == {"D2cc": None}
    assert "no metrics in cc" in found[2]["warnings"][-1]
    status, out, _ = run(capsys, "read-dvh", other)
    assert status == 0
    assert "Lung total" in out and "20.000" in out and "Research use" in out


def test_a_damaged_row_is_named_and_its_structure_left_out(capsys, export):
    lines = export.read_text(encoding="latin-1").split("\n")
    lines[40] = "  3   5   200"
    export.write_text("\n".join(lines), encoding="latin-1")
    status, out, err = run(capsys, "read-dvh", export, "--json")
    lung, cord = json.loads(out)
    assert status == 1
    assert (lung["mean_gy"], lung["volume_cc"], cord["mean_gy"]) == (None, None, pytest.approx(5.0))
    assert "DVH file line 41, Lung total: expected doses that rise" in err
    assert "line 41" in lung["warnings"][0]
    status, out, err = run(capsys, "read-dvh", export, "--structure", "Cord", "--json")
    assert status == 0
    assert [entry["structure"] for entry in json.loads(out)] == ["Cord"]
    assert "warning: DVH file line 41" in err


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--metric", "V20"], 2, "did you mean 'V20Gy[%]'"),
        (["--json", "--csv"], 2, "exclude each other"),
        (["--structure", "Heart"], 1, "found Lung total, Cord"),
        (["--dose-unit", "rad"], 2, "takes Gy or cGy"),
        (["none.txt"], 1, "DVH file 2: expected a DVH export of a planning system; found no such file"),
    ],
)
def test_wrong_use_and_unusable_input(capsys, export, arguments, status, words):
    found, _, err = run(capsys, "read-dvh", export, *arguments)
    assert found == status
    assert words in err


def test_no_name_of_a_file_or_patient_is_printed(capsys, export, tmp_path):
    broken = tmp_path / "Mustermann_2.txt"
    broken.write_text(texts.eclipse().replace("Dose [Gy]", "Dose [rad]"))
    _, out, err = run(capsys, "read-dvh", export, broken, tmp_path / "Erika_none", "--json")
    assert [secret for secret in texts.SECRETS if secret in out + err] == []


def test_dvhs_inside_an_rtdose(capsys, tmp_path):
    dataset = make.dose(np.zeros((2, 3, 3), dtype="<u2"))
    dataset.DVHSequence = [make.stored_dvh(5, [1.0] * 31, [200 * texts.share(texts.LUNG, n) for n in range(31)])]
    make.save(dataset, tmp_path / "dose.dcm")
    status, out, _ = run(capsys, "read-dvh", tmp_path / "dose.dcm", "--json")
    (lung,) = json.loads(out)
    assert status == 0
    assert (lung["structure"], lung["volume_cc"]) == ("ROI 5", pytest.approx(200.0))
    assert lung["mean_gy"] == pytest.approx(
        20.5
    )  # the middle of 1 Gy bins: where a volume counts is not in the standard
    bare = make.save(make.dose(np.zeros((2, 3, 3), dtype="<u2")), tmp_path / "bare.dcm")
    status, _, err = run(capsys, "read-dvh", bare)
    assert status == 1
    assert "an RTDOSE with DVHs" in err


def test_ntcp_of_an_exported_lung(capsys, export):
    arguments = ["ntcp", "--model", "quantec_logistic_2010", "--dvh", export]
    status, out, _ = run(capsys, *arguments, "--lung", "Lung total", "--lung-is", "Lungs", "--json")
    found = json.loads(out)
    assert status == 0
    assert found["ntcp"] == pytest.approx(0.2059, abs=1e-4)  # mean 20 Gy: SCIENCE.md section 4
    assert found["structure"] == "Lungs"
    for wrong, expected, words in (
        ([], 1, "found Lung total, Cord. Name the structure with --lung"),
        (["--lung", "Lung total"], 2, "--lung-is"),
        (["--lung", "Heart", "--lung-is", "Lungs"], 1, "0 among Lung total, Cord"),
    ):
        status, _, err = run(capsys, *arguments, *wrong)
        assert (status, words in err) == (expected, True), err


def test_ntcp_in_eqd2_needs_the_fractions(capsys, export):
    arguments = ["ntcp", "--model", "kwa_1998", "--dvh", export, "--lung", "Lung total", "--lung-is", "Lungs", "--json"]
    status, _, err = run(capsys, *arguments, "--allow-unchecked")
    assert status == 2
    assert "--fractions" in err
    status, out, _ = run(capsys, *arguments, "--allow-unchecked", "--fractions", "30")
    # Mean of D (D / 30 + 3) / 5 for D even in 10..30: (433.333 / 30 + 60) / 5 = 14.8889 Gy.
    assert json.loads(out)["dose_gy"] == pytest.approx(14.8889, abs=2e-3)
    assert status == 0


def test_an_export_of_few_fractions_is_refused_unless_allowed(capsys, export):
    arguments = ["ntcp", "--model", "quantec_logistic_2010", "--dvh", export, "--lung", "Lung total"]
    sbrt = [*arguments, "--lung-is", "Lungs", "--fractions", "3"]
    status, _, err = run(capsys, *sbrt)
    assert status == 1 and "at most 3 Gy per fraction" in err
    status, out, _ = run(capsys, *sbrt, "--allow-fractionation", "--json")
    assert (status, json.loads(out)["status"]) == (0, "allowed")


def test_two_exported_plans_are_compared(capsys, export):
    arguments = ["ntcp", "--model", "semenenko_2008", "--compare", export, export, "--lung", "Lung total"]
    status, out, err = run(capsys, *arguments, "--lung-is", "Lungs", "--json")
    assert status == 0, err
    assert json.loads(out)["difference"]["ntcp"] == 0.0


def test_only_what_is_needed_is_imported():
    code = (
        "import sys, lungtox.commands.read_dvh; print({'pandas', 'scipy', 'matplotlib', 'pyarrow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
    code = "import sys, lungtox.dose.dvhtext.read; print({'pydicom', 'pydantic', 'pyarrow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
