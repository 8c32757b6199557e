"""Bounds of metrics: the truth lies inside, they widen with the spacing, and a uniform dose leaves nothing open.

Truths are the closed forms of benchmarks/solids.py (SCIENCE.md, section 2). docs/benchmarks/bounds.md has them all.
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungtox.dose import (
    Others,
    ReferredDvh,
    compute_metrics,
    dvh_from_samples,
    metric_bounds,
    sample_alternatives,
    sample_courses,
)
from lungtox.dose.bounds import interpolation_error_gy
from lungtox.geometry import Dose, Grid, Image, Plane, Region, Structure, read_structure
from lungtox.geometry.edges import structure_edges

_PATH = Path(__file__).resolve().parents[2] / "benchmarks" / "solids.py"
_SPEC = importlib.util.spec_from_file_location("benchmark_solids", _PATH)
solids = importlib.util.module_from_spec(_SPEC)
sys.modules[_SPEC.name] = solids
_SPEC.loader.exec_module(solids)

SQUARE = np.array([[-8.0, -8], [8, -8], [8, 8], [-8, 8]])


def bounds(region, doses, metrics):
    """Give value, low and high of the volume and of each metric."""

    def make(one):
        samples = one.samples
        dvh = dvh_from_samples(samples.dose_gy, samples.volume_cc, structure="x", spread_gy=samples.spread_gy)
        return {"": ReferredDvh(dvh)}

    central = sample_courses(region, doses)
    found = sample_alternatives(region, doses, central)
    value = make(central)[""]
    intervals = metric_bounds(value, found.dvhs(make, [""])[""], metrics)
    answers = {name: (each.low, each.high) for name, each in intervals.items()}
    return answers | {"volume": (found.volume_cc.low, found.volume_cc.high)}, value.dvh, found


def flat_dose(dose_gy, spacing=2.0):
    axis = np.arange(-20, 21) * spacing
    return Dose(Image(Grid(axis, axis, axis), np.full((41, 41, 41), dose_gy)), "frame", 30)


@pytest.mark.parametrize("layout", ["middle", "multiples"])
@pytest.mark.parametrize("spacing", [2.0, 3.0])
def test_the_truth_of_every_solid_lies_inside(layout, spacing):
    outside = []
    for solid, direction, of_case, structure, dose in solids.cases(layout):
        if of_case != spacing:
            continue
        found, _, _ = bounds(structure, (dose,), ["Mean[Gy]", *solids.ENDPOINTS])
        found["mean"] = found.pop("Mean[Gy]")
        for name, truth in solids.truth(solid, direction).items():
            low, high = found[name]
            if not low - 1e-9 <= truth <= high + 1e-9:
                outside.append((solid.name, direction, name, truth, low, high))
    assert outside == []


def test_what_a_sphere_leaves_open_grows_with_the_spacing():
    names = ["Mean[Gy]", "V20Gy[%]", "D95%[Gy]", "D5%[Gy]"]
    widths = []
    for spacing in (1.0, 2.0, 3.0):
        structure = solids.contoured(solids.SOLIDS[0], spacing, "middle")
        found, _, _ = bounds(structure, (solids.linear_dose(spacing, "SI"),), names)
        widths.append([high - low for low, high in found.values()])
    assert (np.diff(widths, axis=0) > 0).all()
    # SCIENCE.md: V20 of the sphere is 25.9259 %, D95 7.2484 Gy.
    low, high = found["V20Gy[%]"]
    assert low < 25.9259 < high
    assert found["D95%[Gy]"][0] < 7.2484 < found["D95%[Gy]"][1]


def test_a_uniform_dose_leaves_only_volumes_open():
    structure = solids.contoured(solids.SOLIDS[0], 3.0, "middle")
    names = ["Mean[Gy]", "Max[Gy]", "Min[Gy]", "D95%[Gy]", "V20Gy[%]", "V30Gy[%]", "gEUD(2)[Gy]", "V20Gy[cc]"]
    found, _, _ = bounds(structure, (flat_dose(25.0),), names)
    ends = {name: found[name] for name in names[:-1]}
    expected = {name: 0.0 if name == "V30Gy[%]" else 100.0 if name == "V20Gy[%]" else 25.0 for name in ends}
    assert {name: low for name, (low, _) in ends.items()} == pytest.approx(expected, abs=0.011)  # D is given in a bin
    assert all(high - low < 1e-9 for low, high in ends.values())
    assert found["V20Gy[cc]"] == pytest.approx(found["volume"])


def test_a_box_of_flat_ends_reaches_from_its_outermost_planes_to_the_next_ones():
    planes = tuple(Plane(z, (SQUARE,)) for z in (0.0, 3.0, 6.0))
    found, _, _ = bounds(Structure("box", planes), (flat_dose(20.0),), ["Mean[Gy]"])
    # 16 x 16 mm: at least the 6 mm between the planes, at most a slice of 3 mm more at both ends.
    assert found["volume"] == pytest.approx((256 * 6 / 1000, 256 * 12 / 1000))


def test_a_plane_that_is_missing_counts_as_an_end():
    planes = tuple(Plane(z, (SQUARE,)) for z in (0.0, 3.0, 6.0, 18.0, 21.0, 24.0))
    low, high = (read_structure(Structure("two", planes), name, slice_mm=3.0) for name in ("smaller", "larger"))
    thick = [structure_edges(one).plane_area_mm2 @ np.diff(one.faces_mm, axis=1)[:, 0] for one in (low, high)]
    assert thick == pytest.approx([256 * 12, 256 * 24])


def test_what_is_taken_out_is_read_the_other_way_round():
    planes = tuple(Plane(z, (SQUARE,)) for z in (0.0, 3.0, 6.0, 9.0, 12.0))
    inner = tuple(Plane(z, (0.5 * SQUARE,)) for z in (3.0, 6.0, 9.0))
    region = Region("x", union=(Structure("outer", planes),), minus=(Structure("inner", inner),))
    found, _, _ = bounds(region, (flat_dose(20.0),), ["Mean[Gy]"])
    # The outer box is 12 to 18 mm high, what is taken out 6 to 12 mm.
    assert found["volume"] == pytest.approx(((256 * 12 - 64 * 12) / 1000, (256 * 18 - 64 * 6) / 1000))


def test_a_dose_to_more_than_the_smallest_reading_has_no_lower_end():
    planes = tuple(Plane(z, (SQUARE,)) for z in (0.0, 3.0))  # 0.77 cc between them, 1.54 cc as slabs
    found, dvh, _ = bounds(Structure("thin", planes), (flat_dose(20.0),), ["D1cc[Gy]", "D9cc[Gy]"])
    assert dvh.total_cc == pytest.approx(256 * 6 / 1000)
    assert found["D1cc[Gy]"] == (None, pytest.approx(20.0, abs=0.011))
    assert found["D9cc[Gy]"] == (None, None)


def test_no_bounds_where_a_reading_leaves_the_dose_grid():
    planes = tuple(Plane(z, (SQUARE,)) for z in np.arange(-39.0, -30.0, 2.0))  # the grid ends at -40
    found, _, alternatives = bounds(Structure("low", planes), (flat_dose(20.0),), ["Mean[Gy]"])
    assert found["Mean[Gy]"] == (None, None)
    assert found["volume"][0] < found["volume"][1]
    assert any("outside the dose grid" in text for text in alternatives.warnings)


def test_interpolation_error_of_a_parabola_and_of_a_plane():
    axis = np.arange(-5, 6) * 3.0
    square = np.broadcast_to(axis**2, (11, 11, 11))
    grid, point = Grid(axis, axis, axis), (np.array([1.5]), np.zeros(1), np.zeros(1))
    # x^2 between 0 and 3 mm: linear interpolation gives 4.5 at 1.5 mm, 2.25 above the truth (h^2/8 times 2).
    assert interpolation_error_gy(Image(grid, square), *point)[0] >= 2.25
    plane = np.broadcast_to(20 + 0.7 * axis, (11, 11, 11))
    assert interpolation_error_gy(Image(grid, plane), *point).tolist() == [0.0]


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    spacing=st.sampled_from([1.5, 3.0, 5.0]),
    planes=st.integers(1, 6),
)
def test_the_value_always_lies_between_low_and_high(seed, spacing, planes):
    rng = np.random.default_rng(seed)
    axis = np.arange(-12, 13) * 4.0
    dose = Dose(Image(Grid(axis, axis, axis), rng.uniform(0, 60, (25, 25, 25))), "frame", 30)
    stack = [Plane(float(k * spacing), (rng.uniform(0.3, 1.5) * SQUARE + rng.normal(0, 2, 2),)) for k in range(planes)]
    names = ["Mean[Gy]", "Max[Gy]", "Min[Gy]", "V20Gy[%]", "CV20Gy[%]", "V20Gy[cc]", "D95%[Gy]", "D0.03cc[Gy]",
             "gEUD(2)[Gy]"]  # fmt: skip
    found, dvh, _ = bounds(Structure("x", tuple(stack)), (dose,), names)
    for name, value in compute_metrics(dvh, names).items():
        low, high = found[name]
        assert (low is None or low <= value) and value <= high
    assert found["volume"][0] <= dvh.total_cc <= found["volume"][1]


def test_metrics_without_readings_have_empty_bounds():
    dvh = ReferredDvh(dvh_from_samples([10.0, 20.0], [1.0, 1.0], structure="x"))
    (interval,) = metric_bounds(dvh, Others(), ["Mean[Gy]"]).values()
    assert (interval.low, interval.high) == (None, None)
