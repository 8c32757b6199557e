"""Functional DVHs: toy numbers and invariants of SCIENCE section 3."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungtox.dose import compute_metrics, dvh_from_samples, functional_dvhs, functional_region
from lungtox.dose.function_region import volume_percentile
from lungtox.errors import InputError, ParameterError

DOSE_GY = np.array([0, 2, 4, 6, 10, 15, 20, 25, 40, 60.0])
VOLUME_CC = np.full(10, 2.0)
Q = np.array([1, 2, 4, 6, 8, 10, 9, 5, 3, 0.5])


def made(q=Q, regions=("20%max", "40%max"), **changes):
    return functional_dvhs(DOSE_GY, VOLUME_CC, q, structure="Lungs-GTV", regions=regions, **changes)


def test_toy_perfusion_weighted():
    dvh = made().dvhs[0]
    assert dvh.weighting == "perfusion"
    assert dvh.mean_gy == pytest.approx(15.27835, abs=1e-5)
    assert dvh.mean_gy == pytest.approx(741 / 48.5, abs=1e-9)  # sum(Q D) / sum(Q) by hand
    assert compute_metrics(dvh, ["V5Gy", "V20Gy"]) == pytest.approx({"V5Gy": 85.5670, "V20Gy": 36.0825}, abs=5e-5)
    assert dvh.total_cc == pytest.approx(20.0)


def test_toy_regions():
    found = made()
    twenty, forty = found.dvhs[1:]
    assert (twenty.weighting, forty.weighting) == ("functional:20%max", "functional:40%max")
    assert twenty.mean_gy == pytest.approx(15.25, abs=1e-6)
    assert forty.mean_gy == pytest.approx(13.3333333, abs=1e-6)
    assert compute_metrics(twenty, ["V20Gy"])["V20Gy"] == pytest.approx(37.5, abs=1e-6)
    assert compute_metrics(forty, ["V20Gy"])["V20Gy"] == pytest.approx(100 / 3, abs=1e-6)
    # The named alternative: share of the whole lung.
    assert compute_metrics(twenty, ["V20Gy"], reference_cc=20.0)["V20Gy"] == pytest.approx(30.0, abs=1e-6)
    assert found.regions["20%max"].share_pct == pytest.approx(80.0)
    assert found.regions["40%max"].threshold == pytest.approx(4.0)


def test_robust_reference_is_a_percentile_by_volume():
    assert volume_percentile(np.array([3.0, 1.0, 2.0]), np.array([1.0, 8.0, 1.0]), 80.0) == 1.0
    assert volume_percentile(np.array([3.0, 1.0, 2.0]), np.array([1.0, 8.0, 1.0]), 81.0) == 2.0
    q = np.append(np.linspace(1, 10, 999), 1000.0)  # one hot spot in a thousand samples
    region, inside = functional_region(q, np.ones(1000), region="40%p99")
    assert region.reference == pytest.approx(9.92, abs=0.01)
    assert inside.sum() == pytest.approx(670, abs=3)
    assert functional_region(q, np.ones(1000), region="40%max")[1].sum() == 1


@settings(max_examples=40, deadline=None)
@given(constant=st.floats(1e-3, 1e6))
def test_constant_perfusion_is_the_plain_dvh(constant):
    plain = dvh_from_samples(DOSE_GY, VOLUME_CC, structure="L")
    for dvh in made(np.full(10, constant), ["40%max", "99%p50"]).dvhs:
        assert dvh.volume_cc == pytest.approx(plain.volume_cc)
        assert dvh.mean_gy == pytest.approx(plain.mean_gy)


@settings(max_examples=40, deadline=None)
@given(factor=st.floats(1e-6, 1e6))
def test_scale_of_the_image_changes_nothing(factor):
    for dvh, other in zip(made().dvhs, made(Q * factor).dvhs, strict=True):
        assert dvh.volume_cc == pytest.approx(other.volume_cc)
        assert dvh.mean_gy == pytest.approx(other.mean_gy)


def test_threshold_of_zero_is_the_plain_dvh():
    dvh = made(regions=["0%max"]).dvhs[1]
    assert dvh.volume_cc == pytest.approx(dvh_from_samples(DOSE_GY, VOLUME_CC, structure="L").volume_cc)


def test_negative_counts_weigh_nothing_and_are_named():
    q = Q.copy()
    q[0] = -3.0
    found = made(q)
    assert found.dvhs[0].mean_gy == pytest.approx(741 / 47.5)
    assert "negative in 10 %" in found.warnings[0]
    assert found.dvhs[0].min_gy == 2.0


def test_image_that_does_not_cover_the_structure_is_refused_with_the_share():
    q = Q.copy()
    q[3:5] = np.nan
    with pytest.raises(InputError, match=r"20.00 % of its volume outside") as caught:
        made(q)
    assert caught.value.faults[0].code == "function-coverage"


def test_image_without_counts_is_refused():
    with pytest.raises(InputError) as caught:
        made(np.zeros(10))
    assert caught.value.faults[0].code == "function-empty"


def test_wrong_arguments_are_refused():
    with pytest.raises(ParameterError, match="as long as"):
        made(Q[:5])
    with pytest.raises(ParameterError, match="not a functional region"):
        made(regions=["40"])
    with pytest.raises(ParameterError, match="reference value"):
        functional_region([0.0, 0.0, 5.0], [1.0, 1.0, 1.0], region="40%p50")
