"""Draw NTCP curves with binned outcomes, and published models before and after an update."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.figures import plot_ntcp, plot_published, save_figure, tabulate_ntcp, tabulate_published
from lungtox.figures.config import FiguresSettings
from lungtox.tables import read_csv, read_json, write_csv


def main(options: Namespace) -> None:
    table = tabulate_ntcp(
        [read_json(path) for path in options.fits],
        [read_csv(path) for path in options.curves],
        [read_csv(path) for path in options.bins],
        read_csv(options.published),
    )
    settings = FiguresSettings.model_validate_json(options.settings)
    write_csv(table, f"{options.stem}.csv")
    save_figure(plot_ntcp(table, settings=settings), options.stem, settings=settings)
    table = tabulate_published(
        read_csv(options.calibration),
        read_csv(options.net_benefit),
        read_csv(options.published),
        read_csv(options.update_curves),
    )
    write_csv(table, f"{options.published_stem}.csv")
    save_figure(plot_published(table, settings=settings), options.published_stem, settings=settings)


if __name__ == "__main__":
    run(
        main,
        fits="fits (JSON) ...",
        curves="curves of the fits, in the same order (CSV) ...",
        bins="binned outcomes of the fits, in the same order (CSV) ...",
        published="curves of the published models (CSV)",
        calibration="calibration curves of the published models (CSV)",
        net_benefit="decision curves of the published models (CSV)",
        update_curves="curves of the updated models (CSV)",
        settings="section figures as JSON",
        stem="path of the figure without its ending",
        published_stem="path of the figure of the published models without its ending",
    )
