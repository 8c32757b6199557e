"""Fit an NTCP model to individual DVHs by maximum likelihood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lungtox.errors import FitError, ParameterError, count_of
from lungtox.ntcp.estimate import NtcpEstimate, fit_warnings
from lungtox.ntcp.interval import parameter_interval
from lungtox.ntcp.matrix import DoseMatrix, dose_matrix
from lungtox.ntcp.model import MODELS, VOLUME, NtcpModel, Parameter
from lungtox.ntcp.surface import Optimum, Surface, probability

if TYPE_CHECKING:
    import pandas as pd

    from lungtox.dose import Dvh

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class NtcpFit:
    """A fitted NTCP model.

    Attributes
    ----------
    model : str
        ``"lkb"`` or ``"logistic"``.
    structure, weighting, quantity, alpha_beta_gy
        Of the DVHs; part of the model's identity.
    fixed : dict
        Parameters that were not estimated.
    n, events : int
        Patients, and those with the outcome.
    loglik, aic : float
        AIC counts the free parameters, also those that ended on a boundary.
    converged : bool
        False when the answer lies on a boundary of td50_gy, m, b0 or b1, or a profile found a higher likelihood.
    confidence : float
    estimates : tuple of NtcpEstimate
    warnings : tuple of str
        Sentences that belong beside the numbers.
    optimum : Optimum
    surface : Surface
        The likelihood, for curves and profiles.
    """

    model: str
    structure: str
    weighting: str
    quantity: str
    alpha_beta_gy: float | None
    fixed: dict[str, float]
    n: int
    events: int
    loglik: float
    aic: float
    converged: bool
    confidence: float
    estimates: tuple[NtcpEstimate, ...]
    warnings: tuple[str, ...]
    optimum: Optimum
    surface: Surface = field(repr=False, compare=False)

    @property
    def parameters(self) -> pd.DataFrame:
        """Table: parameter, unit, estimate, low, high, fixed, at_boundary, derived (low/high missing: open)."""
        import pandas as pd

        table = pd.DataFrame([vars(item) for item in self.estimates])
        return table.astype({"estimate": float, "low": float, "high": float})

    @property
    def dose_gy(self) -> Floats:
        """The model's dose summary (gEUD; the mean where n = 1) of each patient of the fit."""
        return self.surface.matrix.geud_gy(self.optimum.n)

    def __getitem__(self, parameter: str) -> float:
        """Give the estimate of a parameter by name."""
        for item in self.estimates:
            if item.parameter == parameter and item.estimate is not None:
                return item.estimate
        raise KeyError(parameter)

    def summarise(self, dvhs: Sequence[Dvh]) -> Floats:
        """Give the model's dose summary in Gy of other DVHs of the same structure, weighting and quantity."""
        matrix = dose_matrix(dvhs)
        expected, found = _identity(self.surface.matrix), _identity(matrix)
        if expected != found:
            raise ParameterError(f"this model was fitted to {expected}; the DVHs are {found}")
        return matrix.geud_gy(self.optimum.n)

    def ntcp_at(self, dose_gy: ArrayLike) -> Floats:
        """Give NTCP for values of the dose summary in Gy."""
        eta = self.optimum.c0 + self.optimum.c1 * np.asarray(dose_gy, dtype=float)
        return probability(eta, self.surface.model.link)

    def predict(self, dvhs: Sequence[Dvh]) -> Floats:
        """Give NTCP for each DVH, shape (patients,)."""
        return self.ntcp_at(self.summarise(dvhs))


def fit_ntcp(
    dvhs: Sequence[Dvh],
    outcome: ArrayLike,
    *,
    model: str = "lkb",
    fixed: Mapping[str, float] | None = None,
    free_n: bool | None = None,
    confidence: float = 0.95,
) -> NtcpFit:
    """Fit an NTCP model by Bernoulli maximum likelihood on individual DVHs.

    Parameters
    ----------
    dvhs : sequence of Dvh
        One for each patient, all of one structure, weighting and quantity, dose in Gy.
    outcome : array-like, shape (patients,)
        1 or True with the complication, 0 or False without. Patients who are neither are left out beforehand.
    model : {"lkb", "logistic"}
    fixed : mapping, optional
        Parameters that are not estimated: td50_gy, m, n for lkb; b0, b1, n for logistic.
    free_n : bool, optional
        Estimate n. Default: yes for lkb unless fixed, no for logistic (n = 1, the mean dose).
    confidence : float
        Level of the profile-likelihood intervals.

    Returns
    -------
    NtcpFit

    Raises
    ------
    FitError
        No events, only events, or doses that are all equal.
    InputError
        DVHs of different structures or quantities, empty, or in cGy.
    ParameterError
        Unknown model or parameter, value outside its range, lengths that differ, outcomes other than 0 and 1.

    Notes
    -----
    LKB (Lyman 1985) with n = 1 is a probit regression on the mean dose: TD50 = -b0/b1, m = -1/b0. The likelihood is
    concave at each n; n is searched over its whole range, so there are no starting values.
    """
    chosen = _model(model)
    fixed_values = _fixed_values(chosen, fixed, free_n)
    had_rp = _outcome(outcome, len(dvhs))
    matrix = dose_matrix(dvhs)
    n = fixed_values.get(VOLUME.name)
    levels = tuple(chosen.level(name, value) for name, value in fixed_values.items() if name != VOLUME.name)
    surface = Surface(matrix, had_rp, model=chosen, fixed=levels, n=n)
    if float(np.ptp(surface.grid_g[-1])) <= 1e-9:
        raise FitError("the dose is the same for every patient: a dose response cannot be fitted")
    optimum = surface.best()
    if not np.isfinite(optimum.loglik):
        raise FitError(f"no point of the {model} model has all the fixed values {fixed_values}")
    surface.start = (optimum.c0, optimum.c1)
    estimates = _estimates(surface, optimum, fixed_values, confidence)
    free = [item for item in estimates if not (item.fixed or item.derived)]
    stuck = [item.parameter for item in free if item.at_boundary and item.parameter != VOLUME.name]
    return NtcpFit(
        model=model,
        structure=matrix.structure,
        weighting=matrix.weighting,
        quantity=matrix.quantity,
        alpha_beta_gy=matrix.alpha_beta_gy,
        fixed=fixed_values,
        n=int(had_rp.size),
        events=int(had_rp.sum()),
        loglik=optimum.loglik,
        aic=2.0 * len(free) - 2.0 * optimum.loglik,
        converged=not stuck,
        confidence=confidence,
        estimates=estimates,
        warnings=tuple(fit_warnings(surface, optimum, estimates)),
        optimum=optimum,
        surface=surface,
    )


