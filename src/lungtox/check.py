"""Everything that would stop a run, found all at once and before it starts."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lungtox.cohort import match_patients, read_clinical, read_cytokines
from lungtox.errors import Fault, InputError
from lungtox.extraction import Inspection, PatientRow, inspect_patient, scan_patients

if TYPE_CHECKING:
    from lungtox.config import Config

# Columns of the analysis table that come from the plan or from the endpoint, not from the clinical table.
DERIVED_COLUMNS = frozenset(
    {"technique", "treatment_beams", "fractions", "prescription_gy", "rp", "rp_status", "rp_grade", "time_months"}
)
CYTOKINE_ENDINGS = ("_pre", "_during", "_ratio", "_pre_below", "_during_below")
PARALLEL_FROM = 12  # a second process costs 0.5 s to start, a patient about 0.05 s


@dataclass(frozen=True)
class CheckResult:
    """What a run of this config would meet.

    Attributes
    ----------
    faults : tuple of Fault
        Each would stop the run.
    warnings : tuple of str
        What the run would carry on with: patients accepted as exclusions, missing SPECT, odd contours.
    patients : int
        Patients looked at.
    """

    faults: tuple[Fault, ...]
    warnings: tuple[str, ...]
    patients: int


def check(config: Config, *, processes: int = 2) -> CheckResult:
    """Look at the tables and at the headers and contours of every patient's files.

    Parameters
    ----------
    config : Config
    processes : int
        How many patients are looked at at once.

    Returns
    -------
    CheckResult
        Dose values are not read, so a maximum over 200 Gy and cut-off pixels show only in the run.
    """
    inputs = config.inputs
    rows, faults = scan_patients(inputs.patients, structures=inputs.structures)
    clinical, more = _study_ids(inputs.clinical, partial(read_clinical, required=_clinical_columns(config)))
    faults += more
    cytokines: list[str] = []
    if inputs.cytokines is not None:
        cytokines, more = _study_ids(inputs.cytokines, read_cytokines)
        faults += more
    accepted = config.cohort.accepted_exclusions
    faults += match_patients(
        [row.patient for row in rows], clinical=clinical, cytokines=sorted(set(cytokines)), accepted=accepted
    )
    warnings: list[str] = []
    inspections = _inspect(rows, config, processes)
    for row, found in zip(rows, inspections, strict=True):
        warnings += found.warnings
        if found.faults and (row.patient in accepted or config.cohort.on_unusable == "exclude"):
            warnings += [f"{row.patient} will be left out: {fault.found}" for fault in found.faults]
        else:
            faults += found.faults
    faults += _same_dose_twice(rows, inspections)
    return CheckResult(tuple(dict.fromkeys(faults)), tuple(dict.fromkeys(warnings)), len(rows))


def _same_dose_twice(rows: Sequence[PatientRow], inspections: Sequence[Inspection]) -> Iterator[Fault]:
    """Find one dose under two study IDs: the same patient counted twice."""
    owner: dict[str, str] = {}
    for row, found in zip(rows, inspections, strict=True):
        others = {owner.setdefault(uid, row.patient) for uid in found.dose_uids} - {row.patient}
        for other in sorted(others):
            action = "Remove one of the two patients, or give each its own files."
            yield Fault(row.patient, "a dose of its own", f"the same dose as {other}", action, "patient-twice")


def _inspect(rows: Sequence[PatientRow], config: Config, processes: int) -> list[Inspection]:
    look = partial(inspect_patient, dose=config.dose, function=config.function)
    if processes < 2 or len(rows) < PARALLEL_FROM:
        return [look(row) for row in rows]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return list(pool.map(look, rows, chunksize=4))


def _study_ids(path: str, read: Callable[[str], Any]) -> tuple[list[str], list[Fault]]:
    """Give the study IDs of a table even where the table has faults, so that both show in one go."""
    try:
        return list(read(path)["patient"]), []
    except InputError as error:
        return _plain_ids(Path(path)), list(error.faults)


def _plain_ids(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return []
    return [row["patient"].strip() for row in csv.DictReader(text.splitlines()) if (row.get("patient") or "").strip()]


def _clinical_columns(config: Config) -> list[str]:
    """Columns that the config names and only the clinical table can give."""
    made = DERIVED_COLUMNS | set(config.cohort.metrics)
    return [
        name
        for name in dict.fromkeys(_named_columns(config))
        if name not in made and not name.endswith(CYTOKINE_ENDINGS)
    ]


def _named_columns(config: Config) -> Iterator[str]:
    for names in config.association.families.values():
        yield from names
    for model in config.models.values():
        yield from model.predictors
    yield from config.roc.scores
