"""Patterns of missing values, and the logistic models with gaps left out or imputed."""

import json
from argparse import Namespace

from lungtox.entry import run
from lungtox.models import describe_gaps
from lungtox.models.config import LogisticSettings, MissingSettings
from lungtox.randomness import task_rng
from lungtox.tables import read_csv, write_csv


def main(options: Namespace) -> None:
    settings = json.loads(options.settings)
    tables = describe_gaps(
        read_csv(options.analysis),
        columns=json.loads(options.columns),
        models={name: LogisticSettings.model_validate(model) for name, model in settings["models"].items()},
        settings=MissingSettings.model_validate(settings["missing"]),
        rng=task_rng(int(options.seed), "missing"),
        dictionary=read_csv(options.dictionary),
    )
    write_csv(tables.patterns, options.patterns)
    write_csv(tables.models, options.models)


if __name__ == "__main__":
    run(
        main,
        analysis="analysis table (CSV)",
        dictionary="data dictionary (CSV)",
        settings="sections missing and models as JSON",
        columns="columns that the analyses use, as JSON",
        seed="seed of the config",
        patterns="patterns to write (CSV)",
        models="models to write (CSV)",
    )
