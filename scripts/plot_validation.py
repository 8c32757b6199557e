"""Draw calibration, decision curves, stability of predictions and the trees of the candidates."""

from argparse import Namespace
from pathlib import Path

from lungtox.entry import run
from lungtox.figures import (
    plot_calibration,
    plot_decision,
    plot_dendrogram,
    plot_stability,
    save_figure,
    tabulate_calibration,
    tabulate_decision,
    tabulate_dendrogram,
    tabulate_stability,
)
from lungtox.figures.config import FiguresSettings
from lungtox.tables import read_csv, read_json, write_csv


def main(options: Namespace) -> None:
    settings = FiguresSettings.model_validate_json(options.settings)
    fits = [read_json(path) for path in options.fits]
    names = ("calibration", "decision", "stability", "validation", "collinearity", "dendrogram")
    tables = {name: [read_csv(Path(path).with_name(f"{name}.csv")) for path in options.fits] for name in names}
    calibration = tabulate_calibration(fits, tables["calibration"], tables["stability"], tables["validation"])
    decision = tabulate_decision(fits, tables["decision"])
    stability = tabulate_stability(fits, tables["stability"])
    dendrogram = tabulate_dendrogram(fits, tables["collinearity"], tables["dendrogram"])
    for name, table, plot in (
        ("calibration", calibration, plot_calibration),
        ("decision", decision, plot_decision),
        ("stability", stability, plot_stability),
        ("dendrogram", dendrogram, plot_dendrogram),
    ):
        write_csv(table, f"{options.folder}/{name}.csv")
        save_figure(plot(table, settings=settings), f"{options.folder}/{name}", settings=settings)


if __name__ == "__main__":
    run(
        main,
        fits="fits of the logistic models (JSON), their tables beside them ...",
        settings="section figures as JSON",
        folder="folder of the figures",
    )
