"""Function images at points: trilinear interpolation reproduces linear functions exactly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungtox.dicom import FunctionImage
from lungtox.errors import InputError
from lungtox.geometry import Grid, Image
from lungtox.imaging import FrameMap, sample_function

GRID = Grid(np.array([0.0, 4, 8, 12]), np.array([-10.0, -5, 0]), np.array([0.0, 3, 7, 12, 13]))
Z, Y, X = np.meshgrid(GRID.z_mm, GRID.y_mm, GRID.x_mm, indexing="ij")
LINEAR = Image(GRID, 100 + 2 * X - 3 * Y + 0.5 * Z)
FUNCTION = FunctionImage(LINEAR, "frame")


def sample(function, points, volume_cc=None):
    x, y, z = np.array(points, dtype=float).T
    volume = np.ones(len(points)) if volume_cc is None else np.array(volume_cc)
    return sample_function(function, x, y, z, volume_cc=volume, to_image=FrameMap.same_frame(), who="P014")


@given(st.floats(0, 12), st.floats(-10, 0), st.floats(0, 13))
def test_linear_functions_are_exact(x, y, z):
    assert sample(FUNCTION, [(x, y, z)])[0] == pytest.approx(100 + 2 * x - 3 * y + 0.5 * z, abs=1e-9)


def test_the_same_frame_of_reference_means_the_identity():
    assert sample(FUNCTION, [(1, -2, 3), (5, -7, 9)]).tolist() == [109.5, 135.5]  # 100 + 2x - 3y + z/2 by hand


def test_an_image_that_ends_inside_is_refused_with_the_volume_share():
    with pytest.raises(InputError, match=r"found 25 % of their volume outside"):
        sample(FUNCTION, [(0, 0, 0), (0, 0, 0), (100, 0, 0)], volume_cc=[1.0, 2, 1])


def test_no_counts_within_the_structure():
    empty = FunctionImage(Image(GRID, np.zeros(GRID.shape)), "frame")
    with pytest.raises(InputError, match="counts within the lungs"):
        sample(empty, [(0, 0, 0)])
