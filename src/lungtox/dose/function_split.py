"""Where in the lungs function lies: left and right, thirds of the height, at the edge; and hot spots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.dose.function_region import References
from lungtox.dose.partial import SHARE
from lungtox.dose.sampling import Samples
from lungtox.errors import InputError
from lungtox.geometry import Region, Structure, on_left, split_sides, structure_layers

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

HOT_SPOT = 1.5
"""Maximum over 99th percentile from which a hot spot is warned about; the demo's images have 1.04 to 1.24."""
EDGE_MM = 10.0
"""Depth below the surface that counts as the edge: about the resolution of a SPECT (10 to 15 mm FWHM)."""
_CELL_MM = 5.0


@dataclass(frozen=True)
class Share:
    """Shares of one part in the function and in the volume of the structure, in %."""

    perfusion_pct: float
    volume_pct: float


@dataclass(frozen=True)
class FunctionFigures:
    """Figures of a function image in a structure that need no dose.

    Attributes
    ----------
    split : dict of str to Share
        By part (`lungtox.dose.metric_names.SPLIT_PARTS`); empty where the sides are not known.
    hot_spot : float
        Maximum over the 99th percentile by volume, before any clip.
    edge : Share
        Of what lies within `EDGE_MM` of the surface, along an axis. Resolution takes function away there.
    warnings : tuple of str
    """

    split: Mapping[str, Share]
    hot_spot: float
    edge: Share
    warnings: tuple[str, ...] = ()

    @property
    def has_hot_spot(self) -> bool:
        """Whether the maximum is so far above the 99th percentile that it is warned about."""
        return bool(self.hot_spot > HOT_SPOT)


def function_figures(samples: Samples, function: FloatArray, *, region: Region) -> FunctionFigures:
    """Measure the perfusion split, hot spots and the edge.

    Parameters
    ----------
    samples : Samples
        Of the structure.
    function : ndarray, shape (samples,)
        Q, finite, with some value above 0; negative values count as 0.
    region : Region
        The structure; joined of Lung_L and Lung_R, or of one structure that falls apart into both.

    Returns
    -------
    FunctionFigures
    """
    q = np.maximum(function, 0.0)
    references = References(q, samples.volume_cc)
    robust = references["p99"]
    hot_spot = references["max"] / robust if robust > 0 else float("inf")
    warnings = []
    if hot_spot > HOT_SPOT:
        warnings.append(
            f"{samples.structure}: the function image has a hot spot, its maximum is {hot_spot:.2g} times the 99th"
            " percentile; thresholds of the maximum depend on it (p99 as reference, or function.clip, do not)"
        )
    sides = lung_sides(region)
    if sides is None:
        warnings.append(f"{samples.structure}: no perfusion split, its sides are not known as Lung_L and Lung_R")
    split = {} if sides is None else perfusion_split(samples, q, left=sides[0], right=sides[1])
    edge = _share(edge_samples(samples), q, samples.volume_cc)
    return FunctionFigures(split, hot_spot, edge, tuple(warnings))


def lung_sides(region: Region) -> tuple[Structure, Structure] | None:
    """Give the left and the right lung of a region; None where they are not known."""
    named = {structure.name: structure for structure in region.union if structure.planes}
    if len(region.union) == 2 and {"Lung_L", "Lung_R"} <= named.keys():
        return named["Lung_L"], named["Lung_R"]
    if len(region.union) != 1 or not named:
        return None
    try:
        # The thickness matters for a single plane only, which holds no two lungs.
        return split_sides(
            structure_layers(
                region.union[0], end_cap="half-slice", between_planes="slab", slice_mm=_CELL_MM, step_mm=_CELL_MM
            )
        )
    except InputError:
        return None


def perfusion_split(samples: Samples, function: FloatArray, *, left: Structure, right: Structure) -> dict[str, Share]:
    """Give the share of function in each part of the lungs.

    Parameters
    ----------
    samples : Samples
        Of both lungs, usually without the tumour.
    function : ndarray, shape (samples,)
        Q, not negative.
    left, right : Structure

    Returns
    -------
    dict of str to Share
        ``left``, ``right``; ``upper``, ``middle``, ``lower`` (thirds of each lung's own height, from its lowest to its
        highest sample, as in planar quantification); ``left upper``, ... The shares of the sides, of the thirds and of
        the six parts each add to 100 %.
    """
    is_left = on_left(left, right, samples.x_mm, samples.y_mm, samples.z_mm)
    third = np.zeros(is_left.size, dtype=np.intp)
    for side in (is_left, ~is_left):
        if side.any():
            low, high = float(samples.z_mm[side].min()), float(samples.z_mm[side].max())
            height = max(high - low, 1e-9)
            third[side] = np.minimum(3.0 * (samples.z_mm[side] - low) / height, 2.0).astype(np.intp)
    sides = {"left": is_left, "right": ~is_left}
    thirds = {name: third == number for number, name in ((2, "upper"), (1, "middle"), (0, "lower"))}
    parts = {**sides, **thirds}
    parts |= {f"{side} {name}": sides[side] & thirds[name] for side in sides for name in thirds}
    return {name: _share(inside, function, samples.volume_cc) for name, inside in parts.items()}


def edge_samples(samples: Samples, *, depth_mm: float = EDGE_MM) -> BoolArray:
    """Say which samples have the outside of the structure within a depth along x, y or z, on a raster of about 5 mm."""
    # Samples alternate within their cells: a raster as fine as these would have holes.
    cells_mm = [max(_CELL_MM, 1.5 * step / SHARE) for step in samples.step_mm]
    # A raster cell with a sample in it reaches half a cell further out than the structure, in the mean.
    reach_mm = [depth_mm + 0.5 * cell for cell in cells_mm]
    starts = [float(axis.min()) - reach for axis, reach in zip(_axes(samples), reach_mm, strict=True)]

    def place(number: int, moved_mm: float = 0.0) -> NDArray[np.intp]:
        along = _axes(samples)[number] + moved_mm - starts[number]
        return np.floor(along / cells_mm[number] + 1e-9).astype(np.intp)

    here = [place(number) for number in range(3)]
    held = np.zeros([int(place(number, reach).max()) + 1 for number, reach in enumerate(reach_mm)], dtype=bool)
    held[here[0], here[1], here[2]] = True
    edge = np.zeros(samples.volume_cc.size, dtype=bool)
    for number, reach in enumerate(reach_mm):
        for moved in (reach, -reach):
            there = [place(number, moved) if axis == number else own for axis, own in enumerate(here)]
            edge |= ~held[there[0], there[1], there[2]]
    return edge


def _axes(samples: Samples) -> tuple[FloatArray, FloatArray, FloatArray]:
    return samples.x_mm, samples.y_mm, samples.z_mm


def _share(inside: BoolArray, function: FloatArray, volume_cc: FloatArray) -> Share:
    held = function * volume_cc
    return Share(
        perfusion_pct=100.0 * float(held[inside].sum()) / float(held.sum()),
        volume_pct=100.0 * float(volume_cc[inside].sum()) / float(volume_cc.sum()),
    )
