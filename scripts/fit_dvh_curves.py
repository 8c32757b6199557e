"""Fit the models to every DVH curve and compare them at each position."""

from argparse import Namespace

from lungtox.dvhcurve import curve_tables, read_moved
from lungtox.dvhcurve.config import DvhCurveSettings
from lungtox.entry import run
from lungtox.tables import write_csv


def main(options: Namespace) -> None:
    curves = [curve for path in options.moved for curve in read_moved(path)]
    found = curve_tables(curves, DvhCurveSettings.model_validate_json(options.settings))
    for name in ("fits", "parameters", "comparison", "trend", "prediction", "curves"):
        write_csv(getattr(found, name), getattr(options, name))


if __name__ == "__main__":
    run(
        main,
        moved="DVHs in every position (Parquet) ...",
        settings="section dvh_curve as JSON",
        fits="fits to write (CSV)",
        parameters="parameters to write (CSV)",
        comparison="comparison of the models to write (CSV)",
        trend="change with the distance to write (CSV)",
        prediction="shifted dose against moved contours to write (CSV)",
        curves="mean curves to write (CSV)",
    )
