"""Put the metrics of all batches into one table, and rank the patients by what the discretisation leaves."""

from argparse import Namespace

from lungtox.dose import gather_metrics, rank_sensitivity
from lungtox.entry import run


def main(options: Namespace) -> None:
    gather_metrics(options.groups, options.metrics)
    rank_sensitivity(options.metrics, options.sensitivity)


if __name__ == "__main__":
    run(
        main,
        groups="metrics of the groups of batches (Parquet) ...",
        metrics="table to write (CSV)",
        sensitivity="patients by the width of their bounds, to write (CSV)",
    )
