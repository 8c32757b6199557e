"""Accumulate the session doses of a batch of patients and set them against the planned dose."""

import json
from argparse import Namespace

from lungtox.delivered import DeliveredSettings, deliver_batch, write_delivered
from lungtox.dose.config import DoseSettings
from lungtox.entry import run
from lungtox.extraction import read_patients, read_sessions
from lungtox.naming.config import NamesSettings


def main(options: Namespace) -> None:
    settings = json.loads(options.settings)
    rows = read_patients(
        options.table,
        structures=options.structures,
        accept_from_score=NamesSettings.model_validate(settings["names"]).accept_from_score,
        only=options.patients,
    )
    delivered = deliver_batch(
        rows,
        read_sessions(options.sessions),
        dose=DoseSettings.model_validate(settings["dose"]),
        settings=DeliveredSettings.model_validate(settings["delivered"]),
        threads=int(options.threads),
    )
    files = {name: getattr(options, name) for name in ("dvh", "planned", "metrics", "volumes", "qa")}
    write_delivered(delivered, **files)


if __name__ == "__main__":
    run(
        main,
        patients="study IDs ...",
        table="patients.csv",
        structures="structures.csv",
        sessions="table of sessions (CSV)",
        settings="sections dose, names and delivered as JSON",
        threads="number of threads",
        dvh="delivered DVHs to write (Parquet)",
        planned="planned DVHs to write (Parquet)",
        metrics="metrics to write (CSV)",
        volumes="volumes in each session to write (CSV)",
        qa="quality figures to write (JSON)",
    )
