"""Draw descriptions of the dose side by side."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.figures import plot_ntcp_comparison, save_figure, tabulate_ntcp_comparison
from lungtox.figures.config import FiguresSettings
from lungtox.tables import read_csv, write_csv


def main(options: Namespace) -> None:
    table = tabulate_ntcp_comparison(read_csv(options.comparison), read_csv(options.profile))
    write_csv(table, f"{options.stem}.csv")
    settings = FiguresSettings.model_validate_json(options.settings)
    save_figure(plot_ntcp_comparison(table, settings=settings), options.stem, settings=settings)


if __name__ == "__main__":
    run(
        main,
        comparison="comparison (CSV)",
        profile="profiles of the volume parameter (CSV)",
        settings="section figures as JSON",
        stem="path of the figure without its ending",
    )
