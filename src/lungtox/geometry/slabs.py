"""The slabs for which contour planes stand, and the common slabs of several structures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lungtox.geometry.region import Region
from lungtox.geometry.structure import Structure

FloatArray = NDArray[np.float64]
EndCap = Literal["half-slice", "none", "rounded"]

WIDE_GAP = 1.5  # times the usual spacing; one missing plane doubles it
SAME_LEVEL_MM = 0.01  # resolution of coordinates in most files


@dataclass(frozen=True, eq=False)
class Slabs:
    """Slabs of constant cross-section.

    Attributes
    ----------
    low_mm, high_mm : ndarray, shape (slabs,)
        Ascending; they touch or leave gaps, never overlap.
    plane : ndarray of int, shape (slabs, operands)
        Contour plane of each operand that stands for the slab, -1 where it has none.
    warnings : tuple of str
    """

    low_mm: FloatArray
    high_mm: FloatArray
    plane: NDArray[np.intp]
    warnings: tuple[str, ...] = ()


def structure_slabs(
    structure: Structure, *, end_cap: EndCap, slice_mm: float
) -> tuple[FloatArray, FloatArray, tuple[str, ...]]:
    """Give lower and upper face of the slab of each contour plane.

    Planes meet half-way. The first and last one reach half a gap further (``half-slice``; ``rounded`` starts from
    that) or end where they are (``none``). A gap of more than 1.5 times the usual spacing and of both its neighbours is
    not filled: the structure ends on both sides of it as it does at its ends, and a warning says so. A structure with
    faces of its own keeps them.

    Parameters
    ----------
    structure : Structure
    end_cap : {"half-slice", "none", "rounded"}
    slice_mm : float
        Thickness of a structure that has a single plane.

    Returns
    -------
    low_mm, high_mm : ndarray, shape (planes,)
    warnings : tuple of str
    """
    if structure.faces_mm is not None:
        return structure.faces_mm[:, 0], structure.faces_mm[:, 1], ()
    z = np.array([plane.z_mm for plane in structure.planes], dtype=np.float64)
    if z.size == 0:
        return z, z, ()
    if z.size == 1:
        text = f"{structure.name}: a single contour plane; counted as {slice_mm:g} mm thick"
        return z - 0.5 * slice_mm, z + 0.5 * slice_mm, (text,)
    gaps = np.diff(z)
    usual = float(np.median(gaps))
    beside = np.maximum(np.append(0.0, gaps[:-1]), np.append(gaps[1:], 0.0))
    wide = gaps > WIDE_GAP * np.maximum(usual, beside)
    # A plane at an end or beside a hole takes its thickness from its other neighbour, at most.
    inner = np.where(wide, np.nan, gaps)
    before, after = np.append(np.nan, inner), np.append(inner, np.nan)
    cap = np.fmin(np.fmax(np.nan_to_num(before), np.nan_to_num(after)), WIDE_GAP * usual)
    cap = np.where(cap > 0, cap, usual) if end_cap != "none" else np.zeros_like(z)
    low = z - 0.5 * np.where(np.isnan(before), cap, before)
    high = z + 0.5 * np.where(np.isnan(after), cap, after)
    return low, high, _gap_warnings(structure.name, z, gaps, wide, usual)


def _gap_warnings(name: str, z: FloatArray, gaps: FloatArray, wide: NDArray[np.bool_], usual: float) -> tuple[str, ...]:
    texts = [
        f"{name}: no contours from z = {z[i]:g} to {z[i + 1]:g} mm ({gaps[i]:g} mm, usually {usual:g} mm); not filled"
        for i in np.flatnonzero(wide)
    ]
    uneven = (gaps > WIDE_GAP * usual) & ~wide
    if uneven.any():
        first = int(np.flatnonzero(uneven)[0])
        texts.append(
            f"{name}: contour planes are unevenly spaced ({gaps[first]:g} mm at z = {z[first]:g} mm, usually"
            f" {usual:g} mm); filled half-way from both sides"
        )
    return tuple(texts)


def region_slabs(region: Region, *, end_cap: EndCap, slice_mm: float) -> Slabs:
    """Cut the slabs of all operands' planes at each other's faces; see `common_slabs`.

    Parameters
    ----------
    region : Region
    end_cap : {"half-slice", "none", "rounded"}
    slice_mm : float
        Thickness of a structure with a single plane.
    """
    return common_slabs(
        region, tuple(structure_slabs(operand, end_cap=end_cap, slice_mm=slice_mm) for operand in region.operands)
    )


def common_slabs(region: Region, faces: tuple[tuple[FloatArray, FloatArray, tuple[str, ...]], ...]) -> Slabs:
    """Cut the slabs of all operands at each other's faces, and keep those in which the region can be.

    Structures of one structure set share their contour planes; then these are simply the slabs of the planes. A
    structure with other or fewer planes keeps its own slabs, and both count where they overlap.

    Parameters
    ----------
    region : Region
    faces : tuple of (low_mm, high_mm, warnings), one for each operand
        One pair of faces for each plane of the operand.
    """
    warnings = tuple(text for _, _, texts in faces for text in texts)
    levels = np.unique(np.concatenate([np.concatenate([low, high]) for low, high, _ in faces]))
    if levels.size == 0:
        empty = np.zeros(0)
        return Slabs(empty, empty, np.zeros((0, len(faces)), dtype=np.intp), warnings)
    # Faces that differ by rounding only would make slivers: each group of them becomes one level.
    levels = levels[np.append(True, np.diff(levels) > SAME_LEVEL_MM)]
    low, high = levels[:-1], levels[1:]
    middle = 0.5 * (low + high)
    plane = np.stack([_plane_at(middle, lower, upper) for lower, upper, _ in faces], axis=1)
    kept = region.contains(_reachable(region, plane))
    return Slabs(low[kept], high[kept], plane[kept], warnings)


def _plane_at(z_mm: FloatArray, low: FloatArray, high: FloatArray) -> NDArray[np.intp]:
    if low.size == 0:
        return np.full(z_mm.shape, -1, dtype=np.intp)
    index = np.searchsorted(low, z_mm, side="right") - 1
    found = (index >= 0) & (z_mm < high[np.maximum(index, 0)])
    result: NDArray[np.intp] = np.where(found, index, -1).astype(np.intp)
    return result


def _reachable(region: Region, plane: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Say which operands have contours in each slab; what is taken out never empties a slab by that alone."""
    present = plane >= 0
    present[:, len(region.union) + len(region.within) :] = False
    return present
