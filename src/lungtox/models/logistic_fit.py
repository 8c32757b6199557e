"""A fitted logistic model and its predictions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from lungtox.models.encoding import Encoding
from lungtox.models.recipe import Penalty
from lungtox.models.separation import Separation

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LogisticFit:
    """A fitted logistic model.

    Attributes
    ----------
    outcome : str
    predictors : tuple of str
    penalty : {"none", "firth", "ridge", "lasso", "elastic_net"}
        What was used; firth also after a switch because of separation.
    estimates : DataFrame
        Columns `term, estimate, se, low, high, p` on the log-odds scale, per one unit of a numeric predictor;
        `Intercept` first. `low` and `high` are 95 % profile-likelihood limits, `p` is of the likelihood-ratio test.
        Terms that a selection dropped are not there; shrunken estimates have neither limits nor p.
    covariance : ndarray, shape (k, k)
        In the order of `estimates`.
    loglik : float
        Maximised log-likelihood; with Firth the penalised one.
    n, events : int
        Complete rows, and those with outcome 1.
    epv : float
        Patients in the smaller outcome group per parameter beside the intercept, all candidates of a selection counted.
    separation : Separation
    converged : bool
    warnings : tuple of str
        Sentences that a report must show.
    encoding : Encoding
        How the predictors are coded.
    prediction_intercept : float
        Intercept for predictions: the estimated one, with Firth the FLIC one.
    candidates : int
        Parameters beside the intercept before a selection.
    chosen : tuple of str
        Predictors and interactions in the model, in the order of `predictors`.
    selection : str
        ``none``, ``forward``, ``backward`` or ``lasso``.
    joint : tuple of (str, int, float)
        Name, degrees of freedom and likelihood-ratio p of each predictor or interaction with several terms; none for
        Firth and shrunken fits.
    strength, mix : float or None
        Of a shrinking penalty (`PenalisedFit`).
    weights : ndarray, shape (n,), or None
        Of the complete rows, with a mean of one. Then `low`, `high`, `p`, `joint` and `covariance` are robust
        (sandwich) and Wald's, and `loglik` is weighted.
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
    candidates: int = 0
    chosen: tuple[str, ...] = field(default=())
    selection: str = "none"
    joint: tuple[tuple[str, int, float], ...] = ()
    strength: float | None = None
    mix: float | None = None
    weights: FloatArray | None = None

    def linear_predictor(self, table: pd.DataFrame) -> pd.Series:
        """Give the log odds for each row of a table, missing where a predictor is missing."""
        import pandas as pd

        beta = self.estimates["estimate"].to_numpy(dtype=np.float64).copy()
        beta[0] = self.prediction_intercept
        place = {term: column for column, term in enumerate(self.encoding.terms)}
        columns = [place[term] for term in self.estimates["term"]]
        matrix = self.encoding.matrix(table)[:, columns]
        return pd.Series(matrix @ beta, index=table.index, name="linear_predictor")

    def predict(self, table: pd.DataFrame) -> pd.Series:
        """Give the probability for each row of a table, missing where a predictor is missing.

        Raises
        ------
        InputError
            A predictor is missing as a column, or holds a level that the model was not fitted with.
        """
        import pandas as pd

        return pd.Series(expit(self.linear_predictor(table).to_numpy()), index=table.index, name="probability")
