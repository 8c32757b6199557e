"""Planned and delivered dose of a patient of boxes, from DICOM files and a table of sessions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from lungtox.delivered import (
    DeliveredSettings,
    deliver_batch,
    deliver_patient,
    read_delivered_qa,
    write_delivered,
)
from lungtox.dicom import Subject, write_ct
from lungtox.dose import read_dvhs
from lungtox.errors import InputError
from lungtox.extraction import PatientRow, SessionRow, extract_patient, read_patients, read_sessions
from lungtox.geometry import DeformationField, Grid
from lungtox.imaging import write_field
from tests.unit import box_patient as boxes
from tests.unit import chest_phantom as chest
from tests.unit import dicom_files as make
from tests.unit import registration_files as reg

DAY = "1.2.3.77"
SETTINGS = DeliveredSettings(sessions="sessions.csv")
METRICS = {"Lungs-GTV": ["Mean[Gy]", "V20Gy[%]"]}
DOSES = boxes.SETTINGS.model_copy(update={"metrics": METRICS})
AXIS = np.arange(-105.0, 106.0, 15.0)
NODES = Grid(AXIS, AXIS, AXIS)


def vectors(x_mm: float = 0.0, shrink: float = 0.0) -> np.ndarray:
    """A shift along x, and points drawn towards (30, 0, 30), the middle of Lung_L; shape (z, y, x, 3)."""
    z, y, x = np.meshgrid(AXIS, AXIS, AXIS, indexing="ij")
    return np.stack([x_mm - shrink * (x - 30), -shrink * y, -shrink * (z - 30)], axis=-1)


def session_files(folder: Path, number: int, moved: np.ndarray | None, *, as_dicom: bool = True) -> dict[str, str]:
    """Write dose and field of one session; the same dose as planned, in the frame of the day."""
    frame = make.FRAME if moved is None else DAY
    make.save(boxes.dose(SOPInstanceUID=f"1.2.9.{number}", FrameOfReferenceUID=frame), folder / f"dose{number}.dcm")
    cells = {"dose": f"dose{number}.dcm"}
    if moved is not None and as_dicom:
        item = reg.deformation(DAY, moved, origin=(-105, -105, -105), resolution=(15, 15, 15))
        make.save(reg.deformable(item), folder / f"field{number}.dcm")
        cells["field"] = f"field{number}.dcm"
    elif moved is not None:
        write_field(DeformationField(NODES, np.moveaxis(moved, -1, 0), "", ""), folder / f"field{number}.nii.gz")
        cells["field"] = f"field{number}.nii.gz"
    return cells


def table(folder: Path, rows: list[dict[str, Any]]) -> Path:
    columns = ("patient", "session", "dose", "field", "fractions", "structures", "cbct")
    lines = [",".join(columns), *(",".join(str(row.get(name, "")) for name in columns) for row in rows)]
    path = folder / "sessions.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> tuple[PatientRow, tuple[SessionRow, ...], Path]:
    """P001: 10 fractions as planned, 15 with the patient 6 mm further left, 5 shrunk by a tenth."""
    folder = tmp_path_factory.mktemp("course")
    patients, structures = boxes.write(folder, {"P001": {"spect": None}})
    shrunk = boxes.structures(Lung_L=boxes.box(30, 9, 12, 48), Heart=None, Lung_R=boxes.box(-30, 10, 12, 48))
    for item in shrunk.StructureSetROISequence:
        item.ReferencedFrameOfReferenceUID = DAY
    make.save(shrunk, folder / "drawn.dcm")
    rows = [
        {"session": "week_1", "fractions": 10, **session_files(folder, 1, None)},
        {"session": "week_3", "fractions": 15, **session_files(folder, 2, vectors(6.0))},
        {
            "session": "week_5",
            "fractions": 5,
            "structures": "drawn.dcm",
            **session_files(folder, 3, vectors(shrink=0.1), as_dicom=False),
        },
    ]
    sessions = read_sessions(table(folder, [{"patient": "P001", **row} for row in rows]), patients=["P001"])
    (row,) = read_patients(patients, structures=structures)
    return row, sessions["P001"], folder


def test_delivered_means_follow_the_shift_of_each_session(course: tuple) -> None:
    row, sessions, _ = course
    found = deliver_patient(row, sessions, dose=DOSES, settings=SETTINGS)
    planned = {(dvh.structure, dvh.quantity): dvh for dvh in found.planned}
    delivered = {(dvh.structure, dvh.quantity): dvh for dvh in found.delivered}
    assert (
        planned.keys() == delivered.keys() == {("Lungs-GTV", "physical"), ("Lungs-GTV", "eqd2"), ("Heart", "physical")}
    )
    # Dose 20 + 0.2 x: 6 mm in 15 of 30 fractions are 0.6 Gy. Shrinking about x = 30 moves a mean at x by -0.1 (x - 30)
    # in 5 of 30: the heart at 0 by +3 mm, 0.1 Gy; the lungs' mean lies at (19.697 - 20)/0.2 = -1.515: 3.1515 mm.
    heart = delivered["Heart", "physical"].mean_gy - planned["Heart", "physical"].mean_gy
    lungs = delivered["Lungs-GTV", "physical"].mean_gy - planned["Lungs-GTV", "physical"].mean_gy
    assert heart == pytest.approx(0.6 + 0.1, abs=2e-3)
    assert lungs == pytest.approx(0.6 + 0.2 * 3.1515 / 6, abs=2e-3)
    pairs = {(pair.structure, pair.quantity, pair.metric): pair for pair in found.metrics}
    mean = pairs["Lungs-GTV", "physical", "Mean[Gy]"]
    assert mean.planned == pytest.approx(19.697, abs=0.02) and mean.unit == "Gy"
    assert mean.delivered - mean.planned == pytest.approx(lungs, abs=1e-9)
    assert ("Lungs-GTV", "eqd2", "V20Gy[%]") in pairs
    assert found.qa["status"] == "ok" and not found.qa["registered_by_lungtox"]
    assert [one["kind"] for one in found.qa["sessions"]] == ["none", "field", "field"]
    assert DAY not in str(found.qa)


def test_volumes_over_time_come_from_the_field_and_from_contours(course: tuple) -> None:
    row, sessions, _ = course
    found = deliver_patient(row, sessions, dose=DOSES, settings=SETTINGS)
    lungs = {(one.session, one.source): one for one in found.volumes if one.structure == "Lungs-GTV"}
    assert lungs["planning", "contours"].volume_cc == pytest.approx(29.7, rel=1e-6)
    assert lungs["week_3", "jacobian"].ratio == pytest.approx(1.0, abs=1e-6)
    last = lungs["week_5", "jacobian"]
    assert last.ratio == pytest.approx(0.729, abs=1e-5)  # 0.9 cubed
    assert (last.order, last.fractions_before) == (3, 25.0)
    assert last.percent_change == pytest.approx(-27.1, abs=1e-3)
    # Lung_L drawn 18 x 18 mm: 12.636 cc; with Lung_R 15.6 and without the GTV 1.5: 26.736 cc.
    assert lungs["week_5", "contours"].volume_cc == pytest.approx(26.736, rel=1e-6)
    assert ("week_1", "jacobian") not in lungs


def test_a_delivered_dvh_is_a_dose_source(course: tuple, tmp_path: Path) -> None:
    row, sessions, _ = course
    found = deliver_batch([row], {"P001": sessions}, dose=DOSES, settings=SETTINGS, threads=2)
    names = {"dvh": "d.parquet", "planned": "p.parquet", "metrics": "m.csv", "volumes": "v.csv", "qa": "qa.json"}
    write_delivered(found, **{key: tmp_path / name for key, name in names.items()})
    source = PatientRow("P001", {"patient": "P001", "dvh": "d.parquet"}, tmp_path)
    extracted = extract_patient(source, dose=DOSES)
    assert extracted.qa["status"] == "ok"
    mine = {(dvh.structure, dvh.quantity): dvh.mean_gy for dvh in found[0].delivered}
    assert {(dvh.structure, dvh.quantity): dvh.mean_gy for dvh in extracted.dvhs} == mine
    assert len(read_dvhs(tmp_path / "p.parquet")) == len(mine)
    assert read_delivered_qa(tmp_path / "qa.json")[0]["fractions"] == 30
    text = (tmp_path / "m.csv").read_text()
    assert text.splitlines()[0] == "patient,structure,quantity,metric,unit,planned,delivered"
    assert (tmp_path / "v.csv").read_text().startswith("patient,session,order,fractions_before,structure,source,")


def test_one_unusable_patient_stops_no_other(course: tuple) -> None:
    row, sessions, _ = course
    good, bad = deliver_batch(
        [row, PatientRow("P002", row.cells, row.folder, row.rois), PatientRow("P003", {}, row.folder)],
        {"P001": sessions, "P002": sessions[:1]},
        dose=DOSES,
        settings=SETTINGS,
    )
    assert (good.qa["status"], bad.qa["status"]) == ("ok", "unusable")
    (fault,) = bad.qa["faults"]
    assert fault["code"] == "delivered-weights" and fault["found"] == "10 in 1 session" and not bad.delivered


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"DoseUnits": "RELATIVE"}, "dose-units"),
        ({"DoseSummationType": "FRACTION_SESSION"}, "dose-summation"),
        ({"DoseGridScaling": 1.0}, "dose-scale"),
        ({"FrameOfReferenceUID": "1.2.3.88"}, "delivered-field-frame"),
    ],
)
def test_wrong_doses_of_sessions_are_named(course: tuple, tmp_path: Path, changes: dict, code: str) -> None:
    row, _, folder = course
    make.save(boxes.dose(**{"FrameOfReferenceUID": DAY, **changes}), tmp_path / "dose.dcm")
    wrong = SessionRow("P001", "week_3", 30.0, {"dose": str(tmp_path / "dose.dcm"), "field": "field2.dcm"}, folder)
    with pytest.raises(InputError) as raised:
        deliver_patient(row, [wrong], dose=DOSES, settings=SETTINGS)
    assert code in {fault.code for fault in raised.value.faults}
    assert all("P001, session week_3" in fault.who for fault in raised.value.faults)


def test_a_table_of_sessions_with_faults_names_them_all(tmp_path: Path) -> None:
    rows = [
        {"patient": "P001", "session": "a", "dose": "a.dcm", "fractions": 5},
        {"patient": "P001", "session": "a", "dose": "a.dcm", "fractions": 5},
        {"patient": "P001", "session": "b", "dose": "a.dcm", "fractions": -1},
        {"patient": "P009", "session": "a", "fractions": 5},
        {"patient": "Doe John", "session": "a", "dose": "a.dcm", "fractions": 5},
    ]
    with pytest.raises(InputError) as raised:
        read_sessions(table(tmp_path, rows), patients=["P001"])
    assert [fault.code for fault in raised.value.faults] == [
        "session-twice",
        "session-fractions",
        "session-patient",
        "session-dose",
        "study-id",
    ]
    assert "Doe" not in str(raised.value)


def test_rows_know_their_files(course: tuple) -> None:
    _, sessions, folder = course
    assert [path.name for path in sessions[2].files] == ["dose3.dcm", "field3.nii.gz", "drawn.dcm"]
    assert len({session.digest for session in sessions}) == 3
    assert sessions[0].path("field") is None and sessions[1].path("field") == folder / "field2.dcm"


def test_a_couch_shift_alone_is_taken_as_a_rigid_registration(course: tuple, tmp_path: Path) -> None:
    row, _, _ = course
    # Session points lie 6 mm further left than those of the plan: the matrix to the plan takes 6 mm away.
    back = (1, 0, 0, -6, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1)
    make.save(reg.spatial(reg.entry(DAY, reg.matrix(back))), tmp_path / "shift.dcm")
    make.save(boxes.dose(FrameOfReferenceUID=DAY), tmp_path / "dose.dcm")
    session = SessionRow("P001", "all", 30.0, {"dose": "dose.dcm", "field": "shift.dcm"}, tmp_path)
    found = deliver_patient(row, [session], dose=DOSES, settings=SETTINGS)
    assert found.delivered[0].mean_gy - found.planned[0].mean_gy == pytest.approx(1.2, abs=1e-6)
    jacobian = found.qa["sessions"][0]["jacobian"]
    assert (jacobian["minimum"], jacobian["maximum"], jacobian["folding_pct"]) == (1.0, 1.0, 0.0)


def in_frame(folder: Path, frame: str) -> None:
    """Move the slices of a CT to another frame of reference."""
    for path in folder.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.FrameOfReferenceUID = frame
        dataset.save_as(path)


def cbct_course(row: PatientRow, folder: Path) -> tuple[PatientRow, SessionRow, DeliveredSettings]:
    """One session for all 30 fractions, with a CBCT and no field."""
    cells = {**row.cells, "planning_ct": str(folder / "ct")}
    make.save(boxes.dose(FrameOfReferenceUID=DAY), folder / "dose.dcm")
    session = SessionRow(
        "P001", "week_3", 30.0, {"dose": str(folder / "dose.dcm"), "cbct": str(folder / "cbct")}, folder
    )
    settings = DeliveredSettings.model_validate(
        {
            "sessions": "sessions.csv",
            "register_cbct": True,
            "structures": ["Heart"],
            "deformable": {"method": "demons", "spacing_mm": 8.0, "iterations": 10},
        }
    )
    return PatientRow(row.patient, cells, row.folder, row.rois), session, settings


@pytest.mark.slow
def test_a_cbct_without_a_field_is_registered_and_marked(course: tuple, tmp_path: Path) -> None:
    row, session, settings = cbct_course(course[0], tmp_path)
    grid = chest.grid((8.0, 8.0, 8.0))
    moved = chest.motion(shift_mm=(6.0, 0.0, 0.0), axis=(0, 0, 1), angle_deg=0.0)
    for name, image, frame in (
        ("ct", chest.paint_ct(grid), make.FRAME),
        ("cbct", chest.paint_ct(grid, moved=moved, seed=1), DAY),
    ):
        write_ct(image, tmp_path / name, subject=Subject("Phantom^One", "S1", name))
        in_frame(tmp_path / name, frame)
    found = deliver_patient(row, [session], dose=DOSES, settings=settings)
    # The patient lies 6 mm further left in a dose that rises by 0.2 Gy/mm; a quarter of a voxel is 0.4 Gy.
    assert found.delivered[0].mean_gy - found.planned[0].mean_gy == pytest.approx(1.2, abs=0.4)
    assert found.qa["registered_by_lungtox"] and found.qa["sessions"][0]["kind"] == "registered"
    assert found.qa["sessions"][0]["registration"]["correlation"] > 0.9
    assert found.qa["warnings"][-1] == "the field of session week_3 was registered by lungtox"


def test_images_that_are_missing_for_a_registration_are_named(course: tuple, tmp_path: Path) -> None:
    row, session, settings = cbct_course(course[0], tmp_path)
    with pytest.raises(InputError) as raised:
        deliver_patient(row, [session], dose=DOSES, settings=settings)
    assert len(raised.value.faults) == 2  # neither CT nor CBCT
    off = settings.model_copy(update={"register_cbct": False})
    with pytest.raises(InputError) as raised:
        deliver_patient(row, [session], dose=DOSES, settings=off)
    assert raised.value.faults[0].code == "delivered-dose-frame"
    assert "register_cbct" in raised.value.faults[0].action
