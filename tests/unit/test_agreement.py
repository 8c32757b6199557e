"""Agreement of two sources. Expected values by hand, of the SCIENCE sheet (sections 1 and 7), or as invariants."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungtox.agreement import (
    AgreementSettings,
    Case,
    bland_altman,
    compare_curves,
    compare_dispersion,
    concordance,
    curve_distance,
    paired_t,
    read_cases,
    t_from_summary,
    verdict_of,
)
from lungtox.dose import write_dvhs
from lungtox.errors import InputError, ParameterError
from tests.unit.agreement_tables import SETTINGS, P, compare, metrics, uniform

FIRST = np.array([10.0, 20.0, 30.0, 40.0, 50.0])
VALUES = st.lists(st.floats(1, 100), min_size=5, max_size=30)


def test_bias_and_limits_by_hand():
    found = bland_altman(FIRST, FIRST + np.array([1, 2, 3, 4, 5]))
    sd = math.sqrt(2.5)
    assert (found.bias.value, found.sd) == pytest.approx((3.0, sd))
    assert (found.lower.value, found.upper.value) == pytest.approx((3 - 1.96 * sd, 3 + 1.96 * sd))
    # t(4, .975) = 2.776445; SE = s sqrt(1/5 + 1.96^2/8)
    half = 2.776445105 * sd * math.sqrt(0.2 + 1.96**2 / 8)
    assert found.upper.high - found.upper.value == pytest.approx(half)
    # differences on means 10.5, 21, 31.5, 42, 52.5: slope 1/10.5, no residual
    assert found.slope.value == pytest.approx(1 / 10.5)
    assert found.inside == 5


def test_percent_differences_of_mean_and_of_first():
    of_first = bland_altman(FIRST, 1.1 * FIRST, scale="percent", percent_of="first")
    assert (of_first.bias.value, of_first.sd) == pytest.approx((10.0, 0.0), abs=1e-9)
    of_mean = bland_altman(FIRST, 1.1 * FIRST, scale="percent")
    assert of_mean.bias.value == pytest.approx(100 * 0.1 / 1.05)
    with pytest.raises(ParameterError, match="positive values"):
        bland_altman([0.0, 1, 2], [1.0, 2, 3], scale="percent", percent_of="first")


@settings(max_examples=40, deadline=None)
@given(VALUES, st.floats(0.5, 2), st.integers(0, 2**32 - 1))
def test_swapping_the_sources_and_their_unit(values, factor, seed):
    a = np.array(values)
    b = a + np.random.default_rng(seed).normal(1, 2, a.size)
    there, back, scaled = bland_altman(a, b), bland_altman(b, a), bland_altman(factor * a, factor * b)
    assert back.bias.value == pytest.approx(-there.bias.value)
    assert (back.lower.low, back.upper.high) == pytest.approx((-there.upper.high, -there.lower.low))
    assert scaled.upper.low == pytest.approx(factor * there.upper.low)
    assert (scaled.inside, back.inside) == (there.inside, there.inside)
    assert there.lower.low < there.lower.value < there.lower.high


@settings(max_examples=30, deadline=None)
@given(VALUES, st.integers(0, 2**32 - 1))
def test_persons_measured_twice_alike_are_not_twice_as_many(values, seed):
    """Repeating every pair says nothing new: bias, SD and the interval of the bias stay, where naive limits narrow."""
    a = np.array(values)
    b = a + np.random.default_rng(seed).normal(1, 2, a.size)
    once = bland_altman(a, b)
    twice = bland_altman(np.tile(a, 2), np.tile(b, 2), subject=np.tile(np.arange(a.size), 2))
    assert (twice.bias.value, twice.bias.low, twice.sd) == pytest.approx((once.bias.value, once.bias.low, once.sd))
    assert twice.within_sd == pytest.approx(0.0, abs=1e-9)
    assert (twice.n, twice.subjects) == (2 * a.size, a.size)


def test_limits_of_repeated_measures_cover_what_they_should():
    """Between SD 2, within SD 1, 15 persons of 3 pairs: the limits' intervals hold the true limit in about 95 %."""
    rng = np.random.default_rng(3)
    subject = np.repeat(np.arange(15), 3)
    true = 1.96 * math.sqrt(5)
    held = 0
    for _ in range(400):
        differences = np.repeat(rng.normal(0, 2, 15), 3) + rng.normal(0, 1, 45)
        found = bland_altman(np.zeros(45), differences, subject=subject)
        held += found.upper.low <= true <= found.upper.high
    assert 0.92 <= held / 400 <= 0.98