def fit_to_json(fit: NtcpFit, *, name: str) -> dict[str, Any]:
    """Give the content of fit.json: plain values, None for an open limit."""
    return {
        "ntcp": name,
        "model": fit.model,
        "structure": fit.structure,
        "weighting": fit.weighting,
        "quantity": fit.quantity,
        "alpha_beta_gy": fit.alpha_beta_gy,
        "fixed": fit.fixed,
        "n": fit.n,
        "events": fit.events,
        "dose_range_gy": [float(fit.dose_gy.min()), float(fit.dose_gy.max())],
        "loglik": fit.loglik,
        "aic": fit.aic,
        "converged": fit.converged,
        "confidence": fit.confidence,
        "interval": "profile likelihood",
        "parameters": [dict(vars(item)) for item in fit.estimates],
        "warnings": list(fit.warnings),
    }


def _model(name: str) -> NtcpModel:
    if name not in MODELS:
        raise ParameterError(f"model must be one of {', '.join(MODELS)}, got {name!r}")
    return MODELS[name]


def _fixed_values(model: NtcpModel, fixed: Mapping[str, float] | None, free_n: bool | None) -> dict[str, float]:
    values = {name: float(value) for name, value in (fixed or {}).items()}
    known = {parameter.name: parameter for parameter in (*model.parameters, VOLUME)}
    for name, value in values.items():
        if name not in known:
            raise ParameterError(f"{model.name} has no parameter {name!r}; it has {', '.join(known)}")
        if not known[name].low <= value <= known[name].high:
            low, high = known[name].low, known[name].high
            raise ParameterError(f"fixed {name} must be between {low:g} and {high:g}, got {value:g}")
    if free_n and VOLUME.name in values:
        raise ParameterError("n is fixed and free_n is true: keep one of the two")
    if not (model.n_is_free if free_n is None else free_n):
        values.setdefault(VOLUME.name, 1.0)
    if len(values) == len(known):
        raise ParameterError("every parameter is fixed: nothing is left to fit")
    return values


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


def _estimates(
    surface: Surface, optimum: Optimum, fixed: Mapping[str, float], confidence: float
) -> tuple[NtcpEstimate, ...]:
    model = surface.model
    found = [_estimate(surface, optimum, parameter, fixed, confidence, derived=False) for parameter in model.parameters]
    found.append(_estimate(surface, optimum, VOLUME, fixed, confidence, derived=False))
    found += [_estimate(surface, optimum, parameter, fixed, confidence, derived=True) for parameter in model.derived]
    return tuple(found)


def _estimate(
    surface: Surface,
    optimum: Optimum,
    parameter: Parameter,
    fixed: Mapping[str, float],
    confidence: float,
    *,
    derived: bool,
) -> NtcpEstimate:
    name = parameter.name
    if name in fixed:
        return NtcpEstimate(name, parameter.unit, fixed[name], None, None, True, False, derived)
    is_n = name == VOLUME.name
    estimate = optimum.n if is_n else surface.model.value(name, optimum.c0, optimum.c1)
    if estimate is None:
        return NtcpEstimate(name, parameter.unit, None, None, None, False, False, derived)
    at_boundary = _near(estimate, parameter.low) or _near(estimate, parameter.high)
    estimate = float(min(max(estimate, parameter.low), parameter.high)) if not derived else float(estimate)
    if len(surface.fixed) + (not is_n) > 2 or not parameter.low <= estimate <= parameter.high:
        return NtcpEstimate(name, parameter.unit, estimate, None, None, False, at_boundary, derived)
    low, high = parameter_interval(surface, parameter, optimum, estimate, confidence=confidence)
    return NtcpEstimate(name, parameter.unit, estimate, low, high, False, at_boundary, derived)


def _near(value: float, bound: float) -> bool:
    return abs(value - bound) <= 1e-6 * max(1.0, abs(bound)) if bound == 0.0 else abs(value / bound - 1.0) <= 1e-6


def _identity(matrix: DoseMatrix) -> str:
    alpha_beta = "" if matrix.alpha_beta_gy is None else f" (alpha/beta {matrix.alpha_beta_gy:g} Gy)"
    return f"{matrix.structure}, {matrix.weighting}, {matrix.quantity}{alpha_beta}"
