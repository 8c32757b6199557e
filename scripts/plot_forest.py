"""Draw univariable and multivariable odds ratios."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.figures import plot_forest, save_figure, tabulate_forest
from lungtox.figures.config import FiguresSettings
from lungtox.tables import read_csv, read_json, write_csv


def main(options: Namespace) -> None:
    settings = FiguresSettings.model_validate_json(options.settings)
    table = tabulate_forest(read_csv(options.univariable), [read_json(path) for path in options.fits])
    write_csv(table, f"{options.stem}.csv")
    save_figure(plot_forest(table, settings=settings), options.stem, settings=settings)


if __name__ == "__main__":
    run(
        main,
        univariable="univariable associations (CSV)",
        fits="fits of the logistic models (JSON) ...",
        settings="section figures as JSON",
        stem="path of the figure without its ending",
    )
