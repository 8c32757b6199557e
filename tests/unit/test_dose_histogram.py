"""Samples that stand for a range of doses: each bin gets what lies in it. Figures by hand, or the sum over samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungtox.dose import compute_metrics, dvh_from_samples, eqd2_gy, functional_dvhs
from lungtox.errors import ParameterError

WIDTHS = (0.01, 0.05, 0.1)


def above_cc(dose, volume, spread, level):
    """Volume with at least a dose, sample by sample: each lies evenly around its dose."""
    shares = np.clip((dose + 0.5 * spread - level) / np.maximum(spread, 1e-30), 0.0, 1.0)
    return float(volume @ shares)


def test_a_sample_fills_the_bins_that_it_reaches():
    # 4 cc between 0.8 and 1.2 Gy, 1 cc at 0.85 Gy.
    dvh = dvh_from_samples([1.0, 0.85], [4.0, 1.0], structure="L", spread_gy=[0.4, 0.0], bin_width_gy=0.1)
    assert dvh.volume_cc[8:] == pytest.approx([2.0, 1.0, 1.0, 1.0], abs=1e-5)
    assert dvh.volume_cc[:8].tolist() == [0.0] * 8
    assert (dvh.min_gy, dvh.mean_gy, dvh.max_gy) == pytest.approx((0.8, 0.97, 1.2))
    wide = dvh_from_samples([1.0, 0.85], [4.0, 1.0], structure="L", spread_gy=[0.4, 0.0], bin_width_gy=1.0)
    assert wide.volume_cc == pytest.approx([3.0, 2.0], abs=1e-5)


@pytest.mark.parametrize("width", [0.001, 0.01, 0.3, 7.0])
def test_an_even_dose_is_looked_up_exactly_with_any_bins(width):
    # 10 cc evenly between 5 and 15 Gy: bins at the ends are filled in part, and the look-up knows from where.
    dvh = dvh_from_samples([10.0], [10.0], structure="L", spread_gy=[10.0], bin_width_gy=width)
    found = compute_metrics(dvh, ["D95%", "D2%", "D0.5cc", "V7Gy", "V14.9Gy", "Min", "Max"])
    expected = {"D95%": 5.5, "D2%": 14.8, "D0.5cc": 14.5, "V7Gy": 80.0, "V14.9Gy": 1.0, "Min": 5.0, "Max": 15.0}
    assert found == pytest.approx(expected, abs=1e-4)


parts = st.lists(st.tuples(st.floats(0, 80), st.floats(0.01, 3), st.floats(0, 6)), min_size=1, max_size=40)


@settings(max_examples=80, deadline=None)
@given(parts=parts, level=st.integers(0, 900))
def test_volume_above_a_dose_is_that_of_the_samples_whatever_the_bins(parts, level):
    dose, volume, spread = np.array(parts).T
    dose = np.round(dose, 3) + 1.23e-4  # no dose on an edge: rounding would decide
    spread = np.minimum(spread, 2 * dose)  # nothing lies below 0 Gy
    spread[spread < 1e-3] = 0.0
    expected = above_cc(dose, volume, spread, 0.1 * level)
    for width in WIDTHS:
        dvh = dvh_from_samples(dose, volume, structure="L", spread_gy=spread, bin_width_gy=width)
        assert dvh.volume_cc.min() >= 0
        assert dvh.volume_cc.sum() == pytest.approx(volume.sum())
        assert dvh.cumulative.volume_at_cc(0.1 * level) == pytest.approx(expected, abs=1e-5 * volume.sum())


def test_many_samples_are_added_piece_by_piece():
    rng = np.random.default_rng(3)
    dose, volume, spread = rng.uniform(1, 60, 100_000), rng.uniform(0.5, 1.5, 100_000), rng.uniform(0, 2, 100_000)
    dvh = dvh_from_samples(dose, volume, structure="L", spread_gy=spread)
    for level in (5.0, 20.0, 45.5):
        assert dvh.cumulative.volume_at_cc(level) == pytest.approx(above_cc(dose, volume, spread, level), rel=1e-6)
    assert dvh.mean_gy == pytest.approx(dose @ volume / volume.sum())


def test_nothing_is_spread_below_no_dose():
    dvh = dvh_from_samples([0.2], [1.0], structure="L", spread_gy=[1.0], bin_width_gy=0.1)
    assert (dvh.min_gy, dvh.max_gy) == (0.0, 0.4)
    assert dvh.volume_cc == pytest.approx([0.25] * 4, abs=1e-5)


@pytest.mark.parametrize("spread", [[-0.1, 0.0], [0.1], [np.nan, 0.0]])
def test_a_spread_that_makes_no_sense_is_refused(spread):
    with pytest.raises(ParameterError, match="spread_gy"):
        dvh_from_samples([1.0, 2.0], [1.0, 1.0], structure="L", spread_gy=spread)


def test_even_perfusion_gives_the_plain_histogram():
    dose, volume, spread = np.array([2.0, 8.0, 9.0]), np.ones(3), np.array([1.0, 0.5, 3.0])
    plain = dvh_from_samples(dose, volume, structure="L", spread_gy=spread)
    found = functional_dvhs(dose, volume, np.full(3, 7.0), structure="L", spread_gy=spread)
    for dvh in found.dvhs:
        assert dvh.volume_cc == pytest.approx(plain.volume_cc)
        assert (dvh.min_gy, dvh.max_gy) == (plain.min_gy, plain.max_gy)


def test_eqd2_of_an_even_dose_hardly_depends_on_the_bins():
    # 10 to 50 Gy evenly, 25 fractions, r = 3: D50% is the EQD2 of 30 Gy, 30 (1.2 + 3) / 5 = 25.2 Gy.
    dose = np.arange(10.25, 50.0, 0.5)
    rise = (2 * dose / 25 + 3) / 5
    found = [
        compute_metrics(
            dvh_from_samples(
                eqd2_gy(dose, 25, 3.0), np.ones(80), structure="L", spread_gy=0.5 * rise, bin_width_gy=width
            ),
            ["D50%"],
        )["D50%"]
        for width in WIDTHS
    ]
    assert found == pytest.approx([25.2] * 3, abs=2e-3)
