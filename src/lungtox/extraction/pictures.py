"""What a patient's page shows: three planes through the tumour with CT, dose, perfusion and outlines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lungtox.dicom import FunctionImage, read_ct, read_structures
from lungtox.dose import CourseSamples, sample_courses
from lungtox.errors import InputError
from lungtox.extraction.function_source import place_function
from lungtox.extraction.histograms import function_dvhs
from lungtox.extraction.loading import Loaded, load_patient
from lungtox.extraction.patients import PatientRow
from lungtox.extraction.picture_planes import PLANES, PercentImage, PicturePlane, cut_plane, shown_box
from lungtox.geometry import Image, Region, RigidMap, Structure, middle_mm, share_image
from lungtox.imaging import FrameMap

if TYPE_CHECKING:  # pydantic is slow to import
    from lungtox.dose.config import DoseSettings, FunctionSettings

FloatArray = NDArray[np.float64]
OUTLINED = ("Lung_L", "Lung_R", "Lungs", "GTV", "IGTV", "ITV", "CTV", "PTV", "Heart")
_TARGETS = ("GTV", "IGTV", "ITV", "CTV", "PTV")
_CELL_MM = 2.0


@dataclass(frozen=True, eq=False)
class PatientPicture:
    """The images of one patient's page.

    Attributes
    ----------
    patient : str
    planes : tuple of PicturePlane
        Transversal, coronal, sagittal.
    centre_mm : tuple of float
        The point in which the planes meet.
    centre_of : str
        ``middle of the GTV``, ``highest dose in Lungs-GTV``.
    prescription_gy : float or None
    rbe_weighted : bool
    region : str or None
        Functional region that is outlined, as named in the config.
    threshold_pct : float or None
        Of it, in percent of the reference value.
    notes : tuple of str
        Why there is no planning CT, where there is none.
    """

    patient: str
    planes: tuple[PicturePlane, ...]
    centre_mm: tuple[float, float, float]
    centre_of: str
    prescription_gy: float | None
    rbe_weighted: bool
    region: str | None
    threshold_pct: float | None
    notes: tuple[str, ...]


def picture_patient(
    row: PatientRow, entry: Mapping[str, Any], *, dose: DoseSettings, function: FunctionSettings | None = None
) -> PatientPicture:
    """Cut three planes through the tumour of a patient whose DVHs were extracted.

    Parameters
    ----------
    row : PatientRow
    entry : mapping
        The patient's entry of qa.json. Perfusion is shown where its function was used, over the registration that was
        used: a registration of images is taken from there and not done again.
    dose : DoseSettings
    function : FunctionSettings, optional

    Returns
    -------
    PatientPicture
        The planes meet in the centre of mass of the first of GTV, IGTV, ITV, CTV and PTV that the patient has, else
        where the dose to the analysed lungs is highest. A planning CT that is missing, cannot be read or lies in
        another frame of reference leaves the page without one, and a note says why.

    Raises
    ------
    InputError
        Dose or structures cannot be used.
    """
    loaded = load_patient(row, dose)
    structures = _outlined(row)
    slice_mm = float(np.diff(loaded.doses[0].image.grid.z_mm).min())
    shares = {
        name: share_image(region, pixel_mm=_CELL_MM, slice_mm=slice_mm, end_cap=dose.end_cap)
        for name, region in structures.items()
    }
    lungs, courses = _sample_lungs(loaded, dose, function)
    looked = _place_percent(row, entry, loaded, courses, dose=dose, function=function)
    whole = None
    if looked is not None and lungs is not None and looked.threshold_pct is not None:
        whole = share_image(lungs, pixel_mm=_CELL_MM, slice_mm=slice_mm, end_cap=dose.end_cap)
    ct, notes = _planning_ct(row, loaded)
    centre, centre_of = _centre(shares, courses, loaded)
    box = shown_box(shares, centre)
    planes = tuple(
        cut_plane(one, box, centre, doses=loaded.doses, ct=ct, looked=looked, whole=whole, shares=shares)
        for one in PLANES
    )
    return PatientPicture(
        patient=row.patient,
        planes=planes,
        centre_mm=centre,
        centre_of=centre_of,
        prescription_gy=loaded.prescription_gy,
        rbe_weighted=loaded.doses[0].rbe_weighted,
        region=None if looked is None else looked.region,
        threshold_pct=None if looked is None else looked.threshold_pct,
        notes=notes,
    )


def _outlined(row: PatientRow) -> dict[str, Region]:
    """Read the accepted ROIs that are drawn; several of one target are joined."""
    path = row.path("structures")
    rois = [roi for roi in row.rois if roi.structure in OUTLINED]
    if path is None or not rois:
        return {}
    labels = {roi.number: roi.structure for roi in rois}
    found = read_structures(path, names=list(labels), labels=labels, who=row.patient).structures
    parts: dict[str, list[Structure]] = {}
    for roi in rois:
        structure = found.get(roi.number)
        # One that has changed since it was accepted is not drawn; where it is analysed, loading has refused it.
        if structure is not None and structure.planes and structure.name == roi.name.strip():
            parts.setdefault(roi.structure, []).append(structure)
    return {name: Region(name, tuple(parts[name])) for name in OUTLINED if name in parts}


def _sample_lungs(
    loaded: Loaded, dose: DoseSettings, function: FunctionSettings | None
) -> tuple[Region | None, CourseSamples | None]:
    """Sample the structure of the functional analysis, or without one the first that is analysed."""
    name = next(iter(loaded.regions)) if function is None else function.structure
    region = loaded.regions.get(name)
    if region is None:
        return None, None
    return region, sample_courses(region, loaded.doses, end_cap=dose.end_cap, between_planes=dose.between_planes)


def _place_percent(
    row: PatientRow,
    entry: Mapping[str, Any],
    loaded: Loaded,
    courses: CourseSamples | None,
    *,
    dose: DoseSettings,
    function: FunctionSettings | None,
) -> PercentImage | None:
    """Place the function image as the extraction did, and find its reference value in the same way."""
    told = entry["function"]
    path = row.path("spect")
    if function is None or path is None or courses is None or told["status"] != "ok":
        return None
    registration = told.get("registration") or {}

    def recalled(_: FunctionImage) -> FrameMap:
        matrix = np.asarray(registration["matrix"], dtype=np.float64)
        return FrameMap("image", RigidMap(matrix[:, :3], matrix[:, 3]))

    placed = place_function(
        path,
        row.paths("registration"),
        frame_of_reference=loaded.frame_of_reference,
        who=row.patient,
        images=recalled if registration.get("kind") == "image" else None,
    )
    physical = dose.model_copy(update={"eqd2": {}})
    regions = function_dvhs(courses, placed, settings=physical, function=function, who=row.patient)[0].regions
    first = next(iter(regions.values()), None)
    if first is None:
        reference = float(placed.at(courses.samples, who=row.patient).max())
        return PercentImage(placed, reference, None, None)
    return PercentImage(placed, first.reference, first.name, 100.0 * first.threshold / first.reference)


def _planning_ct(row: PatientRow, loaded: Loaded) -> tuple[Image | None, tuple[str, ...]]:
    path = row.path("planning_ct")
    if path is None:
        return None, ("No planning CT.",)
    try:
        ct = read_ct(path, who=row.patient)
    except InputError as error:
        return None, (f"Planning CT not shown: {'; '.join(fault.found for fault in error.faults)}.",)
    if ct.frame_of_reference != loaded.frame_of_reference:
        return None, ("Planning CT not shown: it lies in another frame of reference than the dose.",)
    return ct.image, ()


def _centre(
    shares: Mapping[str, Image], courses: CourseSamples | None, loaded: Loaded
) -> tuple[tuple[float, float, float], str]:
    target = next((name for name in _TARGETS if name in shares), None)
    if target is not None:
        return middle_mm(shares[target]), f"middle of the {target}"
    if courses is not None:
        samples = courses.samples
        at = int(samples.dose_gy.argmax())
        x, y, z = (float(axis[at]) for axis in (samples.x_mm, samples.y_mm, samples.z_mm))
        return (x, y, z), f"highest dose in {samples.structure}"
    image = loaded.doses[0].image
    iz, iy, ix = (int(one) for one in np.unravel_index(int(image.values.argmax()), image.grid.shape))
    places = np.array([image.grid.x_mm[ix], image.grid.y_mm[iy], image.grid.z_mm[iz]])
    x, y, z = (places if image.grid.turn is None else image.grid.turn.T @ places).tolist()
    return (x, y, z), "highest dose"
