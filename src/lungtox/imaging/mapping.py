"""How points of the plan get to the function image: the same frame, or a path over registration objects."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lungtox.dicom import Registration
from lungtox.errors import Fault, InputError
from lungtox.geometry import MapChain, PointMap, RigidMap
from lungtox.imaging.rigid import ImageRegistration, RegistrationQuality

FloatArray = NDArray[np.float64]
Points = tuple[FloatArray, FloatArray, FloatArray]
MapKind = Literal["frame", "object", "image"]

# Two paths that differ by less within a metre are one.
_SAME_MM, _REACH_MM = 1.0, 500.0
_MOST_PATHS, _MOST_STEPS = 64, 100_000


@dataclass(frozen=True)
class FrameMap:
    """Takes points of the plan's frame of reference to that of the function image.

    Attributes
    ----------
    kind : {"frame", "object", "image"}
        The same frame of reference; registration objects; a registration of the images.
    points : PointMap or None
        None moves nothing.
    objects : int
        Registration objects that it goes over.
    deformable : bool
    rotation_deg : float or None
        Of the whole path; None for a deformable one.
    warnings : tuple of str
    quality : RegistrationQuality or None
        Of a registration of the images.
    """

    kind: MapKind = "frame"
    points: PointMap | None = None
    objects: int = 0
    deformable: bool = False
    rotation_deg: float | None = 0.0
    warnings: tuple[str, ...] = ()
    quality: RegistrationQuality | None = None

    @classmethod
    def of_images(cls, found: ImageRegistration) -> FrameMap:
        """Give the map of a registration of the images."""
        return cls(
            "image",
            found.mapping,
            rotation_deg=found.mapping.angle_deg,
            warnings=found.warnings,
            quality=found.quality,
        )

    @classmethod
    def same_frame(cls, *, unused: int = 0) -> FrameMap:
        """Give the map that moves nothing; ``unused`` is the number of registrations that are not needed."""
        told = "the SPECT lies in the frame of reference of the dose: its registration is not used"
        return cls(warnings=(told,) if unused else ())

    def __call__(self, x_mm: FloatArray, y_mm: FloatArray, z_mm: FloatArray) -> Points:
        """Take points of shape (points,) to the image's frame; NaN where the registration is not defined."""
        return (x_mm, y_mm, z_mm) if self.points is None else self.points(x_mm, y_mm, z_mm)

    def mean_shift_mm(
        self, x_mm: FloatArray, y_mm: FloatArray, z_mm: FloatArray, *, volume_cc: FloatArray
    ) -> tuple[float, float, float]:
        """Give how far the points of a structure are moved on average, along x, y and z; (0, 0, 0) where none is."""
        before = (x_mm, y_mm, z_mm)
        after = self(*before)
        known = np.logical_and.reduce([np.isfinite(axis) for axis in after])
        if not known.any():
            return 0.0, 0.0, 0.0
        x, y, z = (
            float(np.average(moved[known] - axis[known], weights=volume_cc[known]))
            for moved, axis in zip(after, before, strict=True)
        )
        return x, y, z


@dataclass(frozen=True)
class _Edge:
    """One way to go; ``number`` counts the objects."""

    number: int
    origin: str
    destination: str
    points: PointMap


def map_frames(registrations: Sequence[Registration], *, origin: str, destination: str, who: str) -> FrameMap:
    """Find the way from one frame of reference to another.

    Parameters
    ----------
    registrations : sequence of Registration
        They may be chained in any order. Rigid ones are taken in both directions, deformable ones in their own.
    origin, destination : str
        Frames of reference of the plan and of the function image. The same one means the identity.
    who : str
        Stands at the front of every message: a study ID.

    Returns
    -------
    FrameMap

    Raises
    ------
    InputError
        No path, one that exists against the direction of a deformable registration only, or several that do not agree.
    """
    if origin == destination:
        return FrameMap.same_frame(unused=len(registrations))
    edges = list(_edges(registrations))
    paths = list(_paths(edges, origin, destination))
    if not paths:
        raise InputError(_no_path(registrations, edges, origin, destination, who=who))
    found = min((_joined(path) for path in paths), key=lambda one: one.objects)
    if len(paths) > 1 and not all(_agree(found, _joined(path)) for path in paths):
        action = "Name only the registration that is meant."
        expected = "registrations that lead from the plan to the SPECT in one way"
        raise InputError(Fault(who, expected, "several ways that differ", action, "registration-ambiguous"))
    told = dict.fromkeys(text for one in registrations for text in one.warnings)
    if found.objects < len(registrations) and len(paths) == 1:
        told[f"{len(registrations) - found.objects} of {len(registrations)} registration objects lead elsewhere"] = None
    return FrameMap("object", found.points, found.objects, found.deformable, found.rotation_deg, tuple(told))


