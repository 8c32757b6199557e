"""The sensitivity sweep gives what the DVH engine gives under each setting."""

import numpy as np
import pytest

from lungtox.dose import compute_metrics, dvh_from_samples, functional_dvhs, gather_sweep, sweep_function, write_sweep
from lungtox.dose.sampling import Samples
from lungtox.errors import Fault, InputError
from lungtox.tables import read_csv

RNG = np.random.default_rng(5)
X, Y, Z = (axis.ravel() for axis in np.meshgrid(np.arange(0, 60, 3.0), np.arange(0, 60, 3.0), np.arange(0, 60, 3.0)))
SAMPLES = Samples(
    structure="Lungs-GTV",
    x_mm=X,
    y_mm=Y,
    z_mm=Z,
    volume_cc=RNG.uniform(0.01, 0.03, X.size),
    dose_gy=0.7 * X,
    region_cc=0.0,
    coverage_pct=100.0,
    planes=20,
    spread_gy=np.full(X.size, 0.5),
)


def q(x_mm, y_mm, z_mm):
    """Perfusion that rises along x, y and z, each differently."""
    return 1.0 + 0.05 * x_mm + 0.02 * y_mm + 0.01 * z_mm


def ends_at_60(x_mm, y_mm, z_mm):
    if x_mm.max() > 60:
        raise InputError(Fault("P1", "a SPECT that covers the lungs", "less", "Leave it out.", "spect-coverage"))
    return q(x_mm, y_mm, z_mm)


def swept(rows, change, weighting, direction="", shift_mm=0.0):
    key = (change, weighting, direction, shift_mm)
    found = {r.metric: r.value for r in rows if (r.change, r.weighting, r.direction, r.shift_mm) == key}
    return [found["V20Gy[%]"], found["Mean[Gy]"]]


def engine(values, region):
    found = functional_dvhs(
        SAMPLES.dose_gy, SAMPLES.volume_cc, values, structure="L", spread_gy=SAMPLES.spread_gy, regions=[region]
    )
    return [list(compute_metrics(dvh, ["V20Gy[%]", "Mean[Gy]"]).values()) for dvh in found.dvhs]


def test_every_region_is_that_of_the_engine():
    rows = sweep_function(SAMPLES, q, region="40%max")
    plain = dvh_from_samples(SAMPLES.dose_gy, SAMPLES.volume_cc, structure="L", spread_gy=SAMPLES.spread_gy)
    expected = list(compute_metrics(plain, ["V20Gy[%]", "Mean[Gy]"]).values())
    assert swept(rows, "none", "anatomical") == pytest.approx(expected)
    for reference in ("max", "p99", "mean"):
        for share in range(10, 80, 10):
            weighted, region = engine(q(X, Y, Z), f"{share}%{reference}")
            assert swept(rows, "region", f"functional:{share}%{reference}") == pytest.approx(region, abs=1e-6)
            assert swept(rows, "region", "perfusion") == pytest.approx(weighted, abs=1e-6)


@pytest.mark.parametrize(
    ("direction", "step"),
    [("left", (1, 0, 0)), ("anterior", (0, -1, 0)), ("superior", (0, 0, 1)), ("inferior", (0, 0, -1))],
)
def test_image_moved_in_a_direction_shows_there_what_lay_beside(direction, step):
    # LPS: left, posterior and superior are +x, +y, +z. What is moved by d shows at x what lay at x - d.
    rows = sweep_function(SAMPLES, q, region="p60")
    moved = q(X - 10.0 * step[0], Y - 10.0 * step[1], Z - 10.0 * step[2])
    weighted, region = engine(moved, "p60")
    assert swept(rows, "shift", "perfusion", direction, 10.0) == pytest.approx(weighted, abs=1e-6)
    assert swept(rows, "shift", "functional:p60", direction, 10.0) == pytest.approx(region, abs=1e-6)


def test_where_the_moved_image_ends_there_is_no_value():
    rows = sweep_function(SAMPLES, ends_at_60, region="40%max")
    assert swept(rows, "shift", "functional:40%max", "right", 5.0) == [None, None]
    assert None not in swept(rows, "shift", "functional:40%max", "left", 5.0)


def test_other_attenuation_correction_is_a_setting():
    rows = sweep_function(SAMPLES, q, region="40%max", other=lambda x, y, z: np.where(x < 30, 3.0, 1.0))
    # Region of 40 % of 3: x < 30, so doses of 0 to 18.9 Gy with 0.5 Gy spread: nothing at 20 Gy.
    assert swept(rows, "attenuation", "functional:40%max")[0] == 0.0
    assert not any(row.change == "attenuation" for row in sweep_function(SAMPLES, q, region="40%max"))


def test_sweeps_of_batches_become_one_table(tmp_path):
    rows = sweep_function(SAMPLES, ends_at_60, region="40%max")
    write_sweep([("P1", "Lungs-GTV", row) for row in rows], tmp_path / "a.sweep.parquet")
    write_sweep([], tmp_path / "b.sweep.parquet")
    gather_sweep([tmp_path / "a.sweep.parquet", tmp_path / "b.sweep.parquet"], tmp_path / "sweep.csv")
    table = read_csv(tmp_path / "sweep.csv")
    assert len(table) == len(rows) == 2 * (1 + 1 + 21) + 4 * 12
    assert table["value"].isna().sum() == 2 * 4  # two shifts to the right, two weightings, two metrics
    assert set(table["unit"]) == {"%", "Gy"}
