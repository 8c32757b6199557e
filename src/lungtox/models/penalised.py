"""Ridge, lasso and elastic net for logistic models, their strength tuned by cross-validation.

All strengths are fitted at once, because every resample of a validation tunes again; a unit test holds the estimates
against scikit-learn's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from lungtox.models.newton_batch import fit_many

FloatArray = npt.NDArray[np.float64]

STRENGTHS = 20
TUNING_FOLDS = 5
MIXES: dict[str, tuple[float, ...]] = {"ridge": (0.0,), "lasso": (1.0,), "elastic_net": (0.25, 0.5, 0.75)}
_WEAKEST = 5e-3
_ROUGH, _SHARP = 1e-4, 1e-8


@dataclass(frozen=True)
class PenalisedFit:
    """A fit at the tuned strength.

    Attributes
    ----------
    beta : ndarray, shape (k,)
        In the units of the columns, the intercept first.
    strength : float
        lambda of (1/n) sum of -log-likelihood + lambda (mix |b| + (1 - mix) b^2 / 2), columns standardised.
        scikit-learn's C is 1 / (n lambda).
    mix : float
        1 = lasso, 0 = ridge.
    """

    beta: FloatArray
    strength: float
    mix: float


def fit_penalised(
    x: FloatArray,
    y: FloatArray,
    *,
    penalty: str,
    rng: np.random.Generator,
    weights: FloatArray | None = None,
    free: npt.NDArray[np.bool_] | None = None,
    blocks: npt.NDArray[np.int64] | None = None,
) -> PenalisedFit:
    """Fit with the strength of smallest cross-validated deviance.

    Columns are standardised within each training part; the intercept is never penalised.

    Parameters
    ----------
    x : ndarray, shape (n, k)
        The intercept in the first column.
    y : ndarray, shape (n,)
    penalty : {"ridge", "lasso", "elastic_net"}
    rng : numpy.random.Generator
        For the folds.
    weights : ndarray, shape (n,), optional
    free : ndarray of bool, shape (k,), optional
        Columns without penalty.
    blocks : ndarray of int, shape (n,), optional
        Rows of the same number (imputations of one patient) stay in one fold.

    Returns
    -------
    PenalisedFit
    """
    weight = np.ones(len(y)) if weights is None else weights
    bound = np.arange(x.shape[1]) > 0
    if free is not None:
        bound &= ~free
    owner = np.arange(len(y)) if blocks is None else blocks
    folds = tuning_folds(y, owner, rng)
    best: tuple[float, float, float] | None = None
    for mix in MIXES[penalty]:
        strengths = strength_path(x, y, weight, bound, mix)
        deviance = np.zeros(len(strengths))
        for fold in np.unique(folds):
            train, test = folds != fold, folds == fold
            beta = fit_path(x[train], y[train], weight[train], bound, strengths, mix, tolerance=_ROUGH)
            eta = x[test] @ beta.T
            deviance += weight[test] @ (np.logaddexp(0.0, eta) - y[test, None] * eta)
        at = int(np.argmin(deviance))
        if best is None or deviance[at] < best[0]:
            best = (float(deviance[at]), float(strengths[at]), mix)
    if best is None:
        raise AssertionError("every penalty has a mix")
    beta = fit_path(x, y, weight, bound, np.array([best[1]]), best[2], tolerance=_SHARP)[0]
    return PenalisedFit(beta, best[1], best[2])


def tuning_folds(
    y: FloatArray, owner: npt.NDArray[np.int64], rng: np.random.Generator, *, count: int = TUNING_FOLDS
) -> npt.NDArray[np.int64]:
    """Deal patients into folds, each outcome group evenly; all rows of an owner go together.

    Parameters
    ----------
    y : ndarray, shape (n,)
    owner : ndarray of int, shape (n,)
    rng : numpy.random.Generator
    count : int
        Fewer where an outcome group is smaller.
    """
    owners, first = np.unique(owner, return_index=True)
    outcome = y[first]
    smaller = int(min(outcome.sum(), len(outcome) - outcome.sum()))
    fold = np.empty(len(owners), dtype=np.int64)
    for value in (0.0, 1.0):
        group = np.flatnonzero(outcome == value)
        fold[rng.permutation(group)] = np.arange(len(group)) % max(2, min(count, smaller))
    return fold[np.searchsorted(owners, owner)]


def strength_path(
    x: FloatArray, y: FloatArray, weight: FloatArray, bound: npt.NDArray[np.bool_], mix: float
) -> FloatArray:
    """Give the strengths to try: from the one that shrinks everything to zero down to a weak one."""
    scaled, _, _ = _standardised(x, weight)
    rest = weight * (y - np.average(y, weights=weight))
    largest = float(np.abs(scaled[:, bound].T @ rest).max()) / float(weight.sum()) if bound.any() else 1.0
    # A ridge never reaches zero: it starts where a lasso of mix 0.05 would.
    top = max(largest, 1e-8) / max(mix, 0.05)
    return np.geomspace(top, top * _WEAKEST, STRENGTHS)


def fit_path(
    x: FloatArray,
    y: FloatArray,
    weight: FloatArray,
    bound: npt.NDArray[np.bool_],
    strengths: FloatArray,
    mix: float,
    *,
    tolerance: float,
) -> FloatArray:
    """Fit at several strengths at once; columns are standardised for the penalty.

    Returns
    -------
    ndarray, shape (strengths, k)
        In the units of the columns.
    """
    scaled, centre, spread = _standardised(x, weight)
    total = float(weight.sum())
    if mix == 0.0:
        ridge = np.outer(strengths * total, bound)
        stacked = np.broadcast_to(scaled, (len(strengths), *scaled.shape))
        beta = fit_many(stacked, y, weights=weight, ridge=ridge, max_iterations=50).beta
    else:
        beta = _proximal(scaled, y, weight / total, bound, strengths, mix, tolerance)
    unscaled: FloatArray = beta / spread
    unscaled[:, 0] -= unscaled[:, 1:] @ centre[1:]
    return unscaled


def _standardised(x: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    centre = np.average(x, axis=0, weights=weight)
    spread = np.sqrt(np.average((x - centre) ** 2, axis=0, weights=weight))
    constant = spread == 0.0
    centre[0], spread[constant] = 0.0, 1.0
    scaled = (x - centre) / spread
    scaled[:, 0] = 1.0
    return scaled, centre, spread


def _proximal(
    x: FloatArray,
    y: FloatArray,
    weight: FloatArray,
    bound: npt.NDArray[np.bool_],
    strengths: FloatArray,
    mix: float,
    tolerance: float,
    most: int = 20_000,
) -> FloatArray:
    """Minimise by accelerated proximal gradient steps with restarts (Beck and Teboulle 2009)."""
    weak = strengths[:, None] * (1.0 - mix) * bound
    hard = strengths[:, None] * mix * bound
    curvature = 0.25 * float(np.linalg.eigvalsh((x.T * weight) @ x)[-1]) + weak.max(axis=1, keepdims=True)
    rate = float(np.average(y, weights=weight))
    beta = np.zeros((len(strengths), x.shape[1]))
    beta[:, 0] = np.log(rate / (1.0 - rate))
    ahead, momentum = beta.copy(), np.ones((len(strengths), 1))
    pull = x.T @ (weight * y)
    for _ in range(most):
        slope = (expit(ahead @ x.T) * weight) @ x - pull + weak * ahead
        moved = ahead - slope / curvature
        further: FloatArray = np.sign(moved) * np.maximum(np.abs(moved) - hard / curvature, 0.0)
        change = further - beta
        if float(np.abs(change).max()) < tolerance and float(np.abs(further - ahead).max()) < tolerance:
            return further
        # Momentum that points uphill is dropped (O'Donoghue and Candes 2015).
        uphill = ((ahead - further) * change).sum(axis=1, keepdims=True) > 0.0
        longer = np.where(uphill, 1.0, 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum**2)))
        ahead = further + np.where(uphill, 0.0, (momentum - 1.0) / longer) * change
        beta, momentum = further, longer
    return beta
