"""Test of an interaction: likelihood ratio, its distribution simulated where events are few."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, expit

from lungtox.errors import FitError
from lungtox.models.newton_batch import fit_many
from lungtox.models.separation import find_separation

FloatArray = npt.NDArray[np.float64]

LIKELIHOOD_RATIO = "likelihood ratio"
SIMULATED = "likelihood ratio, parametric bootstrap of {resamples}"
RESAMPLES = 999
# Below, chi-square is no longer the distribution of the ratio (docs/validation/association-simulation.md).
FEW_EVENTS_PER_PARAMETER = 10.0
_BLOCK = 250
_CERTAIN = 1e-4


@dataclass(frozen=True)
class Interaction:
    """Whether products add to a logistic model.

    Attributes
    ----------
    ratio : float
        Twice the gain in log-likelihood.
    df : int
    p : float
    method : str
    """

    ratio: float
    df: int
    p: float
    method: str


def interaction_p(
    plain: FloatArray,
    products: FloatArray,
    y: FloatArray,
    *,
    rng: np.random.Generator | None = None,
    resamples: int = RESAMPLES,
) -> Interaction:
    """Test products of predictors.

    Parameters
    ----------
    plain : ndarray, shape (n, k)
        Design matrix without them, the intercept first.
    products : ndarray, shape (n, d)
    y : ndarray, shape (n,)
        0 and 1, both present.
    rng : numpy.random.Generator, optional
        With it, and with fewer than ten events per parameter, the ratio is compared with that of outcomes drawn from
        the model without products (parametric bootstrap): chi-square calls too much there. Without it: chi-square.
    resamples : int

    Returns
    -------
    Interaction

    Raises
    ------
    FitError
        With chi-square: outcome and predictors are separated. With draws only where the model without products already
        tells every outcome: elsewhere the ratio is finite, and compared with others of its kind.
    """
    whole = np.column_stack([plain, products])
    spread = whole[:, 1:].std(axis=0)
    whole = np.column_stack([whole[:, 0], whole[:, 1:] / np.where(spread > 0.0, spread, 1.0)])
    parameters, df = whole.shape[1] - 1, products.shape[1]
    null = whole[:, : plain.shape[1]]
    few = min(y.sum(), len(y) - y.sum()) / parameters < FEW_EVENTS_PER_PARAMETER
    start, full = fit_many(null[None], y), fit_many(whole[None], y)
    ratio = max(0.0, 2.0 * float(full.loglik[0] - start.loglik[0]))
    if rng is None or not few:
        if find_separation(whole, y, terms=tuple(map(str, range(whole.shape[1])))):
            raise FitError("separated: outcome and factor are separated in a stratum")
        return Interaction(ratio, df, float(chdtrc(df, ratio)), LIKELIHOOD_RATIO)
    risk = expit(null @ start.beta[0])
    if float(np.abs(y - risk).max()) < _CERTAIN:
        raise FitError("separated: the model without products leaves nothing to explain")
    draws = _ratios(null, whole, risk, resamples, rng)
    # Rounding must not tell two equal samples apart.
    larger = int((draws >= ratio - 1e-9 * (1.0 + ratio)).sum())
    return Interaction(ratio, df, (1 + larger) / (1 + len(draws)), SIMULATED.format(resamples=resamples))


def _ratios(
    null: FloatArray, whole: FloatArray, risk: FloatArray, resamples: int, rng: np.random.Generator
) -> FloatArray:
    """Give the likelihood ratios of outcomes drawn from risks; those of one class are left out."""
    outcomes = (rng.random((resamples, len(risk))) < risk).astype(np.float64)
    outcomes = outcomes[(outcomes.min(axis=1) == 0.0) & (outcomes.max(axis=1) == 1.0)]
    found = []
    for first in range(0, len(outcomes), _BLOCK):
        part = outcomes[first : first + _BLOCK]
        with_products, without = (
            fit_many(np.broadcast_to(x, (len(part), *x.shape)), part).loglik for x in (whole, null)
        )
        found.append(2.0 * (with_products - without))
    return np.maximum(np.concatenate(found), 0.0)
