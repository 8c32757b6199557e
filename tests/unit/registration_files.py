"""Registration objects made with pydicom alone, by the words of PS3.3 C.20.2 and C.20.3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from tests.unit import dicom_files as make

PLAN, SPECT, BETWEEN = make.FRAME, "1.2.3.5", "1.2.3.6"
SPATIAL, DEFORMABLE = "1.2.840.10008.5.1.4.1.1.66.1", "1.2.840.10008.5.1.4.1.1.66.3"

# A quarter turn about z takes x to y and y to -x; then 10, 20, 30 mm: (1, 2, 3) comes to (8, 21, 33).
TURN = (0, -1, 0, 10, 1, 0, 0, 20, 0, 0, 1, 30, 0, 0, 0, 1)
SHIFT = (1, 0, 0, 5, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1)
NOTHING = (1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1)


def matrix(values: Sequence[float], kind: str | None = "RIGID") -> Dataset:
    """One 4 x 4 matrix, row by row."""
    item = Dataset()
    item.FrameOfReferenceTransformationMatrix = [f"{value:g}" for value in values]
    if kind is not None:
        item.FrameOfReferenceTransformationMatrixType = kind
    return item


def entry(source: str | None, *matrices: Dataset) -> Dataset:
    """One item of a Registration Sequence."""
    item, holder = Dataset(), Dataset()
    if source is not None:
        item.FrameOfReferenceUID = source
    holder.MatrixSequence = list(matrices)
    item.MatrixRegistrationSequence = [holder]
    return item


def spatial(*entries: Dataset, registered: str | None = PLAN, **changes: Any) -> Dataset:
    """Spatial Registration; ``registered`` is the frame that everything is brought to."""
    dataset = _object(SPATIAL, registered)
    dataset.RegistrationSequence = list(entries)
    return make.changed(dataset, **changes)


def deformation(
    source: str | None,
    vectors: np.ndarray | None = None,
    *,
    before: Sequence[float] | None = None,
    after: Sequence[float] | None = None,
    origin: Sequence[float] = (-100, -100, -100),
    resolution: Sequence[float] = (50, 50, 50),
    orientation: Sequence[float] = (1, 0, 0, 0, 1, 0),
) -> Dataset:
    """One item of a Deformable Registration Sequence; vectors of shape (z, y, x, 3) in mm."""
    item = Dataset()
    if source is not None:
        item.SourceFrameOfReferenceUID = source
    if before is not None:
        item.PreDeformationMatrixRegistrationSequence = [matrix(before)]
    if after is not None:
        item.PostDeformationMatrixRegistrationSequence = [matrix(after)]
    if vectors is not None:
        grid = Dataset()
        grid.ImagePositionPatient, grid.ImageOrientationPatient = list(origin), list(orientation)
        grid.GridDimensions = [vectors.shape[2], vectors.shape[1], vectors.shape[0]]
        grid.GridResolution = [float(step) for step in resolution]
        grid.VectorGridData = vectors.astype("<f4").tobytes()
        item.DeformableRegistrationGridSequence = [grid]
    return item


def deformable(*items: Dataset, registered: str | None = PLAN) -> Dataset:
    """Deformable Spatial Registration."""
    dataset = _object(DEFORMABLE, registered)
    dataset.DeformableRegistrationSequence = list(items)
    return dataset


def _object(sop_class: str, registered: str | None) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID, dataset.Modality, dataset.SOPInstanceUID = sop_class, "REG", "1.2.3.14"
    if registered is not None:
        dataset.FrameOfReferenceUID = registered
    return dataset
