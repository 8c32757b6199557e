"""Slabs of contour planes; expected faces by hand."""

import numpy as np
import pytest

from lungtox.geometry import Plane, Region, Structure, as_region, region_slabs

SQUARE = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]])


def structure(*levels, name="S"):
    return Structure(name, tuple(Plane(float(z), (SQUARE,)) for z in levels))


def slabs(region, end_cap="half-slice"):
    return region_slabs(as_region(region), end_cap=end_cap, slice_mm=2.5)


def test_planes_meet_half_way_and_ends_reach_half_a_slice_further():
    found = slabs(structure(0, 3, 6))
    assert found.low_mm.tolist() == [-1.5, 1.5, 4.5]
    assert found.high_mm.tolist() == [1.5, 4.5, 7.5]
    assert found.plane.ravel().tolist() == [0, 1, 2]
    assert found.warnings == ()


def test_without_end_caps_the_structure_ends_at_its_planes():
    found = slabs(structure(0, 3, 6), end_cap="none")
    assert (found.low_mm[0], found.high_mm[-1]) == (0.0, 6.0)


def test_missing_plane_is_named_and_not_filled():
    found = slabs(structure(0, 3, 9, 12))
    assert (found.high_mm - found.low_mm).sum() == pytest.approx(12.0)  # four planes of 3 mm, the hole stays open
    assert found.high_mm[1] == 4.5 and found.low_mm[2] == 7.5
    assert "from z = 3 to 9 mm" in found.warnings[0] and "not filled" in found.warnings[0]


def test_a_hole_without_end_caps_ends_at_the_planes():
    found = slabs(structure(0, 3, 9, 12), end_cap="none")
    assert (found.high_mm - found.low_mm).sum() == pytest.approx(6.0)


def test_part_with_wider_spacing_keeps_its_thickness_and_is_named():
    found = slabs(structure(0, 2, 4, 6, 8, 13, 18))
    assert found.low_mm[0] == -1 and found.high_mm[-2] == 15.5
    # The last plane's cap is half its gap, but not more than 1.5 times the usual spacing.
    assert found.high_mm[-1] == pytest.approx(18 + 0.5 * 1.5 * 2)
    assert "unevenly spaced" in found.warnings[0]


def test_single_plane_takes_the_given_thickness_with_a_warning():
    found = slabs(structure(4))
    assert (found.low_mm[0], found.high_mm[0]) == (2.75, 5.25)
    assert "single contour plane" in found.warnings[0]


def test_structures_with_the_same_planes_have_the_same_slabs():
    found = slabs(Region("R", (structure(0, 3, 6, 9),), (structure(3, 6),)))
    assert found.plane.tolist() == [[0, -1], [1, 0], [2, 1], [3, -1]]


def test_structures_with_other_planes_are_cut_at_each_others_faces():
    # The second one reaches from 3.25 to 5.75 and thus into the slabs 1.5-4.5 and 4.5-7.5 of the first.
    found = slabs(Region("R", (structure(0, 3, 6),), (structure(4.5),)))
    assert found.low_mm.tolist() == [-1.5, 1.5, 3.25, 4.5, 5.75]
    assert found.plane.tolist() == [[0, -1], [1, -1], [1, 0], [2, 0], [2, -1]]


def test_faces_that_differ_by_rounding_are_one():
    found = slabs(Region("R", (structure(0, 3, 6),), (structure(0.002, 3.001, 6.0),)))
    assert found.plane.tolist() == [[0, 0], [1, 1], [2, 2]]


def test_what_only_is_taken_out_has_no_slab():
    found = slabs(Region("R", (structure(0, 3),), (structure(0, 3, 6, 9),)))
    assert found.high_mm[-1] == 4.5


def test_no_contours_no_slabs():
    assert slabs(Structure("E", ())).low_mm.size == 0
