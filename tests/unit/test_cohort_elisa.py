"""ELISA plates against curves with known parameters; expected values from the formula by hand."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungtox.cli import main
from lungtox.cohort import fit_standards, read_plate, read_sample
from lungtox.cohort.elisa import StandardCurve
from lungtox.errors import FitError, InputError, ParameterError

# Bottom 0.1, top 2.1, EC50 100, slope 2: A(50) = 2.1 - 2 / (1 + 1/4) = 0.5, A(100) = 1.1, A(200) = 2.1 - 2/5 = 1.7,
# A(25) = 2.1 - 2 / (1 + 1/16) = 0.217647, A(400) = 2.1 - 2/17 = 1.982353, A(0) = 0.1.
BY_HAND = {0.0: 0.1, 25.0: 2.1 - 32 / 17, 50.0: 0.5, 100.0: 1.1, 200.0: 1.7, 400.0: 2.1 - 2 / 17}
HEADER = ["role", "sample", "concentration", "absorbance", "dilution"]


def plate(
    folder: Path, *samples: tuple[object, ...], standards: dict[float, float] = BY_HAND, decimal: str = "."
) -> Path:
    rows = [["standard", "", f"{dose:g}", signal, ""] for dose, signal in standards.items() for _ in range(2)]
    path = folder / "plate.csv"
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerows([HEADER, *[[str(cell).replace(".", decimal) for cell in row] for row in [*rows, *samples]]])
    return path


def test_the_curve_through_points_worked_by_hand() -> None:
    curve = fit_standards(list(BY_HAND), list(BY_HAND.values()))
    assert (curve.bottom, curve.top) == pytest.approx((0.1, 2.1), rel=1e-6)
    assert (curve.ec50, curve.slope) == pytest.approx((100.0, 2.0), rel=1e-6)
    assert curve.r2 == pytest.approx(1.0)
    assert curve.range == (25.0, 400.0)
    assert [level.recovery_pct for level in curve.levels[1:]] == pytest.approx([100.0] * 5)
    assert curve.levels[0].recovery_pct is None
    # A = 0.9: share 0.4 of the way from bottom to top, c = 100 sqrt(0.4 / 0.6) = 81.65.
    assert read_sample(curve, [0.9]).value == pytest.approx(81.6497, rel=1e-5)


def test_samples_with_dilution_and_beyond_the_standards(tmp_path: Path) -> None:
    path = plate(
        tmp_path,
        ("sample", "S1", "", 1.05, 1), ("sample", "S1", "", 1.15, 1),  # mean 1.1: 100; SD 0.0707107, CV 6.428 %
        ("sample", "S2", "", 0.5, 4),  # 50, fourfold
        ("sample", "S3", "", 0.12, 2),  # below 25, twofold
        ("sample", "S4", "", 2.3, ""),  # above the upper asymptote
        decimal=",",
    )  # fmt: skip
    found = read_plate(path).table()
    assert found["sample"].tolist() == ["S1", "S2", "S3", "S4"]
    assert [float(value) for value in found["value"][:2]] == pytest.approx([100.0, 200.0], rel=1e-6)
    assert found["value"].tolist()[2:] == ["<50", ">400"]
    assert found["cv_pct"][0] == pytest.approx(6.42824, rel=1e-5)


def test_a_standard_that_does_not_come_back_is_named_and_ends_the_range(tmp_path: Path) -> None:
    # A well of the highest standard that reads like 290: 400 comes back far below 80 %.
    standards = {**BY_HAND, 800.0: 2.1 - 2 / 65, 1600.0: 2.1 - 2 / 257, 12.5: 2.1 - 128 / 65 + 0.05}
    result = read_plate(plate(tmp_path, ("sample", "S1", "", 1.1, ""), standards=standards))
    assert result.curve.range[0] == 25.0
    assert any(text.startswith("the standard of 12.5 comes back at") for text in result.warnings)


def test_blanks_are_subtracted_everywhere(tmp_path: Path) -> None:
    raised = {dose: signal + 0.06 for dose, signal in BY_HAND.items()}
    path = plate(
        tmp_path,
        ("blank", "", "", 0.05, ""),
        ("blank", "", "", 0.07, ""),
        ("sample", "S", "", 1.16, ""),
        standards=raised,
    )
    result = read_plate(path)
    assert result.blank == pytest.approx(0.06)
    assert float(result.table()["value"][0]) == pytest.approx(100.0, rel=1e-6)


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        (("standart", "", "1", 1.0, ""), "column role: expected one of standard, sample, blank; found 'standart'"),
        (("sample", "", "", 1.0, ""), "column sample: expected a value; found an empty cell"),
        (("standard", "", "", 1.0, ""), "column concentration: expected a value; found an empty cell"),
        (("sample", "S", "", "OVER", ""), "column absorbance: expected a number; found 'OVER'"),
        (("sample", "S", "", 1.0, 0.5), "column dilution: expected a number of at least 1; found '0.5'"),
    ],
)
def test_wells_that_cannot_be_used_are_named_by_line(tmp_path: Path, sample: tuple[object, ...], words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_plate(plate(tmp_path, sample))
    assert f"ELISA plate, line 14, {words}" in str(caught.value)


def test_standards_without_a_curve_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FitError, match="at least 5 concentrations; found 4"):
        fit_standards([1, 2, 3, 4], [0.1, 0.4, 0.9, 1.3])
    with pytest.raises(FitError, match="the same: no curve"):
        fit_standards([1, 2, 3, 4, 5], [1.0] * 5)
    with pytest.raises(ParameterError):
        fit_standards([1, 2, 3, 4, -5], [0.1, 0.4, 0.9, 1.3, 1.5])
    flat = dict(zip(BY_HAND, [0.5, 1.5, 0.4, 1.6, 0.5, 0.6], strict=True))
    with pytest.raises(InputError, match="standards that give a curve"):
        read_plate(plate(tmp_path, standards=flat))


def test_the_command_writes_the_samples_and_prints_the_quality(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.csv"
    with pytest.raises(SystemExit) as stopped:
        main(["elisa", str(plate(tmp_path, ("sample", "S1", "", 0.12, ""))), "--out", str(out)])
    assert not stopped.value.code
    assert out.read_text().splitlines()[1].endswith(",<25")
    printed = capsys.readouterr()
    assert "bottom 0.1, top 2.1, EC50 100, slope 2, R2 1.00000" in printed.out
    assert "1 samples lie outside 25-400" in printed.err


@settings(max_examples=60, deadline=None)
@given(st.floats(0.0, 0.3), st.floats(0.8, 4.0), st.floats(5.0, 500.0), st.floats(0.6, 3.0), st.floats(0.05, 0.95))
def test_reading_undoes_the_curve(bottom: float, rise: float, ec50: float, slope: float, share: float) -> None:
    curve = StandardCurve(bottom, bottom + rise, ec50, slope, 1.0, ())
    concentration = curve.concentration(bottom + share * rise)
    assert curve.absorbance(concentration) == pytest.approx(bottom + share * rise, rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.0, 0.3), st.floats(0.8, 3.0), st.floats(20.0, 300.0), st.floats(0.8, 2.5))
def test_any_curve_is_found_again_from_its_standards(bottom: float, rise: float, ec50: float, slope: float) -> None:
    truth = StandardCurve(bottom, bottom + rise, ec50, slope, 1.0, ())
    doses = [0.0, *(ec50 * 2.0**power for power in range(-4, 5))]
    found = fit_standards(doses, [truth.absorbance(dose) for dose in doses])
    assert (found.bottom, found.top, found.ec50, found.slope) == pytest.approx(
        (bottom, bottom + rise, ec50, slope), rel=1e-4, abs=1e-6
    )
