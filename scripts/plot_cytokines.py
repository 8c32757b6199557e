"""Draw the cytokines before and during radiotherapy by group."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.figures import plot_cytokines, save_figure, tabulate_cytokines
from lungtox.figures.config import FiguresSettings
from lungtox.tables import read_csv, write_csv


def main(options: Namespace) -> None:
    settings = FiguresSettings.model_validate_json(options.settings)
    table = tabulate_cytokines(read_csv(options.analysis), read_csv(options.dictionary), read_csv(options.comparisons))
    write_csv(table, f"{options.stem}.csv")
    save_figure(plot_cytokines(table, settings=settings), options.stem, settings=settings)


if __name__ == "__main__":
    run(
        main,
        analysis="analysis table (CSV)",
        dictionary="data dictionary (CSV)",
        comparisons="cytokine comparisons (CSV)",
        settings="section figures as JSON",
        stem="path of the figure without its ending",
    )
