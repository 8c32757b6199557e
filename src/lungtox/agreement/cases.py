"""Which rows of the sources are repeated measures of one person, and which are analysed apart."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lungtox.agreement.config import LimitSettings
from lungtox.errors import Fault, InputError
from lungtox.tables import read_csv

COLUMNS = ("patient", "subject", "group")
ALL = "all"


@dataclass(frozen=True)
class Case:
    """Person and group of one row of the sources.

    Attributes
    ----------
    subject, group : str
    """

    subject: str
    group: str = ALL


def read_cases(path: str | Path | None, patients: Collection[str]) -> dict[str, Case]:
    """Read subjects and groups; without a table everybody is a person of one group.

    Parameters
    ----------
    path : path of a CSV with `patient` and `subject`, `group` or both; None for none
    patients : collection of str
        Study IDs of both sources.

    Returns
    -------
    dict of str to Case

    Raises
    ------
    InputError
        Another column, a study ID that is there twice or missing, an empty cell, a subject in two groups; all at once.
    """
    if path is None:
        return {patient: Case(patient) for patient in patients}
    who = Path(path).name
    if not Path(path).is_file():
        raise InputError(Fault(who, "a CSV file", "no such file", "Check agreement.cases.", "agreement-cases"))
    table = read_csv(path, dtype=str)
    wrong = [name for name in table.columns if name not in COLUMNS]
    if wrong or "patient" not in table or len(table.columns) < 2:
        found = ", ".join(map(str, table.columns))
        raise InputError(
            Fault(who, "columns patient and subject, group or both", found, "Rename them.", "agreement-cases")
        )
    faults: list[Fault] = []
    rows = table.dropna(how="all").to_dict("records")
    empty = sum(not isinstance(value, str) for row in rows for value in row.values())
    if empty:
        faults.append(Fault(who, "no empty cell", f"{empty} empty", "Fill them.", "agreement-cases"))
    cases: dict[str, Case] = {}
    groups: dict[str, str] = {}
    for row in rows:
        patient = str(row["patient"])
        case = Case(str(row.get("subject", patient)), str(row.get("group", ALL)))
        if patient in cases:
            faults.append(Fault(who, "each study ID once", f"{patient} twice", "Keep one row.", "agreement-cases"))
        if groups.setdefault(case.subject, case.group) != case.group:
            found = f"the subject of {patient} in two"
            faults.append(Fault(who, "each subject in one group", found, "Correct it.", "agreement-cases"))
        cases[patient] = case
    missing = sorted(set(patients) - set(cases))
    if missing:
        faults.append(
            Fault(who, "a row for each patient", f"none for {', '.join(missing)}", "Add it.", "agreement-cases")
        )
    if faults:
        raise InputError(faults)
    return cases


def unknown_groups(limits: Mapping[str, Mapping[str, LimitSettings]], cases: Mapping[str, Case]) -> Iterator[Fault]:
    """Find groups of the limits that nobody belongs to.

    Parameters
    ----------
    limits : mapping of structure to mapping of metric to LimitSettings
    cases : mapping of str to Case
    """
    known = list(dict.fromkeys(case.group for case in cases.values()))
    for structure, metrics in limits.items():
        for metric, limit in metrics.items():
            for name in limit.groups:
                if name not in known:
                    who = f"config: agreement.limits.{structure}.{metric}.groups"
                    action = f"Known: {', '.join(known)}."
                    yield Fault(who, "a group of agreement.cases", repr(name), action, "config-reference")
