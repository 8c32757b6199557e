"""Written DICOM files: read back by our readers, by plain pydicom, and judged by dciodvfy."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest

from lungtox.dicom import (
    BeamOutline,
    Subject,
    read_dose,
    read_function_image,
    read_plan,
    read_structures,
    write_ct,
    write_dose,
    write_function_image,
    write_plan,
    write_registration,
    write_structures,
)
from lungtox.dicom.write_common import decimal_string
from lungtox.errors import ParameterError
from lungtox.geometry import Grid, Image, Plane, RigidMap, Structure

SUBJECT = Subject("DEMO^ONE", "DEMO-1", "test")
BOUNDARIES = np.arange(-200.0, 201.0, 10.0)
GRID = Grid(np.arange(-8.0, 9.0, 4.0), np.arange(-60.5, -40.0, 4.0), np.arange(-101.2, -80.0, 5.0))


def ramp() -> Image:
    """Give a dose without symmetry, so that swapped axes show: 1 Gy + x + 2 y + 3 z from the corner in mm / 10."""
    z, y, x = np.meshgrid(GRID.z_mm - GRID.z_mm[0], GRID.y_mm - GRID.y_mm[0], GRID.x_mm - GRID.x_mm[0], indexing="ij")
    return Image(GRID, 1.0 + (x + 2.0 * y + 3.0 * z) / 10.0)


def square(half_mm: float, z_mm: float) -> Plane:
    corners = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    return Plane(z_mm, (corners * half_mm + np.array([0.123, -50.456]),))


def box(name: str, number: int) -> Structure:
    return Structure(name, tuple(square(3.0 + number, z) for z in (-96.2, -91.2, -86.2)), number)


def treating(shapes: int, *, rotation: str = "NONE", points: int = 2) -> BeamOutline:
    leaves = np.zeros((points, 2 * (BOUNDARIES.size - 1)))
    leaves[:, 18:22] = -20.0
    leaves[:, 58:62] = 20.0 + (np.arange(points) % shapes)[:, None]
    gantry = np.linspace(181.0, 300.0, points) if rotation != "NONE" else np.full(points, 30.0)
    return BeamOutline(
        "F1",
        "TREATMENT",
        gantry,
        rotation,
        leaves,
        np.linspace(0.0, 1.0, points),
        meterset_mu=123.4,  # type: ignore[arg-type]
    )


def save_plan(path: Path, beams: list[BeamOutline]) -> Path:
    write_plan(
        beams,
        path,
        subject=SUBJECT,
        isocentre_mm=(1.0, -50.0, -90.0),
        fractions=30,
        prescription_gy=60.0,
        leaf_boundaries_mm=BOUNDARIES,
    )
    return path


SETUP = BeamOutline("SETUP 0", "SETUP", np.zeros(2))


def save_ct(path: Path, *, frame: str = "") -> Path:
    write_ct(Image(GRID, ramp().values * 100.0 - 2000.0), path, subject=SUBJECT, frame=frame)
    return path / "0002.dcm"


def save_structures(path: Path) -> Path:
    names = ("Lung_L", "GTV", "PTV", "BODY", "Heart")
    rois = [box(name, number) for number, name in enumerate(names, start=1)]
    empty = Structure("Areola", (), 9)
    write_structures([*rois, empty], path, subject=SUBJECT, ct_planes=(-96.2, -91.2))
    return path


def save_dose(path: Path) -> Path:
    write_dose(ramp(), path, subject=SUBJECT)
    return path


def save_spect(path: Path) -> Path:
    write_function_image(Image(GRID, np.rint(ramp().values * 10.0)), path, subject=SUBJECT)
    return path


# 90 degrees about z, then 10, 20, 30 mm: what the registration takes from the SPECT's frame to the plan's.
TO_PLAN = RigidMap(np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), np.array([10.0, 20.0, 30.0]))


def save_registration(path: Path) -> Path:
    write_registration(TO_PLAN, path, subject=SUBJECT)
    return path


WRITERS: dict[str, Callable[[Path], Path]] = {
    "structures": save_structures,
    "dose": save_dose,
    "spect": save_spect,
    "registration": save_registration,
    "ct": save_ct,
    "spect ct": lambda path: save_ct(path, frame="spect"),
    "plan_3d": lambda path: save_plan(path, [treating(1), treating(1), SETUP]),
    "plan_imrt": lambda path: save_plan(path, [treating(8, points=16), SETUP]),
    "plan_vmat": lambda path: save_plan(path, [treating(5, rotation="CW", points=20), SETUP]),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_dciodvfy_finds_no_error(kind: str, tmp_path: Path) -> None:
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("dciodvfy is not installed: apt-get install dicom3tools")
    path = WRITERS[kind](tmp_path / kind)
    judged = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
    assert "Error" not in judged.stdout + judged.stderr


@pytest.mark.parametrize("kind", WRITERS)
def test_the_same_input_gives_the_same_bytes(kind: str, tmp_path: Path) -> None:
    assert WRITERS[kind](tmp_path / "a").read_bytes() == WRITERS[kind](tmp_path / "b").read_bytes()


def test_dose_comes_back_in_place(tmp_path: Path) -> None:
    dose = read_dose(save_dose(tmp_path / "dose.dcm"))
    for name in ("x_mm", "y_mm", "z_mm"):
        assert getattr(dose.image.grid, name) == pytest.approx(getattr(GRID, name), abs=1e-6)
    # Half a step of 1/65535 of the maximum of about 12 Gy.
    assert np.abs(dose.image.values - ramp().values).max() < 0.5001 * ramp().values.max() / 65535.0
    assert not dose.rbe_weighted


def test_the_largest_dose_uses_the_whole_range(tmp_path: Path) -> None:
    raw = pydicom.dcmread(save_dose(tmp_path / "dose.dcm"))
    assert raw.pixel_array.max() == 65535
    assert raw.DoseSummationType == "PLAN" and raw.DoseUnits == "GY" and raw.DoseType == "PHYSICAL"


@pytest.mark.parametrize("values", [0.0, -1.0])
def test_a_dose_without_dose_is_refused(values: float, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="dose"):
        write_dose(Image(GRID, np.full(GRID.shape, values)), tmp_path / "dose.dcm", subject=SUBJECT)
    assert not (tmp_path / "dose.dcm").exists()


def test_structures_come_back(tmp_path: Path) -> None:
    found = read_structures(save_structures(tmp_path / "structures.dcm"))
    assert [roi.name for roi in found.structures.values()] == ["Lung_L", "GTV", "PTV", "BODY", "Heart", "Areola"]
    lung = found.named("Lung_L")
    assert [plane.z_mm for plane in lung.planes] == [-96.2, -91.2, -86.2]
    # Coordinates are kept to a hundredth of a mm.
    assert lung.planes[0].rings[0] == pytest.approx(square(4.0, 0.0).rings[0], abs=0.005001)
    assert found.named("Areola").planes == ()


def test_everything_shares_one_frame_of_reference(tmp_path: Path) -> None:
    structures = read_structures(save_structures(tmp_path / "s.dcm"))
    dose, spect = read_dose(save_dose(tmp_path / "d.dcm")), read_function_image(save_spect(tmp_path / "n.dcm"))
    assert structures.frame_of_reference == dose.frame_of_reference == spect.frame_of_reference


def test_a_registration_leads_from_the_frame_of_the_spect_to_that_of_the_plan(tmp_path: Path) -> None:
    raw = pydicom.dcmread(save_registration(tmp_path / "r.dcm"))
    write_function_image(Image(GRID, np.ones(GRID.shape)), tmp_path / "n.dcm", subject=SUBJECT, frame="spect")
    spect, dose = pydicom.dcmread(tmp_path / "n.dcm"), pydicom.dcmread(save_dose(tmp_path / "d.dcm"))
    assert raw.FrameOfReferenceUID == dose.FrameOfReferenceUID != spect.FrameOfReferenceUID
    own, other = raw.RegistrationSequence
    assert own.FrameOfReferenceUID == dose.FrameOfReferenceUID
    assert other.FrameOfReferenceUID == spect.FrameOfReferenceUID
    matrix = other.MatrixRegistrationSequence[0].MatrixSequence[0].FrameOfReferenceTransformationMatrix
    # PS3.3 C.20.2.1.1: row by row, from the item's frame to that of the object.
    assert [float(value) for value in matrix] == [0, -1, 0, 10, 1, 0, 0, 20, 0, 0, 1, 30, 0, 0, 0, 1]


def test_files_refer_to_each_other(tmp_path: Path) -> None:
    plan = pydicom.dcmread(WRITERS["plan_3d"](tmp_path / "p.dcm"))
    dose = pydicom.dcmread(save_dose(tmp_path / "d.dcm"))
    structures = pydicom.dcmread(save_structures(tmp_path / "s.dcm"))
    ct = pydicom.dcmread(save_ct(tmp_path / "ct"))
    assert dose.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID == plan.SOPInstanceUID
    assert plan.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID == structures.SOPInstanceUID
    second = structures.ROIContourSequence[0].ContourSequence[1].ContourImageSequence[0]
    assert second.ReferencedSOPInstanceUID == ct.SOPInstanceUID
    assert len({file.StudyInstanceUID for file in (plan, dose, structures, ct)}) == 1
    assert len({file.SeriesInstanceUID for file in (plan, dose, structures, ct)}) == 4


def test_spect_comes_back_in_place(tmp_path: Path) -> None:
    spect = read_function_image(save_spect(tmp_path / "spect.dcm"))
    assert spect.image.grid.z_mm == pytest.approx(GRID.z_mm)
    assert spect.image.grid.y_mm == pytest.approx(GRID.y_mm)
    assert np.array_equal(spect.image.values, np.rint(ramp().values * 10.0))
    assert spect.warnings == ()  # it says that it is corrected for attenuation


@pytest.mark.parametrize("value", [-1.0, 65536.0])
def test_counts_that_do_not_fit_are_refused(value: float, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="65535"):
        write_function_image(Image(GRID, np.full(GRID.shape, value)), tmp_path / "n.dcm", subject=SUBJECT)


@pytest.mark.parametrize(
    ("kind", "technique", "beams"), [("plan_3d", "3D-CRT", 2), ("plan_imrt", "IMRT", 1), ("plan_vmat", "VMAT", 1)]
)
def test_plans_are_recognised(kind: str, technique: str, beams: int, tmp_path: Path) -> None:
    plan = read_plan(WRITERS[kind](tmp_path / "plan.dcm"))
    assert (plan.technique, plan.treatment_beams, plan.setup_beams) == (technique, beams, 1)
    assert (plan.fractions, plan.prescription_gy, plan.warnings) == (30, 60.0, ())


def test_control_points_say_only_what_changes(tmp_path: Path) -> None:
    beam = pydicom.dcmread(WRITERS["plan_imrt"](tmp_path / "plan.dcm")).BeamSequence[0]
    first, second = beam.ControlPointSequence[:2]
    assert first.GantryAngle == 30.0 and "GantryAngle" not in second
    assert [device.RTBeamLimitingDeviceType for device in first.BeamLimitingDevicePositionSequence] == [
        "ASYMX", "ASYMY", "MLCX",
    ]  # fmt: skip
    assert len(first.BeamLimitingDevicePositionSequence[2].LeafJawPositions) == 80
    assert len(second.BeamLimitingDevicePositionSequence) == 1
    arc = pydicom.dcmread(WRITERS["plan_vmat"](tmp_path / "arc.dcm")).BeamSequence[0]
    assert arc.ControlPointSequence[0].GantryRotationDirection == "CW"
    assert arc.ControlPointSequence[-1].GantryRotationDirection == "NONE"
    assert arc.ControlPointSequence[-1].CumulativeMetersetWeight == 1.0


def test_ct_is_clipped_to_its_range(tmp_path: Path) -> None:
    raw = pydicom.dcmread(save_ct(tmp_path / "ct"))
    assert len(list((tmp_path / "ct").iterdir())) == GRID.z_mm.size
    # The ramp starts at 100 * 1 - 2000 HU, below what a CT stores.
    assert raw.pixel_array.min() == -1024
    assert raw.ImagePositionPatient[2] == pytest.approx(GRID.z_mm[1])


def test_identifiers_depend_on_seed_patient_and_role() -> None:
    uid = SUBJECT.uid("dose")
    assert uid == Subject("another name", "DEMO-1", "test").uid("dose")
    others = {SUBJECT.uid("plan"), Subject("", "DEMO-2", "test").uid("dose"), Subject("", "DEMO-1", "b").uid("dose")}
    assert len(others | {uid}) == 4
    assert uid.startswith("2.25.") and len(uid) <= 64 and uid.is_valid


def test_decimal_strings_are_short_and_without_minus_zero() -> None:
    assert decimal_string([1.0, -0.001, -123.456]) == "1.00\\0.00\\-123.46"
    assert decimal_string([[1.25], [2.5]], decimals=1) == "1.2\\2.5"
