"""Compare the cytokines in time and between the groups."""

from argparse import Namespace

from lungtox.cohort import read_cytokines
from lungtox.entry import run
from lungtox.models import compare_cytokines, model_cytokines
from lungtox.models.config import AssociationSettings
from lungtox.randomness import task_rng
from lungtox.tables import read_csv, write_csv


def main(options: Namespace) -> None:
    analysis, dictionary = read_csv(options.analysis), read_csv(options.dictionary)
    settings = AssociationSettings.model_validate_json(options.settings)
    write_csv(compare_cytokines(analysis, dictionary=dictionary, settings=settings), options.table)
    models = model_cytokines(
        analysis,
        read_cytokines(options.draws),
        settings=settings,
        rng=task_rng(int(options.seed), "cytokines"),
        dictionary=dictionary,
    )
    write_csv(models, options.models)


if __name__ == "__main__":
    run(
        main,
        analysis="analysis table (CSV)",
        dictionary="data dictionary (CSV)",
        draws="cytokine table (CSV)",
        settings="section association as JSON",
        seed="seed of the config",
        table="table to write (CSV)",
        models="models to write (CSV)",
    )
