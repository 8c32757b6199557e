"""Firth's penalised likelihood, and the intercept that makes its predictions unbiased again."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lungtox.models.newton import fit_intercept

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FirthSolution:
    """Estimates by firthmodels.

    Attributes
    ----------
    beta : ndarray, shape (k,)
    loglik : float
        Penalised.
    converged : bool
    """

    beta: FloatArray
    loglik: float
    converged: bool


def fit_firth(x: FloatArray, y: FloatArray) -> FirthSolution:
    """Fit by Firth's penalised likelihood (Firth 1993).

    Parameters
    ----------
    x : ndarray, shape (n, k)
        Design matrix, the intercept in the first column.
    y : ndarray, shape (n,)
        0 or 1.
    """
    # Imported here: it brings scikit-learn (1.3 s), and most models do not need it.
    from firthmodels import FirthLogisticRegression

    model = FirthLogisticRegression(backend="numpy", max_iter=500, gtol=1e-9, xtol=1e-9)
    # Scaled columns: firthmodels limits its steps and judges convergence in the units of the coefficients.
    scale = x[:, 1:].std(axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # convergence is handed on as a finding
        model.fit(x[:, 1:] / scale, y)
    beta = np.concatenate([[float(model.intercept_)], np.asarray(model.coef_, dtype=np.float64) / scale])
    return FirthSolution(beta, float(model.loglik_), bool(model.converged_))


def flic_intercept(x: FloatArray, y: FloatArray, beta: FloatArray) -> float:
    """Give the intercept that makes the mean prediction equal to the observed share of events.

    Firth's probabilities are pulled towards one half; the slopes are kept and the intercept is fitted again without
    penalty (FLIC, Puhr et al. 2017).

    Parameters
    ----------
    x : ndarray, shape (n, k)
    y : ndarray, shape (n,)
    beta : ndarray, shape (k,)
    """
    offset = x[:, 1:] @ beta[1:]
    return fit_intercept(offset, y)
