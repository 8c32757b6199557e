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
        np.testing.assert_allclose(dvh.volume_cc, plain.volume_cc, rtol=1e-9, atol=1e-9)
        assert dvh.mean_gy == pytest.approx(plain.mean_gy)


@st.composite
def lungs(draw):
    """Dose, volume and function of a few samples; some function above 0."""
    size = draw(st.integers(1, 30))

    def values(low, high):
        return np.array(draw(st.lists(st.floats(low, high), min_size=size, max_size=size)))

    q = values(0.0, 1000.0)
    q[0] = 1.0 + q[0]
    return values(0.0, 80.0), values(0.01, 5.0), q


REGIONS = ("20%max", "40%p99", "70%mean", "p60", "20-50%max")


def every(dose, volume, q, regions=REGIONS):
    found = functional_dvhs(dose, volume, q, structure="L", regions=regions, nonfunctional=True, bin_width_gy=0.5)
    return {dvh.weighting: dvh for dvh in found.dvhs}


@settings(max_examples=60, deadline=None)
@given(case=lungs(), factor=st.integers(-20, 20).map(lambda power: 2.0**power))
def test_scale_changes_no_region(case, factor):
    # Powers of 2: any other factor may move a sample over a threshold that it lies on, by rounding.
    dose, volume, q = case
    plain, scaled = every(dose, volume, q), every(dose, volume, factor * q)
    assert plain.keys() == scaled.keys()
    for name, dvh in plain.items():
        np.testing.assert_allclose(scaled[name].volume_cc, dvh.volume_cc, rtol=1e-9, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(case=lungs())
def test_threshold_of_zero_holds_everything(case):
    dose, volume, q = case
    plain = dvh_from_samples(dose, volume, structure="L", bin_width_gy=0.5)
    found = every(dose, volume, q, ["0%max", "0%mean", "p0"])
    assert "nonfunctional:0%max" not in found  # there is no rest
    for name in ("0%max", "0%mean", "p0"):
        np.testing.assert_allclose(found[f"functional:{name}"].volume_cc, plain.volume_cc, rtol=1e-9, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(case=lungs(), shares=st.lists(st.floats(0.05, 0.95), min_size=30, max_size=30))
def test_splitting_a_voxel_changes_nothing(case, shares):
    dose, volume, q = case
    share = np.array(shares[: dose.size])
    whole = every(dose, volume, q)
    split = every(np.tile(dose, 2), np.concatenate([volume * share, volume * (1 - share)]), np.tile(q, 2))
    assert whole.keys() == split.keys()
    for name, dvh in whole.items():
        np.testing.assert_allclose(split[name].volume_cc, dvh.volume_cc, rtol=1e-9, atol=1e-9)
        assert split[name].mean_gy == pytest.approx(dvh.mean_gy)


@settings(max_examples=60, deadline=None)
@given(case=lungs())
def test_region_and_rest_make_the_whole_and_so_do_bands(case):
    dose, volume, q = case
    bands = ["0-20%max", "20-50%max", "50%max"]
    found = every(dose, volume, q, [*REGIONS, *bands])
    plain = dvh_from_samples(dose, volume, structure="L", bin_width_gy=0.5)

    def volumes(name):
        own = found[name].volume_cc if name in found else np.zeros(1)
        return np.pad(own, (0, plain.volume_cc.size - own.size))

    for name in REGIONS[:4]:
        both = volumes(f"functional:{name}") + volumes(f"nonfunctional:{name}")
        np.testing.assert_allclose(both, plain.volume_cc, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        sum(volumes(f"functional:{name}") for name in bands), plain.volume_cc, rtol=1e-9, atol=1e-9
    )


def test_toy_percentile_mean_and_band():
    # Sorted Q: .5 1 2 3 4 5 6 8 9 10, 2 cc each; mean 4.85. 60 % of the volume lies at or below 5: FL is 5 6 8 9 10.
    found = made(regions=["p60", "100%mean", "20-40%max"], nonfunctional=True)
    by_name = {dvh.weighting: dvh for dvh in found.dvhs}
    assert found.regions["p60"].threshold == 5.0
    # Doses at Q = 5 6 8 9 10: 25 6 10 20 15, mean 15.2; those of at least 4.85 are the same.
    assert by_name["functional:p60"].mean_gy == pytest.approx(15.2, abs=1e-9)
    assert found.regions["100%mean"].reference == pytest.approx(4.85)
    assert by_name["functional:100%mean"].mean_gy == pytest.approx(15.2, abs=1e-9)
    # 2 <= Q < 4: Q = 2 and 3, doses 2 and 40.
    assert by_name["functional:20-40%max"].mean_gy == pytest.approx(21.0, abs=1e-9)
    # The rest of p60: doses 0 2 4 40 60 (Q = 1 2 4 3 .5), mean 21.2; V20 2 of 5.
    rest = by_name["nonfunctional:p60"]
    assert rest.mean_gy == pytest.approx(21.2, abs=1e-9)
    names = ["V20Gy[%region]", "V20Gy[%structure]", "V20Gy[%total]", "Volume[cc]", "Volume[%structure]"]
    assert list(compute_metrics(rest, names, wholes_cc={"structure": 20.0, "total": 40.0}).values()) == pytest.approx(
        [40.0, 20.0, 10.0, 10.0, 50.0]
    )
    assert "nonfunctional:20-40%max" not in by_name


def test_denominator_that_is_not_known_is_refused():
    region = made().dvhs[1]
    with pytest.raises(ParameterError, match="volume of the structure is not known"):
        compute_metrics(region, ["V20Gy[%structure]"])


def test_toy_weighted_equivalent_uniform_dose():
    # (sum Q D^2 / sum Q)^(1/2) by hand: sum Q D^2 = 8 + 64 + 216 + 800 + 2250 + 3600 + 3125 + 4800 + 1800 = 16663.
    assert compute_metrics(made().dvhs[0], ["gEUD(2)"])["gEUD(2)"] == pytest.approx((16663 / 48.5) ** 0.5, abs=1e-3)


def test_clip_cuts_a_hot_spot():
    q = np.append(np.linspace(1, 10, 999), 1000.0)
    hot = functional_dvhs(np.linspace(0, 50, 1000), np.ones(1000), q, structure="L", regions=["40%max"])
    cut = functional_dvhs(
        np.linspace(0, 50, 1000), np.ones(1000), q, structure="L", regions=["40%max"], clip_percentile=99.5
    )
    assert hot.regions["40%max"].volume_cc == 1.0
    # Clipped at the 995th of 1000 values, 1 + 9 * 994 / 998 = 9.964: from 3.986 on, so from the 333rd value.
    assert cut.regions["40%max"].volume_cc == pytest.approx(668, abs=1)


@settings(max_examples=40, deadline=None)
@given(factor=st.floats(1e-6, 1e6))
def test_scale_of_the_image_changes_nothing(factor):
    for dvh, other in zip(made().dvhs, made(Q * factor).dvhs, strict=True):
        np.testing.assert_allclose(dvh.volume_cc, other.volume_cc, rtol=1e-9, atol=1e-9)
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
    for wrong in ("110%max", "40-20%max", "max", "40%median", "p100"):
        with pytest.raises(ParameterError, match="not a functional region"):
            made(regions=[wrong])
    with pytest.raises(ParameterError, match="reference value"):
        functional_region([0.0, 0.0, 5.0], [1.0, 1.0, 1.0], region="40%p50")
