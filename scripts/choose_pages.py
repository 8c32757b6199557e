"""Choose the patients who get a page: those with the most quality flags, or all; list whose images were registered."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.extraction import choose_pages, tabulate_overlays, tabulate_pages
from lungtox.tables import read_json, write_csv


def main(options: Namespace) -> None:
    entries = [entry for path in options.qa for entry in read_json(path)]
    count = None if options.pages == "all" else int(options.pages)
    write_csv(tabulate_pages(choose_pages(entries, with_ct=options.with_ct, count=count)), options.chosen)
    write_csv(tabulate_overlays(entries), options.overlays)


if __name__ == "__main__":
    run(
        main,
        qa="quality figures of the batches (JSON) ...",
        with_ct="study IDs with a planning CT ...",
        pages="how many, or all",
        chosen="table to write (CSV)",
        overlays="table of the registered patients to write (CSV)",
    )
