"""``lungtox simulate``: the cohort of a published study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lungtox.errors import count_of
from lungtox.synthetic import read_dicom_study, write_dicom_study, write_study


def simulate(
    simulation: Annotated[Path, typer.Argument(help="simulation.yaml of a study.", metavar="FILE")],
    folder: Annotated[Path, typer.Argument(help="Folder to write into; a simulated cohort there is replaced.")],
) -> None:
    """Write a cohort simulated to printed figures: DVHs, clinical data, cytokines, or DICOM. All patients are invented.

    Research use, not for treatment decisions.
    """
    study = read_dicom_study(simulation)
    patients = write_study(simulation, folder) if study is None else write_dicom_study(study, simulation, folder)
    typer.echo(f"Simulated cohort of {count_of(patients, 'patient')} written to {folder}")
