"""Compute the TG-263 metrics of a group of batches from their DVHs."""

import json
from argparse import Namespace

import pyarrow as pa

from lungtox.dose import compute_metrics_table
from lungtox.dose.config import DoseSettings, FunctionSettings
from lungtox.entry import run
from lungtox.tables import read_json, write_parquet


def main(options: Namespace) -> None:
    settings = json.loads(options.settings)
    dose = DoseSettings.model_validate(settings["dose"])
    function = None if settings["function"] is None else FunctionSettings.model_validate(settings["function"])
    batches = zip(options.dvh, options.bounds, options.qa, strict=True)
    tables = [
        compute_metrics_table(dvh, bounds=bounds, qa=read_json(qa), dose=dose, function=function)
        for dvh, bounds, qa in batches
    ]
    write_parquet(pa.concat_tables(tables), options.metrics)


if __name__ == "__main__":
    run(
        main,
        dvh="DVHs of each batch (Parquet) ...",
        bounds="low and high of its metrics (Parquet) ...",
        qa="its quality figures (JSON) ...",
        settings="sections dose and function as JSON",
        metrics="metrics to write (Parquet)",
    )
