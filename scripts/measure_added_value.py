"""Climb the ladder of nested models."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.models import measure_added_value
from lungtox.models.config import LadderSettings, ValidationSettings
from lungtox.randomness import task_rng
from lungtox.tables import read_csv, write_csv


def main(options: Namespace) -> None:
    table = measure_added_value(
        read_csv(options.analysis),
        settings=LadderSettings.model_validate_json(options.settings),
        resamples=ValidationSettings.model_validate_json(options.validation_settings).resamples,
        rng=task_rng(int(options.seed), "measure_added_value"),
        dictionary=read_csv(options.dictionary),
    )
    write_csv(table, options.ladder)


if __name__ == "__main__":
    run(
        main,
        analysis="analysis table (CSV)",
        dictionary="data dictionary (CSV)",
        settings="section ladder as JSON",
        validation_settings="section validation as JSON",
        seed="seed of the config",
        ladder="table to write (CSV)",
    )
