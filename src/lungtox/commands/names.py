"""``lungtox names``: propose a structure for each ROI."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from lungtox.config import load_config
from lungtox.errors import InputError, count_of
from lungtox.extraction import NewNames, extend_structures, read_patients

KINDS = ("exact", "alias", "fuzzy")


def names(
    cohort: Annotated[Path, typer.Argument(help="Config of the analysis, or patients.csv.")] = Path("config.yaml"),
    out: Annotated[
        Path | None, typer.Option(help="Table to write or extend; that of the config, or structures.csv beside it.")
    ] = None,
) -> None:
    """Propose a structure for each ROI and add the proposals to structures.csv, for a person to accept.

    Rows that are there stay as they are. ROI names are not printed: they may tell who the patient is.
    """
    if cohort.suffix.lower() in (".yaml", ".yml"):
        inputs = load_config(cohort).inputs
        patients, table = Path(inputs.patients), Path(inputs.structures)
    else:
        patients, table = cohort, cohort.with_name("structures.csv")
    found = extend_structures(read_patients(patients), out or table)
    _print(found)
    print(
        f"{count_of(len(found.proposals), 'row')} added to {(out or table).name}."
        " Fill accepted_by in each row that is right."
    )
    if found.faults:
        raise InputError(found.faults)


def _print(found: NewNames) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 120)
    proposed = [(patient, one) for patient, one in found.proposals if one.structure]
    if proposed:
        counts: Counter[tuple[str, str]] = Counter((one.structure, one.match) for _, one in proposed)
        table = Table("Structure", *KINDS, title="Proposals")
        for structure in dict.fromkeys(sorted(one.structure for _, one in proposed)):
            table.add_row(structure, *(str(counts[structure, kind] or "") for kind in KINDS))
        console.print(table)
    doubtful = [
        (patient, one) for patient, one in proposed if one.match == "fuzzy" or "accept one" in one.note
    ]  # exact names and aliases are counted above
    if doubtful:
        table = Table("Patient", "ROI", "Structure", "Match", "Score", "Note", title="To look at first")
        for patient, one in doubtful:
            table.add_row(patient, str(one.roi_number), one.structure, one.match, f"{one.score:g}", one.note)
        console.print(table)
    console.print(f"{count_of(found.counts[''], 'ROI')} without a proposal.")
