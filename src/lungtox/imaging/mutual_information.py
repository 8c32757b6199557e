"""The optimiser of rigid registration: SimpleITK with a fixed seed and one thread, so that it repeats to the bit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lungtox.errors import FitError
from lungtox.geometry import Image, RigidMap
from lungtox.imaging.lungs import step_mm

FloatArray = NDArray[np.float64]

_LEVELS = (4, 2, 1)
_SMOOTHING_MM = (8.0, 4.0, 2.0)
"""Also at the last level: interpolation smooths noise between voxels, which would favour maps that avoid voxels."""
_BINS = 32
_POINTS = 100_000
"""At most so many points are compared at each level."""
_ITERATIONS = 100
_FIRST_STEP_MM, _LAST_STEP_MM = 2.0, 0.001


@dataclass(frozen=True)
class Optimum:
    """Where the optimiser stopped.

    Attributes
    ----------
    mapping : RigidMap
        From the fixed image's frame to that of the moving one.
    information, information_start : float
        Mutual information in nats, at the end and at the start.
    iterations : int
        Over all levels.
    converged : bool
        False where the last level used all of its iterations.
    """

    mapping: RigidMap
    information: float
    information_start: float
    iterations: int
    converged: bool


def optimise(
    fixed: Image,
    moving: Image,
    *,
    start: RigidMap,
    centre_mm: FloatArray,
    region: NDArray[np.bool_] | None,
    seed: int,
) -> Optimum:
    """Move and turn an image until its mutual information with another one is largest.

    Parameters
    ----------
    fixed, moving : Image
    start : RigidMap
        A shift, from the fixed image's frame to that of the moving one.
    centre_mm : ndarray, shape (3,)
        About which is turned, in the fixed image's frame.
    region : ndarray of bool, shape of the fixed image, optional
        The points that are compared; by default all.
    seed : int

    Raises
    ------
    FitError
        Too few points of the one image within the other.
    """
    sitk = _sitk()
    transform = sitk.Euler3DTransform()
    transform.SetCenter(centre_mm.tolist())
    transform.SetTranslation(start.shift_mm.tolist())
    with one_thread():  # a filter keeps the number with which it was made
        method = _method()
    method.SetInitialTransform(transform, inPlace=True)
    counts = [0]
    method.AddCommand(sitk.sitkMultiResolutionIterationEvent, lambda: counts.append(0))
    method.AddCommand(sitk.sitkIterationEvent, lambda: counts.append(counts.pop() + 1))
    images = (as_itk(fixed), as_itk(moving))
    points = fixed.values.size
    if region is not None:
        points = int(region.sum())
        method.SetMetricFixedMask(sitk.Cast(as_itk(Image(fixed.grid, region.astype(np.float32))), sitk.sitkUInt8))

    def information() -> float:
        _set_levels(method, _LEVELS[-1:], points, seed)
        return -float(method.MetricEvaluate(*images))

    try:
        with one_thread():
            before = information()
            _set_levels(method, _LEVELS, points, seed)
            method.Execute(*images)
            after = information()
    except RuntimeError:  # its text names source files of ITK
        raise FitError("too few points of the fixed image within the moving one") from None
    rotation = np.array(transform.GetMatrix(), dtype=np.float64).reshape(3, 3)
    shift_mm = np.array(transform.GetTranslation(), dtype=np.float64) + centre_mm - rotation @ centre_mm
    return Optimum(RigidMap(rotation, shift_mm), after, before, sum(counts), counts[-1] < _ITERATIONS)


def _sitk() -> Any:
    """Give SimpleITK, which has no types and is slow to import."""
    import SimpleITK

    return SimpleITK


@contextmanager
def one_thread() -> Iterator[None]:
    """Give ITK one thread for a while: sums over several differ in the last bits from run to run.

    The number of threads of the registration itself does not reach the filters that it uses.
    """
    process = _sitk().ProcessObject
    usual = process.GetGlobalDefaultNumberOfThreads()
    process.SetGlobalDefaultNumberOfThreads(1)
    try:
        yield
    finally:
        process.SetGlobalDefaultNumberOfThreads(usual)


def _method() -> Any:
    sitk = _sitk()
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(numberOfHistogramBins=_BINS)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=_FIRST_STEP_MM,
        minStep=_LAST_STEP_MM,
        numberOfIterations=_ITERATIONS,
        gradientMagnitudeTolerance=1e-8,
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    return method


def _set_levels(method: Any, levels: tuple[int, ...], points: int, seed: int) -> None:
    method.SetShrinkFactorsPerLevel(list(levels))
    method.SetSmoothingSigmasPerLevel(list(_SMOOTHING_MM[-len(levels) :]))
    method.SetMetricSamplingPercentagePerLevel([min(1.0, _POINTS * level**3 / points) for level in levels], seed)


def as_itk(image: Image) -> Any:
    """Give an evenly spaced image to SimpleITK."""
    sitk = _sitk()
    grid = image.grid
    turn = np.eye(3) if grid.turn is None else grid.turn
    made = sitk.GetImageFromArray(image.values)
    made.SetOrigin((turn.T @ [grid.x_mm[0], grid.y_mm[0], grid.z_mm[0]]).tolist())
    made.SetDirection(turn.T.ravel().tolist())
    made.SetSpacing([step_mm(axis) for axis in (grid.x_mm, grid.y_mm, grid.z_mm)])
    return made
