"""Reading images of local lung function: SPECT, PET, and maps of perfusion or ventilation."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from lungtox.dicom.axes import Orientation, orient
from lungtox.dicom.function_kinds import (
    FUNCTION_MODALITIES,
    FunctionKind,
    attenuation_corrected,
    function_kind,
    refuse_other_images,
)
from lungtox.dicom.function_series import read_enhanced, read_series, rescaling
from lungtox.dicom.source import frame_count, numbers, open_dicom, refusing, require, stored_values
from lungtox.errors import Fault, InputError
from lungtox.geometry import Image


@dataclass(frozen=True)
class FunctionImage:
    """Local lung function on a grid, in arbitrary units (only ratios count).

    Attributes
    ----------
    image : Image
        Slightly negative values, which filtered reconstructions have, stay as they are.
    frame_of_reference : str
        Compared with that of the dose; never written anywhere.
    warnings : tuple of str
    kind : {"SPECT", "PET", "map"}
        A map is anything else that was made of images, such as CT ventilation.
    attenuation_corrected : bool or None
        None where it does not apply: a map.
    """

    image: Image
    frame_of_reference: str = field(repr=False)
    warnings: tuple[str, ...] = ()
    kind: FunctionKind = "SPECT"
    attenuation_corrected: bool | None = None


@refusing("SPECT")
def read_function_image(path: str | Path, *, who: str = "SPECT") -> FunctionImage:
    """Read one image of lung function, given as its file or as a folder that holds nothing else.

    Parameters
    ----------
    path : str or Path
        A reconstructed SPECT (NM multi-frame or single slices), the slices of a PET or of a map of perfusion or
        ventilation (CT, MR or OT, derived), or one enhanced multi-frame file.
    who : str
        Stands at the front of every message: a study ID.

    Raises
    ------
    InputError
        Raw projections, planar, whole-body and gated images, transmission maps, PET of glucose, CT in Hounsfield units
        (each by name); no geometry, rows and columns not at right angles, slices that are missing, uneven or doubled;
        several series in a folder; no value above 0.

    Notes
    -----
    The place of each NM slice follows PS3.3 C.8.4.15: along the cross product of row and column direction where Spacing
    Between Slices is positive, against it where it is negative; slices are counted by the Slice Vector. Slope and
    intercept are those of each slice, which in PET differ.
    """
    files = _files(Path(path), who=who)
    dataset = open_dicom(files[0], modality=FUNCTION_MODALITIES, who=who)
    kind = function_kind(dataset)
    warnings: tuple[str, ...] = ()
    if "PerFrameFunctionalGroupsSequence" in dataset or frame_count(dataset, who=who) > 1:
        refuse_other_images(dataset, who=who)
        _refuse_several(files, who=who)
        if kind == "SPECT":
            image = _spect(dataset, who=who)
        else:
            image, warnings = read_enhanced(dataset, who=who)
        frame_of_reference = str(require(dataset, "FrameOfReferenceUID", who=who)).strip()
    else:
        image, frame_of_reference, warnings = read_series(files, who=who)
    if image.values.max() <= 0:
        raise InputError(Fault(who, "counts above 0", "none", "Export the reconstruction again.", "spect-values"))
    corrected = None if kind == "map" else attenuation_corrected(dataset)
    if corrected is False:
        warnings += (f"the {kind} does not say that it is corrected for attenuation",)
    return FunctionImage(image, frame_of_reference, warnings, kind, corrected)


def _files(path: Path, *, who: str) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(entry for entry in path.iterdir() if entry.is_file() and not entry.name.startswith("."))
    if not files:
        expected = "the files of an image of lung function"
        raise InputError(Fault(who, expected, "an empty folder", "Check the path.", "file-missing"))
    return files


def _refuse_several(files: list[Path], *, who: str) -> None:
    if len(files) > 1:
        expected = "one reconstructed multi-frame SPECT in the folder, or single slices"
        action = "Name the file of the reconstruction."
        raise InputError(Fault(who, expected, f"{len(files)} files", action, "spect-folder"))


def _spect(dataset: Dataset, *, who: str) -> Image:
    """Read an NM multi-frame image."""
    orientation = _orientation(dataset, who=who)
    frames = frame_count(dataset, who=who)
    stored = orientation.arrange(stored_values(dataset, frames=frames, who=who)).astype(np.float64)
    slope, intercept = rescaling(dataset, who=who)
    return Image(orientation.grid, stored * slope + intercept)


def _orientation(dataset: Dataset, *, who: str) -> Orientation:
    detectors = dataset.get("DetectorInformationSequence") or ()
    geometry = next(iter(detectors), dataset)
    frames = frame_count(dataset, who=who)
    spacing_mm = float(numbers(dataset, "SpacingBetweenSlices", count=1, who=who)[0])
    if spacing_mm == 0:
        raise InputError(Fault(who, "Spacing Between Slices other than 0", "0", "Export it again.", "grid"))
    slices = np.arange(1, frames + 1, dtype=np.float64)
    if dataset.get("SliceVector") is not None:
        slices = numbers(dataset, "SliceVector", count=frames, who=who)
    return orient(
        position_mm=numbers(geometry, "ImagePositionPatient", count=3, who=who),
        orientation=numbers(geometry, "ImageOrientationPatient", count=6, who=who),
        spacing_mm=numbers(dataset, "PixelSpacing", count=2, who=who),
        size=(int(require(dataset, "Rows", who=who)), int(require(dataset, "Columns", who=who))),
        offsets_mm=(slices - 1) * spacing_mm,
        who=who,
    )
