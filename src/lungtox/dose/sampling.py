"""Dose samples of a region: where, how much volume, which dose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.dose.blocks import blocks
from lungtox.dose.histogram import Histogram
from lungtox.dose.partial import SHARE
from lungtox.dose.raster import SAMPLES as SAMPLES
from lungtox.dose.raster import Raster, empty_region, make_raster
from lungtox.errors import Fault, InputError
from lungtox.geometry import (
    BetweenPlanes,
    Dose,
    EndCap,
    Region,
    Slabs,
    Structure,
    as_region,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples of a region that lie inside the dose grid.

    Attributes
    ----------
    structure : str
    x_mm, y_mm, z_mm : ndarray, shape (samples,)
        Patient coordinates (LPS); interpolate a function image there.
    volume_cc, dose_gy : ndarray, shape (samples,)
    region_cc : float
        Volume of the whole region, the part outside the dose grid included.
    coverage_pct : float
        Share of it inside the dose grid.
    planes : int
        Slabs of contour planes in which the region has area.
    spread_gy : ndarray, shape (samples,), optional
        Width of the range of doses for which each sample stands: what the dose changes by, at its own gradient, over
        the half of a cell and of a layer that is its share where samples alternate.
    step_mm : tuple of float
        Lengths along x, y and z of that share; along z of the median layer.
    warnings : tuple of str
    """

    structure: str
    x_mm: FloatArray
    y_mm: FloatArray
    z_mm: FloatArray
    volume_cc: FloatArray
    dose_gy: FloatArray
    region_cc: float
    coverage_pct: float
    planes: int
    warnings: tuple[str, ...] = ()
    spread_gy: FloatArray | None = None
    step_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)


def sample_region(
    region: Structure | Region,
    dose: Dose,
    *,
    end_cap: EndCap = "half-slice",
    between_planes: BetweenPlanes = "slab",
    wanted: int = SAMPLES,
) -> Samples:
    """Sample the dose in a region.

    The raster follows the dose grid: its cells are whole fractions of a dose pixel and its layers fractions of a slab,
    fine enough for about 100,000 samples in the region, and never coarser than the dose grid. A cell's volume is its
    exactly covered area times the thickness of the layer; its dose is interpolated trilinearly at a point in the cell
    that alternates from cell to cell.

    The dose grid ends at the centres of its outermost voxels. What lies further out has no dose: it is left out of the
    samples, never extrapolated or scaled, and ``coverage_pct`` tells how much is left.

    Parameters
    ----------
    region : Structure or Region
    dose : Dose
        In the same frame of reference; the caller checks that.
    end_cap : {"half-slice", "none", "rounded"}
        How the structure ends beyond its first and last contour.
    between_planes : {"slab", "interpolated"}
        Whether a contour stands for a slab, or cross-sections between planes are interpolated.
    wanted : int
        Number of samples to aim at.

    Returns
    -------
    Samples

    Raises
    ------
    InputError
        No contours or no volume (``structure-empty``); nothing inside the dose grid (``dose-coverage``).
    """
    raster = make_raster(
        as_region(region), dose.image.grid, end_cap=end_cap, between_planes=between_planes, wanted=wanted
    )
    summary = _Summary(raster)
    found = list(blocks(raster, dose.image, summary.add))
    coverage_pct, warnings = summary.finish(sum(float(block.volume_cc.sum()) for block in found))
    height = float(np.median((raster.slabs.high_mm - raster.slabs.low_mm) / raster.layers))
    return Samples(
        structure=raster.region.name,
        x_mm=np.concatenate([block.x_mm() for block in found]),
        y_mm=np.concatenate([block.y_mm() for block in found]),
        z_mm=np.concatenate([block.z_mm() for block in found]),
        volume_cc=np.concatenate([block.volume_cc for block in found]),
        dose_gy=np.concatenate([block.dose_gy for block in found]),
        region_cc=summary.region_cc,
        coverage_pct=coverage_pct,
        planes=summary.planes,
        warnings=warnings,
        spread_gy=np.concatenate([block.spread_gy for block in found]),
        step_mm=(SHARE * raster.lattice.cell_x_mm, SHARE * raster.lattice.cell_y_mm, SHARE * height),
    )


def region_histogram(
    region: Structure | Region,
    dose: Dose,
    *,
    bin_width_gy: float,
    end_cap: EndCap = "half-slice",
    between_planes: BetweenPlanes = "slab",
) -> tuple[Histogram, float, tuple[str, ...]]:
    """Give histogram, coverage in percent and warnings of what `sample_region` would sample, without keeping samples.

    Parameters and errors are those of `sample_region`.
    """
    raster = make_raster(as_region(region), dose.image.grid, end_cap=end_cap, between_planes=between_planes)
    summary = _Summary(raster)
    histogram = Histogram(raster.region.name, bin_width_gy)
    for block in blocks(raster, dose.image, summary.add):
        histogram.add(block.dose_gy, block.volume_cc, block.spread_gy)
    return histogram, *summary.finish(histogram.total_cc)


class _Summary:
    """What adds up over the batches of a raster."""

    def __init__(self, raster: Raster) -> None:
        self.raster, self.region_cc, self.planes, self.crossing = raster, 0.0, 0, 0

    def add(self, batch: slice, covered: FloatArray, crossing: NDArray[np.bool_]) -> None:
        """Take in the coverage of some slabs."""
        slabs = self.raster.slabs
        area = covered.sum(axis=(1, 2))
        thickness = slabs.high_mm[batch] - slabs.low_mm[batch]
        self.region_cc += float((area * thickness).sum()) * self.raster.lattice.cell_mm2 / 1000.0
        self.planes += int(np.count_nonzero(area))
        self.crossing += int(crossing.sum())

    def finish(self, inside_cc: float) -> tuple[float, tuple[str, ...]]:
        """Give coverage in percent and warnings; refuse a region without volume, or outside the dose grid."""
        raster, name = self.raster, self.raster.region.name
        if self.region_cc <= 0:
            raise empty_region(name)
        if inside_cc <= 0:
            raise _outside(name)
        coverage_pct = 100.0 * inside_cc / self.region_cc
        if coverage_pct > 100.0 - 1e-7:  # rounding of sums
            coverage_pct = 100.0
        crossing = self.crossing if raster.drawn_crossing is None else int(raster.drawn_crossing.sum())
        return coverage_pct, _warnings(name, raster.slabs, crossing, coverage_pct)


def _warnings(name: str, slabs: Slabs, crossing: int, coverage_pct: float) -> tuple[str, ...]:
    texts = list(slabs.warnings)
    if crossing:
        texts.append(f"{name}: contours that cross each other in {crossing} slabs; counted by even-odd")
    if coverage_pct < 100.0:
        texts.append(
            f"{name}: the dose grid covers {coverage_pct:.2f} % of the volume;"
            f" {100 - coverage_pct:.2f} % lies outside and is not in the histogram"
        )
    return tuple(texts)


def _outside(name: str) -> InputError:
    return InputError(
        Fault(
            who=name,
            expected="a dose grid that covers the structure",
            found="100 % of its volume outside",
            action="Check that structures and dose belong to the same plan, or export a larger dose grid.",
            code="dose-coverage",
        )
    )
