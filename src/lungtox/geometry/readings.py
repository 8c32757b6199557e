"""What a stack of contours may stand for: the extreme rules for the shape between and beyond its planes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lungtox.geometry.edges import structure_edges
from lungtox.geometry.region import Region
from lungtox.geometry.slabs import structure_slabs
from lungtox.geometry.structure import Plane, Structure

FloatArray = NDArray[np.float64]
Reading = Literal["smaller", "larger", "upward", "downward", "pointed", "wider"]

READINGS: tuple[Reading, ...] = ("smaller", "larger", "upward", "downward")
FEW_PLANES: tuple[Reading, ...] = ("pointed", "wider")
_THINNEST_MM = 0.1
_OPPOSITE: dict[Reading, Reading] = {"smaller": "larger", "larger": "smaller", "pointed": "wider", "wider": "pointed"}
_STEPS = 6  # of a tip
# A ball whose only plane lies two thirds of its radius off its middle is a third wider than drawn; its next planes
# would have shown it further off.
_WIDER = 4.0 / 3.0


def region_readings(region: Region) -> tuple[Reading, ...]:
    """Give the rules for a region: two more where a structure has one or two planes, which show no trend."""
    few = any(0 < len(operand.planes) < 3 for operand in region.operands)
    return READINGS + FEW_PLANES if few else READINGS


def read_structure(structure: Structure, reading: Reading, *, slice_mm: float) -> Structure:
    """Give a structure with the slabs of one extreme rule.

    ``upward``: a contour holds up to the next plane, the last one for a whole slice. ``downward``: it holds down to the
    plane before. ``larger``: between two planes the contour with the larger area holds, and both ends reach a whole
    slice further, to where the next plane would have shown a contour. ``smaller``: the smaller one holds, and the
    structure ends at its outermost planes. A hole of the stack counts as an end on both sides.

    Only for structures of one or two planes: ``pointed``, both ends close to a point within a slice; ``wider``, as
    ``larger``, with outlines a third wider. With more planes these are ``smaller`` and ``larger``.

    Parameters
    ----------
    structure : Structure
    reading : {"smaller", "larger", "upward", "downward", "pointed", "wider"}
    slice_mm : float
        Thickness of a structure with a single plane.

    Returns
    -------
    Structure
        With ``faces_mm``. A single plane is read as up to one slice on either side of it, and ``smaller`` as 0.1 mm.
    """
    z = np.array([plane.z_mm for plane in structure.planes], dtype=np.float64)
    if z.size == 0:
        return structure
    if reading == "wider":
        larger = read_structure(structure, "larger", slice_mm=slice_mm)
        return _scaled(larger, _WIDER) if z.size < 3 else larger
    if reading == "pointed":
        return _pointed(structure, slice_mm) if z.size < 3 else read_structure(structure, "smaller", slice_mm=slice_mm)
    if z.size == 1:
        below, above = {"smaller": (0.5 * _THINNEST_MM,) * 2, "larger": (slice_mm,) * 2}.get(
            reading, (0.0, slice_mm) if reading == "upward" else (slice_mm, 0.0)
        )
        return replace(structure, faces_mm=np.array([[z[0] - below, z[0] + above]]))
    reach, holes = _reaches(structure, z, slice_mm)
    area = structure_edges(structure).plane_area_mm2
    held = sorted(_held(z, reach, holes, area, reading), key=lambda slab: slab[0])
    planes = tuple(structure.planes[plane] for _, _, plane in held)
    return replace(structure, planes=planes, faces_mm=np.array([(low, high) for low, high, _ in held]))


def _scaled(structure: Structure, factor: float) -> Structure:
    """Scale every ring about the middle of its box."""
    planes = tuple(Plane(plane.z_mm, _scaled_rings(plane, factor)) for plane in structure.planes)
    return replace(structure, planes=planes)


def _scaled_rings(plane: Plane, factor: float) -> tuple[FloatArray, ...]:
    boxes = [0.5 * (ring.min(axis=0) + ring.max(axis=0)) for ring in plane.rings]
    return tuple(box + factor * (ring - box) for box, ring in zip(boxes, plane.rings, strict=True))


def _pointed(structure: Structure, slice_mm: float) -> Structure:
    """Close a structure of one or two planes to a point a slice beyond each end; in between, planes meet half-way."""
    z = [plane.z_mm for plane in structure.planes]
    reach = z[-1] - z[0] if len(z) > 1 else slice_mm
    middle = 0.5 * (z[0] + z[-1])
    shares = (np.arange(_STEPS) + 0.5) / _STEPS
    made = [(z[0] - share * reach, structure.planes[0], 1.0 - share) for share in shares[::-1]]
    made += [(float(at), plane, 1.0) for at, plane in zip(z, structure.planes, strict=True)] if len(z) > 1 else []
    made += [(z[-1] + share * reach, structure.planes[-1], 1.0 - share) for share in shares]
    planes = tuple(Plane(float(at), _scaled_rings(plane, float(factor))) for at, plane, factor in made)
    step = reach / _STEPS
    below = [z[0] - reach + step * number for number in range(_STEPS + 1)]
    above = [z[-1] + step * number for number in range(_STEPS + 1)]
    levels = [*below, middle, *above] if len(z) > 1 else [*below, *above[1:]]
    return replace(structure, planes=planes, faces_mm=np.array(list(pairwise(levels))))


def _reaches(structure: Structure, z: FloatArray, slice_mm: float) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Give the thickness of an end at each plane, and which gaps are holes of the stack."""
    low, high, _ = structure_slabs(replace(structure, faces_mm=None), end_cap="half-slice", slice_mm=slice_mm)
    holes = low[1:] - high[:-1] > 1e-6
    reach = 2.0 * np.where(np.append(True, holes), z - low, high - z)
    # Both sides of a hole may reach into it, up to its middle.
    room = np.where(holes, np.diff(z) / 2.0, np.inf)
    return np.minimum(reach, np.minimum(np.append(np.inf, room), np.append(room, np.inf))), holes


def _held(
    z: FloatArray, reach: FloatArray, holes: NDArray[np.bool_], area_mm2: FloatArray, reading: Reading
) -> Iterator[tuple[float, float, int]]:
    """Give lower and upper face and plane of each slab."""
    for i in range(z.size):
        starts, ends = i == 0 or bool(holes[i - 1]), i == z.size - 1 or bool(holes[i])
        if starts and reading in ("larger", "downward"):
            yield float(z[i] - reach[i]), float(z[i]), i
        if ends and reading in ("larger", "upward"):
            yield float(z[i]), float(z[i] + reach[i]), i
        if ends:
            continue
        lower_holds = {
            "upward": True,
            "downward": False,
            "larger": area_mm2[i] >= area_mm2[i + 1],
            "smaller": area_mm2[i] <= area_mm2[i + 1],
        }[reading]
        yield float(z[i]), float(z[i + 1]), i if lower_holds else i + 1


def read_region(region: Region, reading: Reading, *, slice_mm: float) -> Region:
    """Give a region with every structure under one rule; what is taken out is read the opposite way."""
    opposite = _OPPOSITE.get(reading, reading)
    return Region(
        region.name,
        union=tuple(read_structure(part, reading, slice_mm=slice_mm) for part in region.union),
        within=tuple(read_structure(part, reading, slice_mm=slice_mm) for part in region.within),
        minus=tuple(read_structure(part, opposite, slice_mm=slice_mm) for part in region.minus),
    )
