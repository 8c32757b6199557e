"""How good a deformation field is: folding, displacement, coverage, and the volumes that follow from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lungtox.dose import Samples
from lungtox.geometry import DeformationField, Grid, Image, interpolate_all, pull_back

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_PIECE = 16_384  # points at a time: their arrays stay in the cache

FieldKind = Literal["field", "none", "registered"]


@dataclass(frozen=True)
class JacobianFigures:
    """The Jacobian determinant of planning -> session in a volume: 1 keeps volumes, 0 or less folds.

    Attributes
    ----------
    minimum, p1, p99, maximum : float
    folding_pct : float
        Share of the volume with a determinant of 0 or less.
    """

    minimum: float
    p1: float
    p99: float
    maximum: float
    folding_pct: float


@dataclass(frozen=True)
class StructureQuality:
    """One structure in one session.

    Attributes
    ----------
    structure : str
    volume_cc : float
        Of the structure as the field carries it to the session: the integral of the Jacobian determinant over it.
    jacobian : JacobianFigures
    mean_displacement_mm, max_displacement_mm : float
        Length of the vectors.
    coverage_pct : float
        Share of its volume that has a vector and its source within the session's dose.
    undefined_pct : float
        Share of its volume without a vector.
    """

    structure: str
    volume_cc: float
    jacobian: JacobianFigures
    mean_displacement_mm: float
    max_displacement_mm: float
    coverage_pct: float
    undefined_pct: float


@dataclass(frozen=True)
class SessionQuality:
    """One session.

    Attributes
    ----------
    session : str
    fractions : float
        Fractions of the plan for which it stands.
    kind : {"field", "none", "registered"}
        A field was given; the dose already lay on the planning anatomy; the images were registered by lungtox.
    mean_ratio : float
        Mean dose of the session over planned mean dose, in units of the whole plan, within ``quality_from_pct``.
    coverage_pct : float
        Share of the planning voxels within ``quality_from_pct`` whose source lies within the session's dose.
    jacobian : JacobianFigures or None
        Within ``quality_from_pct``; None without a field.
    mean_displacement_mm, p99_displacement_mm, max_displacement_mm : float
        Length of the vectors there.
    structures : dict of str to StructureQuality
    warnings : tuple of str
    registration : dict or None
        Quality figures of a registration by lungtox.
    """

    session: str
    fractions: float
    kind: FieldKind
    mean_ratio: float
    coverage_pct: float
    jacobian: JacobianFigures | None = None
    mean_displacement_mm: float = 0.0
    p99_displacement_mm: float = 0.0
    max_displacement_mm: float = 0.0
    structures: dict[str, StructureQuality] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    registration: dict[str, Any] | None = None


@dataclass(frozen=True, eq=False)
class FieldFigures:
    """What a field does within a volume of planning points.

    Attributes
    ----------
    jacobian : JacobianFigures
    displacement_mm : tuple of float
        Mean, 99th percentile and largest length of the vectors.
    volume_ratio : float
        Mean of the determinant.
    undefined_pct : float
        Share of the volume without a vector.
    """

    jacobian: JacobianFigures
    displacement_mm: tuple[float, float, float]
    volume_ratio: float
    undefined_pct: float


def field_figures(
    determinant: FloatArray, displacement_mm: FloatArray, volume_cc: FloatArray | None = None
) -> FieldFigures | None:
    """Summarise determinants and displacements, each of shape (points,), NaN where undefined; None if all are.

    Percentiles are of the points, shares and means of the volume for which they stand.
    """
    weight = np.ones(determinant.size) if volume_cc is None else volume_cc
    known = np.isfinite(determinant) & np.isfinite(displacement_mm)
    if not known.any():
        return None
    det, moved, own = determinant, displacement_mm, weight
    if not known.all():
        det, moved, own = determinant[known], displacement_mm[known], weight[known]
    p1, p99 = (float(value) for value in np.percentile(det, [1, 99]))
    folding = 100.0 * float(own[det <= 0.0].sum()) / float(own.sum())
    return FieldFigures(
        JacobianFigures(float(det.min()), p1, p99, float(det.max()), folding),
        (float(np.average(moved, weights=own)), float(np.percentile(moved, 99)), float(moved.max())),
        float(np.average(det, weights=own)),
        100.0 * float(weight[~known].sum()) / float(weight.sum()),
    )


class NodesWithin:
    """Which nodes of a field lie where a dose is at least so high.

    Parameters
    ----------
    planning : Image
    from_gy : float
    """

    def __init__(self, planning: Image, from_gy: float) -> None:
        self.planning, self.from_gy = planning, from_gy
        self._last: tuple[Grid, BoolArray] | None = None

    def of(self, grid: Grid) -> BoolArray:
        """Give them, shape of the grid of the field; the fields of a course mostly share one, which is kept."""
        last = self._last
        if last is None or not _alike(last[0], grid):
            last = self._last = (grid, self._found(grid))
        return last[1]

    def _found(self, grid: Grid) -> BoolArray:
        inside: list[BoolArray] = []
        for z_mm in grid.z_mm:
            dose_gy = pull_back(self.planning, None, replace(grid, z_mm=np.array([z_mm]))).values
            with np.errstate(invalid="ignore"):
                inside.append(dose_gy[0] >= self.from_gy)
        return np.stack(inside)


def _alike(one: Grid, other: Grid) -> bool:
    same = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("x_mm", "y_mm", "z_mm"))
    if one.turn is None or other.turn is None:
        return same and one.turn is other.turn
    return same and np.array_equal(one.turn, other.turn)


def node_figures(field: DeformationField, determinant: Image, within: NodesWithin) -> FieldFigures | None:
    """Give the figures of a field at its nodes where the planned dose is high."""
    mask = within.of(field.grid)
    if not mask.any():  # nodes further apart than the dose is wide
        points = _voxels(within.planning, within.from_gy)
        *found, changes = interpolate_all(field.grid, [*field.vectors_mm, determinant.values], *points)
        return field_figures(changes, np.sqrt(np.sum(np.square(found), axis=0)))
    vectors = field.vectors_mm[:, mask].astype(np.float64)
    return field_figures(np.asarray(determinant.values[mask], dtype=np.float64), np.sqrt((vectors**2).sum(axis=0)))


def _voxels(planning: Image, from_gy: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Give the patient coordinates of the voxels with at least a dose."""
    grid = planning.grid
    iz, iy, ix = np.nonzero(planning.values >= from_gy)
    x, y, z = grid.x_mm[ix], grid.y_mm[iy], grid.z_mm[iz]
    if grid.turn is None:
        return x, y, z
    px, py, pz = (grid.turn[0, i] * x + grid.turn[1, i] * y + grid.turn[2, i] * z for i in range(3))
    return px, py, pz


