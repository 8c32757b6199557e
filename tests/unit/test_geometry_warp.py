"""Images brought through deformation fields, and the Jacobian determinants of those."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungtox.errors import ParameterError
from lungtox.geometry import DeformationField, Grid, Image, RigidMap, interpolate, jacobian_determinant, pull_back

X, Y, Z = (np.arange(count) * step + start for count, step, start in ((13, 2.5, -11.0), (11, 3.0, 4.0), (9, 2.0, -7.5)))
GRID = Grid(X, Y, Z)
QUARTER = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])


def points(grid: Grid) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Patient coordinates of all samples, shape of the grid."""
    z, y, x = np.meshgrid(grid.z_mm, grid.y_mm, grid.x_mm, indexing="ij")
    if grid.turn is not None:
        x, y, z = (grid.turn[0, i] * x + grid.turn[1, i] * y + grid.turn[2, i] * z for i in range(3))
    return x, y, z


def field_of(grid: Grid, moved: object, **more: object) -> DeformationField:
    """A field whose vectors are what a function of x, y, z gives."""
    vectors = np.stack(np.broadcast_arrays(*moved(*points(grid)), np.zeros(grid.shape))[:3])  # type: ignore[operator]
    return DeformationField(grid, vectors, "plan", "day", **more)  # type: ignore[arg-type]


