"""The table of treatment sessions, and the files that it names."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from lungtox.geometry import DeformationField, Dose

SESSION_COLUMNS = ("patient", "session", "dose", "field", "fractions", "structures", "cbct")


@dataclass(frozen=True)
class SessionRow:
    """Which files belong to one session of one patient.

    Attributes
    ----------
    patient, session : str
        Study ID; name of the session, unique for the patient (letters, digits, _ and -).
    fractions : float
        Fractions of the plan for which it stands.
    cells : dict of str to str
        The row as it stands, without empty cells.
    folder : Path
        Where the table lies; the cells are relative to it.
    """

    patient: str
    session: str
    fractions: float
    cells: dict[str, str]
    folder: Path

    def path(self, column: str) -> Path | None:
        """Give the file of a column: dose, field, structures, or the folder of the CBCT."""
        raise NotImplementedError

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that are read, as far as they are there, with folders taken apart."""
        raise NotImplementedError

    @property
    def digest(self) -> str:
        """Changes with this row and with nothing else."""
        raise NotImplementedError


def read_sessions(path: str | Path, *, patients: Collection[str] | None = None) -> dict[str, tuple[SessionRow, ...]]:
    """Read which sessions each patient had.

    Parameters
    ----------
    path : str or Path
        CSV with the columns patient, session, dose, fractions, and as needed field, structures, cbct.
    patients : collection of str, optional
        Known study IDs; a session of another one is a fault.

    Returns
    -------
    dict of str to tuple of SessionRow
        By patient, in the order of the table, which is the order of treatment.

    Raises
    ------
    InputError
        All faults of the table at once.
    """
    raise NotImplementedError


def read_session_dose(row: SessionRow, *, dose_of: str) -> Dose:
    """Read the dose of a session.

    Raises
    ------
    InputError
        As `lungtox.dicom.read_dose`; the DoseSummationType of another kind of dose than ``dose_of``.
    """
    raise NotImplementedError


def read_session_field(path: str | Path, *, planning_frame: str, session_frame: str, who: str) -> DeformationField:
    """Read the field of a session: DICOM, NIfTI or MetaImage by what the file is.

    Raises
    ------
    InputError
        As `lungtox.dicom.read_deformation` and `lungtox.imaging.read_field`.
    """
    raise NotImplementedError
