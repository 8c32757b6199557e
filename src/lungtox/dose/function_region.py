"""Functional regions of a structure: reference values, thresholds, hot spots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lungtox.dose.region_names import REFERENCE, functional_rule
from lungtox.errors import ParameterError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

# A share of the reference in binary (0.2 * 10) may land a hair above a value that is exactly there.
SLACK = 1e-12
_CLASSES = 4096


@dataclass(frozen=True)
class FunctionalRegion:
    """A functional region FL = {Q >= threshold} of a structure, or a band of function in it.

    Attributes
    ----------
    name : str
        ``40%max``, ``40%p99``, ``40%mean``, ``p60``, ``20-40%max``.
    reference, threshold : float
        In the unit of Q; of a percentile both are the same.
    volume_cc, share_pct : float
        Volume of FL and its share of the structure.
    """

    name: str
    reference: float
    threshold: float
    volume_cc: float
    share_pct: float


def functional_region(
    function: ArrayLike, volume_cc: ArrayLike, *, region: str, references: References | None = None
) -> tuple[FunctionalRegion, BoolArray]:
    """Find the functional region of a structure.

    Parameters
    ----------
    function : array_like, shape (samples,)
        Q at the samples of the structure. Interpolated first, thresholded here: never the other way round.
    volume_cc : array_like, shape (samples,)
    region : str
        ``40%max``: at least 40 % of the maximum within the structure; ``40%p99``: of its 99th percentile by volume;
        ``40%mean``: of its mean by volume; ``p60``: at or above the 60th percentile; ``20-40%max``: from 20 % up to
        below 40 %.
    references : References, optional
        Those of the same samples, where several regions are looked for.

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
    rule = functional_rule(region)
    q = np.asarray(function, dtype=np.float64)
    volume = np.asarray(volume_cc, dtype=np.float64)
    known = references or References(q, volume)
    reference = known[rule.reference or f"p{rule.low:g}"]
    if reference <= 0 and rule.reference:
        raise ParameterError(f"region {region}: the reference value of the function image is {reference:g}")
    threshold = rule.low / 100.0 * reference if rule.reference else reference
    inside = q >= threshold - SLACK * abs(reference)
    if rule.high is not None:
        inside &= q < rule.high / 100.0 * reference - SLACK * reference
    held = float(volume[inside].sum())
    return FunctionalRegion(region, reference, threshold, held, 100.0 * held / float(volume.sum())), inside


class References:
    """Reference values of a function image within a structure, each computed once.

    Only the samples of the structure count: activity in airways, mediastinum or the injection vein outside of it has
    no say.
    """

    def __init__(self, function: FloatArray, volume_cc: FloatArray) -> None:
        self._q, self._volume = function, volume_cc
        self._found: dict[str, float] = {}
        self._percentile: Callable[[float], float] | None = None

    def __getitem__(self, name: str) -> float:
        """Give ``max``, ``mean`` or a percentile such as ``p99``."""
        if REFERENCE.fullmatch(name) is None:
            raise ParameterError(f"{name!r} is not a reference value: max, mean, or a percentile such as p99")
        if name not in self._found:
            self._found[name] = self._compute(name)
        return self._found[name]

    def _compute(self, name: str) -> float:
        if name == "max":
            return float(self._q.max())
        if name == "mean":
            return float(self._q @ self._volume) / float(self._volume.sum())
        if self._percentile is None:
            self._percentile = _percentiles(self._q, self._volume)
        return self._percentile(float(name[1:]))


def _percentiles(values: FloatArray, volume_cc: FloatArray) -> Callable[[float], float]:
    """Give a look-up of percentiles by volume: classes of values first, then only the class in question is sorted."""
    low, high = float(values.min()), float(values.max())
    width = max((high - low) / _CLASSES, np.finfo(np.float64).tiny)
    place = np.minimum((values - low) / width, _CLASSES - 1).astype(np.intp)
    classes = np.cumsum(np.bincount(place, weights=volume_cc, minlength=_CLASSES))

    def percentile(percent: float) -> float:
        # Sums of equal volumes may end a hair below the share that they are.
        wanted = percent / 100.0 * float(classes[-1]) * (1.0 - SLACK)
        number = min(int(np.searchsorted(classes, wanted)), _CLASSES - 1)
        own = np.flatnonzero(place == number)
        own = own[np.argsort(values[own])]
        below = np.cumsum(volume_cc[own]) + (float(classes[number - 1]) if number else 0.0)
        return float(values[own[min(int(np.searchsorted(below, wanted)), own.size - 1)]])

    return percentile


def volume_percentile(values: FloatArray, volume_cc: FloatArray, percent: float) -> float:
    """Give the value below or at which ``percent`` of the volume lies."""
    return _percentiles(values, volume_cc)(percent)


def clip_function(function: FloatArray, volume_cc: FloatArray, percent: float | None) -> FloatArray:
    """Cut hot spots: values above a percentile by volume are set to it. None changes nothing."""
    if percent is None:
        return function
    return np.minimum(function, volume_percentile(function, volume_cc, percent))
