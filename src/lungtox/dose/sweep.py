"""How functional metrics move with threshold, reference value, place of the image and attenuation correction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.dose.function_region import SLACK, References, functional_region
from lungtox.dose.functional import prepare_function
from lungtox.dose.sampling import Samples
from lungtox.errors import LungtoxError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Sampler = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
"""Gives Q at points of the dose's frame of reference; an InputError where the image does not cover them."""

THRESHOLDS_PCT = (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0)
REFERENCES = ("max", "p99", "mean")
SHIFTS_MM = (5.0, 10.0)
DIRECTIONS: Mapping[str, tuple[int, int, int]] = {
    "left": (1, 0, 0), "right": (-1, 0, 0), "posterior": (0, 1, 0), "anterior": (0, -1, 0), "superior": (0, 0, 1),
    "inferior": (0, 0, -1),
}  # fmt: skip
"""Directions in which the image is moved, as steps along x, y, z (LPS)."""
DOSE_GY = 20.0
V20, MEAN = "V20Gy[%]", "Mean[Gy]"


@dataclass(frozen=True)
class SweepRow:
    """One metric under one setting.

    Attributes
    ----------
    change : str
        ``none``: no function image needed (V20 and mean dose of the structure); ``region``: threshold and reference
        value; ``shift``: the image moved; ``attenuation``: the image with the other attenuation correction.
    weighting : str
        ``anatomical``, ``perfusion`` or ``functional:{region}``.
    direction : str
        In which the image was moved, empty where it was not.
    shift_mm : float
    metric : str
        ``V20Gy[%]`` or ``Mean[Gy]``; volumes in percent of the region.
    value : float or None
        None where the region is empty or the image does not cover the structure any more.
    """

    change: str
    weighting: str
    direction: str
    shift_mm: float
    metric: str
    value: float | None


@dataclass(frozen=True, eq=False)
class _Part:
    """Samples with what every metric is made of: volume, volume at 20 Gy or more, volume times dose."""

    samples: Samples
    region: str
    clip_percentile: float | None
    sums: tuple[FloatArray, FloatArray, FloatArray]

    @classmethod
    def of(cls, samples: Samples, region: str, clip_percentile: float | None) -> _Part:
        volume, dose = samples.volume_cc, samples.dose_gy
        above = (dose >= DOSE_GY).astype(np.float64)
        if samples.spread_gy is not None:
            # Each sample lies evenly over its range, as in the histogram.
            half = np.minimum(0.5 * samples.spread_gy, dose)
            wide = half > 0
            above[wide] = np.clip(0.5 + (dose[wide] - DOSE_GY) / (2.0 * half[wide]), 0.0, 1.0)
        return cls(samples, region, clip_percentile, (volume, volume * above, volume * dose))

    def prepared(self, sampler: Sampler, shift_mm: tuple[float, ...] = (0.0, 0.0, 0.0)) -> FloatArray:
        """Give Q as it is used, with the image moved by a shift."""
        places = zip((self.samples.x_mm, self.samples.y_mm, self.samples.z_mm), shift_mm, strict=True)
        q = sampler(*(axis - moved if moved else axis for axis, moved in places))
        one = self.samples
        return prepare_function(q, one.volume_cc, structure=one.structure, clip_percentile=self.clip_percentile)[0]

    def values(self, q: FloatArray) -> _Values:
        """Give the metrics of the weighting and of the region."""
        inside = functional_region(q, self.samples.volume_cc, region=self.region)[1]
        return _Values(self.mean(q), self.mean(inside))

    def mean(self, weight: FloatArray | BoolArray | slice) -> tuple[float, float] | None:
        """Give V20 in % and the mean dose, weighted, or of some samples; None where there is no volume."""
        if isinstance(weight, slice):
            weight = np.ones(self.samples.volume_cc.size)
        volume, above, dose = (float(np.dot(weight, part)) for part in self.sums)
        return (100.0 * above / volume, dose / volume) if volume > 0 else None


