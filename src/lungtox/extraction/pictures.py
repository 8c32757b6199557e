"""What a patient's page shows: three planes through the tumour with CT, dose, perfusion and outlines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from lungtox.dicom import FunctionImage, read_ct, read_structures
from lungtox.dose import CourseSamples, sample_courses
from lungtox.errors import InputError
from lungtox.extraction.function_source import PlacedFunction, place_function
from lungtox.extraction.histograms import function_dvhs
from lungtox.extraction.loading import Loaded, load_patient
from lungtox.extraction.patients import PatientRow
from lungtox.geometry import Image, Region, RigidMap, Structure, middle_mm, plane_values, share_image
from lungtox.imaging import FrameMap

if TYPE_CHECKING:  # pydantic is slow to import
    from lungtox.dose.config import DoseSettings, FunctionSettings

FloatArray = NDArray[np.float64]
PlaneName = Literal["transversal", "coronal", "sagittal"]

SHOWN_MM = (380.0, 280.0, 340.0)
"""What a page shows along x, y and z: the same for every patient whose lungs it holds."""
PIXEL_MM = 1.0
OUTLINED = ("Lung_L", "Lung_R", "Lungs", "GTV", "IGTV", "ITV", "CTV", "PTV", "Heart")
_TARGETS = ("GTV", "IGTV", "ITV", "CTV", "PTV")
_LUNGS = ("Lung_L", "Lung_R", "Lungs")
_CELL_MM = 2.0
_BEYOND_MM = 15.0
_STEP = 1.1
# Indices of the axes (x, y, z) to the right and upwards, and of the one across.
_PLANES: tuple[tuple[PlaneName, int, int, int], ...] = (
    ("transversal", 0, 1, 2),
    ("coronal", 0, 2, 1),
    ("sagittal", 1, 2, 0),
)
Box = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, eq=False)
class PicturePlane:
    """One plane through the patient, all arrays of shape (nu, na), rows along `up_mm`.

    Attributes
    ----------
    plane : {"transversal", "coronal", "sagittal"}
    across_mm, up_mm : ndarray, shape (na,), (nu,)
        Ascending patient coordinates: x and y, x and z, y and z.
    at_mm : float
        Where the plane lies along the third axis.
    hounsfield : ndarray or None
        NaN where the planning CT shows nothing; None without one.
    dose_gy : ndarray
        Sum of the courses; NaN outside a dose grid.
    perfusion_pct : ndarray or None
        In percent of the reference value; NaN where the image shows nothing.
    functional : ndarray or None
        Above 0 within the functional region, below 0 outside.
    outlines : dict of str to ndarray
        By canonical name the covered share, 0 to 1: the outline is where it is a half.
    """

    plane: PlaneName
    across_mm: FloatArray
    up_mm: FloatArray
    at_mm: float
    hounsfield: FloatArray | None
    dose_gy: FloatArray
    perfusion_pct: FloatArray | None
    functional: FloatArray | None
    outlines: dict[str, FloatArray]


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


@dataclass(frozen=True)
class _Function:
    """A function image in percent of its reference value."""

    placed: PlacedFunction
    reference: float
    region: str | None
    threshold_pct: float | None

    def at(self, axes: Sequence[FloatArray]) -> FloatArray:
        """Give percent of the reference in a plane, NaN outside; negative counts as 0, as in the DVHs."""
        values = plane_values(self.placed.image.image, axes, through=self.placed.to_image.points)
        share: FloatArray = 100.0 * np.maximum(values, 0.0) / self.reference
        return share


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
    looked = _function(row, entry, loaded, courses, dose=dose, function=function)
    whole = None
    if looked is not None and lungs is not None and looked.threshold_pct is not None:
        whole = share_image(lungs, pixel_mm=_CELL_MM, slice_mm=slice_mm, end_cap=dose.end_cap)
    ct, notes = _planning_ct(row, loaded)
    centre, centre_of = _centre(shares, courses, loaded)
    box = _box(shares, centre)
    planes = tuple(
        _cut(one, box, centre, loaded=loaded, ct=ct, looked=looked, whole=whole, shares=shares) for one in _PLANES
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


def _function(
    row: PatientRow,
    entry: Mapping[str, Any],
    loaded: Loaded,
    courses: CourseSamples | None,
    *,
    dose: DoseSettings,
    function: FunctionSettings | None,
) -> _Function | None:
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
        return _Function(placed, reference, None, None)
    return _Function(placed, first.reference, first.name, 100.0 * first.threshold / first.reference)


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


def _box(shares: Mapping[str, Image], centre: tuple[float, float, float]) -> Box:
    """Give what is shown along x, y and z: around the middle of the lungs, wider in steps where they need it."""
    lungs = [shares[name].grid for name in _LUNGS if name in shares]
    ends = []
    for number, axis in enumerate(("x_mm", "y_mm", "z_mm")):
        points = [float(end) for grid in lungs for end in getattr(grid, axis)[[0, -1]]]
        target = (centre[number] - _BEYOND_MM, centre[number] + _BEYOND_MM)
        ends.append((min([*points, target[0]]), max([*points, target[1]])))
    needed = max((high - low + _BEYOND_MM) / size for (low, high), size in zip(ends, SHOWN_MM, strict=True))
    scale = 1.0
    while scale < needed:
        scale *= _STEP
    x, y, z = (
        (0.5 * (low + high - scale * size), 0.5 * (low + high + scale * size))
        for (low, high), size in zip(ends, SHOWN_MM, strict=True)
    )
    return x, y, z


def _cut(
    plane: tuple[PlaneName, int, int, int],
    box: Box,
    centre: tuple[float, float, float],
    *,
    loaded: Loaded,
    ct: Image | None,
    looked: _Function | None,
    whole: Image | None,
    shares: Mapping[str, Image],
) -> PicturePlane:
    name, right, up, across = plane
    axes = [np.arange(low + 0.5 * PIXEL_MM, high, PIXEL_MM) for low, high in box]
    across_mm, up_mm = axes[right], axes[up]
    axes[across] = np.array([centre[across]])
    perfusion = None if looked is None else looked.at(axes)
    functional = None
    if perfusion is not None and looked is not None and looked.threshold_pct is not None and whole is not None:
        inside = 2.0 * np.nan_to_num(plane_values(whole, axes)) - 1.0
        # The smaller of two functions that change sign at an outline changes sign at that of the common part.
        functional = np.minimum(inside, np.nan_to_num(perfusion - looked.threshold_pct, nan=-100.0) / 10.0)
    return PicturePlane(
        plane=name,
        across_mm=across_mm,
        up_mm=up_mm,
        at_mm=centre[across],
        hounsfield=None if ct is None else plane_values(ct, axes),
        dose_gy=np.sum([plane_values(dose.image, axes) for dose in loaded.doses], axis=0),
        perfusion_pct=perfusion,
        functional=functional,
        outlines={each: np.nan_to_num(plane_values(image, axes)) for each, image in shares.items()},
    )
