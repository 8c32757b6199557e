"""Summarise how functional metrics, and fV20 against V20, move with what was chosen."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.models import compare_sweep
from lungtox.tables import read_csv, write_csv


def main(options: Namespace) -> None:
    found = compare_sweep(
        read_csv(options.sweep, dtype={"patient": str}),
        read_csv(options.analysis, dtype={"patient": str}),
        region=options.region,
    )
    write_csv(found, options.table)


if __name__ == "__main__":
    run(
        main,
        sweep="sweeps of all patients (CSV)",
        analysis="analysis table (CSV)",
        region="functional region of the analysis, such as 40%%max",
        table="table to write (CSV)",
    )
