"""Fit one NTCP model to the cohort."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.ntcp import fit_ntcp_tables
from lungtox.ntcp.config import NtcpFitSettings
from lungtox.randomness import task_rng
from lungtox.tables import read_csv, write_csv, write_json


def main(options: Namespace) -> None:
    result = fit_ntcp_tables(
        options.dvh,
        cohort=read_csv(options.cohort),
        name=options.name,
        settings=NtcpFitSettings.model_validate_json(options.settings),
        rng=task_rng(int(options.seed), "fit_ntcp", options.name),
        start=options.start,
    )
    write_csv(result.predictions, options.predictions)
    write_csv(result.curve, options.curve)
    write_csv(result.bins, options.bins)
    write_csv(result.surface, options.surface)
    write_csv(result.intervals, options.intervals)
    write_csv(result.validation, options.validation)
    write_csv(result.course, options.course)
    write_json(result.fit, options.fit)


if __name__ == "__main__":
    run(
        main,
        dvh="DVHs for models (Parquet)",
        cohort="analysis table (CSV)",
        name="name of the fit",
        settings="the fit's settings as JSON",
        start="where the window of the endpoint starts (rt_start or rt_end)",
        seed="seed of the config",
        fit="fit to write (JSON)",
        predictions="predictions to write (CSV)",
        curve="curve to write (CSV)",
        bins="binned outcomes to write (CSV)",
        surface="likelihood surface to write (CSV)",
        intervals="bootstrap intervals to write (CSV)",
        validation="performance corrected for optimism to write (CSV)",
        course="latency and incidence in time to write (CSV)",
    )
