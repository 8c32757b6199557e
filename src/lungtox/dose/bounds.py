"""The interval that the discretisation leaves to a metric: its values under the extreme admissible rules."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from lungtox.dose.courses import CourseSamples, sample_courses
from lungtox.dose.dvh import Dvh
from lungtox.dose.interval import NOTHING, Interval
from lungtox.dose.metric_names import parse_metric
from lungtox.dose.metrics import compute_metrics
from lungtox.errors import InputError, ParameterError
from lungtox.geometry import (
    BetweenPlanes,
    Dose,
    EndCap,
    Image,
    Region,
    Structure,
    as_region,
    read_region,
    region_readings,
)

FloatArray = NDArray[np.float64]
K = TypeVar("K", bound=Hashable)

READING_SAMPLES = 50_000  # half of the usual: the rules differ by more than the samples
# Two, because one may by chance hit the same step of a histogram as the usual samples.
COARSE_SAMPLES = (50_000, 12_500)
_REMAINDER = 6.0
_SAME_PCT = 1e-6


@dataclass(frozen=True, eq=False)
class Alternatives:
    """A region under every extreme rule.

    Attributes
    ----------
    readings : tuple of CourseSamples
        Each rule of `lungtox.geometry.region_readings`.
    coarse : tuple of CourseSamples
        The rules in use with half and an eighth of the samples.
    dose_ends : tuple of CourseSamples
        The last of these with the lowest and the highest dose that interpolation leaves; none where it leaves nothing.
    volume_cc : Interval
        Of the whole region.
    warnings : tuple of str
        Why there are neither: a rule leaves no volume, or reaches beyond the dose grid.
    """

    readings: tuple[CourseSamples, ...]
    coarse: tuple[CourseSamples, ...]
    dose_ends: tuple[CourseSamples, ...]
    volume_cc: Interval
    warnings: tuple[str, ...] = ()

    def dvhs(self, make: Callable[[CourseSamples], Mapping[K, ReferredDvh]], key: Iterable[K]) -> dict[K, Others]:
        """Make the DVHs of all alternatives.

        Parameters
        ----------
        make : callable
            Gives the DVHs of some samples, such as those of every weighting and quantity, each under a key.
        key : iterable
            What is wanted; a DVH that some alternative does not have is left out, as where an image ends.
        """
        sides = [[make(one) for one in side] for side in (self.readings, self.coarse, self.dose_ends)]
        found = {}
        for wanted in key:
            if all(wanted in made for side in sides for made in side):
                found[wanted] = Others(*([made[wanted] for made in side] for side in sides))
        return found


@dataclass(frozen=True, eq=False)
class ReferredDvh:
    """A DVH, the volume that counts as 100 % of it (None for its own), and those that a metric may name."""

    dvh: Dvh
    reference_cc: float | None = None
    wholes_cc: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Others:
    """The DVHs of `Alternatives`, in the same order, for one structure, weighting and quantity."""

    readings: Sequence[ReferredDvh] = ()
    coarse: Sequence[ReferredDvh] = ()
    dose_ends: Sequence[ReferredDvh] = ()


def sample_alternatives(
    region: Structure | Region,
    doses: Sequence[Dose],
    central: CourseSamples,
    *,
    end_cap: EndCap = "half-slice",
    between_planes: BetweenPlanes = "slab",
) -> Alternatives:
    """Sample a region under the extreme rules for what contours and dose grid leave open.

    Four rules for the shape (`lungtox.geometry.read_structure`; two more for structures of one or two planes): between
    two planes the upper contour holds, or the lower, or the smaller, or the larger one; the ends lie at the outermost
    planes or a whole slice further. Dose between grid points: trilinear, less and more what `interpolation_error_gy`
    gives.

    Parameters
    ----------
    region : Structure or Region
    doses : sequence of Dose
    central : CourseSamples
        The samples under the rules in use.
    end_cap, between_planes : str
        The rules in use.

    Returns
    -------
    Alternatives
    """
    region = as_region(region)
    slice_mm = _slice_mm(doses)
    found: list[CourseSamples] = []
    volumes_cc = [central.samples.region_cc]
    warnings: list[str] = []
    for reading in region_readings(region):
        other = read_region(region, reading, slice_mm=slice_mm)
        try:
            one = sample_courses(other, doses, end_cap="none", wanted=READING_SAMPLES)
        except InputError as error:
            empty = any(fault.code == "structure-empty" for fault in error.faults)
            volumes_cc += [0.0] if empty else []
            found_there = "has no volume" if empty else "lies outside the dose grid"
            warnings.append(f"{region.name}: no bounds: with the {reading} contours it {found_there}")
            continue
        volumes_cc.append(one.samples.region_cc)
        covered_pct = one.samples.coverage_pct
        if covered_pct < 100.0 - _SAME_PCT and central.samples.coverage_pct > 100.0 - _SAME_PCT:
            warnings.append(
                f"{region.name}: no bounds: with the {reading} contours {100 - covered_pct:.2g} % of it would lie"
                " outside the dose grid"
            )
        found.append(one)
    volume = Interval(min(volumes_cc), max(volumes_cc))
    if warnings:
        return Alternatives((), (), (), volume, tuple(warnings))
    coarse = tuple(
        sample_courses(region, doses, end_cap=end_cap, between_planes=between_planes, wanted=wanted)
        for wanted in COARSE_SAMPLES
    )
    return Alternatives(tuple(found), coarse, _with_dose_errors(coarse[-1], doses), volume)


def _slice_mm(doses: Sequence[Dose]) -> float:
    """Give the thickness of a structure of one plane, as the sampling has it."""
    straight = [dose.image.grid for dose in doses if dose.image.grid.turn is None]
    if straight:
        return float(np.diff(straight[0].z_mm).min())
    grid = doses[0].image.grid
    return min(float(np.diff(axis).min()) for axis in (grid.x_mm, grid.y_mm, grid.z_mm))


def _with_dose_errors(found: CourseSamples, doses: Sequence[Dose]) -> tuple[CourseSamples, ...]:
    samples = found.samples
    errors = [interpolation_error_gy(dose.image, samples.x_mm, samples.y_mm, samples.z_mm) for dose in doses]
    if not any(error.any() for error in errors):
        return ()
    made = []
    for sign in (-1.0, 1.0):
        parts = zip(found.course_gy, errors, strict=True)
        course_gy = tuple(np.maximum(dose_gy + sign * error, 0.0) for dose_gy, error in parts)
        made.append(replace(found, samples=replace(samples, dose_gy=np.sum(course_gy, axis=0)), course_gy=course_gy))
    return tuple(made)


def interpolation_error_gy(image: Image, x_mm: FloatArray, y_mm: FloatArray, z_mm: FloatArray) -> FloatArray:
    """Estimate how far the dose may lie from its linear interpolation.

    Linear interpolation with spacing h misses by at most h^2/8 times the second derivative (its classical remainder).
    h^2 times the second derivative is taken as the second difference at the nearest grid point, axis by axis, and the
    three are added; a sixth instead of an eighth of them, because the second difference between grid points and higher
    terms are not known. Where dose is constant or linear this is 0.

    Parameters
    ----------
    image : Image
    x_mm, y_mm, z_mm : ndarray, shape (points,)
        Patient coordinates inside the grid.

    Returns
    -------
    ndarray, shape (points,)
        In Gy, not negative.
    """
    grid = image.grid
    values = np.ascontiguousarray(image.values).ravel()
    steps = (1, grid.x_mm.size, grid.x_mm.size * grid.y_mm.size)
    axes = list(zip(grid.along_axes(x_mm, y_mm, z_mm), (grid.x_mm, grid.y_mm, grid.z_mm), steps, strict=True))
    nearest = [_nearest(axis_mm, points_mm) for points_mm, axis_mm, _ in axes]
    centre = sum(index * step for index, (_, _, step) in zip(nearest, axes, strict=True))
    error = np.zeros(x_mm.shape)
    for index, (_, axis_mm, step) in zip(nearest, axes, strict=True):
        if axis_mm.size < 3:
            continue
        # At the edge of the grid the next point inside stands for the outermost one.
        at = centre + (np.clip(index, 1, axis_mm.size - 2) - index) * step
        low, middle, high = (values[at + move].astype(np.float64) for move in (-step, 0, step))
        error += np.abs(low - 2.0 * middle + high) / _REMAINDER
    # Binary rounding of a linear dose is no curvature.
    return np.where(error > 1e-9, error, 0.0)


def _nearest(axis_mm: FloatArray, points_mm: FloatArray) -> NDArray[np.intp]:
    middles = 0.5 * (axis_mm[1:] + axis_mm[:-1])
    return np.searchsorted(middles, points_mm)


def metric_bounds(value: ReferredDvh, others: Others, names: Iterable[str]) -> dict[str, Interval]:
    """Give the interval of metrics over all readings.

    The lowest and the highest value of all, each moved outward by what fewer samples change, and by what the lowest and
    the highest dose change.

    Parameters
    ----------
    value : ReferredDvh
        The DVH in use; its own metrics always lie within the interval.
    others : Others
        The same structure, weighting and quantity. Without readings the intervals are empty.
    names : iterable of str
        TG-263 names.

    Returns
    -------
    dict of str to Interval
        The lower end of a Dxcc is None where a reading is smaller than x cc.
    """
    return {name: _interval(value, others, name) for name in names}


def _interval(value: ReferredDvh, others: Others, name: str) -> Interval:
    if not others.readings:
        return NOTHING
    own = _metric(value, name)
    read = [_metric(each, name) for each in others.readings]
    known = [each for each in (own, *read) if each is not None]
    if not known:
        return NOTHING
    coarse = [each for dvh in others.coarse if (each := _metric(dvh, name)) is not None]
    apart = max((abs(own - each) for each in coarse), default=0.0) if own is not None else 0.0
    ends = [each for dvh in others.dose_ends if (each := _metric(dvh, name)) is not None]
    less, more = (max(coarse[-1] - min(ends), 0.0), max(max(ends) - coarse[-1], 0.0)) if ends else (0.0, 0.0)
    ceiling = 100.0 if parse_metric(name).unit == "%" else np.inf
    low = None if None in (own, *read) else max(min(known) - apart - less, 0.0)
    return Interval(low, max(min(max(known) + apart + more, ceiling), own or 0.0))


def _metric(referred: ReferredDvh, name: str) -> float | None:
    try:
        return compute_metrics(referred.dvh, [name], reference_cc=referred.reference_cc, wholes_cc=referred.wholes_cc)[
            name
        ]
    except ParameterError:
        return None  # smaller than the x cc of a Dxcc
