"""Planned and delivered dose of one patient, from the files to DVHs and metrics."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from lungtox.delivered.accumulate import Delivered, accumulate
from lungtox.delivered.histograms import delivered_dvhs
from lungtox.delivered.session_files import SessionFiles
from lungtox.delivered.volumes import SessionVolume, session_volumes, volume_cc
from lungtox.dose import Dvh, compute_metrics_table
from lungtox.errors import Fault, InputError, LungtoxError
from lungtox.extraction import (
    Loaded,
    PatientRow,
    SessionRow,
    about,
    anatomical_dvhs,
    as_fault,
    load_patient,
    read_session_regions,
    sample_all,
)

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
    found = []
    for row in rows:
        if row.patient not in sessions:
            continue
        try:
            found.append(deliver_patient(row, sessions[row.patient], dose=dose, settings=settings, threads=threads))
        except LungtoxError as error:
            faults = error.faults if isinstance(error, InputError) else (as_fault(row.patient, error),)
            qa = _qa(row.patient, settings, status="unusable", faults=about(row.patient, faults))
            found.append(DeliveredPatient(row.patient, (), (), (), (), qa))
    return found


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
        In the order of treatment.
    dose : DoseSettings
        Structures, EQD2, metrics.
    settings : DeliveredSettings
    threads : int
        The result does not depend on it.

    Raises
    ------
    InputError
        Files that cannot be used, several plans (``delivered-courses``), and as `accumulate`; all at once.
    """
    loaded = _load(row, dose, settings)
    planning = loaded.doses[0]
    samples = sample_all(row.patient, loaded, dose)
    partial = _partial(loaded, dose)
    opened = [SessionFiles(row, one, planning, settings) for one in sessions]
    delivered = accumulate(
        [one.session() for one in opened],
        planning=planning,
        settings=settings,
        structures={name: one.samples for name, one in samples.items()},
        partial=partial,
        variance=bool(dose.eqd2),
        everywhere=False,
        threads=threads,
        who=row.patient,
    )
    planned_dvhs = [dvh for name, one in samples.items() for dvh in anatomical_dvhs(name, one, dose)]
    delivered_dvhs = _delivered_dvhs(row.patient, delivered, loaded, dose, settings, partial)
    judged = [
        replace(quality, registration=one.registration) for quality, one in zip(delivered.sessions, opened, strict=True)
    ]
    drawn = _drawn(row, sessions, loaded, opened, dose)
    volumes = session_volumes({name: one.samples for name, one in samples.items()}, judged, drawn)
    prescription_gy = loaded.prescription_gy
    metrics = _metric_pairs(row.patient, planned_dvhs, delivered_dvhs, dose, settings, prescription_gy)
    qa = _qa(
        row.patient,
        settings,
        warnings=dict.fromkeys([*loaded.warnings, *delivered.warnings, *_less_covered(planned_dvhs, delivered_dvhs)]),
        fractions=planning.fractions,
        prescription_gy=prescription_gy,
        sessions=[asdict(one) for one in judged],
    )
    return DeliveredPatient(row.patient, tuple(planned_dvhs), tuple(delivered_dvhs), metrics, volumes, qa)


def _load(row: PatientRow, dose: DoseSettings, settings: DeliveredSettings) -> Loaded:
    """Read plan, dose and structures, those that are compared only."""
    if row.export is not None or "dvh" in row.cells:
        action = "Give plan, structures and dose; DVHs cannot be accumulated."
        raise InputError(Fault(row.patient, "DICOM files of the plan", "a DVH", action, "delivered-source"))
    loaded = load_patient(row, dose)
    if len(loaded.doses) > 1:
        action = "Accumulate one course at a time: a table of patients with one plan each."
        found = f"{len(loaded.doses)} doses"
        raise InputError(Fault(row.patient, "the dose of one plan", found, action, "delivered-courses"))
    wanted = settings.structures or list(dose.structures)
    regions = {name: region for name, region in loaded.regions.items() if name in wanted}
    if not regions:
        action = "Accept its contours in structures.csv, or take the patient out of the table of sessions."
        expected = f"contours of {' or '.join(wanted)}"
        raise InputError(Fault(row.patient, expected, "none", action, "structure-missing"))
    return replace(loaded, regions=regions)


