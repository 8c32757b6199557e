"""Draw how the registered images of one patient lie upon each other."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.extraction import picture_registration, read_patients, registration_quality
from lungtox.figures import plot_registration, save_page
from lungtox.figures.config import FiguresSettings
from lungtox.tables import read_json


def main(options: Namespace) -> None:
    (row,) = read_patients(options.table, only=[options.patient])
    entry = next(entry for entry in read_json(options.qa) if entry["patient"] == options.patient)
    quality = registration_quality(entry) or {}
    settings = FiguresSettings.model_validate_json(options.settings)
    views = picture_registration(row, entry)
    save_page(plot_registration(views, quality, patient=options.patient, settings=settings), options.overlay)


if __name__ == "__main__":
    run(
        main,
        patient="study ID",
        table="patients.csv",
        qa="quality figures of the patient's batch (JSON)",
        settings="section figures as JSON",
        overlay="picture to write (PNG)",
    )
