"""Put the functional sensitivity sweeps of all batches into one table."""

from argparse import Namespace

from lungtox.dose import gather_sweep
from lungtox.entry import run


def main(options: Namespace) -> None:
    gather_sweep(options.batches, options.sweep)


if __name__ == "__main__":
    run(main, batches="sweeps of the batches (Parquet) ...", sweep="table to write (CSV)")
