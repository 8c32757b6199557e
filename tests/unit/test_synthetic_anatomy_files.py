"""Writing the demo cohort: what is there, what stays the same, what is refused, and whether the pipeline agrees."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from lungtox.cli import app
from lungtox.config import load_config
from lungtox.dicom import read_dose, read_function_image, read_plan, read_structures
from lungtox.dose import compute_dvh, compute_metrics, read_dvhs
from lungtox.errors import InputError, ParameterError
from lungtox.extraction import extract_patient, read_patients
from lungtox.geometry import Region
from lungtox.synthetic import cohort_files, write_demo
from lungtox.synthetic.patient_files import Job, study_id, write_patient

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cohort") / "demo"
    write_demo(folder, patients=3, seed=5)
    return folder


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_file_that_the_tables_name_is_there(demo: Path) -> None:
    patients = rows(demo / "patients.csv")
    assert [row["patient"] for row in patients] == ["LT001", "LT002", "LT003"]
    for row in patients:
        named = [row[column] for column in ("plan", "structures", "dose", "spect", "planning_ct") if row[column]]
        assert all((demo / name).exists() for name in named)
    assert patients[0]["planning_ct"] and not patients[1]["planning_ct"]
    assert {path.name for path in demo.glob("*.*")} == {
        "patients.csv", "structures.csv", "clinical.csv", "cytokines.csv", "truth.json",
    }  # fmt: skip


def test_structures_are_accepted_under_their_canonical_names(demo: Path) -> None:
    accepted = [row for row in rows(demo / "structures.csv") if row["patient"] == "LT002"]
    found = read_structures(demo / "inputs/LT002/structures.dcm")
    assert {int(row["roi_number"]): row["roi_name"] for row in accepted} == {
        number: roi.name for number, roi in found.structures.items()
    }
    assert {row["structure"] for row in accepted} == {
        "Lung_L", "Lung_R", "GTV", "PTV", "Heart", "Esophagus", "SpinalCord", "Body",
    }  # fmt: skip
    assert all(row["accepted_by"] == "demo" for row in accepted)


def test_a_larger_cohort_has_the_same_first_patients(demo: Path, tmp_path: Path) -> None:
    write_demo(tmp_path / "larger", patients=4, seed=5)
    small = {name: digest for name, digest in digests(demo).items() if name.startswith("inputs/")}
    larger = digests(tmp_path / "larger")
    assert {name: larger[name] for name in small} == small
    for table in ("patients", "structures", "clinical", "cytokines"):
        first = [row for row in rows(tmp_path / "larger" / f"{table}.csv") if row["patient"] != "LT004"]
        assert first == rows(demo / f"{table}.csv")


def test_the_engine_agrees_with_the_truth(demo: Path) -> None:
    truth = json.loads((demo / "truth.json").read_text())["dose"]
    for patient in ("LT001", "LT002", "LT003"):
        inputs = demo / "inputs" / patient
        found, dose = read_structures(inputs / "structures.dcm"), read_dose(inputs / "dose.dcm")
        lungs = Region(
            "Lungs-GTV", union=(found.named("Lung_L"), found.named("Lung_R")), minus=(found.named("GTV"),), within=()
        )
        dvh = compute_dvh(lungs, dose)
        # Voxels of the phantom against exact areas of its contours.
        assert dvh.mean_gy == pytest.approx(truth[patient]["mld_gy"], rel=0.015)
        assert 100 * dvh.cumulative.volume_at_cc(20.0) / dvh.total_cc == pytest.approx(
            truth[patient]["v20_pct"], abs=0.5
        )
        assert dvh.coverage_pct == pytest.approx(100.0) and dvh.warnings == ()


def test_plan_and_dose_fit_the_clinical_table(demo: Path) -> None:
    for row in rows(demo / "clinical.csv"):
        plan = read_plan(demo / "inputs" / row["patient"] / "plan.dcm")
        assert plan.prescription_gy in (56.0, 60.0, 66.0) and plan.fractions in (28, 30, 33)
        dose = read_dose(demo / "inputs" / row["patient"] / "dose.dcm")
        assert 0.95 * plan.prescription_gy < dose.image.values.max() < 1.4 * plan.prescription_gy


def test_the_spect_lies_around_the_lungs(demo: Path) -> None:
    row = next(row for row in rows(demo / "patients.csv") if row["spect"])
    image = read_function_image(demo / row["spect"]).image
    found = read_structures(demo / row["structures"])
    lung = found.named("Lung_L")
    middle = lung.planes[len(lung.planes) // 2]
    x, y = middle.rings[0].mean(axis=0)
    at = [
        int(np.argmin(np.abs(axis - v)))
        for axis, v in ((image.grid.z_mm, middle.z_mm), (image.grid.y_mm, y), (image.grid.x_mm, x))
    ]
    assert image.values[tuple(at)] > 0.15 * image.values.max()


def test_dvh_tables_stand_in_for_dicom(tmp_path: Path, demo: Path) -> None:
    write_demo(tmp_path / "dvhs", patients=2, seed=5, dvh_only=True)
    patients = rows(tmp_path / "dvhs" / "patients.csv")
    assert all(row["dvh"] and not row["dose"] for row in patients)
    truth = json.loads((tmp_path / "dvhs" / "truth.json").read_text())["dose"]
    assert truth["LT001"] == json.loads((demo / "truth.json").read_text())["dose"]["LT001"]
    [lungs] = [
        dvh
        for _, dvh in read_dvhs(tmp_path / "dvhs" / patients[0]["dvh"])
        if (dvh.structure, dvh.weighting, dvh.quantity) == ("Lungs-GTV", "anatomical", "physical")
    ]
    assert lungs.mean_gy == pytest.approx(truth["LT001"]["mld_gy"], abs=1e-3)
    assert rows(tmp_path / "dvhs" / "structures.csv") == []
    # The outcome depends on the patient, not on the kind of files.
    assert rows(tmp_path / "dvhs" / "clinical.csv")[0] == rows(demo / "clinical.csv")[0]
    # The pipeline takes the tables as a dose source, function included, and gives the doses that made the outcome.
    config = load_config(PROJECT / "config.yaml")
    for row in read_patients(tmp_path / "dvhs" / "patients.csv", structures=tmp_path / "dvhs" / "structures.csv"):
        found = extract_patient(row, dose=config.dose, function=config.function)
        assert found.qa["status"] == "ok"
        lungs = {dvh.weighting: dvh for dvh in found.dvhs if (dvh.structure, dvh.quantity) == ("Lungs-GTV", "physical")}
        expected = truth[row.patient]
        assert set(lungs) == {"anatomical", *(["perfusion", "functional:40%max"] if expected["has_spect"] else [])}
        if expected["has_spect"]:
            functional = lungs["functional:40%max"]
            assert functional.mean_gy == pytest.approx(expected["fmld_gy"], abs=1e-3)
            assert lungs["perfusion"].mean_gy == pytest.approx(expected["mpwld_gy"], abs=1e-3)
            assert compute_metrics(functional, ["V20Gy[%]"])["V20Gy[%]"] == pytest.approx(expected["fv20_pct"], abs=0.1)
    assert any(patient["has_spect"] for patient in truth.values())


def test_a_worker_writes_one_patient(tmp_path: Path, demo: Path) -> None:
    written = write_patient(Job(tmp_path, 5, 0, dvh_only=False))
    assert written.traits.study_id == "LT001" and written.rois[0] == (1, "Lung_L")
    assert (tmp_path / "inputs/LT001/plan.dcm").read_bytes() == (demo / "inputs/LT001/plan.dcm").read_bytes()
    assert write_patient(Job(tmp_path, 5, 1, dvh_only=True)).cells["dvh"] == "inputs/LT002.dvh.parquet"


def test_study_ids_grow() -> None:
    assert [study_id(0), study_id(119), study_id(1000)] == ["LT001", "LT120", "LT1001"]


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "note.txt").write_text("keep")
    with pytest.raises(InputError, match="empty"):
        write_demo(tmp_path / "mine", patients=1)
    assert (tmp_path / "mine" / "note.txt").read_text() == "keep"
    with pytest.raises(InputError, match="empty"):
        write_demo(tmp_path / "mine" / "note.txt", patients=1)


@pytest.mark.parametrize(("patients", "seed"), [(0, 1), (3, -1)])
def test_impossible_cohorts_are_refused(patients: int, seed: int, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="at least 1"):
        write_demo(tmp_path / "demo", patients=patients, seed=seed)
    assert not list(tmp_path.iterdir())


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr(cohort_files, "_write_patients", fail)
    with pytest.raises(RuntimeError, match="disk full"):
        write_demo(tmp_path / "demo", patients=1)
    assert not list(tmp_path.iterdir())


def test_the_command_writes_and_reports(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()  # an empty folder may be there
    result = CliRunner().invoke(app, ["demo", str(tmp_path / "demo"), "--patients", "2", "--dvh-only"])
    assert result.exit_code == 0, result.output
    assert "2 of 2 patients" in result.output and "2 patients written" in result.output
    assert (tmp_path / "demo" / "truth.json").is_file()


def test_the_command_shows_a_bar_on_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lungtox.commands import demo as command

    def quick(*_: object, on_patient: object, **__: object) -> None:
        on_patient()  # type: ignore[operator]

    monkeypatch.setattr(command, "write_demo", quick)
    monkeypatch.setenv("FORCE_COLOR", "1")
    result = CliRunner().invoke(app, ["demo", str(tmp_path / "demo"), "--patients", "1"])
    assert result.exit_code == 0 and "demo cohort" in result.output
