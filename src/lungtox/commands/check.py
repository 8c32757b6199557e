"""``lungtox check``: what would stop a run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from lungtox.check import CheckResult
from lungtox.check import check as run_check
from lungtox.config import Config, load_config
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
    settings = load_config(config)
    state = _state(config, settings) if stamp is not None else ""
    if stamp is not None and stamp.is_file() and stamp.read_text(encoding="utf-8") == state:
        return
    result = run_check(settings)
    for text in result.warnings:
        print(f"warning: {text}", file=sys.stderr)
    _print_faults(result)
    if result.faults:
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


def _print_faults(result: CheckResult) -> None:
    """Print faults of one kind together, in the order in which the kinds were met."""
    groups: dict[str, list[Fault]] = {}
    for fault in result.faults:
        groups.setdefault(fault.code, []).append(fault)
    for code, faults in groups.items():
        print(f"\n{code} ({len(faults)})", file=sys.stderr)
        for fault in faults:
            print(f"  {fault}", file=sys.stderr)
    if groups:
        print(f"\n{len(result.faults)} faults would stop the run.", file=sys.stderr)
