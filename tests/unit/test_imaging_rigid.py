"""Rigid registration of images. The truth is the motion with which the phantom was painted."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungtox.errors import InputError
from lungtox.geometry import Grid, Image, RigidMap
from lungtox.imaging import ImageRegistration, register_images
from lungtox.imaging.config import RegistrationSettings
from tests.unit import chest_phantom as chest

LUNGS = chest.lung_points()
COARSE = chest.grid((8.0, 8.0, 8.0))
TEN_MM = (6.03, -5.02, 6.20)  # 10 mm: the root of 36.4 + 25.2 + 38.4


def register(planning: Image, moving: Image, **changes) -> ImageRegistration:
    method = changes.pop("method", "CT to CT")
    limits = RegistrationSettings(**changes)
    return register_images(planning, moving, settings=limits, who="P7", method=method, lungs_mm=LUNGS)


def error_of(found: RigidMap, truth: RigidMap) -> tuple[float, float]:
    """Largest distance in mm between where both maps take points of the lungs, and the angle between them."""
    apart = np.linalg.norm(np.array(found(*LUNGS)) - np.array(truth(*LUNGS)), axis=0)
    return float(apart.max()), truth.inverse().then(found).angle_deg


def codes(error: pytest.ExceptionInfo[InputError]) -> list[str]:
    return [fault.code for fault in error.value.faults]


def test_a_planted_motion_of_10_mm_and_5_degrees_is_recovered_within_1_mm_and_half_a_degree():
    truth = chest.motion(shift_mm=TEN_MM, axis=(0.5, -0.3, 0.8), angle_deg=5.0)
    planning = chest.paint_ct(chest.grid((4.0, 4.0, 5.0)), noise_hu=15.0)
    low_dose = chest.paint_ct(chest.grid((3.9, 3.9, 4.4), centre_mm=truth.shift_mm), moved=truth, noise_hu=60.0, seed=1)
    found = register(planning, low_dose)
    apart_mm, angle_deg = error_of(found.mapping, truth)
    assert apart_mm < 1.0
    assert angle_deg < 0.5
    quality = found.quality
    assert quality.converged and not found.warnings
    assert quality.rotation_deg == pytest.approx(5.0, abs=0.5)
    assert quality.lung_dice > 0.95 > quality.lung_dice_start
    assert quality.mutual_information > quality.mutual_information_start
    assert np.linalg.norm(quality.frames_apart_mm) == pytest.approx(10.0, abs=1.5)  # the lungs' middle turns too


def test_frames_that_lie_far_apart_and_an_oblique_image_are_recovered_too():
    # Scanners place their origins as they like; 40 cm between them is no bad registration.
    far = RigidMap(chest.turn((0.1, 0.2, 1.0), 6.0), np.array([-120.0, 250.0, 300.0]))
    tilted = chest.turn((1.0, 0.0, 0.0), 20.0)
    middle = tilted @ far.shift_mm
    straight = chest.grid((5.0, 5.0, 5.0), centre_mm=middle)
    moving = chest.paint_ct(Grid(straight.x_mm, straight.y_mm, straight.z_mm, tilted), moved=far, seed=2)
    apart_mm, angle_deg = error_of(register(chest.paint_ct(chest.grid((5.0, 5.0, 5.0))), moving).mapping, far)
    assert apart_mm < 1.0
    assert angle_deg < 0.5


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**31 - 1), origin=st.tuples(*[st.floats(-300, 300)] * 3))
def test_an_image_registered_with_itself_stays_where_it_is(seed, origin):
    ct = chest.paint_ct(COARSE, seed=seed % 1000)
    grid = ct.grid
    shifted = Image(Grid(grid.x_mm + origin[0], grid.y_mm + origin[1], grid.z_mm + origin[2]), ct.values)
    found = register(ct, shifted, seed=seed)
    apart_mm, angle_deg = error_of(found.mapping, RigidMap(np.eye(3), np.array(origin)))
    assert apart_mm < 0.4  # a twentieth of a voxel
    assert angle_deg < 0.2
    assert found.quality.lung_dice > 0.99


REPEAT = """
from tests.unit import chest_phantom as chest
from tests.unit.test_imaging_rigid import COARSE, register
truth = chest.motion(shift_mm=(4.0, -3.0, 5.0), axis=(1.0, 0.5, 0.0), angle_deg=3.0)
for _ in range(2):
    found = register(chest.paint_ct(COARSE), chest.paint_ct(COARSE, moved=truth, seed=1), seed=3)
    print(found.mapping.rotation.tobytes().hex(), found.mapping.shift_mm.tobytes().hex(), found.quality)
