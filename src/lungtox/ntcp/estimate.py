"""One estimated parameter, and the sentences that a fit needs beside its numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lungtox.errors import count_of
from lungtox.ntcp.model import VOLUME
from lungtox.ntcp.surface import Optimum, Surface

EVENTS_PER_PARAMETER = 10


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


def fit_warnings(surface: Surface, optimum: Optimum, estimates: tuple[NtcpEstimate, ...]) -> list[str]:
    """Give the sentences that belong beside the numbers of a fit."""
    free = [item for item in estimates if not (item.fixed or item.derived)]
    events = int((surface.sign > 0).sum())
    rarer = min(events, surface.sign.size - events)
    told = []
    if rarer < EVENTS_PER_PARAMETER * len(free):
        told.append(
            f"Only {count_of(rarer, 'patient')} in the smaller outcome group "
            f"for {count_of(len(free), 'free parameter')}: "
            f"below {EVENTS_PER_PARAMETER} for each, estimates are unstable and their intervals matter more than they."
        )
    told += [text for item in free if item.at_boundary for text in [_boundary_sentence(item)]]
    told += _open_sentences(estimates)
    highest = float(surface.matrix.geud_gy(optimum.n).max())
    told += _extrapolation_sentences(estimates, highest)
    if surface.grid_n.size > 1:
        told += _mode_sentences(surface, optimum)
    return told


def _extrapolation_sentences(estimates: tuple[NtcpEstimate, ...], highest_gy: float) -> list[str]:
    td50 = next((item for item in estimates if item.parameter == "td50_gy"), None)
    if td50 is None or td50.estimate is None:
        return []
    data = f"the highest dose in the data ({highest_gy:.1f} Gy)"
    if td50.estimate > highest_gy:
        return [f"TD50 {td50.estimate:.1f} Gy lies beyond {data}: it is an extrapolation."]
    if td50.high is not None and td50.high > highest_gy:
        return [f"The interval of TD50 reaches to {td50.high:.1f} Gy, beyond {data}: that part is an extrapolation."]
    return []


def _boundary_sentence(item: NtcpEstimate) -> str:
    if item.parameter == VOLUME.name:
        meaning = (
            "the mean dose explains the outcome best" if item.estimate == VOLUME.high else "the maximum dose rules"
        )
        return f"n is at its boundary {item.estimate:g}: {meaning}. This is common and not a failure of the fit."
    if (item.parameter, item.estimate) in {("m", 0.02), ("b1", 5.0), ("b0", -200.0)}:
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


def _mode_sentences(surface: Surface, optimum: Optimum) -> list[str]:
    if surface.fixed:
        return []
    others = [mode for mode in surface.modes_in_n() if abs(np.log(mode.n / optimum.n)) > 0.2]
    return [
        f"The likelihood has a second maximum at n = {mode.n:.2f}, lower by {optimum.loglik - mode.loglik:.2f}: "
        "a search from one starting value could have ended there."
        for mode in others
    ]
