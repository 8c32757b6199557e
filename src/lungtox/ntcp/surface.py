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

from lungtox.ntcp.matrix import DoseMatrix
from lungtox.ntcp.model import VOLUME, Level, NtcpModel
from lungtox.ntcp.newton import log_probability, newton_line, newton_plane, newton_planes

Floats = NDArray[np.float64]
GRID_N = np.geomspace(VOLUME.low, VOLUME.high, 33)  # a = 1/n from 100 to 1, ratio 1.15


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
