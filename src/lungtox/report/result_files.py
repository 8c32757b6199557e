"""Single files of a results folder; what an analysis does not have is None."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lungtox.tables import read_csv, read_json, separator_of

if TYPE_CHECKING:
    import pandas as pd


def read_table(path: Path, *, text: bool = False) -> pd.DataFrame | None:
    """Give a table; None where the file is absent or has no rows."""
    if not path.is_file() or not path.read_bytes().strip():
        return None
    table = read_csv(path, dtype=str if text else None)
    return None if table.empty else table


def read_if_there(path: Path) -> Any:
    """Give what a JSON file holds; None without the file."""
    return read_json(path) if path.is_file() else None


def read_units(path: Path) -> dict[str, str]:
    """Give the units of the data dictionary by column."""
    table = read_table(path)
    if table is None:
        return {}
    found = zip(table["column"], table["unit"], strict=True)
    return {str(column): unit for column, unit in found if isinstance(unit, str)}


def read_labels(path: Path) -> dict[str, str]:
    """Give the words for each column of the data dictionary."""
    table = read_table(path)
    if table is None:
        return {}
    found = zip(table["column"], table["label"], strict=True)
    return {str(column): label for column, label in found if isinstance(label, str)}


def read_tables(folder: Path, names: Sequence[str], section: Any) -> dict[str, pd.DataFrame | None]:
    """Read the tables of a section that only some configs have; those of an earlier config are not read."""
    return {name: read_table(folder / f"{name}.csv") for name in names} if section else {}


def read_quality(folder: Path, listed: set[str]) -> tuple[Mapping[str, Any], ...]:
    """Give the quality entries of the listed patients, in order of study ID."""
    entries = [entry for path in sorted(folder.glob("*.qa.json")) for entry in read_json(path)]
    # Batches of patients that were taken out of patients.csv may still lie in the folder.
    return tuple(sorted((entry for entry in entries if entry["patient"] in listed), key=lambda entry: entry["patient"]))


def listed_patients(config: Mapping[str, Any]) -> set[str]:
    """Give the patients of patients.csv where no table of exclusions tells who else was listed."""
    inputs = config.get("inputs") or {}
    path = Path(str(inputs.get("patients", "")))
    if inputs.get("clinical", True) or not path.is_file():
        return set()
    separator = separator_of(path.read_text(encoding="utf-8-sig"))
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return {row["patient"].strip() for row in csv.DictReader(stream, delimiter=separator) if row.get("patient")}


def read_analysis(root: Path, config: Mapping[str, Any]) -> pd.DataFrame:
    """Read the analysis table; without an outcome it has the patients with doses and no more."""
    if (config.get("inputs") or {}).get("clinical", True):
        return read_csv(root / "cohort/analysis.csv", dtype={"patient": str})
    metrics = read_csv(root / "dose/metrics.csv", dtype={"patient": str})
    patients = metrics.loc[:, ["patient"]].drop_duplicates(ignore_index=True)
    return patients.assign(rp=float("nan"))
