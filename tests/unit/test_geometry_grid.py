"""Grids and structure sets refuse what they cannot hold."""

import numpy as np
import pytest

from lungtox.errors import ParameterError
from lungtox.geometry import Grid, Image, Structure, StructureSet


def test_axes_ascend_and_values_fit():
    with pytest.raises(ParameterError, match="y_mm"):
        Grid(np.arange(3.0), np.array([1.0, 0.0]), np.arange(2.0))
    grid = Grid(np.arange(3.0), np.arange(4.0), np.arange(2.0))
    assert grid.shape == (2, 4, 3)
    with pytest.raises(ParameterError, match="shape"):
        Image(grid, np.zeros((3, 4, 2)))


def test_structures_are_found_by_name():
    lung, twin, other = Structure("Lung ", ()), Structure("Twin", (), 2), Structure("Twin", (), 3)
    structures = StructureSet({1: lung, 2: twin, 3: other}, "frame")
    assert structures.named("Lung") is lung
    for name in ("Twin", "Heart"):
        with pytest.raises(KeyError):
            structures.named(name)
