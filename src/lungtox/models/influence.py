"""Influence of single patients on a logistic model: leverage, Cook's distance, and the model without each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from lungtox.models.newton_batch import fit_many

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]

_BLOCK = 64


def measure_influence(
    x: FloatArray, y: FloatArray, beta: FloatArray, *, terms: tuple[str, ...], weights: FloatArray | None = None
) -> pd.DataFrame:
    """Measure how much each patient moves a model fitted by maximum likelihood.

    Parameters
    ----------
    x : ndarray, shape (n, k)
        Columns of the model, the intercept first.
    y : ndarray, shape (n,)
    beta : ndarray, shape (k,)
        Maximum-likelihood estimates.
    terms : tuple of str
    weights : ndarray, shape (n,), optional
        Of the patients, with a mean of one. Leverage, distance and standard errors are then
        those of the weighted likelihood.

    Returns
    -------
    DataFrame
        `leverage, cook, dfbetas, term, probability, probability_left_out`, in the order of the patients. `dfbetas`:
        change of a coefficient when the patient is left out, in standard errors of the full fit, the one of largest
        size with its term. It and `probability_left_out` are exact: the model is fitted again without the patient.
        Where that separates the data the change is large and the risk near 0 or 1.
    """
    import pandas as pd

    spread = x[:, 1:].std(axis=0)
    scale = np.concatenate([[1.0], np.where(spread > 0.0, spread, 1.0)])
    scaled, at = x / scale, beta * scale
    p = expit(scaled @ at)
    each = np.ones(len(y)) if weights is None else weights
    weight = each * p * (1.0 - p)
    inverse = np.linalg.inv((scaled.T * weight) @ scaled)
    leverage = weight * np.einsum("ij,jk,ik->i", scaled, inverse, scaled)
    cook = (each * (y - p)) ** 2 / weight * leverage / (1.0 - leverage) ** 2 / x.shape[1]
    without = _without_each(scaled, y, at, weights)
    change = (without - at) / np.sqrt(np.diag(inverse))
    largest = np.abs(change).argmax(axis=1)
    return pd.DataFrame(
        {
            "leverage": leverage,
            "cook": cook,
            "dfbetas": change[np.arange(len(y)), largest],
            "term": np.array(terms, dtype=object)[largest],
            "probability": p,
            "probability_left_out": expit((scaled * without).sum(axis=1)),
        }
    )


def _without_each(x: FloatArray, y: FloatArray, start: FloatArray, weights: FloatArray | None) -> FloatArray:
    """Fit the model without each patient, many models at once."""
    parts = []
    for first in range(0, len(y), _BLOCK):
        rows = np.arange(first, min(first + _BLOCK, len(y)))
        # A row of zeros adds the same to every likelihood: the patient is left out.
        designs = np.repeat(x[None], len(rows), axis=0)
        designs[np.arange(len(rows)), rows] = 0.0
        first_guess = np.tile(start, (len(rows), 1))
        parts.append(fit_many(designs, y, weights=weights, start=first_guess, tolerance=1e-12).beta)
    return np.concatenate(parts)
