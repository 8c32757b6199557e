"""Reading Spatial Registration and Deformable Spatial Registration objects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from lungtox.dicom.source import numbers, open_dicom, refusing
from lungtox.dicom.vector_field import read_field
from lungtox.errors import Fault, InputError, ParameterError
from lungtox.geometry import DeformedMap, RigidMap

_SPATIAL, _DEFORMABLE = "1.2.840.10008.5.1.4.1.1.66.1", "1.2.840.10008.5.1.4.1.1.66.3"
_AGAIN = "Export the registration again."
_EITHER = "a Spatial Registration or Deformable Spatial Registration"
# Two orders of multiplication that differ by less are one: 0.0002 moves a point by 0.1 mm over 500 mm.
_SAME_TURN, _SAME_SHIFT_MM = 2e-4, 0.1


@dataclass(frozen=True)
class FrameLink:
    """One map from a frame of reference to another.

    Attributes
    ----------
    origin, destination : str
        Frames of reference; for comparison only, never written anywhere.
    points : RigidMap or DeformedMap
        Takes points of the origin to the destination.
    """

    origin: str = field(repr=False)
    destination: str = field(repr=False)
    points: RigidMap | DeformedMap


@dataclass(frozen=True)
class Registration:
    """What one registration object says.

    Attributes
    ----------
    links : tuple of FrameLink
        From each source to the registered frame for matrices; from the registered frame to each source for a
        deformable registration. Those of a frame to itself that move nothing are left out.
    warnings : tuple of str
    """

    links: tuple[FrameLink, ...]
    warnings: tuple[str, ...] = ()


@refusing("REG")
def read_registration(path: str | Path, *, who: str = "REG") -> Registration:
    """Read one registration object.

    Parameters
    ----------
    path : str or Path
    who : str
        Stands at the front of every message: a study ID.

    Raises
    ------
    InputError
        Another kind of file, a matrix without the frame of reference that it maps from or to, a matrix that is no
        rotation and shift, a vector field that does not fit its grid. All faults come together.

    Notes
    -----
    A Spatial Registration matrix takes points of its item's frame of reference (the source) to that of the object (the
    registered one): PS3.3 C.20.2.1.1. Several matrices of one item are applied in their order, the first one first. A
    Deformable Spatial Registration leads the other way, from the registered frame to the source (C.20.3.1.1).

    A matrix of type AFFINE or RIGID_SCALE is taken where it is a rotation and a shift all the same, as some systems
    write those; others are refused, because no patient grows between two scanners.
    """
    links, warnings = _read_links(path, who=who)
    return Registration(tuple(link for link in links if _leads_somewhere(link)), tuple(dict.fromkeys(warnings)))


@refusing("REG")
def read_field_links(path: str | Path, *, who: str = "REG") -> tuple[FrameLink, ...]:
    """Read the links of a Deformable Spatial Registration, also those within one frame of reference.

    Its direction is that of the object, from the registered frame to the source, so that a field within one frame has
    one meaning where both images are known.

    Parameters
    ----------
    path : str or Path
    who : str

    Raises
    ------
    InputError
        As :func:`read_registration`; a Spatial Registration.
    """
    return tuple(_read_links(path, who=who, only_fields=True)[0])


def _read_links(path: str | Path, *, who: str, only_fields: bool = False) -> tuple[list[FrameLink], list[str]]:
    dataset = open_dicom(path, modality="REG", who=who)
    kinds = {_DEFORMABLE: ("DeformableRegistrationSequence", _field_link)}
    if not only_fields:
        kinds[_SPATIAL] = ("RegistrationSequence", _matrix_link)
    kind = str(dataset.get("SOPClassUID", "")).strip()
    if kind not in kinds:
        action = "Export the registration as one of these."
        expected = "a Deformable Spatial Registration" if only_fields else _EITHER
        found, code = "another kind of registration", "registration-kind"
        if kind == _SPATIAL:
            found, code = "a Spatial Registration", "registration-rigid"
        raise InputError(Fault(who, expected, found, action, code))
    sequence, read_link = kinds[kind]
    registered = _frame(dataset, "FrameOfReferenceUID")
    faults = [] if registered else [_no_frame("the object", who)]
    links: list[FrameLink] = []
    warnings: list[str] = []
    items = dataset.get(sequence) or ()
    for item in items:
        try:
            link, more = read_link(item, registered, dataset, who=who)
            if not only_fields:
                _refuse_within_a_frame(link, who=who)
            links.append(link)
            warnings += more
        except InputError as error:
            faults += error.faults
    if not items:
        faults.append(Fault(who, "a registration in the object", "none", _AGAIN, "registration-empty"))
    if faults:
        raise InputError(dict.fromkeys(faults))
    return links, warnings


def _frame(dataset: Dataset, keyword: str) -> str:
    return str(dataset.get(keyword) or "").strip()


def _no_frame(of: str, who: str) -> Fault:
    action = "What it leads between would be a guess: export the registration with its frames of reference."
    return Fault(who, f"the frame of reference of {of}", "none", action, "registration-frame")


def _matrix_link(item: Dataset, registered: str, dataset: Dataset, *, who: str) -> tuple[FrameLink, list[str]]:
    faults: list[Fault] = []
    source = _frame(item, "FrameOfReferenceUID")
    if not source:
        faults.append(_no_frame("each matrix", who))
    maps: list[RigidMap] = []
    holders = item.get("MatrixRegistrationSequence") or ()
    matrices = [matrix for holder in holders for matrix in holder.get("MatrixSequence") or ()]
    if len(holders) != 1 or not matrices:
        faults.append(
            Fault(who, "one matrix registration in each item", "none or several", _AGAIN, "registration-matrix")
        )
    for matrix in matrices:
        try:
            maps.append(_rigid(matrix, who=who))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    return FrameLink(source, registered, _product(maps)), _order_warnings(maps)


def _product(maps: Iterable[RigidMap]) -> RigidMap:
    """Give the map that applies the first one first."""
    whole = RigidMap.identity()
    for one in maps:
        whole = whole.then(one)
    return whole


def _order_warnings(maps: list[RigidMap]) -> list[str]:
    if _alike(_product(maps), _product(reversed(maps))):
        return []
    return [
        "the registration multiplies several matrices whose order matters: the first one is applied first"
        " (DICOM PS3.3 C.20.2), some programs take the last one first"
    ]


def _alike(one: RigidMap, other: RigidMap) -> bool:
    turned = float(np.abs(one.rotation - other.rotation).max())
    return turned <= _SAME_TURN and float(np.abs(one.shift_mm - other.shift_mm).max()) <= _SAME_SHIFT_MM


def _field_link(item: Dataset, registered: str, dataset: Dataset, *, who: str) -> tuple[FrameLink, list[str]]:
    faults: list[Fault] = []
    source = _frame(item, "SourceFrameOfReferenceUID")
    if not source:
        faults.append(_no_frame("the source", who))
    maps: list[RigidMap] = []
    for keyword in ("PreDeformationMatrixRegistrationSequence", "PostDeformationMatrixRegistrationSequence"):
        try:
            maps += [_rigid(matrix, who=who) for matrix in item.get(keyword) or ()] or [RigidMap.identity()]
        except InputError as error:
            faults += error.faults
    grids = item.get("DeformableRegistrationGridSequence") or ()
    if len(maps) > 2 or len(grids) > 1:
        found = "several"
        faults.append(
            Fault(
                who, "at most one matrix before and after the field, and one field", found, _AGAIN, "registration-field"
            )
        )
    if faults:
        raise InputError(faults)
    before, after = maps
    if not grids:
        return FrameLink(registered, source, before.then(after)), []
    big_endian = dataset.original_encoding[1] is False
    points = DeformedMap(before, read_field(grids[0], big_endian=big_endian, who=who), after)
    return FrameLink(registered, source, points), []


def _rigid(item: Dataset, *, who: str) -> RigidMap:
    """Read a matrix of 4 x 4 and free it of the rounding of its decimal text."""
    keyword = "FrameOfReferenceTransformationMatrix"
    matrix = numbers(item, keyword, count=16, who=who).reshape(4, 4)
    kind = str(item.get("FrameOfReferenceTransformationMatrixType") or "").strip()
    named = kind if kind in ("RIGID", "RIGID_SCALE", "AFFINE") else "no known type"
    try:
        if not np.allclose(matrix[3, :], np.array([0.0, 0.0, 0.0, 1.0]), rtol=0, atol=1e-6):
            raise ParameterError("the last row is not 0 0 0 1")
        rough = RigidMap(matrix[:3, :3], matrix[:3, 3])
    except ParameterError as error:
        found = f"one of type {named}: {error}"
        action = "Export a rigid registration, or a deformable one."
        raise InputError(Fault(who, "a matrix of rotation and shift", found, action, "registration-matrix")) from None
    return RigidMap(_nearest_rotation(rough.rotation), rough.shift_mm)


def _nearest_rotation(rotation: NDArray[np.float64]) -> NDArray[np.float64]:
    left, _, right = np.linalg.svd(rotation)
    nearest: NDArray[np.float64] = left @ right
    return nearest


def _leads_somewhere(link: FrameLink) -> bool:
    return link.origin != link.destination


def _refuse_within_a_frame(link: FrameLink, *, who: str) -> None:
    """Refuse a frame that is moved against itself: it has two meanings."""
    if _leads_somewhere(link) or (isinstance(link.points, RigidMap) and _alike(link.points, RigidMap.identity())):
        return
    found = "one that moves a frame of reference against itself"
    action = "Two images of one frame cannot be told apart by it: export the image resampled to the planning CT."
    raise InputError(Fault(who, "a registration between two frames of reference", found, action, "registration-frame"))
