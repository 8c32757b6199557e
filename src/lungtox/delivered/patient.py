"""Planned and delivered dose of one patient, from the files to DVHs and metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from lungtox.dose import Dvh
from lungtox.extraction import PatientRow, SessionRow

if TYPE_CHECKING:  # pydantic is slow to import
    from lungtox.delivered.config import DeliveredSettings
    from lungtox.dose.config import DoseSettings


@dataclass(frozen=True)
class MetricPair:
    """One metric of planned and delivered dose.

    Attributes
    ----------
    structure, quantity, metric, unit : str
        Quantity ``physical`` or ``eqd2``; TG-263 name of the metric.
    planned, delivered : float or None
        None where the structure does not have it (too small for Dxcc).
    """

    structure: str
    quantity: str
    metric: str
    unit: str
    planned: float | None
    delivered: float | None


@dataclass(frozen=True)
class SessionVolume:
    """Volume of a structure in one session.

    Attributes
    ----------
    session : str
        ``planning`` for the planning image.
    order : int
        0 for planning, then the sessions in the order of the table.
    fractions_before : float
        Fractions given before the session (0 for planning).
    structure : str
    source : {"contours", "jacobian"}
        From a structure set of that image, or from the field.
    volume_cc : float
    ratio : float
        Of the volume in the planning image.
    percent_change : float
        ``100 (ratio - 1)``.
    """

    session: str
    order: int
    fractions_before: float
    structure: str
    source: Literal["contours", "jacobian"]
    volume_cc: float
    ratio: float
    percent_change: float


@dataclass(frozen=True, eq=False)
class DeliveredPatient:
    """What one patient's sessions gave.

    Attributes
    ----------
    patient : str
    planned, delivered : tuple of Dvh
        Physical dose and EQD2 of each structure, in the same order. Empty for a patient who cannot be used.
    metrics : tuple of MetricPair
    volumes : tuple of SessionVolume
    qa : dict
        ``status`` (``ok`` or ``unusable``), ``faults``, ``warnings``, ``fractions``, ``dose_of``, ``sessions`` (quality
        figures), ``registered_by_lungtox``; see docs/file-contracts.md.
    """

    patient: str
    planned: tuple[Dvh, ...]
    delivered: tuple[Dvh, ...]
    metrics: tuple[MetricPair, ...]
    volumes: tuple[SessionVolume, ...]
    qa: dict[str, Any]


def deliver_batch(
    rows: Iterable[PatientRow],
    sessions: Mapping[str, Sequence[SessionRow]],
    *,
    dose: DoseSettings,
    settings: DeliveredSettings,
    threads: int = 1,
) -> list[DeliveredPatient]:
    """Accumulate several patients; one who cannot be used gets his faults in ``qa`` and stops none of the others.

    Patients without a session in the table are left out.

    Parameters
    ----------
    rows : iterable of PatientRow
    sessions : mapping of str to sequence of SessionRow
        As `lungtox.extraction.read_sessions` gives them, by patient.
    dose : DoseSettings
    settings : DeliveredSettings
    threads : int
    """
    raise NotImplementedError


def deliver_patient(
    row: PatientRow,
    sessions: Sequence[SessionRow],
    *,
    dose: DoseSettings,
    settings: DeliveredSettings,
    threads: int = 1,
) -> DeliveredPatient:
    """Accumulate the sessions of one patient and compare delivered with planned dose.

    Parameters
    ----------
    row : PatientRow
        With DICOM files of one plan.
    sessions : sequence of SessionRow
    dose : DoseSettings
        Structures, EQD2, metrics.
    settings : DeliveredSettings
    threads : int

    Raises
    ------
    InputError
        Files that cannot be used, several plans (``delivered-courses``), and as `accumulate`; all at once.
    """
    raise NotImplementedError
