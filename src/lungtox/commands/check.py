"""``lungtox check``: what would stop a run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from lungtox.check import check as run_check
from lungtox.check import read_usable_config
from lungtox.config import Config
from lungtox.errors import Fault
from lungtox.extraction import scan_patients
from lungtox.provenance import code_digest, state_of_files
from lungtox.tables import write_text


def check(
    config: Annotated[Path, typer.Argument(help="Config of the analysis.")] = Path("config.yaml"),
    stamp: Annotated[
        Path | None, typer.Option(help="Remember here that the check passed; skip it while nothing has changed.")
    ] = None,
) -> None:
    """List everything that would stop a run, all at once, before it starts."""
    settings, config_faults = read_usable_config(config)
    if settings is None:
        _print_faults(config_faults)
        print("The tables and the files of the patients were not looked at: correct the config first.", file=sys.stderr)
        raise typer.Exit(1)
    state = _state(config, settings) if stamp is not None and not config_faults else ""
    if state and stamp is not None and stamp.is_file() and stamp.read_text(encoding="utf-8") == state:
        return
    result = run_check(settings)
    faults = (*config_faults, *result.faults)
    for text in result.warnings:
        print(f"warning: {text}", file=sys.stderr)
    _print_faults(faults)
    if faults:
        raise typer.Exit(1)
    print(f"{result.patients} patients checked: nothing would stop the run ({len(result.warnings)} warnings).")
    if stamp is not None:
        write_text(state, stamp)


def _state(path: Path, config: Config) -> str:
    """Digest of the config, the tables, the files of the patients and this program."""
    tables = [path, *(Path(table) for table in config.inputs.model_dump().values() if table)]
    rows, _ = scan_patients(config.inputs.patients, structures=config.inputs.structures)
    files = [file for row in rows for file in row.files]
    return f"{state_of_files([*tables, *files])} {code_digest(__file__)}\n"


def _print_faults(faults: Sequence[Fault]) -> None:
    """Print faults of one kind together, in the order in which the kinds were met."""
    groups: dict[str, list[Fault]] = {}
    for fault in faults:
        groups.setdefault(fault.code, []).append(fault)
    for code, alike in groups.items():
        print(f"\n{code} ({len(alike)})", file=sys.stderr)
        for fault in alike:
            print(f"  {fault}", file=sys.stderr)
    if groups:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        print(f"\n{count} would stop the run. Nothing was started or written.", file=sys.stderr)