def sweep_function(
    samples: Samples,
    sampler: Sampler,
    *,
    region: str,
    other: Sampler | None = None,
    clip_percentile: float | None = None,
) -> tuple[SweepRow, ...]:
    """Compute fV20, fMLD, MPWLD and perfusion-weighted V20 of one patient under every setting.

    Parameters
    ----------
    samples : Samples
        Of the structure, with physical dose: sampled once, used for every setting.
    sampler : callable
        Gives Q at points.
    region : str
        Functional region whose metrics are followed when the image moves, such as ``40%max``.
    other : callable, optional
        The image with the other attenuation correction.
    clip_percentile : float, optional
        As in `functional_dvhs`.

    Returns
    -------
    tuple of SweepRow
        One change at a time, against the image as it is: 10 to 70 % of maximum, 99th percentile and mean; the image
        moved by 5 and 10 mm in six directions; the other image.
    """
    whole = _Part.of(samples, region, clip_percentile)
    rows = _rows("none", "anatomical", whole.mean(slice(None)))
    q = whole.prepared(sampler)
    central = whole.values(q)
    grid = dict(_regions(whole, q))
    rows += _rows("region", "perfusion", central.perfusion)
    for name, found in {f"functional:{region}": central.region, **grid}.items():
        rows += _rows("region", name, found)
    if other is not None:
        rows += _attempt(whole, other).rows("attenuation", region)
    for shift_mm in SHIFTS_MM:
        for direction, step in DIRECTIONS.items():
            moved = _attempt(whole, sampler, tuple(shift_mm * along for along in step))
            rows += moved.rows("shift", region, direction, shift_mm)
    return tuple(rows)


@dataclass(frozen=True)
class _Values:
    """V20 and mean dose, weighted by function and of the region; None where they do not exist."""

    perfusion: tuple[float, float] | None = None
    region: tuple[float, float] | None = None

    def rows(self, change: str, region: str, direction: str = "", shift_mm: float = 0.0) -> list[SweepRow]:
        """Give the rows of one setting."""
        return [
            *_rows(change, "perfusion", self.perfusion, direction, shift_mm),
            *_rows(change, f"functional:{region}", self.region, direction, shift_mm),
        ]


def _attempt(part: _Part, sampler: Sampler, shift_mm: tuple[float, ...] = (0.0, 0.0, 0.0)) -> _Values:
    try:
        return part.values(part.prepared(sampler, shift_mm))
    except LungtoxError:  # the image ends inside the structure where it is moved to
        return _Values()


def _rows(
    change: str, weighting: str, found: tuple[float, float] | None, direction: str = "", shift_mm: float = 0.0
) -> list[SweepRow]:
    values = found or (None, None)
    return [
        SweepRow(change, weighting, direction, shift_mm, metric, value)
        for metric, value in zip((V20, MEAN), values, strict=True)
    ]


def _regions(part: _Part, q: FloatArray) -> Iterator[tuple[str, tuple[float, float] | None]]:
    """Give V20 and mean dose of every threshold of every reference, from one sorting into classes."""
    references = References(q, part.samples.volume_cc)
    settings = [(name, share) for name in REFERENCES for share in THRESHOLDS_PCT]
    limits = np.array([share / 100.0 * references[name] - SLACK * references[name] for name, share in settings])
    order = np.argsort(limits)
    reached = np.searchsorted(limits[order], q, side="right")  # how many thresholds each sample reaches
    sums = [np.cumsum(np.bincount(reached, weights=each, minlength=limits.size + 1)[::-1])[::-1] for each in part.sums]
    rank = np.empty_like(order)
    rank[order] = np.arange(1, order.size + 1)
    for (name, share), at in zip(settings, rank, strict=True):
        volume, above, dose = (float(each[at]) for each in sums)
        yield f"functional:{share:g}%{name}", (100.0 * above / volume, dose / volume) if volume > 0 else None
