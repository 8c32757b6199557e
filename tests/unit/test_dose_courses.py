"""Several doses, and oblique ones, at the same points of a region. Figures by hand: linear doses in boxes."""

import numpy as np
import pytest

from lungtox.dose import compute_dvh, eqd2_gy, sample_courses, sample_region
from lungtox.dose.sampling import SAMPLES
from lungtox.errors import InputError, ParameterError
from lungtox.geometry import Dose, Grid, Image, Plane, Region, Structure

SQUARE = np.array([[-10.0, -10], [10, -10], [10, 10], [-10, 10]])
BOX = Structure("Box", tuple(Plane(float(z), (SQUARE,)) for z in range(0, 31, 3)))  # x, y -10..10, z -1.5..31.5
TURN = 0.5


def linear(axes, gy=lambda x, y, z: 20 + 0.2 * x, fractions=None, turn=None):
    """Dose that is linear in patient coordinates, on a grid along the axes or turned."""
    grid = Grid(*(np.asarray(axis, dtype=float) for axis in axes), turn=turn)
    z, y, x = np.meshgrid(grid.z_mm, grid.y_mm, grid.x_mm, indexing="ij")
    if turn is not None:
        x, y, z = (turn[0, n] * x + turn[1, n] * y + turn[2, n] * z for n in range(3))
    return Dose(Image(grid, gy(x, y, z)), "F", fractions)


def axes(step, low=-40, high=44):
    return [np.arange(low, high + 0.1, step)] * 3


def tilted(angle=TURN):
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1, 0, 0], [0, c, s], [0, -s, c]]) @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])


def test_one_straight_dose_is_sampled_as_it_is():
    dose = linear(axes(4))
    one, plain = sample_courses(BOX, [dose]), sample_region(BOX, dose)
    for name in ("x_mm", "y_mm", "z_mm", "volume_cc", "dose_gy"):
        assert getattr(one.samples, name).tobytes() == getattr(plain, name).tobytes()
    assert one.samples.coverage_pct == 100


def test_an_oblique_grid_gives_the_same_dvh_as_a_straight_one():
    # A linear dose is reproduced by trilinear interpolation on any grid: mean 20 Gy, 18 to 22 Gy.
    oblique = compute_dvh(BOX, linear(axes(4, -60, 60), turn=tilted()))
    assert oblique.mean_gy == pytest.approx(20, abs=2e-3)
    assert (oblique.min_gy, oblique.max_gy) == (pytest.approx(18, abs=0.05), pytest.approx(22, abs=0.05))
    assert oblique.structure_cc == pytest.approx(0.4 * 33, rel=1e-6)
    assert oblique.coverage_pct == 100


def test_an_oblique_grid_that_ends_inside_the_structure():
    # Turned by 45 degrees about z, x' = (x + y) / sqrt(2) from 0 on: exactly half of the box.
    c = np.sqrt(0.5)
    turn = np.array([[c, c, 0], [-c, c, 0], [0, 0, 1.0]])
    dose = linear([np.arange(0, 61, 2), np.arange(-60, 61, 2), np.arange(-20, 61, 2)], turn=turn)
    found = sample_courses(BOX, [dose]).samples
    assert found.coverage_pct == pytest.approx(50, abs=0.5)
    assert any("% lies outside" in text for text in found.warnings)
    far = linear([np.arange(100, 161, 2), np.arange(-60, 61, 2), np.arange(-20, 61, 2)], turn=turn)
    with pytest.raises(InputError, match="no part of it inside"):
        sample_courses(BOX, [far])
    with pytest.raises(InputError, match="closed contours"):
        sample_courses(Structure("None", ()), [dose])
    with pytest.raises(ParameterError, match="sample_courses"):
        sample_region(BOX, dose)


@pytest.mark.parametrize("start", [-20.0, -3.0, 11.0, 24.0])
def test_the_covered_share_of_a_sphere_in_an_oblique_grid(start):
    # The grid begins at this distance from the middle of a sphere of 30 mm: a cap of h = r - s is inside,
    # h^2 (3 r - h) / (4 r^3) of it.
    radius, turn = 30.0, np.linspace(0, 2 * np.pi, 360, endpoint=False)
    circle = np.column_stack([np.cos(turn), np.sin(turn)])
    heights = np.arange(-29.5, 30)
    sphere = Structure("Sphere", tuple(Plane(float(z), ((radius**2 - z**2) ** 0.5 * circle,)) for z in heights))
    wide = np.arange(-60, 60.1, 2.5)
    dose = linear([start + np.arange(0, 90.1, 2.5), wide, wide], turn=tilted(0.8))
    found = sample_courses(sphere, [dose], end_cap="rounded", between_planes="interpolated").samples.coverage_pct
    height = radius - start
    assert found == pytest.approx(100 * height**2 * (3 * radius - height) / (4 * radius**3), abs=0.2)


