"""A fit with a latency in resamples: bootstrap intervals, and the concordance corrected for optimism."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lungtox.errors import FitError, ParameterError, count_of
from lungtox.ntcp.general import refit
from lungtox.ntcp.likelihood import Bernoulli
from lungtox.ntcp.newton import probability
from lungtox.ntcp.resampled import NtcpRecipe, interval_table, other_starts
from lungtox.ntcp.time_cohort import concordance
from lungtox.ntcp.time_to_event import NtcpTimeFit

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
METHOD = "Harrell's C, optimism bootstrap"


@dataclass(frozen=True)
class NtcpTimeValidation:
    """Resamples of a fit with a latency.

    Attributes
    ----------
    intervals : DataFrame
        As `NtcpValidation`, with the parameters of the latency.
    measures : DataFrame
        `measure, approach, apparent, optimism, corrected, low, high, resamples, method`; one row, ``concordance``.
    warnings : tuple of str
    """

    intervals: pd.DataFrame
    measures: pd.DataFrame
    warnings: tuple[str, ...]


def validate_ntcp_time(timed: NtcpTimeFit, *, resamples: int, rng: np.random.Generator) -> NtcpTimeValidation:
    """Refit a model with a latency to resamples of its patients.

    Parameters
    ----------
    timed : NtcpTimeFit
    resamples : int
        At least 1; 1,000 for intervals, 200 do for the optimism.
    rng : numpy.random.Generator

    Returns
    -------
    NtcpTimeValidation

    Raises
    ------
    ParameterError
        No resamples asked for.
    FitError
        No resample could be fitted.

    Notes
    -----
    Optimism of Harrell's C (Harrell, Lee and Mark 1996). AUC, Brier score and calibration slope need outcomes that are
    known, so they are not given; observed and predicted incidence are in `course_table`.
    """
    import pandas as pd

    if resamples < 1:
        raise ParameterError(f"resamples must be at least 1, got {resamples}")
    fit, whole = timed.fit, timed.fit.likelihood
    problem = NtcpRecipe(fit).problem
    thetas, optimism = [], []
    for _ in range(resamples):
        rows = rng.integers(0, fit.n, fit.n)
        had = timed.had[rows]
        if not 0 < int(had.sum()) < fit.n or np.unique(timed.time_d[rows][had]).size < 2:
            continue
        part = whole.rows(rows)
        peak = refit(part, fit.theta, held=problem.held, others=other_starts(problem, rng))
        if not np.isfinite(peak.loglik):
            continue
        thetas.append(peak.theta)
        own = concordance(_risk(part, peak.theta), timed.time_d[rows], had)
        optimism.append(own - concordance(_risk(whole, peak.theta), timed.time_d, timed.had))
    if not thetas:
        raise FitError(f"none of {count_of(resamples, 'resample')} could be fitted")
    told = []
    if len(thetas) < resamples:
        told.append(f"{resamples - len(thetas)} of {resamples} resamples could not be fitted and were left out.")
    apparent, values = concordance(fit.fitted, timed.time_d, timed.had), np.array(optimism)
    low, high = np.quantile(np.clip(apparent - values, 0.0, 1.0), (0.025, 0.975))
    row = {
        "measure": "concordance", "approach": "bootstrap", "apparent": apparent, "optimism": float(values.mean()),
        "corrected": apparent - float(values.mean()), "low": float(low), "high": float(high),
        "resamples": len(thetas), "method": METHOD,
    }  # fmt: skip
    return NtcpTimeValidation(interval_table(fit, np.array(thetas)), pd.DataFrame([row]), tuple(told))


def _risk(likelihood: Bernoulli, theta: Floats) -> Floats:
    return probability(likelihood.predictor(theta, likelihood.doses, likelihood.x).eta, likelihood.response.link)
