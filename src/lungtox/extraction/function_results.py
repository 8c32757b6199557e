"""Everything that function gives of one patient: DVHs of regions and contours, quality figures, the sweep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lungtox.dose import (
    CourseSamples,
    Dvh,
    FunctionalRegion,
    SweepRow,
    function_figures,
    sample_courses,
    sweep_function,
)
from lungtox.dose.config import DoseSettings, FunctionSettings
from lungtox.errors import Fault, InputError
from lungtox.extraction.contours import ContourRegions
from lungtox.extraction.function_source import PlacedFunction
from lungtox.extraction.histograms import anatomical_dvhs, dvhs_of_function
from lungtox.extraction.loading import Loaded
from lungtox.geometry import Region

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class FunctionResults:
    """What a function image or a physician's contours gave.

    Attributes
    ----------
    dvhs : tuple of Dvh
    regions : dict of str to FunctionalRegion
    figures : dict
        Perfusion split, hot spot and edge, as qa.json has them; empty without an image.
    sweep : tuple of SweepRow
    warnings : tuple of str
    faults : tuple of Fault
        Contours that cannot be used.
    """

    dvhs: tuple[Dvh, ...] = ()
    regions: dict[str, FunctionalRegion] | None = None
    figures: dict[str, Any] | None = None
    sweep: tuple[SweepRow, ...] = ()
    warnings: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()

    def region_figures(self) -> dict[str, dict[str, float]]:
        """Give the entry ``regions`` of qa.json."""
        return {
            name: {"volume_cc": region.volume_cc, "share_pct": region.share_pct}
            for name, region in (self.regions or {}).items()
        }

    def then(self, other: FunctionResults) -> FunctionResults:
        """Put the results of an image before those of contours."""
        return FunctionResults(
            (*self.dvhs, *other.dvhs),
            {**(self.regions or {}), **(other.regions or {})},
            {**(self.figures or {}), **(other.figures or {})},
            (*self.sweep, *other.sweep),
            (*self.warnings, *other.warnings),
            (*self.faults, *other.faults),
        )


def image_results(
    courses: CourseSamples,
    placed: PlacedFunction,
    *,
    region: Region,
    settings: DoseSettings,
    function: FunctionSettings,
    who: str,
    other: PlacedFunction | None = None,
) -> FunctionResults:
    """Give what an image gives.

    Parameters
    ----------
    courses : CourseSamples
        Of the structure of the functional analysis.
    placed : PlacedFunction
    region : Region
        The structure.
    settings : DoseSettings
    function : FunctionSettings
    who : str
        Study ID, for messages.
    other : PlacedFunction, optional
        The image with the other attenuation correction, for the sweep.

    Raises
    ------
    InputError
        As `PlacedFunction.at`.
    """
    one = courses.samples
    q = placed.at(one, who=who)
    found = dvhs_of_function(courses, q, settings=settings, function=function)
    looked = function_figures(one, q, region=region)
    sweep: tuple[SweepRow, ...] = ()
    if function.sweep:

        def sampler(image: PlacedFunction, x_mm: FloatArray, y_mm: FloatArray, z_mm: FloatArray) -> FloatArray:
            values: FloatArray = image.at(replace(one, x_mm=x_mm, y_mm=y_mm, z_mm=z_mm), who=who)
            return values

        sweep = sweep_function(
            one,
            lambda x, y, z: sampler(placed, x, y, z),
            region=function.sweep_region,
            other=None if other is None else lambda x, y, z: sampler(other, x, y, z),
            clip_percentile=function.clip,
        )
    figures = {
        "split": {name: asdict(share) for name, share in looked.split.items()},
        "hot_spot": looked.hot_spot if np.isfinite(looked.hot_spot) else None,
        "hot_spot_warned": looked.has_hot_spot,
        "edge": asdict(looked.edge),
    }
    dvhs = tuple(dvh for each in found for dvh in each.dvhs)
    return FunctionResults(dvhs, found[0].regions, figures, sweep, (*found[0].warnings, *looked.warnings))


def contour_results(
    whole: CourseSamples, loaded: Loaded, *, settings: DoseSettings, function: FunctionSettings
) -> FunctionResults:
    """Give what the physician's contours of functional lung give; they need no image."""
    results = FunctionResults(faults=loaded.contour_faults)
    for contour in loaded.contours:
        try:
            dvhs, region = _contour_dvhs(contour, whole, loaded, settings=settings, function=function)
        except InputError as error:
            results = results.then(FunctionResults(faults=error.faults))
            continue
        results = results.then(FunctionResults(tuple(dvhs), {contour.name: region}))
    return results


def _contour_dvhs(
    contour: ContourRegions,
    whole: CourseSamples,
    loaded: Loaded,
    *,
    settings: DoseSettings,
    function: FunctionSettings,
) -> tuple[list[Dvh], FunctionalRegion]:
    dvhs: list[Dvh] = []
    volume_cc = 0.0
    for region, kind in ((contour.inside, "functional"), (contour.outside, "nonfunctional")):
        try:
            courses = sample_courses(
                region, loaded.doses, end_cap=settings.end_cap, between_planes=settings.between_planes
            )
        except InputError:
            if kind == "functional":
                raise
            continue  # the contour is the whole structure
        if kind == "functional":
            volume_cc = courses.samples.region_cc
        elif not function.nonfunctional:
            continue
        dvhs += _renamed(anatomical_dvhs(function.structure, courses, settings), f"{kind}:{contour.name}")
    share_pct = 100.0 * volume_cc / whole.samples.region_cc
    return dvhs, FunctionalRegion(contour.name, float("nan"), float("nan"), volume_cc, share_pct)


def _renamed(dvhs: Sequence[Dvh], weighting: str) -> list[Dvh]:
    return [replace(dvh, weighting=weighting) for dvh in dvhs]
