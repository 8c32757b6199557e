"""Reading reconstructed perfusion or ventilation SPECT (NM multi-frame)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from lungtox.dicom.axes import Orientation, orient
from lungtox.dicom.kinds import UNRECONSTRUCTED
from lungtox.dicom.source import frame_count, numbers, open_dicom, refusing, require, stored_values
from lungtox.errors import Fault, InputError, count_of
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
    """

    image: Image
    frame_of_reference: str = field(repr=False)
    warnings: tuple[str, ...] = ()


@refusing("SPECT")
def read_function_image(path: str | Path, *, who: str = "SPECT") -> FunctionImage:
    """Read one reconstructed SPECT, given as its file or as a folder that holds nothing else.

    Parameters
    ----------
    path : str or Path
    who : str
        Stands at the front of every message: a study ID.

    Raises
    ------
    InputError
        Raw projections, planar and gated images (each by name), rows and columns not at right angles, no slice
        spacing, no value above 0, or a folder with more than one file.

    Notes
    -----
    The place of each slice follows PS3.3 C.8.4.15: along the cross product of row and column direction where Spacing
    Between Slices is positive, against it where it is negative; slices are counted by the Slice Vector.
    """
    dataset = open_dicom(_single_file(Path(path), who=who), modality="NM", who=who)
    _refuse_unreconstructed(dataset, who=who)
    orientation = _orientation(dataset, who=who)
    frames = frame_count(dataset, who=who)
    stored = orientation.arrange(stored_values(dataset, frames=frames, who=who)).astype(np.float64)
    values = stored * float(dataset.get("RescaleSlope") or 1.0) + float(dataset.get("RescaleIntercept") or 0.0)
    if values.max() <= 0:
        raise InputError(Fault(who, "counts above 0", "none", "Export the reconstruction again.", "spect-values"))
    frame_of_reference = str(require(dataset, "FrameOfReferenceUID", who=who)).strip()
    return FunctionImage(Image(orientation.grid, values), frame_of_reference, _warnings(dataset))


def _single_file(path: Path, *, who: str) -> Path:
    if not path.is_dir():
        return path
    files = sorted(entry for entry in path.iterdir() if entry.is_file() and not entry.name.startswith("."))
    if len(files) != 1:
        raise InputError(
            Fault(
                who,
                "one reconstructed multi-frame SPECT in the folder",
                count_of(len(files), "file"),
                "Name the file of the reconstruction.",
                "spect-folder",
            )
        )
    return files[0]


def _refuse_unreconstructed(dataset: Dataset, *, who: str) -> None:
    image_type = [str(value).strip().upper() for value in np.atleast_1d(dataset.get("ImageType") or [])]
    kind = image_type[2] if len(image_type) > 2 else ""
    if kind == "RECON TOMO":
        return
    found = UNRECONSTRUCTED.get(kind, f"Image Type {kind or 'not given'}")
    action = "Export the reconstructed transversal SPECT."
    raise InputError(Fault(who, "a reconstructed SPECT (RECON TOMO)", found, action, "spect-kind"))


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


def _warnings(dataset: Dataset) -> tuple[str, ...]:
    corrections = {str(value).strip().upper() for value in np.atleast_1d(dataset.get("CorrectedImage") or [])}
    # PS3.3 C.8.4.10: ATTN marks attenuation correction.
    return () if "ATTN" in corrections else ("the SPECT does not say that it is corrected for attenuation",)
