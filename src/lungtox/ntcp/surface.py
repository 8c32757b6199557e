"""The Bernoulli log-likelihood of an NTCP model: its maximum, and its maximum on lines (profiles).

In (c0, c1) the log-likelihood is concave, so Newton with a bracket finds the maximum on a line whatever the start. The
volume parameter n is searched on a grid of gEUD exponents and then refined by Brent's method around the best of them.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, expit, log_expit, log_ndtr, ndtr

from lungtox.ntcp.matrix import DoseMatrix
from lungtox.ntcp.model import VOLUME, Level, Link, NtcpModel

Floats = NDArray[np.float64]
GRID_N = np.geomspace(VOLUME.low, VOLUME.high, 33)  # a = 1/n from 100 to 1, ratio 1.15
SQRT_2_OVER_PI = float(np.sqrt(2.0 / np.pi))
NEWTON_STEPS = 100
PLAIN_STEPS = 25  # without step control, which concave probits and logits seldom need


@dataclass(frozen=True)
class Optimum:
    """A maximum of the log-likelihood, with the volume parameter at which it lies."""

    c0: float
    c1: float
    n: float
    loglik: float


NOWHERE = Optimum(np.nan, np.nan, np.nan, -np.inf)


class Surface:
    """The log-likelihood of one model on one cohort.

    Parameters
    ----------
    matrix : DoseMatrix
    outcome : ndarray of bool, shape (patients,)
    model : NtcpModel
    fixed : tuple of Level
        Lines on which the answer must lie: parameters of the plane that are fixed; at most two.
    n : float or None
        Fixed volume parameter; None searches it.
    """

    def __init__(
        self,
        matrix: DoseMatrix,
        outcome: NDArray[np.bool_],
        model: NtcpModel,
        fixed: tuple[Level, ...],
        n: float | None,
    ) -> None:
        self.matrix = matrix
        self.sign = np.where(outcome, 1.0, -1.0)
        self.model = model
        self.fixed = fixed
        self.bounds = model.bounds()
        self.start = (0.0, 0.0)
        self._set_grid(GRID_N if n is None else np.array([n]))

    def _set_grid(self, grid_n: Floats) -> None:
        self.grid_n = grid_n
        self.grid_g = np.stack([self.g(float(n)) for n in grid_n])

    def g(self, n: float) -> Floats:
        """Give the dose of each patient on the scale on which the model is straight, shape (patients,)."""
        return self.model.scale(self.matrix.geud_gy(n))

    def on_grid(self, grid_n: Floats) -> Surface:
        """Give the same surface with another grid of n."""
        other = copy.copy(self)
        other._set_grid(grid_n)
        return other

    def rows(self, patients: NDArray[np.int64]) -> Surface:
        """Give the surface of some of the patients; the same one may come twice."""
        other = copy.copy(self)
        other.matrix, other.sign = self.matrix.rows(patients), self.sign[patients]
        other.grid_g = self.grid_g[:, patients]
        other.start = (0.0, 0.0)
        return other

    def best_on_grid(self, *levels: Level) -> float:
        """Give the highest log-likelihood on these lines over the grid of n, without refinement."""
        return float(self.along_grid(*levels).max())

    def along_grid(self, *levels: Level) -> Floats:
        """Give the highest log-likelihood on these lines at each n of the grid."""
        return self._rows(self.grid_g, levels)[2]

    def best(self, *levels: Level) -> Optimum:
        """Give the maximum on these lines (none: anywhere) over every n that is allowed."""
        c0, c1, loglik = self._rows(self.grid_g, levels)
        at = int(np.argmax(loglik))
        best = Optimum(float(c0[at]), float(c1[at]), float(self.grid_n[at]), float(loglik[at]))
        if self.grid_n.size == 1 or not np.isfinite(best.loglik):
            return best
        if not (self.fixed or levels):  # the grid was solved together, less finely
            best = self.at_n(best.n)
        return self._refined(best, at, levels)

    def at_n(self, n: float, *levels: Level) -> Optimum:
        """Give the maximum on these lines at one n."""
        c0, c1, loglik = self._rows(self.g(n)[np.newaxis], levels)
        return Optimum(float(c0[0]), float(c1[0]), n, float(loglik[0]))

    def modes_in_n(self) -> list[Optimum]:
        """Give the local maxima over the grid of n, the highest first; more than one is worth a warning."""
        c0, c1, loglik = self._rows(self.grid_g, ())
        padded = np.concatenate([[-np.inf], loglik, [-np.inf]])
        peaks = np.flatnonzero((padded[1:-1] >= padded[:-2]) & (padded[1:-1] > padded[2:]))
        found = [Optimum(float(c0[i]), float(c1[i]), float(self.grid_n[i]), float(loglik[i])) for i in peaks]
        return sorted(found, key=lambda item: -item.loglik)

    def _refined(self, best: Optimum, at: int, levels: tuple[Level, ...]) -> Optimum:
        from scipy.optimize import minimize_scalar

        low, high = self.grid_n[max(at - 1, 0)], self.grid_n[min(at + 1, self.grid_n.size - 1)]
        tried = [best]

        def loss(log_n: float) -> float:
            tried.append(self.at_n(float(np.exp(log_n)), *levels))
            return -tried[-1].loglik if np.isfinite(tried[-1].loglik) else 1e300

        # On a profile log n need not be exact: the log-likelihood is flat there and wrong by about 1e-8.
        minimize_scalar(
            loss, bounds=(np.log(low), np.log(high)), method="bounded", options={"xatol": 1e-4 if levels else 1e-7}
        )
        # A tie goes to the grid: there stand the ends of the range, which are reported as boundary estimates.
        return max(tried, key=lambda item: item.loglik)

    def _rows(self, g: Floats, levels: tuple[Level, ...]) -> tuple[Floats, Floats, Floats]:
        """Maximise for each row of gEUD values, shape (rows, patients); give c0, c1 and log-likelihood by row."""
        lines = (*self.fixed, *levels)
        if len(lines) == 0:
            return self._plane(g)
        if len(lines) == 1:
            return self._line(g, lines[0])
        first, *others = lines
        crossing = next((line for line in others if abs(first.cross(line)) > 1e-12), None)
        if crossing is None:  # parallel to a line that is fixed: the same line, or nowhere
            return self._line(g, first) if all(first.same(line) for line in others) else _nowhere(g.shape[0])
        return self._point(g, (first, crossing), others)

    def _plane(self, g: Floats) -> tuple[Floats, Floats, Floats]:
        together = newton_planes(g, self.sign, self.model.link) if len(g) > 1 else [None]
        solved = [self._plane_row(row, start) for row, start in zip(g, together, strict=True)]
        c0, c1, loglik = (np.array(column) for column in zip(*solved, strict=True))
        return c0, c1, loglik

    def _plane_row(self, g: Floats, known: tuple[float, float, float] | None) -> tuple[float, float, float]:
        found = known or newton_plane(g, self.sign, self.model.link)
        if found is not None and all(bound.excess(found[0], found[1]) <= 0 for bound in self.bounds):
            return found
        # The maximum lies outside: by concavity the best allowed point is on an edge.
        edges = [self._line(g[np.newaxis], bound) for bound in self.bounds]
        c0, c1, loglik = max(edges, key=lambda edge: float(edge[2][0]))
        return float(c0[0]), float(c1[0]), float(loglik[0])

    def _line(self, g: Floats, line: Level) -> tuple[Floats, Floats, Floats]:
        length = line.a0**2 + line.a1**2
        shift = -line.excess(*self.start) / length
        p0, p1 = self.start[0] + shift * line.a0, self.start[1] + shift * line.a1
        d0, d1 = -line.a1 / length**0.5, line.a0 / length**0.5
        low, high = -np.inf, np.inf
        for bound in self.bounds:
            along, room = bound.a0 * d0 + bound.a1 * d1, -bound.excess(p0, p1)
            if abs(along) > 1e-12:
                low, high = (low, min(high, room / along)) if along > 0 else (max(low, room / along), high)
            elif room < -1e-9 * max(1.0, abs(bound.b)):
                low, high = 1.0, -1.0
        if low > high:
            return _nowhere(g.shape[0])
        s, loglik = newton_line(p0 + p1 * g, d0 + d1 * g, self.sign, self.model.link, low=low, high=high)
        return p0 + s * d0, p1 + s * d1, loglik

    def _point(self, g: Floats, lines: tuple[Level, Level], others: Sequence[Level]) -> tuple[Floats, Floats, Floats]:
        c0, c1 = np.linalg.solve([[line.a0, line.a1] for line in lines], [line.b for line in lines])
        if any(abs(line.excess(c0, c1)) > 1e-9 * max(1.0, abs(line.b)) for line in others):
            return _nowhere(g.shape[0])
        rows = g.shape[0]
        slack = [1e-9 * max(1.0, abs(bound.b)) for bound in self.bounds]
        inside = all(bound.excess(c0, c1) <= room for bound, room in zip(self.bounds, slack, strict=True))
        loglik = log_probability(self.sign * (c0 + c1 * g), self.model.link).sum(axis=1)
        return np.full(rows, c0), np.full(rows, c1), loglik if inside else np.full(rows, -np.inf)


def _nowhere(rows: int) -> tuple[Floats, Floats, Floats]:
    nothing = np.full(rows, np.nan)
    return nothing, nothing, np.full(rows, -np.inf)


def probability(eta: Floats, link: Link) -> Floats:
    """Give the probability of a linear predictor."""
    result: Floats = ndtr(eta) if link == "probit" else expit(eta)
    return result


def log_probability(eta: Floats, link: Link) -> Floats:
    """Give the logarithm of the probability of a linear predictor, exact far into the tail."""
    result: Floats = log_ndtr(eta) if link == "probit" else log_expit(eta)
    return result


def slope_and_weight(eta: Floats, sign: Floats, link: Link) -> tuple[Floats, Floats]:
    """Give first derivative and negative second derivative of the log-likelihood terms by the linear predictor."""
    t = sign * eta
    if link == "logit":
        p = expit(-t)
        return sign * p, p * (1.0 - p)
    # phi(t)/Phi(t) by the scaled complementary error function: exact in both tails.
    with np.errstate(over="ignore"):
        ratio = SQRT_2_OVER_PI / erfcx(-t / np.sqrt(2.0))
    return sign * ratio, np.where(t < -1e5, 1.0, ratio * (ratio + t))


def newton_plane(g: Floats, sign: Floats, link: Link) -> tuple[float, float, float] | None:
    """Maximise over (c0, c1) for one vector g; None where there is no finite maximum (separation, constant g).

    Gives c0, c1 and the log-likelihood.
    """
    centre, spread = float(g.mean()), float(g.std())
    if not spread > 1e-12 * max(1.0, abs(centre)):
        return None
    z = (g - centre) / spread
    c = np.zeros(2)
    loglik = float(log_probability(sign * 0.0 * z, link).sum())
    for _ in range(NEWTON_STEPS):
        slope, weight = slope_and_weight(c[0] + c[1] * z, sign, link)
        gradient = np.array([slope.sum(), slope @ z])
        cross = float(weight @ z)
        hessian = np.array([[weight.sum(), cross], [cross, weight @ (z * z)]])
        determinant = hessian[0, 0] * hessian[1, 1] - cross**2
        if not determinant > 1e-14:
            return None
        step = np.linalg.solve(hessian, gradient)
        decrement = float(gradient @ step)
        if decrement < 1e-20:
            break
        stepped = _climb(c, step, loglik, z, sign, link)
        if stepped is None:
            break
        c, loglik = stepped
        if np.abs(c).max() > 1e4:
            return None
    return float(c[0] - c[1] * centre / spread), float(c[1] / spread), loglik


def newton_planes(g: Floats, sign: Floats, link: Link) -> list[tuple[float, float, float] | None]:
    """Maximise over (c0, c1) for each row of g at once, shape (rows, patients); None where plain Newton does not do.

    The log-likelihood found is short of the maximum by less than 1e-12. `newton_plane` does the rows left over.
    """
    rows = g.shape[0]
    centre, spread = g.mean(axis=1), g.std(axis=1)
    usable = spread > 1e-12 * np.maximum(1.0, np.abs(centre))
    z = (g - centre[:, np.newaxis]) / np.where(usable, spread, 1.0)[:, np.newaxis]
    squares = z * z
    c, done, active = np.zeros((rows, 2)), np.zeros(rows, dtype=bool), np.flatnonzero(usable)
    for _ in range(PLAIN_STEPS):
        eta = c[active, :1] + c[active, 1:] * z[active]
        slope, weight = slope_and_weight(eta, sign, link)
        g0, g1 = slope.sum(axis=1), (slope * z[active]).sum(axis=1)
        h00, h01 = weight.sum(axis=1), (weight * z[active]).sum(axis=1)
        h11 = (weight * squares[active]).sum(axis=1)
        determinant = h00 * h11 - h01**2
        sound = determinant > 1e-10
        scale = np.where(sound, determinant, 1.0)
        s0, s1 = (h11 * g0 - h01 * g1) / scale, (h00 * g1 - h01 * g0) / scale
        small = sound & (g0 * s0 + g1 * s1 < 1e-12)
        c[active] += np.column_stack([s0, s1])
        done[active[small]] = True
        going = sound & ~small & (np.abs(c[active]).max(axis=1) < 50.0)
        active = active[going]
        if active.size == 0:
            break
    loglik = log_probability(sign * (c[:, :1] + c[:, 1:] * z), link).sum(axis=1)
    steep = c[:, 1] / np.where(usable, spread, 1.0)
    return [
        (float(c[row, 0] - steep[row] * centre[row]), float(steep[row]), float(loglik[row])) if done[row] else None
        for row in range(rows)
    ]


def _climb(c: Floats, step: Floats, loglik: float, z: Floats, sign: Floats, link: Link) -> tuple[Floats, float] | None:
    """Halve a Newton step until the log-likelihood does not fall; None when it is at its top."""
    for halving in range(40):
        trial = c + step * 0.5**halving
        value = float(log_probability(sign * (trial[0] + trial[1] * z), link).sum())
        if value > loglik or (halving == 0 and value >= loglik - 1e-13 * abs(loglik) and np.abs(step).max() < 1e-6):
            return trial, value
    return None


def newton_line(
    base: Floats, direction: Floats, sign: Floats, link: Link, *, low: float, high: float
) -> tuple[Floats, Floats]:
    """Maximise sum log F(sign (base + s direction)) over s in [low, high], for each row on its own.

    Newton with a bracket: a step that leaves the bracket goes to its end when that was not tried, else to its middle.

    Parameters
    ----------
    base, direction : ndarray, shape (rows, patients)
    low, high : float
        Finite; the bounds of the parameters see to that.

    Returns
    -------
    s, loglik : ndarray, shape (rows,)
    """
    rows = base.shape[0]
    left, right = np.full(rows, low), np.full(rows, high)
    left_tried, right_tried = np.zeros(rows, dtype=bool), np.zeros(rows, dtype=bool)
    s = np.clip(np.zeros(rows), low, high)
    active = np.arange(rows)
    for _ in range(NEWTON_STEPS):
        here = s[active]
        slope, weight = slope_and_weight(base[active] + here[:, np.newaxis] * direction[active], sign, link)
        gradient = (slope * direction[active]).sum(axis=1)
        step = gradient / np.maximum((weight * direction[active] ** 2).sum(axis=1), 1e-300)
        rising, falling = active[gradient > 0], active[gradient < 0]
        left[rising], left_tried[rising] = s[rising], True
        right[falling], right_tried[falling] = s[falling], True
        # At an end of the range where the log-likelihood still climbs outwards, the end is the answer.
        pinned = ((here >= high) & (gradient > 0)) | ((here <= low) & (gradient < 0))
        narrow = right[active] - left[active] < 1e-15 * (1.0 + np.abs(here))
        moving = ~((gradient * step < 1e-20) | pinned | narrow)
        active, gradient, target = active[moving], gradient[moving], (here + step)[moving]
        if active.size == 0:
            break
        middle = 0.5 * (left[active] + right[active])
        above = np.where(right_tried[active], middle, right[active])
        below = np.where(left_tried[active], middle, left[active])
        s[active] = np.where(target >= right[active], above, np.where(target <= left[active], below, target))
    loglik = log_probability(sign * (base + s[:, np.newaxis] * direction), link).sum(axis=1)
    return s, loglik
