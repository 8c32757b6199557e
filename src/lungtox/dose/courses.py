"""Dose samples of a region in one or several dose distributions, each on its own grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lungtox.dose.eqd2 import eqd2_gy
from lungtox.dose.raster import SAMPLES
from lungtox.dose.sampling import Samples, sample_region
from lungtox.errors import Fault, InputError, ParameterError
from lungtox.geometry import (
    BetweenPlanes,
    Dose,
    EndCap,
    Grid,
    Image,
    Region,
    Structure,
    as_region,
    interpolate,
    region_slabs,
)

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CourseSamples:
    """Samples of a region that lie inside all dose grids.

    Attributes
    ----------
    samples : Samples
        ``dose_gy`` is the sum of the courses.
    course_gy : tuple of ndarray, each shape (samples,)
        Physical dose of each course.
    fractions : tuple of (int or None)
        Of each course.
    """

    samples: Samples
    course_gy: tuple[FloatArray, ...]
    fractions: tuple[int | None, ...]

    def eqd2_gy(self, alpha_beta_gy: float) -> FloatArray | None:
        """Give EQD2 at the samples, made for each course and then added; None where fractions are not known."""
        if None in self.fractions:
            return None
        parts = zip(self.course_gy, self.fractions, strict=True)
        total: FloatArray = np.sum([eqd2_gy(dose_gy, number, alpha_beta_gy) for dose_gy, number in parts], axis=0)
        return total

    def eqd2_spread_gy(self, alpha_beta_gy: float) -> FloatArray | None:
        """Give the spread of the samples in EQD2: at first order, with the courses weighted by their doses."""
        spread_gy = self.samples.spread_gy
        if None in self.fractions or spread_gy is None:
            return None
        # EQD2 = D (D/N + r) / (2 + r) rises by (2 D/N + r) / (2 + r).
        whole = np.maximum(np.sum(self.course_gy, axis=0), 1e-12)
        rise = np.zeros(spread_gy.size)
        for dose_gy, number in zip(self.course_gy, self.fractions, strict=True):
            rise += dose_gy / whole * (2.0 * dose_gy / (number or 1) + alpha_beta_gy)
        result: FloatArray = spread_gy * rise / (2.0 + alpha_beta_gy)
        return result


def sample_courses(
    region: Structure | Region,
    doses: Sequence[Dose],
    *,
    end_cap: EndCap = "half-slice",
    between_planes: BetweenPlanes = "slab",
    wanted: int = SAMPLES,
) -> CourseSamples:
    """Sample the doses of several courses at the same points of a region.

    One dose along the patient axes is sampled by :func:`sample_region` as it is. Otherwise the raster is that of the
    first such dose, or, where all are oblique, one along the patient axes as fine as the first dose; the other doses
    are interpolated at its points, each on its own grid and along its own axes.

    What lies outside any of the grids has no dose: it is left out, never taken as 0 Gy.

    Parameters
    ----------
    region : Structure or Region
    doses : sequence of Dose
        In the frame of reference of the region; the caller checks that, and that all are physical or all RBE-weighted.
    end_cap : {"half-slice", "none", "rounded"}
    between_planes : {"slab", "interpolated"}
    wanted : int
        Number of samples to aim at.

    Returns
    -------
    CourseSamples
        The coverage is exact for grids along the patient axes, and to a cell of the raster for oblique ones.

    Raises
    ------
    InputError
        As :func:`sample_region`.
    ParameterError
        No dose.
    """
    if not doses:
        raise ParameterError("no dose to sample")
    region = as_region(region)
    straight = [dose for dose in doses if dose.image.grid.turn is None]
    base = straight[0] if straight else _raster_dose(region, doses[0], end_cap=end_cap)
    if len(doses) > 1 or not straight:
        wanted *= 2  # a sample lies inside a grid or outside it
    samples = sample_region(region, base, end_cap=end_cap, between_planes=between_planes, wanted=wanted)
    course_gy: list[FloatArray] = []
    coverage_pct = samples.coverage_pct
    for dose in doses:
        if dose is base:
            course_gy.append(samples.dose_gy)
            continue
        points, own_pct = (samples.x_mm, samples.y_mm, samples.z_mm), 100.0
        if dose.image.grid.turn is None:
            own = sample_region(region, dose, end_cap=end_cap, between_planes=between_planes, wanted=wanted)
            own_pct = own.coverage_pct
            if _same_axes(dose.image.grid, base.image.grid):
                course_gy.append(own.dose_gy)
                continue
            if own_pct == 100.0:
                points = _within(dose.image.grid, *points)
        course_gy.append(interpolate(dose.image, *points))
        coverage_pct = min(coverage_pct, own_pct)
    fractions = tuple(dose.fractions for dose in doses)
    if len(doses) == 1 and doses[0] is base:
        return CourseSamples(samples, tuple(course_gy), fractions)
    samples = replace(samples, spread_gy=_spread_of_sum(samples, doses))
    return _inside_all(samples, course_gy, fractions, coverage_pct)


def _spread_of_sum(samples: Samples, doses: Sequence[Dose]) -> FloatArray:
    """Give what the sum of the doses changes by over the share of a cell for which each sample stands."""
    square = np.zeros(samples.volume_cc.size)
    points = (samples.x_mm, samples.y_mm, samples.z_mm)
    here = [interpolate(dose.image, *points) for dose in doses]
    for axis, step_mm in enumerate(samples.step_mm):
        moved = [xyz + step_mm * (number == axis) for number, xyz in enumerate(points)]
        change = sum(interpolate(dose.image, *moved) - own for dose, own in zip(doses, here, strict=True))
        square += np.nan_to_num(change) ** 2  # where a grid ends nothing is known of the change
    spread: FloatArray = np.sqrt(square)
    return spread


def _inside_all(
    samples: Samples, course_gy: list[FloatArray], fractions: tuple[int | None, ...], coverage_pct: float
) -> CourseSamples:
    """Keep the samples that have a dose in every course, and add the doses."""
    inside = ~np.any(np.isnan(course_gy), axis=0)
    volume_cc = samples.volume_cc[inside]
    if not volume_cc.size:
        raise _outside(samples.structure)
    if not inside.all():
        coverage_pct = min(coverage_pct, 100.0 * float(volume_cc.sum()) / samples.region_cc)
    course_gy = [dose_gy[inside] for dose_gy in course_gy]
    warnings = [text for text in samples.warnings if samples.coverage_pct == coverage_pct or "grid covers" not in text]
    if coverage_pct < samples.coverage_pct:
        warnings.append(
            f"{samples.structure}: the dose grids together cover {coverage_pct:.2f} % of the volume;"
            f" {100 - coverage_pct:.2f} % lies outside one of them and is not in the histogram"
        )
    kept = replace(
        samples,
        x_mm=samples.x_mm[inside],
        y_mm=samples.y_mm[inside],
        z_mm=samples.z_mm[inside],
        volume_cc=volume_cc,
        dose_gy=np.sum(course_gy, axis=0),
        spread_gy=None if samples.spread_gy is None else samples.spread_gy[inside],
        coverage_pct=coverage_pct,
        warnings=tuple(warnings),
    )
    return CourseSamples(kept, tuple(course_gy), fractions)


def _same_axes(one: Grid, other: Grid) -> bool:
    return all(np.array_equal(getattr(one, axis), getattr(other, axis)) for axis in ("x_mm", "y_mm", "z_mm"))


def _within(
    grid: Grid, x_mm: FloatArray, y_mm: FloatArray, z_mm: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Move points of a region that the grid covers into it: a cell at the edge of the region reaches beyond it."""
    limits = ((x_mm, grid.x_mm), (y_mm, grid.y_mm), (z_mm, grid.z_mm))
    x, y, z = (np.clip(points, axis[0], axis[-1]) for points, axis in limits)
    return x, y, z


