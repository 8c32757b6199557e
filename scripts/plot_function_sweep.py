"""Draw how functional metrics, and fV20 against V20, move with what was chosen."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.figures import plot_function_sweep, save_figure, tabulate_function_sweep
from lungtox.figures.config import FiguresSettings
from lungtox.tables import read_csv, write_csv


def main(options: Namespace) -> None:
    settings = FiguresSettings.model_validate_json(options.settings)
    table = tabulate_function_sweep(read_csv(options.sensitivity))
    write_csv(table, f"{options.stem}.csv")
    save_figure(plot_function_sweep(table, settings=settings), options.stem, settings=settings)


if __name__ == "__main__":
    run(
        main,
        sensitivity="functional sensitivity (CSV)",
        settings="section figures as JSON",
        stem="path of the figure without its ending",
    )