def test_verdict_needs_the_whole_interval():
    found = bland_altman(FIRST, FIRST + np.array([1, 2, 3, 4, 5]))
    assert verdict_of(found, found.upper.high + 0.1) == "agree"
    assert verdict_of(found, found.upper.value) == "open"
    tight = bland_altman(FIRST, FIRST + np.array([5.0, 5.1, 4.9, 5.0, 5.0]))
    assert verdict_of(tight, 1.0) == "disagree"
    with pytest.raises(ParameterError, match="must be positive"):
        verdict_of(found, 0.0)


def test_printed_differences_of_s5():
    # SCIENCE section 7: 2.60 +- 1.04 % and 0.66 +- 0.29 % at n = 30 imply t = 13.69 and 12.47
    assert t_from_summary(2.60, 1.04, 30).t == pytest.approx(13.69, abs=0.005)
    assert t_from_summary(0.66, 0.29, 30).t == pytest.approx(12.47, abs=0.005)
    assert max(t_from_summary(2.60, 1.04, 30).p, t_from_summary(0.66, 0.29, 30).p) < 0.001
    values = np.array([1.0, 2, 3, 4])
    assert paired_t(values) == t_from_summary(2.5, float(values.std(ddof=1)), 4)
    assert math.isnan(paired_t([2.0, 2.0, 2.0]).p)


def test_concordance_by_hand():
    # Moved by its own SD (1/n): 2 v/(2 v + v) = 2/3; precision 1
    found = concordance(FIRST, FIRST + FIRST.std())
    assert (found.ccc.value, found.precision, found.accuracy) == pytest.approx((2 / 3, 1.0, 2 / 3))
    assert concordance(FIRST, FIRST).ccc.value == pytest.approx(1.0)
    assert math.isnan(concordance(FIRST, np.full(5, 3.0)).ccc.value)


@settings(max_examples=30, deadline=None)
@given(VALUES, st.integers(0, 2**32 - 1))
def test_concordance_lies_in_its_interval_and_below_precision(values, seed):
    a = np.array(values)
    if a.std() < 1e-3:
        return
    found = concordance(a, a + np.random.default_rng(seed).normal(0, 1, a.size))
    assert abs(found.ccc.value) <= abs(found.precision) + 1e-12
    assert found.ccc.low <= found.ccc.value <= found.ccc.high


def test_scatter_of_two_metrics():
    # Independent by construction: variance ratio 4, rho 0, n 5: t = (2 - 1/2) sqrt(3)/2
    a, b = np.array([-2.0, -1, 0, 1, 2]), 0.5 * np.array([2.0, -1, -2, -1, 2])
    found = compare_dispersion(2 * a, b)
    assert found.ratio.value == pytest.approx(2 * a.std() / b.std())
    assert found.ratio.low < found.ratio.value < found.ratio.high
    again = compare_dispersion(b, 2 * a)
    assert (again.p, again.ratio.low) == pytest.approx((found.p, 1 / found.ratio.high))


# -- tables ------------------------------------------------------------------------------------------------------


def test_tables_of_a_source_that_is_one_percent_higher():
    tables = compare(metrics(P), metrics(P, factor=1.01, scatter=0.01, seed=4))
    by_metric = tables.metrics.set_index(["structure", "metric"])
    assert by_metric["percent"].to_numpy() == pytest.approx(1.0, abs=0.8)
    assert by_metric.loc[("Lungs", "Mean[Gy]"), "scale"] == "percent"
    assert by_metric.loc[("Lungs", "Mean[Gy]"), "verdict"] == "agree"
    assert (tables.metrics["n"] == 12).all()
    assert (tables.metrics["q"] >= tables.metrics["p"]).all()
    assert tables.points["points"].tolist() == [48]
    assert tables.points["inside"].tolist() == [tables.pairs["inside"].sum()]
    scatter = tables.dispersion.iloc[0]
    assert scatter["ratio"] > 3
    assert scatter["p"] < 0.001
    assert tables.unpaired.empty


