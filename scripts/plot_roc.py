"""Draw the ROC curves with the paired comparison."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.figures import plot_roc, save_figure, tabulate_roc
from lungtox.figures.config import FiguresSettings
from lungtox.tables import read_csv, write_csv


def main(options: Namespace) -> None:
    settings = FiguresSettings.model_validate_json(options.settings)
    names = ("auc", "curves", "pairs", "bands")
    table = tabulate_roc(*(read_csv(getattr(options, name)) for name in names))
    write_csv(table, f"{options.stem}.csv")
    save_figure(plot_roc(table, settings=settings), options.stem, settings=settings)


if __name__ == "__main__":
    run(
        main,
        auc="AUC table (CSV)",
        curves="ROC curves (CSV)",
        bands="pointwise bands (CSV)",
        pairs="paired comparisons (CSV)",
        settings="section figures as JSON",
        stem="path of the figure without its ending",
    )
