"""Reading a CT: a series of slices, one file each."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from lungtox.dicom.axes import Orientation
from lungtox.dicom.source import frame_count, numbers, open_dicom, refusing, require, stored_values
from lungtox.dicom.stack import Plane, stack_planes
from lungtox.errors import Fault, InputError
from lungtox.geometry import Grid, Image

Source = str | Path | Sequence[str | Path]

AIR_HU = -1024.0
"""What lies outside the reconstructed circle is written as -2000, -3024 or a padding value: all count as this."""
_MOST_BYTES = 1 << 31


@dataclass(frozen=True)
class CtImage:
    """A CT in Hounsfield units.

    Attributes
    ----------
    image : Image
        In HU as 32-bit floating point numbers, not below -1024; slices evenly spaced.
    frame_of_reference : str
        Compared with that of other files; never written anywhere.
    """

    image: Image
    frame_of_reference: str = field(repr=False)


@dataclass(frozen=True)
class CtHeader:
    """What the headers of a CT say together.

    Attributes
    ----------
    grid : Grid
    frame_of_reference : str
        Compared with that of other files; never written anywhere.
    """

    grid: Grid
    frame_of_reference: str = field(repr=False)


@dataclass(frozen=True)
class _Slice:
    """What the header of one slice says."""

    path: Path
    plane: Plane
    series: str
    frame_of_reference: str
    slope: float
    intercept: float
    padding: int | None


@refusing("CT")
def read_ct(source: Source, *, who: str = "CT") -> CtImage:
    """Read the slices of one CT series; all headers are looked at before any pixels.

    Parameters
    ----------
    source : str, Path or sequence of these
        A folder that holds nothing else, or the files.
    who : str
        Stands at the front of every message: a study ID.

    Returns
    -------
    CtImage

    Raises
    ------
    InputError
        With all faults of the headers at once: files that are no CT slices, scouts, values that are not in HU, then
        several series or frames of reference, then what `stack_planes` refuses, such as missing slices and gantry
        tilt. Then pixels that are cut off or cannot be decompressed.

    Notes
    -----
    Rows and columns along other axes than the patient's make an oblique grid (see `lungtox.geometry.Grid`).
    """
    slices, orientation = _read_stack(source, who=who)
    values = np.empty((len(slices), *slices[0].plane.size), dtype=np.float32)
    for number, one in enumerate(slices):
        values[number] = _hounsfield(one, who=who)
    return CtImage(Image(orientation.grid, orientation.arrange(values)), slices[0].frame_of_reference)


@refusing("CT")
def read_ct_header(source: Source, *, who: str = "CT") -> CtHeader:
    """Read where a CT lies without its pixels; refused as `read_ct` does.

    Parameters
    ----------
    source : str, Path or sequence of these
    who : str
    """
    slices, orientation = _read_stack(source, who=who)
    return CtHeader(orientation.grid, slices[0].frame_of_reference)


def _read_stack(source: Source, *, who: str) -> tuple[list[_Slice], Orientation]:
    slices = _read_headers(_files(source, who=who), who=who)
    if faults := list(_series_faults(slices, who=who)):
        raise InputError(faults)
    order, orientation = stack_planes([one.plane for one in slices], what="CT", who=who)
    if 4 * math.prod(orientation.grid.shape) > _MOST_BYTES:
        raise InputError(Fault(who, "a CT of at most 2 GB", "a larger one", "Export fewer slices.", "pixels"))
    return [slices[number] for number in order], orientation


def _files(source: Source, *, who: str) -> list[Path]:
    if not isinstance(source, (str, Path)):
        found = [Path(path) for path in source]
    elif Path(source).is_dir():
        found = sorted(path for path in Path(source).iterdir() if path.is_file() and not path.name.startswith("."))
    else:
        found = [Path(source)]
    if not found:
        raise InputError(Fault(who, "a folder of CT slices", "no file in it", "Check the path.", "file-missing"))
    return found


def _read_headers(paths: Sequence[Path], *, who: str) -> list[_Slice]:
    """Read every header; the same fault of several files is said once, with their number."""
    slices: list[_Slice] = []
    faults: Counter[Fault] = Counter()
    for path in paths:
        try:
            slices.append(_read_header(path, who=who))
        except InputError as error:
            faults.update(error.faults)
    if faults:
        of_all = f" of {len(paths)} files"
        raise InputError(
            replace(fault, found=f"{fault.found} (in {count}{of_all})" if len(paths) > 1 else fault.found)
            for fault, count in faults.items()
        )
    return slices


@refusing("CT")
def _read_header(path: Path, *, who: str) -> _Slice:
    dataset = open_dicom(path, modality="CT", who=who, pixels=False)
    _refuse_other_kinds(dataset, who=who)
    padding = dataset.get("PixelPaddingValue")
    rows, columns = numbers(dataset, "PixelSpacing", count=2, who=who)
    if min(rows, columns) <= 0:
        raise InputError(Fault(who, "a positive Pixel Spacing", "none", "Export the CT again.", "grid"))
    return _Slice(
        path=path,
        plane=Plane(
            position_mm=numbers(dataset, "ImagePositionPatient", count=3, who=who),
            orientation=numbers(dataset, "ImageOrientationPatient", count=6, who=who),
            spacing_mm=(float(rows), float(columns)),
            size=(int(require(dataset, "Rows", who=who)), int(require(dataset, "Columns", who=who))),
        ),
        series=str(dataset.get("SeriesInstanceUID") or "").strip(),
        frame_of_reference=str(require(dataset, "FrameOfReferenceUID", who=who)).strip(),
        slope=float(numbers(dataset, "RescaleSlope", count=1, who=who)[0]),
        intercept=float(numbers(dataset, "RescaleIntercept", count=1, who=who)[0]),
        padding=None if padding is None else int(padding),
    )


def _refuse_other_kinds(dataset: Dataset, *, who: str) -> None:
    faults = []
    if frame_count(dataset, who=who) > 1:
        action = "Export the CT as single slices."
        faults.append(Fault(who, "one slice in each file", "an enhanced CT of many frames", action, "ct-kind"))
    image_type = [str(value).strip().upper() for value in np.atleast_1d(dataset.get("ImageType") or [])]
    if "LOCALIZER" in image_type:
        faults.append(Fault(who, "CT slices", "a scout (LOCALIZER)", "Leave it out.", "ct-kind"))
    if str(dataset.get("RescaleType") or "HU").strip().upper() != "HU":
        action = "Export the CT in Hounsfield units."
        faults.append(Fault(who, "values in HU (Rescale Type)", "another unit", action, "ct-units"))
    if dataset.get("RescaleSlope") == 0:
        faults.append(Fault(who, "a Rescale Slope other than 0", "0", "Export the CT again.", "ct-units"))
    if faults:
        raise InputError(faults)


def _series_faults(slices: Sequence[_Slice], *, who: str) -> Iterable[Fault]:
    for what, values in (
        ("one series", {one.series for one in slices}),
        ("one frame of reference", {one.frame_of_reference for one in slices}),
    ):
        if len(values) > 1:
            action = "Keep the slices of one series, without those of others."
            yield Fault(who, f"{what} of all slices", f"{len(values)}", action, "series-mixed")


def _hounsfield(one: _Slice, *, who: str) -> NDArray[np.float32]:
    dataset = open_dicom(one.path, modality="CT", who=who)
    stored = stored_values(dataset, frames=1, who=who)[0]
    values: NDArray[np.float32] = stored.astype(np.float32) * np.float32(one.slope) + np.float32(one.intercept)
    if one.padding is not None:
        values[stored == one.padding] = AIR_HU
    np.maximum(values, np.float32(AIR_HU), out=values)
    return values
