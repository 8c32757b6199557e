"""DVHs and metrics of samples. Toy numbers: SCIENCE section 2; the others by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungtox.dose import compute_metrics, dvh_from_samples, eqd2_gy, geud_gy, parse_metric
from lungtox.errors import ParameterError

TOY_GY = [0, 2, 4, 6, 10, 15, 20, 25, 40, 60]
TOY_CC = [2.0] * 10


def toy(**changes):
    return dvh_from_samples(TOY_GY, TOY_CC, structure="Lung", **changes)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("Mean[Gy]", 18.2),
        ("Min[Gy]", 0.0),
        ("Max[Gy]", 60.0),
        ("V5Gy[%]", 70.0),
        ("V10Gy[%]", 60.0),
        ("V20Gy[%]", 40.0),  # inclusive: the sample at 20 Gy counts
        ("V30Gy[%]", 20.0),
        ("V0Gy", 100.0),
        ("V60Gy", 10.0),
        ("V60.01Gy", 0.0),
        ("V20Gy[cc]", 8.0),
        ("CV20Gy[cc]", 12.0),
        ("CV20Gy", 60.0),
        ("D50%[Gy]", 15.0),  # half of the volume gets 15 Gy or more
        ("D100%", 0.0),
        ("D2cc", 60.0),
        ("D4cc[Gy]", 40.0),
        ("D20cc", 0.0),
        ("gEUD(1)", 18.2),
        ("gEUD(2)[Gy]", 25.7021),
        ("gEUD(4)", 35.6392),
        ("gEUD(1.1494252873563218)", 19.4662),  # a = 1/0.87
    ],
)
def test_toy(metric, expected):
    assert compute_metrics(toy(), [metric])[metric] == pytest.approx(expected, abs=6e-5)


def test_toy_eqd2():
    dose = eqd2_gy(TOY_GY, 30, 3.0)
    dvh = dvh_from_samples(dose, TOY_CC, structure="Lung", quantity="eqd2", alpha_beta_gy=3.0)
    assert dvh.mean_gy == pytest.approx(15.324, abs=1e-9)
    assert compute_metrics(dvh, ["V20Gy[%]"]) == pytest.approx({"V20Gy[%]": 20.0})
    # The classic mistakes give 13.128 (EQD2 of the mean) and 18.2 (no conversion).
    assert float(eqd2_gy(18.2, 30, 3.0)) == pytest.approx(13.128, abs=5e-4)


@pytest.mark.parametrize(("fractions", "alpha_beta"), [(None, 3.0), (0, 3.0), (30, 0.0), (30, float("nan"))])
def test_eqd2_needs_fractions_and_alpha_beta(fractions, alpha_beta):
    with pytest.raises(ParameterError):
        eqd2_gy(TOY_GY, fractions, alpha_beta)


def test_sixty_gy_in_thirty_fractions_is_its_own_eqd2():
    assert float(eqd2_gy(60.0, 30, 3.0)) == pytest.approx(60.0)


def test_metrics_hardly_depend_on_the_bin_width():
    rng = np.random.default_rng(5)
    dose, volume = rng.gamma(2.0, 8.0, 20_000), rng.uniform(0.01, 0.1, 20_000)
    names = ["V20Gy", "D95%", "D2%", "gEUD(2)"]
    fine, coarse = (dvh_from_samples(dose, volume, structure="L", bin_width_gy=width) for width in (0.001, 0.1))
    assert compute_metrics(coarse, names) == pytest.approx(compute_metrics(fine, names), abs=0.1)
    # By sorting, without any bins:
    order = np.argsort(-dose)
    at = np.searchsorted(np.cumsum(volume[order]), 0.95 * volume.sum())
    assert compute_metrics(fine, ["D95%"])["D95%"] == pytest.approx(dose[order][at], abs=0.002)
    exact = (volume @ dose**2 / volume.sum()) ** 0.5
    assert geud_gy(coarse, 2) == pytest.approx(exact, abs=2e-3)


def test_left_edges_would_bias_the_mean_by_half_a_bin():
    dvh = dvh_from_samples(np.linspace(0, 60, 6001), np.ones(6001), structure="L", bin_width_gy=1.0)
    assert float(dvh.mid_gy @ dvh.volume_cc) / dvh.total_cc == pytest.approx(dvh.mean_gy)


def test_bin_edges_hold_their_own_dose():
    # 0.29 / 0.01 is 28.999... in binary: the dose still belongs to the bin that starts there.
    dvh = dvh_from_samples(np.arange(100) / 100, np.ones(100), structure="L")
    assert dvh.volume_cc.tolist() == [1.0] * 100
    assert dvh.dose_gy[29] == 0.29


def test_extreme_exponents_stay_finite():
    assert geud_gy(toy(), 500.0) == pytest.approx(60.0, abs=0.5)
    assert geud_gy(toy(), -2.0) == 0.0  # a part without dose rules
    warm = dvh_from_samples([10, 20], [1, 1], structure="T")
    assert geud_gy(warm, -400.0) == pytest.approx(10.0, abs=0.1)
    assert geud_gy(dvh_from_samples([0.0], [1.0], structure="Z"), 2.0) == pytest.approx(0.0, abs=1e-12)
    with pytest.raises(ParameterError):
        geud_gy(toy(), 0.0)


def test_volume_that_the_structure_does_not_have():
    with pytest.raises(ParameterError, match="20 cc"):
        compute_metrics(toy(), ["D20.1cc[Gy]"])


def test_cumulative_falls_from_the_total_to_zero():
    cumulative = toy().cumulative
    assert (cumulative.total_cc, cumulative.volume_cc[-1]) == (20.0, 0.0)
    assert cumulative.dose_gy[-1] == pytest.approx(60.01)
    assert cumulative.volume_at_cc(-1.0) == 20.0
    with pytest.raises(ParameterError):
        cumulative.dose_at_gy(0.0)


def test_part_outside_the_dose_grid_is_told_apart():
    assert toy(coverage_pct=80.0).structure_cc == pytest.approx(25.0)


@pytest.mark.parametrize(
    ("dose", "volume", "changes"),
    [
        ([1.0, 2.0], [1.0], {}),
        ([], [], {}),
        ([1.0], [0.0], {}),
        ([1.0], [-1.0], {}),
        ([1.0], [float("nan")], {}),
        ([-0.1], [1.0], {}),
        ([float("nan")], [1.0], {}),
        ([6000.0], [1.0], {}),  # cGy
        ([1.0], [1.0], {"bin_width_gy": 0.0}),
        ([1.0, 2.0], [1.0, 1.0], {"weight": [1.0]}),
        ([1.0, 2.0], [1.0, 1.0], {"weight": [1.0, -1.0]}),
        ([1.0, 2.0], [1.0, 1.0], {"weight": [0.0, 0.0]}),
        ([1.0, 2.0], [1.0, 0.0], {"weight": [0.0, 1.0]}),
    ],
)
def test_wrong_samples_are_refused(dose, volume, changes):
    with pytest.raises(ParameterError):
        dvh_from_samples(dose, volume, structure="L", **changes)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("V20", "V20Gy[%]"),
        ("V_20", "V20Gy[%]"),
        ("V20Gy [cc]", "V20Gy[cc]"),
        ("v20gy[%]", "V20Gy[%]"),
        ("CV20", "CV20Gy[%]"),
        ("D95", "D95%[Gy]"),
        ("D0.03cc[gy]", "D0.03cc[Gy]"),
        ("MLD", "Mean[Gy]"),
        ("Dmax", "Max[Gy]"),
        ("min[cGy]", "Min[Gy]"),
        ("gEUD", "gEUD(2)[Gy]"),
        ("EUD(8)", "gEUD(8)[Gy]"),
        ("gEUD(a=4)", "gEUD(4)[Gy]"),
        ("V20Gy[Gy]", "V20Gy[%]"),
    ],
)
def test_wrong_name_gets_the_nearest_form(wrong, right):
    with pytest.raises(ParameterError) as caught:
        parse_metric(wrong)
    assert repr(right) in str(caught.value)


@pytest.mark.parametrize("name", ["gEUD(0)", "D0%", "D101%", "D0cc", "V" + "9" * 400 + "Gy", "hot", "D95%[%]"])
def test_impossible_metrics_are_refused(name):
    with pytest.raises(ParameterError):
        parse_metric(name)


def test_units_may_be_left_out():
    assert [parse_metric(name).unit for name in ("V20Gy", "CV20Gy", "D95%", "D0.03cc", "Mean", "gEUD(2.5)")] == [
        "%", "%", "Gy", "Gy", "Gy", "Gy",
    ]  # fmt: skip


samples = st.lists(st.tuples(st.floats(0, 80), st.floats(0.01, 3)), min_size=2, max_size=40)


@settings(max_examples=60, deadline=None)
@given(samples=samples, at=st.integers(1, 39))
def test_parts_add_up_to_the_whole(samples, at):
    dose, volume = np.array(samples).T
    at = min(at, dose.size - 1)
    whole, *parts = (
        dvh_from_samples(dose[s], volume[s], structure="L") for s in (slice(None), slice(at), slice(at, None))
    )
    summed = np.zeros(whole.volume_cc.size)
    for part in parts:
        summed[: part.volume_cc.size] += part.volume_cc
    assert summed == pytest.approx(whole.volume_cc)
    assert sum(part.mean_gy * part.total_cc for part in parts) == pytest.approx(whole.mean_gy * whole.total_cc)


@settings(max_examples=60, deadline=None)
@given(samples=samples, factor=st.floats(0.1, 3))
def test_scaling_the_dose_scales_every_dose_metric(samples, factor):
    dose, volume = np.array(samples).T
    names = ["Mean", "Max", "Min", "D50%", "gEUD(3)"]
    plain, scaled = (dvh_from_samples(d, volume, structure="L") for d in (dose, dose * factor))
    expected = {name: value * factor for name, value in compute_metrics(plain, names).items()}
    assert compute_metrics(scaled, names) == pytest.approx(expected, abs=0.01 + 0.01 * factor)


@settings(max_examples=60, deadline=None)
@given(samples=samples, volume_pct=st.floats(1, 99))
def test_volume_at_the_dose_to_a_volume_is_that_volume(samples, volume_pct):
    dose, volume = np.array(samples).T
    dvh = dvh_from_samples(dose, volume, structure="L")
    found = dvh.cumulative.dose_at_gy(volume_pct / 100 * dvh.cumulative.total_cc)
    below, above = (dvh.cumulative.volume_at_cc(found + step) for step in (-0.0101, 0.0101))
    assert above * (1 - 1e-9) <= volume_pct / 100 * dvh.cumulative.total_cc <= below * (1 + 1e-9)
