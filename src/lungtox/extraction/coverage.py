"""How much of a structure the dose grid leaves out."""

from __future__ import annotations

import numpy as np

from lungtox.dose import Samples
from lungtox.geometry import Grid


def share_beyond_pct(samples: Samples, grid: Grid) -> float:
    """Give the share of a structure's volume beyond the outermost dose points, in %.

    The DVH engine lets the outermost voxel centre count for half a voxel further out. Here that rim counts as outside:
    nothing was calculated there, and a structure that reaches into it was very likely cut off by the grid.
    """
    within = np.ones(samples.volume_cc.size, dtype=bool)
    axes = ((samples.x_mm, grid.x_mm), (samples.y_mm, grid.y_mm), (samples.z_mm, grid.z_mm))
    for at_mm, axis_mm in axes:
        within &= (at_mm >= axis_mm[0] - 1e-6) & (at_mm <= axis_mm[-1] + 1e-6)
    share = 100.0 * (1.0 - float(samples.volume_cc[within].sum()) / samples.region_cc)
    return share if share > 1e-7 else 0.0
