"""The files of one session as its row names them, for `accumulate`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lungtox.delivered.session import Session
from lungtox.extraction import PatientRow, SessionRow, read_session_dose, register_session
from lungtox.geometry import DeformationField, Dose

if TYPE_CHECKING:  # pydantic is slow to import
    from lungtox.delivered.config import DeliveredSettings


class SessionFiles:
    """The files of one session, opened when its turn comes.

    Parameters
    ----------
    row : PatientRow
    session : SessionRow
    planning : Dose
    settings : DeliveredSettings

    Attributes
    ----------
    frame_of_reference : str
        Of its dose, once that was read; never written anywhere.
    registration : dict or None
        Quality figures of a registration by lungtox, once it was made.
    """

    def __init__(self, row: PatientRow, session: SessionRow, planning: Dose, settings: DeliveredSettings) -> None:
        self._row, self._session, self._planning, self._settings = row, session, planning, settings
        self._who = f"{row.patient}, session {session.session}"
        self.frame_of_reference = ""
        self.registration: dict[str, Any] | None = None

    def session(self) -> Session:
        """Give what `accumulate` takes."""
        field = self._session.path("field")
        register = field is None and self._settings.register_cbct and self._session.path("cbct") is not None
        return Session(
            self._session.session, self._session.fractions, self._dose, self._registered if register else field
        )

    def _dose(self) -> Dose:
        path = self._session.path("dose")
        assert path is not None  # read_sessions refuses a row without one
        dose = read_session_dose(path, dose_of=self._settings.dose_of, who=self._who)
        self.frame_of_reference = dose.frame_of_reference
        return dose

    def _registered(self) -> DeformationField:
        field, quality = register_session(
            self._row,
            self._session,
            settings=self._settings.deformable,
            planning_frame=self._planning.frame_of_reference,
            session_frame=self.frame_of_reference,
        )
        self.registration = asdict(quality)
        return field
