"""Perfusion of the demo's phantoms, the camera, and the planning CT."""

from __future__ import annotations

import numpy as np
import pytest

from lungtox.geometry import Grid, Image
from lungtox.synthetic.anatomy import lung_distances
from lungtox.synthetic.factors import sample_traits
from lungtox.synthetic.perfusion import RESOLUTION_MM, acquire_spect, blur, sample_perfusion
from lungtox.synthetic.phantom import Phantom, build_phantom
from lungtox.synthetic.phantom_dvhs import phantom_dvhs
from lungtox.synthetic.planning_ct import make_ct
from lungtox.synthetic.resolution import FWHM_MM, REGIONS, describe_resolution, metrics_by_resolution
from lungtox.synthetic.sampling import sample_anatomy
from tests.unit.test_synthetic_anatomy import draw, make_traits, volume_cc


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return build_phantom(make_traits(2, technique="3D-CRT"), np.random.default_rng(6))


def test_a_point_is_seen_with_the_stated_width() -> None:
    point = np.zeros((41, 41, 41))
    point[20, 20, 20] = 1.0
    seen = blur(point, (2.0, 2.0, 2.0))
    assert seen.sum() == pytest.approx(1.0, abs=1e-6)
    profile = seen[20, 20] / seen[20, 20, 20]
    # Half of the maximum at 6 mm, half of the width of 12 mm.
    assert profile[23] == pytest.approx(0.5, abs=0.01)
    assert RESOLUTION_MM == 12.0


def test_perfusion_is_lower_at_the_tumour_than_on_the_other_side() -> None:
    lower = 0
    for index in range(20):
        traits = make_traits(index)
        anatomy = sample_anatomy(traits, np.random.default_rng([4, index]))
        perfusion = sample_perfusion(traits, anatomy, np.random.default_rng([5, index]))
        centre = np.array(anatomy.primary[0].centre_mm)
        here, there = perfusion.at(np.array([centre, centre * [-1.0, 1.0, 1.0]]))
        lower += bool(here < there)
    assert lower >= 19


def test_diseased_lungs_are_patchier() -> None:
    spread = {False: [], True: []}
    for index in range(12):
        for disease in (False, True):
            traits = make_traits(index, lung_disease=disease)
            anatomy = draw(index, lung_disease=disease)
            points = np.random.default_rng(1).uniform((-100, -60, 80), (100, 70, 220), size=(4000, 3))
            solids = lung_distances(anatomy, *points.T)
            inside = solids["Lung_L"] < -5.0  # the tumour is on the right
            values = sample_perfusion(traits, anatomy, np.random.default_rng([5, index])).at(points[inside])
            assert values.min() >= 0.0
            spread[disease].append(values.std() / values.mean())
    assert np.mean(spread[True]) > 1.3 * np.mean(spread[False])


def test_the_camera_has_its_own_grid_and_little_noise(phantom: Phantom) -> None:
    spect = acquire_spect(phantom.perfusion_blurred, np.random.default_rng(1))
    grid, dose = spect.grid, phantom.dose.grid
    assert grid.shape[1:] == (64, 64)
    pixel = grid.x_mm[1] - grid.x_mm[0]
    assert 6.2 <= pixel <= 7.0 and grid.z_mm[1] - grid.z_mm[0] == pytest.approx(pixel)
    # The whole dose grid, and so the lungs, lies inside.
    assert grid.x_mm[0] < dose.x_mm[0] and dose.x_mm[-1] < grid.x_mm[-1] and grid.z_mm[-1] >= dose.z_mm[-1]
    assert np.array_equal(spect.values, np.rint(spect.values)) and spect.values.min() >= 0
    # Air in the corner: background 0.2 % of the peak of 6000, noise 1 %, cut at 0. By hand, the normal curve at 12 / 60
    # has the density .391 and the area .579: mean 12 x .579 + 60 x .391, mean square (12^2 + 60^2) x .579 + 720 x .391.
    corner = spect.values[:, :8, :8]
    assert corner.mean() == pytest.approx(30.4, abs=4.0) and corner.std() == pytest.approx(39.1, abs=6.0)


def test_the_camera_sees_a_flat_source_as_flat() -> None:
    axis = np.arange(-200.0, 201.0, 4.0)
    flat = Image(Grid(axis, axis, np.arange(0.0, 200.0, 5.0)), np.ones((40, axis.size, axis.size)))
    spect = acquire_spect(flat, np.random.default_rng(2))
    middle = spect.values[8:-8, 20:44, 20:44]
    assert middle.mean() == pytest.approx(6000.0 * 1.002, rel=0.005)


