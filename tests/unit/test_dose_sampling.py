"""From contours and a dose grid to a DVH: closed-form solids of SCIENCE section 2, boxes by hand."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lungtox.dose import compute_dvh, compute_metrics, sample_region
from lungtox.errors import InputError, ParameterError
from lungtox.geometry import Dose, Grid, Image, Plane, Region, Structure

TURN = np.linspace(0, 2 * np.pi, 360, endpoint=False)
RADIUS = 12.0


def linear_dose(spacing=2.0, half=30.0, gradient=(0.0, 0.0, 1.0), shift=(0.0, 0.0, 0.0), at_origin=16.0):
    """A dose of 16 Gy at the origin that rises by the gradient, in Gy/mm; exact under trilinear interpolation."""
    x, y, z = (np.arange(-half, half + 1e-9, spacing) + move for move in shift)
    values = at_origin + gradient[0] * x + gradient[1] * y[:, None] + gradient[2] * z[:, None, None]
    return Dose(Image(Grid(x, y, z), values), "frame", 30)


def stack(ring_at, levels, name="S"):
    planes = ((float(z), ring_at(z)) for z in levels)
    return Structure(name, tuple(Plane(z, (ring,)) for z, ring in planes if ring is not None))


def levels(spacing, half=12.0):
    """Planes whose slabs fill -half to half exactly."""
    return np.arange(-half + spacing / 2, half, spacing)


def circle(radius):
    return radius * np.column_stack([np.cos(TURN), np.sin(TURN)]) if radius > 0 else None


def box(low, high, spacing=2.0, name="box"):
    ring = np.array([[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]], dtype=float)
    return stack(lambda z: ring, np.arange(low[2] + spacing / 2, high[2], spacing), name)


BOX = box((-10, -10, -10), (10, 10, 10))


def across(z):
    half = (RADIUS**2 - z**2) ** 0.5
    return np.array([[-12, -half], [12, -half], [12, half], [-12, half]])


@pytest.mark.parametrize(
    ("ring_at", "volume_cc", "mean", "v20", "d95"),
    [
        (lambda z: circle((RADIUS**2 - z**2) ** 0.5), 7.2382, 16.0, 25.9259, 7.2484),
        (lambda z: circle(RADIUS), 10.8573, 16.0, 33.3333, 5.2),
        (across, 10.8573, 16.0, 29.1791, 6.3354),
        (lambda z: circle((12 - z) / 2), 3.6191, 10.0, 3.7037, None),
    ],
    ids=["sphere", "cylinder", "cylinder-across", "cone"],
)
@pytest.mark.parametrize("spacing", [1.0, 2.0])
def test_solids_in_a_linear_dose(ring_at, volume_cc, mean, v20, d95, spacing):
    # Slabs are steps of the solid: the tolerance is what steps of 1 and 2 mm leave on a solid of 24 mm. (By hand, the
    # areas of the cylinder across the slices at the middles of 2 mm slabs add up to 0.7 % too much.)
    dvh = compute_dvh(stack(ring_at, levels(spacing)), linear_dose(spacing))
    found = compute_metrics(dvh, ["V20Gy", "D95%"])
    assert dvh.total_cc == pytest.approx(volume_cc, rel=0.003 if spacing == 1 else 0.008)
    assert dvh.mean_gy == pytest.approx(mean, abs=0.01 if spacing == 1 else 0.04)
    assert found["V20Gy"] == pytest.approx(v20, abs=0.3 if spacing == 1 else 0.6)
    if d95 is not None:
        assert found["D95%"] == pytest.approx(d95, rel=0.01 if spacing == 1 else 0.02)


@pytest.mark.parametrize("spacing", [1.0, 2.0, 3.0])
def test_cylinder_along_the_slices_is_exact(spacing):
    # Gradient along z and a cross-section that does not change: nothing is lost but the 360 corners (1 in 20,000).
    dvh = compute_dvh(stack(lambda z: circle(RADIUS), levels(spacing)), linear_dose(spacing))
    found = compute_metrics(dvh, ["V20Gy", "D95%", "D5%", "D99%"])
    assert dvh.total_cc == pytest.approx(10.8573, rel=1e-4)
    assert found == pytest.approx({"V20Gy": 33.3333, "D95%": 5.2, "D5%": 26.8, "D99%": 4.24}, rel=5e-3, abs=0.1)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("spacing", [1.0, 2.5, 4.0])
def test_box_along_each_axis(axis, spacing):
    # 20 mm box, 1 Gy/mm: 6 to 26 Gy evenly. V20 30 %, D95 7, D1 25.8, by hand.
    gradient = np.eye(3)[axis]
    for width in (0.01, 0.05, 0.1):
        dvh = compute_dvh(BOX, linear_dose(spacing, gradient=gradient), bin_width_gy=width)
        found = compute_metrics(dvh, ["V20Gy", "D95%", "D1%"])
        assert dvh.total_cc == pytest.approx(8.0)
        # Exact where the box has four cells or a multiple of it along each axis, as with 1 and 2.5 mm.
        assert dvh.mean_gy == pytest.approx(16.0, abs=2e-5 if spacing == 4 else 1e-9)
        assert found == pytest.approx({"V20Gy": 30.0, "D95%": 7.0, "D1%": 25.8}, abs=3e-3 if spacing == 4 else 1e-3)


@pytest.mark.parametrize("axis", [0, 1])
def test_maximum_and_minimum_are_those_at_the_faces_wherever_they_cut_the_cells(axis):
    # 16 Gy at the origin, 1 Gy/mm: the faces at -10.3 and 10.1 mm have 5.7 and 26.1 Gy.
    dvh = compute_dvh(box((-10.3, -10.3, -10), (10.1, 10.1, 10)), linear_dose(2.5, gradient=np.eye(3)[axis]))
    assert (dvh.min_gy, dvh.max_gy) == pytest.approx((5.7, 26.1), abs=0.02)
    assert dvh.mean_gy == pytest.approx(15.9, abs=1e-3)


def test_no_dose_of_a_steep_gradient_is_taken_from_outside_a_round_outline():
    # A cylinder of 12 mm in 1 Gy/mm: 4 to 28 Gy. Samples in the middle of cut cells reached 0.4 mm further.
    dvh = compute_dvh(
        stack(lambda z: circle(RADIUS), levels(3.0, 60)), linear_dose(3.0, half=90, gradient=(0.6, 0.8, 0))
    )
    assert (dvh.min_gy, dvh.max_gy) == pytest.approx((4, 28), abs=0.1)


def test_gradient_of_ten_percent_a_millimetre_stays_within_two_percent_at_the_extremes():
    # Box in a dose falling by 10 % of 16 Gy per mm would go negative: 2 Gy/mm around 30 Gy, D99 = 10.4 by hand.
    dvh = compute_dvh(BOX, linear_dose(3.0, gradient=(2.0, 0.0, 0.0), at_origin=30.0))
    assert compute_metrics(dvh, ["D99%", "D1%"]) == pytest.approx({"D99%": 10.4, "D1%": 49.6}, rel=0.02)


@settings(max_examples=25, deadline=None)
@given(shift=st.tuples(*[st.floats(-3, 3)] * 3), spacing=st.sampled_from([1.3, 2.5, 4.0]))
def test_where_the_grid_lies_does_not_matter(shift, spacing):
    dvh = compute_dvh(BOX, linear_dose(spacing, shift=shift, gradient=(0.5, 0.2, -0.3)))
    assert (dvh.total_cc, dvh.coverage_pct) == (pytest.approx(8.0), 100.0)
    assert dvh.mean_gy == pytest.approx(16.0, abs=0.02)


@settings(max_examples=15, deadline=None)
@given(cut=st.floats(-8, 8))
def test_splitting_a_structure_and_adding_gives_the_whole(cut):
    dose = linear_dose(2.5, gradient=(0.6, 0.1, 0.2))
    left, right = box((-10, -10, -10), (cut, 10, 10)), box((cut, -10, -10), (10, 10, 10))
    whole, one, other = (compute_dvh(each, dose) for each in (BOX, left, right))
    assert one.total_cc + other.total_cc == pytest.approx(whole.total_cc)
    together = (one.mean_gy * one.total_cc + other.mean_gy * other.total_cc) / whole.total_cc
    assert together == pytest.approx(whole.mean_gy, abs=0.02)
    joined = compute_dvh(Region("joined", (left, right)), dose)
    assert joined.total_cc == pytest.approx(whole.total_cc)


@settings(max_examples=20, deadline=None)
@given(direction=st.tuples(*[st.floats(-1, 1)] * 3), spacing=st.sampled_from([1.3, 2.5, 4.0]))
def test_bins_agree_in_a_dose_of_any_direction(direction, spacing):
    dose = linear_dose(spacing, gradient=np.array(direction), at_origin=40.0)
    names = ["D95%", "D50%", "D5%"]
    assume(np.abs(direction).max() > 0.2)  # with less, 20 mm are few bins, and D5% lies in the last one
    usual, *others = (compute_metrics(compute_dvh(BOX, dose, bin_width_gy=w), names) for w in (0.01, 0.05, 0.1))
    for other in others:
        # Askew samples lie less evenly than along the axes: 0.04 Gy at 1.1 Gy/mm and 4 mm.
        assert other == pytest.approx(usual, abs=0.06)


def test_the_histogram_is_that_of_the_samples():
    dose = linear_dose(2.5, gradient=(0.3, -0.2, 0.1))
    samples, dvh = sample_region(BOX, dose), compute_dvh(BOX, dose)
    assert dvh.total_cc == pytest.approx(samples.volume_cc.sum())
    # What lies evenly over the range of each sample, summed by hand.
    for level in (12.0, 16.0, 19.3):
        above = np.clip((samples.dose_gy + 0.5 * samples.spread_gy - level) / samples.spread_gy, 0, 1)
        assert dvh.cumulative.volume_at_cc(level) == pytest.approx(samples.volume_cc @ above, rel=1e-5)


def test_samples_tell_where_they_are():
    gradient = (0.3, -0.2, 0.1)
    samples = sample_region(BOX, linear_dose(3.0, gradient=gradient))
    expected = 16 + np.stack([samples.x_mm, samples.y_mm, samples.z_mm], axis=1) @ gradient
    assert samples.dose_gy == pytest.approx(expected)
    assert samples.volume_cc.sum() == pytest.approx(samples.region_cc)
    assert samples.planes == 10


@pytest.mark.parametrize(("axis", "name"), [(0, "x"), (1, "y"), (2, "z")])
@pytest.mark.parametrize("spacing", [1.0, 2.5])
def test_grid_that_ends_inside_the_structure(axis, name, spacing):
    # Outermost voxel centres at 5 mm along one axis: 15 of 20 mm are covered, and only they count.
    shift = np.zeros(3)
    shift[axis] = -25.0
    gradient = np.eye(3)[axis]
    dvh = compute_dvh(BOX, linear_dose(spacing, shift=shift, gradient=gradient))
    assert dvh.coverage_pct == pytest.approx(75.0, abs=1e-6)
    assert dvh.total_cc == pytest.approx(6.0)
    assert dvh.structure_cc == pytest.approx(8.0)
    # 16 Gy at the origin: the part from -10 to 5 mm has 13.5 Gy on average, never scaled to the whole.
    assert dvh.mean_gy == pytest.approx(13.5, abs=0.11)
    assert dvh.max_gy <= 21.0 + 1e-9
    assert "75.00 %" in dvh.warnings[0]


def test_grid_that_ends_at_the_structure_covers_it():
    dvh = compute_dvh(BOX, linear_dose(2.0, half=10.0))
    assert (dvh.coverage_pct, dvh.warnings) == (100.0, ())


def test_structure_outside_the_grid_is_refused():
    with pytest.raises(InputError) as caught:
        compute_dvh(BOX, linear_dose(shift=(0, 0, 200.0)))
    assert caught.value.faults[0].code == "dose-coverage"
    with pytest.raises(InputError):
        compute_dvh(BOX, linear_dose(shift=(200.0, 0, 0)))


@pytest.mark.parametrize(
    "region",
    [
        Structure("empty", ()),
        Region("nothing", (BOX,), (BOX,)),
        Region("apart", (BOX,), (), (Structure("empty", ()),)),
        stack(lambda z: np.array([[0.0, 0.0], [5.0, 5.0], [10.0, 10.0]]), [0, 2], "line"),
    ],
)
def test_structure_without_volume_is_refused(region):
    with pytest.raises(InputError) as caught:
        compute_dvh(region, linear_dose())
    assert caught.value.faults[0].code == "structure-empty"


def test_dose_of_a_single_plane_is_refused():
    grid = Grid(np.arange(3.0), np.arange(3.0), np.zeros(1))
    with pytest.raises(ParameterError):
        compute_dvh(BOX, Dose(Image(grid, np.zeros(grid.shape)), "frame"))


def test_lungs_without_a_tumour_that_overlaps_one_of_them_partly():
    left, right = box((5, -20, -20), (25, 20, 20), name="L"), box((-25, -20, -20), (-5, 20, 20), name="R")
    tumour = box((-30, -5, -6), (-20, 5, 6), name="GTV")  # half of its 1.2 cc is in the right lung
    region = Region("Lungs-GTV", (left, right), (tumour,))
    samples = sample_region(region, linear_dose(2.5))
    assert samples.region_cc == pytest.approx(64.0 - 0.6)


def test_tumour_with_other_planes_than_the_lung():
    lung = box((-20, -20, -18), (20, 20, 18), spacing=3.0, name="L")
    tumour = box((-5, -5, -5), (5, 5, 5), spacing=2.0, name="GTV")
    assert sample_region(Region("L-GTV", (lung,), (tumour,)), linear_dose(2.5)).region_cc == pytest.approx(57.6 - 1.0)
    few = Structure("GTV", tumour.planes[::4])  # two planes 8 mm apart: 16 mm with their end caps
    assert sample_region(Region("L-GTV", (lung,), (few,)), linear_dose(2.5)).region_cc == pytest.approx(57.6 - 1.6)


def test_end_caps():
    assert compute_dvh(BOX, linear_dose(), end_cap="none").total_cc == pytest.approx(7.2)


def test_what_was_found_while_sampling_is_told():
    ring = np.array([[-10.0, -10.0], [10, -10], [10, 10], [-10, 10]])
    crossed = Structure("C", (Plane(0.0, (ring, ring + 5)), Plane(2.0, (ring,)), Plane(9.0, (ring,))))
    texts = " / ".join(compute_dvh(crossed, linear_dose()).warnings)
    assert "cross each other in 1 slabs" in texts
    assert "no contours from z = 2 to 9 mm" in texts
    single = compute_dvh(Structure("one", crossed.planes[1:2]), linear_dose(2.5))
    assert single.total_cc == pytest.approx(1.0)  # as thick as a dose plane
    assert "single contour plane" in single.warnings[0]


def test_tiny_sphere():
    # 3 mm radius: 0.1131 cc; slabs of 0.5 mm.
    sphere = stack(lambda z: circle((9 - z**2) ** 0.5), levels(0.5, half=3.0))
    dvh = compute_dvh(sphere, linear_dose(1.0))
    assert dvh.total_cc == pytest.approx(0.11310, rel=0.005)
    assert compute_metrics(dvh, ["D50%"])["D50%"] == pytest.approx(16.0, abs=0.03)
