"""Random-intercept models of log concentrations: several draws of a patient, several patients of a plate."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lungtox.errors import FitError, ParameterError

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MixedFit:
    """A linear model with a random intercept for each group.

    Attributes
    ----------
    beta, se : ndarray, shape (k,)
        Fixed effects.
    group_sd, residual_sd : float
        Standard deviations between groups and within them.
    loglik : float
        Of the likelihood that was maximised (REML or ML).
    n, groups : int
    """

    beta: FloatArray
    se: FloatArray
    group_sd: float
    residual_sd: float
    loglik: float
    n: int
    groups: int

    @property
    def intraclass(self) -> float:
        """Share of the variance that lies between groups."""
        return self.group_sd**2 / (self.group_sd**2 + self.residual_sd**2)


def fit_mixed(values: npt.ArrayLike, x: npt.ArrayLike, group: npt.ArrayLike, *, reml: bool = True) -> MixedFit:
    """Fit a random-intercept model (statsmodels MixedLM).

    Parameters
    ----------
    values : array_like, shape (n,)
    x : array_like, shape (n, k)
        Fixed effects, with the intercept column.
    group : array_like, shape (n,)
        Patient or plate of each value.
    reml : bool
        Restricted likelihood, for estimates; False: full likelihood, for comparing fixed effects.

    Returns
    -------
    MixedFit

    Raises
    ------
    ParameterError
        Shapes differ or a number is missing.
    FitError
        Fewer than three groups, dependent columns, no convergence.
    """
    from statsmodels.regression.mixed_linear_model import MixedLM

    y, design, names = np.asarray(values, dtype=np.float64), np.asarray(x, dtype=np.float64), np.asarray(group)
    if design.ndim != 2 or not (len(y) == len(design) == len(names)):
        raise ParameterError(f"expected as many rows of x as values; found {y.shape} and {design.shape}")
    if not (np.isfinite(y).all() and np.isfinite(design).all()):
        raise ParameterError("values and x must be finite")
    places = np.unique(names, return_inverse=True)[1]
    groups = int(places.max()) + 1
    if groups < 3:
        raise FitError(f"too few groups: {groups} for a random intercept; expected three or more.")
    if np.linalg.matrix_rank(design) < design.shape[1] or len(y) <= design.shape[1] + 1:
        raise FitError("dependent columns: a fixed effect follows from the others.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a variance of zero is a result here
        fit = MixedLM(y, design, places).fit(reml=reml, method=["lbfgs", "bfgs", "powell"], gtol=1e-10)
    if not fit.converged or not math.isfinite(float(fit.llf)):
        raise FitError("no convergence of the mixed model.")
    variance, noise = max(float(np.asarray(fit.cov_re)[0, 0]), 0.0), float(fit.scale)
    errors = _errors(design, places, variance, noise)
    return MixedFit(
        np.asarray(fit.fe_params, dtype=np.float64), errors, math.sqrt(variance), math.sqrt(noise), float(fit.llf),
        len(y), groups,
    )  # fmt: skip


def _errors(x: FloatArray, places: npt.NDArray[np.int64], variance: float, noise: float) -> FloatArray:
    """Give the standard errors of the fixed effects by generalised least squares, as R's lme4 and nlme do.

    statsmodels inverts the information of effects and variances together: another result where groups differ in size.
    """
    sizes = np.bincount(places)
    sums = np.zeros((len(sizes), x.shape[1]))
    np.add.at(sums, places, x)
    # V^-1 = (I - variance / (noise + m variance) 1 1') / noise for a group of m.
    information = (x.T @ x - (sums.T * (variance / (noise + sizes * variance))) @ sums) / noise
    found: FloatArray = np.sqrt(np.diag(np.linalg.inv(information)))
    return found


def compare_courses(
    values: npt.ArrayLike, time: npt.ArrayLike, outcome: npt.ArrayLike, patient: npt.ArrayLike
) -> tuple[float, int, MixedFit]:
    """Ask whether a marker with more than two draws runs differently with and without RP.

    Parameters
    ----------
    values : array_like, shape (n,)
        Logarithms of the concentrations, a row per draw.
    time : array_like, shape (n,)
        Names of the draws.
    outcome : array_like of 0 and 1, shape (n,)
    patient : array_like, shape (n,)

    Returns
    -------
    p : float
        Likelihood-ratio test of the products of draw and outcome (full likelihood).
    df : int
    fit : MixedFit
        With intercept, draws, outcome and products, by restricted likelihood.

    Raises
    ------
    FitError
        Fewer than three draws or as for `fit_mixed`.
    """
    from scipy.stats import chi2

    names, place = np.unique(np.asarray(time), return_inverse=True)
    if len(names) < 3:
        raise FitError(f"{len(names)} draws: a mixed model of the course needs three or more; use the paired tests.")
    rp = np.asarray(outcome, dtype=np.float64)
    draws = (place[:, None] == np.arange(1, len(names))).astype(np.float64)
    plain = np.column_stack([np.ones(len(rp)), draws, rp])
    whole = np.column_stack([plain, draws * rp[:, None]])
    gain = 2.0 * (
        fit_mixed(values, whole, patient, reml=False).loglik - fit_mixed(values, plain, patient, reml=False).loglik
    )
    df = len(names) - 1
    return float(chi2.sf(max(gain, 0.0), df)), df, fit_mixed(values, whole, patient)
