"""Internal validation of a logistic model by Harrell's optimism bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from lungtox.errors import FitError, ParameterError, count_of
from lungtox.models.design import Design, build_design
from lungtox.models.discrimination import area_under_curve
from lungtox.models.firth import flic_intercept
from lungtox.models.logistic import Penalty
from lungtox.models.newton import fit_intercept, maximise
from lungtox.models.separation import find_separation

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]

MEASURES = ("auc", "slope", "brier", "citl")
METHOD = "Harrell optimism bootstrap; low and high: instability range (2.5-97.5 % of resamples), no confidence interval"
# A finite maximum with all linear predictors below this is proof against separation; above, it is looked into.
_SAFE_LINEAR_PREDICTOR = 12.0


@dataclass(frozen=True)
class Validation:
    """Performance of a model, apparent and corrected for optimism.

    Attributes
    ----------
    measures : DataFrame
        Columns `measure (auc|slope|brier|citl), apparent, optimism, corrected, low, high, resamples, method`.
        corrected = apparent - optimism. `low` and `high` bound the middle 95 % of the corrected values over the
        resamples: how unstable the figure is, not a confidence interval. `resamples` counts those that were usable.
        slope: calibration slope; citl: calibration-in-the-large, the intercept with the linear predictor as offset.
    n, events : int
    warnings : tuple of str
    """

    measures: pd.DataFrame
    n: int
    events: int
    warnings: tuple[str, ...]


def validate(
    table: pd.DataFrame,
    *,
    outcome: str = "rp",
    predictors: Sequence[str],
    penalty: Penalty = "none",
    resamples: int,
    rng: np.random.Generator,
    dictionary: pd.DataFrame | None = None,
) -> Validation:
    """Validate `fit_logistic` on the patients it is fitted to (Harrell, Lee and Mark 1996).

    Every resample repeats the whole fit, the switch to Firth at separation and the FLIC intercept included. The
    optimism is the mean difference between a refit's performance on its own resample and on the original patients.

    Parameters
    ----------
    table, outcome, predictors, penalty, dictionary
        As for `fit_logistic`.
    resamples : int
        At least 1.
    rng : numpy.random.Generator

    Returns
    -------
    Validation

    Raises
    ------
    ParameterError
        No resamples asked for.
    InputError, FitError
        As for `fit_logistic`; FitError also where no resample could be fitted.
    """
    if resamples < 1:
        raise ParameterError(f"resamples must be at least 1, got {resamples}")
    design = build_design(table, outcome=outcome, predictors=predictors, dictionary=dictionary)
    x, y = _scaled(design), design.y
    beta, _ = _fit(x, y, penalty)
    apparent = _performance(x @ beta, y)
    optimism, switched, reduced = [], 0, 0
    for _ in range(resamples):
        rows = rng.integers(0, design.n, design.n)
        refit = _refit(x[rows], y[rows], penalty)
        if refit is None:
            continue
        coefficients, firth, columns_lost = refit
        own, original = _performance(x[rows] @ coefficients, y[rows]), _performance(x @ coefficients, y)
        optimism.append(own - original)
        switched, reduced = switched + firth, reduced + columns_lost
    if not optimism:
        raise FitError("no validation: not one resample could be fitted; there are too few events.")
    warnings = _warnings(design, resamples, len(optimism), switched if penalty == "none" else 0, reduced)
    return Validation(_table(apparent, np.array(optimism)), design.n, design.events, (*design.warnings, *warnings))


def _scaled(design: Design) -> FloatArray:
    """Columns in units of their standard deviation; the fit and its predictions do not depend on it."""
    return np.column_stack([design.x[:, :1], design.x[:, 1:] / design.x[:, 1:].std(axis=0)])


def _fit(x: FloatArray, y: FloatArray, penalty: Penalty) -> tuple[FloatArray, bool]:
    """Fit as `fit_logistic` does; tell whether Firth was used."""
    if penalty == "none":
        fit = maximise(x, y, max_iterations=30)
        if fit.converged and fit.largest_linear_predictor < _SAFE_LINEAR_PREDICTOR:
            return fit.beta, False
        names = tuple(map(str, range(x.shape[1])))
        if not find_separation(x, y, terms=names):
            return maximise(x, y, start=fit.beta).beta, False
    beta = maximise(x, y, firth=True).beta
    return np.concatenate([[flic_intercept(x, y, beta)], beta[1:]]), True


def _refit(x: FloatArray, y: FloatArray, penalty: Penalty) -> tuple[FloatArray, bool, bool] | None:
    """Fit to a resample; a level that the resample lacks gets the coefficient of its reference, zero."""
    if y.min() == y.max():
        return None
    varying = np.concatenate([[True], x[:, 1:].std(axis=0) > 0.0])
    kept = x[:, varying]
    if np.linalg.matrix_rank(kept) < kept.shape[1]:
        return None
    beta = np.zeros(x.shape[1])
    beta[varying], firth = _fit(kept, y, penalty)
    return beta, firth, not bool(varying.all())


def _performance(eta: FloatArray, y: FloatArray) -> FloatArray:
    """Give the measures in the order of MEASURES; the slope is missing where the scores separate the outcome."""
    brier = float(np.mean((y - expit(eta)) ** 2))
    slope = np.nan
    if eta.max() > eta.min():
        line = maximise(np.column_stack([np.ones_like(eta), eta]), y, max_iterations=30)
        separated = line.largest_linear_predictor > 3.0 * _SAFE_LINEAR_PREDICTOR
        slope = np.nan if separated or not line.converged else float(line.beta[1])
    return np.array([area_under_curve(y, eta), slope, brier, fit_intercept(eta, y)])


def _table(apparent: FloatArray, optimism: FloatArray) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for index, measure in enumerate(MEASURES):
        usable = optimism[np.isfinite(optimism[:, index]), index]
        known = len(usable) > 0 and bool(np.isfinite(apparent[index]))
        mean = float(usable.mean()) if known else np.nan
        corrected = apparent[index] - usable
        low, high = (float(limit) for limit in np.quantile(corrected, [0.025, 0.975])) if known else (np.nan, np.nan)
        rows.append((measure, float(apparent[index]), mean, float(apparent[index]) - mean, low, high, len(usable)))
    columns = ["measure", "apparent", "optimism", "corrected", "low", "high", "resamples"]
    return pd.DataFrame(rows, columns=columns).assign(method=METHOD)


def _warnings(design: Design, resamples: int, usable: int, switched: int, reduced: int) -> list[str]:
    sentences = []
    if usable < resamples:
        sentences.append(f"{resamples - usable} of {resamples} resamples could not be fitted and were left out.")
    if switched:
        sentences.append(f"{switched} of {resamples} resamples were separated and fitted with Firth's penalty.")
    if reduced:
        sentences.append(f"{reduced} of {resamples} resamples lacked a level of a predictor.")
    if design.events < 100:
        sentences.append(
            f"Only {count_of(design.events, 'event')}: the corrected figures are themselves unstable, "
            "see their instability range."
        )
    return sentences
