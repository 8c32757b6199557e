"""Outlines between and beyond contour planes; expected numbers by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungtox.geometry import Plane, Structure, structure_edges, structure_layers
from lungtox.geometry.outlines import enclosed_mm2, morph

TURN = np.linspace(0, 2 * np.pi, 120, endpoint=False)


def circle(radius, x=0.0):
    return np.column_stack([x + radius * np.cos(TURN), radius * np.sin(TURN)])


def rectangle(width, length=20.0):
    return np.array([[-width, -length], [width, -length], [width, length], [-width, length]]) / 2


def structure(rings_at):
    return Structure("S", tuple(Plane(float(z), tuple(rings)) for z, rings in rings_at.items()))


def layers(drawn, end_cap="half-slice", between_planes="interpolated", step_mm=0.25):
    return structure_layers(drawn, end_cap=end_cap, between_planes=between_planes, slice_mm=2.0, step_mm=step_mm)


def volume_mm3(found):
    return float(structure_edges(found.structure).plane_area_mm2 @ (found.high_mm - found.low_mm))


def disc(radius):
    """Area of the polygon of 120 corners."""
    return 60 * radius**2 * np.sin(2 * np.pi / 120)


def test_slabs_stay_what_they_are():
    drawn = structure({0: [circle(5)], 2: [circle(6)], 4: [circle(5)]})
    found = layers(drawn, between_planes="slab")
    assert found.structure is drawn
    assert found.low_mm.tolist() == [-1, 1, 3]


def test_half_way_between_two_circles_and_two_rectangles():
    assert enclosed_mm2(morph(circle(4), circle(8)).at(0.5)) == pytest.approx(disc(6))
    # Only the width changes: 20 x 8 half-way between 20 x 6 and 20 x 10.
    found = morph(rectangle(6), rectangle(10)).at(0.5)
    # A corner may belong to two: they are cut by a fraction of the 1/96 of the outline between added corners.
    assert enclosed_mm2(found) == pytest.approx(160, rel=2e-3)
    assert np.abs(found).max(axis=0) == pytest.approx([4, 10])


@settings(max_examples=25, deadline=None)
@given(radii=st.tuples(*[st.floats(1, 20)] * 2), way=st.floats(-0.5, 1.5), flip=st.booleans())
def test_area_on_the_way_is_known_exactly(radii, way, flip):
    first, second = circle(radii[0]), rectangle(radii[1], 12.0)
    found = morph(first[::-1] if flip else first, second)
    assert np.polynomial.Polynomial(found.area_mm2)(way) == pytest.approx(enclosed_mm2(found.at(way)), abs=1e-6)
    assert enclosed_mm2(found.at(0.0)) == pytest.approx(enclosed_mm2(first))
    assert enclosed_mm2(found.at(1.0)) == pytest.approx(enclosed_mm2(second))


def test_way_to_an_area_that_is_never_reached():
    assert morph(circle(4), circle(8)).way_to(1000.0, near=0.5, low=0.0, high=1.0) is None


@pytest.mark.parametrize("end_cap", ["half-slice", "none", "rounded"])
def test_prism_is_the_same_by_every_rule_but_for_its_ends(end_cap):
    drawn = structure({z: [rectangle(6)] for z in range(0, 10, 2)})
    height = 8 if end_cap == "none" else 10  # a flat end shows no trend: half a slice, rounded or not
    for between_planes in ("slab", "interpolated"):
        assert volume_mm3(layers(drawn, end_cap, between_planes)) == pytest.approx(120 * height, rel=1e-3)


def test_rounded_ends_close_where_the_trend_does():
    # Sphere of 10 mm, planes 2.5 mm apart at multiples: the poles lie a whole slice beyond the last contours.
    drawn = structure({z: [circle((100 - z**2) ** 0.5)] for z in np.arange(-7.5, 8, 2.5)})
    found = layers(drawn, "rounded")
    assert (found.low_mm[0], found.high_mm[-1]) == pytest.approx((-10, 10))
    assert volume_mm3(found) == pytest.approx(4000 * np.pi / 3, rel=3e-3)


def test_structure_that_widens_to_its_end_keeps_its_last_outline():
    found = layers(structure({0: [circle(4)], 2: [circle(6)], 4: [circle(8)]}), "rounded")
    assert found.high_mm[-1] == pytest.approx(5)
    assert structure_edges(found.structure).plane_area_mm2[-1] == pytest.approx(disc(8))


def test_ring_without_continuation_reaches_half_way():
    both = structure({0: [circle(5)], 2: [circle(5), circle(2, x=20)], 4: [circle(5)]})
    assert volume_mm3(layers(both)) == pytest.approx(disc(5) * 6 + disc(2) * 2, rel=1e-3)
    ends = structure({0: [circle(5)], 2: [circle(5), circle(2, x=20)]})
    assert volume_mm3(layers(ends, "rounded")) == pytest.approx(disc(5) * 4 + disc(2) * 2, rel=1e-3)


def test_hole_stays_a_hole():
    drawn = structure({z: [circle(10), circle(4)] for z in range(0, 10, 2)})
    assert volume_mm3(layers(drawn)) == pytest.approx((disc(10) - disc(4)) * 10, rel=1e-3)


def test_missing_planes_are_not_bridged():
    drawn = structure({z: [rectangle(6)] for z in (0, 2, 4, 12, 14, 16)})
    for end_cap, height in (("half-slice", 12), ("rounded", 12), ("none", 8)):
        found = layers(drawn, end_cap)
        assert volume_mm3(found) == pytest.approx(120 * height, rel=1e-3)
        assert "not filled" in found.warnings[0]


def test_single_plane_and_nothing():
    assert volume_mm3(layers(structure({0: [rectangle(6)]}), "rounded")) == pytest.approx(240)
    assert layers(structure({})).low_mm.size == 0
    assert layers(structure({0: [], 2: []})).low_mm.size == 0
