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
from lungtox.dicom import Plan, read_plan, read_structure_names, read_structures
from lungtox.dose import Interval, parse_metric
from lungtox.errors import Fault, InputError, ParameterError, count_of
from lungtox.extraction import DvhEntry, PlacedFunction, compute_entries, place_function, read_body, read_courses

DEFAULT_METRICS = ("V5Gy[%]", "V10Gy[%]", "V20Gy[%]", "V30Gy[%]")
DEFAULT_REGIONS = ("40%max",)
_USUAL = {"weighting": "anatomical", "quantity": "physical"}


def dvh(
    struct: Annotated[Path, typer.Option("--struct", help="RTSTRUCT file.")],
    dose: Annotated[list[Path], typer.Option("--dose", help="RTDOSE file; several are added.")],
    plan: Annotated[
        list[Path] | None,
        typer.Option("--plan", help="RTPLAN file: fractions and beams. Several in the order of --dose."),
    ] = None,
    structure: Annotated[list[str] | None, typer.Option("--structure", help="ROI name; all by default.")] = None,
    metric: Annotated[list[str] | None, typer.Option("--metric", help="TG-263 name, such as V20Gy[%].")] = None,
    function: Annotated[
        Path | None, typer.Option("--function", help="Reconstructed SPECT, V/Q PET or derived map: file or folder.")
    ] = None,
    registration: Annotated[
        list[Path] | None,
        typer.Option("--registration", help="Registration object from the plan to --function; several are chained."),
    ] = None,
    region: Annotated[list[str] | None, typer.Option("--region", help="Functional region, such as 40%max.")] = None,
    eqd2: Annotated[
        float | None, typer.Option("--eqd2", metavar="ALPHA_BETA", help="Add EQD2 with this alpha/beta in Gy.")
    ] = None,
    add_multi_plan: Annotated[
        bool, typer.Option("--add-multi-plan", help="Add a MULTI_PLAN dose to others that it does not hold.")
    ] = False,
    allow_partial: Annotated[
        bool, typer.Option("--allow-partial", help="Give the dose of the part inside the dose grid.")
    ] = False,
    bounds: Annotated[
        bool, typer.Option("--bounds", help="Give what contour spacing, ends, grid and sampling leave open.")
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
    wrong = {
        "--json and --csv exclude each other": as_json and as_csv,
        "--region needs --function": bool(region) and function is None,
        "--registration needs --function": bool(registration) and function is None,
        "--eqd2 needs --plan, which says the number of fractions (one for each dose)": eqd2 is not None and not plan,
    }
    for text in (text for text, applies in wrong.items() if applies):
        raise ParameterError(text)
    if structure:
        _check_names(struct, structure)
    plans = [read_plan(path) for path in plan or ()]
    doses = read_courses(dose, plans, who="RTDOSE", add_multi_plan=add_multi_plan)
    structures = read_structures(struct, names=structure or None)
    frame = doses[0].frame_of_reference
    entries = compute_entries(
        structures,
        doses,
        metrics=metrics,
        function=None if function is None else _place(function, registration or (), frame_of_reference=frame),
        regions=region or DEFAULT_REGIONS,
        allow_partial=allow_partial,
        alpha_beta_gy=eqd2,
        bounds=bounds,
        file_warnings=[text for each in plans for text in each.warnings],
        bodies=read_body(struct, metrics) if structure else (),
        prescription_gy=_prescription_gy(plans),
    )
    if as_json or as_csv:
        print(RESEARCH_USE, file=sys.stderr)
    if as_json:
        shown = {"weighting": function is not None, "quantity": eqd2 is not None}
        print(json.dumps([entry.as_json(**shown) for entry in entries], indent=1))
    elif as_csv:
        print_csv(entries, metrics, weighting=function is not None, quantity=eqd2 is not None, bounds=bounds)
    else:
        print_table(entries, metrics, plans)
    of_file = dict.fromkeys(text for entry in entries for text in entry.file_warnings)
    for text in of_file if entries else structures.warnings:
        print(f"warning: {text}", file=sys.stderr)
    if not any(entry.usable for entry in entries):
        raise InputError(
            Fault("RTSTRUCT", "a structure with a dose", "none", "See the warnings of each structure.", "no-dvh")
        )


def _prescription_gy(plans: Sequence[Plan]) -> float | None:
    """Give the prescriptions of the plans added up; None where one of them is not known."""
    known = [plan.prescription_gy for plan in plans if plan.prescription_gy]
    return sum(known) if known and len(known) == len(plans) else None


def _place(function: Path, registrations: Sequence[Path], *, frame_of_reference: str) -> PlacedFunction | InputError:
    """Read the function image; one in another frame, without a registration, is said beside the doses."""
    try:
        return place_function(function, registrations, frame_of_reference=frame_of_reference, who="SPECT")
    except InputError as error:
        if all(fault.code == "spect-frame" for fault in error.faults):
            return error
        raise


def _check_names(struct: Path, names: Iterable[str]) -> None:
    known = read_structure_names(struct).values()
    faults = [
        Fault("RTSTRUCT", f"a structure {name!r}", ", ".join(known) or "none", "Use one of these names.", "structure")
        for name in names
        if name.strip() not in known
    ]
    if faults:
        raise InputError(faults)


def print_csv(
    entries: Sequence[DvhEntry], metrics: Sequence[str], *, weighting: bool, quantity: bool, bounds: bool
) -> None:
    """Print one row a structure as CSV."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    second = [*(["weighting"] if weighting else []), *(["quantity"] if quantity else [])]
    names = ["volume_cc", "min_gy", "mean_gy", "max_gy", *metrics]
    ends = [f"{name}_{end}" for name in names for end in ("low", "high")] if bounds else []
    writer.writerow(["structure", *second, *names, *ends, "warnings"])
    for entry in entries:
        head = [entry.structure, *([entry.weighting] if weighting else []), *([entry.quantity] if quantity else [])]
        figures = [entry.volume_cc, entry.min_gy, entry.mean_gy, entry.max_gy, *(entry.metrics[n] for n in metrics)]
        intervals = [(entry.bounds or {}).get(name, Interval(None, None)) for name in names] if bounds else []
        limits = [end for interval in intervals for end in (interval.low, interval.high)]
        writer.writerow([*head, *figures, *limits, "; ".join(entry.all_warnings)])


def print_table(entries: Sequence[DvhEntry], metrics: Sequence[str], plans: Sequence[Plan]) -> None:
    """Print a table to read, its warnings, and what the plans say."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    table.add_column("Structure")
    several = {name: any(getattr(entry, name) != usual for entry in entries) for name, usual in _USUAL.items()}
    for name in (name for name, shown in several.items() if shown):
        table.add_column(name.capitalize())
    for name in ("Volume[cc]", "Min[Gy]", "Mean[Gy]", "Max[Gy]", *metrics):
        table.add_column(Text(name), justify="right")
    for entry in entries:
        head = [entry.structure, *(getattr(entry, name) for name, shown in several.items() if shown)]
        doses = [_bounded(entry, name, getattr(entry, name), 3) for name in ("min_gy", "mean_gy", "max_gy")]
        values = [_bounded(entry, name, entry.metrics[name], 2) for name in metrics]
        cells = [*head, _bounded(entry, "volume_cc", entry.volume_cc, 2), *doses, *values]
        table.add_row(*(Text(cell, overflow="fold") for cell in cells))
    console = Console(width=None if sys.stdout.isatty() else 40 + 14 * (len(metrics) + 4))
    for plan in plans:
        known = [
            count_of(plan.fractions, "fraction") if plan.fractions else "",
            f"{plan.prescription_gy:g} Gy" if plan.prescription_gy else "",
            plan.technique or "",
            f"{plan.treatment_beams} treatment beams, {plan.setup_beams} others",
        ]
        console.print(Text("Plan: " + ", ".join(part for part in known if part)))
    console.print(table)
    texts = [(entry.structure, text) for entry in entries for text in entry.warnings]
    for name, text in dict.fromkeys(texts):
        console.print(Text(text if text.startswith(name) else f"{name}: {text}"))
    console.print(Text(RESEARCH_USE))


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _bounded(entry: DvhEntry, name: str, value: float | None, digits: int) -> str:
    """Give a number and, below it, its bounds."""
    if not entry.bounds or name not in entry.bounds:
        return _number(value, digits)
    interval = entry.bounds[name]
    return f"{_number(value, digits)}\n{_number(interval.low, digits)} to {_number(interval.high, digits)}"
