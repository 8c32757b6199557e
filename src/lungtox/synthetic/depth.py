"""Water-equivalent depth along parallel beams through one transversal density map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.synthetic.beams import beam_frame

FloatArray = NDArray[np.float64]

_STEP_MM = 6.0
_REACH_MM = 240.0


@dataclass(frozen=True)
class DepthMap:
    """Water-equivalent depth of every point of the transversal plane, for each beam.

    Attributes
    ----------
    table_mm : ndarray, shape (beams, nt, nu)
        Depth on a square raster turned with the beam: t towards the source, u across, from the isocentre.
    """

    table_mm: FloatArray

    def water_mm(self, beam: int, u_mm: FloatArray, t_mm: FloatArray) -> FloatArray:
        """Depth at distances u across and t towards the source from the isocentre."""
        return _bilinear(self.table_mm[beam], t_mm, u_mm)


def make_depth_map(
    angles_deg: FloatArray, isocentre_mm: FloatArray, density: tuple[FloatArray, FloatArray, FloatArray]
) -> DepthMap:
    """Sum the density from the source's side.

    Parameters
    ----------
    angles_deg : ndarray, shape (beams,)
    isocentre_mm : ndarray, shape (2,)
        x and y.
    density : tuple of ndarray
        Axes x (nx,), y (ny,), evenly spaced, and density relative to water (ny, nx); zero outside.
    """
    x, y, values = density
    raster = np.arange(-_REACH_MM, _REACH_MM + 0.1, _STEP_MM)
    source, across = beam_frame(angles_deg)
    t, u = raster[:, None], raster[None, :]
    tables = []
    for beam in range(angles_deg.size):
        place_x = isocentre_mm[0] + t * source[beam, 0] + u * across[beam, 0]
        place_y = isocentre_mm[1] + t * source[beam, 1] + u * across[beam, 1]
        column = np.rint((place_x - x[0]) / (x[1] - x[0])).astype(np.intp)
        row = np.rint((place_y - y[0]) / (y[1] - y[0])).astype(np.intp)
        inside = (column >= 0) & (column < x.size) & (row >= 0) & (row < y.size)
        sampled = np.where(inside, values[np.clip(row, 0, y.size - 1), np.clip(column, 0, x.size - 1)], 0.0)
        # Half of the own cell: the depth is that of the cell's middle.
        deep = np.cumsum(sampled[::-1], axis=0)[::-1] - 0.5 * sampled
        tables.append(deep * _STEP_MM)
    return DepthMap(np.stack(tables))


def _bilinear(table: FloatArray, t_mm: FloatArray, u_mm: FloatArray) -> FloatArray:
    last = table.shape[0] - 1.001
    row = np.clip((t_mm + _REACH_MM) / _STEP_MM, 0.0, last)
    column = np.clip((u_mm + _REACH_MM) / _STEP_MM, 0.0, last)
    i, j = row.astype(np.intp), column.astype(np.intp)
    a, b = row - i, column - j
    mixed: FloatArray = (1.0 - a) * ((1.0 - b) * table[i, j] + b * table[i, j + 1]) + a * (
        (1.0 - b) * table[i + 1, j] + b * table[i + 1, j + 1]
    )
    return mixed
