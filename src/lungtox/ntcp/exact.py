"""The exact fit: models that are a straight line on some scale of the dose, without covariates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lungtox.ntcp.estimate import NtcpEstimate, mode_sentences, near
from lungtox.ntcp.interval import parameter_interval
from lungtox.ntcp.metric_names import metric_unit, widen
from lungtox.ntcp.model import MODELS, VOLUME, Parameter
from lungtox.ntcp.nested import NestedTest, nested_test
from lungtox.ntcp.solved import Problem, Solved
from lungtox.ntcp.surface import Optimum, Surface

Floats = NDArray[np.float64]


def make_surface(problem: Problem) -> Surface:
    """Give the likelihood as the exact search sees it."""
    likelihood = problem.likelihood
    model = MODELS[likelihood.response.name]
    if metric_unit(likelihood.doses.metric) == "cc":
        wide: Any = model
        model = replace(wide, parameters=widen(model.parameters), derived=widen(model.derived))
    levels = tuple(model.level(name, value) for name, value in problem.fixed.items() if name != VOLUME.name)
    n = problem.fixed.get(VOLUME.name) if _has_n(problem) else 1.0
    return Surface(likelihood.doses, likelihood.sign > 0, model=model, fixed=levels, n=n)


def fit_exactly(problem: Problem) -> Solved:
    """Fit without starting values.

    Returns
    -------
    Solved
        With a log-likelihood of minus infinity where no point of the model has the fixed values.
    """
    surface = make_surface(problem)
    optimum = surface.best()
    if not np.isfinite(optimum.loglik):
        return Solved(np.array([]), -np.inf, converged=False)
    surface.start = (optimum.c0, optimum.c1)
    estimates = _estimates(problem, surface, optimum)
    return Solved(
        theta=theta_at(problem, surface, optimum),
        loglik=optimum.loglik,
        converged=True,
        estimates=estimates,
        warnings=tuple(mode_sentences(surface, optimum)) if problem.intervals else (),
        nested=_nested(problem, surface, optimum),
        optimum=optimum,
        surface=surface,
    )


def theta_at(problem: Problem, surface: Surface, optimum: Optimum) -> Floats:
    """Give the parameters of the response at a point of the exact search, within their ranges."""
    found = []
    for parameter in problem.likelihood.response.parameters:
        if parameter.name == VOLUME.name:
            value: float | None = optimum.n
        else:
            value = surface.model.value(parameter.name, optimum.c0, optimum.c1)
        value = problem.fixed.get(parameter.name, np.nan if value is None else value)
        found.append(min(max(value, parameter.low), parameter.high))
    return np.array(found)


def _has_n(problem: Problem) -> bool:
    return any(item.name == VOLUME.name for item in problem.likelihood.response.parameters)


def _estimates(problem: Problem, surface: Surface, optimum: Optimum) -> tuple[NtcpEstimate, ...]:
    model = surface.model
    volume = (VOLUME,) if _has_n(problem) and not problem.likelihood.doses.metric else ()
    found = [_estimate(problem, surface, optimum, item, derived=False) for item in (*model.parameters, *volume)]
    found += [_estimate(problem, surface, optimum, item, derived=True) for item in model.derived]
    return tuple(found)


def _estimate(
    problem: Problem, surface: Surface, optimum: Optimum, parameter: Parameter, *, derived: bool
) -> NtcpEstimate:
    name = parameter.name
    if name in problem.fixed:
        return NtcpEstimate(name, parameter.unit, problem.fixed[name], None, None, True, False, derived)
    is_n = name == VOLUME.name
    estimate = optimum.n if is_n else surface.model.value(name, optimum.c0, optimum.c1)
    if estimate is None:
        return NtcpEstimate(name, parameter.unit, None, None, None, False, False, derived)
    at_boundary = near(estimate, parameter.low) or near(estimate, parameter.high)
    estimate = float(min(max(estimate, parameter.low), parameter.high)) if not derived else float(estimate)
    whole = len(surface.fixed) + (not is_n) <= 2 and parameter.low <= estimate <= parameter.high
    if not (whole and problem.intervals):
        return NtcpEstimate(name, parameter.unit, estimate, None, None, False, at_boundary, derived)
    low, high = parameter_interval(surface, parameter, optimum, estimate, confidence=problem.confidence)
    return NtcpEstimate(name, parameter.unit, estimate, low, high, False, at_boundary, derived)


def _nested(problem: Problem, surface: Surface, optimum: Optimum) -> tuple[NestedTest, ...]:
    if surface.grid_n.size == 1 or not problem.intervals:
        return ()
    simpler = surface.at_n(VOLUME.high).loglik
    return (nested_test("n = 1 (mean dose)", loglik=optimum.loglik, simpler=simpler, df=1, on_bound=True),)
