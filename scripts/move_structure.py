"""Give the DVHs of a batch of patients with a structure, or the dose, in every position."""

import json
from argparse import Namespace

from lungtox.dose.config import DoseSettings
from lungtox.dvhcurve import move_batch, write_moved
from lungtox.dvhcurve.config import DvhCurveSettings
from lungtox.entry import run
from lungtox.extraction import read_patients
from lungtox.naming.config import NamesSettings


def main(options: Namespace) -> None:
    settings = json.loads(options.settings)
    rows = read_patients(
        options.table,
        structures=options.structures,
        accept_from_score=NamesSettings.model_validate(settings["names"]).accept_from_score,
        only=options.patients,
    )
    curves = move_batch(
        rows,
        dose=DoseSettings.model_validate(settings["dose"]),
        settings=DvhCurveSettings.model_validate(settings["dvh_curve"]),
    )
    write_moved(curves, options.moved)


if __name__ == "__main__":
    run(
        main,
        patients="study IDs ...",
        table="patients.csv",
        structures="structures.csv",
        settings="sections dose, names and dvh_curve as JSON",
        moved="DVHs to write (Parquet)",
    )
