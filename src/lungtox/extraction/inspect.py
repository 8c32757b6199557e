"""Everything about one patient's files that would stop or weaken the extraction; of dose values the maximum only."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from lungtox.dicom import read_dose_header
from lungtox.dose.config import DoseSettings, FunctionSettings
from lungtox.errors import Fault, InputError
from lungtox.extraction.courses import ACCEPTED
from lungtox.extraction.dvh_source import NO_GRID
from lungtox.extraction.extract import extract_patient, sample_all
from lungtox.extraction.function_source import place_function
from lungtox.extraction.image_registration import check_images
from lungtox.extraction.loading import Loaded, load_patient
from lungtox.extraction.patients import PatientRow
from lungtox.extraction.quality import about
from lungtox.geometry import Grid, Structure
from lungtox.imaging.config import RegistrationSettings

SpectStatus = Literal["ok", "none", "unusable"]


@dataclass(frozen=True)
class Inspection:
    """What a look at one patient's files found.

    Attributes
    ----------
    faults : tuple of Fault
        What makes the patient unusable.
    warnings : tuple of str
        Everything else, with the study ID in front; a SPECT that is refused is among these.
    dose_uids : tuple of str
        Tell the same dose under two study IDs; never written anywhere.
    spect : {"ok", "none", "unusable"} or None
        None where it was not looked at: no section `function`, or a patient who cannot be used.
    fractions : int or None
        Of the plan, where there is one plan and it is known.
    """

    faults: tuple[Fault, ...]
    warnings: tuple[str, ...] = ()
    dose_uids: tuple[str, ...] = field(default=(), repr=False)
    spect: SpectStatus | None = None
    fractions: int | None = None


def inspect_patient(
    row: PatientRow,
    *,
    dose: DoseSettings,
    function: FunctionSettings | None = None,
    registration: RegistrationSettings | None = None,
) -> Inspection:
    """Look at one patient's files before a run.

    Parameters
    ----------
    row : PatientRow
    dose : DoseSettings
    function : FunctionSettings, optional
    registration : RegistrationSettings, optional
        Images are not registered here; that takes seconds. The headers of those that would be are looked at.

    Returns
    -------
    Inspection
    """
    if "dvh" in row.cells:
        qa = extract_patient(row, dose=dose, function=function).qa
        looked_at = function is not None and qa["status"] == "ok"
        faults = tuple(Fault(**fault) for fault in qa["faults"])
        # That an export has no grid is no news to the person who lists it.
        news = [text for text in qa["warnings"] if text != NO_GRID] if row.export is not None else []
        told = tuple(f"{row.patient}: {text}" for text in news)
        return Inspection(faults, told, dose_uids=_content(row), spect=qa["function"]["status"] if looked_at else None)
    try:
        loaded = load_patient(row, dose, pixels=False)
        samples = {} if _plainly_covered(loaded) else sample_all(row.patient, loaded, dose)
    except InputError as error:
        return Inspection(tuple(about(row.patient, error.faults)))
    warnings = [*loaded.warnings, *(text for one in samples.values() for text in one.samples.warnings)]
    if dose.eqd2 and not loaded.plans:
        warnings.append("no plan, so no number of fractions: EQD2 is left out")
    spect: SpectStatus | None = None
    if function is not None:
        spect, more = _function_warnings(row, loaded, registration or RegistrationSettings())
        warnings += more
    uids = [read_dose_header(path, accept=ACCEPTED, who=row.patient).uid for path in row.paths("dose")]
    texts = (text.removeprefix(f"{row.patient}: ") for text in dict.fromkeys(warnings))
    told = tuple(f"{row.patient}: {text}" for text in texts)
    fractions = loaded.doses[0].fractions if len(loaded.doses) == 1 else None
    return Inspection((), told, tuple(uid for uid in uids if uid), spect, fractions)


def _content(row: PatientRow) -> tuple[str, ...]:
    """Tell one DVH export under two study IDs: it has no identifier that may be kept, so its bytes count."""
    path = row.export
    if path is None or not path.is_file():
        return ()
    return (hashlib.sha256(path.read_bytes()).hexdigest(),)


def _plainly_covered(loaded: Loaded) -> bool:
    """Say whether every structure's box lies within the dose voxels' centres: most do, and need no sampling."""
    parts = {id(part): part for region in loaded.regions.values() for part in region.union}
    grids = [dose.image.grid for dose in loaded.doses]
    return all(grid.turn is None and _box_inside(part, grid) for part in parts.values() for grid in grids)


def _box_inside(structure: Structure, grid: Grid) -> bool:
    x, y, z = ((axis[0], axis[-1]) for axis in (grid.x_mm, grid.y_mm, grid.z_mm))
    heights = [plane.z_mm for plane in structure.planes]
    if len(heights) < 2:
        return False  # the thickness of a single plane is a matter of the engine
    low, high = heights[0] - (heights[1] - heights[0]), heights[-1] + (heights[-1] - heights[-2])
    return (z[0] <= low and high <= z[1]) and all(
        bool(limits[0] <= ring[:, column].min() and ring[:, column].max() <= limits[1])
        for plane in structure.planes
        for ring in plane.rings
        for column, limits in ((0, x), (1, y))
    )


def _function_warnings(
    row: PatientRow, loaded: Loaded, registration: RegistrationSettings
) -> tuple[SpectStatus, list[str]]:
    path = row.path("spect")
    if path is None:
        return "none", []
    try:
        frame = loaded.frame_of_reference
        images = partial(check_images, row, frame_of_reference=frame, settings=registration)
        placed = place_function(
            path, row.paths("registration"), frame_of_reference=frame, who=row.patient, images=images
        )
    except InputError as error:
        return "unusable", [
            f"SPECT not usable: expected {fault.expected}; found {fault.found}. {fault.action}"
            for fault in error.faults
        ]
    return "ok", list(placed.warnings)
