"""Function images at points: trilinear interpolation reproduces linear functions exactly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungtox.dicom import FunctionImage
from lungtox.errors import InputError
from lungtox.geometry import Grid, Image
from lungtox.imaging import interpolate, sample_function

GRID = Grid(np.array([0.0, 4, 8, 12]), np.array([-10.0, -5, 0]), np.array([0.0, 3, 7, 12, 13]))
Z, Y, X = np.meshgrid(GRID.z_mm, GRID.y_mm, GRID.x_mm, indexing="ij")
LINEAR = Image(GRID, 100 + 2 * X - 3 * Y + 0.5 * Z)
FUNCTION = FunctionImage(LINEAR, "frame")


@given(st.floats(0, 12), st.floats(-10, 0), st.floats(0, 13))
def test_linear_functions_are_exact(x, y, z):
    assert interpolate(LINEAR, np.array([[x, y, z]]))[0] == pytest.approx(100 + 2 * x - 3 * y + 0.5 * z, abs=1e-9)


def test_the_outermost_value_holds_to_the_edge_of_its_voxel():
    # Half voxels: 2 mm in x; 0.5 mm above the last slice and 1.5 mm below the first.
    points = np.array(
        [[-2, 0, 0], [-2.01, 0, 0], [0, 0, 13.5], [0, 0, 13.51], [0, 0, -1.5], [0, 0, -1.51]], dtype=float
    )
    found = interpolate(LINEAR, points)
    assert found[[0, 2, 4]].tolist() == [100.0, 106.5, 100.0]
    assert np.isnan(found[[1, 3, 5]]).all()


def test_a_single_slice_holds_only_where_it_lies():
    image = Image(Grid(GRID.x_mm, GRID.y_mm, np.array([5.0])), np.ones((1, 3, 4)))
    found = interpolate(image, np.array([[1.0, -1.0, 5.0], [1.0, -1.0, 5.1]]))
    assert found[0] == 1.0
    assert np.isnan(found[1])


def test_the_same_frame_of_reference_means_the_identity():
    points = np.array([[1.0, -2, 3], [5, -7, 9]])
    found = sample_function(FUNCTION, points, volumes_cc=np.ones(2), frame_of_reference="frame", who="P")
    assert found.tolist() == [109.5, 135.5]  # 100 + 2x - 3y + z/2 by hand


def test_another_frame_is_refused_without_naming_it():
    with pytest.raises(InputError, match=r"P014: .*another frame") as error:
        sample_function(FUNCTION, np.zeros((1, 3)), volumes_cc=np.ones(1), frame_of_reference="other", who="P014")
    assert error.value.faults[0].code == "spect-frame"
    assert "other" not in error.value.faults[0].found.replace("another", "")


def test_an_image_that_ends_inside_is_refused_with_the_volume_share():
    points = np.array([[0.0, 0, 0], [0, 0, 0], [100, 0, 0]])
    with pytest.raises(InputError, match=r"found 25 % of their volume outside"):
        sample_function(FUNCTION, points, volumes_cc=np.array([1.0, 2, 1]), frame_of_reference="frame", who="P")


def test_no_counts_within_the_structure():
    empty = FunctionImage(Image(GRID, np.zeros(GRID.shape)), "frame")
    with pytest.raises(InputError, match="counts within the lungs"):
        sample_function(empty, np.zeros((1, 3)), volumes_cc=np.ones(1), frame_of_reference="frame", who="P")
