"""Draw the page of one patient: three planes through the tumour, and the DVHs."""

import json
from argparse import Namespace

from lungtox.dose import read_dvhs
from lungtox.dose.config import DoseSettings, FunctionSettings
from lungtox.entry import run
from lungtox.extraction import picture_patient, read_patients
from lungtox.figures import plot_patient_page, save_page
from lungtox.figures.config import FiguresSettings
from lungtox.naming.config import NamesSettings
from lungtox.tables import read_json


def main(options: Namespace) -> None:
    settings = json.loads(options.settings)
    (row,) = read_patients(
        options.table,
        structures=options.structures,
        accept_from_score=NamesSettings.model_validate(settings["names"]).accept_from_score,
        only=[options.patient],
    )
    entry = next(entry for entry in read_json(options.qa) if entry["patient"] == options.patient)
    picture = picture_patient(
        row,
        entry,
        dose=DoseSettings.model_validate(settings["dose"]),
        function=None if settings["function"] is None else FunctionSettings.model_validate(settings["function"]),
    )
    dvhs = [dvh for patient, dvh in read_dvhs(options.dvh) if patient == options.patient]
    figures = FiguresSettings.model_validate(settings["figures"])
    save_page(plot_patient_page(picture, dvhs, entry, settings=figures), options.page)


if __name__ == "__main__":
    run(
        main,
        patient="study ID",
        table="patients.csv",
        structures="structures.csv",
        dvh="DVHs of the patient's batch (Parquet)",
        qa="quality figures of the patient's batch (JSON)",
        settings="sections dose, function, names and figures as JSON",
        page="page to write (PNG)",
    )
