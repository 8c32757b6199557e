"""Fit one logistic model, check it and validate it."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.models import fit_model
from lungtox.models.config import LogisticSettings, MissingSettings, ValidationSettings
from lungtox.randomness import task_rng
from lungtox.tables import read_csv, write_csv, write_json


def main(options: Namespace) -> None:
    seed = int(options.seed)
    result = fit_model(
        read_csv(options.analysis),
        dictionary=read_csv(options.dictionary),
        name=options.name,
        settings=LogisticSettings.model_validate_json(options.model),
        validation=ValidationSettings.model_validate_json(options.validation_settings),
        rng=task_rng(seed, "fit_logistic", options.name),
        seed=seed,
        draws=read_csv(options.cytokines[0]) if options.cytokines else None,
        start=options.start,
        missing=None if options.missing == "null" else MissingSettings.model_validate_json(options.missing),
    )
    for name, table in result.tables.items():
        write_csv(table, f"{options.folder}/{name}.csv")
    write_json(result.fit, f"{options.folder}/fit.json")


if __name__ == "__main__":
    run(
        main,
        analysis="analysis table (CSV)",
        dictionary="data dictionary (CSV)",
        name="name of the model",
        model="the model's settings as JSON",
        validation_settings="section validation as JSON",
        missing="section missing as JSON, null without one",
        cytokines="cytokine table (CSV), where the model uses a value drawn during radiotherapy ...",
        start="where the window starts: rt_start or rt_end",
        seed="seed of the config",
        folder="folder of the model's fit (JSON) and tables (CSV)",
    )
