"""Finding the lungs in a CT by its Hounsfield units, and in a SPECT by its counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lungtox.geometry import Grid, Image

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

LUNG_HU = -400.0
"""Between lung (-950 to -500) and soft tissue (-100 to 100)."""
_SMALLEST_LUNG_CC = 200.0
"""A lung that has collapsed further is not looked for."""
_SMALLER_SIDE = 0.1
_COUNTS_SHARE = 0.20
_ROBUST_PCT = 99.0


def coarsened(image: Image, *, spacing_mm: float) -> Image:
    """Average blocks of voxels, as many along each axis as fit into a spacing.

    Parameters
    ----------
    image : Image
        Evenly spaced.
    spacing_mm : float
        No axis becomes coarser than this; one that is already stays as it is.

    Returns
    -------
    Image
        With float32 values. What does not fill a last block is left out.
    """
    grid, values = image.grid, image.values
    axes = []
    for axis, centres in enumerate((grid.z_mm, grid.y_mm, grid.x_mm)):
        count = _block(centres, spacing_mm)
        blocks = centres.size // count
        kept = values.take(range(blocks * count), axis=axis) if centres.size % count else values
        shape = (*kept.shape[:axis], blocks, count, *kept.shape[axis + 1 :])
        values = kept.reshape(shape).mean(axis=axis + 1, dtype=np.float32) if count > 1 else kept
        axes.append(centres[: blocks * count].reshape(blocks, count).mean(axis=1))
    return Image(Grid(axes[2], axes[1], axes[0], grid.turn), np.asarray(values, dtype=np.float32))


def _block(centres: FloatArray, spacing_mm: float) -> int:
    if centres.size < 2:
        return 1
    # Never fewer than two samples along an axis.
    return max(1, min(int(spacing_mm / step_mm(centres) + 1e-6), centres.size // 2))


def find_lungs(ct: Image) -> BoolArray:
    """Find the lungs with the airways in them: air that the body encloses in every transversal plane.

    Parameters
    ----------
    ct : Image
        In HU, on voxels of a few mm.

    Returns
    -------
    ndarray of bool, shape of the image
        The largest connected air, and whatever else is at least a tenth of it (the other lung). All False where no
        200 cc hang together.

    Notes
    -----
    The body is the largest connected part above -400 HU. Its holes are filled plane by plane along the third axis, so
    that lungs which the picture cuts off count too. An opening by one voxel takes thin layers of air away, such as that
    between back and couch.
    """
    from scipy import ndimage

    dense = ct.values > LUNG_HU
    filled = np.stack([ndimage.binary_fill_holes(plane) for plane in _largest(dense)])
    cross = ndimage.generate_binary_structure(2, 1)[None]
    air = ndimage.binary_opening(filled & ~dense, cross)
    labels, count = ndimage.label(air)
    if count == 0:
        return air
    sizes = np.bincount(labels.ravel())[1:]
    if sizes.max() * _voxel_cc(ct.grid) < _SMALLEST_LUNG_CC:
        return np.zeros_like(air)
    keep = np.concatenate([[False], sizes >= _SMALLER_SIDE * sizes.max()])
    found: BoolArray = keep[labels]
    return found


def find_counts(spect: Image) -> BoolArray:
    """Find where a SPECT has at least 20 % of its robust maximum, the 99th percentile of what lies above 0."""
    positive = spect.values[spect.values > 0]
    if positive.size == 0:
        return np.zeros(spect.grid.shape, dtype=bool)
    found: BoolArray = spect.values >= _COUNTS_SHARE * np.percentile(positive, _ROBUST_PCT)
    return found


def middle_mm(grid: Grid, mask: BoolArray) -> FloatArray:
    """Give the centre of gravity of a mask with at least one voxel, in patient coordinates, shape (3,)."""
    # Along each axis only the sums over planes count.
    along = [
        float(centres @ mask.sum(axis=others)) / float(mask.sum())
        for centres, others in ((grid.x_mm, (0, 1)), (grid.y_mm, (0, 2)), (grid.z_mm, (1, 2)))
    ]
    place = np.array(along)
    return place if grid.turn is None else np.asarray(grid.turn.T @ place)


def step_mm(centres_mm: FloatArray) -> float:
    """Give the mean distance between two or more samples of an axis, whose positions were written rounded."""
    return float(centres_mm[-1] - centres_mm[0]) / (centres_mm.size - 1)


def _largest(mask: BoolArray) -> BoolArray:
    from scipy import ndimage

    labels, count = ndimage.label(mask)
    if count == 0:
        return mask
    found: BoolArray = labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    return found


def _voxel_cc(grid: Grid) -> float:
    return float(np.prod([step_mm(axis) for axis in (grid.x_mm, grid.y_mm, grid.z_mm)])) / 1000.0
