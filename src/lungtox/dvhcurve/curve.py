"""A cumulative DVH as points: dose and share of the volume, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lungtox.errors import Fault, InputError

if TYPE_CHECKING:
    from lungtox.dose import Dvh

FloatArray = NDArray[np.float64]
ROUNDING = 1e-9
FEWEST_POINTS = 8


@dataclass(frozen=True, eq=False)
class CurvePoints:
    """A cumulative DVH.

    Attributes
    ----------
    structure : str
    dose_gy : ndarray, shape (points,)
        Strictly ascending.
    share : ndarray, shape (points,)
        Share of the volume with at least the dose, 1 to 0, never rising.
    """

    structure: str
    dose_gy: FloatArray
    share: FloatArray


def curve_points(dose_gy: ArrayLike, share: ArrayLike, *, structure: str) -> CurvePoints:
    """Check points of a cumulative DVH.

    Parameters
    ----------
    dose_gy, share : array_like, shape (points,)
        Share of the volume, 0 to 1.
    structure : str

    Raises
    ------
    InputError
        All that is wrong: doses that do not ascend or are negative (``dvh-doses``), shares that are not 0 to 1
        (``dvh-shares``: percent?), a curve that rises (``dvh-monotone``), too few points (``dvh-points``).
    """
    dose, volume = np.asarray(dose_gy, dtype=np.float64), np.asarray(share, dtype=np.float64)
    if dose.ndim != 1 or dose.shape != volume.shape or dose.size < FEWEST_POINTS:
        found = f"shapes {dose.shape} and {volume.shape}"
        action = "Give more points of the curve."
        raise InputError(
            Fault(structure, f"at least {FEWEST_POINTS} doses and as many shares", found, action, "dvh-points")
        )
    faults = []
    if not np.isfinite(dose).all() or dose[0] < 0 or not (np.diff(dose) > 0).all():
        action = "Sort the points by dose, each dose once, in Gy."
        faults.append(Fault(structure, "doses of 0 Gy or more that ascend", "others", action, "dvh-doses"))
    if not np.isfinite(volume).all() or volume.min() < -ROUNDING or volume.max() > 1.0 + ROUNDING:
        found = f"{np.nanmin(volume):.6g} to {np.nanmax(volume):.6g}"
        action = "Divide by the volume of the structure, percent by 100."
        faults.append(Fault(structure, "shares of the volume from 0 to 1", found, action, "dvh-shares"))
    rises = np.flatnonzero(np.diff(volume) > ROUNDING)
    if rises.size:
        found = f"it rises at {rises.size} places, first after {dose[rises[0]]:.6g} Gy"
        action = "Give the cumulative DVH (volume that gets at least each dose), not the differential one."
        faults.append(Fault(structure, "a cumulative DVH that never rises", found, action, "dvh-monotone"))
    if faults:
        raise InputError(faults)
    return CurvePoints(structure, dose, np.clip(volume, 0.0, 1.0))


def curve_of(dvh: Dvh, *, step_gy: float = 0.2, window_gy: tuple[float, float] | None = None) -> CurvePoints:
    """Take points of a DVH at whole multiples of a step.

    Parameters
    ----------
    dvh : Dvh
        Physical dose.
    step_gy : float
    window_gy : tuple of float, optional
        Lowest and highest dose; by default from 0 to the first step above the highest dose.

    Raises
    ------
    InputError
        A DVH of another quantity (``dvh-quantity``); a window with too few points.
    """
    if dvh.quantity != "physical":
        action = "Give the DVH of the physical dose."
        raise InputError(Fault(dvh.structure, "a DVH of physical dose", dvh.quantity, action, "dvh-quantity"))
    cumulative = dvh.cumulative
    low, high = window_gy or (0.0, dvh.max_gy + step_gy)
    first, last = int(np.ceil(low / step_gy - ROUNDING)), int(np.floor(high / step_gy + ROUNDING))
    dose = np.round(np.arange(first, last + 1) * step_gy, 9)
    share = np.array([cumulative.volume_at_cc(float(one)) for one in dose]) / cumulative.total_cc
    # Interpolation in bins of rounded edges may leave the last digit.
    return curve_points(dose, np.minimum.accumulate(np.clip(share, 0.0, 1.0)), structure=dvh.structure)
