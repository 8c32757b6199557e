"""A structure moved in the dose of a patient's files: means by hand, refusals by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from lungtox.dose.config import DoseSettings
from lungtox.dvhcurve import (
    DvhCurveSettings,
    MovedCurve,
    move_batch,
    moved_curves,
    shifted_dose,
    unknown_moved,
)
from lungtox.errors import InputError
from lungtox.extraction import PatientRow, read_patients
from lungtox.geometry import Dose, Grid, Image
from tests.unit import box_patient, ntcp_cases

DOSE = DoseSettings.model_validate({"structures": {"GTV": {"union": ["GTV"]}}})


def settings(**changes: object) -> DvhCurveSettings:
    base = {"structure": "GTV", "shifts_mm": {"left_right": [-8, 0, 5]}, "step_gy": 0.05}
    return DvhCurveSettings.model_validate({**base, **changes})


def rows(folder: Path, **changes: object) -> list[PatientRow]:
    table, structures = box_patient.write(folder, {"P1": dict(changes)})  # type: ignore[arg-type]
    return read_patients(table, structures=structures, accept_from_score=None)


def by_position(curves: list[MovedCurve]) -> dict[tuple[str, float, str], MovedCurve]:
    return {(curve.kind, curve.amount_mm, curve.source): curve for curve in curves}


def test_the_mean_moves_by_gradient_times_shift_both_ways(tmp_path: Path) -> None:
    # box_patient: GTV mean 26 Gy in a gradient of 0.2 Gy/mm to the left: 5 mm left 27 Gy, 8 mm right 24.4 Gy.
    found = by_position(moved_curves(rows(tmp_path)[0], dose=DOSE, settings=settings()))
    assert sorted(found) == [
        ("shift", -8.0, "dose"), ("shift", -8.0, "structure"), ("shift", 0.0, "structure"), ("shift", 5.0, "dose"),
        ("shift", 5.0, "structure"),
    ]  # fmt: skip
    for shift, mean in ((-8.0, 24.4), (0.0, 26.0), (5.0, 27.0)):
        assert found["shift", shift, "structure"].mean_gy == pytest.approx(mean, abs=1e-3)
    for shift, mean in ((-8.0, 24.4), (5.0, 27.0)):
        assert found["shift", shift, "dose"].mean_gy == pytest.approx(mean, abs=1e-3)
    # 10 mm of a gradient of 0.2 Gy/mm: 2 Gy evenly, standard deviation 2/sqrt(12).
    assert found["shift", 5.0, "structure"].sd_gy == pytest.approx(2 / 12**0.5, abs=5e-3)


def test_breathing_in_a_linear_dose_moves_the_mean_by_that_of_the_motion(tmp_path: Path) -> None:
    # Lujan's motion is on average 3/8 of the amplitude away, towards the negative side: 26 - 0.2 * 3 Gy.
    found = by_position(
        moved_curves(rows(tmp_path)[0], dose=DOSE, settings=settings(breathing_mm=[8.0], shifts_mm={"left_right": [0]}))
    )
    assert found["breathing", 8.0, "dose"].mean_gy == pytest.approx(25.4, abs=1e-3)


def test_positions_outside_the_dose_grid_are_refused_with_the_shift(tmp_path: Path) -> None:
    # The grid ends at x = 60 mm, the GTV reaches 35 mm.
    with pytest.raises(InputError) as caught:
        move_batch(rows(tmp_path), dose=DOSE, settings=settings(shifts_mm={"left_right": [0, 10, 40]}))
    assert {fault.code for fault in caught.value.faults} == {"dose-coverage"}
    assert all("P1, shift 40 mm left-right" in fault.who for fault in caught.value.faults)


def test_a_patient_who_cannot_be_used_stops_nobody(tmp_path: Path) -> None:
    table, structures = box_patient.write(tmp_path, {"P1": {}, "P2": {}})
    (tmp_path / "P2" / "dose.dcm").unlink()
    both = read_patients(table, structures=structures, accept_from_score=None)
    assert {curve.patient for curve in move_batch(both, dose=DOSE, settings=settings())} == {"P1"}


def test_a_table_of_dvhs_knows_no_positions(tmp_path: Path) -> None:
    ntcp_cases.write_table(tmp_path / "P1.dvh.parquet", [("P1", ntcp_cases.toy(structure="GTV"))])
    (tmp_path / "patients.csv").write_text("patient,dvh\nP1,P1.dvh.parquet\n", encoding="utf-8")
    (tmp_path / "structures.csv").write_text(
        "patient,roi_number,roi_name,structure,match,score,accepted_by\n", encoding="utf-8"
    )
    row = read_patients(tmp_path / "patients.csv", structures=tmp_path / "structures.csv", accept_from_score=None)[0]
    with pytest.raises(InputError) as caught:
        moved_curves(row, dose=DOSE, settings=settings())
    assert caught.value.faults[0].code == "dvh-curve-source"
    with pytest.raises(InputError, match="P1: expected DICOM files"):
        move_batch([row], dose=DOSE, settings=settings())


def test_a_patient_without_the_structure_is_named(tmp_path: Path) -> None:
    table, structures = box_patient.write(tmp_path, {"P1": {}})
    text = structures.read_text(encoding="utf-8")
    structures.write_text(text.replace("P1,3,gtv,GTV,exact,100,AB\n", ""), encoding="utf-8")
    both = DoseSettings.model_validate({"structures": {"GTV": {"union": ["GTV"]}, "Heart": {"union": ["Heart"]}}})
    rows = read_patients(table, structures=structures, accept_from_score=None)
    with pytest.raises(InputError, match="P1: expected contours of GTV"):
        move_batch(rows, dose=both, settings=settings())


def test_an_oblique_grid_is_refused() -> None:
    turn = np.array([[0.8, 0.6, 0.0], [-0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
    axis = np.arange(4.0)
    dose = Dose(Image(Grid(axis, axis, axis, turn), np.ones((4, 4, 4))), "frame")
    with pytest.raises(InputError, match="along the patient's axes"):
        shifted_dose(dose, 1.0, "left_right")
    straight = Dose(Image(Grid(axis, axis, axis), np.ones((4, 4, 4))), "frame")
    with pytest.raises(InputError, match="larger than the motion"):
        shifted_dose(straight, 5.0, "left_right")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"shifts_mm": {"left_right": [5]}}, "0 among them"),
        ({"shifts_mm": {}}, "at least one axis"),
        ({"window_gy": [60, 40]}, "the lower dose first"),
        ({"models": ["fermi", "fermi"]}, "each model once"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        settings(**changes)
    assert [fault.code for fault in unknown_moved(settings(), ["Heart"])] == ["config-reference"]
