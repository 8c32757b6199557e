"""The functional part of one patient: what the image and the physician's contours give, or why they give nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from lungtox.dicom import read_function_image
from lungtox.dose import CourseSamples
from lungtox.dose.config import DoseSettings, FunctionSettings
from lungtox.errors import Fault, InputError, LungtoxError
from lungtox.extraction.function_results import FunctionResults, contour_results, image_results
from lungtox.extraction.function_source import PlacedFunction, place_function
from lungtox.extraction.image_registration import register_patient
from lungtox.extraction.loading import Loaded
from lungtox.extraction.patients import PatientRow
from lungtox.extraction.quality import about, as_fault, function_qa
from lungtox.imaging.config import RegistrationSettings


def functional_part(
    row: PatientRow,
    samples: Mapping[str, CourseSamples],
    loaded: Loaded,
    settings: DoseSettings,
    function: FunctionSettings | None,
    registration: RegistrationSettings,
) -> tuple[FunctionResults, dict[str, Any], PlacedFunction | None]:
    """Give everything that function gives of one patient.

    Parameters
    ----------
    row : PatientRow
    samples : mapping of str to CourseSamples
        Of the analysed structures.
    loaded : Loaded
    settings : DoseSettings
    function : FunctionSettings or None
        None: nothing is wanted.
    registration : RegistrationSettings
        How images are registered where they have to be.

    Returns
    -------
    FunctionResults
        Without an image that can be used only what the contours give; never an exception for that.
    dict
        The entry ``function`` of qa.json.
    PlacedFunction or None
    """
    if function is None:
        return FunctionResults(), function_qa("none"), None
    courses = samples.get(function.structure)
    drawn = FunctionResults()
    if courses is not None:
        drawn = contour_results(courses, loaded, settings=settings, function=function)
    drawn_faults = about(row.patient, drawn.faults)
    path = row.path("spect")
    if path is None:
        return drawn, function_qa("none", regions=drawn.region_figures(), faults=drawn_faults), None
    try:
        if courses is None:
            expected = f"the structure {function.structure} for the functional DVH"
            raise InputError(Fault(row.patient, expected, "none", "Accept its ROIs.", "structure-missing"))
        frame = loaded.frame_of_reference
        images = partial(register_patient, row, lungs=courses.samples, frame_of_reference=frame, settings=registration)
        placed = place_function(
            path, row.paths("registration"), frame_of_reference=frame, who=row.patient, images=images
        )
        other, remarks = _other_attenuation(row, placed, function)
        region = loaded.regions[function.structure]
        found = image_results(
            courses, placed, region=region, settings=settings, function=function, who=row.patient, other=other
        )
    except LungtoxError as error:
        faults = error.faults if isinstance(error, InputError) else (as_fault(row.patient, error),)
        all_faults = [*about(row.patient, faults), *drawn_faults]
        return drawn, function_qa("unusable", regions=drawn.region_figures(), faults=all_faults), None
    results = found.then(drawn)
    figures = function_qa(
        "ok",
        regions=results.region_figures(),
        registration=placed.registration_figures(courses.samples),
        figures=results.figures,
        faults=drawn_faults,
        warnings=[*placed.warnings, *remarks, *results.warnings],
    )
    return results, figures, placed


def _other_attenuation(
    row: PatientRow, placed: PlacedFunction, function: FunctionSettings
) -> tuple[PlacedFunction | None, list[str]]:
    """Give the image with the other attenuation correction; one that cannot be used only leaves the sweep without."""
    path = row.path("spect_nac")
    if path is None or not function.sweep:
        return None, []
    try:
        image = read_function_image(path, who=row.patient)
    except InputError as error:
        found = "; ".join(fault.found for fault in error.faults)
    else:
        if image.frame_of_reference == placed.image.frame_of_reference:
            return replace(placed, image=image), []
        found = "another frame of reference than that of the first"
    return None, [f"no sweep over attenuation correction, the second image cannot be used: {found}"]
