"""Summarise how functional metrics, and fV20 against V20, move with what was chosen; quality of the images."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.models import compare_sweep, describe_images
from lungtox.tables import read_csv, read_json, write_csv


def main(options: Namespace) -> None:
    analysis = read_csv(options.analysis, dtype={"patient": str})
    found = compare_sweep(read_csv(options.sweep, dtype={"patient": str}), analysis, region=options.region)
    write_csv(found, options.table)
    entries = [entry for path in options.qa for entry in read_json(path)]
    write_csv(describe_images(entries, patients=set(analysis["patient"])), options.images)


if __name__ == "__main__":
    run(
        main,
        sweep="sweeps of all patients (CSV)",
        analysis="analysis table (CSV)",
        qa="quality figures of the batches (JSON) ...",
        region="functional region of the analysis, such as 40%%max",
        table="table to write (CSV)",
        images="quality of the images to write (CSV)",
    )
