"""The order in which faults are best put right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lungtox.errors import Fault


@dataclass(frozen=True)
class FaultGroup:
    """Faults that are put right in one go.

    Attributes
    ----------
    title, advice : str
        What they are, and what to do about them.
    faults : tuple of Fault
        In the order in which they were found.
    """

    title: str
    advice: str
    faults: tuple[Fault, ...]


CONFIG = ("Config", "Correct the config first: what it names decides what else is looked at.")
FILES = ("Files that are missing or cannot be read", "Put the files where the config and patients.csv say they are.")
PATIENTS = (
    "Patients whose files cannot be used",
    "Export the files again as each line says, or name the patient under cohort.accepted_exclusions.",
)
STRUCTURES = (
    "Structure names",
    "Look at the rows in structures.csv and accept the right ROI for each structure: fill accepted_by.",
)
ROWS = (
    "Rows and columns of the tables",
    "Every patient needs one row in patients.csv and one in the clinical table, under one study ID; every column that"
    " the config names has to be there.",
)
CELLS = (
    "Cells of the tables",
    "Correct the cells in the spreadsheet; where a whole column is written in another way, declare it under `tables`.",
)
ORDER = (CONFIG, FILES, PATIENTS, STRUCTURES, ROWS, CELLS)
FILE_CODES = frozenset({"file-missing", "table-file", "encoding", "key", "table-merged"})
STRUCTURE_CODES = frozenset({"no-structure", "number", "names-open", "roi-twice", "match", "score"})
ROW_CODES = frozenset(
    {"patient-twice", "patient-not-listed", "patient-without-clinical", "study-id", "exclusion-unknown", "table-key",
     "patient-without-qa", "missing-column", "unknown-column", "repeated-column", "table-row", "table-column",
     "draw-twice", "source", "unpaired", "agreement-cases", "session-twice", "session-empty", "session-patient",
     "delivered-weights"}
)  # fmt: skip
CELL_CODES = frozenset({"endpoint-date", "replicates", "session-fractions", "session-dose"})


def group_faults(faults: Sequence[Fault]) -> list[FaultGroup]:
    """Sort faults into groups, what is to be put right first in front; empty groups are left out.

    Parameters
    ----------
    faults : sequence of Fault
    """
    found: dict[tuple[str, str], list[Fault]] = {}
    for fault in faults:
        found.setdefault(_group_of(fault.code), []).append(fault)
    return [FaultGroup(*group, tuple(found[group])) for group in ORDER if group in found]


def _group_of(code: str) -> tuple[str, str]:
    if code.startswith("config") or code == "ntcp-published":
        return CONFIG
    if code in FILE_CODES:
        return FILES
    if code in ROW_CODES:
        return ROWS
    if code.startswith("structure") or code in STRUCTURE_CODES:
        return STRUCTURES
    if code.startswith(("table-", "clinical-", "cytokine-", "grade")) or code in CELL_CODES:
        return CELLS
    return PATIENTS
