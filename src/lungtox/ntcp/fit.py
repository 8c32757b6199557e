"""Fit an NTCP model to individual DVHs by maximum likelihood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lungtox.errors import FitError, ParameterError, count_of
from lungtox.ntcp.covariates import CovariateDesign, Effect, design_covariates
from lungtox.ntcp.estimate import VOLUME_NAMES, fit_warnings
from lungtox.ntcp.exact import fit_exactly
from lungtox.ntcp.likelihood import Bernoulli
from lungtox.ntcp.matrix import DoseMatrix, dose_matrix, metric_matrix
from lungtox.ntcp.metric_names import METRIC_NAMES, for_metric, metric_unit, rename
from lungtox.ntcp.model import MODELS, VOLUME
from lungtox.ntcp.response import DoseResponse
from lungtox.ntcp.responses import RESPONSES
from lungtox.ntcp.result import NtcpFit
from lungtox.ntcp.searched import fit_by_search
from lungtox.ntcp.solved import Problem, Solved

if TYPE_CHECKING:
    import pandas as pd

    from lungtox.dose import Dvh

Floats = NDArray[np.float64]
FREE_N = ("lkb", "log_logistic")
"""Models whose n is estimated unless told otherwise."""
ON_METRICS = ("logistic", "log_logistic")
"""Models in which a dose-volume metric can stand for gEUD."""


def fit_ntcp(
    dvhs: Sequence[Dvh],
    outcome: ArrayLike,
    *,
    model: str = "lkb",
    covariates: pd.DataFrame | None = None,
    effect: Effect | None = None,
    metric: str = "",
    fixed: Mapping[str, float] | None = None,
    free_n: bool | None = None,
    confidence: float = 0.95,
    intervals: bool = True,
) -> NtcpFit:
    """Fit an NTCP model by Bernoulli maximum likelihood on individual DVHs.

    Parameters
    ----------
    dvhs : sequence of Dvh
        One for each patient, all of one structure, weighting and quantity, dose in Gy.
    outcome : array-like, shape (patients,)
        1 or True with the complication, 0 or False without. Patients who are neither are left out beforehand.
    model : str
        ``lkb``, ``mean_dose_probit`` (LKB with n = 1), ``logistic``, ``log_logistic``, ``relative_seriality`` or
        ``parallel`` (critical volume).
    covariates : DataFrame, shape (patients, covariates), optional
        Every column is a covariate: numbers, or text, which is dummy-coded. Nothing may be missing.
    effect : {"dose", "odds"}, optional
        What covariates do. dose: TD50 exp(sum delta x), a dose-modifying factor (Tucker's generalised Lyman). odds:
        sum beta x on the log-odds, an odds ratio each (Appelt), for models with a logit. Default: odds for logistic
        and log_logistic, dose for the others.
    metric : str
        A dose-volume metric such as ``V20Gy[%]`` in place of gEUD, for logistic and log_logistic.
    fixed : mapping, optional
        Parameters of the dose that are not estimated, by name.
    free_n : bool, optional
        Estimate n. Default: yes for lkb and log_logistic unless fixed, no for logistic (n = 1, the mean dose).
    confidence : float
        Level of the profile-likelihood intervals.
    intervals : bool
        False: estimates only, for simulations.

    Returns
    -------
    NtcpFit

    Raises
    ------
    FitError
        No events, only events, doses that are all equal, a constant covariate, more covariates than events.
    InputError
        DVHs of different structures or quantities, empty, or in cGy; a covariate that is missing.
    ParameterError
        Unknown model or parameter, value outside its range, lengths that differ, outcomes other than 0 and 1.

    Notes
    -----
    Models that are a straight line on some scale of the dose (lkb, mean_dose_probit, logistic, log_logistic) without
    covariates are concave at each n, which is searched over its whole range: no starting values. The others are
    climbed from several starts; how many ended elsewhere is reported. LKB (Lyman 1985) with n = 1 is a probit
    regression on the mean dose: TD50 = -b0/b1, m = -1/b0.
    """
    problem, design = prepare(
        dvhs, outcome, model=model, covariates=covariates, effect=effect, metric=metric, fixed=fixed, free_n=free_n,
        confidence=confidence, intervals=intervals,
    )  # fmt: skip
    return make_fit(problem, solve(problem), design)


def prepare(
    dvhs: Sequence[Dvh],
    outcome: ArrayLike,
    *,
    model: str,
    covariates: pd.DataFrame | None,
    effect: Effect | None,
    metric: str,
    fixed: Mapping[str, float] | None,
    free_n: bool | None,
    confidence: float,
    intervals: bool,
) -> tuple[Problem, CovariateDesign | None]:
    """Check what `fit_ntcp` is given, arguments and errors as there, and put it together."""
    response = _response(model)
    _check_options(response, metric=metric, free_n=free_n, effect=effect if covariates is not None else None)
    had_rp = _outcome(outcome, len(dvhs))
    doses = metric_matrix(dvhs, metric) if metric else dose_matrix(dvhs)
    response = for_metric(response, metric)
    values = _fixed_values(response, fixed, free_n, metric=metric)
    design = None
    if covariates is not None:
        chosen = effect or ("odds" if model in ("logistic", "log_logistic") else "dose")
        design = design_covariates(covariates, had_rp.astype(float), effect=chosen)
    return make_problem(response, doses, had_rp, values, design, confidence=confidence, intervals=intervals), design


def make_problem(
    response: DoseResponse,
    doses: DoseMatrix,
    had_rp: NDArray[np.bool_],
    fixed: Mapping[str, float],
    design: CovariateDesign | None,
    *,
    confidence: float = 0.95,
    intervals: bool = True,
) -> Problem:
    """Put what is to be fitted together; refuse doses without contrast."""
    if float(np.ptp(doses.geud_gy(1.0))) <= 1e-9:
        raise FitError("the dose is the same for every patient: a dose response cannot be fitted")
    without = int((doses.geud_gy(1.0) <= 0.0).sum())
    if response.name == "log_logistic" and without:
        raise FitError(
            f"{count_of(without, 'patient')} with a dose summary of 0, where the log-logistic model has NTCP 0 "
            "whatever its parameters; use the logistic model."
        )
    sign = np.where(had_rp, 1.0, -1.0)
    likelihood = Bernoulli(response, doses, sign)
    if design is not None:
        likelihood = replace(likelihood, x=design.x, effect=design.effect, covariates=design.parameters)
    return Problem(likelihood, dict(fixed), confidence, intervals)


def solve(problem: Problem) -> Solved:
    """Solve by the exact search where there is one, else by the general one.

    Raises
    ------
    FitError
        No point of the model has the fixed values, or none has a likelihood.
    """
    likelihood = problem.likelihood
    solved = None
    if likelihood.response.name in MODELS and not likelihood.covariates:
        solved = fit_exactly(problem)
    else:
        solved = fit_by_search(problem)
    if not np.isfinite(solved.loglik):
        raise FitError(f"no point of the {likelihood.response.name} model has all the fixed values {problem.fixed}")
    return solved


def make_fit(problem: Problem, solved: Solved, design: CovariateDesign | None) -> NtcpFit:
    """Give a maximum as a fit, with the sentences that belong beside its numbers."""
    likelihood, doses = problem.likelihood, problem.likelihood.doses
    free = [item for item in solved.estimates if not (item.fixed or item.derived)]
    stuck = [item.parameter for item in free if item.at_boundary and item.parameter not in VOLUME_NAMES]
    events, patients = int((likelihood.sign > 0).sum()), int(likelihood.sign.size)
    fit = NtcpFit(
        model=likelihood.response.name,
        structure=doses.structure,
        weighting=doses.weighting,
        quantity=doses.quantity,
        alpha_beta_gy=doses.alpha_beta_gy,
        metric=doses.metric,
        fixed=_reported(problem.fixed, doses.metric),
        n=patients,
        events=events,
        loglik=solved.loglik,
        free=len(free),
        converged=solved.converged and not stuck,
        confidence=problem.confidence,
        estimates=tuple(rename(item, doses.metric) for item in solved.estimates),
        warnings=(),
        theta=solved.theta,
        likelihood=likelihood,
        design=design,
        nested=solved.nested,
        starts=solved.starts,
        optimum=solved.optimum,
        surface=solved.surface,
        general=solved.general,
    )
    told = fit_warnings(
        fit.estimates, events=events, patients=patients, highest=float(fit.dose_gy.max()),
        dose_unit=metric_unit(doses.metric), intervals=problem.intervals,
    )  # fmt: skip
    return replace(fit, warnings=(*told, *solved.warnings))


def _response(name: str) -> DoseResponse:
    if name not in RESPONSES:
        raise ParameterError(f"model must be one of {', '.join(RESPONSES)}, got {name!r}")
    return RESPONSES[name]


def _check_options(response: DoseResponse, *, metric: str, free_n: bool | None, effect: str | None) -> None:
    has_n = any(item.name == VOLUME.name for item in response.parameters)
    if metric and response.name not in ON_METRICS:
        raise ParameterError(f"a metric can stand for gEUD in {' and '.join(ON_METRICS)} only, not in {response.name}")
    if free_n and (metric or not has_n):
        what = f"{response.name} on {metric}" if metric else response.name
        raise ParameterError(f"free_n is true, but {what} has no volume parameter n")
    if effect is not None and effect not in ("dose", "odds"):
        raise ParameterError(f"effect must be dose or odds, got {effect!r}")
    if effect == "odds" and response.link != "logit":
        raise ParameterError(f"odds ratios need a model with a logit; {response.name} takes effect='dose'")
    if effect == "dose" and metric and metric_unit(metric) != "Gy":
        raise ParameterError(f"a dose-modifying factor has no meaning for {metric}; take effect='odds'")


def _fixed_values(
    response: DoseResponse, fixed: Mapping[str, float] | None, free_n: bool | None, *, metric: str
) -> dict[str, float]:
    names = {new: old for old, new in METRIC_NAMES.items()} if metric else {}
    values = {names.get(name, name): float(value) for name, value in (fixed or {}).items()}
    known = {item.name: item for item in response.parameters}
    for name, value in values.items():
        if name not in known or (metric and name == VOLUME.name):
            listed = ", ".join(_reported(dict.fromkeys(known, 0.0), metric))
            raise ParameterError(f"{response.name} has no parameter {name!r}; it has {listed}")
        if not known[name].low <= value <= known[name].high:
            low, high = known[name].low, known[name].high
            raise ParameterError(f"fixed {name} must be between {low:g} and {high:g}, got {value:g}")
    if VOLUME.name in known:
        if free_n and VOLUME.name in values:
            raise ParameterError("n is fixed and free_n is true: keep one of the two")
        if metric or not (response.name in FREE_N if free_n is None else free_n):
            values.setdefault(VOLUME.name, 1.0)
    if len(values) == len(known):
        raise ParameterError("every parameter is fixed: nothing is left to fit")
    return values


def _reported(values: Mapping[str, float], metric: str) -> dict[str, float]:
    """Give fixed values under the names that the user knows; a model on a metric has no n."""
    if not metric:
        return dict(values)
    return {METRIC_NAMES.get(name, name): value for name, value in values.items() if name != VOLUME.name}


def _outcome(outcome: ArrayLike, patients: int) -> NDArray[np.bool_]:
    values = np.asarray(outcome, dtype=float)
    if values.shape != (patients,):
        raise ParameterError(f"outcome must have one value for each of the {patients} DVHs, got shape {values.shape}")
    if not np.isin(values, (0.0, 1.0)).all():
        raise ParameterError("outcome must be 0 or 1; leave patients without a known outcome out beforehand")
    had_rp: NDArray[np.bool_] = values == 1.0
    if not had_rp.any():
        raise FitError(f"no events among {count_of(patients, 'patient')}: a dose response cannot be fitted")
    if had_rp.all():
        raise FitError(f"all of {count_of(patients, 'patient')} had the event: a dose response cannot be fitted")
    return had_rp
