"""``lungtox dvh``: dose-volume figures of a structure set and a dose."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from lungtox.cli import RESEARCH_USE
from lungtox.dicom import Plan, read_dose, read_function_image, read_plan, read_structure_names, read_structures
from lungtox.dose import parse_metric
from lungtox.errors import Fault, InputError, ParameterError
from lungtox.extraction import DvhEntry, compute_entries, dose_warnings

DEFAULT_METRICS = ("V5Gy[%]", "V10Gy[%]", "V20Gy[%]", "V30Gy[%]")
DEFAULT_REGIONS = ("40%max",)


def dvh(
    struct: Annotated[Path, typer.Option("--struct", help="RTSTRUCT file.")],
    dose: Annotated[list[Path], typer.Option("--dose", help="RTDOSE file; several are added.")],
    plan: Annotated[Path | None, typer.Option("--plan", help="RTPLAN file: shows fractions and beams.")] = None,
    structure: Annotated[list[str] | None, typer.Option("--structure", help="ROI name; all by default.")] = None,
    metric: Annotated[list[str] | None, typer.Option("--metric", help="TG-263 name, such as V20Gy[%].")] = None,
    function: Annotated[Path | None, typer.Option("--function", help="Reconstructed SPECT, file or folder.")] = None,
    region: Annotated[list[str] | None, typer.Option("--region", help="Functional region, such as 40%max.")] = None,
    allow_partial: Annotated[
        bool, typer.Option("--allow-partial", help="Give the dose of the part inside the dose grid.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Print volume, dose and metrics of the structures of an RTSTRUCT in an RTDOSE.

    Research use, not for treatment decisions.
    """
    metrics = metric or DEFAULT_METRICS
    for name in metrics:
        parse_metric(name)
    if as_json and as_csv:
        raise ParameterError("--json and --csv exclude each other")
    if region and function is None:
        raise ParameterError("--region needs --function")
    if structure:
        _check_names(struct, structure)
    found_plan = None if plan is None else read_plan(plan)
    doses = [read_dose(path, plan=found_plan if len(dose) == 1 else None) for path in dose]
    structures = read_structures(struct, names=structure or None)
    entries = compute_entries(
        structures,
        doses,
        metrics=metrics,
        function=None if function is None else read_function_image(function),
        regions=region or DEFAULT_REGIONS,
        allow_partial=allow_partial,
    )
    if as_json or as_csv:
        print(RESEARCH_USE, file=sys.stderr)
    if as_json:
        print(json.dumps([entry.as_json(weighting=function is not None) for entry in entries], indent=1))
    elif as_csv:
        print_csv(entries, metrics, weighting=function is not None)
    else:
        print_table(entries, metrics, found_plan)
    plan_warnings = found_plan.warnings if found_plan else ()
    for text in dict.fromkeys([*plan_warnings, *dose_warnings(doses), *structures.warnings]):
        print(f"warning: {text}", file=sys.stderr)
    if not any(entry.usable for entry in entries):
        raise InputError(
            Fault("RTSTRUCT", "a structure with a dose", "none", "See the warnings of each structure.", "no-dvh")
        )


def _check_names(struct: Path, names: Iterable[str]) -> None:
    known = read_structure_names(struct).values()
    faults = [
        Fault("RTSTRUCT", f"a structure {name!r}", ", ".join(known) or "none", "Use one of these names.", "structure")
        for name in names
        if name.strip() not in known
    ]
    if faults:
        raise InputError(faults)


def print_csv(entries: Sequence[DvhEntry], metrics: Sequence[str], *, weighting: bool) -> None:
    """Print one row a structure as CSV."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    second = ["weighting"] if weighting else []
    writer.writerow(["structure", *second, "volume_cc", "min_gy", "mean_gy", "max_gy", *metrics, "warnings"])
    for entry in entries:
        head = [entry.structure, *([entry.weighting] if weighting else [])]
        figures = [entry.volume_cc, entry.min_gy, entry.mean_gy, entry.max_gy, *(entry.metrics[n] for n in metrics)]
        writer.writerow([*head, *figures, "; ".join(entry.warnings)])


def print_table(entries: Sequence[DvhEntry], metrics: Sequence[str], plan: Plan | None = None) -> None:
    """Print a table to read, its warnings, and what the plan says."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    table.add_column("Structure")
    if any(entry.weighting != "anatomical" for entry in entries):
        table.add_column("Weighting")
    for name in ("Volume[cc]", "Min[Gy]", "Mean[Gy]", "Max[Gy]", *metrics):
        table.add_column(Text(name), justify="right")
    for entry in entries:
        head = [entry.structure, entry.weighting][: 1 if len(table.columns) == 5 + len(metrics) else 2]
        doses = [_number(value, 3) for value in (entry.min_gy, entry.mean_gy, entry.max_gy)]
        values = [_number(entry.metrics[name], 2) for name in metrics]
        cells = [*head, _number(entry.volume_cc, 2), *doses, *values]
        table.add_row(*(Text(cell, overflow="fold") for cell in cells))
    console = Console(width=None if sys.stdout.isatty() else 40 + 14 * (len(metrics) + 4))
    if plan is not None:
        known = [
            f"{plan.fractions} fractions" if plan.fractions else "",
            f"{plan.prescription_gy:g} Gy" if plan.prescription_gy else "",
            plan.technique or "",
            f"{plan.treatment_beams} treatment beams, {plan.setup_beams} others",
        ]
        console.print(Text("Plan: " + ", ".join(part for part in known if part)))
    console.print(table)
    for entry in entries:
        for text in entry.warnings:
            console.print(Text(text if text.startswith(entry.structure) else f"{entry.structure}: {text}"))
    console.print(Text(RESEARCH_USE))


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
