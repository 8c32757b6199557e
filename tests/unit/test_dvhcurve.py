"""Shapes of DVH curves: printed values, recovered parameters, and what a shift does to a DVH known by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from lungtox.dose import compute_dvh, dvh_from_samples
from lungtox.dvhcurve import (
    CurveFit,
    DvhCurveSettings,
    MotionPattern,
    MovedCurve,
    blurred_dose,
    curve_of,
    curve_points,
    curve_tables,
    fermi_share,
    fit_curve,
    gaussian_share,
    matched_sigma_gy,
    mixture_share,
    moved_region,
    read_moved,
    shifted_dose,
    write_moved,
)
from lungtox.errors import FitError, InputError, ParameterError
from lungtox.geometry import Dose, Grid, Image, Plane, Structure

DOSES = np.arange(0.0, 80.0, 0.2)
PRINTED_GY = [54, 56, 58, 60, 62, 64, 66]


def test_gaussian_of_the_sheet() -> None:
    # SCIENCE.md section 7: mu 60, sigma 2.
    expected = [0.99865, 0.97725, 0.84134, 0.5, 0.15866, 0.02275, 0.00135]
    assert gaussian_share(PRINTED_GY, mu_gy=60.0, sigma_gy=2.0) == pytest.approx(expected, abs=5e-6)


def test_fermi_of_the_sheet() -> None:
    # SCIENCE.md section 7: mu 60, k 1.102658, whose standard deviation is 2.
    expected = [0.995685, 0.974108, 0.859820, 0.5, 0.140180, 0.025892, 0.004315]
    assert fermi_share(PRINTED_GY, mu_gy=60.0, k_gy=1.102658) == pytest.approx(expected, abs=5e-7)
    assert matched_sigma_gy(1.102658) == pytest.approx(2.0, abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(mu=st.floats(5.0, 70.0), width=st.floats(0.3, 6.0))
def test_parameters_of_noiseless_curves_are_recovered(mu: float, width: float) -> None:
    for model, share, names in (
        ("gaussian", gaussian_share(DOSES, mu_gy=mu, sigma_gy=width), ("mu_gy", "sigma_gy")),
        ("fermi", fermi_share(DOSES, mu_gy=mu, k_gy=width), ("mu_gy", "k_gy")),
    ):
        if not share[0] > 0.5 > share[-1]:
            continue
        fit = fit_curve(curve_points(DOSES, share, structure="PTV"), model)
        assert [fit.value(name) for name in names] == pytest.approx([mu, width], rel=1e-6, abs=1e-6)
        assert fit.aic is None and "rounding" in fit.finding


def test_mixture_is_recovered_with_its_shoulder_below() -> None:
    share = mixture_share(DOSES, weight=0.8, mu_gy=60.0, sigma_gy=1.5, shoulder_mu_gy=48.0, shoulder_sigma_gy=5.0)
    fit = fit_curve(curve_points(DOSES, share, structure="PTV"), "mixture")
    found = [parameter.estimate for parameter in fit.parameters]
    assert found == pytest.approx([0.8, 60.0, 1.5, 48.0, 5.0], rel=1e-6)
    assert fit.mean_gy == pytest.approx(0.8 * 60 + 0.2 * 48)


def test_least_squares_between_the_two_shapes_has_the_ratio_of_the_sheet() -> None:
    # SCIENCE.md section 7: a Gaussian fitted to a Fermi curve has .937 of its standard deviation.
    dose = np.arange(0.0, 120.0, 0.05)
    k = 3.0
    fit = fit_curve(curve_points(dose, fermi_share(dose, mu_gy=60.0, k_gy=k), structure="PTV"), "gaussian")
    assert fit.sd_gy / matched_sigma_gy(k) == pytest.approx(0.937, abs=1e-3)


def noisy_fit(model: str = "gaussian", seed: int = 1) -> CurveFit:
    rng = np.random.default_rng(seed)
    share = gaussian_share(DOSES, mu_gy=60.0, sigma_gy=2.0) + rng.normal(0.0, 0.002, DOSES.size)
    points = curve_points(DOSES, np.minimum.accumulate(np.clip(share, 0, 1)), structure="PTV")
    return fit_curve(points, model)


def test_criteria_are_those_of_the_sheet() -> None:
    # AIC = N ln(RSS/N) + 2K, K = 2 parameters and the variance; AICc adds 2K(K+1)/(N-K-1).
    fit = noisy_fit()
    assert (fit.n, fit.k) == (400, 3)
    assert fit.aic == pytest.approx(400 * np.log(fit.rss / 400) + 6)
    assert fit.aicc == pytest.approx(fit.aic + 24 / 396)
    assert fit.aic < (noisy_fit("fermi").aic or 0.0)


def test_intervals_cover_as_often_as_they_say() -> None:
    # Independent errors on a straight slope: only there the intervals mean what they say. 200 runs, 95 % +- 3 SE.
    dose = np.linspace(55.0, 65.0, 60)
    truth = gaussian_share(dose, mu_gy=60.0, sigma_gy=3.0)
    rng, inside = np.random.default_rng(5), 0
    for _ in range(200):
        # Monotone by construction of the check's tolerance is not wanted here: errors far below the steps.
        noisy = truth + rng.normal(0.0, 2e-4, dose.size)
        fit = fit_curve(curve_points(dose, noisy, structure="PTV"), "gaussian")
        low, high = fit.parameters[0].low, fit.parameters[0].high
        assert low is not None and high is not None
        inside += low <= 60.0 <= high
    assert 0.95 - 3 * 0.0154 <= inside / 200 <= 1.0


def test_what_is_no_cumulative_dvh_is_refused_by_name() -> None:
    def codes(dose: np.ndarray, share: np.ndarray) -> list[str]:
        with pytest.raises(InputError) as caught:
            curve_points(dose, share, structure="PTV")
        return [fault.code for fault in caught.value.faults]

    share = gaussian_share(DOSES, mu_gy=60.0, sigma_gy=2.0)
    bump = share.copy()
    bump[250] += 0.01
    bump[250:] = np.minimum(bump[250:], 1.0)
    rising = share[::-1].copy()
    assert codes(DOSES, rising) == ["dvh-monotone"]
    assert codes(DOSES[::-1], 100 * share) == ["dvh-doses", "dvh-shares"]
    assert codes(DOSES[:5], share[:5]) == ["dvh-points"]
    eqd2 = dvh_from_samples([60.0] * 9, [1.0] * 9, structure="PTV", quantity="eqd2", alpha_beta_gy=3.0)
    with pytest.raises(InputError, match="physical"):
        curve_of(eqd2)
    with pytest.raises(ParameterError, match="known: gaussian"):
        fit_curve(curve_points(DOSES, share, structure="PTV"), "gauss")
    with pytest.raises(FitError, match="half"):
        fit_curve(curve_points(DOSES[:100], share[:100], structure="PTV"), "fermi")


def linear_dose(slope_gy_per_mm: float = 0.5) -> Dose:
    """30 Gy at z = 0, rising towards the head."""
    x = y = np.arange(-40.0, 41.0, 4.0)
    z = np.arange(-60.0, 61.0, 3.0)
    values = np.broadcast_to(30.0 + slope_gy_per_mm * z[:, None, None], (z.size, y.size, x.size))
    return Dose(Image(Grid(x, y, z), values), "frame", fractions=30)


def box(half_mm: float = 15.0, step_mm: float = 3.0) -> Structure:
    ring = np.array([[-half_mm, -half_mm], [half_mm, -half_mm], [half_mm, half_mm], [-half_mm, half_mm]])
    planes = np.arange(-half_mm + step_mm / 2, half_mm, step_mm)
    return Structure("GTV", tuple(Plane(float(z), (ring,)) for z in planes))


@settings(max_examples=15, deadline=None)
@given(shift=st.floats(-20.0, 20.0))
def test_a_shift_in_a_linear_dose_moves_the_mean_by_gradient_times_shift(shift: float) -> None:
    # SCIENCE.md section 7 (S4): exactly g s; the contours moved, and the dose shifted against them.
    dose, axis = linear_dose(), "superior_inferior"
    moved = compute_dvh(moved_region(box(), shift, axis), dose)
    shifted = compute_dvh(box(), shifted_dose(dose, shift, axis))
    assert moved.mean_gy == pytest.approx(30.0 + 0.5 * shift, abs=1e-3)
    assert shifted.mean_gy == pytest.approx(30.0 + 0.5 * shift, abs=1e-3)


def test_a_shift_across_the_gradient_changes_nothing() -> None:
    dose = linear_dose()
    for axis in ("left_right", "anterior_posterior"):
        assert compute_dvh(box(), shifted_dose(dose, 8.0, axis)).mean_gy == pytest.approx(30.0, abs=1e-3)
        assert compute_dvh(moved_region(box(), 8.0, axis), dose).mean_gy == pytest.approx(30.0, abs=1e-3)


def test_blurring_is_a_convolution() -> None:
    # An edge of normal shape blurred by two positions 10 mm apart is the mean of two edges 10 mm apart.
    dose = linear_dose()
    z = dose.image.grid.z_mm
    edge = 60.0 * norm.cdf(-z / 6.0)
    step = Dose(Image(dose.image.grid, np.broadcast_to(edge[:, None, None], dose.image.values.shape)), "frame")
    blurred = blurred_dose(step, MotionPattern((-6.0, 6.0), (0.25, 0.75)), "superior_inferior")
    kept = blurred.image.grid.z_mm
    expected = 60.0 * (0.25 * norm.cdf(-(kept - 6.0) / 6.0) + 0.75 * norm.cdf(-(kept + 6.0) / 6.0))
    assert blurred.image.values[:, 0, 0] == pytest.approx(expected, abs=1e-9)
    assert kept[0] == pytest.approx(z[0] + 6.0) and kept[-1] == pytest.approx(z[-1] - 6.0)


def test_breathing_stays_longest_at_the_end_of_exhalation() -> None:
    # Mean of cos^4 over a period is 3/8: Lujan's motion moves the mean by 3/8 of the amplitude, towards the feet.
    lujan, sine = MotionPattern.lujan(16.0), MotionPattern.sine(16.0)
    assert np.dot(lujan.shift_mm, lujan.weight) == pytest.approx(-6.0)
    assert np.dot(sine.shift_mm, sine.weight) == pytest.approx(0.0, abs=1e-12)
    assert min(lujan.shift_mm) >= -16.0 and max(lujan.shift_mm) <= 0.0


def moved(patient: str, shift: float, *, source: str = "structure") -> MovedCurve:
    """A Gaussian DVH within 5 mm, a Fermi one beyond; the mean falls by 0.2 Gy/mm, the variance rises."""
    mean, sd = 60.0 - 0.2 * abs(shift), 2.0 + 0.1 * abs(shift)
    share = (
        gaussian_share(DOSES, mu_gy=mean, sigma_gy=sd) if abs(shift) < 5
        else fermi_share(DOSES, mu_gy=mean, k_gy=sd * np.sqrt(3) / np.pi)
    )  # fmt: skip
    # P1 meets its model to rounding, P2 not quite.
    points = curve_points(DOSES, share * (1.0 if patient == "P1" else 0.9999), structure="GTV")
    return MovedCurve(patient, "shift", "superior_inferior", shift, source, points, mean, sd)  # type: ignore[arg-type]


def test_tables_name_the_winner_and_the_trend_of_each_shift() -> None:
    curves = [moved(patient, shift) for patient in ("P1", "P2") for shift in (-8.0, -4.0, 0.0, 4.0, 8.0)]
    curves.append(moved("P1", 8.0, source="dose"))
    config = DvhCurveSettings(
        structure="GTV", shifts_mm={"superior_inferior": [-8.0, -4.0, 0.0, 4.0, 8.0]}, margin_mm=5.0
    )
    tables = curve_tables(curves, config)
    best = tables.comparison.set_index(["amount_mm", "model"])
    for shift in (-8.0, -4.0, 0.0, 4.0, 8.0):
        winner, loser = ("fermi", "gaussian") if abs(shift) > 5 else ("gaussian", "fermi")
        assert (best.loc[(shift, winner), ["best_rss", "best_aic"]] == 2).all()
        assert (best.loc[(shift, loser), ["best_rss", "best_aic"]] == 0).all()
        assert bool(best.loc[(shift, winner), "beyond_margin"]) is (abs(shift) > 5)
    trend = tables.trend.set_index(["direction", "quantity"])
    assert trend.loc[("positive", "mean_gy"), "slope"] == pytest.approx(-0.2)
    assert trend.loc[("negative", "mean_gy"), "slope"] == pytest.approx(-0.2)
    # Variance (2 + .1 s)^2 at 0, 4, 8 mm: 4, 5.76, 7.84; least-squares slope (7.84 - 4)/8.
    assert trend.loc[("positive", "variance_gy2"), "slope"] == pytest.approx(0.48)
    assert tables.prediction["largest_difference"].tolist() == [0.0]


def test_curves_survive_the_file(tmp_path: object) -> None:
    path = f"{tmp_path}/P1.moved.parquet"
    written = [moved("P1", 0.0), moved("P1", 4.0), moved("P1", 4.0, source="dose")]
    write_moved(written, path)
    found = read_moved(path)
    assert [(one.amount_mm, one.source, one.mean_gy) for one in found] == [
        (one.amount_mm, one.source, one.mean_gy) for one in written
    ]
    assert all(np.array_equal(a.points.share, b.points.share) for a, b in zip(found, written, strict=True))
    write_moved([], path)
    assert read_moved(path) == []


def test_no_curve_at_all_is_refused() -> None:
    with pytest.raises(InputError, match="at least one patient"):
        curve_tables([], DvhCurveSettings(structure="GTV"))
