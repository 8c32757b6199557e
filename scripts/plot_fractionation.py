"""Draw effects over the number of fractions, against the tumour effect, admissible ranges and risks."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.figures import plot_fractionation, save_figure, tabulate_fractionation
from lungtox.figures.config import FiguresSettings
from lungtox.tables import read_csv, write_csv


def main(options: Namespace) -> None:
    settings = FiguresSettings.model_validate_json(options.settings)
    effects, ranges, trade, risks = (read_csv(path, dtype={"patient": str}) for path in options.tables)
    table = tabulate_fractionation(effects, ranges=ranges, trade=trade, risks=risks)
    write_csv(table, f"{options.stem}.csv")
    save_figure(plot_fractionation(table, settings=settings), options.stem, settings=settings)


if __name__ == "__main__":
    run(
        main,
        tables="effects, ranges, trade and risks (CSV) ...",
        settings="section figures as JSON",
        stem="path of the figure without its ending",
    )
