"""A patient whose dose source is a planning system's DVH export; figures as in dvh_texts.py."""

from __future__ import annotations

import pytest
from pytest import approx

from lungtox.dose import compute_metrics
from lungtox.dose.config import DoseSettings
from lungtox.errors import InputError
from lungtox.extraction import extract_patient, inspect_patient, read_patients
from tests.unit import dicom_files as make
from tests.unit import dvh_texts as texts

STRUCTURES = {
    "Lungs-GTV": {"union": ["Lung_L", "Lung_R"], "minus": ["GTV"]},
    "SpinalCord": {"union": ["SpinalCord"]},
    "Heart": {"union": ["Heart"]},
}
ACCEPTED = ["1,Lung total,Lungs-GTV", "2,Cord,SpinalCord"]


def settings(**changes):
    return DoseSettings.model_validate({"structures": STRUCTURES, "eqd2": {"Lungs-GTV": 3.0}, **changes})


def row(tmp_path, text=None, *, accepted=ACCEPTED, fractions="30", name="P014.txt"):
    if text is not None:
        (tmp_path / name).write_text(text, encoding="latin-1")
    (tmp_path / "patients.csv").write_text(f"patient,dvh,fractions\nP014,{name},{fractions}\n")
    rois = "".join(f"P014,{one},manual,,AB\n" for one in accepted)
    (tmp_path / "structures.csv").write_text("patient,roi_number,roi_name,structure,match,score,accepted_by\n" + rois)
    (found,) = read_patients(tmp_path / "patients.csv", structures=tmp_path / "structures.csv")
    return found


def codes(found):
    return [fault["code"] for fault in found.qa["faults"]]


def test_accepted_structures_become_dvhs_in_physical_dose_and_eqd2(tmp_path):
    one = row(tmp_path, texts.eclipse(volume="cm3"))
    found = extract_patient(one, dose=settings())
    assert found.qa["status"] == "ok"
    lung, eqd2, cord = found.dvhs
    assert [(dvh.structure, dvh.quantity) for dvh in found.dvhs] == [
        ("Lungs-GTV", "physical"), ("Lungs-GTV", "eqd2"), ("SpinalCord", "physical"),
    ]  # fmt: skip
    assert compute_metrics(lung, ["V20Gy[%]", "V20Gy[cc]", "Mean"]) == approx(
        {"V20Gy[%]": 50, "V20Gy[cc]": 100, "Mean": 20}
    )
    # Mean of D (D / 30 + 3) / 5 over D even in 10..30 = (433.333 / 30 + 60) / 5; of the mean it would be 14.667.
    assert eqd2.mean_gy == approx(14.8889, abs=2e-3)
    assert eqd2.alpha_beta_gy == 3.0
    # The largest: 30 (1 + 3) / 5 = 24.
    assert eqd2.max_gy == approx(24.0, abs=0.02)
    assert cord.total_cc == approx(50)
    qa = found.qa
    assert (qa["fractions"], qa["prescription_gy"], qa["technique"], qa["dose_grid"]) == (30, 60.0, None, None)
    assert qa["structures"]["Lungs-GTV"] == {
        "volume_cc": approx(200.0),
        "coverage_pct": 100.0,
        "planes": None,
        "volume_bounds_cc": None,
    }
    assert qa["function"]["status"] == "none"
    assert any(warning.startswith("Heart: no DVH accepted as it") for warning in qa["warnings"])
    assert one.files == (tmp_path / "P014.txt",)


def test_the_check_before_a_run_says_the_same(tmp_path):
    found = inspect_patient(row(tmp_path, texts.eclipse()), dose=settings())
    assert found.faults == ()
    assert "P014: Heart: no DVH accepted as it; left out" in found.warnings
    found = inspect_patient(row(tmp_path, texts.eclipse(), fractions=""), dose=settings())
    assert [fault.code for fault in found.faults] == ["fractions"]


def test_one_export_under_two_study_ids_is_found(tmp_path):
    row(tmp_path, texts.eclipse())
    row(tmp_path, texts.eclipse(), name="other.txt")
    (tmp_path / "patients.csv").write_text("patient,dvh,fractions\nP014,P014.txt,30\nP015,other.txt,30\n")
    rois = "".join(f"{patient},{one},manual,,AB\n" for patient in ("P014", "P015") for one in ACCEPTED)
    (tmp_path / "structures.csv").write_text("patient,roi_number,roi_name,structure,match,score,accepted_by\n" + rois)
    first, second = read_patients(tmp_path / "patients.csv", structures=tmp_path / "structures.csv")
    uids = [inspect_patient(one, dose=settings()).dose_uids for one in (first, second)]
    assert uids[0] == uids[1] != ()  # what `lungtox check` compares


def test_fractions_are_needed_for_eqd2_only(tmp_path):
    one = row(tmp_path, texts.eclipse(), fractions="")
    assert codes(extract_patient(one, dose=settings())) == ["fractions"]
    found = extract_patient(one, dose=settings(eqd2={}))
    assert {dvh.quantity for dvh in found.dvhs} == {"physical"}
    folder = texts.pinnacle(tmp_path / "export")
    found = extract_patient(row(tmp_path, name=folder.name, fractions=""), dose=settings())
    assert (found.qa["fractions"], len(found.dvhs)) == (30, 3)
    assert codes(extract_patient(row(tmp_path, name=folder.name, fractions="25"), dose=settings())) == ["fractions"]


