"""Draws of the missing values of one column given the others, for all imputations at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# Share of the diagonal that is added to it: makes collinear predictors harmless and leaves the others alone.
_RIDGE = 1e-5
# Precision of a normal prior with standard deviation 2.5 on standardised coefficients: finite under separation, and
# hardly felt otherwise (after Gelman et al. 2008).
_PRIOR_PRECISION = 1.0 / 2.5**2
_NEWTON_STEPS = 8


@dataclass(frozen=True)
class Filler:
    """What is needed to fill one column.

    Attributes
    ----------
    design : ndarray, shape (m, n, p)
        Predictors of each imputation, standardised, with the intercept.
    column : ndarray, shape (n,)
        The observed values; what stands where `missing` is not read.
    missing : ndarray of bool, shape (n,)
    levels : int
        1 for numbers.
    rng : numpy.random.Generator
    """

    design: FloatArray
    column: FloatArray
    missing: npt.NDArray[np.bool_]
    levels: int
    rng: np.random.Generator

    @property
    def observed(self) -> FloatArray:
        """The values that are there, shape (o,)."""
        return self.column[~self.missing]


def draw_by_match(filler: Filler, donors: int) -> FloatArray:
    """Draw observed values of patients with a similar prediction (predictive mean matching, Little 1988).

    Coefficients are drawn from their posterior and predict the missing ones; the estimates predict the observed ones
    (type 1 matching). For more than two levels the indicators of the levels are predicted together and the distance is
    that in all of them.

    Parameters
    ----------
    filler : Filler
    donors : int
        Nearest observed values, of which one is drawn.

    Returns
    -------
    ndarray, shape (m, missing)
    """
    seen, wanted = filler.design[:, ~filler.missing], filler.design[:, filler.missing]
    y = filler.observed
    responses = y[:, None] if filler.levels == 1 else (y[:, None] == np.arange(1, filler.levels)).astype(np.float64)
    estimate, drawn = _least_squares(seen, responses, filler.rng)
    at_seen, at_wanted = seen @ estimate, wanted @ drawn
    count = min(donors, len(y))
    nearest = _nearest_on_line(at_seen[..., 0], at_wanted[..., 0], count)
    if filler.levels > 2:
        nearest = _nearest_in_space(at_seen, at_wanted, count)
    choice = filler.rng.integers(0, count, nearest.shape[:2])
    return y[np.take_along_axis(nearest, choice[..., None], axis=2)[..., 0]]


def draw_binary(filler: Filler) -> FloatArray:
    """Draw 0 or 1 by logistic regression with coefficients drawn from their approximate posterior (Rubin 1987).

    Parameters
    ----------
    filler : Filler

    Returns
    -------
    ndarray, shape (m, missing)
    """
    seen, wanted = filler.design[:, ~filler.missing], filler.design[:, filler.missing]
    m, _, p = seen.shape
    y = np.broadcast_to(filler.observed, seen.shape[:2])
    prior = np.full(p, _PRIOR_PRECISION)
    prior[0] = 1e-6
    beta = np.zeros((m, p))
    information = np.broadcast_to(np.diag(prior), (m, p, p))
    for _ in range(_NEWTON_STEPS):
        probability = expit(_apply(seen, beta))
        weight = probability * (1.0 - probability)
        information = (np.swapaxes(seen, 1, 2) * weight[:, None, :]) @ seen + np.diag(prior)
        score = _apply(np.swapaxes(seen, 1, 2), y - probability) - prior * beta
        step = np.linalg.solve(information, score[..., None])[..., 0]
        # Two units of a standardised coefficient at most: Newton does not overshoot on separated data.
        beta = beta + np.clip(step, -2.0, 2.0)
    drawn = beta + _spread(information, filler.rng.standard_normal((m, p, 1)))[..., 0]
    return (filler.rng.random((m, wanted.shape[1])) < expit(_apply(wanted, drawn))).astype(np.float64)


def _apply(matrices: FloatArray, vectors: FloatArray) -> FloatArray:
    product: FloatArray = (matrices @ vectors[..., None])[..., 0]
    return product


def _spread(precision: FloatArray, normal: FloatArray) -> FloatArray:
    """Turn standard normal columns into ones with this precision matrix."""
    root = np.swapaxes(np.linalg.cholesky(precision), -1, -2)
    return np.asarray(np.linalg.solve(root, normal), dtype=np.float64)


def _least_squares(x: FloatArray, responses: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Give least-squares coefficients and a draw of them from their posterior, each of shape (m, p, r)."""
    m, n, p = x.shape
    gram = np.swapaxes(x, 1, 2) @ x
    gram = gram + (_RIDGE * gram + 1e-9 * n) * np.eye(p)
    estimate: FloatArray = np.linalg.solve(gram, np.swapaxes(x, 1, 2) @ responses)
    residual = responses - x @ estimate
    freedom = max(n - p, 1)
    covariance = np.swapaxes(residual, 1, 2) @ residual / rng.chisquare(freedom, (m, 1, 1))
    count = responses.shape[1]
    size = np.trace(covariance, axis1=1, axis2=2)[:, None, None]
    root = np.linalg.cholesky(covariance + (1e-12 * size + 1e-300) * np.eye(count))
    noise = _spread(gram, rng.standard_normal((m, p, count)))
    return estimate, estimate + noise @ np.swapaxes(root, 1, 2)


def _nearest_on_line(seen: FloatArray, wanted: FloatArray, count: int) -> IntArray:
    """Give the places of the nearest predictions, shape (m, missing, count), by one search in sorted values."""
    m, n = seen.shape
    order = np.argsort(seen, axis=1, kind="stable")
    ranked = np.take_along_axis(seen, order, axis=1)
    # One sorted line for all imputations: each is scaled into a stretch of its own.
    low, high = ranked[:, :1], ranked[:, -1:]
    width = np.where(high > low, high - low, 1.0)
    shift = 3.0 * np.arange(m)[:, None]
    line = ((ranked - low) / width + shift).ravel()
    sought = np.clip((wanted - low) / width, -0.5, 1.5) + shift
    place = np.searchsorted(line, sought) - n * np.arange(m)[:, None]
    # At the ends of the line the window is moved inside, so that nothing stands in it twice.
    start = np.clip(place - count, 0, max(n - 2 * count, 0))
    window = start[..., None] + np.arange(min(2 * count, n))
    near = np.take_along_axis(ranked[:, None, :], window, axis=2)
    chosen = np.argpartition(np.abs(near - wanted[..., None]), count - 1, axis=2)[..., :count]
    return np.take_along_axis(order[:, None, :], np.take_along_axis(window, chosen, axis=2), axis=2)


def _nearest_in_space(seen: FloatArray, wanted: FloatArray, count: int) -> IntArray:
    """As `_nearest_on_line`, by distance in several predictions; one imputation after the other to save memory."""
    places = []
    for there, sought in zip(seen, wanted, strict=True):
        distance = ((sought[:, None, :] - there[None, :, :]) ** 2).sum(axis=2)
        places.append(np.argpartition(distance, count - 1, axis=1)[:, :count])
    return np.stack(places)
