"""Draw the cumulative incidence of pneumonitis."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.figures import plot_incidence, save_figure, tabulate_incidence
from lungtox.figures.config import FiguresSettings
from lungtox.tables import read_csv, write_csv


def main(options: Namespace) -> None:
    settings = FiguresSettings.model_validate_json(options.settings)
    table = tabulate_incidence(read_csv(options.curves), read_csv(options.groups))
    write_csv(table, f"{options.stem}.csv")
    save_figure(plot_incidence(table, settings=settings), options.stem, settings=settings)


if __name__ == "__main__":
    run(
        main,
        curves="incidence curves (CSV)",
        groups="incidence by group (CSV)",
        settings="section figures as JSON",
        stem="path of the figure without its ending",
    )
