"""Agreement on the peak flow data of Bland and Altman 1986: their figures and R's, docs/validation/r-cross-check.md."""

import os
from pathlib import Path

import pandas as pd
import pytest

from lungtox.agreement import bland_altman, compare_dispersion, concordance, paired_t
from lungtox.models import signed_rank

FOLDER = Path(os.environ.get("LUNGTOX_REFERENCE_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
PEAK_FLOW = FOLDER / "statistics" / "PEFR_BlandAltman1986.csv"
pytestmark = pytest.mark.skipif(
    not PEAK_FLOW.is_file(), reason="reference data absent (LUNGTOX_REFERENCE_DATA, statistics)"
)


@pytest.fixture
def flow() -> pd.DataFrame:
    return pd.read_csv(PEAK_FLOW)


def ends(estimate) -> list[float]:
    return [estimate.value, estimate.low, estimate.high]


def test_first_readings_of_both_meters(flow) -> None:
    found = bland_altman(flow["mini1"], flow["wright1"])
    assert found.bias.value == pytest.approx(-2.1176, abs=5e-5)  # SCIENCE.md
    assert found.sd == pytest.approx(38.765, abs=5e-4)
    assert ends(found.bias) == pytest.approx([-2.11764705882, -22.0488376966, 17.813543579], rel=1e-9)
    assert ends(found.lower) == pytest.approx([-78.0973016111, -112.853377909, -43.341225313], rel=1e-9)
    assert ends(found.upper) == pytest.approx([73.8620074934, 39.1059311953, 108.618083792], rel=1e-9)
    assert ends(found.slope) == pytest.approx([0.0286874451525, -0.159320063684, 0.216694953989], rel=1e-8)
    assert found.slope_p == pytest.approx(0.749498533649, rel=1e-9)
    assert (found.n, found.inside) == (17, 16)  # one meter pair lies below the lower limit in their figure 2


def test_exact_limits(flow) -> None:
    found = bland_altman(flow["mini1"], flow["wright1"], interval="exact")
    assert ends(found.upper)[1:] == pytest.approx([48.86076707, 119.927533667], rel=1e-8)
    assert ends(found.lower)[1:] == pytest.approx([-124.162827785, -53.0960611876], rel=1e-8)


def test_two_readings_of_each_person(flow) -> None:
    first, second = (pd.concat([flow[f"{meter}1"], flow[f"{meter}2"]]) for meter in ("mini", "wright"))
    subject = pd.concat([flow["subject"], flow["subject"]])
    found = bland_altman(first, second, subject=subject)
    assert ends(found.bias) == pytest.approx([-6.02941176471, -23.1014036362, 11.0425801068], rel=1e-9)
    assert found.sd == pytest.approx(37.6282121943, rel=1e-9)
    assert found.within_sd**2 == pytest.approx(626.735294118, rel=1e-9)
    assert found.between_sd**2 == pytest.approx(789.147058824, rel=1e-9)
    assert ends(found.upper) == pytest.approx([67.7218841362, 45.1606578044, 104.114414509], rel=1e-9)
    assert ends(found.lower) == pytest.approx([-79.7807076656, -116.173238038, -57.2194813339], rel=1e-9)
    some = bland_altman(first[:-5], second[:-5], subject=subject[:-5])
    assert (some.bias.value, some.sd) == pytest.approx((-5.26470588235, 37.2159585867), rel=1e-9)


def test_concordance_tests_and_scatter(flow) -> None:
    found = concordance(flow["mini1"], flow["wright1"])
    assert ends(found.ccc) == pytest.approx([0.942742431427, 0.850491873169, 0.97872627917], rel=1e-9)
    assert found.precision == pytest.approx(0.943279446891, rel=1e-9)
    apart = (flow["wright1"] - flow["mini1"]).to_numpy(dtype=float)
    student = paired_t(apart)
    assert (student.t, student.p) == pytest.approx((-0.225235476568, 0.82464767353), rel=1e-9)
    assert signed_rank(apart).p == pytest.approx(0.569942041726, rel=1e-9)
    again = (flow["wright2"] - flow["mini2"]).to_numpy(dtype=float)
    ratio = compare_dispersion(apart, again)
    assert ratio.p == pytest.approx(0.787507618219, rel=1e-9)
    assert ends(ratio.ratio) == pytest.approx([1.06069228544, 0.680898867208, 1.65232779576], rel=1e-9)
