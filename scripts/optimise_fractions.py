"""Give schedules of equal tumour effect, their effect on the organs, and the admissible numbers of fractions."""

from argparse import Namespace

from lungtox.dose import read_dvhs
from lungtox.entry import run
from lungtox.fractionation import fractionation_tables
from lungtox.fractionation.config import FractionationSettings
from lungtox.tables import read_json, write_csv


def main(options: Namespace) -> None:
    entries = [entry for path in options.qa for entry in read_json(path)]
    found = fractionation_tables(
        read_dvhs(options.dvh),
        FractionationSettings.model_validate_json(options.settings),
        prescriptions_gy={entry["patient"]: entry["prescription_gy"] for entry in entries},
    )
    for name in ("schedules", "effects", "ranges", "trade", "risks", "sensitivity"):
        write_csv(getattr(found, name), getattr(options, name))


if __name__ == "__main__":
    run(
        main,
        dvh="DVHs of the models (Parquet)",
        qa="quality figures of the batches (JSON) ...",
        settings="section fractionation as JSON",
        schedules="schedules to write (CSV)",
        effects="effects on the organs to write (CSV)",
        ranges="admissible numbers to write (CSV)",
        trade="effect on organs against effect on the tumour to write (CSV)",
        risks="risks by published models to write (CSV)",
        sensitivity="admissible numbers with other alpha/beta to write (CSV)",
    )
