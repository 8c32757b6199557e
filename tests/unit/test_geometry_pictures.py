"""Planes through images and regions as images: against linear functions and boxes."""

from __future__ import annotations

import numpy as np
import pytest

from lungtox.errors import ParameterError
from lungtox.geometry import Grid, Image, Plane, Region, RigidMap, Structure, middle_mm, plane_values, share_image

GRID = Grid(np.arange(-20.0, 21.0, 4.0), np.arange(-10.0, 31.0, 5.0), np.array([0.0, 3.0, 6.0, 10.0, 20.0]))
AXES = (np.arange(-18.0, 19.0, 1.5), np.array([7.0]), np.arange(-1.0, 19.0, 2.0))


def linear(x, y, z):
    return 2.0 * x - 0.5 * y + 3.0 * z


def image(turn=None) -> Image:
    z, y, x = np.meshgrid(GRID.z_mm, GRID.y_mm, GRID.x_mm, indexing="ij")
    return Image(Grid(GRID.x_mm, GRID.y_mm, GRID.z_mm, turn), linear(x, y, z))


def test_a_plane_through_a_linear_image_is_that_function_and_nan_outside() -> None:
    for single, shape in ((0, (10, 3)), (1, (10, 25)), (2, (3, 25))):
        axes = [AXES[0], np.array([3.0, 7.0, 11.0]), AXES[2]]
        axes[single] = axes[single][2:3]
        found = plane_values(image(), axes)
        assert found.shape == shape
        z, y, x = (np.squeeze(part, axis=2 - single) for part in np.meshgrid(*axes[::-1], indexing="ij"))
        inside = z >= 0.0
        assert np.allclose(found[inside], linear(x, y, z)[inside], rtol=0, atol=1e-9)
        assert np.isnan(found[~inside]).all()


def test_a_plane_is_taken_over_a_map_and_through_a_turned_grid() -> None:
    shift = RigidMap(np.eye(3), np.array([1.0, -2.0, 2.5]))
    z, x = np.meshgrid(AXES[2], AXES[0], indexing="ij")
    found = plane_values(image(), AXES, through=shift)
    inside = ~np.isnan(found)
    assert inside.sum() > 100
    assert np.allclose(found[inside], linear(x + 1.0, 5.0, z + 2.5)[inside], rtol=0, atol=1e-9)
    # Axes turned by a quarter about z: the grid's first axis runs along y, its second against x.
    turn = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    found = plane_values(image(turn), AXES)
    inside = ~np.isnan(found)
    assert inside.any()
    assert np.allclose(found[inside], linear(7.0, -x, z)[inside], rtol=0, atol=1e-9)


def test_three_long_axes_are_no_plane() -> None:
    with pytest.raises(ParameterError, match="one coordinate along one axis"):
        plane_values(image(), (AXES[0], AXES[0], AXES[2]))


def box(x: float, z: tuple[float, ...], half: float = 10.0) -> Structure:
    ring = np.array([[x - half, -half], [x + half, -half], [x + half, half], [x - half, half]])
    return Structure("box", tuple(Plane(one, (ring,)) for one in z))


def test_the_share_of_a_box_adds_up_to_its_volume_and_is_a_half_at_its_faces() -> None:
    shares = share_image(box(30.0, (0.0, 3.0, 6.0)), pixel_mm=1.5, slice_mm=3.0)
    # Planes 3 mm apart: 20 x 20 mm on each.
    assert shares.values.sum(axis=(1, 2)) * 1.5**2 == pytest.approx([0, 400, 400, 400, 0])
    assert list(shares.grid.z_mm) == [-3, 0, 3, 6, 9]
    assert middle_mm(shares) == pytest.approx((30, 0, 3))
    at_face = plane_values(shares, (np.array([30.0, 31.0]), np.array([0.0]), np.array([-1.5, 7.5])))
    assert at_face == pytest.approx(np.full((2, 2), 0.5))


def test_a_gap_between_planes_is_empty() -> None:
    shares = share_image(box(0.0, (0.0, 3.0, 30.0, 33.0)), pixel_mm=2.0, slice_mm=3.0)
    column = plane_values(shares, (np.array([0.0, 1.0]), np.array([0.0]), np.array([1.5, 16.5, 31.5])))[:, 0]
    assert column == pytest.approx([1, 0, 1])


def test_the_middle_of_two_targets_lies_in_one_of_them() -> None:
    two = Region("GTV", (box(-60.0, (0.0, 3.0)), box(60.0, (0.0, 3.0), half=8.0)))
    x, y, z = middle_mm(share_image(two, pixel_mm=2.0, slice_mm=3.0))
    assert -70 <= x <= -50 and abs(y) <= 10 and 0 <= z <= 3


def test_a_structure_without_contours_is_refused() -> None:
    with pytest.raises(ParameterError, match="no contours to draw"):
        share_image(Structure("empty", ()), pixel_mm=2.0, slice_mm=3.0)
