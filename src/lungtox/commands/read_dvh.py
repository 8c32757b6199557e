"""``lungtox read-dvh``: figures of the DVHs that a planning system exported."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_args

import typer

from lungtox.cli import RESEARCH_USE
from lungtox.commands.dvh import DEFAULT_METRICS, print_csv, print_table
from lungtox.dose import parse_metric
from lungtox.errors import Fault, InputError, ParameterError
from lungtox.extraction import DvhEntry, export_entries, read_dvh_export

Unit = Literal["Gy", "cGy"]


def read_dvh(
    files: Annotated[list[Path], typer.Argument(help="DVH exports, or RTDOSE with DVHs; recognised by content.")],
    structure: Annotated[list[str] | None, typer.Option("--structure", help="Name in it; all by default.")] = None,
    metric: Annotated[list[str] | None, typer.Option("--metric", help="TG-263 name, such as V20Gy[%].")] = None,
    dose_unit: Annotated[str | None, typer.Option("--dose-unit", help="Gy or cGy, for tables without a unit.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Print volume, dose and metrics of planning-system DVH exports. Research use, not for treatment decisions.

    A damaged row is named with its line and its structure is left out; the exit status is then 1.
    """
    metrics = metric or DEFAULT_METRICS
    for name in metrics:
        parse_metric(name)
    if as_json and as_csv:
        raise ParameterError("--json and --csv exclude each other")
    faults: list[Fault] = []
    entries: list[tuple[int, DvhEntry]] = []
    for number, path in enumerate(files, start=1):
        who = f"DVH file {number}" if len(files) > 1 else "DVH file"
        try:
            export = read_dvh_export(path, who=who, dose_unit=_unit(dose_unit))
            entries += [(number, entry) for entry in export_entries(export, structure or (), metrics=metrics)]
            # Those that are not asked for may be damaged, others are empty: both are told, and stop nothing.
            asked = {name.strip() for name in structure or export.names.values()}
            for item in export.unusable:
                if item.structure in asked and not item.empty:
                    faults += item.faults
                else:
                    print(*(f"warning: {fault}" for fault in item.faults), sep="\n", file=sys.stderr)
        except InputError as error:
            faults += error.faults
    if entries:
        _print(entries, metrics, several=len(files) > 1, as_json=as_json, as_csv=as_csv)
    if faults:
        raise InputError(faults)


def _unit(text: str | None) -> Unit | None:
    if text is None:
        return None
    for unit in get_args(Unit):
        if text == unit:
            return cast(Unit, unit)
    raise ParameterError(f"--dose-unit takes Gy or cGy, got {text!r}")


def _print(
    entries: list[tuple[int, DvhEntry]],
    metrics: Sequence[str],
    *,
    several: bool,
    as_json: bool,
    as_csv: bool,
) -> None:
    if as_json or as_csv:
        print(RESEARCH_USE, file=sys.stderr)
    if as_json:
        shown: list[dict[str, Any]] = [
            {**({"file": number} if several else {}), **entry.as_json(weighting=False)} for number, entry in entries
        ]
        print(json.dumps(shown, indent=1))
    elif as_csv:
        print_csv([entry for _, entry in entries], metrics, weighting=False, quantity=False, bounds=False)
    else:
        print_table([entry for _, entry in entries], metrics, ())
