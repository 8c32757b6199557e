"""Deformable registration of two images of one patient, where no field is given; marked as such everywhere."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lungtox.errors import Fault, FitError, InputError
from lungtox.geometry import DeformationField, Grid, Image, RigidMap, jacobian_determinant, pull_back
from lungtox.imaging.lungs import coarsened, find_lungs, middle_mm
from lungtox.imaging.mutual_information import as_itk, one_thread, optimise

if TYPE_CHECKING:  # pydantic is slow to import
    from lungtox.imaging.config import DeformableSettings

FloatArray = NDArray[np.float64]

_BINS = 32
_POINTS = 60_000
_LEAST_SEEN = 0.2
_RIGID_MM = 4.0
_ACTION = "Look at both images; give a field that a person has checked, or leave this session out."


@dataclass(frozen=True)
class DeformableQuality:
    """How well two images lie upon each other, before and after.

    Attributes
    ----------
    method : str
    mutual_information_start, mutual_information : float
        In nats, where both images show something; at the start the images lie as their coordinates say.
    correlation_start, correlation : float
        Pearson's, of the clipped values.
    shift_mm, rotation_deg : float
        Of the rigid part, which is found first.
    folding_pct : float
        Share of the nodes whose Jacobian determinant is 0 or less.
    iterations : int
    """

    method: str
    mutual_information_start: float
    mutual_information: float
    correlation_start: float
    correlation: float
    shift_mm: float
    rotation_deg: float
    folding_pct: float
    iterations: int


def register_deformable(
    planning: Image,
    session: Image,
    *,
    settings: DeformableSettings,
    planning_frame: str,
    session_frame: str,
    who: str,
) -> tuple[DeformationField, DeformableQuality]:
    """Find the field that leads from points of the planning CT to the image of a session.

    First the rotation and shift, then a B-spline by mutual information or demons by differences of HU, on voxels of
    ``spacing_mm``; one thread and a seed, so that the same images give the same field.

    Parameters
    ----------
    planning, session : Image
        In HU, evenly spaced.
    settings : DeformableSettings
    planning_frame, session_frame : str
        Frames of reference.
    who : str
        Stands at the front of every message: a study ID.

    Returns
    -------
    field : DeformationField
        With ``registered_by_lungtox``; the rotation and shift stand after the vectors. Not defined where the session's
        image shows nothing.
    quality : DeformableQuality

    Raises
    ------
    InputError
        Images that do not overlap (``deformable-overlap``), or that lie upon each other no better than before
        (``deformable-worse``).
    """
    low, high = settings.window_hu
    fixed, moving = (_clipped(coarsened(one, spacing_mm=settings.spacing_mm), low, high) for one in (planning, session))
    rigid = _rigid(planning, session, settings, low, high, who=who)
    run = _bspline if settings.method == "bspline" else _demons
    try:
        with one_thread():
            vectors_mm, iterations = run(fixed, moving, rigid, settings)
    except RuntimeError:  # its text names source files of ITK
        raise InputError(_no_overlap(who)) from None
    field = DeformationField(
        fixed.grid, vectors_mm, planning_frame, session_frame, after=rigid, registered_by_lungtox=True
    )
    # Where the session's image shows nothing, a vector is what smoothness makes of its neighbours.
    seen = np.isfinite(pull_back(moving, field, fixed.grid).values)
    field = replace(field, vectors_mm=np.where(seen, vectors_mm, np.float32(np.nan)))
    information_start, correlation_start, _ = _likeness(
        fixed, moving, _only(RigidMap.identity(), fixed.grid), low, high
    )
    information, correlation, _ = _likeness(fixed, moving, field, low, high)
    folds = jacobian_determinant(field).values
    centre = _centre_mm(fixed.grid)
    quality = DeformableQuality(
        method=settings.method,
        mutual_information_start=information_start,
        mutual_information=information,
        correlation_start=correlation_start,
        correlation=correlation,
        shift_mm=float(np.linalg.norm(rigid.rotation @ centre + rigid.shift_mm - centre)),
        rotation_deg=rigid.angle_deg,
        folding_pct=100.0 * float(np.mean(folds <= 0.0)),
        iterations=iterations,
    )
    if not quality.mutual_information >= quality.mutual_information_start:
        expected = "images that lie upon each other better after registration"
        found = f"a mutual information of {information:.3f} after {information_start:.3f} before"
        raise InputError(Fault(who, expected, found, _ACTION, "deformable-worse"))
    return field, quality


def _clipped(image: Image, low: float, high: float) -> Image:
    return Image(image.grid, np.clip(image.values, low, high).astype(np.float32))


def _rigid(
    planning: Image, session: Image, settings: DeformableSettings, low: float, high: float, *, who: str
) -> RigidMap:
    """Find rotation and shift from the best of several starts: scanners place their origins as they like."""
    fixed, moving = (_clipped(coarsened(one, spacing_mm=_RIGID_MM), low, high) for one in (planning, session))
    centre = _centre_mm(fixed.grid)
    shifts = [np.zeros(3), _centre_mm(moving.grid) - centre]
    lungs = [find_lungs(one) for one in (fixed, moving)]
    if all(one.any() for one in lungs):
        shifts.append(middle_mm(moving.grid, lungs[1]) - middle_mm(fixed.grid, lungs[0]))
    starts = [RigidMap(np.eye(3), shift) for shift in shifts]
    alike = [_likeness(fixed, moving, _only(start, fixed.grid), low, high) for start in starts]
    if max(seen for _, _, seen in alike) < _LEAST_SEEN:
        raise InputError(_no_overlap(who))
    best = max(range(len(starts)), key=lambda number: alike[number][0])
    try:
        return optimise(fixed, moving, start=starts[best], centre_mm=centre, region=None, seed=settings.seed).mapping
    except FitError:
        raise InputError(_no_overlap(who)) from None


def _centre_mm(grid: Grid) -> FloatArray:
    centre = np.array([axis.mean() for axis in (grid.x_mm, grid.y_mm, grid.z_mm)])
    return centre if grid.turn is None else np.asarray(grid.turn.T @ centre)


def _only(rigid: RigidMap, grid: Grid) -> DeformationField:
    """Give a rigid map as a field without vectors."""
    ends = (axis[[0, -1]] for axis in (grid.x_mm, grid.y_mm, grid.z_mm))
    x, y, z = ends
    return DeformationField(Grid(x, y, z, grid.turn), np.zeros((3, 2, 2, 2)), "", "", after=rigid)


def _no_overlap(who: str) -> Fault:
    expected = f"images of which at least {100 * _LEAST_SEEN:g} % overlap in their coordinates"
    return Fault(who, expected, "less", _ACTION, "deformable-overlap")


def _bspline(
    fixed: Image, moving: Image, rigid: RigidMap, settings: DeformableSettings
) -> tuple[NDArray[np.float32], int]:
    """Move control points until the mutual information is largest, at twice their distance first."""
    sitk = _sitk()
    target, source = as_itk(fixed), as_itk(moving)
    extent = [float(axis[-1] - axis[0]) for axis in (fixed.grid.x_mm, fixed.grid.y_mm, fixed.grid.z_mm)]
    mesh = [max(1, round(length / (2.0 * settings.control_mm))) for length in extent]
    transform = sitk.BSplineTransformInitializer(target, mesh, 3)
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(numberOfHistogramBins=_BINS)
    method.SetMetricSamplingStrategy(method.RANDOM)
    shares = [min(1.0, _POINTS * level**3 / fixed.values.size) for level in (2, 1)]
    method.SetMetricSamplingPercentagePerLevel(shares, settings.seed)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetShrinkFactorsPerLevel([2, 1])
    method.SetSmoothingSigmasPerLevel([2.0 * settings.spacing_mm, 0.0])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetOptimizerAsLBFGS2(
        solutionAccuracy=1e-4, numberOfIterations=settings.iterations, deltaConvergenceTolerance=1e-4
    )
    method.SetMovingInitialTransform(_as_transform(rigid))
    method.SetInitialTransformAsBSpline(transform, inPlace=True, scaleFactors=[1, 2])
    counts = [0]
    method.AddCommand(sitk.sitkIterationEvent, lambda: counts.append(counts.pop() + 1))
    found = method.Execute(target, source)
    # The result is the chain of both; the spline alone is what stands before the rigid part.
    spline = sitk.CompositeTransform(found).GetBackTransform() if found.GetName() == "CompositeTransform" else transform
    field = sitk.TransformToDisplacementField(
        spline, sitk.sitkVectorFloat32, target.GetSize(), target.GetOrigin(), target.GetSpacing(), target.GetDirection()
    )
    return _vectors(field), counts[0]


def _demons(
    fixed: Image, moving: Image, rigid: RigidMap, settings: DeformableSettings
) -> tuple[NDArray[np.float32], int]:
    """Follow the differences of HU along the gradients of both images, on coarse voxels first."""
    sitk = _sitk()
    moved = pull_back(moving, _only(rigid, fixed.grid), fixed.grid).values
    # Beyond the ends of the session's image nothing pulls: air there would draw everything to itself.
    source = as_itk(Image(fixed.grid, np.where(np.isfinite(moved), moved, fixed.values).astype(np.float32)))
    field, iterations = None, 0
    for level in (4, 2, 1):
        images = [
            sitk.Shrink(sitk.SmoothingRecursiveGaussian(one, settings.spacing_mm * level / 2), [level] * 3)
            if level > 1
            else one
            for one in (as_itk(fixed), source)
        ]
        method = sitk.FastSymmetricForcesDemonsRegistrationFilter()
        method.SetNumberOfIterations(settings.iterations)
        method.SetSmoothDisplacementField(True)
        method.SetStandardDeviations(max(0.5, settings.smoothing_mm / (settings.spacing_mm * level)))
        if field is None:
            field = method.Execute(*images)
        else:
            start = sitk.Resample(field, images[0], sitk.Transform(), sitk.sitkLinear, 0.0, sitk.sitkVectorFloat64)
            field = method.Execute(*images, start)
        iterations += int(method.GetElapsedIterations())
    # The demons field leads from a fixed point to the rigidly moved image, whose points lie in the fixed frame.
    return _vectors(field), iterations


def _likeness(
    fixed: Image, moving: Image, field: DeformationField, low: float, high: float
) -> tuple[float, float, float]:
    """Give mutual information in nats and correlation where both images show something, and that share of the fixed."""
    other = pull_back(moving, field, fixed.grid).values
    known = np.isfinite(other)
    a, b = fixed.values[known].astype(np.float64), other[known]
    if a.size < _BINS**2:
        return 0.0, 0.0, 0.0
    counts, _, _ = np.histogram2d(a, b, bins=_BINS, range=[[low, high]] * 2)
    joint = counts / counts.sum()
    apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    filled = joint > 0
    information = float(np.sum(joint[filled] * np.log(joint[filled] / apart[filled])))
    spread = float(a.std() * b.std())
    correlation = float(np.mean((a - a.mean()) * (b - b.mean())) / spread) if spread > 0 else 0.0
    return information, correlation, float(known.mean())


def _as_transform(rigid: RigidMap) -> Any:
    made = _sitk().AffineTransform(3)
    made.SetMatrix(rigid.rotation.ravel().tolist())
    made.SetTranslation(rigid.shift_mm.tolist())
    return made


def _vectors(field: Any) -> NDArray[np.float32]:
    """Give an ITK displacement field along the patient axes, shape (3, nz, ny, nx)."""
    values = _sitk().GetArrayFromImage(field)
    return np.ascontiguousarray(np.moveaxis(values, -1, 0), dtype=np.float32)


def _sitk() -> Any:
    """Give SimpleITK, which has no types and is slow to import."""
    import SimpleITK

    return SimpleITK
