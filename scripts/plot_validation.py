"""Draw calibration, decision curves, stability of predictions, the trees of candidates and of all dose metrics."""

from argparse import Namespace
from pathlib import Path

from lungtox.entry import run
from lungtox.figures import (
    plot_calibration,
    plot_correlations,
    plot_decision,
    plot_dendrogram,
    plot_stability,
    save_figure,
    tabulate_calibration,
    tabulate_correlations,
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
    correlations = tabulate_correlations(
        *(read_csv(path) for path in (options.correlations, options.clusters, options.tree))
    )
    for name, table, plot in (
        ("calibration", calibration, plot_calibration),
        ("decision", decision, plot_decision),
        ("stability", stability, plot_stability),
        ("dendrogram", dendrogram, plot_dendrogram),
        ("correlations", correlations, plot_correlations),
    ):
        write_csv(table, f"{options.folder}/{name}.csv")
        save_figure(plot(table, settings=settings), f"{options.folder}/{name}", settings=settings)


if __name__ == "__main__":
    run(
        main,
        fits="fits of the logistic models (JSON), their tables beside them ...",
        correlations="correlations of the dose metrics (CSV)",
        clusters="their clusters (CSV)",
        tree="the tree of the clusters (CSV)",
        settings="section figures as JSON",
        folder="folder of the figures",
    )
