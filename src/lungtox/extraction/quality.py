"""The quality entry of one patient, as qa.json has it, and its faults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

from lungtox.errors import Fault, LungtoxError


def about(patient: str, faults: Iterable[Fault]) -> list[Fault]:
    """Put the study ID in front of faults that name only a file or a structure."""
    return [fault if patient in fault.who else replace(fault, who=f"{patient}, {fault.who}") for fault in faults]


def as_fault(patient: str, error: LungtoxError) -> Fault:
    """Give the fault of an error that names none."""
    return Fault(patient, "files that give a DVH", str(error), "Look at this patient's files.", "unusable")


def coverage_fault(patient: str, structure: str, coverage_pct: float, minimum_pct: float) -> Fault:
    """Say how much of a structure lies outside the dose grid."""
    return Fault(
        patient,
        f"a dose grid that covers {minimum_pct:g} % of {structure}",
        f"{100 - coverage_pct:.3g} % of its volume outside the grid",
        f"Calculate the dose on a larger grid, or name {structure} under dose.allow_partial_coverage:"
        " its DVH is then that of the part inside.",
        "dose-coverage",
    )


def function_qa(
    status: str,
    *,
    regions: Mapping[str, Any] | None = None,
    registration: Mapping[str, Any] | None = None,
    figures: Mapping[str, Any] | None = None,
    faults: Iterable[Fault] = (),
    warnings: Iterable[str] = (),
) -> dict[str, Any]:
    """Give the entry ``function``: status ``ok``, ``none`` or ``unusable``."""
    return {
        "status": status,
        "regions": dict(regions or {}),
        "registration": registration,
        **{name: (figures or {}).get(name) for name in ("split", "hot_spot", "hot_spot_warned", "edge")},
        "faults": [asdict(fault) for fault in faults],
        "warnings": list(warnings),
    }


def patient_qa(
    patient: str,
    *,
    status: str = "ok",
    faults: Iterable[Fault] = (),
    warnings: Iterable[str] = (),
    **figures: Any,
) -> dict[str, Any]:
    """Give the whole entry; what is not among the figures is empty."""
    empty: dict[str, Any] = {
        "technique": None,
        "treatment_beams": None,
        "setup_beams": None,
        "fractions": None,
        "prescription_gy": None,
        "dose_grid": None,
        "structures": {},
        "names": [],
        "function": function_qa("none"),
        "bounds": [],
    }
    head = {
        "patient": patient,
        "status": status,
        "faults": [asdict(fault) for fault in faults],
        "warnings": list(warnings),
    }
    return {**head, **empty, **figures}
