"""``lungtox study``: the matched cohort of a published study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lungtox.errors import count_of
from lungtox.synthetic import write_study


def study(
    simulation: Annotated[Path, typer.Argument(help="simulation.yaml of a study.", metavar="FILE")],
    folder: Annotated[
        Path, typer.Argument(help="Folder to write into; a simulated cohort there is replaced.", metavar="DIR")
    ],
) -> None:
    """Write a cohort simulated to printed figures: tables of DVHs, clinical data, cytokines. All patients are invented.

    Research use, not for treatment decisions.
    """
    patients = write_study(simulation, folder)
    typer.echo(f"Simulated cohort of {count_of(patients, 'patient')} written to {folder}")
