"""Margins around structures: closed forms of Minkowski sums (Steiner's formula), and what must hold for any of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungtox.dose import sample_region
from lungtox.errors import ParameterError
from lungtox.geometry import (
    Dose,
    Grid,
    Image,
    Margin,
    Plane,
    Region,
    Structure,
    grow,
    structure_layers,
)

AXIS = np.arange(-60.0, 61.0, 4.0)
DOSE = Dose(Image(Grid(AXIS, AXIS, AXIS), np.ones((AXIS.size,) * 3)), "F")
TURN = np.linspace(0, 2 * np.pi, 90, endpoint=False)
CIRCLE = np.column_stack([np.cos(TURN), np.sin(TURN)])


def rectangle(width, depth, x=0.0, y=0.0):
    return np.array([[-width, -depth], [width, -depth], [width, depth], [-width, depth]]) / 2 + [x, y]


def stack(ring, low=-15, high=15, step=3):
    """Planes in the middle of slices that fill the height."""
    return Structure("S", tuple(Plane(float(z), (ring,)) for z in np.arange(low + step / 2, high, step)))


def layers(structure, **options):
    how = {"end_cap": "half-slice", "between_planes": "slab", "slice_mm": 3.0, "step_mm": 1.0}
    return structure_layers(structure, **{**how, **options})


def grown(structure, margin, **options):
    margin = margin if isinstance(margin, Margin) else Margin.uniform(margin)
    return grow("grown", [layers(structure, **options)], margin)


def volume_cc(region):
    return sample_region(region, DOSE).region_cc


def steiner_cc(sizes, pairs):
    """Volume of a box with eight octants of ellipsoids around it; a pair of half-axes for each direction."""
    a, b, c = sizes
    x, y, z = pairs
    quarter = [sum(np.pi / 4 * i * j for i in p for j in q) for p, q in ((y, z), (x, z), (x, y))]
    octants = sum(np.pi / 6 * i * j * k for i in x for j in y for k in z)
    faces = sum(x) * b * c + sum(y) * a * c + sum(z) * a * b
    return (a * b * c + faces + quarter[0] * a + quarter[1] * b + quarter[2] * c + octants) / 1000


@pytest.mark.parametrize("margin_mm", [1.0, 3.0, 5.0, 10.0])
@pytest.mark.parametrize("slices_mm", [1, 3, 5])
def test_a_box_grows_by_faces_edges_and_corners(margin_mm, slices_mm):
    box = stack(rectangle(20, 24, x=0.37), step=slices_mm)
    expected = steiner_cc((20, 24, 30), [(margin_mm, margin_mm)] * 3)
    assert volume_cc(grown(box, margin_mm)) == pytest.approx(expected, rel=2.5e-3)


@pytest.mark.parametrize(
    "margin", [Margin(4, 7, 3, 6, 5, 8), Margin(left_mm=10, superior_mm=6), Margin(inferior_mm=7), Margin(right_mm=2)]
)
def test_each_direction_has_its_own_margin(margin):
    left, right, posterior, anterior, superior, inferior = margin.all_mm
    found = grown(stack(rectangle(20, 24)), margin)
    expected = steiner_cc((20, 24, 30), [(left, right), (posterior, anterior), (superior, inferior)])
    assert volume_cc(found) == pytest.approx(expected, rel=2.5e-3)
    corners = np.concatenate([ring for plane in found.planes for ring in plane.rings])
    reach = [corners[:, 0].max(), -corners[:, 0].min(), corners[:, 1].max(), -corners[:, 1].min()]
    assert reach == pytest.approx([10 + left, 10 + right, 12 + posterior, 12 + anterior], abs=0.1)
    assert [found.faces_mm[-1, 1], -found.faces_mm[0, 0]] == pytest.approx([15 + superior, 15 + inferior])


@pytest.mark.parametrize("margin_mm", [2.0, 5.0, 10.0])
def test_a_cylinder_grows_like_a_body_with_round_edges(margin_mm):
    # Steiner: V + S m + M m^2 + 4/3 pi m^3; of a cylinder S = 2 pi r (r + h), M = pi h + pi^2 r.
    r, h, m = 15.0, 30.0, margin_mm
    expected = (
        np.pi * r * r * h + 2 * np.pi * r * (r + h) * m + (np.pi * h + np.pi**2 * r) * m**2 + 4 / 3 * np.pi * m**3
    )
    assert volume_cc(grown(stack(r * CIRCLE), m)) == pytest.approx(expected / 1000, rel=3e-3)


@pytest.mark.parametrize("margin_mm", [3.0, 5.0, 10.0])
@pytest.mark.parametrize(
    ("slices_mm", "options", "tolerance"),
    [
        (1.0, {}, 0.005),
        (3.0, {}, 0.02),  # steps of slabs
        (3.0, {"between_planes": "interpolated", "end_cap": "rounded"}, 0.005),
        (5.0, {"between_planes": "interpolated", "end_cap": "rounded"}, 0.01),
    ],
)
def test_a_sphere_grows_to_a_larger_sphere(margin_mm, slices_mm, options, tolerance):
    radius = 15.0
    heights = np.arange(-radius + slices_mm / 2, radius, slices_mm)
    sphere = Structure("S", tuple(Plane(float(z), ((radius**2 - z**2) ** 0.5 * CIRCLE,)) for z in heights))
    expected = 4 / 3 * np.pi * (radius + margin_mm) ** 3 / 1000
    assert volume_cc(grown(sphere, margin_mm, **options)) == pytest.approx(expected, rel=tolerance)


def test_a_hole_closes_and_parts_grow_together():
    # A square ring of 40 mm with a hole of 8 mm: the hole is gone with 5 mm. Two boxes 6 mm apart meet with 4 mm.
    ring = Structure("R", tuple(Plane(float(z), (rectangle(40, 40), rectangle(8, 8))) for z in range(-12, 13, 3)))
    assert {len(plane.rings) for plane in grown(ring, 2).planes} == {2}
    assert {len(plane.rings) for plane in grown(ring, 5).planes if abs(plane.z_mm) < 12} == {1}
    pair = [stack(rectangle(10, 10, x=x)) for x in (-8, 8)]
    joined = grow("pair", [layers(part) for part in pair], Margin.uniform(4))
    assert {len(plane.rings) for plane in joined.planes if abs(plane.z_mm) < 15} == {1}


def test_a_gap_of_the_stack_is_filled_as_far_as_the_margin_reaches():
    # Planes every 3 mm, none from 0 to 12: a gap of 9 mm between the slabs is filled by 5 mm from both sides.
    box = Structure("S", tuple(Plane(float(z), (rectangle(20, 20),)) for z in (-9, -6, -3, 0, 12, 15, 18)))
    faces = grown(box, 5).faces_mm
    assert np.allclose(faces[1:, 0], faces[:-1, 1])
    faces = grown(box, 3).faces_mm
    assert np.diff(faces.ravel())[1::2].max() == pytest.approx(3.0)


def test_nothing_grows_to_nothing_and_margins_are_not_negative():
    assert grown(Structure("None", ()), 5).planes == ()
    with pytest.raises(ParameterError, match="0 mm or more"):
        Margin.uniform(-1)


boxes = st.tuples(st.floats(6, 30), st.floats(6, 30), st.floats(-20, 20), st.floats(-20, 20))


@settings(max_examples=8, deadline=None)
@given(box=boxes, first=st.floats(0.5, 6), more=st.floats(0.5, 6))
def test_a_larger_margin_holds_the_smaller_one(box, first, more):
    structure = stack(rectangle(*box), low=-9, high=9)
    small, large = grown(structure, first), grown(structure, first + more)
    assert volume_cc(structure) < volume_cc(small) < volume_cc(large)
    # What sticks out of the larger one is nothing but the raster's rounding of corners.
    assert left_over_cc(structure, small) < 1e-3 * volume_cc(small)
    assert left_over_cc(small, large) < 1e-3 * volume_cc(small)


def left_over_cc(one, other):
    both = sample_region(Region("both", (one,), within=(other,)), DOSE).region_cc
    return volume_cc(one) - both


@settings(max_examples=8, deadline=None)
@given(box=boxes, margin=st.floats(1, 6), more=st.floats(1, 6))
def test_growing_twice_is_growing_by_the_sum(box, margin, more):
    structure = stack(rectangle(*box), low=-9, high=9)
    twice = grow("twice", [layers(grown(structure, margin))], Margin.uniform(more))
    assert volume_cc(twice) == pytest.approx(volume_cc(grown(structure, margin + more)), rel=0.02)


@settings(max_examples=8, deadline=None)
@given(box=boxes)
def test_almost_no_margin_changes_almost_nothing(box):
    structure = stack(rectangle(*box), low=-9, high=9)
    # 0.01 mm on up to 30 mm boxes, and corners that a raster of 1 mm cuts off (at most half a node each).
    assert volume_cc(grown(structure, 0.01)) == pytest.approx(volume_cc(structure), abs=18 * 4 * 0.5 / 1000 + 0.03)


@settings(max_examples=30, deadline=None)
@given(first=boxes, second=boxes, step=st.sampled_from([2, 3, 4]))
def test_joined_and_shared_volumes_add_to_those_of_the_two(first, second, step):
    one, other = stack(rectangle(*first), low=-12, high=12), stack(rectangle(*second), low=-9, high=15, step=step)
    joined, shared = volume_cc(Region("or", (one, other))), None
    apart = (
        abs(first[2] - second[2]) >= (first[0] + second[0]) / 2
        or abs(first[3] - second[3]) >= (first[1] + second[1]) / 2
    )
    shared = 0.0 if apart else volume_cc(Region("and", (one,), within=(other,)))
    assert joined + shared == pytest.approx(volume_cc(one) + volume_cc(other), rel=1e-6)