def test_every_patient_without_partner_is_listed():
    with pytest.raises(InputError) as error:
        compare(metrics(P[:10]), metrics(P[1:11]), unusable={"P12": "no GTV"})
    text = str(error.value)
    assert "P01: not in other" in text
    assert "P11, P12: not in main" in text
    assert "P12: cannot be used in other: no GTV" in text
    kept = compare(metrics(P[:10]), metrics(P[1:11]), unusable={"P12": "no GTV"}, unpaired="leave_out")
    assert set(kept.unpaired["patient"]) == {"P01", "P11", "P12"}
    assert (kept.metrics["n"] == 9).all()


def test_a_structure_that_one_source_lacks_is_an_error_of_its_own():
    second = metrics(P)
    with pytest.raises(
        InputError,
        match=r"SpinalCord, Max\[Gy\]: expected patients with values in both sources; found no value in other",
    ):
        compare(metrics(P), second[second["structure"] != "SpinalCord"], unpaired="leave_out")
    partly = second[(second["structure"] != "SpinalCord") | (second["patient"] != "P03")]
    with pytest.raises(InputError, match=r"of SpinalCord in both sources; found P03: no value in other"):
        compare(metrics(P), partly)


def test_units_that_differ_and_centigray_are_refused():
    with pytest.raises(InputError, match="expected one unit; found % and cc"):
        compare(metrics(P), metrics(P).replace({"unit": {"%": "cc"}}))
    with pytest.raises(InputError, match="values that differ 100 times"):
        compare(metrics(P), metrics(P, factor=100.0))


def test_few_pairs_are_refused_by_group():
    cases = {patient: read_cases(None, P)[patient] for patient in P}
    with pytest.raises(InputError, match=r"expected 5 persons or more; found 4 persons"):
        compare(metrics(P[:4]), metrics(P[:4]), cases=cases)


def test_a_clinical_limit_is_demanded():
    for limits in ({}, {"Lungs": {}}):
        with pytest.raises(ValueError, match="a clinical limit for each metric"):
            AgreementSettings.model_validate({**SETTINGS, "limits": limits, "dispersion": {}})
    with pytest.raises(ValueError, match="either absolute or percent"):
        AgreementSettings.model_validate({**SETTINGS, "limits": {"Lungs": {"Mean[Gy]": {}}}, "dispersion": {}})


def test_a_group_that_nobody_belongs_to_is_named():
    limits = {"Lungs": {"Mean[Gy]": {"percent": 3, "groups": ["thorx"]}}}
    cases = {name: Case(name, "thorax" if name < "P07" else "head") for name in P}
    with pytest.raises(InputError) as error:
        compare(metrics(P), metrics(P), cases=cases, limits=limits, dispersion={})
    expected = "config: agreement.limits.Lungs.Mean[Gy].groups: expected a group of agreement.cases; found 'thorx'."
    assert f"{expected} Known: thorax, head." in str(error.value)


