"""Cox regression of the cause-specific hazard, with a check of proportional hazards."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm

from lungtox.errors import FitError
from lungtox.models.config import TransformSettings
from lungtox.models.design import build_design
from lungtox.models.encoding import Encoding
from lungtox.models.proportional import proportional_hazards

if TYPE_CHECKING:
    import pandas as pd

_EVENT, _TIME = "__event", "__time"


@dataclass(frozen=True)
class CoxFit:
    """A fitted Cox model.

    Attributes
    ----------
    estimates : DataFrame
        Columns `term, estimate, se, low, high, p, ph_p`: log hazard ratio per one unit with Wald 95 % limits and p;
        `ph_p` of the score test that this ratio is constant in time (`proportional_hazards`).
    loglik : float
        Maximised partial log-likelihood, ties by Efron.
    ph_global : float
        p of the test that all ratios are constant in time.
    n, events : int
    encoding : Encoding
        How the predictors are coded.
    """

    estimates: pd.DataFrame
    loglik: float
    ph_global: float
    n: int
    events: int
    encoding: Encoding


def fit_cox(
    table: pd.DataFrame,
    *,
    time: str,
    event: str,
    predictors: Sequence[str],
    dictionary: pd.DataFrame | None = None,
    transforms: Mapping[str, TransformSettings] | None = None,
    interactions: Sequence[Sequence[str]] = (),
) -> CoxFit:
    """Fit a Cox model by lifelines; competing events are censored (cause-specific hazard).

    Parameters
    ----------
    table : DataFrame
    time : str
        Column of the time to event or end of observation, not negative.
    event : str
        Column of 0 and 1.
    predictors : sequence of str
        As for `fit_logistic`.
    dictionary : DataFrame, optional
    transforms : mapping of str to TransformSettings, optional
    interactions : sequence of pairs of str
        As for `fit_logistic`.

    Returns
    -------
    CoxFit

    Raises
    ------
    InputError
        A column does not exist.
    FitError
        No events, a constant or duplicated predictor, no finite maximum.
    """
    import pandas as pd
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError, ConvergenceWarning

    design = build_design(
        table, outcome=event, predictors=predictors, dictionary=dictionary, transforms=transforms,
        interactions=interactions,
    )  # fmt: skip
    terms = design.encoding.terms[1:]
    data = pd.DataFrame(design.x[:, 1:], columns=list(terms))
    data[_EVENT], data[_TIME] = design.y, table.loc[design.rows, time].to_numpy(dtype=float)
    fitter = CoxPHFitter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            fitter.fit(data, duration_col=_TIME, event_col=_EVENT)
    except (ConvergenceError, ConvergenceWarning) as error:
        raise FitError("the Cox model has no finite maximum: a predictor separates those with events.") from error
    estimate, se = fitter.params_.to_numpy(), fitter.standard_errors_.to_numpy()
    half = norm.ppf(0.975) * se
    if not all(math.isfinite(value) for value in estimate):
        raise FitError("the Cox model has no finite maximum.")
    times, events = data[_TIME].to_numpy(dtype=float), np.asarray(design.y)
    ph_p, ph_global = proportional_hazards(times, events, design.x[:, 1:], estimate)
    estimates = pd.DataFrame(
        {
            "term": terms,
            "estimate": estimate,
            "se": se,
            "low": estimate - half,
            "high": estimate + half,
            "p": 2.0 * norm.sf(np.abs(estimate / se)),
            "ph_p": ph_p,
        }
    )
    return CoxFit(estimates, float(fitter.log_likelihood_), ph_global, design.n, design.events, design.encoding)
