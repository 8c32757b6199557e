"""Outcomes that are not known: weights by the inverse probability of being followed up, and weighted logistic fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from lungtox.errors import FitError, ParameterError
from lungtox.models.config import TransformSettings
from lungtox.models.design import Encoding, build_design
from lungtox.models.newton import maximise
from lungtox.models.sandwich import robust_covariance, wald
from lungtox.models.separation import find_separation

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]
Deaths = Literal["lost", "without RP"]

STATUSES = ("yes", "no", "competing", "censored")


@dataclass(frozen=True)
class WeightedFit:
    """A logistic model with weighted rows.

    Attributes
    ----------
    estimates : DataFrame
        Columns `term, estimate, se, low, high, p`: log odds per one unit, robust (sandwich) standard error, Wald 95 %
        limits and p.
    n, events : int
        Rows with a weight, and those among them with outcome 1.
    encoding : Encoding
    """

    estimates: pd.DataFrame
    n: int
    events: int
    encoding: Encoding


def censoring_weights(
    time: npt.ArrayLike, status: Sequence[str] | npt.ArrayLike, *, deaths: Deaths = "lost"
) -> tuple[FloatArray, FloatArray]:
    """Weigh the patients whose outcome is known, so that they also stand for those whose outcome is not.

    Parameters
    ----------
    time : array_like of float, shape (n,)
        `time_months` of the analysis table.
    status : sequence of str, length n
        `rp_status`: ``yes, no, competing, censored``; those with ``no`` were seen through the whole window.
    deaths : {"lost", "without RP"}
        ``lost``: who died without RP is weighed out like who was lost; the result is the risk as if nobody had died.
        ``without RP``: who died first has outcome 0; the result is the cumulative incidence.

    Returns
    -------
    outcome : ndarray, shape (n,)
        0 or 1; NaN where it is not known.
    weight : ndarray, shape (n,)
        0 where the outcome is not known; else 1 / G(t-), with G the Kaplan-Meier estimate of not yet being lost. They
        add up to n as long as somebody is still followed up.

    Raises
    ------
    ParameterError
        Lengths differ, a time is missing or negative, a status is unknown.

    Notes
    -----
    Robins and Rotnitzky 1992; for a binary outcome at a fixed time Zheng, Cai and Feng 2006, and Scheike, Zhang and
    Gerds 2008 with competing risks. Of events and losses at the same time the events come first. Being lost must not
    depend on the risk.
    """
    times, words = np.asarray(time, dtype=np.float64), np.asarray(status, dtype=object)
    if times.ndim != 1 or times.shape != words.shape or not len(times):
        raise ParameterError(f"time and status must be of one length; found {times.shape} and {words.shape}")
    if not np.isfinite(times).all() or times.min() < 0.0:
        raise ParameterError("times must be finite and not negative")
    unknown = sorted({str(word) for word in words} - set(STATUSES))
    if unknown:
        raise ParameterError(f"status must be one of {', '.join(STATUSES)}; found {', '.join(unknown)}")
    if deaths not in ("lost", "without RP"):
        raise ParameterError(f"deaths must be lost or without RP, got {deaths!r}")
    lost = (words == "censored") | ((words == "competing") & (deaths == "lost"))
    outcome = np.where(lost, np.nan, np.where(words == "yes", 1.0, 0.0))
    stay = np.ones(len(times))
    for moment in np.unique(times[lost]):
        leaving = float((lost & (times == moment)).sum())
        # Who has an event at this time is no longer there to be lost; who is seen to the window's end is.
        there = float(((times > moment) | ((times == moment) & (lost | (words == "no")))).sum())
        after = (times > moment) | ((times == moment) & (words == "no"))
        stay[after] *= 1.0 - leaving / there
    return outcome, np.where(lost, 0.0, 1.0 / stay)


def fit_weighted(
    table: pd.DataFrame,
    *,
    outcome: str,
    weight: str,
    predictors: Sequence[str],
    dictionary: pd.DataFrame | None = None,
    transforms: Mapping[str, TransformSettings] | None = None,
    interactions: Sequence[Sequence[str]] = (),
) -> WeightedFit:
    """Fit a logistic model to weighted rows.

    Parameters
    ----------
    table : DataFrame
    outcome : str
        Column of 0, 1 or missing.
    weight : str
        Column of weights, not negative.
    predictors, transforms, interactions
        As for `fit_logistic`.
    dictionary : DataFrame, optional

    Returns
    -------
    WeightedFit

    Raises
    ------
    FitError
        As for `fit_logistic`, and where outcome and predictors are separated.

    Notes
    -----
    Weighted score equations; variance A^-1 B A^-1 with n / (n - k), in which the weights count as known: that is
    conservative when they are estimated.
    """
    import pandas as pd

    design = build_design(
        table[table[weight] > 0.0],
        outcome=outcome,
        predictors=predictors,
        dictionary=dictionary,
        transforms=transforms,
        interactions=interactions,
    )
    if find_separation(design.x, design.y, terms=design.encoding.terms):
        raise FitError("separation: no finite weighted estimate; see the model with Firth's penalty.")
    weights = table.loc[table[weight] > 0.0, weight].to_numpy(dtype=np.float64)[design.rows]
    scale = np.concatenate([[1.0], design.x[:, 1:].std(axis=0)])
    found = maximise(design.x / scale, design.y, weights=weights)
    if not found.converged:
        raise FitError("no convergence: Newton's method did not reach the maximum of the weighted likelihood.")
    beta = found.beta / scale
    covariance = robust_covariance(design.x, design.y, beta=beta, weights=weights)
    low, high, p = wald(beta, covariance)
    estimates = pd.DataFrame(
        {
            "term": list(design.encoding.terms), "estimate": beta, "se": np.sqrt(np.diag(covariance)), "low": low,
            "high": high, "p": p,
        }
    )  # fmt: skip
    return WeightedFit(estimates, design.n, design.events, design.encoding)
