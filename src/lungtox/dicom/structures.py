"""Reading RTSTRUCT. Coordinates are parsed from the raw bytes of each ROI at once, ten times faster than through DS."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from lungtox.dicom.source import open_dicom, refusing
from lungtox.errors import Fault, InputError
from lungtox.geometry import Plane, Structure, StructureSet

FloatArray = NDArray[np.float64]

# Coordinates are rounded to 0.01 mm by most systems; the thinnest slices in use are 0.1 mm.
SAME_PLANE_MM = 0.02
# A decimal string has at most 16 characters (PS3.5 6.2); some systems write a few more.
LONGEST_NUMBER = 64
_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")


@dataclass(frozen=True)
class _Roi:
    number: int
    name: str
    frame_of_reference: str


@refusing("RTSTRUCT")
def read_structure_names(path: str | Path, *, who: str = "RTSTRUCT") -> dict[int, str]:
    """List ROI number and name of a structure set without reading any contour.

    Parameters
    ----------
    path : str or Path
    who : str
        Stands at the front of every message: a study ID.
    """
    dataset = open_dicom(path, modality="RTSTRUCT", who=who, pixels=False)
    return {roi.number: roi.name for roi in _rois(dataset)}


@refusing("RTSTRUCT")
def read_structures(
    path: str | Path,
    *,
    names: Collection[str | int] | None = None,
    labels: Mapping[int, str] | None = None,
    who: str = "RTSTRUCT",
) -> StructureSet:
    """Read the closed planar contours of a structure set.

    Parameters
    ----------
    path : str or Path
    names : collection of str or int, optional
        ROI names (blanks at the ends do not count) or ROI numbers to read; the others are left out of the result.
        Names that the file does not have are not an error: look which structures came back.
    labels : mapping of int to str, optional
        What messages call a ROI, by its number; by default its name, which may tell who the patient is.
    who : str
        Stands at the front of every message: a study ID.

    Returns
    -------
    StructureSet
        Contours of the same z stand in one plane. A structure without contours is there, with no planes. Other
        geometric types (points, open lines), rings of fewer than three corners and rings that are there twice
        (they would cancel by XOR; wherever they begin and whichever way they run) are left out with a warning.

    Raises
    ------
    InputError
        Not a readable RTSTRUCT; structures in more than one frame of reference; coordinates that are not numbers; a
        contour that does not lie in a transversal plane, when its structure was asked for by name (without ``names``
        that structure is left out with a warning).
    """
    dataset = open_dicom(path, modality="RTSTRUCT", who=who, pixels=False)
    wanted = None if names is None else {name.strip() if isinstance(name, str) else int(name) for name in names}
    rois = [roi for roi in _rois(dataset) if wanted is None or roi.number in wanted or roi.name in wanted]
    frame_of_reference = _frame_of_reference(dataset, rois, who=who)
    contours = _contour_items(dataset)
    structures: dict[int, Structure] = {}
    remarks: dict[int, list[str]] = {}
    for roi in rois:
        label = (labels or {}).get(roi.number, roi.name)
        try:
            planes, remarks[roi.number] = _planes(contours.get(roi.number, ()), label, who=who)
        except InputError as error:
            if names is not None:
                raise
            left_out = [f"{fault.expected} expected, {fault.found} found: left out" for fault in error.faults]
            remarks[roi.number] = left_out
            continue
        structures[roi.number] = Structure(roi.name, planes, roi.number)
    for numbers, text in _shared_names(structures.values(), labels or {}):
        for number in numbers:
            remarks[number].append(text)
    warnings = dict.fromkeys(text for texts in remarks.values() for text in texts)
    own = {number: tuple(texts) for number, texts in remarks.items() if texts}
    return StructureSet(structures, frame_of_reference, tuple(warnings), own)


def _shared_names(structures: Iterable[Structure], labels: Mapping[int, str]) -> Iterator[tuple[list[int], str]]:
    numbers: dict[str, list[int]] = {}
    for structure in structures:
        numbers.setdefault(structure.name, []).append(structure.number)
    for name, found in numbers.items():
        if len(found) > 1:
            which = ", ".join(map(str, found))
            called = "named alike" if found[0] in labels else f"named {name or 'nothing'}"
            yield found, f"{len(found)} structures are {called}: ROI numbers {which}"


def _rois(dataset: Dataset) -> list[_Roi]:
    return [
        _Roi(
            int(item.ROINumber),
            str(item.get("ROIName") or "").strip(),
            str(item.get("ReferencedFrameOfReferenceUID") or "").strip(),
        )
        for item in dataset.get("StructureSetROISequence") or ()
    ]


def _frame_of_reference(dataset: Dataset, rois: Iterable[_Roi], *, who: str) -> str:
    found = {roi.frame_of_reference for roi in rois if roi.frame_of_reference}
    if len(found) > 1:
        raise InputError(
            Fault(
                who,
                "structures in one frame of reference",
                f"structures in {len(found)}",
                "Export the structure set of the planning CT alone.",
                "frame-of-reference",
            )
        )
    if found:
        return found.pop()
    whole = [item.get("FrameOfReferenceUID") for item in dataset.get("ReferencedFrameOfReferenceSequence") or ()]
    return str(next((uid for uid in [*whole, dataset.get("FrameOfReferenceUID")] if uid), "")).strip()


def _contour_items(dataset: Dataset) -> dict[int, list[Dataset]]:
    """Contours of each ROI number, not yet parsed."""
    found: dict[int, list[Dataset]] = {}
    for item in dataset.get("ROIContourSequence") or ():
        number = item.get("ReferencedROINumber")
        if number is not None:
            found.setdefault(int(number), []).append(item)
    return found


def _planes(items: Iterable[Dataset], name: str, *, who: str) -> tuple[tuple[Plane, ...], list[str]]:
    raw: list[bytes] = []
    other: dict[str, int] = {}
    for contour in _contours(items):
        kind = str(contour.get("ContourGeometricType") or "no type")
        if kind in _CLOSED:
            raw.append(_raw_bytes(contour))
        else:
            other[kind] = other.get(kind, 0) + 1
    remarks = [f"{name}: {count} contours of type {kind} left out" for kind, count in sorted(other.items())]
    rings = _split(raw, name, who=who)
    kept = [ring for ring in rings if len(ring) >= 3]
    if len(kept) < len(rings):
        remarks.append(f"{name}: {len(rings) - len(kept)} contours of fewer than three points left out")
    planes, repeated = _group(kept, name, who=who)
    if repeated:
        remarks.append(f"{name}: {repeated} contours that are there twice, taken once")
    return planes, remarks


def _contours(items: Iterable[Dataset]) -> Iterator[Dataset]:
    for item in items:
        yield from item.get("ContourSequence") or ()


def _raw_bytes(contour: Dataset) -> bytes:
    element = contour.get_item("ContourData") if "ContourData" in contour else None
    if element is None:
        return b""
    if isinstance(element, RawDataElement):
        return (element.value or b"").strip(b" \0\\")
    return b"\\".join(str(value).encode("ascii") for value in element.value or ())  # built in memory, not read


def _split(raw: list[bytes], name: str, *, who: str) -> list[FloatArray]:
    """Parse all contours of a structure in one go; each becomes points of shape (n, 3)."""
    filled = [part for part in raw if part]
    counts = [part.count(b"\\") + 1 for part in filled]
    texts = b"\\".join(filled).split(b"\\") if filled else []
    try:
        # One long text would make the array as wide for every number.
        if max(map(len, texts), default=0) > LONGEST_NUMBER:
            raise ValueError
        flat = np.array(texts, dtype=np.bytes_).astype(np.float64)
    except ValueError:
        flat = np.array([np.nan])
    if not np.all(np.isfinite(flat)) or any(count % 3 for count in counts):
        raise InputError(
            Fault(who, f"x, y, z in mm of every point of {name}", "something else", "Export it again.", "contour")
        )
    stops = np.cumsum([0, *counts]).tolist()
    return [_without_closing_point(flat[start:stop].reshape(-1, 3)) for start, stop in pairwise(stops)]


def _without_closing_point(points: FloatArray) -> FloatArray:
    return points[:-1] if len(points) > 1 and np.array_equal(points[0], points[-1]) else points


def _group(rings: list[FloatArray], name: str, *, who: str) -> tuple[tuple[Plane, ...], int]:
    """Put rings of the same z into one plane; give the planes ascending and the number of repeated rings."""
    if not rings:
        return (), 0
    if max(float(np.ptp(ring[:, 2])) for ring in rings) > SAME_PLANE_MM:
        raise InputError(
            Fault(
                who,
                f"contours of {name} in transversal planes",
                "a contour whose points differ in z",
                "Export the structure on transversal slices.",
                "contour-plane",
            )
        )
    ordered = sorted(rings, key=lambda ring: float(ring[0, 2]))
    heights = np.array([ring[0, 2] for ring in ordered])
    starts = [0, *(np.flatnonzero(np.diff(heights) > SAME_PLANE_MM) + 1).tolist(), len(ordered)]
    planes, repeated = [], 0
    for start, stop in pairwise(starts):
        here = [ring[:, :2] for ring in ordered[start:stop]]
        unique = here if len({len(ring) for ring in here}) == len(here) else _unlike(here)
        repeated += stop - start - len(unique)
        planes.append(Plane(float(heights[start]), tuple(np.ascontiguousarray(ring) for ring in unique)))
    return tuple(planes), repeated


def _unlike(rings: list[FloatArray]) -> list[FloatArray]:
    return list({_outline(ring): ring for ring in rings}.values())


def _outline(ring: FloatArray) -> bytes:
    """Give a key that is the same wherever a ring begins and whichever way it runs."""
    first = int(np.lexsort((ring[:, 1], ring[:, 0]))[0])
    forward = np.roll(ring, -first, axis=0) + 0.0  # no -0
    backward = np.roll(forward[::-1], 1, axis=0)
    return min(forward.tobytes(), backward.tobytes())
