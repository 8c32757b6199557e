"""Numbers of SCIENCE.md section 4 (and 2 for gEUD); nothing here comes from running the code under test."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx
from scipy.stats import norm

from lungtox.errors import ParameterError
from lungtox.ntcp import formulas
from lungtox.ntcp.formulas import geud_gy, lkb, log_logistic, logistic, parallel, relative_seriality
from tests.unit.ntcp_cases import TOY_DOSE_GY

DOSE = np.array(TOY_DOSE_GY, dtype=float)
VOLUME = np.full(10, 2.0)
EQD2 = DOSE * (DOSE / 30 + 3) / 5


@pytest.mark.parametrize(("a", "expected"), [(1, 18.2), (2, 25.7021), (4, 35.6392), (1 / 0.87, 19.4662)])
def test_geud_of_the_toy_dvh(a, expected):
    assert geud_gy(DOSE, VOLUME, a=a) == approx(expected, abs=5e-5)


@pytest.mark.parametrize(
    ("td50_gy", "m", "expected"),
    [
        (24.5, 0.18, 0.15377),  # Burman
        (28.0, 0.18, 0.05622),  # Martel
        (31.8, 0.43, 0.19408),  # Kwa
        (30.8, 0.37, 0.17164),  # Seppenwoolde
        (29.9, 0.41, 0.20967),  # Semenenko
        (31.4, 0.45, 0.20989),  # QUANTEC probit
    ],
)
def test_lkb_at_uniform_20_gy(td50_gy, m, expected):
    assert lkb(20.0, td50_gy=td50_gy, m=m) == approx(expected, abs=5e-6)


@pytest.mark.parametrize(
    ("td50_gy", "m", "n", "expected"),
    [(24.5, 0.18, 0.87, 0.126841), (30.8, 0.37, 0.99, 0.136110), (31.8, 0.43, 1.0, 0.159968)],
)
def test_lkb_of_the_toy_dvh(td50_gy, m, n, expected):
    assert lkb(geud_gy(DOSE, VOLUME, a=1 / n), td50_gy=td50_gy, m=m) == approx(expected, abs=5e-7)


def test_lkb_of_the_toy_dvh_in_its_own_quantity():
    assert lkb(geud_gy(EQD2, VOLUME, a=1 / 0.99), td50_gy=30.8, m=0.37) == approx(0.088519, abs=5e-7)
    assert lkb(geud_gy(EQD2, VOLUME, a=1), td50_gy=31.8, m=0.43) == approx(0.1141, abs=5e-5)


def test_lkb_without_dose_is_not_zero():
    assert lkb(0.0, td50_gy=30.8, m=0.37) == approx(norm.cdf(-1 / 0.37))


def test_logistic_of_quantec():
    assert logistic(20.0, b0=-3.87, b1=0.126) == approx(0.2059, abs=5e-5)
    assert logistic(3.87 / 0.126, b0=-3.87, b1=0.126) == approx(0.5)


def test_log_logistic_by_hand():
    # 1 / (1 + (30/15)^4) with gamma50 = 1
    assert log_logistic(15.0, td50_gy=30.0, gamma50=1.0) == approx(1 / 17)
    assert log_logistic([0.0, 30.0], td50_gy=30.0, gamma50=1.0) == approx([0.0, 0.5])


def test_relative_seriality_of_the_toy_dvh():
    assert relative_seriality(DOSE, VOLUME, d50_gy=30.1, gamma=0.97, s=0.01) == approx(0.142866, abs=5e-7)


@pytest.mark.parametrize(("d50_gy", "gamma"), [(24.5, 2.1), (30.1, 0.97), (34.0, 0.9)])
@pytest.mark.parametrize("s", [1e-8, 0.0061, 1.0, 5.0])
def test_relative_seriality_of_a_uniform_dose_is_the_local_response(d50_gy, gamma, s):
    expected = 2.0 ** -np.exp(np.e * gamma * (1 - 20.0 / d50_gy))
    assert relative_seriality([20.0], [3.0], d50_gy=d50_gy, gamma=gamma, s=s) == approx(expected, rel=1e-6)


def test_relative_seriality_with_s_1_is_the_product():
    p = 2.0 ** -np.exp(np.e * 0.97 * (1 - DOSE / 30.1))
    expected = 1 - np.prod((1 - p) ** 0.1)
    assert relative_seriality(DOSE, VOLUME, d50_gy=30.1, gamma=0.97, s=1.0) == approx(expected, rel=1e-12)


def test_relative_seriality_tends_to_the_response_at_the_mean_dose():
    expected = 2.0 ** -np.exp(np.e * 0.97 * (1 - 18.2 / 30.1))
    assert relative_seriality(DOSE, VOLUME, d50_gy=30.1, gamma=0.97, s=1e-9) == approx(expected, rel=1e-6)


def test_relative_seriality_of_a_huge_dose_is_certain():
    assert relative_seriality([5000.0], [1.0], d50_gy=30.1, gamma=0.97, s=0.01) == 1.0


def test_parallel_by_hand():
    # D = 0, 20, 20, 60 with k = 2, d50 = 20: damaged share (0 + 1/2 + 1/2 + 9/10) / 4 = .475
    risk = parallel([0.0, 20.0, 60.0], [1.0, 2.0, 1.0], d50_gy=20.0, k=2.0, f50=0.4, sigma=0.1)
    assert risk == approx(norm.cdf(0.75))


@given(
    doses=st.lists(st.floats(0, 80), min_size=1, max_size=12),
    share=st.floats(0.01, 0.99),
    a=st.floats(1, 60),
    factor=st.floats(0.1, 3),
)
def test_splitting_a_bin_changes_nothing_and_dose_scales(doses, share, a, factor):
    dose, volume = np.array(doses), np.ones(len(doses))
    split_dose, split_volume = np.append(dose, dose[0]), np.append(volume, 1 - share)
    split_volume[0] = share
    whole = geud_gy(dose, volume, a=a)
    assert geud_gy(split_dose, split_volume, a=a) == approx(whole, rel=1e-9, abs=1e-9)
    scaled = geud_gy(factor * dose, volume, a=a)
    assert scaled == approx(factor * whole, rel=1e-9, abs=1e-9)
    assert dose.mean() - 1e-9 <= whole <= dose.max() + 1e-9
    assert lkb(scaled, td50_gy=factor * 30.0, m=0.4) == approx(lkb(whole, td50_gy=30.0, m=0.4), rel=1e-9)
    plain = relative_seriality(dose, volume, d50_gy=30.0, gamma=1.0, s=0.1)
    assert relative_seriality(split_dose, split_volume, d50_gy=30.0, gamma=1.0, s=0.1) == approx(plain, rel=1e-9)
    assert relative_seriality(factor * dose, volume, d50_gy=factor * 30.0, gamma=1.0, s=0.1) == approx(plain, rel=1e-6)


def test_geud_of_no_dose_is_zero():
    assert geud_gy([0.0], [2.0], a=3.0) == 0.0


def test_geud_survives_a_large_exponent():
    assert geud_gy([60.0, 30.0], [1.0, 1.0], a=500.0) == approx(60.0 * 0.5 ** (1 / 500))


@pytest.mark.parametrize(
    "call",
    [
        lambda: geud_gy([1.0], [1.0], a=0.0),
        lambda: geud_gy([1.0, 2.0], [1.0], a=1.0),
        lambda: geud_gy([-1.0], [1.0], a=1.0),
        lambda: geud_gy([1.0], [0.0], a=1.0),
        lambda: geud_gy([np.nan], [1.0], a=1.0),
        lambda: lkb(20.0, td50_gy=-1.0, m=0.4),
        lambda: lkb(20.0, td50_gy=30.0, m=0.0),
        lambda: log_logistic(20.0, td50_gy=30.0, gamma50=-1.0),
        lambda: parallel([1.0], [1.0], d50_gy=20.0, k=2.0, f50=0.4, sigma=0.0),
        lambda: relative_seriality([1.0], [1.0], d50_gy=20.0, gamma=1.0, s=0.0),
    ],
)
def test_values_outside_their_range_are_refused(call):
    with pytest.raises(ParameterError):
        call()


def test_the_module_names_its_sources():
    assert "Lyman" in (formulas.__doc__ or "")