def test_a_plan_sum_has_no_eqd2(tmp_path):
    text = texts.eclipse(plan="Plan sum: GEHEIMPLAN", prescription="not defined", percent="not defined")
    found = extract_patient(row(tmp_path, text), dose=settings())
    assert {dvh.quantity for dvh in found.dvhs} == {"physical"}
    assert any("sum of several plans has no EQD2" in warning for warning in found.qa["warnings"])


def test_lungs_are_not_composed_of_what_the_file_has(tmp_path):
    found = extract_patient(row(tmp_path, texts.eclipse(), accepted=["1,Lung total,Lungs"]), dose=settings())
    assert codes(found) == ["structure-missing"]
    (fault,) = found.qa["faults"]
    assert "1 Lung total, 2 Cord" in fault["found"]
    assert "DVHs cannot be composed" in fault["action"] and "gtv_absent: accept" in fault["action"]
    found = extract_patient(
        row(tmp_path, texts.eclipse(), accepted=["1,Lung total,Lungs"]), dose=settings(gtv_absent="accept")
    )
    assert [dvh.structure for dvh in found.dvhs] == ["Lungs-GTV", "Lungs-GTV"]
    assert any("this is the whole organ" in warning for warning in found.qa["warnings"])


def test_the_accepted_name_must_still_be_there(tmp_path):
    for accepted in ("2,Lung total,Lungs-GTV", "7,Lung total,Lungs-GTV"):
        assert codes(extract_patient(row(tmp_path, texts.eclipse(), accepted=[accepted]), dose=settings())) == [
            "structure-changed"
        ]


def test_names_of_structures_are_those_of_the_config_or_canonical(tmp_path):
    found = extract_patient(row(tmp_path, texts.eclipse(), accepted=["1,Lung total,Lung-GTV"]), dose=settings())
    assert codes(found) == ["structure-name"]
    assert "Did you mean 'Lungs-GTV'" in found.qa["faults"][0]["action"]


def test_a_damaged_structure_counts_only_where_it_is_used(tmp_path):
    lines = texts.eclipse().split("\r\n")
    heading = max(n for n, line in enumerate(lines) if line.startswith("Dose ["))
    lines[heading + 4] = "1 1 1"
    text = "\r\n".join(lines)
    found = extract_patient(row(tmp_path, text), dose=settings())
    assert found.qa["status"] == "unusable"
    assert f"line {heading + 5}, Cord" in found.qa["faults"][0]["who"]
    found = extract_patient(row(tmp_path, text, accepted=ACCEPTED[:1]), dose=settings())
    assert found.qa["status"] == "ok"
    assert any(f"line {heading + 5}, Cord" in warning for warning in found.qa["warnings"])


def test_a_structure_that_leaves_the_dose_grid(tmp_path):
    text = texts.eclipse().replace("Dose Cover.[%]: 100", "Dose Cover.[%]: 93")
    assert codes(extract_patient(row(tmp_path, text), dose=settings())) == ["dose-coverage", "dose-coverage"]
    allowed = settings(allow_partial_coverage=["Lungs-GTV", "SpinalCord"])
    found = extract_patient(row(tmp_path, text), dose=allowed)
    assert found.qa["structures"]["Lungs-GTV"]["coverage_pct"] == 93.0


def test_percent_without_volume_is_used_and_said(tmp_path):
    found = extract_patient(row(tmp_path, texts.raystation()), dose=settings())
    assert all(dvh.relative_volume for dvh in found.dvhs)
    assert found.qa["structures"]["Lungs-GTV"]["volume_cc"] is None
    assert any("metrics in cc are not known" in warning for warning in found.qa["warnings"])


def test_dvhs_inside_an_rtdose_are_a_source_too(tmp_path):
    import numpy as np

    dataset = make.dose(np.zeros((2, 3, 3), dtype="<u2"))
    lung = [200 * texts.share(texts.LUNG, 0.1 * n) for n in range(302)]
    dataset.DVHSequence = [make.stored_dvh(5, [0.1] * 302, lung)]
    make.save(dataset, tmp_path / "P014.dcm")
    found = extract_patient(row(tmp_path, name="P014.dcm", accepted=["1,ROI 5,Lungs-GTV"]), dose=settings())
    assert found.dvhs[0].mean_gy == approx(20.05)  # the middle of bins of 0.1 Gy
    assert found.dvhs[0].total_cc == approx(200.0)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("patient,dvh,fractions\nP014,a.txt,0\n", "a whole number from 1 to 100"),
        ("patient,dvh,fractions\nP014,a.txt,thirty\n", "a whole number from 1 to 100"),
        ("patient,structures,dose,fractions\nP014,a,b,30\n", "fractions from the plan"),
        ("patient,dvh,dose\nP014,a.txt,b\n", "either DICOM files or a dvh table"),
    ],
)
def test_wrong_rows(tmp_path, table, words):
    (tmp_path / "patients.csv").write_text(table)
    with pytest.raises(InputError, match=words):
        read_patients(tmp_path / "patients.csv")


def test_canonical_names_stay_required_where_the_source_is_dicom_or_a_table(tmp_path):
    (tmp_path / "patients.csv").write_text("patient,structures,dose,dvh\nP1,a,b,\nP2,,,x.dvh.parquet\nP3,,,x.txt\n")
    rois = "".join(f"P{n},1,Lung,Lungs-PTV,,,AB\n" for n in (1, 2, 3))
    (tmp_path / "structures.csv").write_text("patient,roi_number,roi_name,structure,match,score,accepted_by\n" + rois)
    with pytest.raises(InputError) as error:
        read_patients(tmp_path / "patients.csv", structures=tmp_path / "structures.csv")
    assert [fault.who for fault in error.value.faults] == ["structures.csv line 2", "structures.csv line 3"]
