"""One patient from files to DVHs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lungtox.dose import BoundedMetric, CourseSamples, Dvh, SweepRow, read_dvhs, sample_courses
from lungtox.dose.config import DoseSettings, FunctionSettings
from lungtox.errors import Fault, InputError, LungtoxError
from lungtox.extraction.accepted import AcceptedRoi
from lungtox.extraction.bounds import PatientBounds, patient_bounds
from lungtox.extraction.dvh_source import read_exported_dvhs
from lungtox.extraction.functional import functional_part
from lungtox.extraction.histograms import anatomical_dvhs
from lungtox.extraction.loading import Loaded, load_patient
from lungtox.extraction.patients import PatientRow
from lungtox.extraction.quality import about, as_fault, coverage_fault, function_qa, patient_qa
from lungtox.geometry import Grid
from lungtox.imaging.config import RegistrationSettings


@dataclass(frozen=True)
class Extraction:
    """What one patient's files gave.

    Attributes
    ----------
    patient : str
    dvhs : tuple of Dvh
        Physical dose and EQD2 of each structure, then perfusion-weighted and functional ones. Empty for a patient who
        cannot be used.
    qa : dict
        Quality figures, warnings and faults as docs/file-contracts.md has them.
    bounds : tuple of BoundedMetric
        What the discretisation leaves to each metric, where the config asks for it.
    sweep : tuple of SweepRow
        How the functional metrics move, where the config asks for it and there is an image.
    """

    patient: str
    dvhs: tuple[Dvh, ...]
    qa: dict[str, Any]
    bounds: tuple[BoundedMetric, ...] = ()
    sweep: tuple[SweepRow, ...] = ()


def extract_batch(
    rows: Iterable[PatientRow],
    *,
    dose: DoseSettings,
    function: FunctionSettings | None = None,
    registration: RegistrationSettings | None = None,
) -> list[Extraction]:
    """Extract several patients, one after the other; one who cannot be used stops none of the others."""
    return [extract_patient(row, dose=dose, function=function, registration=registration) for row in rows]


def extract_patient(
    row: PatientRow,
    *,
    dose: DoseSettings,
    function: FunctionSettings | None = None,
    registration: RegistrationSettings | None = None,
) -> Extraction:
    """Compute all DVHs of one patient.

    Parameters
    ----------
    row : PatientRow
    dose : DoseSettings
        Structures, coverage, alpha/beta.
    function : FunctionSettings, optional
        Perfusion weighting and functional regions; a patient without a usable SPECT keeps the anatomical DVHs.
    registration : RegistrationSettings, optional
        How images are registered, and what is refused; by default as the settings have it.

    Returns
    -------
    Extraction
        With ``qa["status"]`` ``"unusable"`` and the faults where the files cannot be used; never an exception for that.
    """
    try:
        if row.export is not None:
            return _from_export(row, dose)
        if "dvh" in row.cells:
            return _pass_through(row, dose, function)
        return _extract(row, dose, function, registration or RegistrationSettings())
    except LungtoxError as error:
        faults = error.faults if isinstance(error, InputError) else (as_fault(row.patient, error),)
        return Extraction(
            row.patient, (), patient_qa(row.patient, status="unusable", faults=about(row.patient, faults))
        )


def _extract(
    row: PatientRow, settings: DoseSettings, function: FunctionSettings | None, registration: RegistrationSettings
) -> Extraction:
    loaded = load_patient(row, settings, function=function)
    samples = sample_all(row.patient, loaded, settings)
    warnings = [*loaded.warnings, *(text for one in samples.values() for text in one.samples.warnings)]
    if settings.eqd2 and loaded.fractions is None:
        warnings.append("no number of fractions: EQD2 is left out")
    dvhs = [dvh for name, one in samples.items() for dvh in anatomical_dvhs(name, one, settings)]
    functional, figures, image = functional_part(row, samples, loaded, settings, function, registration)
    dvhs += functional.dvhs
    bounds = PatientBounds()
    if settings.bounds:
        bounds = patient_bounds(row.patient, loaded, samples, dvhs, image=image, dose=settings, function=function)
        warnings += bounds.warnings
    plan = next(iter(loaded.plans), None)  # of the main course
    qa = patient_qa(
        row.patient,
        warnings=dict.fromkeys(warnings),
        technique=plan.technique if plan else None,
        treatment_beams=sum(one.treatment_beams for one in loaded.plans) if plan else None,
        setup_beams=sum(one.setup_beams for one in loaded.plans) if plan else None,
        fractions=loaded.fractions,
        prescription_gy=loaded.prescription_gy,
        dose_grid=_grid_figures(loaded.doses[0].image.grid),
        structures={
            name: {
                "volume_cc": one.samples.region_cc,
                "coverage_pct": one.samples.coverage_pct,
                "planes": one.samples.planes,
                "composed_of": loaded.composed_of[name],
                "volume_bounds_cc": bounds.volume_ends_cc(name),
            }
            for name, one in samples.items()
        },
        names=[_name_figures(roi) for roi in loaded.names],
        function=figures,
        bounds=[bound.as_entry() for bound in bounds.metrics],
    )
    return Extraction(row.patient, tuple(dvhs), qa, bounds.metrics, functional.sweep)


def _name_figures(roi: AcceptedRoi) -> dict[str, Any]:
    """Say how a structure was found; its ROI name is left out, it may tell who the patient is."""
    who = "score" if roi.automatic else "person"
    return {"structure": roi.structure, "match": roi.match, "score": roi.score, "accepted_by": who}


def sample_all(patient: str, loaded: Loaded, settings: DoseSettings) -> dict[str, CourseSamples]:
    """Sample every region and refuse those that leave the dose grid.

    Raises
    ------
    InputError
        With one fault for each region whose coverage is below the minimum and not allowed by name.
    """
    samples: dict[str, CourseSamples] = {}
    faults: list[Fault] = []
    for name, region in loaded.regions.items():
        try:
            one = sample_courses(region, loaded.doses, end_cap=settings.end_cap, between_planes=settings.between_planes)
        except InputError as error:
            faults += about(patient, error.faults)
            continue
        recipe = settings.structures[name]
        allowed = bool({name, *recipe.union} & set(settings.allow_partial_coverage))
        coverage_pct = one.samples.coverage_pct
        if coverage_pct < settings.minimum_coverage_pct - 1e-6 and not allowed:
            faults.append(coverage_fault(patient, name, coverage_pct, settings.minimum_coverage_pct))
        samples[name] = one
    if faults:
        raise InputError(faults)
    return samples


def _grid_figures(grid: Grid) -> dict[str, list[float]]:
    """Size and spacing along x, y, z; where planes are spaced unevenly, the widest gap."""
    axes = (grid.x_mm, grid.y_mm, grid.z_mm)
    return {
        "shape": [axis.size for axis in axes],
        "spacing_mm": [round(float(np.diff(axis).max()), 6) for axis in axes],
    }


def _from_export(row: PatientRow, settings: DoseSettings) -> Extraction:
    """Take the accepted structures of a planning system's DVH export."""
    found = read_exported_dvhs(row, settings)
    faults = [
        coverage_fault(row.patient, name, source.coverage_pct, settings.minimum_coverage_pct)
        for name, source in found.sources.items()
        if source.coverage_pct < settings.minimum_coverage_pct - 1e-6
        and not {name, *settings.structures[name].union} & set(settings.allow_partial_coverage)
    ]
    if faults:
        raise InputError(faults)
    qa = patient_qa(
        row.patient,
        warnings=[*found.warnings, *(["a DVH export gives no bounds of the metrics"] if settings.bounds else [])],
        fractions=found.fractions,
        prescription_gy=found.prescription_gy,
        structures={
            name: {
                "volume_cc": source.structure_cc,
                "coverage_pct": source.coverage_pct,
                "planes": None,
                "volume_bounds_cc": None,
            }
            for name, source in found.sources.items()
        },
    )
    return Extraction(row.patient, found.dvhs, qa)


