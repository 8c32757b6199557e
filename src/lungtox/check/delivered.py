"""What would stop the accumulation of session doses: looked at before the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lungtox.config import Config
from lungtox.delivered import Session, weight_faults
from lungtox.errors import Fault
from lungtox.extraction import PatientRow, SessionRow, scan_sessions

COLUMNS = ("dose", "field", "structures", "cbct")


def delivered_faults(
    config: Config, rows: Sequence[PatientRow], fractions: Mapping[str, int | None]
) -> Iterator[Fault]:
    """Give the faults of the table of sessions, fractions that do not add up, and files that are not there.

    Parameters
    ----------
    config : Config
        With a section `delivered`.
    rows : sequence of PatientRow
        Of inputs.patients.
    fractions : mapping of str to int or None
        Of the plan of each patient, where it is known.
    """
    if config.delivered is None:
        return
    sessions, faults = scan_sessions(config.delivered.sessions, patients=[row.patient for row in rows])
    yield from faults
    for patient, own in sessions.items():
        planned = fractions.get(patient)
        # A row with a fault of its own is missing here: the sum would be wrong for that reason alone.
        if planned is not None and not faults:
            yield from weight_faults([_unread(session) for session in own], planned, patient)
        for session in own:
            for column in COLUMNS:
                path = session.path(column)
                if path is not None and not path.exists():
                    who = f"{patient}, session {session.session}"
                    action = "Correct the path in the table of sessions."
                    yield Fault(who, f"the file of the column {column}", "no such file", action, "file-missing")


def _unread(session: SessionRow) -> Session:
    return Session(session.session, session.fractions, session.path("dose") or session.folder)
