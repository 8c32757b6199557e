"""Everything that would stop a run, found all at once and before it starts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from lungtox.check.agreement import look_at_sources
from lungtox.check.delivered import delivered_faults
from lungtox.check.design import design_questions
from lungtox.check.indices import body_faults
from lungtox.cohort import (
    CYTOKINE_UNITS,
    CohortTables,
    RawTable,
    derive_endpoint,
    draw_dose_warnings,
    match_patients,
    read_tables,
)
from lungtox.config import Config, load_config, named_columns
from lungtox.errors import Fault, InputError
from lungtox.extraction import Inspection, PatientRow, inspect_patient, is_study_id, scan_patients
from lungtox.figures import font_faults

# Columns of the analysis table that come from the plan or from the endpoint, not from the clinical table.
DERIVED_COLUMNS = frozenset(
    {"technique", "treatment_beams", "fractions", "prescription_gy", "rp", "rp_status", "rp_grade", "time_months"}
)
CYTOKINE_ENDINGS = ("_pre", "_during", "_ratio", "_pre_below", "_during_below", "_pre_above", "_during_above")
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
    design : tuple of str
        Questions that stop nothing: few events for a model, predictors that are mostly empty.
    remarks : tuple of str
        How the tables were read, where that was found rather than declared.
    """

    faults: tuple[Fault, ...]
    warnings: tuple[str, ...]
    patients: int
    design: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


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
        Of dose values only the maximum is looked at, which tells cGy and cut-off pixels.
    """
    inputs = config.inputs
    rows, faults = scan_patients(
        inputs.patients, structures=inputs.structures, accept_from_score=config.names.accept_from_score
    )
    listed = [row.patient for row in rows]
    tables = _read_tables(config)
    table_faults, design = _judge_tables(tables, listed, config) if config.has_outcome else ([], [])
    faults += table_faults
    faults += body_faults(config, rows)
    faults += font_faults(config.figures)
    source_faults, warnings = look_at_sources(config, rows)
    faults += source_faults
    no_names = any(fault.who.removesuffix(" line 1") == Path(inputs.structures).name for fault in faults)
    inspections = _inspect(rows, config, processes)
    planned = {row.patient: found.fractions for row, found in zip(rows, inspections, strict=True)}
    faults += delivered_faults(config, rows, planned)
    left_out = config.cohort.accepted_exclusions if config.cohort.on_unusable == "stop" else [r.patient for r in rows]
    for row, found in zip(rows, inspections, strict=True):
        warnings += found.warnings
        if found.faults and row.patient in left_out:
            warnings += [f"{fault.who} will be left out: {fault.found}" for fault in found.faults]
        else:
            # Without structures.csv no patient has an accepted structure: one fault, not one for each patient.
            faults += [fault for fault in found.faults if not (no_names and fault.code == "structure-missing")]
    faults += _unknown_registrations(listed, config)
    faults += _same_dose_twice(rows, inspections)
    warnings += _spect_warnings(rows, inspections)
    if tables.cytokine_frame is not None:
        warnings += draw_dose_warnings(tables.cytokine_frame)
    return CheckResult(
        tuple(dict.fromkeys(faults)),
        tuple(dict.fromkeys(warnings)),
        len(rows),
        design=tuple(dict.fromkeys(design)),
        remarks=tables.remarks,
    )


def _read_tables(config: Config) -> CohortTables:
    """Read the clinical tables; there are none where no outcome is analysed."""
    if not config.has_outcome:
        return CohortTables(None, None, None, None, (), ())
    return read_tables(
        config.inputs, tables=config.tables, endpoint=config.endpoint, required=_clinical_columns(config)
    )


def read_usable_config(path: Path) -> tuple[Config | None, tuple[Fault, ...]]:
    """Read a config as far as it can be used, so that a misspelt key does not hide what is wrong with the files.

    Returns
    -------
    config : Config or None
        Without the keys that nobody knows; None where more than those is wrong with its sections.
    faults : tuple of Fault
    """
    try:
        return load_config(path), ()
    except InputError as error:
        faults = error.faults
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        try:
            return Config.model_validate(raw), faults
        except ValidationError as error:
            for item in error.errors(include_url=False, include_context=False):
                if item["type"] == "extra_forbidden":
                    _take_out(raw, item["loc"])
        return Config.model_validate(raw), faults
    except (OSError, UnicodeDecodeError, ValidationError, yaml.YAMLError):
        return None, faults


def _take_out(raw: Any, location: Sequence[str | int]) -> None:
    for part in location[:-1]:
        raw = raw[part]
    del raw[location[-1]]


def _judge_tables(tables: CohortTables, listed: Sequence[str], config: Config) -> tuple[list[Fault], list[str]]:
    """Compare the patients of the tables where both sides are known; gives faults and questions of design."""
    faults = list(tables.faults)
    design: list[str] = []
    frame = tables.clinical_frame
    if frame is not None:
        try:
            outcome = derive_endpoint(frame, config.endpoint)
        except InputError as error:
            faults += error.faults
        else:
            kept = frame["patient"].isin(set(listed) - set(config.cohort.accepted_exclusions))
            if kept.any():
                design = list(design_questions(config, clinical=frame[kept], outcome=outcome[kept.to_numpy()]))
    clinical = _study_ids(tables.clinical)
    # A table that cannot be read at all is one fault, not one for each patient that it may have.
    faults += match_patients(
        listed,
        clinical=(clinical or listed) if listed else [],
        cytokines=sorted(set(_study_ids(tables.cytokines))) if listed else [],
        accepted=config.cohort.accepted_exclusions if listed and clinical else [],
    )
    return faults, design


def _study_ids(table: RawTable | None) -> list[str]:
    """Give the study IDs of a table even where the table has faults, so that both show in one go."""
    cells = [] if table is None else table.cells
    return [row["patient"] for row in cells if is_study_id(row.get("patient", ""))]


def _spect_warnings(rows: Sequence[PatientRow], inspections: Sequence[Inspection]) -> Iterator[str]:
    """Say how many patients the functional analyses have."""
    looked_at = [(row.patient, found.spect) for row, found in zip(rows, inspections, strict=True) if found.spect]
    without = [patient for patient, spect in looked_at if spect == "none"]
    usable = sum(spect == "ok" for _, spect in looked_at)
    if usable < len(looked_at):
        names = f" (none given for {', '.join(without)})" if without else ""
        yield f"functional analyses use the {usable} of {len(looked_at)} usable patients with a SPECT{names}"


def _unknown_registrations(listed: Sequence[str], config: Config) -> Iterator[Fault]:
    """Find names that allow a SPECT to be registered by itself, and belong to nobody."""
    unknown = [name for name in config.registration.spect_to_ct if name not in listed]
    if unknown and listed:
        where, expected = "config: registration.spect_to_ct", "study IDs of patients.csv"
        yield Fault(where, expected, ", ".join(map(repr, unknown)), "Correct the names.", "config-reference")


def _same_dose_twice(rows: Sequence[PatientRow], inspections: Sequence[Inspection]) -> Iterator[Fault]:
    """Find one dose under two study IDs: the same patient counted twice."""
    owner: dict[str, str] = {}
    for row, found in zip(rows, inspections, strict=True):
        others = {owner.setdefault(uid, row.patient) for uid in found.dose_uids} - {row.patient}
        for other in sorted(others):
            action = "Remove one of the two patients, or give each its own files."
            yield Fault(row.patient, "a dose of its own", f"the same dose as {other}", action, "patient-twice")


def _inspect(rows: Sequence[PatientRow], config: Config, processes: int) -> list[Inspection]:
    look = partial(inspect_patient, dose=config.dose, function=config.function, registration=config.registration)
    if processes < 2 or len(rows) < PARALLEL_FROM:
        return [look(row) for row in rows]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return list(pool.map(look, rows, chunksize=4))


def _clinical_columns(config: Config) -> dict[str, str]:
    """Columns that only the clinical table can give, with the places in the config that name them."""
    made = DERIVED_COLUMNS | set(config.cohort.metrics)
    if config.inputs.cytokines is not None:
        made |= {f"{name}{ending}" for name in CYTOKINE_UNITS for ending in CYTOKINE_ENDINGS}
    found: dict[str, list[str]] = {}
    for name, place in named_columns(config):
        if name not in made:
            found.setdefault(name, []).append(place)
    return {name: ", ".join(dict.fromkeys(places)) for name, places in found.items()}
