"""``lungtox study``: the cohort of a published study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lungtox.errors import count_of
from lungtox.synthetic import (
    read_kind,
    write_agreement_study,
    write_delivered_study,
    write_dicom_study,
    write_study,
)


def study(
    simulation: Annotated[Path, typer.Argument(help="simulation.yaml of a study.", metavar="FILE")],
    folder: Annotated[
        Path, typer.Argument(help="Folder to write into; a simulated cohort there is replaced.", metavar="DIR")
    ],
) -> None:
    """Write a cohort simulated to printed figures: DVHs, clinical data, cytokines, or DICOM. All patients are invented.

    Research use, not for treatment decisions.
    """
    writers = {"agreement": write_agreement_study, "delivered": write_delivered_study, "dicom": write_dicom_study}
    patients = writers.get(read_kind(simulation) or "", write_study)(simulation, folder)
    typer.echo(f"Simulated cohort of {count_of(patients, 'patient')} written to {folder}")