def _partial(loaded: Loaded, dose: DoseSettings) -> frozenset[str]:
    """Give the structures that may leave the dose grid of the plan: they may leave those of the sessions too."""
    allowed = set(dose.allow_partial_coverage)
    return frozenset(name for name in loaded.regions if {name, *dose.structures[name].union} & allowed)


def _less_covered(planned: Sequence[Dvh], delivered: Sequence[Dvh]) -> Iterator[str]:
    """Say where planned and delivered DVHs are of different parts of a structure."""
    for one, other in zip(planned, delivered, strict=True):
        if one.quantity == "physical" and other.coverage_pct < one.coverage_pct - 1e-6:
            parts = (
                f"{one.coverage_pct:.2f} % of the volume has a planned dose, {other.coverage_pct:.2f} % a delivered one"
            )
            yield f"{one.structure}: {parts}; the DVHs are of these parts"


def _delivered_dvhs(
    patient: str,
    delivered: Delivered,
    loaded: Loaded,
    dose: DoseSettings,
    settings: DeliveredSettings,
    partial: Collection[str],
) -> list[Dvh]:
    found: list[Dvh] = []
    faults: list[Fault] = []
    for name, region in loaded.regions.items():
        minimum_pct = 0.0 if name in partial else settings.minimum_coverage_pct
        try:
            found += delivered_dvhs(delivered, region, dose, minimum_coverage_pct=minimum_pct, who=patient)
        except InputError as error:
            faults += about(patient, error.faults)
    if faults:
        raise InputError(faults)
    return found


def _drawn(
    row: PatientRow, sessions: Sequence[SessionRow], loaded: Loaded, opened: Sequence[SessionFiles], dose: DoseSettings
) -> dict[str, dict[str, float]]:
    """Give the volumes of the contours of the sessions that have a structure set."""
    found: dict[str, dict[str, float]] = {}
    faults: list[Fault] = []
    like = loaded.doses[0].image.grid
    for session, files in zip(sessions, opened, strict=True):
        try:
            regions = read_session_regions(
                row, session, dose, names=list(loaded.regions), frame_of_reference=files.frame_of_reference
            )
            found[session.session] = {name: volume_cc(region, dose, like=like) for name, region in regions.items()}
        except InputError as error:
            faults += about(row.patient, error.faults)
    if faults:
        raise InputError(faults)
    return found


def _metric_pairs(
    patient: str,
    planned: Sequence[Dvh],
    delivered: Sequence[Dvh],
    dose: DoseSettings,
    settings: DeliveredSettings,
    prescription_gy: float | None,
) -> tuple[MetricPair, ...]:
    wanted = dose.model_copy(update={"metrics": settings.metrics or dose.metrics})
    qa = [{"patient": patient, "prescription_gy": prescription_gy}]
    columns = []
    for dvhs in (planned, delivered):
        table = compute_metrics_table([(patient, dvh) for dvh in dvhs], dose=wanted, function=None, qa=qa)
        columns.append(table.to_pylist())
    return tuple(
        MetricPair(one["structure"], one["quantity"], one["metric"], one["unit"], one["value"], other["value"])
        for one, other in zip(*columns, strict=True)
    )


def _qa(
    patient: str,
    settings: DeliveredSettings,
    *,
    status: str = "ok",
    faults: Iterable[Fault] = (),
    warnings: Iterable[str] = (),
    fractions: int | None = None,
    prescription_gy: float | None = None,
    sessions: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    return {
        "patient": patient,
        "status": status,
        "faults": [asdict(fault) for fault in faults],
        "warnings": list(warnings),
        "fractions": fractions,
        "prescription_gy": prescription_gy,
        "dose_of": settings.dose_of,
        "registered_by_lungtox": any(one["kind"] == "registered" for one in sessions),
        "sessions": list(sessions),
    }
