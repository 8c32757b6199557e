"""Draw the mean cumulative DVH and functional DVH by group."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.figures import plot_dvh_groups, save_figure, tabulate_dvh_groups
from lungtox.figures.config import FiguresSettings
from lungtox.tables import read_csv, read_parquet, write_csv


def main(options: Namespace) -> None:
    settings = FiguresSettings.model_validate_json(options.settings)
    table = tabulate_dvh_groups(read_parquet(options.dvh), read_csv(options.analysis))
    write_csv(table, f"{options.stem}.csv")
    save_figure(plot_dvh_groups(table, settings=settings), options.stem, settings=settings)


if __name__ == "__main__":
    run(
        main,
        dvh="DVHs for models and figures (Parquet)",
        analysis="analysis table (CSV)",
        settings="section figures as JSON",
        stem="path of the figure without its ending",
    )
