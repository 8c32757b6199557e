"""``lungtox elisa``: concentrations from a plate of standards and samples."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from lungtox.cohort import PlateResult, read_plate
from lungtox.cohort.config import SheetSettings
from lungtox.tables import write_csv


def elisa(
    plate: Annotated[
        Path, typer.Argument(help="Table of the plate: role, sample, concentration, absorbance, dilution.")
    ],
    out: Annotated[Path, typer.Option(help="Table of the samples to write (CSV).")],
    decimal: Annotated[Literal[".", ","] | None, typer.Option(help="Decimal sign of numbers that are text.")] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook.")] = None,
) -> None:
    """Fit a four-parameter logistic curve to the standards of an ELISA plate and read the samples from it.

    Research use, not for treatment decisions.
    """
    result = read_plate(plate, settings=SheetSettings(decimal=decimal, sheet=sheet))
    write_csv(result.table(), out)
    _print_quality(result)
    for text in result.warnings:
        print(f"warning: {text}", file=sys.stderr)


def _print_quality(result: PlateResult) -> None:
    curve = result.curve
    low, high = curve.range
    print(
        f"curve: bottom {curve.bottom:.4g}, top {curve.top:.4g}, EC50 {curve.ec50:.4g}, slope {curve.slope:.4g},"
        f" R2 {curve.r2:.5f}; blank {result.blank:.4g}"
    )
    print("standard  wells  absorbance  CV %  recovery %")
    for level in curve.levels:
        spread = "-" if level.cv_pct is None else f"{level.cv_pct:.1f}"
        recovery = "-" if level.recovery_pct is None else f"{level.recovery_pct:.1f}"
        print(f"{level.concentration:8g}  {level.wells:5d}  {level.absorbance:10.4f}  {spread:>4}  {recovery:>10}")
    print(f"{len(result.samples)} samples read between {low:g} and {high:g}; beyond, they are <x or >x.")
