"""``lungtox check``: what would stop a run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from lungtox.check import CheckResult
from lungtox.check import check as run_check
from lungtox.config import load_config
from lungtox.errors import Fault


def check(config: Annotated[Path, typer.Argument(help="Config of the analysis.")] = Path("config.yaml")) -> None:
    """List everything that would stop a run, all at once, before it starts."""
    result = run_check(load_config(config))
    for text in result.warnings:
        print(f"warning: {text}", file=sys.stderr)
    _print_faults(result)
    if result.faults:
        raise typer.Exit(1)
    print(f"{result.patients} patients checked: nothing would stop the run ({len(result.warnings)} warnings).")


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