def linear(matrix: np.ndarray, shift: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> object:
    def moved(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, ...]:
        return tuple(row[0] * x + row[1] * y + row[2] * z + own for row, own in zip(matrix, shift, strict=True))

    return moved


MATRICES = st.lists(st.floats(-0.2, 0.2), min_size=9, max_size=9).map(lambda cells: np.reshape(cells, (3, 3)))


@given(matrix=MATRICES)
@settings(max_examples=25, deadline=None)
def test_jacobian_of_an_affine_field_is_its_determinant_everywhere(matrix: np.ndarray) -> None:
    expected = np.linalg.det(np.eye(3) + matrix)  # q = (1 + M) p
    uneven = Grid(X, Y, np.array([-7.0, -6.0, -3.0, 0.0, 4.5]))
    turned = Grid(X, Y, Z, QUARTER @ np.diag([1.0, -1.0, -1.0]))
    for grid in (GRID, uneven, turned):
        found = jacobian_determinant(field_of(grid, linear(matrix))).values
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_rigid_maps_around_the_vectors_change_no_volume() -> None:
    around = {"before": RigidMap(QUARTER, np.array([1.0, 2.0, 3.0])), "after": RigidMap(QUARTER.T, np.ones(3))}
    still = jacobian_determinant(field_of(GRID, linear(np.zeros((3, 3))), **around))
    np.testing.assert_allclose(still.values, 1.0, atol=1e-12)
    # q = A (B p + M p). With M = diag(.1, 0, 0): B + M = [[.1, -1, 0], [1, 0, 0], [0, 0, 1]], determinant 1, not 1.1.
    found = jacobian_determinant(field_of(GRID, linear(np.diag([0.1, 0.0, 0.0])), **around))
    np.testing.assert_allclose(found.values, 1.0, atol=1e-12)
    found = jacobian_determinant(field_of(GRID, linear(0.1 * QUARTER), **around))  # q = A (1.1 B p)
    np.testing.assert_allclose(found.values, 1.331, atol=1e-12)


def test_jacobian_of_a_sine_follows_its_derivative() -> None:
    # u_x = a sin(k x): det = 1 + a k cos(k x); central differences see sin(k h)/(k h) of it.
    axis = np.arange(81) * 1.0
    grid = Grid(axis, axis[:3], axis[:3])
    a, k = 6.0, 2 * np.pi / 40
    found = jacobian_determinant(field_of(grid, lambda x, y, z: (a * np.sin(k * x), 0 * x, 0 * x))).values
    expected = 1 + a * k * np.cos(k * axis) * np.sin(k) / k
    np.testing.assert_allclose(found[1, 1, 1:-1], expected[1:-1], atol=1e-12)
    assert found.min() == pytest.approx(1 - a * k, abs=0.005)  # .0575: it does not fold
    folded = jacobian_determinant(field_of(grid, lambda x, y, z: (8.0 * np.sin(k * x), 0 * x, 0 * x))).values
    # 8 k = 1.2566: cos(k x) < -1/1.2566 in arccos(.7958)/pi = 20.7 % of a period, 2 x 8.29 of 80 nodes.
    assert np.mean(folded[1, 1, 1:] <= 0) == pytest.approx(0.207, abs=0.02)


def test_a_fold_at_one_node_is_seen_where_central_differences_do_not() -> None:
    vectors = np.zeros((3, 5, 5, 5))
    vectors[0, 2, 2, 2] = 3.0  # beyond its neighbour at 2.5 mm
    found = jacobian_determinant(DeformationField(Grid(X[:5], Y[:5], Z[:5]), vectors, "plan", "day")).values
    assert found[2, 2, 2] == pytest.approx(1 - 3.0 / 2.5)
    assert (found <= 0).sum() == 2  # the node, and its neighbour that it passes


def test_a_field_of_zeros_changes_nothing() -> None:
    rng = np.random.default_rng(1)
    tenths = Grid(-11.0 + 0.1 * np.arange(13), 0.3 * np.arange(11), np.array([0.0, 1.0, 2.5, 3.0]))
    for grid in (GRID, tenths):
        image = Image(grid, rng.random(grid.shape))
        coarse = Grid(*(np.linspace(axis[0] - 1, axis[-1] + 1, 4) for axis in (grid.x_mm, grid.y_mm, grid.z_mm)))
        for field in (None, field_of(grid, linear(np.zeros((3, 3)))), field_of(coarse, linear(np.zeros((3, 3))))):
            found = pull_back(image, field, grid, threads=2).values
            assert np.array_equal(found[:-1, :-1, :-1], image.values[:-1, :-1, :-1])
            np.testing.assert_allclose(found, image.values, rtol=0, atol=1e-15)


@given(shift=st.tuples(*[st.floats(-3, 3)] * 3), gradient=st.tuples(*[st.floats(-5, 5)] * 3), turn=st.floats(-0.3, 0.3))
@settings(max_examples=25, deadline=None)
def test_a_linear_image_is_read_at_the_end_of_the_vector(
    shift: tuple[float, float, float], gradient: tuple[float, float, float], turn: float
) -> None:
    rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    wide = Grid(*(np.linspace(-80, 80, 17) for _ in range(3)))
    x, y, z = points(wide)
    image = Image(wide, gradient[0] * x + gradient[1] * y + gradient[2] * z)
    field = field_of(wide, linear(np.zeros((3, 3)), shift), before=RigidMap(rotation, np.array([1.0, 2.0, 3.0])))
    p = points(GRID)
    ends = [sum(rotation[i, j] * p[j] for j in range(3)) + (1.0, 2.0, 3.0)[i] + shift[i] for i in range(3)]
    expected = sum(slope * end for slope, end in zip(gradient, ends, strict=True))
    np.testing.assert_allclose(pull_back(image, field, GRID).values, expected, atol=1e-9)


@pytest.mark.parametrize("turned", ["nothing", "image", "field", "plan", "uneven image"])
def test_plane_by_plane_equals_point_by_point(turned: str) -> None:
    rng = np.random.default_rng(2)
    turn = np.array([[0.6, 0.8, 0.0], [-0.8, 0.6, 0.0], [0.0, 0.0, 1.0]])

    def grid(name: str, count: int, half: float) -> Grid:
        axes = [np.linspace(-half, half, count + extra) for extra in range(3)]
        if turned == f"uneven {name}":
            axes[2] = np.sort(np.append(axes[2], 1.234))
        return Grid(*axes, turn if turned == name else None)

    of_image, of_field, of_plan = grid("image", 9, 30), grid("field", 5, 25), grid("plan", 11, 20)
    image = Image(of_image, rng.random(of_image.shape))
    around = [RigidMap(turn @ turn, np.array([1.0, -2.0, 0.5])), RigidMap(turn, np.array([0.0, 1.0, 0.0]))]
    field = DeformationField(of_field, 4 * rng.standard_normal((3, *of_field.shape)), "plan", "day", *around)
    ends = np.nan_to_num(field(*(axis.ravel() for axis in points(of_plan))), nan=1e6)  # far outside
    expected = interpolate(image, *ends)
    found = pull_back(image, field, of_plan, threads=2).values.ravel()
    assert np.array_equal(np.isnan(found), np.isnan(expected))
    assert 0.5 < np.isfinite(found).mean() < 1.0  # some corners leave the image or the field
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_vectors_must_fit_their_grid() -> None:
    with pytest.raises(ParameterError, match="vectors of shape"):
        DeformationField(GRID, np.zeros((3, 2, 2, 2)), "plan", "day")
    with pytest.raises(ParameterError, match="two nodes"):
        DeformationField(Grid(X, Y, Z[:1]), np.zeros((3, 1, 11, 13)), "plan", "day")
    assert "plan" not in repr(field_of(GRID, linear(np.zeros((3, 3))))).replace("planning", "")
