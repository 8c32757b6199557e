"""What would stop the comparison of two sources of dose: looked at before the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from lungtox.agreement import read_cases, unknown_groups
from lungtox.config import Config
from lungtox.errors import Fault, InputError
from lungtox.extraction import PatientRow, inspect_patient, scan_patients


def look_at_sources(config: Config, rows: Sequence[PatientRow]) -> tuple[list[Fault], list[str]]:
    """Give faults and warnings of the further sources: their tables, their files, patients without partner, cases.

    Patients whose files cannot be used are faults, or warnings where `agreement.unpaired` leaves them out.

    Parameters
    ----------
    config : Config
        With a section `agreement`.
    rows : sequence of PatientRow
        Of inputs.patients.
    """
    settings = config.agreement
    if settings is None:
        return [], []
    found: list[Fault] = []
    warnings: list[str] = []
    listed = {"main": [row.patient for row in rows]}
    for name, source in settings.sources.items():
        others, faults = scan_patients(
            source.patients,
            structures=source.structures or config.inputs.structures,
            accept_from_score=config.names.accept_from_score,
            shared=source.structures is None,
        )
        found += _of(name, faults)
        for row in others:
            unusable = list(_of(name, inspect_patient(row, dose=config.dose, registration=config.registration).faults))
            if settings.unpaired == "stop":
                found += unusable
            else:
                warnings += [f"{fault.who} will be left out: {fault.found}" for fault in unusable]
        listed[name] = [row.patient for row in others]
    if settings.unpaired == "stop":
        for first, second in settings.pairs:
            found += _unpaired(first, second, listed)
    try:
        cases = read_cases(settings.cases, list(dict.fromkeys(name for one in listed.values() for name in one)))
        found += unknown_groups(settings.limits, cases)
    except InputError as error:
        found += error.faults
    return found, warnings


def _of(source: str, faults: Sequence[Fault]) -> Iterator[Fault]:
    yield from (replace(fault, who=f"agreement source {source}, {fault.who}") for fault in faults)


def _unpaired(first: str, second: str, listed: dict[str, list[str]]) -> Iterator[Fault]:
    for here, there in ((first, second), (second, first)):
        alone = [patient for patient in listed[here] if patient not in listed[there]]
        if alone:
            action = "Complete the sources, or set agreement.unpaired: leave_out."
            expected = f"a row for each patient of {here}"
            found = f"none for {', '.join(alone)}"
            yield Fault(f"agreement source {there}", expected, found, action, "unpaired")
