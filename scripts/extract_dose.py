"""Extract the DVHs and quality figures of one batch of patients."""

import json
from argparse import Namespace

from lungtox.dose import write_bounds, write_dvhs, write_sweep
from lungtox.dose.config import DoseSettings, FunctionSettings
from lungtox.entry import run
from lungtox.extraction import extract_batch, read_patients
from lungtox.imaging.config import RegistrationSettings
from lungtox.naming.config import NamesSettings
from lungtox.tables import write_json


def main(options: Namespace) -> None:
    settings = json.loads(options.settings)
    rows = read_patients(
        options.table,
        structures=options.structures,
        accept_from_score=NamesSettings.model_validate(settings.get("names", {})).accept_from_score,
        only=options.patients,
        shared=True,  # the run has checked the tables whole when it began
    )
    found = settings.get("function")  # a further source of agreement has none
    function = None if found is None else FunctionSettings.model_validate(found)
    structure = "" if function is None else function.structure
    extractions = extract_batch(
        rows,
        dose=DoseSettings.model_validate(settings["dose"]),
        function=function,
        registration=RegistrationSettings.model_validate(settings.get("registration", {})),
    )
    write_dvhs([(item.patient, dvh) for item in extractions for dvh in item.dvhs], options.dvh)
    write_bounds([bound for item in extractions for bound in item.bounds], options.bounds)
    write_sweep([(item.patient, structure, row) for item in extractions for row in item.sweep], options.sweep)
    write_json([item.qa for item in extractions], options.qa)


if __name__ == "__main__":
    run(
        main,
        patients="study IDs ...",
        table="patients.csv",
        structures="structures.csv",
        settings="sections dose, function, registration and names as JSON",
        dvh="DVHs to write (Parquet)",
        bounds="low and high of the metrics to write (Parquet)",
        sweep="functional sensitivity to write (Parquet)",
        qa="quality figures to write (JSON)",
    )
