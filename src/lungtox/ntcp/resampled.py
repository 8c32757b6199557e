"""A fitted NTCP model in resamples: bootstrap intervals, and the optimism that the regression models correct."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from lungtox.errors import FitError, ParameterError, count_of
from lungtox.models import (
    Axes,
    Cohort,
    bootstrap,
    calibration_table,
    cross_validate,
    cross_validation_table,
    decision_table,
    measure_table,
    stability_table,
)
from lungtox.ntcp.covariates import DERIVED_PREFIX
from lungtox.ntcp.estimate import near
from lungtox.ntcp.exact import theta_at
from lungtox.ntcp.general import refit
from lungtox.ntcp.likelihood import Bernoulli
from lungtox.ntcp.matrix import uniform_doses
from lungtox.ntcp.metric_names import METRIC_NAMES
from lungtox.ntcp.newton import probability
from lungtox.ntcp.result import NtcpFit, log_odds
from lungtox.ntcp.solved import Problem

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
GRID_POINTS = 41
THRESHOLDS = tuple(round(0.05 + 0.01 * step, 2) for step in range(46))
OTHER_STARTS = 3  # beside the estimates on all patients
DOSES = 7  # uniform doses at which NTCP gets a bootstrap interval
INTERVAL_COLUMNS = ("quantity", "estimate", "low", "high", "at_boundary", "resamples")


@dataclass(frozen=True)
class NtcpValidation:
    """Resamples of an NTCP fit.

    Attributes
    ----------
    intervals : DataFrame
        `quantity, estimate, low, high, at_boundary, resamples`: percentile interval of each parameter, and of NTCP at
        uniform doses (``ntcp(20 Gy)``) for a patient at the references; `at_boundary` is the share of the resamples in
        which the parameter ended at a bound of its range.
    measures, calibration, decision, stability : DataFrame
        As `lungtox.models.Validation`.
    warnings : tuple of str
    """

    intervals: pd.DataFrame
    measures: pd.DataFrame
    calibration: pd.DataFrame
    decision: pd.DataFrame
    stability: pd.DataFrame
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Refitted:
    """A model of a resample, as `lungtox.models.resampling.Model` wants it; patients are row numbers."""

    theta: Floats
    likelihood: Bernoulli = field(repr=False)
    chosen: frozenset[str] = frozenset()
    firth: bool = False
    reduced: bool = False

    def etas(self, x: Floats) -> Floats:
        """Give the log-odds of patients by their row numbers, shape (1, m, 1)."""
        rows = x[0, :, 0].astype(np.int64)
        part = self.likelihood.rows(rows) if not np.array_equal(rows, _every(self.likelihood)) else self.likelihood
        return log_odds(part.predictor(self.theta, part.doses, part.x).eta, self.likelihood)[np.newaxis]


@dataclass(frozen=True)
class NtcpRecipe:
    """How an NTCP model comes from patients by row number; references of covariates stay those of the whole cohort."""

    whole: NtcpFit

    def fit(self, x: Floats, y: Floats, rng: np.random.Generator, weights: Floats | None = None) -> Refitted | None:
        """Fit the patients with these row numbers; None where only one outcome is there. Weights are refused."""
        if weights is not None:
            raise ParameterError("NTCP fits have no weights: leave patients without a known outcome out")
        if y.min() == y.max():
            return None
        likelihood, rows = self.whole.likelihood, x[0, :, 0].astype(np.int64)
        if self.whole.surface is not None:
            surface = self.whole.surface.rows(rows)
            optimum = surface.best()
            theta = theta_at(self.problem, surface, optimum) if np.isfinite(optimum.loglik) else None
        else:
            part, problem = likelihood.rows(rows), self.problem
            peak = refit(part, self.whole.theta, held=problem.held, others=other_starts(problem, rng))
            theta = peak.theta if np.isfinite(peak.loglik) else None
        return None if theta is None else Refitted(theta, likelihood)

    @property
    def problem(self) -> Problem:
        """What was fitted."""
        names = {new: old for old, new in METRIC_NAMES.items()}
        fixed = {names.get(name, name): value for name, value in self.whole.fixed.items()}
        own = [item.name for item in self.whole.likelihood.response.parameters]
        if "n" in own and not any(item.parameter == "n" for item in self.whole.estimates):
            fixed["n"] = 1.0
        return Problem(self.whole.likelihood, fixed, self.whole.confidence, intervals=False)


def validate_ntcp(
    fit: NtcpFit, *, resamples: int, rng: np.random.Generator, folds: int = 10, repeats: int = 0
) -> NtcpValidation:
    """Refit a model to resamples of its patients: intervals, and performance corrected for optimism.

    Parameters
    ----------
    fit : NtcpFit
    resamples : int
        At least 1; 1,000 for intervals, 200 do for the optimism.
    rng : numpy.random.Generator
    folds, repeats : int
        Of the cross-validation beside it; no repeats: none.

    Returns
    -------
    NtcpValidation

    Raises
    ------
    ParameterError
        No resamples asked for; a fit with a latency (`fit_ntcp_time`).
    FitError
        No resample could be fitted.

    Notes
    -----
    The bootstrap of `lungtox.models.validate` (Harrell, Lee and Mark 1996), with the NTCP fit as its recipe.
    """
    if resamples < 1:
        raise ParameterError(f"resamples must be at least 1, got {resamples}")
    fit.likelihood.require_outcomes("validation")
    recipe = NtcpRecipe(fit)
    model = Refitted(fit.theta, fit.likelihood)
    y = (fit.likelihood.sign > 0).astype(float)
    cohort = Cohort(_every(fit.likelihood).astype(float)[np.newaxis, :, np.newaxis], y)
    risk = expit(model.etas(cohort.x)).mean(axis=0)
    axes = Axes(np.linspace(risk.min(), risk.max(), GRID_POINTS), np.array(THRESHOLDS))
    found = bootstrap(cohort, recipe, model, resamples=resamples, axes=axes, rng=rng)
    measures = measure_table(found)
    told = []
    if len(found.own) < resamples:
        told.append(f"{resamples - len(found.own)} of {resamples} resamples could not be fitted and were left out.")
    if repeats:
        try:
            values, used = cross_validate(cohort, recipe, folds=folds, repeats=repeats, rng=rng)
            measures = cross_validation_table(measures, found, values, folds=used)
        except FitError as error:
            told.append(f"{error}")
    if fit.events < 100:
        told.append(f"Only {count_of(fit.events, 'event')}: the corrected figures are themselves unstable.")
    return NtcpValidation(
        intervals=interval_table(fit, np.array([m.theta for m in found.models if isinstance(m, Refitted)])),
        measures=measures,
        calibration=calibration_table(found, axes),
        decision=decision_table(found, axes, float(y.mean())),
        stability=stability_table(found, risk, np.ones(y.size, dtype=bool)),
        warnings=tuple(told),
    )


def _every(likelihood: Bernoulli) -> NDArray[np.int64]:
    return np.arange(likelihood.sign.size)


def other_starts(problem: Problem, rng: np.random.Generator) -> tuple[Floats, ...]:
    """Give a few plausible starts."""
    likelihood = problem.likelihood
    points = rng.random((OTHER_STARTS, len(likelihood.response.parameters)))
    return tuple(np.where(problem.held, problem.values, likelihood.start(point)) for point in points)


def interval_table(fit: NtcpFit, thetas: Floats) -> pd.DataFrame:
    """Give the table `NtcpValidation.intervals` of parameters by resample, shape (resamples, parameters)."""
    import pandas as pd

    tail = (1.0 - fit.confidence) / 2.0
    rows: list[tuple[str, float, float, float, float | None, int]] = []

    def add(name: str, estimate: float, values: Floats, at_boundary: float | None) -> None:
        known = values[np.isfinite(values)]
        low, high = np.quantile(known, (tail, 1.0 - tail)) if known.size else (np.nan, np.nan)
        rows.append((name, estimate, float(low), float(high), at_boundary, int(known.size)))

    for index, parameter in enumerate(fit.likelihood.parameters):
        name = METRIC_NAMES.get(parameter.name, parameter.name) if fit.metric else parameter.name
        if any(item.parameter == name and not item.fixed for item in fit.estimates):
            ends = [near(value, parameter.low) or near(value, parameter.high) for value in thetas[:, index]]
            add(name, float(fit.theta[index]), thetas[:, index], float(np.mean(ends)))
    for name, values in _derived(fit, thetas).items():
        estimate = next((item.estimate for item in fit.estimates if item.parameter == name), None)
        add(name, np.nan if estimate is None else estimate, values, None)
    unit = "Gy" if not fit.metric else fit.metric
    doses = np.linspace(0.0, float(fit.dose_gy.max()), DOSES)
    for dose, values in zip(doses, _ntcp(fit, thetas, doses).T, strict=True):
        add(f"ntcp({dose:.3g} {unit})", float(fit.ntcp_at(dose)), values, None)
    return pd.DataFrame(rows, columns=list(INTERVAL_COLUMNS)).astype({"at_boundary": float})


def _derived(fit: NtcpFit, thetas: Floats) -> dict[str, Floats]:
    found: dict[str, Floats] = {}
    if fit.model == "logistic":
        b0, b1 = thetas[:, 0], thetas[:, 1]
        defined = (b0 < 0.0) & (b1 > 0.0)
        name = METRIC_NAMES["td50_gy"] if fit.metric else "td50_gy"
        found[name] = np.where(defined, -b0 / np.where(defined, b1, 1.0), np.nan)
        found["gamma50"] = np.where(defined, -b0 / 4.0, np.nan)
    own = len(fit.likelihood.response.parameters)
    for index, item in enumerate(fit.likelihood.covariates):
        name = f"{DERIVED_PREFIX[fit.likelihood.effect]}[{item.name.split('[', 1)[1]}"
        found[name] = np.exp(thetas[:, own + index])
    return found


def _ntcp(fit: NtcpFit, thetas: Floats, doses: Floats) -> Floats:
    """Give NTCP at uniform doses by resample, shape (resamples, doses)."""
    likelihood = fit.likelihood
    probe, x = uniform_doses(doses, likelihood.doses), np.zeros((doses.size, len(likelihood.covariates)))
    return np.array(
        [probability(likelihood.predictor(theta, probe, x).eta, likelihood.response.link) for theta in thetas]
    )