def _raster_dose(region: Region, dose: Dose, *, end_cap: EndCap) -> Dose:
    """Give a dose of 0 Gy on a grid along the patient axes that holds the region, as fine as the given dose."""
    grid = dose.image.grid
    step_mm = min(float(np.diff(axis).min()) for axis in (grid.x_mm, grid.y_mm, grid.z_mm))
    slabs = region_slabs(region, end_cap=end_cap, slice_mm=step_mm)
    corners = [ring for part in region.operands for plane in part.planes for ring in plane.rings]
    xy = np.concatenate(corners) if corners else np.zeros((1, 2))
    z = np.concatenate([slabs.low_mm, slabs.high_mm]) if slabs.low_mm.size else np.zeros(1)
    axes = []
    for points in (xy[:, 0], xy[:, 1], z):
        first, last = np.floor(points.min() / step_mm) - 1, np.ceil(points.max() / step_mm) + 1
        axes.append(step_mm * np.arange(first, last + 1))
    raster = Grid(*axes)
    return replace(dose, image=Image(raster, np.broadcast_to(0.0, raster.shape)))


def _outside(name: str) -> InputError:
    action = "Check that structures and doses belong together, or export larger dose grids."
    return InputError(
        Fault(name, "dose grids that cover the structure", "no part of it inside all grids", action, "dose-coverage")
    )
