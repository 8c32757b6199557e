"""One structure of both sides, taken apart. Volumes by hand; left is larger x (LPS)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungtox.dose import compute_dvh, sample_region
from lungtox.errors import InputError
from lungtox.geometry import Dose, Grid, Image, Plane, Structure, split_sides, structure_layers

AXIS = np.arange(-100.0, 101.0, 4.0)
DOSE = Dose(Image(Grid(AXIS, AXIS, AXIS), np.broadcast_to(40 + 0.2 * AXIS, (AXIS.size,) * 3)), "F")


def square(half, x, y=0.0):
    return np.array([[-half, -half], [half, -half], [half, half], [-half, half]]) + np.array([x, y])


def both(*rings, heights=range(0, 31, 3), also=None):
    """The same rings in all planes, and more of them in some."""
    return Structure("Lungs", tuple(Plane(float(z), (*rings, *(also or {}).get(z, ()))) for z in heights))


def split(structure, end_cap="half-slice", between_planes="slab"):
    return split_sides(
        structure_layers(structure, end_cap=end_cap, between_planes=between_planes, slice_mm=3.0, step_mm=1.0)
    )


def test_left_is_larger_x_and_holes_and_islands_go_along():
    # Left: 60 mm squares with a hole of 20 mm and an island of 4 mm in it. Right: 60 mm, and a tip of its own above.
    left_rings = square(30, 40), square(10, 40), square(2, 40)
    structure = both(*left_rings, square(30, -40), also={0: (square(3, -90),), 30: (square(3, -90),)})
    left, right = split(structure)
    assert (left.name, right.name) == ("Lungs (left)", "Lungs (right)")
    assert sample_region(left, DOSE).region_cc == pytest.approx((3600 - 400 + 16) * 33 / 1000, rel=1e-6)
    assert sample_region(right, DOSE).region_cc == pytest.approx((3600 * 33 + 2 * 36 * 3) / 1000, rel=1e-6)
    assert compute_dvh(left, DOSE).mean_gy == pytest.approx(48, abs=5e-3)


def test_parts_that_reach_over_the_middle_are_told_by_what_they_hang_on():
    # The right one reaches to x = 5 in front, the left one to x = 1 behind: no plane separates them, they never touch.
    right = np.array([[-70, -40], [5, -40], [5, -30], [-20, -30], [-20, 40], [-70, 40]], dtype=float)
    left = np.array([[1, 40], [1, -20], [70, -20], [70, 40]], dtype=float)
    found = split(both(right, left))
    volumes = [sample_region(side, DOSE).region_cc for side in found]
    assert volumes == pytest.approx([69 * 60 * 33 / 1000, (50 * 80 + 25 * 10) * 33 / 1000], rel=1e-6)


@pytest.mark.parametrize(
    ("structure", "words"),
    [
        (both(square(40, 0)), "all of it hangs together"),
        (both(square(20, -30), square(20, 30), also={15: (square(11, 0),)}), "all of it hangs together"),
        (both(square(30, 40), square(5, -40)), "a second one of 2.8 % of the largest"),
        (both(square(20, 0, -30), square(20, 0, 30)), "behind or above each other"),
        (both(square(20, -40), square(20, 40), square(3, 1)), "1 more on both sides of x = 0.0 mm"),
    ],
    ids=["one part", "joined in one plane", "one side and a speck", "front and back", "a part in the middle"],
)
def test_sides_that_are_not_clear_are_refused(structure, words):
    if words.startswith("all") and len(structure.planes[5].rings) == 3:  # an overlap by XOR is still a touch
        structure = both(square(20, -30), square(20, 30), also={15: (square(11.5, 0),)})
    with pytest.raises(InputError, match="left and a right part") as error:
        split(structure)
    (fault,) = error.value.faults
    assert fault.code == "sides"
    assert words in fault.found


halves = st.tuples(st.floats(10, 30), st.floats(-8, 8), st.integers(0, 4), st.integers(6, 11))


@settings(max_examples=25, deadline=None)
@given(left=halves, right=halves, rule=st.sampled_from(["half-slice", "none", "rounded"]))
@pytest.mark.parametrize("between_planes", ["slab", "interpolated"])
def test_both_sides_add_to_the_whole(between_planes, left, right, rule):
    # Sides of other sizes that begin and end in other planes, unevenly spaced: their volumes add exactly.
    heights = np.cumsum([0, 2, 3, 3, 2, 3, 3, 2, 3, 3, 2, 3])
    planes = []
    for number, z in enumerate(heights):
        own = [
            square(half, x, y) for (half, y, first, last), x in ((left, 45), (right, -45)) if first <= number <= last
        ]
        planes += [Plane(float(z), tuple(own))] if own else []
    whole = Structure("Lungs", tuple(planes))
    options = {"end_cap": rule, "between_planes": between_planes}
    try:
        sides = split(whole, **options)
    except InputError:  # one side is less than a fifth of the other
        return
    parts = [sample_region(side, DOSE, **options).region_cc for side in sides]
    assert sum(parts) == pytest.approx(sample_region(whole, DOSE, **options).region_cc, rel=1e-6)