@pytest.mark.parametrize("turn", [None, tilted()])
def test_courses_on_different_grids_are_added_and_converted_one_by_one(turn):
    # 50 Gy in 25 and 10 Gy in 1, both uniform: EQD2 with alpha/beta 3 is 50 + 10 * 13 / 5 = 76 Gy.
    # One dose of 60 Gy in 26 fractions would make 60 * (60 / 26 + 3) / 5 = 63.7 Gy.
    first = linear(axes(4), lambda x, y, z: 50 + 0 * x, 25)
    boost = linear(axes(2.5, -70, 70), lambda x, y, z: 10 + 0 * x, 1, turn)
    found = sample_courses(BOX, [first, boost])
    assert found.samples.dose_gy == pytest.approx(60)
    assert found.eqd2_gy(3.0) == pytest.approx(76)
    assert found.samples.coverage_pct == 100
    assert sample_courses(BOX, [first, linear(axes(4))]).eqd2_gy(3.0) is None


def test_same_grid_adds_as_the_sum_of_the_images_would():
    first, second = linear(axes(4, -40, 20)), linear(axes(4, -40, 20), lambda x, y, z: 0.1 * z**2)
    both = Dose(Image(first.image.grid, first.image.values + second.image.values), "F")
    added, expected = sample_courses(BOX, [first, second]).samples, sample_region(BOX, both, wanted=2 * SAMPLES)
    np.testing.assert_allclose(added.dose_gy, expected.dose_gy, atol=1e-9)
    assert added.coverage_pct == expected.coverage_pct == pytest.approx(100 * 21.5 / 33)
    assert added.warnings == expected.warnings


def test_a_second_grid_that_ends_inside_leaves_out_what_it_does_not_cover():
    # Ends at x = 5: three quarters of the box; where it ends at the box (x = 10), all of it.
    wide = linear(axes(4))
    short = linear([np.arange(-40, 5.1, 3), *axes(3)[1:]])
    found = sample_courses(BOX, [wide, short]).samples
    assert found.coverage_pct == pytest.approx(75, abs=0.5)
    assert "cover 7" in found.warnings[-1]
    flush = linear([np.arange(-40, 10.1, 2.5), *axes(2.5)[1:]])
    assert sample_courses(BOX, [wide, flush]).samples.coverage_pct == 100


def test_no_dose_and_a_turn_that_is_none():
    with pytest.raises(ParameterError, match="no dose"):
        sample_courses(BOX, [])
    with pytest.raises(ParameterError, match="right angles"):
        Grid(np.arange(2.0), np.arange(2.0), np.arange(2.0), turn=np.ones((3, 3)))


def test_one_plane_and_a_part_taken_out_in_an_oblique_dose():
    # A plane is as thick as the finest spacing of the dose, 2 mm; of 400 mm2 a square of 100 mm2 is taken out.
    dose = linear([np.arange(-60, 61, 4), np.arange(-60, 61, 2), np.arange(-60, 61, 3)], turn=tilted())
    plane, hole = (Structure(name, (Plane(5.0, (SQUARE * size,)),)) for name, size in (("A", 1), ("B", 0.5)))
    found = sample_courses(Region("A-B", (plane,), minus=(hole,)), [dose]).samples
    assert found.region_cc == pytest.approx(0.3 * 2, rel=1e-6)
    assert np.average(found.dose_gy, weights=found.volume_cc) == pytest.approx(20, abs=1e-2)
    assert any("single contour plane" in text for text in found.warnings)


def test_courses_of_opposite_slopes_add_up_to_one_dose():
    # 20 + 0.2 x and 20 - 0.2 x: 40 Gy everywhere, so samples of the sum stand for no range of doses.
    doses = [linear(axes(4)), linear(axes(3), lambda x, y, z: 20 - 0.2 * x)]
    samples = sample_courses(BOX, doses).samples
    assert samples.spread_gy == pytest.approx(np.zeros(samples.dose_gy.size), abs=1e-9)


@pytest.mark.slow
def test_samples_of_summed_doses_are_spread_by_the_sum():
    # 0.2 and 0.3 Gy/mm along x: 0.5 Gy/mm over a quarter of a cell.
    doses = [linear(axes(4), fractions=25), linear(axes(3), lambda x, y, z: 20 + 0.3 * x, fractions=25)]
    found = sample_courses(BOX, doses)
    width = 0.5 * found.samples.step_mm[0]
    assert found.samples.spread_gy == pytest.approx(np.full(found.samples.dose_gy.size, width), abs=1e-6)
    # EQD2 of both ends of the range, course by course: 0.2 and 0.3 of its 0.5 Gy/mm.
    below, above = (
        sum(
            eqd2_gy(dose_gy + side * share * width / 0.5, 25, 3.0)
            for dose_gy, share in zip(found.course_gy, (0.2, 0.3), strict=True)
        )
        for side in (-0.5, 0.5)
    )
    assert found.eqd2_spread_gy(3.0) == pytest.approx(above - below, rel=0.05)
