"""``lungtox demo``: a synthetic cohort to try everything on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from lungtox.errors import count_of
from lungtox.synthetic import write_demo


def demo(
    folder: Annotated[Path, typer.Argument(help="New folder to write into.", metavar="DIR")],
    patients: Annotated[int, typer.Option(help="Number of patients.")] = 120,
    seed: Annotated[int, typer.Option(help="Patient k of one seed is the same in a cohort of any size.")] = 1,
    dvh_only: Annotated[bool, typer.Option("--dvh-only", help="Write tables of DVHs in place of DICOM.")] = False,
) -> None:
    """Write the demo cohort: DICOM of invented patients, their tables, and the truth that made them (truth.json)."""
    with _progress(patients) as advance:
        write_demo(folder, patients=patients, seed=seed, dvh_only=dvh_only, on_patient=advance)
    typer.echo(f"Demo cohort of {count_of(patients, 'patient')} written to {folder}")


@contextmanager
def _progress(patients: int) -> Iterator[Callable[[], None]]:
    """Show a bar on a terminal, a line for every tenth of the cohort in a log."""
    console = Console(stderr=True)
    if console.is_terminal:
        columns = (TextColumn("demo cohort"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as bar:
            task = bar.add_task("patients", total=patients)
            yield lambda: bar.advance(task)
        return
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        if done * 10 // patients > (done - 1) * 10 // patients:
            typer.echo(f"demo cohort: {done} of {count_of(patients, 'patient')}", err=True)

    yield advance
