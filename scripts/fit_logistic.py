"""Fit one logistic model and validate it by the optimism bootstrap."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.models import fit_model
from lungtox.models.config import LogisticSettings, ValidationSettings
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
    )
    write_csv(result.predictions, options.predictions)
    write_csv(result.validation, options.validation)
    write_json(result.fit, options.fit)


if __name__ == "__main__":
    run(
        main,
        analysis="analysis table (CSV)",
        dictionary="data dictionary (CSV)",
        name="name of the model",
        model="the model's settings as JSON",
        validation_settings="section validation as JSON",
        seed="seed of the config",
        fit="fit to write (JSON)",
        predictions="predictions to write (CSV)",
        validation="validation to write (CSV)",
    )
