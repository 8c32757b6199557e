"""Draw NTCP curves with binned outcomes, published models over them."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.figures import plot_ntcp, save_figure, tabulate_ntcp
from lungtox.figures.config import FiguresSettings
from lungtox.tables import read_csv, read_json, write_csv


def main(options: Namespace) -> None:
    table = tabulate_ntcp(
        [read_json(path) for path in options.fits],
        [read_csv(path) for path in options.curves],
        [read_csv(path) for path in options.bins],
        read_csv(options.published),
    )
    write_csv(table, f"{options.stem}.csv")
    save_figure(plot_ntcp(table, settings=FiguresSettings.model_validate_json(options.settings)), options.stem)


if __name__ == "__main__":
    run(
        main,
        fits="fits (JSON) ...",
        curves="curves of the fits, in the same order (CSV) ...",
        bins="binned outcomes of the fits, in the same order (CSV) ...",
        published="curves of the published models (CSV)",
        settings="section figures as JSON",
        stem="path of the figure without its ending",
    )
