"""Test each factor against pneumonitis."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.models import compare_strata, test_associations
from lungtox.models.config import AssociationSettings
from lungtox.randomness import task_rng
from lungtox.tables import read_csv, write_csv


def main(options: Namespace) -> None:
    analysis, dictionary = read_csv(options.analysis), read_csv(options.dictionary)
    settings = AssociationSettings.model_validate_json(options.settings)
    write_csv(test_associations(analysis, dictionary=dictionary, settings=settings), options.table)
    rng = task_rng(int(options.seed), "compare_strata")
    write_csv(compare_strata(analysis, dictionary=dictionary, settings=settings, rng=rng), options.strata)


if __name__ == "__main__":
    run(
        main,
        analysis="analysis table (CSV)",
        dictionary="data dictionary (CSV)",
        settings="section association as JSON",
        seed="seed of the config",
        table="table to write (CSV)",
        strata="factors within strata to write (CSV)",
    )