def test_groups_and_subjects_of_a_table(tmp_path):
    path = tmp_path / "cases.csv"
    rows = [f"{name},{'AB'[number % 2]}{number // 4},{('lung', 'neck')[number % 2]}" for number, name in enumerate(P)]
    path.write_text("\n".join(["patient,subject,group", *rows]), encoding="utf-8")
    tables = compare(metrics(P), metrics(P, scatter=0.01), cases=read_cases(path, P), min_pairs=3)
    assert tables.metrics["group"].unique().tolist() == ["lung", "neck"]
    assert set(tables.metrics["n"]) == {6}
    assert set(tables.metrics["subjects"]) == {3}
    assert (tables.metrics["df"] == 2).all()
    path.write_text("patient,group\nP01,lung\nP01,neck\nP02,\n", encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_cases(path, P[:3])
    assert "P01 twice" in str(error.value)
    assert "none for P03" in str(error.value)


# -- curves ------------------------------------------------------------------------------------------------------


def test_distance_of_two_ramps_by_hand():
    # 10..20 Gy against 11..21 Gy: a shift of 1 Gy, 10 % of the volume apart between 11 and 20 Gy
    found = curve_distance(uniform(10, 20), uniform(11, 21))
    assert (found.largest_pct, found.area_gy, found.mean_difference_gy) == pytest.approx((10.0, 1.0, 1.0), abs=1e-3)
    assert 11 <= found.at_gy <= 20
    same = curve_distance(uniform(10, 20), uniform(10, 20))
    assert (same.largest_pct, same.area_gy) == (0.0, 0.0)


def test_curves_of_a_cohort(tmp_path):
    files = {}
    for source, shift in (("main", 0.0), ("other", 1.0)):
        path = tmp_path / f"{source}.dvh.parquet"
        write_dvhs([(name, uniform(10 + 0.1 * k + shift, 20 + shift)) for k, name in enumerate(P[:5])], path)
        files[source] = [path]
    found = compare_curves(
        files,
        AgreementSettings.model_validate({**SETTINGS, "curves": {"Lungs": 12.0}}),
        cases=read_cases(None, P),
    )
    assert found.distances["mean_difference_gy"].to_numpy() == pytest.approx(1.0, abs=1e-3)
    assert found.distances["within"].all()
    (row,) = found.summary.to_dict("records")
    assert (row["n"], row["within"], row["limit_pct"]) == (5, 5, 12.0)
    # All five are moved by 1 Gy; the steepest curve, 10.4 to 20 Gy, is apart by 1 / 9.6.
    assert (row["median_area_gy"], row["mean_difference_gy"]) == pytest.approx((1.0, 1.0), abs=1e-3)
    assert row["largest_pct"] == found.distances["largest_pct"].max()
    middle = found.curves[found.curves["dose_gy"] == 15.0].iloc[0]
    assert middle["n"] == 5
    assert middle["bias"] == pytest.approx(np.mean([100 / (10 - 0.1 * k) for k in range(5)]), abs=0.02)
    assert middle["lower"] < middle["bias"] < middle["upper"]
    assert found.curves["dose_gy"].iloc[-1] == pytest.approx(21.0, abs=0.11)


def test_a_curve_that_one_source_lacks_is_listed_or_stops_the_run(tmp_path):
    files = {}
    for source, without in (("main", ""), ("other", "P03")):
        path = tmp_path / f"{source}.dvh.parquet"
        lungs = [(name, uniform(10, 20)) for name in P[:5] if name != without]
        write_dvhs([*lungs, *((name, uniform(30, 40, "SpinalCord")) for name in P[:5])], path)
        files[source] = [path]
    curves = {"Lungs": 12.0, "SpinalCord": 5.0}

    def settings(**changed):
        return AgreementSettings.model_validate({**SETTINGS, "curves": curves, **changed})

    with pytest.raises(InputError) as error:
        compare_curves(files, settings(), cases=read_cases(None, P))
    assert "DVH of Lungs in both sources; found P03: no DVH in other" in str(error.value)
    found = compare_curves(files, settings(unpaired="leave_out"), cases=read_cases(None, P))
    (row,) = found.unpaired.to_dict("records")
    assert (row["patient"], row["structure"], row["reason"]) == ("P03", "Lungs", "no DVH in other")
    assert found.summary.set_index("structure")["n"].to_dict() == {"Lungs": 4, "SpinalCord": 5}
    with pytest.raises(InputError, match=r"Heart: expected patients with DVHs in both sources; found none"):
        compare_curves(files, settings(curves={"Heart": 5.0}, unpaired="leave_out"), cases=read_cases(None, P))


def test_a_source_against_itself_agrees_without_a_test():
    tables = compare(metrics(P), metrics(P))
    assert (tables.metrics[["bias", "sd", "lower", "upper", "slope"]] == 0.0).all(axis=None)
    assert set(tables.metrics["verdict"]) == {"agree"}
    assert (tables.metrics["ccc"] == 1.0).all()
    assert tables.metrics["p"].isna().all()
    assert tables.metrics["inside"].tolist() == [12] * 4
