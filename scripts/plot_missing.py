"""Draw the patterns of missing values."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.figures import plot_missing, save_figure, tabulate_missing
from lungtox.figures.config import FiguresSettings
from lungtox.tables import read_csv, write_csv


def main(options: Namespace) -> None:
    settings = FiguresSettings.model_validate_json(options.settings)
    table = tabulate_missing(read_csv(options.patterns))
    write_csv(table, f"{options.stem}.csv")
    save_figure(plot_missing(table, settings=settings), options.stem, settings=settings)


if __name__ == "__main__":
    run(
        main,
        patterns="patterns of missing values (CSV)",
        settings="section figures as JSON",
        stem="path of the figure without its ending",
    )
