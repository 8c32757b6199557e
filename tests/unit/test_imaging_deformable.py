"""Deformable registration of images. The truth is the field by which the planning image was painted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lungtox.errors import InputError
from lungtox.geometry import Grid, Image
from lungtox.imaging import DeformableQuality, register_deformable
from lungtox.imaging.config import DeformableSettings
from tests.unit import chest_phantom as chest

Points = tuple[np.ndarray, np.ndarray, np.ndarray]
LUNGS = chest.lung_points()
GRID = chest.grid((5.0, 5.0, 5.0), half_mm=(180.0, 120.0, 130.0))


class Bent:
    """Takes planning points to the session: a shift of 4 mm to the back, and lungs stretched by up to 8 mm in z."""

    def __init__(self, shift_mm: tuple[float, float, float] = (0.0, 4.0, 0.0), stretch_mm: float = 8.0) -> None:
        self.shift_mm, self.stretch_mm = shift_mm, stretch_mm

    def inverse(self) -> Callable[..., Points]:
        """Give what `paint_ct` asks for: where the tissue of a planning point lies in the session."""
        return self

    def __call__(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> Points:
        dx, dy, dz = self.shift_mm
        wave = np.sin(np.pi * np.clip((z + 130.0) / 260.0, 0, 1)) * np.cos(np.pi * np.clip(y / 240.0, -0.5, 0.5))
        return x + dx, y + dy, z + dz - self.stretch_mm * wave


def register(
    truth: Bent, *, grid: Grid = GRID, half_z_mm: float = 150.0, **changes: object
) -> tuple[np.ndarray, DeformableQuality, object]:
    planning = chest.paint_ct(grid, moved=truth)  # type: ignore[arg-type]
    of_session = chest.grid((5.0, 5.0, 5.0), centre_mm=truth.shift_mm, half_mm=(190.0, 130.0, half_z_mm))
    session = chest.paint_ct(of_session, noise_hu=40.0, seed=1)
    settings = DeformableSettings.model_validate({"spacing_mm": 5.0, "iterations": 25, **changes})
    field, quality = register_deformable(
        planning, session, settings=settings, planning_frame="plan", session_frame="day", who="P7"
    )
    apart = np.linalg.norm(np.array(field(*LUNGS)) - np.array(truth(*LUNGS)), axis=0)
    return apart, quality, field


@pytest.mark.slow
@pytest.mark.parametrize("method", ["bspline", "demons"])
def test_a_planted_field_is_recovered_within_a_voxel_in_the_lungs(method: str) -> None:
    truth = Bent()
    apart, quality, field = register(truth, method=method)
    before = np.linalg.norm(np.array(truth(*LUNGS)) - np.array(LUNGS), axis=0)
    assert np.median(before) > 7.0
    assert np.median(apart) < 5.0  # a voxel
    assert np.percentile(apart, 95) < np.percentile(before, 95)
    assert field.registered_by_lungtox and (field.planning_frame, field.session_frame) == ("plan", "day")
    assert quality.mutual_information > quality.mutual_information_start
    assert quality.correlation > max(quality.correlation_start, 0.95)
    assert quality.folding_pct == 0.0
    again = register(truth, method=method)[2]
    assert np.array_equal(again.vectors_mm, field.vectors_mm)


def test_coarse_demons_move_the_lungs_towards_the_truth() -> None:
    coarse = chest.grid((9.0, 9.0, 9.0), half_mm=(180.0, 120.0, 130.0))
    apart, quality, _ = register(Bent(), grid=coarse, half_z_mm=80.0, method="demons", spacing_mm=9.0, iterations=10)
    assert np.isnan(apart[np.abs(LUNGS[2]) > 95.0]).all()  # a short CBCT says nothing beyond its ends
    seen = apart[np.abs(LUNGS[2]) < 60.0]
    assert np.median(seen) < 4.5  # half a voxel, of 9 mm before
    assert quality.correlation > quality.correlation_start


@pytest.mark.slow
def test_origins_that_lie_far_apart_are_found() -> None:
    apart, quality, _ = register(Bent(shift_mm=(300.0, -200.0, 50.0)))
    assert np.median(apart) < 5.0
    assert quality.shift_mm == pytest.approx(np.hypot(np.hypot(300, 200), 50), abs=10)


@pytest.mark.slow
def test_images_of_nothing_alike_are_refused() -> None:
    empty = Image(GRID, np.random.default_rng(1).normal(0, 20, GRID.shape).astype(np.float32))
    chest_image = chest.paint_ct(GRID)
    settings = DeformableSettings.model_validate({"spacing_mm": 10.0, "iterations": 5})
    with pytest.raises(InputError) as raised:
        register_deformable(chest_image, empty, settings=settings, planning_frame="a", session_frame="b", who="P7")
    assert {fault.code for fault in raised.value.faults} <= {"deformable-overlap", "deformable-worse"}