def _edges(registrations: Sequence[Registration]) -> Iterator[_Edge]:
    for number, registration in enumerate(registrations):
        for link in registration.links:
            yield _Edge(number, link.origin, link.destination, link.points)
            if isinstance(link.points, RigidMap):
                yield _Edge(number, link.destination, link.origin, link.points.inverse())


def _paths(edges: Sequence[_Edge], origin: str, destination: str) -> Iterator[tuple[_Edge, ...]]:
    """Walk all paths that meet no frame twice."""
    waiting: deque[tuple[_Edge, ...]] = deque((edge,) for edge in edges if edge.origin == origin)
    given = 0
    for _ in range(_MOST_STEPS):
        if not waiting or given == _MOST_PATHS:
            return
        path = waiting.popleft()
        if path[-1].destination == destination:
            given += 1
            yield path
            continue
        met = {origin, *(edge.destination for edge in path)}
        waiting.extend(
            (*path, edge) for edge in edges if edge.origin == path[-1].destination and edge.destination not in met
        )


def _joined(path: Sequence[_Edge]) -> FrameMap:
    objects = len({edge.number for edge in path})
    rigid = [edge.points for edge in path if isinstance(edge.points, RigidMap)]
    if len(rigid) < len(path):
        points: PointMap = path[0].points if len(path) == 1 else MapChain(tuple(edge.points for edge in path))
        return FrameMap("object", points, objects, deformable=True, rotation_deg=None)
    whole = RigidMap.identity()
    for one in rigid:
        whole = whole.then(one)
    return FrameMap("object", whole, objects, rotation_deg=whole.angle_deg)


def _agree(one: FrameMap, other: FrameMap) -> bool:
    """Compare two rigid maps at the corners of a cube of a metre; a vector field agrees with itself only."""
    if one.deformable or other.deformable:
        return one.points is other.points
    ends = np.array([-_REACH_MM, _REACH_MM])
    x, y, z = (axis.ravel() for axis in np.meshgrid(ends, ends, ends))
    apart = np.subtract(one(x, y, z), other(x, y, z))
    return bool(np.sqrt(np.sum(apart**2, axis=0)).max() <= _SAME_MM)


def _no_path(
    registrations: Sequence[Registration], edges: Sequence[_Edge], origin: str, destination: str, *, who: str
) -> Fault:
    """Say why no path was found, without naming a frame."""
    if not registrations:
        action = (
            "Name its registration object (column registration, or --registration), or the CTs to be registered"
            " (columns planning_ct and spect_ct), or resample the SPECT to the planning CT."
        )
        expected = "a SPECT in the frame of reference of the dose, or a registration between the two"
        return Fault(who, expected, "another frame of reference and no registration", action, "spect-frame")
    backwards = [_Edge(edge.number, edge.destination, edge.origin, edge.points) for edge in edges]
    if next(_paths([*edges, *backwards], origin, destination), None) is not None:
        found = "one that leads the other way"
        action = "A vector field is not inverted: export it with the planning CT as the registered image."
        expected = "a deformable registration from the plan to the SPECT"
        return Fault(who, expected, found, action, "registration-direction")
    found = f"{len(registrations)} that do not" if len(registrations) > 1 else "one that does not"
    action = "See that the registration is that of this SPECT and this planning CT."
    expected = "registrations that lead from the frame of the dose to that of the SPECT"
    return Fault(who, expected, found, action, "registration-path")