"""


def test_the_same_images_give_the_same_bits_in_any_process_and_with_any_number_of_threads():
    said = []
    for threads in ("1", "4"):
        environment = {**os.environ, "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": threads}
        run = subprocess.run(
            [sys.executable, "-c", REPEAT], env=environment, capture_output=True, text=True, check=True
        )
        said += run.stdout.splitlines()
    assert len(said) == 4
    assert len(set(said)) == 1


def test_another_seed_compares_other_points_and_finds_the_same_motion():
    truth = chest.motion(shift_mm=(4.0, -3.0, 5.0), axis=(1.0, 0.5, 0.0), angle_deg=3.0)
    images = chest.paint_ct(COARSE), chest.paint_ct(COARSE, moved=truth, seed=1)
    maps = [register(*images, seed=seed).mapping for seed in (1, 2)]
    assert maps[0].shift_mm.tolist() != maps[1].shift_mm.tolist()
    assert error_of(maps[0], maps[1])[0] < 0.5


def test_a_bad_registration_is_refused_with_all_its_reasons():
    planning = chest.paint_ct(COARSE)
    turned = chest.motion(shift_mm=(0, 0, 0), axis=(0, 0, 1), angle_deg=18.0)
    with pytest.raises(InputError) as error:
        register(planning, chest.paint_ct(COARSE, moved=turned))
    assert codes(error) == ["registration-rotation"]
    assert re.search(r"a rotation of at most 15 degrees; found (17\.[5-9]|18\.[0-4]) degrees", str(error.value))
    assert error.value.faults[0].who == "P7"
    # The liver and half of the right lung are gone: no rotation makes up for that.
    other = chest.paint_ct(COARSE, solids=(chest.LUNGS[0], ((-78, 4, 50), (40, 50, 40), -800.0)))
    with pytest.raises(InputError) as error:
        register(planning, other)
    assert "registration-dice" in codes(error)
    found = register(planning, other, min_lung_dice=0.3, max_shift_mm=80.0, max_rotation_deg=90.0)
    assert found.quality.lung_dice < 0.8


def test_an_image_that_ends_within_the_lungs_is_refused():
    whole = chest.paint_ct(COARSE)
    grid = whole.grid
    upper = Image(Grid(grid.x_mm, grid.y_mm, grid.z_mm[18:]), whole.values[18:])
    with pytest.raises(InputError) as error:
        register(whole, upper, max_shift_mm=100.0, max_rotation_deg=180.0, min_lung_dice=0.0)
    assert codes(error) == ["registration-seen"]


def test_images_without_lungs_are_refused_by_name():
    water = replace(chest.paint_ct(COARSE), values=np.zeros(COARSE.shape, dtype=np.float32))
    with pytest.raises(InputError, match="lungs in the CT of the SPECT/CT"):
        register(chest.paint_ct(COARSE), water)
    with pytest.raises(InputError, match="lungs in the planning CT; found no air of 200 cc"):
        register(water, chest.paint_ct(COARSE))
    with pytest.raises(InputError, match="lungs in the SPECT; found no counts"):
        register(chest.paint_ct(COARSE), water, method="SPECT to CT")


def test_a_planning_ct_without_the_contoured_lungs_is_refused():
    ct = chest.paint_ct(COARSE)
    elsewhere = tuple(axis + 900.0 for axis in LUNGS)
    with pytest.raises(InputError, match="a planning CT that shows the contoured lungs"):
        register_images(ct, ct, settings=RegistrationSettings(), who="P7", lungs_mm=elsewhere)


def test_a_spect_registered_to_the_planning_ct_itself_says_so():
    truth = chest.motion(shift_mm=TEN_MM, axis=(0.5, -0.3, 0.8), angle_deg=5.0)
    grid = chest.grid((6.5, 6.5, 6.5), centre_mm=truth.shift_mm, half_mm=(200.0, 200.0, 190.0))
    found = register(
        chest.paint_ct(chest.grid((6.0, 6.0, 6.0))), chest.paint_spect(grid, moved=truth), method="SPECT to CT"
    )
    apart_mm, angle_deg = error_of(found.mapping, truth)
    # Even perfusion; defects make it worse (docs/methods/registration.md).
    assert apart_mm < 1.0
    assert angle_deg < 0.5
    assert found.quality.method == "SPECT to CT"
    assert "without a CT of its own" in found.warnings[0]
