"""Compare the cytokines in time and between the groups."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.models import compare_cytokines
from lungtox.models.config import AssociationSettings
from lungtox.tables import read_csv, write_csv


def main(options: Namespace) -> None:
    table = compare_cytokines(
        read_csv(options.analysis),
        dictionary=read_csv(options.dictionary),
        settings=AssociationSettings.model_validate_json(options.settings),
    )
    write_csv(table, options.table)


if __name__ == "__main__":
    run(
        main,
        analysis="analysis table (CSV)",
        dictionary="data dictionary (CSV)",
        settings="section association as JSON",
        table="table to write (CSV)",
    )