def judged_part(
    field: DeformationField, region: BoolArray, grid: Grid, structures: Iterable[Samples]
) -> DeformationField:
    """Give the part of a field around what is judged: voxels of the planning grid, and points of structures.

    Parameters
    ----------
    field : DeformationField
    region : ndarray of bool, shape of the grid
    grid : Grid
    structures : iterable of Samples
    """
    ends = []
    for axis_mm, others in ((grid.x_mm, (0, 1)), (grid.y_mm, (0, 2)), (grid.z_mm, (1, 2))):
        within = np.flatnonzero(region.any(axis=others))
        ends.append(axis_mm[within[[0, -1]]] if within.size else axis_mm[[0, -1]])
    corners = np.stack([axis.ravel() for axis in np.meshgrid(*ends)])
    if grid.turn is not None:
        corners = grid.turn.T @ corners
    boxes = [np.stack(field.grid.along_axes(*corners))]
    for samples in structures:
        boxes.append(np.stack(field.grid.along_axes(samples.x_mm, samples.y_mm, samples.z_mm)))
    low = np.min([box.min(axis=1) for box in boxes], axis=0)
    high = np.max([box.max(axis=1) for box in boxes], axis=0)
    return field.around(low, high)


def structure_quality(
    name: str, samples: Samples, field: DeformationField, determinant: Image, session: Grid
) -> StructureQuality | None:
    """Give the figures of a field at the points of a structure; None where the field is defined nowhere in it.

    Parameters
    ----------
    name : str
    samples : Samples
        Points in the planning frame of reference.
    field : DeformationField
    determinant : Image
        As `jacobian_determinant` gives it.
    session : Grid
        Of the session's dose.
    """
    components = [np.ascontiguousarray(one, dtype=np.float64) for one in (*field.vectors_mm, determinant.values)]
    changes, displacement_mm = np.empty(samples.x_mm.size), np.empty(samples.x_mm.size)
    inside = np.empty(samples.x_mm.size, dtype=bool)
    for start in range(0, samples.x_mm.size, _PIECE):
        at = slice(start, start + _PIECE)
        points = (samples.x_mm[at], samples.y_mm[at], samples.z_mm[at])
        *vectors, changes[at] = interpolate_all(field.grid, components, *points)
        displacement_mm[at] = np.sqrt(vectors[0] ** 2 + vectors[1] ** 2 + vectors[2] ** 2)
        moved = (place + vector for place, vector in zip(field.before(*points), vectors, strict=True))
        inside[at] = _within(session, *field.after(*moved))
    figures = field_figures(changes, displacement_mm, samples.volume_cc)
    if figures is None:
        return None
    covered = samples.volume_cc[inside].sum()
    return StructureQuality(
        structure=name,
        volume_cc=figures.volume_ratio * samples.region_cc,
        jacobian=figures.jacobian,
        mean_displacement_mm=figures.displacement_mm[0],
        max_displacement_mm=figures.displacement_mm[2],
        coverage_pct=100.0 * float(covered) / float(samples.volume_cc.sum()),
        undefined_pct=figures.undefined_pct,
    )


def coverage(samples: Samples, grid: Grid) -> float:
    """Give the share, 0 to 1, of a structure's points that lie within a grid."""
    inside = _within(grid, samples.x_mm, samples.y_mm, samples.z_mm)
    return float(samples.volume_cc[inside].sum()) / float(samples.volume_cc.sum())


def _within(grid: Grid, x_mm: FloatArray, y_mm: FloatArray, z_mm: FloatArray) -> BoolArray:
    inside = np.ones(x_mm.shape, dtype=bool)
    places = grid.along_axes(x_mm, y_mm, z_mm)
    with np.errstate(invalid="ignore"):
        for axis, place in zip((grid.x_mm, grid.y_mm, grid.z_mm), places, strict=True):
            low, high = axis[0] - 1e-6, axis[-1] + 1e-6
            if place.size and place.min() >= low and place.max() <= high:  # False for NaN
                continue
            inside &= (place >= low) & (place <= high)
    return inside
