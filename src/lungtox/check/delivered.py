"""What would stop the accumulation of session doses: looked at before the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lungtox.config import Config
from lungtox.errors import Fault, InputError
from lungtox.extraction import PatientRow, read_sessions

COLUMNS = ("dose", "field", "structures", "cbct")


def delivered_faults(config: Config, rows: Sequence[PatientRow]) -> Iterator[Fault]:
    """Give the faults of the table of sessions, and the files that it names and that are not there.

    Parameters
    ----------
    config : Config
        With a section `delivered`.
    rows : sequence of PatientRow
        Of inputs.patients.
    """
    if config.delivered is None:
        return
    try:
        sessions = read_sessions(config.delivered.sessions, patients=[row.patient for row in rows])
    except InputError as error:
        yield from error.faults
        return
    for patient, own in sessions.items():
        for session in own:
            for column in COLUMNS:
                path = session.path(column)
                if path is not None and not path.exists():
                    who = f"{patient}, session {session.session}"
                    action = "Correct the path in the table of sessions."
                    yield Fault(who, f"the file of the column {column}", "no such file", action, "file-missing")
