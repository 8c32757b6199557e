"""Mean and variance of session doses on the planning grid, one session after the other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lungtox.delivered.extent import Extent
from lungtox.delivered.quality import FieldKind, SessionQuality
from lungtox.delivered.session import HighDose, OpenSession, Session
from lungtox.errors import Fault, InputError
from lungtox.geometry import Warp, in_threads

if TYPE_CHECKING:
    from lungtox.delivered.config import DeliveredSettings

FloatArray = NDArray[np.float64]


class Sum:
    """Mean and variance over the fractions of the session doses, in units of the whole plan (West 1979).

    Sessions that are all alike leave their dose unchanged to the last bit, and a variance of zero.

    Parameters
    ----------
    extent : Extent
        Where it is made.
    region : HighDose
        Where the unit of a session's dose is judged.
    fractions : int
        Of the plan.
    settings : DeliveredSettings
    variance : bool
    """

    def __init__(
        self, extent: Extent, region: HighDose, fractions: int, settings: DeliveredSettings, *, variance: bool
    ) -> None:
        self.extent = extent
        self._grid, self._settings, self._fractions = extent.grid, settings, fractions
        self._high, self._high_gy = extent.of(region.mask), region.mean_gy
        self._high_count = int(region.mask.sum())
        self._mean = np.zeros(self._grid.shape)
        self._squares = np.zeros(self._grid.shape) if variance else None
        self._weight = 0.0

    @property
    def mean_gy(self) -> FloatArray:
        """The mean, shape of the part of the grid."""
        return self._mean

    @property
    def variance_gy2(self) -> FloatArray | None:
        """The variance, or None."""
        return None if self._squares is None else self._squares / self._weight

    def add(
        self, one: OpenSession, session: Session, *, threads: int, pool: ThreadPoolExecutor | None, who: str
    ) -> SessionQuality:
        """Bring the dose of a session to the planning grid and add it, plane by plane.

        Raises
        ------
        InputError
            A mean dose that is not in the unit of the settings (``delivered-scale``).
        """
        settings, fractions = self._settings, self._fractions
        factor = {"plan": 1.0, "fraction": float(fractions), "session": fractions / session.fractions}
        warp = Warp(one.dose.image, one.field, self._grid)
        covered, summed = self._sums(warp, session, factor[settings.dose_of], threads, pool)
        self._weight += session.fractions
        ratio = summed / max(covered, 1.0) / self._high_gy
        if not 1.0 / settings.max_dose_ratio <= ratio <= settings.max_dose_ratio:
            raise InputError(_scale_fault(ratio, settings, who))
        kind: FieldKind = "none" if one.field is None else "registered" if one.field.registered_by_lungtox else "field"
        moved = (0.0, 0.0, 0.0) if one.figures is None else one.figures.displacement_mm
        warnings = [f"the field of session {session.name} was registered by lungtox"] if kind == "registered" else []
        return SessionQuality(
            session=session.name,
            fractions=session.fractions,
            kind=kind,
            mean_ratio=ratio,
            coverage_pct=100.0 * covered / self._high_count,
            jacobian=None if one.figures is None else one.figures.jacobian,
            mean_displacement_mm=moved[0],
            p99_displacement_mm=moved[1],
            max_displacement_mm=moved[2],
            structures=one.structures,
            warnings=tuple(warnings),
        )

    def _sums(
        self, warp: Warp, session: Session, factor: float, threads: int, pool: ThreadPoolExecutor | None
    ) -> FloatArray:
        """Add all planes; give number and sum of the doses of the session in the voxels of high planned dose."""
        sums = np.zeros((self._grid.z_mm.size, 2))

        def take(first: int, last: int) -> None:
            for number, values in warp.planes(first, last):
                if factor != 1.0:
                    values *= factor
                self._plane(number, values, session.fractions)
                inside = values[self._high[number]]
                known = np.isfinite(inside)
                sums[number] = known.sum(), inside[known].sum()

        in_threads(take, self._grid.z_mm.size, threads=threads, pool=pool)
        found: FloatArray = sums.sum(axis=0)
        return found

    def _plane(self, number: int, values: FloatArray, weight: float) -> None:
        """Take in one plane of a session."""
        change = values - self._mean[number]
        self._mean[number] += change * (weight / (self._weight + weight))
        if self._squares is not None:
            change *= weight
            change *= values - self._mean[number]
            self._squares[number] += change


def _scale_fault(ratio: float, settings: DeliveredSettings, who: str) -> Fault:
    words = {"plan": "the whole plan", "fraction": "one fraction", "session": "the fractions of the session"}
    least = 1.0 / settings.max_dose_ratio
    return Fault(
        who,
        f"a dose of {words[settings.dose_of]}, {least:.2g} to {settings.max_dose_ratio:g} times the planned one",
        f"{ratio:.3g} times",
        "Set delivered.dose_of to what the dose files hold, or give the dose of this plan.",
        "delivered-scale",
    )
