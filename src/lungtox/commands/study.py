"""``lungtox study``: the cohort of a published study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lungtox.errors import count_of
from lungtox.synthetic import (
    is_agreement,
    is_delivered,
    is_dicom_study,
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
    write = write_study
    if is_agreement(simulation):
        write = write_agreement_study
    elif is_delivered(simulation):
        write = write_delivered_study
    elif is_dicom_study(simulation):
        write = write_dicom_study
    patients = write(simulation, folder)
    typer.echo(f"Simulated cohort of {count_of(patients, 'patient')} written to {folder}")
