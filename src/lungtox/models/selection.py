"""Selection of predictors by the likelihood-ratio test, forward or backward, fast enough for every resample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from lungtox.models.encoding import TermGroup
from lungtox.models.newton_batch import fit_many

FloatArray = npt.NDArray[np.float64]
Names = frozenset[str]

# A column of which less than this share is left beside the others (as a length) adds nothing to a model.
_INDEPENDENT = 1e-7


@dataclass(frozen=True)
class Candidates:
    """Data of one selection: standardised columns, and which of them belong together.

    Attributes
    ----------
    x : ndarray, shape (n, k)
        The first column is the intercept; columns without spread in these patients are left out of the groups.
    y, weights : ndarray, shape (n,)
    groups : tuple of TermGroup
        In the order of the config; a predictor without any spread has no columns.
    forced : frozenset of str
    """

    x: FloatArray
    y: FloatArray
    weights: FloatArray
    groups: tuple[TermGroup, ...]
    forced: Names

    def columns(self, chosen: Names) -> list[int]:
        """Give the columns of chosen groups, the intercept first."""
        return [0, *(column for group in self.groups if group.name in chosen for column in group.columns)]

    def loglik(self, chosen: Names) -> float:
        """Give the maximised log-likelihood with chosen groups."""
        return float(fit_many(self.x[None][:, :, self.columns(chosen)], self.y, weights=self.weights).loglik[0])


def make_candidates(
    x: FloatArray, y: FloatArray, groups: Sequence[TermGroup], *, forced: Sequence[str], weights: FloatArray
) -> Candidates:
    """Standardise the columns of these patients and drop those without spread.

    Parameters
    ----------
    x : ndarray, shape (n, k)
    y, weights : ndarray, shape (n,)
    groups : sequence of TermGroup
    forced : sequence of str
        Names of groups that stay in.
    """
    spread = x[:, 1:].std(axis=0)
    varying = np.concatenate([[True], spread > 0.0])
    scaled = x.copy()
    scaled[:, 1:] = (x[:, 1:] - x[:, 1:].mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)
    kept = tuple(
        TermGroup(group.name, tuple(column for column in group.columns if varying[column]), group.parents)
        for group in groups
    )
    return Candidates(scaled, y, weights, kept, frozenset(forced))


def select_forward(data: Candidates, *, p_enter: float, most: int) -> Names:
    """Add the predictor with the smallest likelihood-ratio p value, as long as it is below a level.

    Parameters
    ----------
    data : Candidates
    p_enter : float
    most : int
        No more parameters than this beside the intercept.

    Returns
    -------
    frozenset of str
        Names of the chosen groups. An interaction may enter only after its predictors.
    """
    chosen = data.forced
    start, loglik = _fit(data, chosen)
    while True:
        open_groups = [group for group in _addable(data, chosen) if len(start) - 1 + len(group.columns) <= most]
        tried = [entry for groups in _by_width(open_groups) for entry in _try_adding(data, chosen, start, groups)]
        if not tried:
            return chosen
        tests = [(float(chdtrc(width, max(0.0, 2.0 * (value - loglik)))), -value, name) for name, width, value in tried]
        p, _, best = min(tests)
        if not p < p_enter:
            return chosen
        chosen = chosen | {best}
        start, loglik = _fit(data, chosen)


def select_backward(data: Candidates, *, p_stay: float) -> Names:
    """Drop the predictor with the largest likelihood-ratio p value, as long as it is above a level.

    Parameters
    ----------
    data : Candidates
    p_stay : float

    Returns
    -------
    frozenset of str
        Names of the chosen groups. A predictor goes only after its interactions.
    """
    chosen = frozenset(group.name for group in _independent(data))
    loglik = data.loglik(chosen)
    while True:
        droppable = [group for group in data.groups if group.name in chosen and _may_go(data, group, chosen)]
        tried = [entry for groups in _by_width(droppable) for entry in _try_dropping(data, chosen, groups)]
        if not tried:
            return chosen
        tests = [(float(chdtrc(width, max(0.0, 2.0 * (loglik - value)))), value, name) for name, width, value in tried]
        p, value, worst = max(tests)
        if p < p_stay:
            return chosen
        chosen, loglik = chosen - {worst}, value


def _by_width(groups: list[TermGroup]) -> list[list[TermGroup]]:
    """Put groups of equally many columns together: they are fitted at once."""
    widths = sorted({len(group.columns) for group in groups})
    return [[group for group in groups if len(group.columns) == width] for width in widths]


def _fit(data: Candidates, chosen: Names) -> tuple[FloatArray, float]:
    fit = fit_many(data.x[None][:, :, data.columns(chosen)], data.y, weights=data.weights)
    return fit.beta[0], float(fit.loglik[0])


def _addable(data: Candidates, chosen: Names) -> list[TermGroup]:
    """Give the groups outside of the model that would add something to it."""
    outside = [
        group for group in data.groups
        if group.name not in chosen and group.columns and set(group.parents) <= chosen
    ]  # fmt: skip
    if not outside:
        return []
    basis, _ = np.linalg.qr(data.x[:, data.columns(chosen)])
    columns = [column for group in outside for column in group.columns]
    block = data.x[:, columns]
    rest = block - basis @ (basis.T @ block)
    free = dict(zip(columns, np.linalg.norm(rest, axis=0) > _INDEPENDENT * np.linalg.norm(block, axis=0), strict=True))
    return [group for group in outside if any(free[column] for column in group.columns)]


def _try_adding(
    data: Candidates, chosen: Names, start: FloatArray, groups: list[TermGroup]
) -> list[tuple[str, int, float]]:
    width = len(groups[0].columns)
    inside = data.x[:, data.columns(chosen)]
    more = data.x[:, [group.columns for group in groups]].transpose(1, 0, 2)
    x = np.concatenate([np.broadcast_to(inside, (len(groups), *inside.shape)), more], axis=2)
    first = np.concatenate([np.tile(start, (len(groups), 1)), np.zeros((len(groups), width))], axis=1)
    fits = fit_many(x, data.y, weights=data.weights, start=first)
    return [(group.name, width, float(value)) for group, value in zip(groups, fits.loglik, strict=True)]


def _try_dropping(data: Candidates, chosen: Names, groups: list[TermGroup]) -> list[tuple[str, int, float]]:
    without = [data.columns(chosen - {group.name}) for group in groups]
    x = data.x[:, without].transpose(1, 0, 2)
    fits = fit_many(np.ascontiguousarray(x), data.y, weights=data.weights)
    return [(group.name, len(group.columns), float(value)) for group, value in zip(groups, fits.loglik, strict=True)]


def _may_go(data: Candidates, group: TermGroup, chosen: Names) -> bool:
    parents = {name for other in data.groups if other.name in chosen for name in other.parents}
    return group.name not in data.forced and group.name not in parents and bool(group.columns)


def _independent(data: Candidates) -> list[TermGroup]:
    """Leave out groups that follow exactly from those before them in these patients."""
    basis, kept = data.x[:, :1] / np.linalg.norm(data.x[:, 0]), []
    for group in data.groups:
        block = data.x[:, list(group.columns)]
        rest = block - basis @ (basis.T @ block)
        free = np.linalg.norm(rest, axis=0) > _INDEPENDENT * np.linalg.norm(block, axis=0)
        if group.name in data.forced or (len(free) and free.all()):
            kept.append(group)
            basis, _ = np.linalg.qr(np.concatenate([basis, block], axis=1))
    return kept
