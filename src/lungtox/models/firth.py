"""Firth's penalised likelihood, and the intercept that makes its predictions unbiased again."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lungtox.models.newton import Solution, fit_intercept, maximise

FloatArray = npt.NDArray[np.float64]

# Firth's equations converge linearly, so the last gain in likelihood must be far smaller than for plain ones.
_SHARP = 1e-20


@dataclass(frozen=True)
class FirthSolution:
    """A maximum of the penalised likelihood.

    Attributes
    ----------
    beta : ndarray, shape (k,)
    loglik : float
        Penalised.
    information : ndarray, shape (k, k)
    converged : bool
    """

    beta: FloatArray
    loglik: float
    information: FloatArray
    converged: bool


def fit_firth(x: FloatArray, y: FloatArray, weights: FloatArray | None = None) -> FirthSolution:
    """Fit by Firth's penalised likelihood (Firth 1993).

    firthmodels finds the maximum; a few further steps sharpen it to rounding, which firthmodels' step control refuses.

    Parameters
    ----------
    x : ndarray, shape (n, k)
        Design matrix, the intercept in the first column.
    y : ndarray, shape (n,)
        0 or 1.
    weights : ndarray, shape (n,), optional
        Of the patients; firthmodels knows none, so that our own steps go all the way.
    """
    # Scaled columns: firthmodels limits its steps and judges convergence in the units of the coefficients.
    scale = np.concatenate([[1.0], x[:, 1:].std(axis=0)])
    if weights is not None:
        sharp = maximise(x / scale, y, firth=True, tolerance=_SHARP, max_iterations=1000, weights=weights)
        return _unscaled(sharp, scale, agree=True)
    # Imported here: it brings scikit-learn (1.3 s), and most models do not need it.
    from firthmodels import FirthLogisticRegression

    model = FirthLogisticRegression(backend="numpy", max_iter=1000, gtol=1e-5, xtol=1e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # convergence is handed on as a finding
        model.fit((x / scale)[:, 1:], y)
    found = np.concatenate([[float(model.intercept_)], np.asarray(model.coef_, dtype=np.float64)])
    sharp = maximise(x / scale, y, firth=True, start=found, tolerance=_SHARP)
    agree = bool(np.allclose(sharp.beta, found, rtol=1e-3, atol=1e-3))
    return _unscaled(sharp, scale, agree=agree)


def _unscaled(sharp: Solution, scale: FloatArray, *, agree: bool) -> FirthSolution:
    return FirthSolution(
        beta=sharp.beta / scale,
        # The determinant in the penalty knows the units of the columns.
        loglik=sharp.loglik + float(np.log(scale).sum()),
        information=sharp.information * np.outer(scale, scale),
        converged=sharp.converged and agree,
    )


def flic_intercept(x: FloatArray, y: FloatArray, beta: FloatArray, weights: FloatArray | None = None) -> float:
    """Give the intercept that makes the mean prediction equal to the observed share of events.

    Firth's probabilities are pulled towards one half; the slopes are kept and the intercept is fitted again without
    penalty (FLIC, Puhr et al. 2017).

    Parameters
    ----------
    x : ndarray, shape (n, k)
    y : ndarray, shape (n,)
    beta : ndarray, shape (k,)
    weights : ndarray, shape (n,), optional
    """
    offset = x[:, 1:] @ beta[1:]
    return fit_intercept(offset, y, weights)