def _pass_through(row: PatientRow, settings: DoseSettings, function: FunctionSettings | None) -> Extraction:
    """Take the DVHs of a table as they are; the structures that the config names must be there."""
    path = row.path("dvh")
    if path is None or not path.is_file():
        raise InputError(Fault(row.patient, "a table of DVHs", "no such file", "Check the path.", "file-missing"))
    own = [dvh for patient, dvh in read_dvhs(path) if patient == row.patient]
    weightings = {"anatomical"}
    if function is not None:
        weightings |= set(function.weightings)
    dvhs = [dvh for dvh in own if dvh.structure in settings.structures and dvh.weighting in weightings]
    whole = {dvh.structure: dvh for dvh in dvhs if (dvh.weighting, dvh.quantity) == ("anatomical", "physical")}
    missing = [name for name in settings.structures if name not in whole]
    if missing:
        found = ", ".join(sorted({dvh.structure for dvh in own})) or "no row of this patient"
        expected = f"physical-dose DVHs of {', '.join(missing)}"
        raise InputError(Fault(row.patient, expected, found, "Add them to the table.", "structure-missing"))
    regions = {
        dvh.weighting.removeprefix("functional:"): {
            "volume_cc": dvh.total_cc,
            "share_pct": 100.0 * dvh.total_cc / whole[dvh.structure].total_cc,
        }
        for dvh in dvhs
        if dvh.weighting.startswith("functional:") and dvh.quantity == "physical"
    }
    has_function = any(dvh.weighting != "anatomical" for dvh in dvhs)
    qa = patient_qa(
        row.patient,
        warnings=[
            "the DVHs come from a table: plan, grid and coverage are not known",
            *(["the DVHs come from a table: no bounds of the metrics"] if settings.bounds else []),
        ],
        structures={
            name: {
                "volume_cc": dvh.structure_cc,
                "coverage_pct": dvh.coverage_pct,
                "planes": None,
                "composed_of": None,
                "volume_bounds_cc": None,
            }
            for name, dvh in whole.items()
        },
        function=function_qa("ok" if has_function else "none", regions=regions),
    )
    return Extraction(row.patient, tuple(dvhs), qa)
