"""Volume and place of structures against their names. Boxes: volume and centre are plain arithmetic."""

import numpy as np
import pytest

from lungtox.errors import ParameterError
from lungtox.geometry import Plane, Structure
from lungtox.naming import check_plausibility, measure


def box(name, *, centre, size, hole=None):
    """A box contoured every 5 mm; `size` along x, y, z, the half slices beyond the last planes included."""
    (x, y, z), (a, b, c) = centre, size
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) / 2
    rings = [corners * [a, b] + [x, y]]
    if hole is not None:
        rings.append(corners * hole + [x + a / 4, y])
    heights = np.arange(z - c / 2 + 2.5, z + c / 2, 5.0)
    return Structure(name, tuple(Plane(float(height), tuple(rings)) for height in heights))


# x to the left, y to the back: lungs of 100 x 150 x 200 mm = 3000 cc on both sides.
LUNG_L = box("Lung_L", centre=(90, 0, 0), size=(100, 150, 200))
LUNG_R = box("Lung_R", centre=(-90, 0, 0), size=(100, 150, 200))
HEART = box("Heart", centre=(20, -30, -50), size=(90, 90, 90))
CORD = box("SpinalCord", centre=(0, 70, 0), size=(12, 12, 200))


def codes(*structures):
    return [(r.severity, r.code, r.structures) for r in check_plausibility({s.name: [s] for s in structures})]


def moved(structure, name=None, **where):
    return box(name or structure.name, **where)


def test_volume_centre_and_box_of_a_box():
    extent = measure(LUNG_L)
    assert extent.volume_cc == pytest.approx(3000)
    assert extent.centre_mm == pytest.approx((90, 0, 0))
    assert (extent.low_mm, extent.high_mm) == ((40, -75, -97.5), (140, 75, 97.5))


def test_a_hole_takes_volume_out_and_moves_the_centre():
    # 100 x 100 with a hole of 40 x 40 at x + 25: area 8400; centre (0 x 10000 - 25 x 1600) / 8400 = -4.7619
    extent = measure(box("Heart", centre=(500, 0, 0), size=(100, 100, 50), hole=(40, 40)))
    assert extent.volume_cc == pytest.approx(420)
    assert extent.centre_mm == pytest.approx((500 - 1600 * 25 / 8400, 0, 0))
    with pytest.raises(ParameterError):
        measure(Structure("Heart", ()))


def test_nothing_is_said_of_what_fits():
    gtv = box("GTV", centre=(60, 0, 50), size=(30, 30, 30))
    both = box("Lungs", centre=(0, 0, 0), size=(200, 150, 200))
    assert codes(LUNG_L, LUNG_R, HEART, CORD, gtv, both) == []


def test_swapped_lungs_are_a_fault():
    left, right = (
        box("Lung_L", centre=(-90, 0, 0), size=(100, 150, 200)),
        box("Lung_R", centre=(90, 0, 0), size=(100, 150, 200)),
    )
    (remark,) = check_plausibility({"Lung_L": [left], "Lung_R": [right]})
    assert (remark.severity, remark.code) == ("fault", "sides-swapped")
    assert "180 mm" in remark.text


def test_a_single_lung_on_the_wrong_side_of_the_cord():
    assert codes(box("Lung_L", centre=(-90, 0, 0), size=(100, 150, 200)), CORD) == [
        ("warning", "side", ("Lung_L", "SpinalCord"))
    ]
    assert codes(LUNG_R, CORD) == []


def test_a_lung_of_30_cc():
    small = box("Lung_L", centre=(90, 0, 0), size=(30, 20, 50))
    (remark,) = check_plausibility({"Lung_L": [small], "Lung_R": [LUNG_R]})
    assert (remark.severity, remark.code) == ("warning", "volume")
    assert "30 cc" in remark.text and "250" in remark.text


@pytest.mark.parametrize(("height_mm", "said"), [(200, False), (205, True), (195, True)])
def test_both_lungs_against_left_and_right(height_mm, said):
    # 200 x 150 mm over 200 mm = 6000 cc = 3000 + 3000; 5 mm more or less is 2.5 %, above the 2 % allowed
    both = box("Lungs", centre=(0, 0, 0), size=(200, 150, height_mm))
    assert codes(LUNG_L, LUNG_R, both) == ([("warning", "both-lungs", ("Lungs", "Lung_L", "Lung_R"))] if said else [])


def test_organs_where_they_cannot_be():
    ahead = box("SpinalCord", centre=(0, -100, 0), size=(12, 12, 200))
    assert codes(HEART, ahead) == [("warning", "position", ("SpinalCord", "Heart"))]
    below = box("GTV", centre=(60, 0, -180), size=(30, 30, 30))
    assert codes(LUNG_L, LUNG_R, below) == [("warning", "position", ("GTV",))]
    assert codes(LUNG_L, below) == []  # one lung says nothing about where the other is
