"""Planes of a function image from single-slice files, or from the frames of an enhanced multi-frame file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from lungtox.dicom.function_kinds import FUNCTION_MODALITIES, function_kind, refuse_other_images
from lungtox.dicom.source import frame_count, numbers, open_dicom, refusing, require, stored_values
from lungtox.dicom.stack import Plane, stack_planes
from lungtox.errors import Fault, InputError
from lungtox.geometry import Image

_MOST_BYTES = 1 << 31
_PADDED = "pixels that are marked as padding count as 0"


@dataclass(frozen=True)
class _Slice:
    """One plane with its values, and what its file says of the whole image."""

    plane: Plane
    values: NDArray[np.float32]
    series: str
    frame_of_reference: str
    kind: str
    padded: bool = False


def read_series(paths: Sequence[Path], *, who: str) -> tuple[Image, str, tuple[str, ...]]:
    """Read single-slice files as one volume.

    Parameters
    ----------
    paths : sequence of Path
    who : str
        Stands at the front of every message.

    Returns
    -------
    image : Image
        Rescaled slice by slice, as 32-bit floating point numbers.
    frame_of_reference : str
    warnings : tuple of str

    Raises
    ------
    InputError
        Files that are refused, said once each with their number; several series, frames of reference or kinds in the
        folder; what `stack_planes` refuses.
    """
    slices: list[_Slice] = []
    faults: Counter[Fault] = Counter()
    for path in paths:
        try:
            slices.append(_read_slice(path, who=who))
        except InputError as error:
            faults.update(error.faults)
        if 4 * sum(one.values.size for one in slices) > _MOST_BYTES:
            raise InputError(Fault(who, "an image of at most 2 GB", "a larger one", "Export fewer slices.", "pixels"))
    if faults:
        raise InputError(
            replace(fault, found=f"{fault.found} (in {count} of {len(paths)} files)" if len(paths) > 1 else fault.found)
            for fault, count in faults.items()
        )
    if mixed := list(_mixed(slices, who=who)):
        raise InputError(mixed)
    image = _volume([one.plane for one in slices], [one.values for one in slices], slices[0].kind, who=who)
    warnings = (_PADDED,) if any(one.padded for one in slices) else ()
    return image, slices[0].frame_of_reference, warnings


def _mixed(slices: Sequence[_Slice], *, who: str) -> Iterable[Fault]:
    action = "Keep the slices of one image in the folder, without those of others."
    for what, values in (
        ("series", {one.series for one in slices}),
        ("frame of reference", {one.frame_of_reference for one in slices}),
        ("kind of image", {one.kind for one in slices}),
    ):
        if len(values) > 1:
            yield Fault(who, f"slices of one {what}", f"those of {len(values)}", action, "series-mixed")


@refusing("SPECT")
def _read_slice(path: Path, *, who: str) -> _Slice:
    dataset = open_dicom(path, modality=FUNCTION_MODALITIES, who=who)
    refuse_other_images(dataset, who=who)
    if frame_count(dataset, who=who) > 1:
        action = "Name the file of the reconstruction."
        raise InputError(Fault(who, "single slices in the folder", "a multi-frame image", action, "spect-folder"))
    # PS3.3 C.8.4.11: NM keeps the place of its first slice with the detector.
    detectors = dataset.get("DetectorInformationSequence") or () if function_kind(dataset) == "SPECT" else ()
    place = next((item for item in detectors if item.get("ImagePositionPatient")), dataset)
    stored = stored_values(dataset, frames=1, who=who)[0]
    padding = dataset.get("PixelPaddingValue")
    values, padded = _rescaled(stored, rescaling(dataset, who=who), padding)
    return _Slice(
        _plane(place, place, dataset, (stored.shape[0], stored.shape[1]), who=who),
        values,
        str(dataset.get("SeriesInstanceUID") or "").strip(),
        str(require(dataset, "FrameOfReferenceUID", who=who)).strip(),
        function_kind(dataset),
        padded,
    )


def read_enhanced(dataset: Dataset, *, who: str) -> tuple[Image, tuple[str, ...]]:
    """Read the frames of an enhanced multi-frame image by their functional groups (PS3.3 C.7.6.16).

    Parameters
    ----------
    dataset : Dataset
        With its pixels.
    who : str
        Stands at the front of every message.

    Returns
    -------
    image : Image
    warnings : tuple of str

    Raises
    ------
    InputError
        Frames without place, orientation or pixel spacing; what `stack_planes` refuses.
    """
    frames = frame_count(dataset, who=who)
    groups = dataset.get("PerFrameFunctionalGroupsSequence") or ()
    shared = next(iter(dataset.get("SharedFunctionalGroupsSequence") or ()), Dataset())
    if len(groups) != frames:
        action = "Export it with the place of each slice, or as single slices."
        expected = "a multi-frame image that says where its frames lie"
        raise InputError(Fault(who, expected, "no functional group for each frame", action, "geometry"))
    stored = stored_values(dataset, frames=frames, who=who)
    planes, values = [], []
    padded = False
    for number, group in enumerate(groups):
        place, turned, measures, transformed = (
            _macro(group, shared, name)
            for name in ("PlanePosition", "PlaneOrientation", "PixelMeasures", "PixelValueTransformation")
        )
        planes.append(_plane(place, turned, measures, (stored.shape[1], stored.shape[2]), who=who))
        scale = rescaling(transformed, who=who)
        rescaled, one_padded = _rescaled(stored[number], scale, dataset.get("PixelPaddingValue"))
        values.append(rescaled)
        padded |= one_padded
    image = _volume(planes, values, function_kind(dataset), who=who)
    return image, (_PADDED,) if padded else ()


def _macro(group: Dataset, shared: Dataset, name: str) -> Dataset:
    """Give the item of a functional group, of the frame or of all frames; an empty one where there is none."""
    for holder in (group, shared):
        for item in holder.get(f"{name}Sequence") or ():
            found: Dataset = item
            return found
    return Dataset()


def _plane(place: Dataset, turned: Dataset, measures: Dataset, size: tuple[int, int], *, who: str) -> Plane:
    between_rows, between_columns = numbers(measures, "PixelSpacing", count=2, who=who).tolist()
    if not min(between_rows, between_columns) > 0:
        raise InputError(Fault(who, "a positive Pixel Spacing", "another", "Export it again.", "grid"))
    return Plane(
        position_mm=numbers(place, "ImagePositionPatient", count=3, who=who),
        orientation=numbers(turned, "ImageOrientationPatient", count=6, who=who),
        spacing_mm=(between_rows, between_columns),
        size=size,
    )


def rescaling(dataset: Dataset, *, who: str) -> tuple[float, float]:
    """Give slope and intercept of an image or a frame: 1 and 0 where there are none. A slope of 0 is one."""
    slope, intercept = (
        default if dataset.get(keyword) is None else float(numbers(dataset, keyword, count=1, who=who)[0])
        for keyword, default in (("RescaleSlope", 1.0), ("RescaleIntercept", 0.0))
    )
    return slope, intercept


def _rescaled(
    stored: NDArray[Any], scale: tuple[float, float], padding: int | None
) -> tuple[NDArray[np.float32], bool]:
    """Apply the slope and intercept of one slice; give whether padding was set to 0."""
    slope, intercept = scale
    values: NDArray[np.float32] = (stored * slope + intercept).astype(np.float32)
    if padding is None:
        return values, False
    outside = stored == int(padding)
    values[outside] = 0.0
    # Where 0 is the padding value, setting it to 0 says nothing.
    return values, bool(outside.any()) and intercept + int(padding) * slope != 0.0


def _volume(planes: Sequence[Plane], values: Sequence[NDArray[np.float32]], kind: str, *, who: str) -> Image:
    order, orientation = stack_planes(planes, what=kind, who=who)
    return Image(orientation.grid, orientation.arrange(np.stack([values[number] for number in order])))
