"""Registrations against plastimatch: its own Spatial Registration object, and images that it warped itself."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from lungtox.dicom import FunctionImage, read_registration
from lungtox.geometry import Grid, Image
from lungtox.imaging import map_frames, sample_function
from tests.unit import dicom_files as make
from tests.unit.registration_files import PLAN, SPECT, deformable, deformation, entry, matrix, spatial

pytestmark = pytest.mark.skipif(shutil.which("plastimatch") is None, reason="plastimatch is not installed")

# 12 degrees about z, then 10, -4, 7 mm, as plastimatch has it: from the fixed image (the plan) to the moving one.
C, S = np.cos(np.radians(12)), np.sin(np.radians(12))
TO_SPECT = np.array([[C, -S, 0, 10], [S, C, 0, -4], [0, 0, 1, 7], [0, 0, 0, 1]])
TRANSFORM = (
    "#Insight Transform File V1.0\n#Transform 0\nTransform: AffineTransform_double_3_3\n"
    f"Parameters: {' '.join(repr(float(v)) for v in (*TO_SPECT[:3, :3].ravel(), *TO_SPECT[:3, 3]))}\n"
    "FixedParameters: 0 0 0\n"
)
AXES = (np.arange(-40.0, 41, 4), np.arange(-36.0, 37, 4), np.arange(-30.0, 31, 5))  # x, y, z


def plastimatch(*arguments: str | Path) -> None:
    subprocess.run(["plastimatch", *map(str, arguments)], check=True, capture_output=True)


def write_mha(path: Path, values: np.ndarray) -> Path:
    """An uncompressed MetaImage on AXES; vectors in the last axis."""
    channels = values.shape[3] if values.ndim == 4 else 1
    header = [
        "ObjectType = Image", "NDims = 3", "BinaryData = True", "BinaryDataByteOrderMSB = False",
        f"Offset = {' '.join(str(axis[0]) for axis in AXES)}",
        f"ElementSpacing = {' '.join(str(axis[1] - axis[0]) for axis in AXES)}",
        f"DimSize = {' '.join(str(axis.size) for axis in AXES)}",
        f"ElementNumberOfChannels = {channels}", "ElementType = MET_FLOAT", "ElementDataFile = LOCAL",
    ]  # fmt: skip
    path.write_bytes(("\n".join(header) + "\n").encode() + values.astype("<f4").tobytes())
    return path


def read_mha(path: Path) -> np.ndarray:
    shape = tuple(axis.size for axis in reversed(AXES))
    return np.frombuffer(path.read_bytes()[-4 * int(np.prod(shape)) :], "<f4").reshape(shape)


def blob() -> np.ndarray:
    """Three unequal hills: nothing about it is symmetric, and it has values everywhere."""
    z, y, x = np.meshgrid(*reversed(AXES), indexing="ij")
    hills = ((100, 15, 10, -5, 14), (60, -20, 5, 10, 10), (80, 5, -18, 3, 8))
    return (
        5
        + 0.02 * x
        + sum(
            height * np.exp(-((x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2) / (2 * width**2))
            for height, a, b, c, width in hills
        )
    )


def inner_points() -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], tuple[slice, slice, slice]]:
    """Voxels so far inside that both images hold them after the move."""
    inside = (slice(3, -5), slice(6, -6), slice(6, -8))
    z, y, x = (axis[inside].ravel() for axis in np.meshgrid(*reversed(AXES), indexing="ij"))
    return (x, y, z), inside


def through(path: Path) -> np.ndarray:
    """Sample the hills at the inner points of the plan through a registration object."""
    image = FunctionImage(Image(Grid(*AXES), blob()), SPECT)
    found = map_frames([read_registration(path)], origin=PLAN, destination=SPECT, who="P014")
    points, _ = inner_points()
    return sample_function(image, *points, volume_cc=np.ones(points[0].size), to_image=found, who="P014")


def series(folder: Path, frame: str, number: int) -> Path:
    """Two slices of CT, enough to tell plastimatch a frame of reference."""
    folder.mkdir()
    for slice_number in range(2):
        dataset = make.dose(np.ones((1, 4, 4), "<u2"), NumberOfFrames=None, GridFrameOffsetVector=None)
        dataset.SOPClassUID, dataset.Modality, dataset.FrameOfReferenceUID = "1.2.840.10008.5.1.4.1.1.2", "CT", frame
        dataset.SOPInstanceUID = f"1.2.3.{number}.{slice_number + 1}"
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.3.1", f"1.2.3.{number}"
        dataset.PatientID, dataset.PatientName, dataset.InstanceNumber = "X", "X", slice_number + 1
        dataset.ImagePositionPatient, dataset.SliceThickness = [0, 0, 4 * slice_number], 4
        dataset.RescaleSlope, dataset.RescaleIntercept = 1, 0
        make.save(dataset, folder / f"{slice_number}.dcm")
    return folder


def test_the_object_that_plastimatch_writes_leads_where_its_transform_leads(tmp_path: Path) -> None:
    (tmp_path / "t.tfm").write_text(TRANSFORM)
    plan, spect = series(tmp_path / "plan", PLAN, 21), series(tmp_path / "spect", SPECT, 22)
    out = tmp_path / "out"
    plastimatch("xf-convert", "--input", tmp_path / "t.tfm", "--fixed-rcs", plan, "--moving-rcs", spect,
                "--output-dicom", out)  # fmt: skip
    (path,) = out.iterdir()
    found = map_frames([read_registration(path)], origin=PLAN, destination=SPECT, who="P014")
    points = np.array([[30.0, -20, 50], [0, 0, 0], [-100, 60, 7]])
    # plastimatch writes six decimals, which moves a point at 120 mm by less than 0.001 mm.
    moved = np.column_stack(found(*points.T))
    np.testing.assert_allclose(moved, points @ TO_SPECT[:3, :3].T + TO_SPECT[:3, 3], atol=1e-3)
    assert found.rotation_deg == pytest.approx(12, abs=1e-3)


def test_a_matrix_gives_the_image_that_plastimatch_warps(tmp_path: Path) -> None:
    (tmp_path / "t.tfm").write_text(TRANSFORM)
    image = write_mha(tmp_path / "spect.mha", blob())
    plastimatch("warp", "--input", image, "--xf", tmp_path / "t.tfm", "--fixed", image, "--output-img",
                tmp_path / "warped.mha", "--output-type", "float")  # fmt: skip
    dataset = spatial(entry(SPECT, matrix(np.linalg.inv(TO_SPECT).ravel())))
    path = make.save(dataset, tmp_path / "reg")
    _, inside = inner_points()
    np.testing.assert_allclose(through(path), read_mha(tmp_path / "warped.mha")[inside].ravel(), atol=0.01)


def test_a_vector_field_gives_the_image_that_plastimatch_warps(tmp_path: Path) -> None:
    z, y, x = np.meshgrid(*reversed(AXES), indexing="ij")
    vectors = np.stack([5 + 0.08 * y, -4 + 0.05 * z, 6 - 0.07 * x], axis=-1)
    image = write_mha(tmp_path / "spect.mha", blob())
    field = write_mha(tmp_path / "field.mha", vectors)
    plastimatch(
        "warp", "--input", image, "--xf", field, "--output-img", tmp_path / "warped.mha", "--output-type", "float"
    )
    item = deformation(SPECT, vectors, origin=[axis[0] for axis in AXES], resolution=(4, 4, 5))
    path = make.save(deformable(item), tmp_path / "reg")
    _, inside = inner_points()
    np.testing.assert_allclose(through(path), read_mha(tmp_path / "warped.mha")[inside].ravel(), atol=0.01)
