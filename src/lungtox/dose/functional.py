"""Functional DVHs: dose to well-perfused lung, and dose weighted by perfusion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lungtox.dose.dvh import Dvh, dvh_from_samples
from lungtox.dose.metric_names import REGION_PATTERN
from lungtox.errors import Fault, InputError, ParameterError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class FunctionalRegion:
    """A functional region FL = {Q >= threshold} of a structure.

    Attributes
    ----------
    name : str
        ``40%max``, ``40%p99``.
    reference, threshold : float
        In the unit of Q.
    volume_cc, share_pct : float
        Volume of FL and its share of the structure.
    """

    name: str
    reference: float
    threshold: float
    volume_cc: float
    share_pct: float


@dataclass(frozen=True, eq=False)
class FunctionalDvhs:
    """Perfusion-weighted DVH and one DVH for each functional region, of one structure.

    Attributes
    ----------
    dvhs : tuple of Dvh
        ``perfusion`` first, then ``functional:{region}`` in the order asked for.
    regions : dict of str to FunctionalRegion
    warnings : tuple of str
    """

    dvhs: tuple[Dvh, ...]
    regions: dict[str, FunctionalRegion]
    warnings: tuple[str, ...] = ()


def functional_region(
    function: ArrayLike, volume_cc: ArrayLike, *, region: str
) -> tuple[FunctionalRegion, NDArray[np.bool_]]:
    """Find the functional region of a structure.

    Parameters
    ----------
    function : array_like, shape (samples,)
        Q at the samples of the structure. Interpolated first, thresholded here: never the other way round.
    volume_cc : array_like, shape (samples,)
    region : str
        ``40%max``: at least 40 % of the maximum within the structure; ``40%p99``: of its 99th percentile by volume.

    Returns
    -------
    FunctionalRegion
    ndarray of bool, shape (samples,)
        Which samples belong to it (inclusive threshold).

    Raises
    ------
    ParameterError
        A name of another form; a reference that is not positive (no function in the structure).
    """
    match = REGION_PATTERN.fullmatch(region)
    if match is None:
        raise ParameterError(f"{region!r} is not a functional region: use forms like 40%max or 40%p99")
    q = np.asarray(function, dtype=np.float64)
    volume = np.asarray(volume_cc, dtype=np.float64)
    reference = float(q.max()) if match[3] is None else volume_percentile(q, volume, float(match[3]))
    if reference <= 0:
        raise ParameterError(f"region {region}: the reference value of the function image is {reference:g}")
    threshold = float(match[1]) / 100.0 * reference
    # A share of the reference in binary (0.2 * 10) may land a hair above a value that is exactly there.
    inside = q >= threshold - 1e-12 * reference
    held = float(volume[inside].sum())
    return FunctionalRegion(region, reference, threshold, held, 100.0 * held / float(volume.sum())), inside


def volume_percentile(values: FloatArray, volume_cc: FloatArray, percent: float) -> float:
    """Give the value below or at which ``percent`` of the volume lies."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(volume_cc[order])
    rank = int(np.searchsorted(below, percent / 100.0 * below[-1]))
    return float(values[order[min(rank, values.size - 1)]])


def functional_dvhs(
    dose_gy: ArrayLike,
    volume_cc: ArrayLike,
    function: ArrayLike,
    *,
    structure: str,
    spread_gy: ArrayLike | None = None,
    regions: Sequence[str] = ("40%max",),
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
    _check_function(q, volume, structure)
    warnings: tuple[str, ...] = ()
    if q.min() < 0:
        share = 100.0 * float(volume[q < 0].sum()) / float(volume.sum())
        warnings = (f"{structure}: the function image is negative in {share:.2g} % of the volume; counted as 0",)
        q = np.maximum(q, 0.0)

    spread = None if spread_gy is None else np.asarray(spread_gy, dtype=np.float64)

    def histogram(at: NDArray[np.bool_] | slice, weighting: str, weight: FloatArray | None) -> Dvh:
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

    dvhs = [histogram(slice(None), "perfusion", q)]
    found = {}
    for name in regions:
        found[name], inside = functional_region(q, volume, region=name)
        dvhs.append(histogram(inside, f"functional:{name}", None))
    return FunctionalDvhs(tuple(dvhs), found, warnings)


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
