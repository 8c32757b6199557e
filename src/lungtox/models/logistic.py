"""Multivariable logistic regression with profile-likelihood intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from lungtox.errors import FitError, ParameterError
from lungtox.models.design import Design, Encoding, build_design
from lungtox.models.firth import fit_firth, flic_intercept
from lungtox.models.newton import maximise
from lungtox.models.profile import profile_coefficients
from lungtox.models.separation import Separation, find_separation

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]
Penalty = Literal["none", "firth"]

# Peduzzi 1996: below ten events per variable estimates and intervals of logistic models become unreliable.
FEW_EVENTS_PER_VARIABLE = 10.0


@dataclass(frozen=True)
class LogisticFit:
    """A fitted logistic model.

    Attributes
    ----------
    outcome : str
    predictors : tuple of str
    penalty : {"none", "firth"}
        What was used; firth also after a switch because of separation.
    estimates : DataFrame
        Columns `term, estimate, se, low, high, p` on the log-odds scale, per one unit of a numeric predictor;
        `Intercept` first. `low` and `high` are 95 % profile-likelihood limits, `p` is of the likelihood-ratio test.
    covariance : ndarray, shape (k, k)
        In the order of `estimates`.
    loglik : float
        Maximised log-likelihood; with Firth the penalised one.
    n, events : int
        Complete rows, and those with outcome 1.
    epv : float
        Patients in the smaller outcome group per parameter beside the intercept.
    separation : Separation
    converged : bool
    warnings : tuple of str
        Sentences that a report must show.
    encoding : Encoding
        How the predictors are coded.
    prediction_intercept : float
        Intercept for predictions: the estimated one, with Firth the FLIC one.
    """

    outcome: str
    predictors: tuple[str, ...]
    penalty: Penalty
    estimates: pd.DataFrame
    covariance: FloatArray
    loglik: float
    n: int
    events: int
    epv: float
    separation: Separation
    converged: bool
    warnings: tuple[str, ...]
    encoding: Encoding
    prediction_intercept: float

    def linear_predictor(self, table: pd.DataFrame) -> pd.Series:
        """Give the log odds for each row of a table, missing where a predictor is missing."""
        import pandas as pd

        beta = self.estimates["estimate"].to_numpy(dtype=np.float64).copy()
        beta[0] = self.prediction_intercept
        return pd.Series(self.encoding.matrix(table) @ beta, index=table.index, name="linear_predictor")

    def predict(self, table: pd.DataFrame) -> pd.Series:
        """Give the probability for each row of a table, missing where a predictor is missing.

        Raises
        ------
        InputError
            A predictor is missing as a column, or holds a level that the model was not fitted with.
        """
        import pandas as pd

        return pd.Series(expit(self.linear_predictor(table).to_numpy()), index=table.index, name="probability")


def fit_logistic(
    table: pd.DataFrame,
    *,
    outcome: str = "rp",
    predictors: Sequence[str],
    penalty: Penalty = "none",
    dictionary: pd.DataFrame | None = None,
) -> LogisticFit:
    """Fit a logistic model to the complete rows of a table.

    Parameters
    ----------
    table : DataFrame
        One row per patient.
    outcome : str
        Column of 0, 1 or missing.
    predictors : sequence of str
        Numeric columns enter as they are, text columns dummy-coded against the dictionary's first level, else
        ``no``/``none``/``never``, else the first in alphabetical order.
    penalty : {"none", "firth"}
        With ``none``, separated data (found by linear programming) are fitted with Firth's penalty instead, and a
        warning says so.
    dictionary : DataFrame, optional
        Data dictionary with `column` and `levels`.

    Returns
    -------
    LogisticFit

    Raises
    ------
    InputError
        A column does not exist.
    ParameterError
        The outcome is not 0 or 1, a number is infinite, the penalty is unknown.
    FitError
        One outcome class, constant or duplicated predictor, more parameters than events, no convergence. The
        message begins with the name of the finding.

    Notes
    -----
    Maximum likelihood by statsmodels, Firth (1993) by firthmodels. Intervals solve the profile-likelihood equation
    exactly.
    """
    if penalty not in ("none", "firth"):
        raise ParameterError(f"penalty must be none or firth, got {penalty!r}")
    design = build_design(table, outcome=outcome, predictors=predictors, dictionary=dictionary)
    separation = find_separation(design.x, design.y, terms=design.encoding.terms)
    used: Penalty = "firth" if separation else penalty
    beta, loglik, covariance = _firth(design) if used == "firth" else _maximum_likelihood(design)
    profile = profile_coefficients(design.x, design.y, beta=beta, firth=used == "firth")
    epv = min(design.events, design.n - design.events) / (len(beta) - 1)
    return LogisticFit(
        outcome=outcome,
        predictors=tuple(predictors),
        penalty=used,
        estimates=_estimates(design, beta, covariance, profile.low, profile.high, profile.p),
        covariance=covariance,
        loglik=loglik,
        n=design.n,
        events=design.events,
        epv=epv,
        separation=separation,
        converged=True,
        warnings=(*design.warnings, *_warnings(penalty, separation, epv, profile.low, profile.high)),
        encoding=design.encoding,
        prediction_intercept=flic_intercept(design.x, design.y, beta) if used == "firth" else float(beta[0]),
    )


def _maximum_likelihood(design: Design) -> tuple[FloatArray, float, FloatArray]:
    # Imported here: prediction and the refits of validation do without it (1.2 s).
    from statsmodels.discrete.discrete_model import Logit

    # statsmodels' Newton has no step control; ours has, so it gives the start and statsmodels has the last word.
    scale = np.concatenate([[1.0], design.x[:, 1:].std(axis=0)])
    start = maximise(design.x / scale, design.y)
    result = Logit(design.y, design.x / scale).fit(
        start_params=start.beta, method="newton", maxiter=100, tol=1e-10, disp=0, warn_convergence=False
    )
    if not (start.converged and result.mle_retvals["converged"]):
        raise FitError("no convergence: Newton's method did not reach the maximum of the likelihood.")
    covariance = np.asarray(result.cov_params(), dtype=np.float64) / np.outer(scale, scale)
    return np.asarray(result.params, dtype=np.float64) / scale, float(result.llf), covariance


def _firth(design: Design) -> tuple[FloatArray, float, FloatArray]:
    solution = fit_firth(design.x, design.y)
    if not solution.converged:
        raise FitError("no convergence: Firth's penalised likelihood did not reach its maximum.")
    return solution.beta, solution.loglik, np.asarray(np.linalg.inv(solution.information))


def _estimates(
    design: Design, beta: FloatArray, covariance: FloatArray, low: FloatArray, high: FloatArray, p: FloatArray
) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "term": list(design.encoding.terms),
            "estimate": beta,
            "se": np.sqrt(np.diag(covariance)),
            "low": low,
            "high": high,
            "p": p,
        }
    )


def _warnings(penalty: Penalty, separation: Separation, epv: float, low: FloatArray, high: FloatArray) -> list[str]:
    sentences = []
    if separation:
        terms = ", ".join(separation.terms)
        action = "switch to Firth's penalised likelihood" if penalty == "none" else "Firth's penalty keeps them finite"
        sentences.append(f"Separation: no finite maximum-likelihood estimate for {terms}; {action}.")
    if separation or penalty == "firth":
        sentences.append(
            "Predictions use the FLIC intercept, because Firth's own pulls probabilities towards one half."
        )
    if epv < FEW_EVENTS_PER_VARIABLE:
        sentences.append(f"Only {epv:.1f} events per variable; below 10 estimates and intervals are unreliable.")
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        sentences.append("The likelihood is flat on one side: some interval limits are infinite.")
    return sentences


def odds_ratio(log_odds: float, *, step: float = 1.0) -> float:
    """Give the odds ratio for a step of the predictor; infinite where it overflows."""
    try:
        return math.exp(log_odds * step)
    except OverflowError:
        return math.inf
