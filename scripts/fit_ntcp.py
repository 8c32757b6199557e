"""Fit one NTCP model to the cohort."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.ntcp import fit_ntcp_tables
from lungtox.ntcp.config import NtcpFitSettings
from lungtox.tables import read_csv, write_csv, write_json


def main(options: Namespace) -> None:
    result = fit_ntcp_tables(
        options.dvh,
        cohort=read_csv(options.cohort),
        name=options.name,
        settings=NtcpFitSettings.model_validate_json(options.settings),
    )
    write_csv(result.predictions, options.predictions)
    write_csv(result.curve, options.curve)
    write_csv(result.bins, options.bins)
    write_json(result.fit, options.fit)


if __name__ == "__main__":
    run(
        main,
        dvh="DVHs for models (Parquet)",
        cohort="analysis table (CSV)",
        name="name of the fit",
        settings="the fit's settings as JSON",
        fit="fit to write (JSON)",
        predictions="predictions to write (CSV)",
        curve="curve to write (CSV)",
        bins="binned outcomes to write (CSV)",
    )