def test_about_nine_in_ten_have_a_spect() -> None:
    from lungtox.synthetic.phantom import SPECT_SHARE
    from lungtox.synthetic.streams import child_stream

    rng = np.random.default_rng(1)
    have = [child_stream(rng, "spect", index).random() < SPECT_SHARE for index in range(2000)]
    assert np.mean(have) == pytest.approx(0.90, abs=0.02)  # 3 standard errors


def test_the_ct_shows_lung_tumour_heart_and_air(phantom: Phantom) -> None:
    ct = make_ct(phantom, np.random.default_rng(1))
    assert ct.grid.shape[1:] == (128, 128)
    assert ct.grid.z_mm.tolist() == [plane.z_mm for plane in phantom.structures["BODY"].planes]

    def hounsfield(point: tuple[float, float, float]) -> float:
        x, y, z = (float(a + b) for a, b in zip(point, phantom.anatomy.origin_mm, strict=True))
        at = [
            int(np.argmin(np.abs(axis - v)))
            for axis, v in zip((ct.grid.x_mm, ct.grid.y_mm, ct.grid.z_mm), (x, y, z), strict=True)
        ]
        return float(ct.values[at[2], at[1], at[0]])

    anatomy = phantom.anatomy
    assert hounsfield(anatomy.primary[0].centre_mm) == pytest.approx(35.0, abs=60.0)
    assert hounsfield(anatomy.heart.centre_mm) == pytest.approx(55.0, abs=60.0)
    assert hounsfield((80.0, 20.0, 150.0)) < -650.0
    assert hounsfield((0.0, anatomy.vertebra_mm[2] + float(anatomy.shift_mm(np.array(150.0))), 150.0)) > 200.0
    assert ct.values[:, 0, 0].max() < -950.0


def test_dvhs_of_the_phantom_say_what_its_summary_says(phantom: Phantom) -> None:
    dvhs = {(one.structure, one.weighting, one.quantity): one for one in phantom_dvhs(phantom)}
    summary = phantom.summary
    lungs = dvhs["Lungs-GTV", "anatomical", "physical"]
    assert lungs.mean_gy == pytest.approx(summary.mld_gy)
    assert 100 * lungs.cumulative.volume_at_cc(20.0) / lungs.total_cc == pytest.approx(summary.v20_pct, abs=0.1)
    assert dvhs["Lungs-GTV", "functional:40%max", "physical"].mean_gy == pytest.approx(summary.fmld_gy, abs=0.02)
    assert dvhs["Lungs-GTV", "perfusion", "physical"].mean_gy == pytest.approx(summary.mpwld_gy, abs=0.02)
    assert {name for name, _, _ in dvhs} == {"Lungs-GTV", "Heart", "Esophagus", "SpinalCord"}
    for name in ("Heart", "Esophagus", "SpinalCord"):
        drawn = volume_cc(phantom.structures[name])
        assert dvhs[name, "anatomical", "physical"].total_cc == pytest.approx(drawn, rel=0.01), name


def test_a_patient_without_spect_has_no_functional_dvh() -> None:
    rng = np.random.default_rng(6)
    without = next(one for index in range(60) if not (one := build_phantom(make_traits(index), rng)).summary.has_spect)
    assert {one.weighting for one in phantom_dvhs(without)} == {"anatomical"}


def test_bias_by_resolution_is_that_of_the_generators_own_summary() -> None:
    # The summary is made of voxels by the phantom itself, the table by the DVH engine's functional histograms.
    rng = np.random.default_rng(1)
    summary = build_phantom(sample_traits(rng, "LT003", 2), rng).summary
    found = metrics_by_resolution(2, seed=1)
    column = 1 + REGIONS.index("40%max")
    assert found[0, column, 0] == pytest.approx(summary.fmld_unblurred_gy, abs=1e-6)
    blurred = found[1 + FWHM_MM.index(RESOLUTION_MM)]
    assert blurred[column] == pytest.approx([summary.fmld_gy, summary.fv20_pct], abs=1e-6)
    assert blurred[0, 0] == pytest.approx(summary.mpwld_gy, abs=0.02)  # here no weight exceeds the lung's maximum
    page = describe_resolution(np.stack([found, found + 1.0]))
    assert "| 15 | 40%max |" in page and "The 2 patients" in page
