"""From a structure and a dose to a DVH in one call."""

from __future__ import annotations

from lungtox.dose.courses import sample_courses
from lungtox.dose.dvh import Dvh, dvh_from_histogram, dvh_from_samples
from lungtox.dose.sampling import region_histogram
from lungtox.geometry import BetweenPlanes, Dose, EndCap, Region, Structure


def compute_dvh(
    structure: Structure | Region,
    dose: Dose,
    *,
    bin_width_gy: float = 0.01,
    end_cap: EndCap = "half-slice",
    between_planes: BetweenPlanes = "slab",
) -> Dvh:
    """Compute the physical-dose DVH of a structure, or of a region composed of several.

    Parameters
    ----------
    structure : Structure or Region
        For example ``Region("Lungs-GTV", union=(left, right), minus=(gtv,))``.
    dose : Dose
        In the same frame of reference; the caller checks that.
    bin_width_gy : float
    end_cap : {"half-slice", "none", "rounded"}
        How the structure ends beyond its first and last contour.
    between_planes : {"slab", "interpolated"}
        Whether a contour stands for a slab, or cross-sections between planes are interpolated.

    Returns
    -------
    Dvh
        With ``coverage_pct`` below 100 and a warning where the structure leaves the dose grid.

    Raises
    ------
    InputError
        No contours, no volume, or no part of it inside the dose grid.
    """
    if dose.image.grid.turn is None:
        histogram, coverage_pct, warnings = region_histogram(
            structure, dose, bin_width_gy=bin_width_gy, end_cap=end_cap, between_planes=between_planes
        )
        return dvh_from_histogram(histogram, coverage_pct=coverage_pct, warnings=warnings)
    samples = sample_courses(structure, (dose,), end_cap=end_cap, between_planes=between_planes).samples
    return dvh_from_samples(
        samples.dose_gy,
        samples.volume_cc,
        structure=samples.structure,
        spread_gy=samples.spread_gy,
        bin_width_gy=bin_width_gy,
        coverage_pct=samples.coverage_pct,
        warnings=samples.warnings,
    )
