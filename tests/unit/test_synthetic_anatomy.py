"""Anatomy of the demo's phantoms: solids with known distances, contours against masks, sizes against textbooks."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungtox.geometry import Plane, Structure
from lungtox.synthetic.anatomy import STRUCTURES, Anatomy, lung_distances, tumour_distances
from lungtox.synthetic.contours import PLANE_MM, draw_structures
from lungtox.synthetic.patient import PatientTraits
from lungtox.synthetic.sampling import sample_anatomy
from lungtox.synthetic.shapes import Ellipsoid, covered_share, smooth_max, smooth_min, superellipsoid


def make_traits(index: int = 0, **changes: object) -> PatientTraits:
    values: dict[str, object] = {
        "study_id": f"LT{index + 1:03d}",
        "index": index,
        "tumour_site": "upper",
        "laterality": "R",
        "stage": "III",
        "lung_disease": False,
        "technique": "IMRT",
        "fractions": 30,
        "prescription_gy": 60.0,
    }
    return PatientTraits(**(values | changes))  # type: ignore[arg-type]


def draw(index: int, **changes: object) -> Anatomy:
    return sample_anatomy(make_traits(index, **changes), np.random.default_rng([4, index]))


def ring_area_mm2(ring: np.ndarray) -> float:
    x, y = ring.T
    return 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))


def volume_cc(structure: Structure) -> float:
    """Rings of the phantoms never nest, so areas add up; each plane stands for 5 mm."""
    return sum(ring_area_mm2(ring) for plane in structure.planes for ring in plane.rings) * PLANE_MM / 1000.0


def test_distance_to_a_sphere_is_exact() -> None:
    sphere = Ellipsoid((1.0, 2.0, 3.0), (10.0, 10.0, 10.0), tilt_rad=0.4, yaw_rad=0.7)
    # Point (1, 2, 3 + 14): 14 mm from the centre, 4 mm outside.
    assert float(sphere.distance(np.array(1.0), np.array(2.0), np.array(17.0))) == pytest.approx(4.0, abs=1e-4)
    assert float(sphere.distance(np.array(4.0), np.array(6.0), np.array(3.0))) == pytest.approx(-5.0, abs=1e-3)


def test_tilt_and_yaw_turn_the_long_axis() -> None:
    # A tilt of 90 degrees stands the x axis of 30 mm on end; a yaw turns it towards the front or back.
    upright = Ellipsoid((0.0, 0.0, 0.0), (30.0, 5.0, 5.0), tilt_rad=math.pi / 2)
    sagittal = Ellipsoid((0.0, 0.0, 0.0), (30.0, 5.0, 5.0), yaw_rad=math.pi / 2)
    zero, far = np.array(0.0), np.array(30.0)
    assert float(upright.distance(zero, zero, far)) == pytest.approx(0.0, abs=1e-3)
    assert float(upright.distance(far, zero, zero)) == pytest.approx(25.0, abs=1e-3)
    assert float(sagittal.distance(zero, far, zero)) == pytest.approx(0.0, abs=1e-3)


def test_superellipsoid_of_exponent_two_is_a_circle() -> None:
    distance = superellipsoid((np.array([6.0]), np.array([8.0])), (5.0, 5.0), (2.0, 2.0))
    assert distance[0] == pytest.approx(5.0, abs=1e-4)  # hypot(6, 8) - 5


@given(st.floats(-50, 50), st.floats(-50, 50))
def test_smoothing_only_cuts_edges(first: float, second: float) -> None:
    a, b = np.array(first), np.array(second)
    cut = float(smooth_max(a, b, width_mm=8.0)) - max(first, second)
    # The polynomial is highest, width / 4, where the two are equal, and nothing beyond the width.
    assert 0.0 <= cut <= 2.0 + 1e-12
    assert abs(first - second) < 8.0 or cut == 0.0
    assert float(smooth_min(-a, -b, width_mm=8.0)) == pytest.approx(-max(first, second) - cut)


def test_a_surface_through_the_middle_covers_half_of_a_voxel() -> None:
    shares = covered_share(np.array([-4.0, -1.0, 0.0, 2.0, 9.0]), voxel_mm=4.0)
    assert shares.tolist() == [1.0, 0.75, 0.5, 0.0, 0.0]


@pytest.mark.parametrize("index", range(6))
def test_contours_agree_with_the_solids_they_are_drawn_from(index: int) -> None:
    # Corners every 6 mm cut a little off, and slivers of lung below 200 mm2 are not drawn.
    anatomy = draw(index)
    drawn = draw_structures(anatomy)
    x, y = np.arange(-160.0, 160.0, 2.0), np.arange(-130.0, 120.0, 2.0)
    z = np.arange(-20.0, anatomy.cavity_mm[2] + 20.0, PLANE_MM)
    axes = (x[None, None, :], y[None, :, None], z[:, None, None])
    solids = lung_distances(anatomy, *axes) | tumour_distances(anatomy, *axes)
    for name, tolerance in {"Lung_L": 0.015, "Lung_R": 0.015, "Heart": 0.01, "GTV": 0.03, "PTV": 0.02}.items():
        counted = float((solids[name] < 0.0).sum()) * 2.0 * 2.0 * PLANE_MM / 1000.0
        assert volume_cc(drawn[name]) == pytest.approx(counted, rel=tolerance), name


def planes_without_gap(planes: Iterable[Plane]) -> bool:
    return bool(np.allclose(np.diff([plane.z_mm for plane in planes]), PLANE_MM))


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from(["upper", "middle", "lower"]),
    st.sampled_from(["L", "R"]),
    st.sampled_from(["I", "II", "III", "IV"]),
    st.booleans(),
)
def test_every_patient_has_drawable_structures(
    index: int, site: str, side: str, stage: str, lung_disease: bool
) -> None:
    anatomy = draw(index, tumour_site=site, laterality=side, stage=stage, lung_disease=lung_disease)
    drawn = draw_structures(anatomy)
    assert tuple(drawn) == STRUCTURES
    assert [roi.number for roi in drawn.values()] == list(range(1, 9))
    for name in ("Lung_L", "Lung_R", "GTV", "Heart", "Esophagus", "SpinalCord", "BODY"):
        assert planes_without_gap(drawn[name].planes), name
    assert all(20 <= len(ring) <= 80 for roi in drawn.values() for plane in roi.planes for ring in plane.rings)
    # Paired lungs of patients on a planning CT: about 2 to 6 litres.
    assert 1500.0 < volume_cc(drawn["Lung_L"]) + volume_cc(drawn["Lung_R"]) < 7500.0
    assert 250.0 < volume_cc(drawn["Heart"]) < 1100.0
    assert 1.0 < volume_cc(drawn["GTV"]) < volume_cc(drawn["PTV"]) < 900.0


@pytest.mark.parametrize(("side", "sign"), [("L", 1.0), ("R", -1.0)])
def test_the_tumour_lies_on_its_side_and_height(side: str, sign: float) -> None:
    heights = {}
    for site in ("upper", "middle", "lower"):
        anatomy = draw(3, tumour_site=site, laterality=side, stage="I")
        x, _, z = anatomy.primary[0].centre_mm
        assert sign * x > 25.0  # x runs to the patient's left (DICOM LPS)
        heights[site] = z / anatomy.cavity_mm[2]
    assert heights["upper"] > heights["middle"] > heights["lower"]


def test_stage_decides_the_nodes() -> None:
    assert draw(1, stage="I").nodes == ()
    assert len(draw(1, stage="II").nodes) == 1
    assert all(2 <= len(draw(index, stage="III").nodes) <= 4 for index in range(10))
    assert {len(draw(index, stage="IV").nodes) for index in range(20)} >= {1, 2}


def test_the_target_keeps_clear_of_the_cord() -> None:
    for index in range(8):
        anatomy = draw(index)
        z = np.array([part.centre_mm[2] for part in anatomy.primary])
        y = anatomy.cord_mm[2] + anatomy.shift_mm(z)
        assert np.all(tumour_distances(anatomy, np.zeros_like(z), y, z)["PTV"] > 0.0)
