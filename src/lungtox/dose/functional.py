"""Functional DVHs: dose to well-perfused lung, and dose weighted by perfusion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lungtox.dose.dvh import Dvh, dvh_from_samples
from lungtox.dose.function_region import FunctionalRegion, References, clip_function, functional_region
from lungtox.dose.region_names import functional_rule
from lungtox.errors import Fault, InputError, ParameterError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FunctionalDvhs:
    """Perfusion-weighted DVH and one DVH for each functional region, of one structure.

    Attributes
    ----------
    dvhs : tuple of Dvh
        ``perfusion`` first, then ``functional:{region}`` in the order asked for, then ``nonfunctional:{region}``. A
        part without volume has none.
    regions : dict of str to FunctionalRegion
    warnings : tuple of str
    """

    dvhs: tuple[Dvh, ...]
    regions: dict[str, FunctionalRegion]
    warnings: tuple[str, ...] = ()


def functional_dvhs(
    dose_gy: ArrayLike,
    volume_cc: ArrayLike,
    function: ArrayLike,
    *,
    structure: str,
    spread_gy: ArrayLike | None = None,
    regions: Sequence[str] = ("40%max",),
    nonfunctional: bool = False,
    clip_percentile: float | None = None,
    quantity: str = "physical",
    alpha_beta_gy: float | None = None,
    bin_width_gy: float = 0.01,
    coverage_pct: float = 100.0,
) -> FunctionalDvhs:
    """Make the perfusion-weighted DVH and those of the functional regions.

    Parameters
    ----------
    dose_gy, volume_cc, function : array_like, shape (samples,)
        Dose, volume and function Q (any unit) at the same samples. Q below 0 (a reconstruction artefact) counts as 0.
    structure : str
    regions : sequence of str
        See `functional_region`.
    nonfunctional : bool
        Also give the DVH of the rest of the structure for each region that is not a band.
    clip_percentile : float, optional
        Values of Q above this percentile (by volume, within the structure) are set to it, before anything else.
    spread_gy, quantity, alpha_beta_gy, bin_width_gy, coverage_pct
        See `dvh_from_samples`.

    Returns
    -------
    FunctionalDvhs
        The DVH of a region has the region's volume, so its V in percent is V(D >= x and FL) / V(FL). The total of the
        perfusion-weighted DVH is the structure's volume.

    Raises
    ------
    InputError
        A function image that does not cover the structure (NaN in `function`), or without any function in it.
    """
    q = np.asarray(function, dtype=np.float64)
    dose, volume = np.asarray(dose_gy, dtype=np.float64), np.asarray(volume_cc, dtype=np.float64)
    q, warnings = prepare_function(q, volume, structure=structure, clip_percentile=clip_percentile)
    spread = None if spread_gy is None else np.asarray(spread_gy, dtype=np.float64)

    def histogram(at: NDArray[np.bool_] | slice, weighting: str, weight: FloatArray | None = None) -> Dvh:
        return dvh_from_samples(
            dose[at],
            volume[at],
            structure=structure,
            spread_gy=None if spread is None else spread[at],
            weight=weight,
            weighting=weighting,
            quantity=quantity,
            alpha_beta_gy=alpha_beta_gy,
            bin_width_gy=bin_width_gy,
            coverage_pct=coverage_pct,
        )

    references = References(q, volume)
    found = {name: functional_region(q, volume, region=name, references=references) for name in regions}
    parts = [(f"functional:{name}", inside) for name, (_, inside) in found.items()]
    if nonfunctional:
        whole = {name: inside for name, (_, inside) in found.items() if functional_rule(name).high is None}
        parts += [(f"nonfunctional:{name}", ~inside) for name, inside in whole.items()]
    held = [(weighting, inside) for weighting, inside in parts if float(volume[inside].sum()) > 0]
    dvhs = [histogram(slice(None), "perfusion", q), *(histogram(inside, weighting) for weighting, inside in held)]
    return FunctionalDvhs(tuple(dvhs), {name: region for name, (region, _) in found.items()}, warnings)


def prepare_function(
    function: FloatArray, volume_cc: FloatArray, *, structure: str, clip_percentile: float | None = None
) -> tuple[FloatArray, tuple[str, ...]]:
    """Give Q as everything uses it, negative values at 0 and hot spots clipped, with what there is to say of it.

    Raises
    ------
    InputError
        As `functional_dvhs`.
    """
    _check_function(function, volume_cc, structure)
    warnings: tuple[str, ...] = ()
    if function.min() < 0:
        share = 100.0 * float(volume_cc[function < 0].sum()) / float(volume_cc.sum())
        warnings = (f"{structure}: the function image is negative in {share:.2g} % of the volume; counted as 0",)
        function = np.maximum(function, 0.0)
    return clip_function(function, volume_cc, clip_percentile), warnings


def _check_function(q: FloatArray, volume: FloatArray, structure: str) -> None:
    if q.shape != volume.shape:
        raise ParameterError(f"{structure}: function {q.shape} must be as long as volume_cc {volume.shape}")
    missing = ~np.isfinite(q)
    if missing.any():
        share = 100.0 * float(volume[missing].sum()) / float(volume.sum())
        raise InputError(
            Fault(
                who=structure,
                expected="a function image that covers the whole structure",
                found=f"{share:.2f} % of its volume outside",
                action="Use a larger field of view, or leave this patient out of the functional analysis.",
                code="function-coverage",
            )
        )
    if q.size == 0 or q.max() <= 0:
        raise InputError(
            Fault(
                who=structure,
                expected="a function image with counts in the structure",
                found="none above 0",
                action="Check that the image is reconstructed and registered to the planning CT.",
                code="function-empty",
            )
        )
