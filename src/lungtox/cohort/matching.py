"""Which patients the tables have in common, and which one is missing where."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from lungtox.cohort.config import CohortSettings
from lungtox.errors import Fault


def match_patients(
    listed: Sequence[str],
    *,
    clinical: Collection[str],
    cytokines: Collection[str] = (),
    accepted: Collection[str] = (),
) -> list[Fault]:
    """Compare the study IDs of the tables, in both directions.

    Parameters
    ----------
    listed : sequence of str
        Study IDs of patients.csv.
    clinical, cytokines : collection of str
        Study IDs of the two tables. A patient without cytokines is no fault: the draw may be missing.
    accepted : collection of str
        `cohort.accepted_exclusions`; these may be missing anywhere.

    Returns
    -------
    list of Fault
        One for each patient and table.
    """
    known, let_go = set(listed), set(accepted)
    faults = [
        Fault(
            f"{patient} (patients.csv)",
            "a row in the clinical table",
            _found(patient, set(clinical) - known),
            "Add the row, or name the patient under cohort.accepted_exclusions.",
            "patient-without-clinical",
        )
        for patient in listed
        if patient not in set(clinical) | let_go
    ]
    for table, there in (("clinical table", clinical), ("cytokine table", cytokines)):
        faults.extend(
            Fault(
                f"{patient} ({table})",
                "a row in patients.csv",
                _found(patient, known - set(there)),
                "Add the patient's files to patients.csv, remove the row, or name the patient under"
                " cohort.accepted_exclusions.",
                "patient-not-listed",
            )
            for patient in sorted(set(there) - known - let_go)
        )
    elsewhere = known | set(clinical) | set(cytokines)
    faults.extend(
        Fault(
            f"config: cohort.accepted_exclusions: {patient}",
            "a study ID of the tables",
            "none of that name",
            "Correct the study ID or take it out.",
            "exclusion-unknown",
        )
        for patient in accepted
        if patient not in elsewhere
    )
    return faults


def _found(patient: str, others: Collection[str]) -> str:
    """Say whether the other table writes the ID in another way: spreadsheets drop leading zeros, people change case."""
    alike = [other for other in sorted(others) if _core(other) == _core(patient)]
    return f"{alike[0]}, which may be the same" if alike else "none"


def _core(patient: str) -> str:
    return re.sub(r"[-_]|(?<!\d)0+(?=\d)", "", patient.lower())


def find_exclusions(
    qa: Mapping[str, Mapping[str, Any]], *, clinical: Collection[str], settings: CohortSettings
) -> tuple[list[tuple[str, str, str]], list[Fault]]:
    """Decide who is left out, and who must not be left out without a word.

    Parameters
    ----------
    qa : mapping
        Study ID -> entry of qa.json.
    clinical : collection of str
        Study IDs of the clinical table.
    settings : CohortSettings
        `accepted_exclusions` and `on_unusable`.

    Returns
    -------
    exclusions : list of (patient, stage, reason)
    faults : list of Fault
        Those of every unusable patient whom the config neither accepts nor excludes.
    """
    exclusions: list[tuple[str, str, str]] = []
    faults: list[Fault] = []
    for patient, entry in qa.items():
        accepted = patient in settings.accepted_exclusions
        if entry["status"] != "ok":
            if accepted or settings.on_unusable == "exclude":
                exclusions.append((patient, "dose", _reason(entry)))
            else:
                faults.extend(_unusable(patient, entry))
        elif accepted and patient not in clinical:
            exclusions.append((patient, "clinical", "no row in the clinical table"))
    return exclusions, faults


def _reason(entry: Mapping[str, Any]) -> str:
    reasons = [f"expected {fault['expected']}; found {fault['found']}" for fault in entry.get("faults", [])]
    return " | ".join(reasons) or "the files cannot be used"


def _unusable(patient: str, entry: Mapping[str, Any]) -> Iterable[Fault]:
    found: list[Mapping[str, str]] = list(entry.get("faults", []))
    if not found:
        yield Fault(patient, "usable files", "an unusable patient without a reason", "See its log.", "unusable")
    for fault in found:
        who = fault["who"] if patient in fault["who"] else f"{patient}, {fault['who']}"
        action = (
            f"{fault['action']} Or, after a look at it, name {patient} under cohort.accepted_exclusions,"
            " or set cohort.on_unusable: exclude."
        )
        yield Fault(who, fault["expected"], fault["found"], action, fault.get("code", "unusable"))
