"""Rigid maps between frames of reference, against turns that can be done by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungtox.errors import ParameterError
from lungtox.geometry import RigidMap

# A quarter turn about z takes x to y and y to -x.
QUARTER = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])


def at(*point: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, y, z = (np.array([value]) for value in point)
    return x, y, z


def test_a_quarter_turn_and_a_shift() -> None:
    turned = RigidMap(QUARTER, np.array([10.0, 20.0, 30.0]))(*at(1, 2, 3))
    assert np.ravel(turned).tolist() == [8, 21, 33]


def test_then_applies_this_map_first() -> None:
    turn = RigidMap(QUARTER, np.zeros(3))
    move = RigidMap(np.eye(3), np.array([5.0, 0.0, 0.0]))
    assert np.ravel(turn.then(move)(*at(1, 0, 0))).tolist() == [5, 1, 0]
    assert np.ravel(move.then(turn)(*at(1, 0, 0))).tolist() == [0, 6, 0]


def test_the_angle_of_a_quarter_turn_is_90_degrees() -> None:
    assert RigidMap(QUARTER, np.zeros(3)).angle_deg == pytest.approx(90)
    assert RigidMap.identity().angle_deg == 0


@given(st.floats(-180, 180), st.tuples(*[st.floats(-500, 500)] * 3))
def test_the_inverse_leads_back(angle_deg: float, shift: tuple[float, float, float]) -> None:
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    moved = RigidMap(np.array([[1, 0, 0], [0, c, -s], [0, s, c]]), np.array(shift))
    back = moved.inverse()(*moved(*at(7, -11, 13)))
    assert np.ravel(back) == pytest.approx([7, -11, 13], abs=1e-9)


@pytest.mark.parametrize("matrix", [np.diag([1.0, 1.0, -1.0]), np.diag([1.0, 1.0, 1.1]), np.full((3, 3), np.nan)])
def test_a_matrix_that_mirrors_or_stretches_is_refused(matrix: np.ndarray) -> None:
    with pytest.raises(ParameterError, match="not a rotation"):
        RigidMap(matrix, np.zeros(3))
