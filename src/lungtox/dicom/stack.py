"""Planes of voxels, from whichever files, stacked to a volume; or refused by what is wrong with the stack."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.dicom.axes import Orientation, orient
from lungtox.errors import Fault, InputError

FloatArray = NDArray[np.float64]

_SAME_MM = 0.01
_EVEN_MM = 0.1
"""Positions are written rounded, to 0.1 mm by some scanners."""
_DRIFT_MM = 0.5
_SAME_COSINE = 1e-4
_APART = "Keep the slices of one image, without those of others."


@dataclass(frozen=True)
class Plane:
    """Where one plane of voxels lies.

    Attributes
    ----------
    position_mm : ndarray, shape (3,)
        Centre of its first pixel.
    orientation : ndarray, shape (6,)
        Direction of a row, then of a column.
    spacing_mm : tuple of float
        Between rows, then between columns.
    size : tuple of int
        Rows, columns.
    """

    position_mm: FloatArray
    orientation: FloatArray
    spacing_mm: tuple[float, float]
    size: tuple[int, int]


def stack_planes(planes: Sequence[Plane], *, what: str, who: str) -> tuple[list[int], Orientation]:
    """Order planes along their normal and find the grid that they make.

    Parameters
    ----------
    planes : sequence of Plane
    what : str
        For messages, such as ``"PET"``.
    who : str
        Stands at the front of every message.

    Returns
    -------
    order : list of int
        Place in ``planes`` of the first plane along the normal, the second and so on.
    Orientation

    Raises
    ------
    InputError
        Planes of several sizes or directions, a single one, two at one place, missing ones, uneven distances, planes
        that are shifted against each other.
    """
    if faults := list(_unlike(planes, who=who)):
        raise InputError(faults)
    row, column = planes[0].orientation[:3], planes[0].orientation[3:]
    normal = np.cross(row, column)
    order = sorted(range(len(planes)), key=lambda number: float(normal @ planes[number].position_mm))
    positions = np.array([planes[number].position_mm for number in order])
    offsets_mm: FloatArray = (positions - positions[0]) @ normal
    sideways_mm = positions - positions[0] - np.outer(offsets_mm, normal)
    if faults := list(_gaps(offsets_mm, sideways_mm, what=what, who=who)):
        raise InputError(faults)
    first = planes[order[0]]
    orientation = orient(
        position_mm=first.position_mm,
        orientation=first.orientation,
        spacing_mm=np.array(first.spacing_mm),
        size=first.size,
        offsets_mm=offsets_mm,
        who=who,
    )
    return order, orientation


def _unlike(planes: Sequence[Plane], *, who: str) -> Iterable[Fault]:
    sizes: set[Hashable] = {(plane.size, plane.spacing_mm) for plane in planes}
    if len(sizes) > 1:
        yield Fault(who, "slices of one size", f"{len(sizes)} sizes", _APART, "slices-mixed")
    turned = sum(np.abs(plane.orientation - planes[0].orientation).max() > _SAME_COSINE for plane in planes)
    if turned:
        yield Fault(who, "parallel slices", f"{turned} turned against the first", _APART, "slices-mixed")


def _gaps(offsets_mm: FloatArray, sideways_mm: FloatArray, *, what: str, who: str) -> Iterable[Fault]:
    if offsets_mm.size < 2:
        action = "Give the folder of the whole series."
        yield Fault(who, f"a {what} of several slices", "one", action, "slices-single")
        return
    gaps_mm = np.diff(offsets_mm)
    twice = int((gaps_mm < _SAME_MM).sum())
    if twice:
        action = "Give one reconstruction, without gates or phases."
        found = f"{twice} at the place of another"
        yield Fault(who, "each slice at its own place", found, action, "slices-twice")
        return
    usual_mm = float(np.median(gaps_mm))
    steps = np.maximum(np.rint(gaps_mm / usual_mm), 1.0)
    if np.abs(gaps_mm - steps * usual_mm).max() > _EVEN_MM:
        found = f"distances from {gaps_mm.min():.4g} to {gaps_mm.max():.4g} mm"
        yield Fault(who, "evenly spaced slices", found, "Export one reconstruction.", "slices-uneven")
    elif steps.max() > 1:
        found = f"{int((steps - 1).sum())} missing between the first and the last"
        yield Fault(who, f"a slice every {usual_mm:.4g} mm", found, "Copy the whole series.", "slices-missing")
    drift_mm = float(np.linalg.norm(sideways_mm, axis=1).max())
    if drift_mm > _DRIFT_MM:
        found = f"a shift of {drift_mm:.3g} mm sideways from the first to the last"
        expected = "slices stacked at a right angle to their plane"
        yield Fault(who, expected, found, "Export one reconstruction.", "slices-shifted")
