"""Draw who was analysed, the mean DVHs by group with their differences, and each dose level against pneumonitis."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.figures import (
    plot_dose_levels,
    plot_dvh_differences,
    plot_dvh_groups,
    plot_flow,
    save_figure,
    tabulate_dose_levels,
    tabulate_dvh_differences,
    tabulate_dvh_groups,
    tabulate_flow,
)
from lungtox.figures.config import FiguresSettings
from lungtox.tables import read_csv, read_parquet, write_csv


def main(options: Namespace) -> None:
    settings = FiguresSettings.model_validate_json(options.settings)
    levels = read_csv(options.dose_levels)
    groups = tabulate_dvh_groups(read_parquet(options.dvh), read_csv(options.analysis))
    for name, table, plot in (
        ("flow", tabulate_flow(read_csv(options.flow)), plot_flow),
        ("dvh_groups", groups, plot_dvh_groups),
        ("dvh_differences", tabulate_dvh_differences(levels), plot_dvh_differences),
        ("dose_levels", tabulate_dose_levels(levels), plot_dose_levels),
    ):
        write_csv(table, f"{options.folder}/{name}.csv")
        save_figure(plot(table, settings=settings), f"{options.folder}/{name}", settings=settings)


if __name__ == "__main__":
    run(
        main,
        dvh="DVHs for models and figures (Parquet)",
        analysis="analysis table (CSV)",
        flow="flow of patients (CSV)",
        dose_levels="comparison at each dose (CSV)",
        settings="section figures as JSON",
        folder="folder of the figures",
    )
