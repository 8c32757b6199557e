"""A SPECT in its own frame of reference, from patients.csv to DVHs: the figures are those of box_patient.py."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from lungtox.cli import main
from lungtox.extraction import Extraction, PatientRow, extract_patient, inspect_patient, read_patients
from tests.unit import box_patient as boxes
from tests.unit import dicom_files as make
from tests.unit.box_patient import FUNCTION, SETTINGS
from tests.unit.registration_files import (
    BETWEEN,
    PLAN,
    SHIFT,
    SPECT,
    TURN,
    deformable,
    deformation,
    entry,
    matrix,
    spatial,
)

WEIGHTED_GY = 16.7783


def turned_spect(**changes: Any) -> Dataset:
    """The SPECT of box_patient.py seen from its own frame, which TURN brings to the plan's.

    TURN gives plan x = 10 - y: function 1 where y < 10, 3 where y > 10. It reaches 100 mm to every side, so that a
    registration the wrong way round finds counts too, those of the other lung.
    """
    y = np.arange(-100, 101, 4)
    stored = np.broadcast_to(np.where(y < 10, 100, 300)[:, None], (41, y.size, 35)).astype("<u2")
    dataset = make.spect(stored, FrameOfReferenceUID=SPECT)
    dataset.DetectorInformationSequence[0].ImagePositionPatient = [-102, -100, -100]
    return make.changed(dataset, **changes)


def patient(folder: Path, *registrations: Dataset | None, spect: Dataset | None = None) -> PatientRow:
    """Write a patient; None stands for a registration that patients.csv names and that is not there."""
    table, names = boxes.write(folder, {"P014": {"spect": spect or turned_spect()}})
    cells = []
    for number, dataset in enumerate(registrations):
        cells.append(f"P014/reg{number}.dcm")
        if dataset is not None:
            make.save(dataset, folder / cells[-1])
    table.write_text(table.read_text().replace("spect.dcm,,,,", f"spect.dcm,,,{';'.join(cells)},"))
    (row,) = read_patients(table, structures=names)
    return row


def extract(row: PatientRow) -> Extraction:
    return extract_patient(row, dose=SETTINGS, function=FUNCTION)


def weighted_gy(found: Extraction) -> float:
    return next(dvh.mean_gy for dvh in found.dvhs if (dvh.weighting, dvh.quantity) == ("perfusion", "physical"))


def test_a_registered_spect_gives_the_same_dvhs_and_says_how_it_got_there(tmp_path):
    row = patient(tmp_path, spatial(entry(SPECT, matrix(TURN))))
    found = extract(row)
    assert weighted_gy(found) == pytest.approx(WEIGHTED_GY, abs=2e-3)
    # The lungs' middle: x a little below 0 (the GTV is taken out on the left), y 0, z 30; in the SPECT -20, 10 - x, 0.
    registration = found.qa["function"]["registration"]
    x = (14.1 * 30 - 15.6 * 30) / 29.7
    assert registration.pop("shift_mm") == pytest.approx([-20 - x, 10 - x, -30], abs=0.02)
    assert registration == {"kind": "object", "objects": 1, "deformable": False, "rotation_deg": 90.0}
    assert {path.name for path in row.files} >= {"reg0.dcm", "spect.dcm"}
    assert SPECT not in json.dumps(found.qa) and PLAN not in json.dumps(found.qa)


def test_registrations_of_two_steps_stand_in_one_cell(tmp_path):
    # SPECT to the frame between by the turn, from there to the plan 5 mm along x: plan x = 15 - y.
    turn, shift = spatial(entry(SPECT, matrix(TURN)), registered=BETWEEN), spatial(entry(BETWEEN, matrix(SHIFT)))
    found = extract(patient(tmp_path, shift, turn))
    assert found.qa["function"]["registration"]["objects"] == 2
    assert weighted_gy(found) == pytest.approx(WEIGHTED_GY, abs=2e-3)  # the lungs are 20 mm from where function changes


def test_a_vector_field_is_taken_in_its_own_direction(tmp_path):
    # From the plan: the right lung is moved to x > 0, where the SPECT is 3; it is 1 at x < 0.
    # Nodes at -100, 0, 100: the vector is 200 at -100 and 0 from 0 on; at x = -30 it is 60, which leads to 30.
    stored = np.broadcast_to(np.where(np.arange(-100, 101, 6) > 0, 300, 100), (41, 51, 34)).astype("<u2")
    spect = make.spect(stored, FrameOfReferenceUID=SPECT)
    spect.DetectorInformationSequence[0].ImagePositionPatient = [-100, -100, -100]
    vectors = np.zeros((3, 3, 3, 3))
    vectors[:, :, 0, 0] = 200
    found = extract(patient(tmp_path, deformable(deformation(SPECT, vectors, resolution=(100, 100, 100))), spect=spect))
    # Function is the same everywhere in the lungs: the plain mean of Lungs-GTV.
    assert weighted_gy(found) == pytest.approx(19.6970, abs=2e-3)
    registration = found.qa["function"]["registration"]
    assert (registration["deformable"], registration["rotation_deg"]) == (True, None)
    assert registration["shift_mm"] == pytest.approx([15.6 * 60 / 29.7, 0, 0], abs=0.02)  # 60 mm for the right lung


def test_a_vector_field_that_says_what_a_matrix_says_gives_its_dvhs(tmp_path):
    # Back through TURN: y' = 10 - x, x' = y - 20, z' = z - 30; a linear field, which interpolation does not change.
    z, y, x = np.meshgrid(*[np.arange(-100.0, 101, 50)] * 3, indexing="ij")
    vectors = np.stack([y - 20 - x, 10 - x - y, np.full_like(z, -30)], axis=-1)
    by_field = extract(patient(tmp_path / "a", deformable(deformation(SPECT, vectors))))
    by_matrix = extract(patient(tmp_path / "b", spatial(entry(SPECT, matrix(TURN)))))
    for one, other in zip(by_field.dvhs, by_matrix.dvhs, strict=True):
        assert (one.structure, one.weighting) == (other.structure, other.weighting)
        np.testing.assert_allclose(one.volume_cc, other.volume_cc, atol=1e-6)


def broken_field() -> Dataset:
    vectors = np.zeros((3, 3, 3, 3))
    vectors[0, 0, 0] = np.nan  # the corner of x, y, z -100: a piece of the right lung
    return deformable(deformation(SPECT, vectors, origin=(-100, -100, -40), resolution=(100, 100, 60)))


@pytest.mark.parametrize(
    ("registrations", "spect", "code"),
    [
        ((), None, "spect-frame"),
        ((None,), None, "file-missing"),
        ((spatial(entry(None, matrix(TURN))),), None, "registration-frame"),
        ((spatial(entry(SPECT, matrix(TURN)), registered=BETWEEN),), None, "registration-path"),
        ((spatial(entry(SPECT, matrix(TURN))), spatial(entry(SPECT, matrix(SHIFT)))), None, "registration-ambiguous"),
        ((deformable(deformation(PLAN, np.zeros((3, 3, 3, 3))), registered=SPECT),), None, "registration-direction"),
        ((broken_field(),), None, "registration-undefined"),
        ((spatial(entry(SPECT, matrix((1, 0, 0, 900, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1)))),), None, "spect-coverage"),
        ((spatial(entry(SPECT, matrix(TURN))),), turned_spect(SpacingBetweenSlices=0), "grid"),
        ((spatial(entry(SPECT, matrix(TURN))),), make.plan([make.beam(1)]), "modality"),
    ],
)
def test_a_refused_spect_never_drops_the_patient_from_the_anatomical_analyses(tmp_path, registrations, spect, code):
    row = patient(tmp_path, *registrations, spect=spect)
    found = extract(row)
    assert (found.qa["status"], found.qa["faults"]) == ("ok", [])
    function = found.qa["function"]
    assert (function["status"], [fault["code"] for fault in function["faults"]]) == ("unusable", [code])
    assert function["faults"][0]["who"].startswith("P014") and function["registration"] is None
    assert {dvh.weighting for dvh in found.dvhs} == {"anatomical"}
    mean_gy = next(dvh.mean_gy for dvh in found.dvhs if dvh.structure == "Lungs-GTV")
    assert mean_gy == pytest.approx(19.6970, abs=2e-3)
    assert str(tmp_path) not in json.dumps(found.qa) and SPECT not in json.dumps(found.qa)
    looked = inspect_patient(row, dose=SETTINGS, function=FUNCTION)
    assert looked.faults == ()
    if code not in ("registration-undefined", "spect-coverage"):  # these show at the samples only
        assert looked.spect == "unusable"


def test_a_spect_that_is_named_and_not_there_is_a_finding_and_no_end(tmp_path):
    row = patient(tmp_path, spatial(entry(SPECT, matrix(TURN))))
    (tmp_path / "P014" / "spect.dcm").unlink()
    found = extract(row)
    function = found.qa["function"]
    assert (found.qa["status"], function["status"]) == ("ok", "unusable")
    assert [fault["code"] for fault in function["faults"]] == ["file-missing"]
    assert {dvh.structure for dvh in found.dvhs} == {"Lungs-GTV", "Heart"}


def test_faults_of_image_and_registration_come_together(tmp_path):
    found = extract(patient(tmp_path, spatial(entry(None, matrix(TURN))), spect=turned_spect(SpacingBetweenSlices=0)))
    assert [fault["code"] for fault in found.qa["function"]["faults"]] == ["grid", "registration-frame"]


def test_a_registration_that_is_not_needed_is_told_and_not_read(tmp_path):
    found = extract(patient(tmp_path, spatial(), spect=boxes.spect()))
    assert found.qa["function"]["status"] == "ok"
    assert "its registration is not used" in found.qa["function"]["warnings"][0]
    assert found.qa["function"]["registration"] == {
        "kind": "frame", "objects": 0, "deformable": False, "shift_mm": [0, 0, 0], "rotation_deg": 0,
    }  # fmt: skip


def run(capsys, folder, *arguments):
    files = folder / "P014"
    named = ["--struct", files / "structures.dcm", "--dose", files / "dose.dcm", "--function", files / "spect.dcm"]
    with pytest.raises(SystemExit) as stopped:
        main(["dvh", *map(str, [*named, "--structure", "Lung R", *arguments])])
    printed = capsys.readouterr()
    return stopped.value.code or 0, printed.out, printed.err


def test_the_command_line_takes_several_registrations(tmp_path, capsys):
    turn, shift = spatial(entry(SPECT, matrix(TURN)), registered=BETWEEN), spatial(entry(BETWEEN, matrix(SHIFT)))
    patient(tmp_path, turn, shift)
    options = [text for n in range(2) for text in ("--registration", tmp_path / "P014" / f"reg{n}.dcm")]
    status, out, _ = run(capsys, tmp_path, *options, "--csv")
    rows = list(csv.DictReader(out.splitlines()))
    assert (status, [row["weighting"] for row in rows]) == (0, ["anatomical", "perfusion", "functional:40%max"])
    assert [float(row["mean_gy"]) for row in rows] == pytest.approx([14, 14, 14], abs=2e-3)


def test_a_registration_that_cannot_be_used_stops_the_command_by_name(tmp_path, capsys):
    patient(tmp_path, spatial(entry(None, matrix(TURN))))
    status, out, err = run(capsys, tmp_path, "--registration", tmp_path / "P014" / "reg0.dcm")
    assert (status, out) == (1, "")
    assert "expected the frame of reference of each matrix; found none" in err
