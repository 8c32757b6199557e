"""Draw the likelihood over the volume and the dose parameter of NTCP fits."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.figures import plot_ntcp_surface, save_figure, tabulate_ntcp_surface
from lungtox.figures.config import FiguresSettings
from lungtox.tables import read_csv, write_csv


def main(options: Namespace) -> None:
    settings = FiguresSettings.model_validate_json(options.settings)
    table = tabulate_ntcp_surface(options.names, [read_csv(path) for path in options.surfaces])
    write_csv(table, f"{options.stem}.csv")
    save_figure(plot_ntcp_surface(table, settings=settings), options.stem, settings=settings)


if __name__ == "__main__":
    run(
        main,
        surfaces="likelihood surfaces of the fits (CSV) ...",
        names="names of the fits, in the same order ...",
        settings="section figures as JSON",
        stem="path of the figure without its ending",
    )
