"""From a table to a curve and to the engine's histogram: what goes in comes out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest import approx

from lungtox.dose import compute_metrics, dvh_from_samples, read_dvhs, write_dvhs
from lungtox.dose.dvhtext import Section, assemble
from lungtox.dose.dvhtext.read import scan_lines
from lungtox.errors import InputError, ParameterError

FEW = settings(max_examples=60, deadline=None)
doses = st.lists(st.floats(0.0, 80.0), min_size=1, max_size=40)


def section(dose, volume, **changes):
    dose = np.asarray(dose, dtype=float)
    rows = range(11, 11 + dose.size)
    changes = {"dose_unit": "Gy", "volume_unit": "cc", **changes}
    return Section(
        structure="Lung", position=1, line=10, dose=dose, volume=np.asarray(volume, dtype=float), rows=rows, **changes
    )


@FEW
@given(doses)
def test_a_histogram_of_the_engine_comes_back_from_its_own_cumulative_table(values):
    dvh = dvh_from_samples(values, np.full(len(values), 0.5), structure="Lung")
    table = dvh.cumulative
    back = assemble(section(table.dose_gy, table.volume_cc), who="file").to_dvh()
    assert back.total_cc == approx(dvh.total_cc)
    assert back.mean_gy == approx(dvh.mean_gy, abs=0.0051)  # the table has lost where in its bins samples lie
    assert np.abs(back.volume_cc - dvh.volume_cc[: back.volume_cc.size]).max() < 1e-6
    for name in ("V20Gy[%]", "V5Gy[cc]", "D50%[Gy]", "gEUD(2)"):
        assert compute_metrics(back, [name])[name] == approx(compute_metrics(dvh, [name])[name], abs=0.011)


@FEW
@given(doses, st.sampled_from([0.01, 0.1, 0.5, 1.0]), st.sampled_from(["lower", "centre"]))
def test_cumulative_and_differential_tables_of_one_histogram_are_one_curve(values, step, place):
    dvh = dvh_from_samples(values, np.ones(len(values)), structure="Lung", bin_width_gy=step)
    if dvh.volume_cc.size < 2:
        return
    table = dvh.cumulative
    whole = assemble(section(table.dose_gy, table.volume_cc), who="file")
    named = dvh.dose_gy + (0.5 * step if place == "centre" else 0.0)
    binned = assemble(section(named, dvh.volume_cc, kind="per_bin", place=place), who="file")
    density = section(named, dvh.volume_cc / step, kind="per_dose", place=place)
    for other in (binned, assemble(density, who="file")):
        assert other.mean_gy == approx(whole.mean_gy, abs=1e-6)
        assert other.structure_cc == approx(whole.structure_cc)
        assert [other.share_at(d) for d in (1, 7.3, 20)] == approx([whole.share_at(d) for d in (1, 7.3, 20)], abs=1e-6)


@FEW
@given(doses, st.sampled_from(["Gy", "cGy", "%"]), st.sampled_from(["cc", "%"]))
def test_units_do_not_matter(values, dose_unit, volume_unit):
    dvh = dvh_from_samples(values, np.ones(len(values)), structure="Lung", bin_width_gy=0.1)
    table = dvh.cumulative
    factor = {"Gy": 1.0, "cGy": 100.0, "%": 100.0 / 60.0}[dose_unit]
    scale = 1.0 if volume_unit == "cc" else 100.0 / dvh.total_cc
    plain = assemble(section(table.dose_gy, table.volume_cc), who="file")
    other = section(
        table.dose_gy * factor, table.volume_cc * scale, dose_unit=dose_unit, volume_unit=volume_unit,
        full_dose_gy=60.0, structure_cc=dvh.total_cc,
    )  # fmt: skip
    found = assemble(other, who="file")
    assert found.structure_cc == approx(dvh.total_cc)
    names = ["Mean", "Max", "D50%", "V20Gy[cc]"]
    assert list(found.metrics(names).values()) == approx(list(plain.metrics(names).values()), abs=0.011)


@FEW
@given(st.integers(1, 60), st.floats(0.1, 30.0))
def test_one_row_out_of_order_is_always_named(place, back_gy):
    dose = np.arange(62.0)
    dose[place] -= 1.0 + back_gy
    with pytest.raises(InputError) as error:
        assemble(section(dose, np.linspace(50, 0, 62)), who="file")
    assert f"file line {11 + place}, Lung" in str(error.value.faults[0])


@FEW
@given(st.integers(1, 60), st.floats(1e-3, 40.0))
def test_one_volume_that_rises_is_always_named(place, rise_cc):
    volume = np.linspace(50, 1, 62)
    volume[place] = volume[place - 1] + rise_cc
    with pytest.raises(InputError) as error:
        assemble(section(np.arange(62.0), volume), who="file")
    assert f"file line {11 + place}, Lung" in str(error.value.faults[0])


def test_rows_at_equal_steps_of_volume_keep_their_vertical_parts():
    # 4 of 10 cc get exactly 5 Gy, the others 10 to 20 Gy: V(5) is still the whole.
    dose, volume = [0, 5, 5, 10, 20], [10, 10, 6, 6, 0]
    found = assemble(section(dose, volume, any_order=True), who="file")
    assert found.metrics(["V5Gy[cc]", "V5.01Gy[cc]", "D70%", "Mean"]) == approx(
        {"V5Gy[cc]": 10.0, "V5.01Gy[cc]": 6.0, "D70%": 5.0, "Mean": 0.4 * 5 + 0.6 * 15}, abs=0.011
    )
    with pytest.raises(InputError, match="doses that rise"):
        assemble(section(dose, volume), who="file")


def test_a_table_that_begins_above_0_must_hold_the_whole_volume():
    assert assemble(section([4, 6, 8], [10, 10, 0]), who="file").min_gy == 6.0
    with pytest.raises(InputError, match="begins at dose 0"):
        assemble(section([4, 6, 8], [10, 5, 0]), who="file")
    assert assemble(section([4, 6, 8], [100, 50, 0], volume_unit="%"), who="file").min_gy == 4.0


def test_a_differential_table_that_names_an_unknown_dose_of_its_bins_says_what_that_costs():
    found = assemble(section([0, 2, 4], [1, 1, 1], kind="per_bin"), who="file")
    assert "may be off by 1 Gy" in found.warnings[0]
    assert assemble(section([1, 3, 5], [1, 1, 1], kind="per_bin"), who="file").warnings == ()


def test_a_structure_without_volume_is_refused():
    with pytest.raises(InputError, match="none in any row"):
        assemble(section([0, 1, 2], [0, 0, 0]), who="file")


def test_percent_alone_goes_through_a_table_of_dvhs_without_becoming_cc(tmp_path):
    found = assemble(section([0, 10, 20], [100, 100, 0], volume_unit="%"), who="file")
    write_dvhs([("P001", found.to_dvh())], tmp_path / "p.dvh.parquet")
    ((_, back),) = read_dvhs(tmp_path / "p.dvh.parquet")
    assert back.relative_volume
    assert compute_metrics(back, ["V15Gy[%]", "D50%"]) == approx({"V15Gy[%]": 50.0, "D50%": 15.0})
    with pytest.raises(ParameterError, match="no metrics in cc"):
        compute_metrics(back, ["V15Gy[cc]"])


def test_dvhs_at_any_width_of_bins_keep_volume_and_look_ups():
    found = assemble(section([0, 10, 20], [50, 50, 0]), who="file")
    for width in (0.01, 0.1, 1.0):
        dvh = found.to_dvh(bin_width_gy=width, structure="Lungs-GTV")
        assert (dvh.structure, dvh.total_cc, dvh.max_gy) == ("Lungs-GTV", approx(50.0), 20.0)
        assert compute_metrics(dvh, ["V12Gy[cc]", "Mean"]) == approx({"V12Gy[cc]": 40.0, "Mean": 15.0})


def test_line_numbers_are_those_of_an_editor():
    lines = ["Dose [Gy],Lung [%]", "0,100", "1\x0c,100", "2,x", "3,0"]
    export = scan_lines(lines, who="file")
    assert [fault.who for fault in export.unusable[0].faults] == ["file line 4"]
