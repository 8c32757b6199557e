"""Draw planned against delivered dose: paired differences, mean DVHs, volumes over the course."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.figures import plot_delivered, save_figure, tabulate_delivered
from lungtox.figures.config import FiguresSettings
from lungtox.tables import read_csv, write_csv


def main(options: Namespace) -> None:
    metrics, paired, curves, course = (read_csv(path, dtype={"patient": str}) for path in options.tables)
    table = tabulate_delivered(metrics, paired=paired, curves=curves, course=course)
    write_csv(table, f"{options.stem}.csv")
    settings = FiguresSettings.model_validate_json(options.settings)
    save_figure(plot_delivered(table, settings=settings), options.stem, settings=settings)


if __name__ == "__main__":
    run(
        main,
        tables="metrics, paired, curves and course (CSV) ...",
        settings="section figures as JSON",
        stem="path of the figure without its ending",
    )
