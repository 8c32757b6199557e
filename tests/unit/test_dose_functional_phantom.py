"""Two half-lungs in a linear dose: closed form, perfusion split, and what a motion of everything leaves.

Right half x -70..-10 with perfusion 1, left half x 10..70 with perfusion 3 (mm, LPS: left is +x), y -40..40,
z 0..90 with contours every 3 mm. D(x) = 14 + 0.2 x Gy, so the right half gets 0 to 12 Gy (mean 6), the left 16 to
28 Gy (mean 22), each evenly spread. Both have the same volume V. Then

MPWLD = (1 V 6 + 3 V 22) / (1 V + 3 V) = 72 / 4 = 18 Gy;  mean dose (6 + 22) / 2 = 14 Gy
pwV20 = 3 V (28 - 20) / 12 / 4 V = 50 %;                  V20 = (2/3 + 0) / 2 = 33.333 %
FL >= 40 % of the maximum (1.2): the left half; fMLD 22 Gy, fV20 (28 - 20) / 12 = 66.667 % of FL, 33.333 % of the lung
Perfusion split: left 3 / 4 = 75 %. Each third of the height holds a third.
"""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungtox.dose import compute_metrics, function_figures, functional_dvhs, sample_courses
from lungtox.geometry import Dose, Grid, Image, Plane, Region, RigidMap, Structure, interpolate, on_left

METRICS = ["Mean[Gy]", "V20Gy[%region]", "V20Gy[%structure]"]
Z = np.arange(1.5, 90, 3.0)
UNMOVED = RigidMap.identity()


def half(name, low, high, move=UNMOVED):
    ring = np.array([[low, -40.0], [high, -40.0], [high, 40.0], [low, 40.0]])
    x, y, _ = move(ring[:, 0], ring[:, 1], np.zeros(4))
    return Structure(name, tuple(Plane(float(z), (np.column_stack([x, y]),)) for z in Z + move.shift_mm[2]))


def moved(axes, move):
    """Give a grid that a motion about the z axis took along."""
    turn = None if np.allclose(move.rotation, np.eye(3)) else move.rotation.T
    along = move.rotation.T @ move.shift_mm
    return Grid(*(axis + shift for axis, shift in zip(axes, along, strict=True)), turn)


@cache
def still(function=None):
    return phantom(function=function)


def phantom(move=UNMOVED, function=None):
    """Give region, samples and Q of the phantom, moved as a whole."""
    axes = (np.arange(-90, 91, 3.7), np.arange(-60, 61, 3.7), np.arange(-15, 106, 3.0))
    dose = 14.0 + 0.2 * np.broadcast_to(axes[0], tuple(axis.size for axis in axes[::-1]))
    own = (np.arange(-96, 97, 6.4), np.arange(-64, 65, 6.4), np.arange(-20, 111, 6.4))
    x, y, z = np.meshgrid(*own, indexing="ij")
    q = (np.where(x < 0, 1.0, 3.0) if function is None else function(x, y, z)).transpose(2, 1, 0)
    region = Region("Lungs", (half("Lung_L", 10, 70, move), half("Lung_R", -70, -10, move)))
    course = Dose(Image(moved(axes, move), np.maximum(dose, 0.0)), "1.2")
    samples = sample_courses(region, [course], wanted=60_000).samples
    return region, samples, interpolate(Image(moved(own, move), q), samples.x_mm, samples.y_mm, samples.z_mm)


def figures(samples, q, regions=("40%max",)):
    found = functional_dvhs(
        samples.dose_gy, samples.volume_cc, q, structure="Lungs", spread_gy=samples.spread_gy, regions=regions
    )
    wholes = {"structure": float(samples.volume_cc.sum())}
    return {dvh.weighting: list(compute_metrics(dvh, METRICS, wholes_cc=wholes).values()) for dvh in found.dvhs}


def test_closed_form_within_half_a_percent():
    _, samples, q = still()
    found = figures(samples, q)
    assert found["perfusion"][:2] == pytest.approx([18.0, 50.0], rel=0.005)
    assert found["functional:40%max"] == pytest.approx([22.0, 200 / 3, 100 / 3], rel=0.005)


def test_perfusion_split_and_edge():
    region, samples, q = still()
    found = function_figures(samples, q, region=region)
    assert found.split["left"].perfusion_pct == pytest.approx(75.0, abs=0.1)
    assert found.split["left"].volume_pct == pytest.approx(50.0, abs=0.1)
    for part, share in {"upper": 100 / 3, "lower": 100 / 3, "left middle": 25.0, "right upper": 25 / 3}.items():
        assert found.split[part].perfusion_pct == pytest.approx(share, abs=1.2)  # thirds end at samples, 0.75 mm apart
    assert found.hot_spot == pytest.approx(1.0)
    # 10 mm off each face of 60 x 80 x 90 mm leave 40 x 60 x 70: 61 % of the volume is edge (raster of 5 to 6 mm).
    assert found.edge.volume_pct == pytest.approx(61.0, abs=5.0)
    assert found.warnings == ()


def test_hot_spot_and_unknown_sides_are_named():
    _, samples, q = still()
    q = q.copy()
    q[0] = 30.0
    one = Region("Lungs", (half("Lung_L", -70, 70),))
    texts = " ".join(function_figures(samples, q, region=one).warnings)
    assert "hot spot, its maximum is 10 times" in texts
    assert "no perfusion split" in texts


def test_sides_where_lungs_overlap_along_x():
    # The left lung reaches to x = -10 in front (y < 0), the right one to x = 10 behind.
    of_left = np.array([[-10, -40], [60, -40], [60, 40], [12, 40], [12, -5], [-10, -5.0]])
    of_right = np.array([[10, 40], [-60, 40], [-60, -40], [-12, -40], [-12, 0], [10, 0.0]])
    left = Structure("Lung_L", (Plane(0.0, (of_left,)),))
    right = Structure("Lung_R", (Plane(0.0, (of_right,)),))
    x, y = np.array([-8.0, -8.0, 8.0, 30.0, -30.0]), np.array([-20.0, 20.0, 20.0, 0.0, 0.0])
    assert on_left(left, right, x, y, np.zeros(5)).tolist() == [True, False, False, True, False]


def smooth(x, y, z):
    return 2.0 + np.sin(x / 25.0) + 0.5 * np.cos(y / 30.0) + 0.01 * z


@settings(max_examples=6, deadline=None)
@given(
    angle=st.floats(-0.6, 0.6),
    shift=st.tuples(st.floats(-80, 80), st.floats(-80, 80), st.floats(-80, 80)),
)
def test_rigid_motion_of_everything_changes_nothing_but_interpolation(angle, shift):
    # Bound of docs/methods/functional-dvh.md: 0.05 Gy and 0.5 points. A turned dose is sampled on another raster, and
    # the maximum to which 40 % refers is that of its samples.
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]])
    _, samples, q = still(smooth)
    _, there, q_there = phantom(RigidMap(turn, np.array(shift)), function=smooth)
    regions = ("40%max", "60%p99", "p50")
    before, after = figures(samples, q, regions), figures(there, q_there, regions)
    for weighting, (mean_gy, *shares) in before.items():
        assert after[weighting][0] == pytest.approx(mean_gy, abs=0.05)
        assert after[weighting][1:] == pytest.approx(shares, abs=0.5)
