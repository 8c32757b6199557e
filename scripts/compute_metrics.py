"""Compute the TG-263 metrics of one batch from its DVHs."""

import json
from argparse import Namespace

from lungtox.dose import compute_metrics_table
from lungtox.dose.config import DoseSettings, FunctionSettings
from lungtox.entry import run
from lungtox.tables import read_json, write_parquet


def main(options: Namespace) -> None:
    settings = json.loads(options.settings)
    metrics = compute_metrics_table(
        options.dvh,
        bounds=options.bounds,
        qa=read_json(options.qa),
        dose=DoseSettings.model_validate(settings["dose"]),
        function=None if settings["function"] is None else FunctionSettings.model_validate(settings["function"]),
    )
    write_parquet(metrics, options.metrics)


if __name__ == "__main__":
    run(
        main,
        dvh="DVHs of the batch (Parquet)",
        bounds="low and high of its metrics (Parquet)",
        qa="its quality figures (JSON)",
        settings="sections dose and function as JSON",
        metrics="metrics to write (Parquet)",
    )
