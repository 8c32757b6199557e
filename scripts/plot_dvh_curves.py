"""Draw mean DVH curves of each position, and how mean, width and the lead of the models move with the distance."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.figures import plot_dvh_curves, save_figure, tabulate_dvh_curves
from lungtox.figures.config import FiguresSettings
from lungtox.tables import read_csv, write_csv


def main(options: Namespace) -> None:
    settings = FiguresSettings.model_validate_json(options.settings)
    fits, comparison, curves = (read_csv(path, dtype={"patient": str}) for path in options.tables)
    table = tabulate_dvh_curves(fits, comparison=comparison, curves=curves)
    write_csv(table, f"{options.stem}.csv")
    save_figure(plot_dvh_curves(table, settings=settings), options.stem, settings=settings)


if __name__ == "__main__":
    run(
        main,
        tables="fits, comparison and curves (CSV) ...",
        settings="section figures as JSON",
        stem="path of the figure without its ending",
    )
