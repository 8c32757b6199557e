"""The general fit: any dose response with covariates, from several starts, with profiles of every parameter."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lungtox.ntcp.climb import LOOSE, ROUGH, Objective, Peak, Scale, climb, polish
from lungtox.ntcp.constraint import AtNtcp
from lungtox.ntcp.interval import FIRST_STEP, crossing, height_above_limit, limit
from lungtox.ntcp.likelihood import Bernoulli

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
STARTS = 12
CANDIDATES = 5  # points that are tried for each start; the climb begins at the best of them
SAME = 1e-3  # of the log-likelihood: a start that ends lower by more ended elsewhere
BETTER = 1e-6  # of the log-likelihood: a profile above the maximum by more shows that it was none
BASES = (2, 3, 5, 7, 11)
RESTARTS = 3
TRIES = 4
LONGEST_FIRST_STEP = 0.5  # of a profile, in the coordinates of `Scale`
FURTHEST_AHEAD = 2.0  # of the distance between two points of a profile


@dataclass(frozen=True)
class StartReport:
    """How far the answer depends on the start.

    Attributes
    ----------
    starts : int
    elsewhere : int
        Starts that ended lower than the best by more than 0.001 of the log-likelihood.
    furthest : float
        By how much the worst of them is lower.
    """

    starts: int
    elsewhere: int
    furthest: float


@dataclass
class General:
    """A maximum of a likelihood with its profiles.

    Attributes
    ----------
    objective : Objective
    peak : Peak
    held : ndarray of bool
        Parameters that are fixed.
    information : ndarray, shape (k, k)
        Observed, in the coordinates of `Scale`.
    starts : StartReport
    points : list of Peak
        Of the profiles that were looked at so far.
    """

    objective: Objective
    peak: Peak
    held: Mask
    information: Floats
    starts: StartReport
    best: Peak = field(init=False)
    points: list[Peak] = field(default_factory=list)
    _known: dict[int, list[tuple[float, Floats]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.best = self.peak

    def profile(self, index: int, value: float) -> Peak:
        """Give the maximum with one parameter held at a value, from the nearest point of its profile."""
        known = self._known.setdefault(index, [(float(self.peak.theta[index]), self.peak.theta)])
        held = self.held.copy()
        held[index] = True
        found = _from_known(self.objective, known, value, held, decrement=ROUGH, index=index)
        if np.isfinite(found.loglik):
            known.append((value, found.theta))
            self.points.append(found)
            if found.loglik > self.best.loglik + BETTER:
                self.best = found
        return found

    def interval(self, index: int, *, confidence: float) -> tuple[float | None, float | None]:
        """Give the profile-likelihood limits of a parameter; None for a limit that is not inside its range."""
        parameter = self.objective.parameters[index]

        def height(value: float) -> float:
            return height_above_limit(self.profile(index, value).loglik, self.peak.loglik, confidence=confidence)

        estimate = float(self.peak.theta[index])
        logarithmic = parameter.logarithmic
        step = self._first_step(index)
        low, high = (limit(height, estimate, end, logarithmic, step=step) for end in (parameter.low, parameter.high))
        return low, high

    def _first_step(self, index: int) -> float:
        """Give a standard error in the coordinate of a parameter; the usual step where there is none to trust."""
        variance = float(self.covariance()[index, index])
        return min(float(np.sqrt(variance)), LONGEST_FIRST_STEP) if variance > 0.0 else FIRST_STEP

    def covariance(self) -> Floats:
        """Give the covariance of the coordinates of `Scale`; 0 for what is fixed or at a bound."""
        scale = Scale(self.objective.parameters)
        u = scale.inward(self.peak.theta)
        inside = np.flatnonzero(~self.held & (u > scale.low) & (u < scale.high))
        result = np.zeros_like(self.information)
        result[np.ix_(inside, inside)] = np.linalg.pinv(self.information[np.ix_(inside, inside)], hermitian=True)
        return result


def fit_general(likelihood: Bernoulli, *, held: Mask, fixed: Floats, extra: tuple[Floats, ...] = ()) -> General:
    """Fit from several starts.

    Parameters
    ----------
    likelihood : Bernoulli
    held : ndarray of bool, shape (k,)
        Parameters that are not estimated.
    fixed : ndarray, shape (k,)
        Their values; others are ignored.
    extra : tuple of ndarray
        Further starts, such as the fit without covariates.

    Returns
    -------
    General
        Its peak has a log-likelihood of minus infinity where no start gave a finite one.
    """
    begun = [*_starts(likelihood, held, fixed), *(np.where(held, fixed, start) for start in extra)]
    ends = [climb(likelihood, start, held=held, decrement=ROUGH) for start in begun]
    best = max(ends, key=lambda peak: peak.loglik)
    return finish(likelihood, best, held, ends)


def finish(likelihood: Objective, best: Peak, held: Mask, ends: list[Peak]) -> General:
    """Refine the best end of several climbs and count those that ended elsewhere."""
    if not np.isfinite(best.loglik):
        return General(likelihood, best, held, np.zeros((held.size, held.size)), StartReport(len(ends), len(ends), 0.0))
    refined, information = polish(likelihood, climb(likelihood, best.theta, held=held), held=held)
    drops = np.array([refined.loglik - peak.loglik for peak in ends])
    lower = drops[drops > SAME]
    report = StartReport(len(ends), lower.size, float(lower.max()) if lower.size else 0.0)
    return General(likelihood, refined, held, information, report)


def refit(likelihood: Bernoulli, start: Floats, *, held: Mask, others: tuple[Floats, ...] = ()) -> Peak:
    """Fit a resample from the estimates on all patients, and from a few other places."""
    ends = [climb(likelihood, begin, held=held, decrement=ROUGH) for begin in (start, *others)]
    return max(ends, key=lambda peak: peak.loglik)


class NtcpProfile:
    """Profile-likelihood interval of the linear predictor of one patient, or of a uniform dose."""

    def __init__(self, fit: General, likelihood: Bernoulli, constraint: AtNtcp) -> None:
        self.fit, self.likelihood, self.constraint = fit, likelihood, constraint
        self.held = np.delete(fit.held, constraint.location)
        theta = fit.peak.theta
        self.eta = constraint.eta_of(theta)
        self._known = [(self.eta, np.delete(theta, constraint.location))]
        self._seeds = [(constraint.eta_of(point.theta), point) for point in fit.points]

    def loglik(self, eta: float) -> float:
        """Give the highest log-likelihood where the linear predictor has this value."""
        found = _from_known(self.constraint.at(eta), self._known, eta, self.held, decrement=LOOSE)
        if np.isfinite(found.loglik):
            self._known.append((eta, found.theta))
        return found.loglik

    def deviation(self, covariance: Floats) -> float:
        """Give the standard error of the linear predictor, by the covariance in the coordinates of `Scale`."""
        theta = self.fit.peak.theta
        slopes = self.constraint.slopes(theta) * Scale(self.likelihood.parameters).slopes(theta)
        with np.errstate(over="ignore", invalid="ignore"):
            variance = float(slopes @ covariance @ slopes)
        return float(np.sqrt(variance)) if 0.0 < variance < np.inf else 1.0

    def limits(self, *, confidence: float, step: float, widest: float) -> tuple[float, float]:
        """Give both limits of the linear predictor; beyond -widest and widest NTCP is 0 or 1, not searched."""

        def height(eta: float) -> float:
            return height_above_limit(self.loglik(eta), self.fit.peak.loglik, confidence=confidence)

        # Points of the profiles that lie in the region belong to the interval: a search outwards from the estimate
        # alone misses what is reached around a corner, at another n.
        top = self.fit.peak.loglik
        inside = [
            (eta, np.delete(point.theta, self.constraint.location))
            for eta, point in self._seeds
            if height_above_limit(point.loglik, top, confidence=confidence) > 0.0
        ]
        self._known += inside
        ends = [self.eta, *(eta for eta, _ in inside)]
        low, high = max(min(ends), -widest), min(max(ends), widest)
        if self.eta > -widest:
            low = min(low, widest)
            found = crossing(height, low, -widest, step=step, tolerance=1e-4) if height(low) > 0.0 else low
            low = -widest if found is None else found
        if self.eta < widest:
            high = max(high, -widest)
            found = crossing(height, high, widest, step=step, tolerance=1e-4) if height(high) > 0.0 else high
            high = widest if found is None else found
        return min(low, self.eta), max(high, self.eta)


def _from_known(
    objective: Objective,
    known: list[tuple[float, Floats]],
    value: float,
    held: Mask,
    *,
    decrement: float,
    index: int | None = None,
) -> Peak:
    """Climb from where the profile goes on from its two nearest known points, or from the nearest known one.

    From the next ones where that has no likelihood.
    """
    found = Peak(known[0][1], -np.inf, converged=False)
    nearest = sorted(known, key=lambda item: abs(item[0] - value))[:TRIES]
    ahead = () if index is None else _ahead(objective, nearest, value)
    for start in (*ahead, *(theta.copy() for _, theta in nearest)):
        if index is not None:
            start[index] = value
        found = climb(objective, start, held=held, decrement=decrement)
        if np.isfinite(found.loglik):
            break
    return found


def _ahead(objective: Objective, nearest: list[tuple[float, Floats]], value: float) -> tuple[Floats, ...]:
    """Give the point on the straight line through the two nearest points of a profile, where it is not far ahead."""
    if len(nearest) < 2:
        return ()
    (first, near), (second, far) = nearest[:2]
    if not 0.0 < abs(value - first) <= FURTHEST_AHEAD * abs(first - second):
        return ()
    scale = Scale(objective.parameters)
    u, v = scale.inward(near), scale.inward(far)
    ahead = u + (value - first) / (first - second) * (u - v)
    at_end = (near <= scale.ends[0]) | (near >= scale.ends[1])
    return (np.where(at_end, near, scale.outward(np.clip(ahead, scale.low, scale.high))),)


def _starts(likelihood: Bernoulli, held: Mask, fixed: Floats) -> list[Floats]:
    own = len(likelihood.response.parameters)
    if held[:own].all():
        return [np.where(held, fixed, likelihood.start(np.full(own, 0.5)))]
    points = halton(STARTS * CANDIDATES, own)
    thetas = [np.where(held, fixed, likelihood.start(point)) for point in points]
    values = np.array([likelihood.loglik(theta) for theta in thetas])
    values = np.where(np.isfinite(values), values, -np.inf).reshape(STARTS, CANDIDATES)
    return [thetas[row * CANDIDATES + int(np.argmax(line))] for row, line in enumerate(values)]


def halton(points: int, dimensions: int) -> Floats:
    """Give points of the unit cube spread evenly (Halton 1960), without the origin.

    Written here because importing scipy.stats takes longer than most fits.

    Parameters
    ----------
    points, dimensions : int
        At most five dimensions.

    Returns
    -------
    ndarray, shape (points, dimensions)
    """
    result = np.zeros((points, dimensions))
    for column, base in enumerate(BASES[:dimensions]):
        left, unit = np.arange(1, points + 1), 1.0
        while left.any():
            unit /= base
            result[:, column] += unit * (left % base)
            left = left // base
    return result
