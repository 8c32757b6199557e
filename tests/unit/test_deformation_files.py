"""Deformation fields in DICOM, NIfTI and MetaImage: where a vector stands and which way it points."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from lungtox.dicom import Subject, read_deformation, write_deformation
from lungtox.errors import InputError, ParameterError
from lungtox.extraction import read_session_field
from lungtox.geometry import DeformationField, Grid, RigidMap
from lungtox.imaging import read_field, write_field
from tests.unit import dicom_files as make
from tests.unit import registration_files as reg

SIZE = (4, 3, 2)  # nodes along i, j, k
SPACING = (2.0, 3.0, 5.0)
TURN = np.array([[0.6, 0.8, 0.0], [-0.8, 0.6, 0.0], [0.0, 0.0, 1.0]])


def stored() -> np.ndarray:
    """Vectors (10 i, 10 j, 10 k) + (1, 2, 3), shape (k, j, i, 3): each tells where it stands."""
    k, j, i = np.meshgrid(*(np.arange(size) for size in SIZE[::-1]), indexing="ij")
    return np.stack([10.0 * i + 1, 10.0 * j + 2, 10.0 * k + 3], axis=-1).astype("<f4")


def at(field: DeformationField, x: float, y: float, z: float) -> np.ndarray:
    """The vector at a point, without the rest of the map."""
    grid = field.grid
    place = grid.along_axes(*(np.array([value]) for value in (x, y, z)))
    index = [int(np.abs(axis - p).argmin()) for axis, p in zip((grid.x_mm, grid.y_mm, grid.z_mm), place, strict=True)]
    return field.vectors_mm[:, index[2], index[1], index[0]]


def metaimage(path: Path, *, direction: str = "1 0 0 0 1 0 0 0 1", vectors: np.ndarray | None = None) -> Path:
    """A MetaImage written by its own description: Offset is the first node, TransformMatrix has the axes as rows."""
    values = stored() if vectors is None else vectors
    head = [
        "ObjectType = Image", "NDims = 3", "BinaryData = True", "BinaryDataByteOrderMSB = False",
        f"TransformMatrix = {direction}", "Offset = -10 20 30", f"ElementSpacing = {' '.join(map(str, SPACING))}",
        f"DimSize = {' '.join(map(str, SIZE))}", f"ElementNumberOfChannels = {values.shape[-1]}",
        "ElementType = MET_FLOAT", "ElementDataFile = LOCAL", "",
    ]  # fmt: skip
    path.write_bytes("\n".join(head).encode() + values.astype("<f4").tobytes())
    return path


def nifti(path: Path, *, intent: int) -> Path:
    """A NIfTI-1 of vectors by its specification (nifti1.h): RAS axes, sform with the voxels of `metaimage`."""
    head = bytearray(352)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into("<8h", head, 40, 5, *SIZE, 1, 3, 1, 1)
    struct.pack_into("<h", head, 68, intent)
    struct.pack_into("<2h", head, 70, 16, 32)
    struct.pack_into("<8f", head, 76, 1.0, *SPACING, 0, 1, 1, 1)
    struct.pack_into("<f", head, 108, 352.0)
    struct.pack_into("<f", head, 112, 1.0)
    head[123] = 2
    struct.pack_into("<2h", head, 252, 0, 1)
    # x (right) = 10 - 2 i, y (front) = -20 - 3 j: the voxels of the MetaImage, whose x points left and y back.
    rows = ((-2.0, 0, 0, 10.0), (0, -3.0, 0, -20.0), (0, 0, 5.0, 30.0))
    for number, row in enumerate(rows):
        struct.pack_into("<4f", head, 280 + 16 * number, *row)
    head[344:348] = b"n+1\0"
    # One component after the other.
    path.write_bytes(bytes(head) + np.ascontiguousarray(np.moveaxis(stored(), -1, 0)).tobytes())
    return path


def test_metaimage_stands_in_patient_axes(tmp_path: Path) -> None:
    field = read_field(metaimage(tmp_path / "f.mha"), planning_frame="a", session_frame="b")
    np.testing.assert_allclose(at(field, -10 + 2 * 3, 20 + 3 * 2, 30 + 5), [31, 22, 13])  # i, j, k = 3, 2, 1
    assert (field.planning_frame, field.session_frame, field.registered_by_lungtox) == ("a", "b", False)


def test_axes_that_run_backwards_change_the_place_not_the_vector(tmp_path: Path) -> None:
    # i runs to the right, k downwards; j as before.
    path = metaimage(tmp_path / "f.mha", direction="-1 0 0 0 1 0 0 0 -1")
    field = read_field(path, planning_frame="a", session_frame="b")
    np.testing.assert_allclose(at(field, -10 - 2 * 3, 20 + 3 * 2, 30 - 5), [31, 22, 13])
    # i runs along z, j along x, k along y.
    path = metaimage(tmp_path / "g.mha", direction="0 0 1 1 0 0 0 1 0")
    field = read_field(path, planning_frame="a", session_frame="b")
    np.testing.assert_allclose(at(field, -10 + 3 * 2, 20 + 5, 30 + 2 * 3), [31, 22, 13])


def test_nifti_vectors_of_itk_are_lps(tmp_path: Path) -> None:
    # ITK writes vectors with intent 1007 and LPS components on RAS axes.
    field = read_field(nifti(tmp_path / "f.nii", intent=1007), planning_frame="a", session_frame="b")
    np.testing.assert_allclose(at(field, -10 + 2 * 3, 20 + 3 * 2, 30 + 5), [31, 22, 13])


def test_nifti_displacements_are_turned_from_ras(tmp_path: Path) -> None:
    # Intent 1006 (displacement vector) is in the RAS axes of the format: x and y change sign.
    field = read_field(nifti(tmp_path / "f.nii", intent=1006), planning_frame="a", session_frame="b")
    np.testing.assert_allclose(at(field, -10 + 2 * 3, 20 + 3 * 2, 30 + 5), [-31, -22, 13])


@pytest.mark.parametrize("suffix", [".mha", ".mhd", ".nii.gz", ".nrrd"])
@pytest.mark.parametrize("turn", [None, TURN])
def test_written_fields_are_read_back(tmp_path: Path, suffix: str, turn: np.ndarray | None) -> None:
    grid = Grid(np.arange(4) * 2.0 - 7, np.arange(3) * 3.0 + 1, np.arange(2) * 5.0, turn)
    field = DeformationField(grid, np.moveaxis(stored(), -1, 0), "a", "b")
    write_field(field, tmp_path / f"f{suffix}")
    back = read_field(tmp_path / f"f{suffix}", planning_frame="a", session_frame="b")
    np.testing.assert_allclose(back.vectors_mm, field.vectors_mm, atol=1e-5)
    for axis in ("x_mm", "y_mm", "z_mm"):
        np.testing.assert_allclose(getattr(back.grid, axis), getattr(grid, axis), atol=1e-4)


def test_a_field_with_matrices_needs_dicom(tmp_path: Path) -> None:
    grid = Grid(np.arange(4.0), np.arange(3.0), np.arange(2.0))
    field = DeformationField(grid, np.zeros((3, 2, 3, 4)), "a", "b", after=RigidMap(np.eye(3), np.ones(3)))
    with pytest.raises(ParameterError, match="write DICOM"):
        write_field(field, tmp_path / "f.mha")


def test_dicom_leads_from_the_registered_frame_to_the_source(tmp_path: Path) -> None:
    item = reg.deformation(
        reg.SPECT, stored(), origin=(-10, 20, 30), resolution=SPACING, before=reg.TURN, after=reg.SHIFT
    )
    path = tmp_path / "r.dcm"
    make.save(reg.deformable(item), path)
    field = read_session_field(path, planning_frame="not asked", session_frame="not asked", who="P001")
    assert (field.planning_frame, field.session_frame) == (reg.PLAN, reg.SPECT)
    # (-4, 26, 35) turns to (-26 + 10, -4 + 20, 35 + 30), then the vector (31, 22, 13), then 5 mm along x.
    found = field(*(np.array([value]) for value in (-4.0, 26.0, 35.0)))
    np.testing.assert_allclose(np.ravel(found), [-16 + 31 + 5, 16 + 22, 65 + 13], atol=1e-4)


def test_dicom_field_within_one_frame_keeps_its_direction(tmp_path: Path) -> None:
    item = reg.deformation(reg.PLAN, stored(), origin=(-10, 20, 30), resolution=SPACING)
    make.save(reg.deformable(item), tmp_path / "r.dcm")
    field = read_deformation(tmp_path / "r.dcm", who="P001")
    np.testing.assert_allclose(at(field, -4.0, 26.0, 35.0), [31, 22, 13])


def test_a_rigid_registration_leads_from_the_plan_to_the_session(tmp_path: Path) -> None:
    # The matrix takes (1, 2, 3) of the session to (8, 21, 33) of the plan: the field leads back.
    path = tmp_path / "rigid.dcm"
    make.save(reg.spatial(reg.entry(reg.SPECT, reg.matrix(reg.TURN))), path)
    field = read_session_field(path, planning_frame=reg.PLAN, session_frame=reg.SPECT, who="P001")
    np.testing.assert_allclose(np.ravel(field(*np.array([[8.0], [21.0], [33.0]]))), [1, 2, 3], atol=1e-9)
    with pytest.raises(InputError) as raised:
        read_session_field(path, planning_frame=reg.PLAN, session_frame=reg.BETWEEN, who="P001")
    assert raised.value.faults[0].code == "delivered-field-frame"
    with pytest.raises(InputError, match="found a Spatial Registration"):
        read_deformation(path, who="P001")


@pytest.mark.parametrize("turn", [None, TURN])
def test_written_dicom_is_read_back(tmp_path: Path, turn: np.ndarray | None) -> None:
    subject = Subject("Phantom^One", "S1", "seed")
    grid = Grid(np.arange(4) * 2.0 - 7, np.arange(3) * 3.0 + 1, np.arange(2) * 5.0, turn)
    after = RigidMap(TURN, np.array([1.0, -2.0, 3.5]))
    vectors = np.moveaxis(stored(), -1, 0).copy()
    vectors[:, 0, 0, 0] = np.nan
    field = DeformationField(grid, vectors, subject.frame(), subject.frame("day"), after=after)
    write_deformation(field, tmp_path / "r.dcm", subject=subject)
    back = read_deformation(tmp_path / "r.dcm", who="P001")
    assert (back.planning_frame, back.session_frame) == (field.planning_frame, field.session_frame)
    np.testing.assert_allclose(back.vectors_mm, vectors, atol=1e-6)
    np.testing.assert_allclose(back.after.rotation, TURN, atol=1e-9)
    inside = (np.eye(3) if turn is None else turn.T) @ [-4.0, 5.5, 2.0]
    points = [np.array([value]) for value in inside]
    np.testing.assert_allclose(back(*points), field(*points), atol=1e-4)


def code_of(path: Path) -> str:
    with pytest.raises(InputError) as raised:
        read_session_field(path, planning_frame="a", session_frame="b", who="P001")
    text = str(raised.value)
    assert text.startswith("P001") and str(path.parent) not in text
    return raised.value.faults[0].code


def test_unusable_fields_are_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mha"
    broken.write_bytes(metaimage(tmp_path / "f.mha").read_bytes()[:-40])
    garbage = tmp_path / "garbage.nii.gz"
    garbage.write_bytes(b"no image at all")
    other = tmp_path / "field.txt"
    other.write_text("1 2 3")
    assert code_of(tmp_path / "absent.mha") == "file-missing"
    assert code_of(broken) == "field-file"
    assert code_of(garbage) == "field-file"
    assert code_of(other) == "field-file"
    assert code_of(metaimage(tmp_path / "scalar.mha", vectors=stored()[..., :1])) == "field-file"
    two = reg.deformable(reg.deformation(reg.SPECT, stored()), reg.deformation(reg.BETWEEN, stored()))
    make.save(two, tmp_path / "two.dcm")
    assert code_of(tmp_path / "two.dcm") == "deformation-field"
