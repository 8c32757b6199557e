"""``lungtox index``: which files of an export belong to which patient."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from lungtox.dose.dvhtext import scan_dvh_text
from lungtox.errors import Fault, InputError, count_of
from lungtox.intake import index_folder
from lungtox.intake.scan import OnFiles

SHOWN = 20  # of one kind; all stand in findings.csv


def index(
    folder: Annotated[Path, typer.Argument(help="Folder of exported files, in any order.", metavar="DICOM_DIR")],
    out: Annotated[Path, typer.Option(help="Folder for the tables and for links with neutral names.")],
    key: Annotated[
        Path | None, typer.Option(help="Key file, for your eyes only; by default beside OUT, ending in .key.json.")
    ] = None,
    copy: Annotated[bool, typer.Option("--copy", help="Copy the files in place of linking to them.")] = False,
    processes: Annotated[int, typer.Option(min=1, help="Headers are read by so many processes.")] = 2,
) -> None:
    """Find plans, structures, doses and images of every patient; write patients.csv and structures.csv.

    Patients who have a row keep it; new ones are added. Nothing but the key file holds a name, an ID or a path.
    """
    with _progress() as advance:
        result = index_folder(
            folder, out, key=key, copy=copy, processes=processes, on_files=advance, read_dvh_names=_dvh_names
        )
    _print("left out", result.faults)
    _print("to know", result.notes)
    print(
        f"{count_of(result.files, 'file')}: {count_of(result.added, 'patient')} added,"
        f" {result.kept} as before, {result.left_out} left out;"
        f" {count_of(result.apart, 'file')} set apart (unusable.csv)."
    )
    if result.added:
        print("Next: fill accepted_by in structures.csv, then lungtox check. Keep the key file.")
    if not result.added + result.kept:
        raise InputError(
            Fault(
                "the DICOM folder", "a patient who can be used", "none", "See unusable.csv, findings.csv.", "no-patient"
            )
        )


def _dvh_names(path: str) -> Mapping[int, str]:
    """Give place and name of each structure of a planning system's DVH export."""
    return scan_dvh_text(path).names


@contextmanager
def _progress() -> Iterator[OnFiles]:
    """Show a bar on a terminal, a line for every tenth of the files in a log."""
    console = Console(stderr=True)
    if console.is_terminal:
        columns = (TextColumn("headers"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as bar:
            task = bar.add_task("files", total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
        return
    tenth = 0

    def advance(done: int, total: int) -> None:
        nonlocal tenth
        if done * 10 // total > tenth:
            tenth = done * 10 // total
            print(f"headers: {done} of {count_of(total, 'file')}", file=sys.stderr)

    yield advance


def _print(effect: str, faults: Sequence[Fault]) -> None:
    """Print findings of one kind together."""
    groups: dict[str, list[Fault]] = {}
    for fault in faults:
        groups.setdefault(fault.code, []).append(fault)
    for code, alike in groups.items():
        print(f"\n{effect}: {code} ({len(alike)})", file=sys.stderr)
        for fault in alike[:SHOWN]:
            print(f"  {fault}", file=sys.stderr)
        if len(alike) > SHOWN:
            print(f"  and {len(alike) - SHOWN} more: see findings.csv", file=sys.stderr)
