"""Trilinear interpolation: exact for a function that is linear along each axis."""

import numpy as np
import pytest

from lungtox.errors import ParameterError
from lungtox.geometry import Grid, Image, interpolate


def image(z_mm=(0.0, 2.0, 5.0)):
    x, y, z = np.arange(4) * 2.0, np.arange(3) * 1.5 - 1, np.array(z_mm)
    values = 1 + x * 2 + y[:, None] * 3 + z[:, None, None] * 5 + x * y[:, None] * z[:, None, None]
    return Image(Grid(x, y, z), values)


@pytest.mark.parametrize("z_mm", [(0.0, 2.0, 5.0), (0.0, 2.5, 5.0)])
def test_trilinear_function_is_reproduced(z_mm):
    rng = np.random.default_rng(7)
    x, y, z = rng.uniform(0, 6, 50), rng.uniform(-1, 2, 50), rng.uniform(0, 5, 50)
    x[0], y[0], z[0] = 6.0, 2.0, 5.0  # the last voxel centre belongs to the grid
    expected = 1 + 2 * x + 3 * y + 5 * z + x * y * z
    assert interpolate(image(z_mm), x, y, z) == pytest.approx(expected)


@pytest.mark.parametrize(
    "point", [(-0.01, 0, 1), (6.01, 0, 1), (1, -1.01, 1), (1, 2.01, 1), (1, 0, -0.01), (1, 0, 5.1)]
)
def test_nothing_is_extrapolated(point):
    assert np.isnan(interpolate(image(), *[[value] for value in point])).all()


def test_an_axis_of_one_sample_is_refused():
    with pytest.raises(ParameterError, match="at least two samples"):
        interpolate(Image(Grid(np.zeros(1), np.arange(2.0), np.arange(2.0)), np.zeros((2, 2, 1))), [0], [0], [0])
