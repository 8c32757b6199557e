"""Apply the published NTCP models to the cohort and show how well they do."""

from argparse import Namespace
from pathlib import Path

from lungtox.entry import run
from lungtox.ntcp import validate_published
from lungtox.ntcp.config import NtcpSettings
from lungtox.tables import read_csv, write_csv


def main(options: Namespace) -> None:
    result = validate_published(
        options.dvh, cohort=read_csv(options.cohort), settings=NtcpSettings.model_validate_json(options.settings)
    )
    write_csv(result.predictions, options.predictions)
    write_csv(result.validation, options.validation)
    write_csv(result.curves, options.curves)
    write_csv(result.alpha_beta, options.alpha_beta)
    for path in options.updates:
        write_csv(result.updates[Path(path).stem], path)


if __name__ == "__main__":
    run(
        main,
        dvh="DVHs for models (Parquet)",
        cohort="analysis table (CSV)",
        settings="section ntcp as JSON",
        predictions="predictions to write (CSV)",
        validation="validation to write (CSV)",
        curves="curves to write (CSV)",
        alpha_beta="sensitivity to alpha/beta to write (CSV)",
        updates="tables of calibration, net benefit and updating, named by their files (CSV) ...",
    )
