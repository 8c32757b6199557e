"""What would stop the comparison of two sources of dose: looked at before the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from lungtox.agreement import read_cases, unknown_groups
from lungtox.config import Config
from lungtox.errors import Fault, InputError
from lungtox.extraction import PatientRow, inspect_patient, scan_patients


def agreement_faults(config: Config, rows: Sequence[PatientRow]) -> Iterator[Fault]:
    """Give the faults of the further sources: their tables, their files, patients without partner, cases.

    Parameters
    ----------
    config : Config
        With a section `agreement`.
    rows : sequence of PatientRow
        Of inputs.patients.
    """
    settings = config.agreement
    if settings is None:
        return
    listed = {"main": [row.patient for row in rows]}
    for name, source in settings.sources.items():
        others, faults = scan_patients(
            source.patients,
            structures=source.structures or config.inputs.structures,
            accept_from_score=config.names.accept_from_score,
            shared=source.structures is None,
        )
        yield from _of(name, faults)
        for row in others:
            yield from _of(name, inspect_patient(row, dose=config.dose, registration=config.registration).faults)
        listed[name] = [row.patient for row in others]
    if settings.unpaired == "stop":
        for first, second in settings.pairs:
            yield from _unpaired(first, second, listed)
    try:
        cases = read_cases(settings.cases, list(dict.fromkeys(name for one in listed.values() for name in one)))
        yield from unknown_groups(settings.limits, cases)
    except InputError as error:
        yield from error.faults


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
