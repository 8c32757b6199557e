"""DVHs of the accumulated dose, from the same points as those of the planned dose."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lungtox.delivered.accumulate import Delivered, excess_gy
from lungtox.dose import CourseSamples, Dvh, Samples, dvh_from_samples, sample_courses
from lungtox.errors import Fault, InputError
from lungtox.geometry import Region, Structure, interpolate

if TYPE_CHECKING:
    from lungtox.dose.config import DoseSettings


def delivered_dvhs(
    delivered: Delivered, region: Region | Structure, settings: DoseSettings, *, minimum_coverage_pct: float, who: str
) -> list[Dvh]:
    """Give the DVH of the delivered dose of a structure, and that of EQD2 where the config has its alpha/beta.

    Parameters
    ----------
    delivered : Delivered
    region : Region or Structure
    settings : DoseSettings
    minimum_coverage_pct : float
        Share of the structure that must have a dose in every session.
    who : str
        Study ID, at the front of every message.

    Raises
    ------
    InputError
        More of the structure without a dose (``delivered-coverage``); as `lungtox.dose.sample_courses`.

    Notes
    -----
    EQD2 of a sample is that of its dose in equal fractions, plus V/N/(2 + r) for the variance V between the sessions,
    interpolated at its place (docs/methods/delivered.md).
    """
    courses = sample_courses(region, [delivered.dose], end_cap=settings.end_cap, between_planes=settings.between_planes)
    kept = _known(courses.samples, minimum_coverage_pct, who)
    common: dict[str, Any] = {
        "structure": kept.structure,
        "bin_width_gy": settings.bin_width_gy,
        "coverage_pct": kept.coverage_pct,
    }
    found = [dvh_from_samples(kept.dose_gy, kept.volume_cc, spread_gy=kept.spread_gy, warnings=kept.warnings, **common)]
    ratio_gy, fractions = settings.eqd2.get(kept.structure), delivered.dose.fractions
    courses = CourseSamples(kept, (kept.dose_gy,), courses.fractions)
    equal_gy = None if ratio_gy is None else courses.eqd2_gy(ratio_gy)
    if ratio_gy is not None and equal_gy is not None and fractions and delivered.variance_gy2 is not None:
        variance_gy2 = interpolate(delivered.variance_gy2, kept.x_mm, kept.y_mm, kept.z_mm)
        found.append(
            dvh_from_samples(
                equal_gy + excess_gy(variance_gy2, fractions, ratio_gy),
                kept.volume_cc,
                spread_gy=courses.eqd2_spread_gy(ratio_gy),
                quantity="eqd2",
                alpha_beta_gy=ratio_gy,
                **common,
            )
        )
    return found


def _known(samples: Samples, minimum_coverage_pct: float, who: str) -> Samples:
    """Keep the samples with a dose of every session; InputError where too many have none."""
    known = np.isfinite(samples.dose_gy)
    coverage_pct = samples.coverage_pct * float(samples.volume_cc[known].sum()) / float(samples.volume_cc.sum())
    coverage_pct = samples.coverage_pct if known.all() else coverage_pct
    allowed_pct = min(minimum_coverage_pct, samples.coverage_pct)
    if coverage_pct < allowed_pct - 1e-6 or not known.any():
        found = f"{100.0 - coverage_pct:.3g} % of its volume without one"
        action = "Give sessions and fields that cover it with a margin of a voxel, or leave it out."
        expected = f"a dose of every session in {minimum_coverage_pct:g} % of {samples.structure}"
        raise InputError(Fault(who, expected, found, action, "delivered-coverage"))
    return replace(
        samples,
        x_mm=samples.x_mm[known],
        y_mm=samples.y_mm[known],
        z_mm=samples.z_mm[known],
        volume_cc=samples.volume_cc[known],
        dose_gy=samples.dose_gy[known],
        # Beside a voxel without dose nothing is known of the change.
        spread_gy=None if samples.spread_gy is None else np.nan_to_num(samples.spread_gy[known]),
        coverage_pct=coverage_pct,
    )
