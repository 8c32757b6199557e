"""Lungs found by Hounsfield units. Volumes of the phantom's ellipsoids are worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from lungtox.geometry import Grid, Image
from lungtox.imaging.lungs import coarsened, find_counts, find_lungs, middle_mm
from tests.unit import chest_phantom as chest


def cc(mask: np.ndarray, grid: Grid) -> float:
    return float(mask.sum()) * np.prod([axis[1] - axis[0] for axis in (grid.x_mm, grid.y_mm, grid.z_mm)]) / 1000.0


def test_the_lungs_have_their_volume_and_lie_in_their_place():
    grid = chest.grid((4.0, 4.0, 5.0))
    lungs = find_lungs(chest.paint_ct(grid, solids=chest.LUNGS))
    # 4/3 pi a b c: 2085 cc and 2181 cc; the middle is the mean of both centres weighted with these.
    assert cc(lungs, grid) == pytest.approx(2085 + 2181, rel=0.02)
    np.testing.assert_allclose(middle_mm(grid, lungs), [-3.2, 2.0, -2.6], atol=1.0)
    turned = Grid(grid.x_mm, grid.y_mm, grid.z_mm, chest.turn((0, 0, 1), 90.0))
    np.testing.assert_allclose(middle_mm(turned, lungs), turned.turn.T @ middle_mm(grid, lungs))


def test_room_air_the_gap_above_the_couch_and_gas_in_the_bowel_are_no_lungs():
    grid = chest.grid((4.0, 4.0, 5.0))
    plain = chest.paint_ct(grid, solids=chest.LUNGS)
    couch = (((0, 116, 0), (150, 3, 400), 200.0), ((0, 40, -140), (30, 30, 20), -1000.0))
    assert find_lungs(chest.paint_ct(grid, solids=(*chest.LUNGS, *couch))).sum() == find_lungs(plain).sum()


def test_lungs_that_the_picture_cuts_off_are_found():
    grid = chest.grid((4.0, 4.0, 5.0), half_mm=(190.0, 130.0, 60.0))
    lungs = find_lungs(chest.paint_ct(grid, solids=chest.LUNGS))
    assert lungs[0].any() and lungs[-1].any()
    assert not lungs[:, 0].any()


def test_coarse_voxels_are_means_at_the_middle_of_their_blocks():
    fine = Grid(np.arange(7) * 1.0, np.arange(4) * 2.0, np.arange(3) * 5.0)
    values = np.arange(84, dtype=np.float32).reshape(3, 4, 7)
    coarse = coarsened(Image(fine, values), spacing_mm=4.0)
    assert coarse.grid.x_mm.tolist() == [1.0, 4.0]  # blocks of three, as four would leave one voxel
    assert coarse.grid.y_mm.tolist() == [1.0, 5.0]
    assert coarse.grid.z_mm.tolist() == [0.0, 5.0, 10.0]
    assert coarse.values[1, 0, 1] == values[1, 0:2, 3:6].mean()


def test_counts_are_found_at_a_fifth_of_the_robust_maximum():
    grid = Grid(np.arange(10.0), np.arange(10.0), np.arange(10.0))
    values = np.full((10, 10, 10), 100.0)
    values[0] = 10.0
    values[1, 0, 0] = 100_000.0  # a clump
    assert find_counts(Image(grid, values)).sum() == 900
    assert not find_counts(Image(grid, 0.0 * values)).any()
