"""Draw the latency of NTCP fits with times."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.figures import plot_ntcp_time, save_figure, tabulate_ntcp_time
from lungtox.figures.config import FiguresSettings
from lungtox.tables import read_csv, read_json, write_csv


def main(options: Namespace) -> None:
    fits = [read_json(path) for path in options.fits]
    table = tabulate_ntcp_time(fits, [read_csv(path) for path in options.courses])
    write_csv(table, f"{options.stem}.csv")
    settings = FiguresSettings.model_validate_json(options.settings)
    save_figure(plot_ntcp_time(table, settings=settings), options.stem, settings=settings)


if __name__ == "__main__":
    run(
        main,
        fits="fits (JSON) ...",
        courses="courses of the fits, in the same order (CSV) ...",
        settings="section figures as JSON",
        stem="path of the figure without its ending",
    )
