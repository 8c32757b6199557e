"""A logistic model fitted to each imputed table and pooled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lungtox.errors import FitError
from lungtox.models.config import LogisticSettings
from lungtox.models.design import Encoding, build_design
from lungtox.models.known_outcomes import OUTCOME
from lungtox.models.newton import maximise
from lungtox.models.recipe import SAFE_LINEAR_PREDICTOR
from lungtox.models.rubin import Pooled, pool
from lungtox.models.sandwich import robust_covariance
from lungtox.models.separation import find_separation
from lungtox.models.weights import mean_one

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]


def pool_logistic(
    copies: Sequence[pd.DataFrame],
    *,
    model: LogisticSettings,
    dictionary: pd.DataFrame | None = None,
    weights: FloatArray | None = None,
) -> tuple[Pooled, Encoding, int, int]:
    """Fit a logistic model to each imputed table and pool.

    Parameters
    ----------
    copies : sequence of DataFrame
        Of `impute`.
    model : LogisticSettings
    dictionary : DataFrame, optional
    weights : ndarray, shape (n,), optional
        Of the rows; the variances are then robust (sandwich).

    Returns
    -------
    pooled : Pooled
        On the log-odds scale, in the order of the terms; by Firth's penalty in all tables where it is asked for or any
        table is separated.
    encoding : Encoding
    n, events : int

    Raises
    ------
    FitError
        As for `fit_logistic`.
    """
    designs = [
        build_design(
            copy,
            outcome=OUTCOME,
            predictors=model.predictors,
            dictionary=dictionary,
            transforms=model.transforms,
            interactions=model.interactions,
        )
        for copy in copies
    ]
    terms = designs[0].encoding.terms
    firth = model.penalty == "firth" or any(
        maximise(each.x, each.y, max_iterations=30).largest_linear_predictor > SAFE_LINEAR_PREDICTOR
        and bool(find_separation(each.x, each.y, terms=terms))
        for each in designs
    )
    estimates, variances = [], []
    share = None if weights is None else mean_one(weights)
    for each in designs:
        scale = np.concatenate([[1.0], each.x[:, 1:].std(axis=0)])
        fit = maximise(each.x / scale, each.y, firth=firth, weights=share)
        if not fit.converged:
            raise FitError("no convergence in an imputed table.")
        beta = fit.beta / scale
        estimates.append(beta)
        if share is None:
            variances.append(np.diag(np.linalg.inv(fit.information)) / scale**2)
        else:
            variances.append(np.diag(robust_covariance(each.x, each.y, beta=beta, weights=share, firth=firth)))
    first = designs[0]
    pooled = pool(np.array(estimates), np.array(variances), complete_df=float(first.n - len(terms)))
    return pooled, first.encoding, first.n, first.events
