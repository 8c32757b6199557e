"""The general fit as estimates: profile limits, derived parameters, nested tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lungtox.ntcp.climb import ROUGH, Scale, climb
from lungtox.ntcp.constraint import AtNtcp
from lungtox.ntcp.covariates import DERIVED_PREFIX
from lungtox.ntcp.estimate import NtcpEstimate, near, start_sentences
from lungtox.ntcp.general import RESTARTS, General, NtcpProfile, finish, fit_general
from lungtox.ntcp.interval import height_above_limit, limit
from lungtox.ntcp.matrix import uniform_doses
from lungtox.ntcp.model import GAMMA50, TD50, VOLUME, Parameter
from lungtox.ntcp.nested import NestedTest, nested_test
from lungtox.ntcp.solved import Problem, Solved

Floats = NDArray[np.float64]


def fit_by_search(problem: Problem) -> Solved:
    """Fit from several starts, and again from wherever a profile rises above the answer.

    Returns
    -------
    Solved
        With a log-likelihood of minus infinity where no start gave a finite one.
    """
    likelihood, held = problem.likelihood, problem.held
    extra: tuple[Floats, ...] = ()
    own = len(likelihood.response.parameters)
    if likelihood.covariates:
        # The fit without covariates is a start, so that covariates never make the likelihood lower.
        dose_only, effects = replace(likelihood, covariates=()), slice(own, own + len(likelihood.covariates))
        simple = fit_general(dose_only, held=np.delete(held, effects), fixed=np.delete(problem.values, effects))
        extra = (np.insert(simple.peak.theta, own, np.zeros(len(likelihood.covariates))),)
    general = fit_general(likelihood, held=held, fixed=problem.values, extra=extra)
    if not np.isfinite(general.peak.loglik):
        return Solved(general.peak.theta, -np.inf, converged=False, general=general)
    estimates: tuple[NtcpEstimate, ...] = ()
    for _ in range(RESTARTS):
        estimates = _estimates(problem, general)
        if general.best is general.peak:
            break
        again = finish(likelihood, climb(likelihood, general.best.theta, held=held), held, [])
        general = replace(again, starts=general.starts)
    return Solved(
        theta=general.peak.theta,
        loglik=general.peak.loglik,
        converged=general.peak.converged,
        estimates=estimates,
        warnings=tuple(start_sentences(**vars(general.starts))),
        nested=_nested(problem, general) if problem.intervals else (),
        starts=general.starts,
        general=general,
    )


def ntcp_profile(general: General, problem: Problem, dose: float) -> NtcpProfile:
    """Give the profile over NTCP at a uniform dose for a patient at the references of the covariates."""
    likelihood = problem.likelihood
    probe = uniform_doses(np.array([dose]), likelihood.doses)
    at_reference = np.zeros((1, len(likelihood.covariates)))
    # What is solved must move NTCP there: TD50 does not at no dose, and may be fixed.
    theta = general.peak.theta
    by = likelihood.predictor(theta, probe, at_reference).by_parameter[0]
    weight = np.where(problem.held, 0.0, np.abs(by * Scale(likelihood.parameters).slopes(theta)))
    location = [item.name for item in likelihood.parameters].index(likelihood.response.location)
    if not weight[location] > 1e-3 * weight.max():
        location = int(np.argmax(weight))
    return NtcpProfile(general, likelihood, AtNtcp(likelihood, probe, at_reference, location))


def _estimates(problem: Problem, general: General) -> tuple[NtcpEstimate, ...]:
    likelihood = problem.likelihood
    metric = bool(likelihood.doses.metric)
    found = [
        _estimate(problem, general, index, parameter)
        for index, parameter in enumerate(likelihood.parameters)
        if not (metric and parameter.name == VOLUME.name)
    ]
    if likelihood.response.name == "logistic":
        found += _logistic_derived(problem, general, {item.parameter: item for item in found})
    prefix = DERIVED_PREFIX[likelihood.effect]
    own = {item.name for item in likelihood.covariates}
    return (*found, *(_exponential(item, prefix) for item in found if item.parameter in own))


def _estimate(problem: Problem, general: General, index: int, parameter: Parameter) -> NtcpEstimate:
    name, value = parameter.name, float(general.peak.theta[index])
    if problem.held[index]:
        return NtcpEstimate(name, parameter.unit, value, None, None, True, False, False)
    at_boundary = near(value, parameter.low) or near(value, parameter.high)
    if not problem.intervals:
        return NtcpEstimate(name, parameter.unit, value, None, None, False, at_boundary, False)
    low, high = general.interval(index, confidence=problem.confidence)
    return NtcpEstimate(name, parameter.unit, value, low, high, False, at_boundary, False)


def _exponential(item: NtcpEstimate, prefix: str) -> NtcpEstimate:
    """Give the factor on TD50, or the odds ratio, per unit of the covariate."""

    def raised(value: float | None) -> float | None:
        return None if value is None else float(np.exp(value))

    name = f"{prefix}[{item.parameter.split('[', 1)[1]}"
    return NtcpEstimate(
        name, "", raised(item.estimate), raised(item.low), raised(item.high), False, item.at_boundary, True
    )


def _logistic_derived(problem: Problem, general: General, own: dict[str, NtcpEstimate]) -> list[NtcpEstimate]:
    """Give TD50 = -b0/b1 and gamma50 = -b0/4 where the risk rises and starts below 50 %."""
    b0, b1 = (float(value) for value in general.peak.theta[:2])
    if b0 >= 0.0 or b1 <= 0.0:
        return [NtcpEstimate(item.name, item.unit, None, None, None, False, False, True) for item in (TD50, GAMMA50)]
    td50 = -b0 / b1
    limits: tuple[float | None, float | None] = (None, None)
    low, high = own["b0"].low, own["b0"].high
    if problem.intervals and not problem.held[:2].any() and TD50.low <= td50 <= TD50.high:
        limits = _td50_limits(problem, general, td50)
    least, most = (None if value is None or value > 0.0 else -value / 4.0 for value in (high, low))
    return [
        NtcpEstimate("td50_gy", "Gy", td50, *limits, False, False, True),
        NtcpEstimate("gamma50", "", -b0 / 4.0, least, most, False, False, True),
    ]


def _td50_limits(problem: Problem, general: General, td50: float) -> tuple[float | None, float | None]:
    def height(value: float) -> float:
        loglik = ntcp_profile(general, problem, value).loglik(0.0)
        return height_above_limit(loglik, general.peak.loglik, confidence=problem.confidence)

    low, high = (limit(height, td50, end, True) for end in (TD50.low, TD50.high))
    return low, high


def _nested(problem: Problem, general: General) -> tuple[NestedTest, ...]:
    likelihood, top = problem.likelihood, general.peak.loglik
    names = [item.name for item in likelihood.parameters]
    found = []
    if likelihood.covariates:
        at = len(likelihood.response.parameters) + np.arange(len(likelihood.covariates))
        simpler = _held_at(general, at, 0.0)
        found.append(nested_test("no covariates", loglik=top, simpler=simpler, df=at.size, on_bound=False))
    if VOLUME.name in names and not problem.held[names.index(VOLUME.name)]:
        simpler = _held_at(general, np.array([names.index(VOLUME.name)]), VOLUME.high)
        found.append(nested_test("n = 1 (mean dose)", loglik=top, simpler=simpler, df=1, on_bound=True))
    if "s" in names and not problem.held[names.index("s")]:
        index = names.index("s")
        simpler = _held_at(general, np.array([index]), likelihood.parameters[index].low)
        found.append(nested_test("s at 0 (mean dose)", loglik=top, simpler=simpler, df=1, on_bound=True))
    return tuple(found)


def _held_at(general: General, at: NDArray[np.int64], value: float) -> float:
    held, start = general.held.copy(), general.peak.theta.copy()
    held[at], start[at] = True, value
    return climb(general.objective, start, held=held, decrement=ROUGH).loglik
