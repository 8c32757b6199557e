"""One estimated parameter, and the sentences that a fit needs beside its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lungtox.errors import count_of
from lungtox.ntcp.model import VOLUME
from lungtox.ntcp.surface import Optimum, Surface

EVENTS_PER_PARAMETER = 10
HALF_DOSE = {"td50_gy": "TD50", "x50": "x50", "d50_gy": "D50"}
Beyond = Literal["", "estimate", "interval"]
SEPARATED = {("m", 0.02), ("b1", 5.0), ("b0", -200.0), ("gamma50", 50.0), ("gamma", 20.0)}
VOLUME_NAMES = ("n", "s")
"""Parameters whose boundary estimate is common and no failure."""


@dataclass(frozen=True)
class NtcpEstimate:
    """One parameter: estimate and profile-likelihood limits (None: open, not reached inside the searched range)."""

    parameter: str
    unit: str
    estimate: float | None
    low: float | None
    high: float | None
    fixed: bool
    at_boundary: bool
    derived: bool


def fit_warnings(
    estimates: tuple[NtcpEstimate, ...],
    *,
    events: int,
    patients: int,
    highest: float,
    dose_unit: str,
    intervals: bool = True,
) -> list[str]:
    """Give the sentences that belong beside the numbers of any fit.

    Parameters
    ----------
    estimates : tuple of NtcpEstimate
    events, patients : int
    highest : float
        Highest dose summary in the data.
    dose_unit : str
        Its unit.
    intervals : bool
        Whether limits were looked for.
    """
    free = [item for item in estimates if not (item.fixed or item.derived)]
    rarer = min(events, patients - events)
    told = []
    if rarer < EVENTS_PER_PARAMETER * len(free):
        told.append(
            f"Only {count_of(rarer, 'patient')} in the smaller outcome group "
            f"for {count_of(len(free), 'free parameter')}: "
            f"below {EVENTS_PER_PARAMETER} for each, estimates are unstable and their intervals matter more than they."
        )
    told += [text for item in free if item.at_boundary for text in [_boundary_sentence(item)]]
    told += _open_sentences(estimates) if intervals else []
    told += _extrapolation_sentences(estimates, highest, dose_unit)
    return told


def beyond_doses(estimates: Sequence[NtcpEstimate], highest: float) -> Beyond:
    """Tell whether the dose of half the effect, or the end of its interval, passes the highest dose in the data.

    Parameters
    ----------
    estimates : sequence of NtcpEstimate
    highest : float
        Highest dose summary in the data.
    """
    half = _half_dose(estimates)
    if half is None or half.estimate is None:
        return ""
    if half.estimate > highest:
        return "estimate"
    return "interval" if half.high is not None and half.high > highest else ""


def _half_dose(estimates: Sequence[NtcpEstimate]) -> NtcpEstimate | None:
    # The d50 of the parallel model is that of a subunit, not of the complication.
    if any(item.parameter == "f50" for item in estimates):
        return None
    return next((item for item in estimates if item.parameter in HALF_DOSE), None)


def _extrapolation_sentences(estimates: Sequence[NtcpEstimate], highest: float, unit: str) -> list[str]:
    half, beyond = _half_dose(estimates), beyond_doses(estimates, highest)
    if half is None or not beyond:
        return []
    name = HALF_DOSE[half.parameter]
    data = f"the highest dose in the data ({highest:.1f} {unit})"
    if beyond == "estimate":
        return [f"{name} {half.estimate:.1f} {unit} lies beyond {data}: it is an extrapolation."]
    return [f"The interval of {name} reaches to {half.high:.1f} {unit}, beyond {data}: that part is an extrapolation."]


def _boundary_sentence(item: NtcpEstimate) -> str:
    if item.parameter == VOLUME.name:
        meaning = (
            "the mean dose explains the outcome best" if item.estimate == VOLUME.high else "the maximum dose rules"
        )
        return f"n is at its boundary {item.estimate:g}: {meaning}. This is common and not a failure of the fit."
    if item.parameter == "s":
        meaning = "a serial organ" if item.estimate == 1.0 else "the mean dose explains the outcome best"
        return f"s is at its boundary {item.estimate:g}: {meaning}. This is common and not a failure of the fit."
    if item.parameter in ("k", "f50", "sigma"):
        return f"{item.parameter} is at its boundary {item.estimate:g}: the data do not tell the parameters apart."
    if item.parameter.startswith("latency_"):
        return (
            f"{item.parameter} is at its boundary {item.estimate:g}: the data do not say when the complication comes."
        )
    if "[" in item.parameter:
        return f"{item.parameter} is at its boundary {item.estimate:.3g}: the covariate (almost) separates the outcome."
    if (item.parameter, item.estimate) in SEPARATED:
        return f"{item.parameter} is at its boundary {item.estimate:g}: the dose (almost) separates the outcome."
    return (
        f"{item.parameter} is at its boundary {item.estimate:g}: the data show no usable rise of risk with dose; "
        "do not use this fit for prediction."
    )


def _open_sentences(estimates: tuple[NtcpEstimate, ...]) -> list[str]:
    told = []
    for item in estimates:
        if item.fixed or item.estimate is None:
            continue
        # At a boundary the range itself ends the interval on that side, which the boundary sentence says.
        sides = [side for side, limit in (("lower", item.low), ("upper", item.high)) if limit is None]
        if sides and not (item.at_boundary and len(sides) == 1):
            told.append(
                f"The {' and '.join(sides)} limit of {item.parameter} is open: "
                "the likelihood does not fall far enough inside the searched range."
            )
    return told


def mode_sentences(surface: Surface, optimum: Optimum) -> list[str]:
    """Say which other maxima the exact search found along n."""
    if surface.fixed or surface.grid_n.size == 1:
        return []
    others = [mode for mode in surface.modes_in_n() if abs(np.log(mode.n / optimum.n)) > 0.2]
    return [
        f"The likelihood has a second maximum at n = {mode.n:.2f}, lower by {optimum.loglik - mode.loglik:.2f}: "
        "a search from one starting value could have ended there."
        for mode in others
    ]


def start_sentences(starts: int, elsewhere: int, furthest: float) -> list[str]:
    """Say how many starts of the general search ended in another place."""
    if not elsewhere:
        return []
    return [
        f"{elsewhere} of {count_of(starts, 'start')} ended elsewhere, with a log-likelihood lower by up to "
        f"{furthest:.2f}: the likelihood has more than one maximum or is nearly flat."
    ]


def near(value: float, bound: float) -> bool:
    """Tell whether an estimate lies at a bound of its range."""
    return abs(value - bound) <= 1e-6 * max(1.0, abs(bound)) if bound == 0.0 else abs(value / bound - 1.0) <= 1e-6
