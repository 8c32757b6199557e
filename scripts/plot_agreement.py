"""Draw the agreement of two sources of dose."""

import json
from argparse import Namespace

from lungtox.agreement.config import AgreementSettings
from lungtox.entry import run
from lungtox.figures import (
    plot_agreement,
    plot_agreement_curves,
    plot_agreement_forest,
    save_figure,
    tabulate_agreement,
    tabulate_agreement_curves,
    tabulate_agreement_forest,
)
from lungtox.figures.config import FiguresSettings
from lungtox.tables import read_csv, write_csv


def main(options: Namespace) -> None:
    sections = json.loads(options.settings)
    settings = FiguresSettings.model_validate(sections["figures"])
    agreement = AgreementSettings.model_validate(sections["agreement"])
    metrics, pairs, curves = (read_csv(path) for path in (options.metrics, options.pairs, options.curves))
    labels = {name: agreement.label(name) for name in ("main", *agreement.sources)}
    for name, table, plot in (
        ("agreement", tabulate_agreement(pairs, metrics, labels=labels), plot_agreement),
        ("agreement_forest", tabulate_agreement_forest(metrics, labels=labels), plot_agreement_forest),
        (
            "agreement_curves",
            tabulate_agreement_curves(curves, limits=agreement.curves, labels=labels),
            plot_agreement_curves,
        ),
    ):
        write_csv(table, f"{options.folder}/{name}.csv")
        save_figure(plot(table, settings=settings), f"{options.folder}/{name}", settings=settings)


if __name__ == "__main__":
    run(
        main,
        metrics="agreement of each metric (CSV)",
        pairs="pairs (CSV)",
        curves="differences of curves (CSV)",
        settings="sections figures and agreement as JSON",
        folder="folder of the figures",
    )
