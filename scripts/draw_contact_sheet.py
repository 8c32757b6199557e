"""Put the pages of the chosen patients together on one sheet."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.figures import plot_contact_sheet, save_page
from lungtox.figures.config import FiguresSettings
from lungtox.tables import read_csv


def main(options: Namespace) -> None:
    chosen = read_csv(options.chosen, dtype={"patient": str})
    settings = FiguresSettings.model_validate_json(options.settings)
    save_page(plot_contact_sheet(chosen, options.folder, settings=settings), options.sheet)


if __name__ == "__main__":
    run(
        main,
        chosen="table of the chosen patients (CSV)",
        folder="folder of the pages",
        settings="section figures as JSON",
        sheet="contact sheet to write (PNG)",
    )
