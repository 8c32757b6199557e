"""Reading RTSTRUCT; expected rings are those put into the files."""

import numpy as np
import pytest

from lungtox.dicom import read_structure_names, read_structures
from lungtox.errors import InputError
from tests.unit import dicom_files as make

SQUARE = make.square(0.0)


def stack(*heights_mm: float):
    return [make.contour(make.square(z)) for z in heights_mm]


def codes(error: pytest.ExceptionInfo[InputError]) -> list[str]:
    return [fault.code for fault in error.value.faults]


@pytest.mark.parametrize("meta", [True, False])
def test_planes_ascend_and_contours_of_one_z_stand_together(tmp_path, meta):
    contours = [*stack(6, 0, 3), make.contour(make.square(3.004, half_mm=2))]
    path = make.save(make.structures({4: ("Lung_L ", contours)}), tmp_path / "s", meta=meta)
    found = read_structures(path)
    (structure,) = found.structures.values()
    assert (structure.name, structure.number) == ("Lung_L", 4)
    assert [plane.z_mm for plane in structure.planes] == [0, 3, 6]
    assert [len(plane.rings) for plane in structure.planes] == [1, 2, 1]
    np.testing.assert_array_equal(structure.planes[1].rings[0], np.array(make.square(3))[:, :2])
    assert found.frame_of_reference == make.FRAME
    assert found.warnings == ()


def test_empty_structures_stay_with_no_planes(tmp_path):
    path = make.save(make.structures({1: ("No item", None), 2: ("No contours", [])}), tmp_path / "s")
    assert [structure.planes for structure in read_structures(path).structures.values()] == [(), ()]


def test_only_the_named_structures_are_read(tmp_path):
    rois = {n: (name, stack(0, 3)) for n, name in enumerate(["Heart", "GTV", "PTV"], start=1)}
    path = make.save(make.structures(rois), tmp_path / "s")
    assert list(read_structures(path, names={" GTV", 3, "absent"}).structures) == [2, 3]
    assert read_structure_names(path) == {1: "Heart", 2: "GTV", 3: "PTV"}


def test_closing_and_repeated_contours_are_taken_once(tmp_path):
    closed = [*SQUARE, SQUARE[0]]
    path = make.save(make.structures({1: ("A", [make.contour(closed), make.contour(SQUARE)])}), tmp_path / "s")
    found = read_structures(path)
    (ring,) = found.structures[1].planes[0].rings
    assert ring.shape == (4, 2)
    assert found.warnings == ("A: 1 contours that are there twice, taken once",)


def test_other_kinds_are_left_out_with_a_warning(tmp_path):
    contours = [
        make.contour([(0, 0, 0)], "POINT"),
        make.contour(SQUARE, "OPEN_PLANAR"),
        make.contour(SQUARE[:2]),
        make.contour(make.square(3), "CLOSEDPLANAR_XOR"),
    ]
    found = read_structures(make.save(make.structures({1: ("A", contours)}), tmp_path / "s"))
    assert [plane.z_mm for plane in found.structures[1].planes] == [3]
    assert found.warnings == (
        "A: 1 contours of type OPEN_PLANAR left out",
        "A: 1 contours of type POINT left out",
        "A: 1 contours of fewer than three points left out",
    )


def test_a_tilted_contour_is_refused_when_asked_for(tmp_path):
    tilted = make.contour([(-5, -5, 0), (5, -5, 0.5), (0, 5, 0)])
    path = make.save(make.structures({1: ("A", [tilted]), 2: ("B", stack(0))}), tmp_path / "s")
    with pytest.raises(InputError, match="P014: expected contours of A in transversal planes") as error:
        read_structures(path, names=["A"], who="P014")
    assert codes(error) == ["contour-plane"]
    found = read_structures(path)
    assert list(found.structures) == [2]
    assert found.warnings == (
        "contours of A in transversal planes expected, a contour whose points differ in z found: left out",
    )


@pytest.mark.parametrize(
    "data", [b"1\\2\\3\\4", b"0\\0\\0\\1\\x\\0\\1\\1\\0 ", b"0\\0\\0\\1\\\\0\\1\\1\\0", b"0\\0\\0\\nan\\1\\0"]
)
def test_coordinates_that_are_no_points_are_refused(tmp_path, data):
    # Put in as raw bytes of equal length, because pydicom would not write them.
    item = make.contour([(0, 0, 0), (1, 1, 0), (2, 2, 0)])
    padded = b"0\\0\\0\\1\\1\\0\\2\\2\\0 "
    path = make.save(make.structures({1: ("A", [item])}), tmp_path / "s")
    content = path.read_bytes()
    assert content.count(padded) == 1
    path.write_bytes(content.replace(padded, data.ljust(len(padded))))
    with pytest.raises(InputError) as error:
        read_structures(path, names=[1])
    assert codes(error) == ["contour"]


def test_coordinates_with_blanks_and_exponents(tmp_path):
    item = make.contour(SQUARE)
    item.ContourData = ["-1e1", " -10", "0 ", "10.0", "-10", "0", "+10", "10", "0"]
    (ring,) = (
        read_structures(make.save(make.structures({1: ("A", [item])}), tmp_path / "s")).structures[1].planes[0].rings
    )
    assert ring.tolist() == [[-10, -10], [10, -10], [10, 10]]


def test_two_frames_of_reference_are_refused_unless_only_one_is_asked_for(tmp_path):
    rois = {1: ("A", stack(0)), 2: ("B", stack(0))}
    path = make.save(make.structures(rois, frames=("1.2.3", "1.2.4")), tmp_path / "s")
    with pytest.raises(InputError) as error:
        read_structures(path)
    assert codes(error) == ["frame-of-reference"]
    assert "1.2.3" not in str(error.value)
    assert read_structures(path, names=["B"]).frame_of_reference == "1.2.4"


def test_the_frame_of_reference_of_the_whole_set_is_the_fallback(tmp_path):
    dataset = make.structures({1: ("A", stack(0))}, frames=("",))
    dataset.FrameOfReferenceUID = "1.2.9"
    assert read_structures(make.save(dataset, tmp_path / "s")).frame_of_reference == "1.2.9"
    dataset.ReferencedFrameOfReferenceSequence = [make.Dataset()]
    dataset.ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID = "1.2.8"
    assert read_structures(make.save(dataset, tmp_path / "s")).frame_of_reference == "1.2.8"
