"""Compare the information criteria of the NTCP fits."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.ntcp import compare_fits
from lungtox.tables import read_json, write_csv


def main(options: Namespace) -> None:
    write_csv(compare_fits([read_json(path) for path in options.fits]), options.criteria)


if __name__ == "__main__":
    run(main, fits="fits (JSON) ...", criteria="criteria to write (CSV)")
