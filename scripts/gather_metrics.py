"""Put the metrics of all batches into one table."""

from argparse import Namespace

from lungtox.dose import gather_metrics
from lungtox.entry import run


def main(options: Namespace) -> None:
    gather_metrics(options.batches, options.metrics)


if __name__ == "__main__":
    run(main, batches="metrics of the batches (Parquet) ...", metrics="table to write (CSV)")
