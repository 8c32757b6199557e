"""Samples of a region to its DVHs: physical dose and EQD2, and with a function image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lungtox.dose import CourseSamples, Dvh, FunctionalDvhs, dvh_from_samples, functional_dvhs
from lungtox.dose.config import DoseSettings, FunctionSettings
from lungtox.extraction.function_source import PlacedFunction

FloatArray = NDArray[np.float64]


def anatomical_dvhs(name: str, found: CourseSamples, settings: DoseSettings) -> list[Dvh]:
    """Give the DVH of the physical dose, and that of EQD2 where the config and the fractions allow it."""
    samples = found.samples
    dvhs = [
        dvh_from_samples(
            samples.dose_gy,
            samples.volume_cc,
            structure=name,
            spread_gy=samples.spread_gy,
            bin_width_gy=settings.bin_width_gy,
            coverage_pct=samples.coverage_pct,
            warnings=samples.warnings,
        )
    ]
    alpha_beta_gy = settings.eqd2.get(name)
    eqd2_gy = None if alpha_beta_gy is None else found.eqd2_gy(alpha_beta_gy)
    if alpha_beta_gy is not None and eqd2_gy is not None:
        dvhs.append(
            dvh_from_samples(
                eqd2_gy,
                samples.volume_cc,
                structure=name,
                spread_gy=found.eqd2_spread_gy(alpha_beta_gy),
                quantity="eqd2",
                alpha_beta_gy=alpha_beta_gy,
                bin_width_gy=settings.bin_width_gy,
                coverage_pct=samples.coverage_pct,
            )
        )
    return dvhs


def function_dvhs(
    courses: CourseSamples,
    placed: PlacedFunction,
    *,
    settings: DoseSettings,
    function: FunctionSettings,
    who: str,
) -> list[FunctionalDvhs]:
    """Give perfusion-weighted and functional DVHs of the physical dose, then of EQD2.

    Raises
    ------
    InputError
        A function image that does not cover the structure, or a registration that is not defined in all of it.
    """
    return dvhs_of_function(courses, placed.at(courses.samples, who=who), settings=settings, function=function)


def dvhs_of_function(
    courses: CourseSamples, q: FloatArray, *, settings: DoseSettings, function: FunctionSettings
) -> list[FunctionalDvhs]:
    """Give the DVHs of `function_dvhs` where function at the samples is known, shape (samples,)."""
    one = courses.samples
    doses: list[tuple[FloatArray, FloatArray | None, str, float | None]]
    doses = [(one.dose_gy, one.spread_gy, "physical", None)]
    alpha_beta_gy = settings.eqd2.get(function.structure)
    eqd2_gy = None if alpha_beta_gy is None else courses.eqd2_gy(alpha_beta_gy)
    if alpha_beta_gy is not None and eqd2_gy is not None:
        doses.append((eqd2_gy, courses.eqd2_spread_gy(alpha_beta_gy), "eqd2", alpha_beta_gy))
    return [
        functional_dvhs(
            dose_gy,
            one.volume_cc,
            q,
            structure=function.structure,
            spread_gy=spread_gy,
            regions=function.image_regions,
            nonfunctional=function.nonfunctional,
            clip_percentile=function.clip,
            quantity=quantity,
            alpha_beta_gy=ratio_gy,
            bin_width_gy=settings.bin_width_gy,
            coverage_pct=one.coverage_pct,
        )
        for dose_gy, spread_gy, quantity, ratio_gy in doses
    ]
