"""Intervals of an update: its parameters, and NTCP by dose."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lungtox.ntcp.bernoulli import OPEN, Likelihood, Limits, limits_of, maximise, profile_limits
from lungtox.ntcp.equation import literature_values
from lungtox.ntcp.linear_form import LinearForm
from lungtox.ntcp.newton import probability
from lungtox.ntcp.updating import ClosedTest, Update

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
REFERENCE_VALUE = 60.0  # of a factor per unit (age in years), as for the published curves


@dataclass(frozen=True)
class UpdatedParameter:
    """A parameter of an updated model; limits are None where open or where it was not estimated."""

    parameter: str
    unit: str
    published: float | None
    estimate: float
    low: float | None
    high: float | None
    estimated: bool


def updated_parameters(test: ClosedTest, method: str | None = None, *, confidence: float = 0.95) -> pd.DataFrame:
    """Give the parameters of an update with profile-likelihood intervals.

    Parameters
    ----------
    test : ClosedTest
    method : str, optional
        Default: the chosen one.
    confidence : float

    Returns
    -------
    DataFrame
        parameter (intercept, slope: the factor on the linear predictor, the predictors, td50_gy with m or gamma50 of
        the reference patient), unit, published, estimate, low, high, estimated. Without
        estimates where a predictor separates the outcome.
    """
    import pandas as pd

    update = test.chosen if method is None else test[method]
    rows = [*_coefficient_rows(test.form, update, confidence), *_literature_rows(test.form, update, confidence)]
    if update.separated:
        # Without a finite maximum there is no estimate: what the search ended with means nothing.
        rows = [replace(row, estimate=np.nan) if row.estimated else row for row in rows]
    table = pd.DataFrame([vars(row) for row in rows])
    return table.astype({name: float for name in ("published", "estimate", "low", "high")})


def _coefficient_rows(form: LinearForm, update: Update, confidence: float) -> list[UpdatedParameter]:
    limits = _column_limits(form, update, confidence)
    rows = [_row("intercept", "", form.intercept, update.intercept, limits.get("intercept"))]
    if update.method == "recalibration":
        rows.append(_row("slope", "", 1.0, float(update.maximum.beta[1]), limits["slope"]))
    for term, published, estimate in zip(form.terms, form.coefficients, update.coefficients, strict=True):
        own = limits.get(term)
        if update.method == "recalibration":
            own = _times(limits["slope"], float(published))
        rows.append(_row(term, _unit(form, term), float(published), float(estimate), own))
    return rows


def _column_limits(form: LinearForm, update: Update, confidence: float) -> dict[str, Limits]:
    """Give the limits of the columns that were estimated, by name."""
    if update.method == "original":
        return {}
    names = _column_names(form, update)
    if update.separated:
        return dict.fromkeys(names, OPEN)
    return {
        name: profile_limits(update.likelihood, update.maximum, column, confidence=confidence)
        for column, name in enumerate(names)
    }


def _column_names(form: LinearForm, update: Update) -> list[str]:
    if update.method != "revision":
        return ["intercept", "slope"][: update.estimated]
    return ["intercept", *(term for term in form.terms if term not in update.kept)]


def _literature_rows(form: LinearForm, update: Update, confidence: float) -> list[UpdatedParameter]:
    values = literature_values(form, update.intercept, update.coefficients)
    published = literature_values(form, form.intercept, form.coefficients)
    if not values or update.separated:
        return []
    limits: dict[str, Limits] = dict.fromkeys(values, OPEN)
    if update.method != "original":
        low, high = profile_limits(update.likelihood, update.maximum, 0, confidence=confidence)
        limits["gamma50"] = (None if high is None else -high / 4.0, None if low is None else -low / 4.0)
        limits["m"] = (_m(low), _m(high))
        limits["td50_gy"] = _td50_limits(form, update, values["td50_gy"], confidence)
    units = {"td50_gy": "Gy"}
    estimated = update.method != "original"
    return [
        UpdatedParameter(name, units.get(name, ""), published.get(name), value, *limits[name], estimated)
        for name, value in values.items()
    ]


def _m(intercept: float | None) -> float | None:
    return None if intercept is None or intercept >= 0.0 else -1.0 / intercept


def _td50_limits(form: LinearForm, update: Update, td50_gy: float, confidence: float) -> Limits:
    """Profile TD50: the model without an intercept whose predictors count from TD50 on is 50 % there."""
    if update.method == "intercept":
        low, high = profile_limits(update.likelihood, update.maximum, 0, confidence=confidence)
        slope = float(form.coefficients[0])
        return (None if high is None else -high / slope, None if low is None else -low / slope)
    start = update.maximum.beta[1:]

    def profile(log_gy: float) -> float:
        shifted = _shifted(form, update, _at_dose(form, float(np.exp(log_gy))))
        return maximise(Likelihood(shifted.x[:, 1:], shifted.offset, shifted.sign, shifted.link), start=start).loglik

    variance = np.linalg.inv(update.maximum.information)[:2, :2]
    gradient = np.array([1.0 / update.intercept, -1.0 / float(update.maximum.beta[1])])
    se = float(np.sqrt(gradient @ variance @ gradient))  # of log TD50
    found = limits_of(
        profile, update.loglik, float(np.log(td50_gy)), se=se, confidence=confidence, farthest=np.log(100.0)
    )
    low, high = (None if end is None else float(np.exp(end)) for end in found)
    return low, high


def updated_curve(
    test: ClosedTest, dose_gy: ArrayLike, method: str | None = None, *, confidence: float = 0.95
) -> pd.DataFrame:
    """Give NTCP of the reference patient by uniform dose, with a pointwise profile-likelihood band.

    Parameters
    ----------
    test : ClosedTest
    dose_gy : array-like, shape (doses,)
        In the model's own quantity.
    method : str, optional
        Default: the chosen one.
    confidence : float

    Returns
    -------
    DataFrame
        dose_gy, ntcp, low, high; limits missing for the model as published and where they are open.
    """
    import pandas as pd

    update = test.chosen if method is None else test[method]
    doses = np.asarray(dose_gy, dtype=float)
    rows = []
    for dose in doses:
        at = _at_dose(test.form, float(dose))
        eta = update.intercept + float(at @ update.coefficients)
        limits = _limits_at(test.form, update, at, confidence)
        rows.append([eta, *(np.nan if end is None else end for end in limits)])
    ntcp, low, high = probability(np.array(rows).T, test.form.link)
    return pd.DataFrame({"dose_gy": doses, "ntcp": ntcp, "low": low, "high": high})


def _limits_at(form: LinearForm, update: Update, at: Floats, confidence: float) -> Limits:
    """Give the limits of the linear predictor at a point: counted from there, it is the intercept."""
    if update.method == "original" or update.separated:
        return OPEN
    shifted = _shifted(form, update, at)
    return profile_limits(shifted, maximise(shifted), 0, confidence=confidence)


def _shifted(form: LinearForm, update: Update, at: Floats) -> Likelihood:
    """Give the likelihood of an update with its predictors counted from a point."""
    likelihood, x = update.likelihood, update.likelihood.x.copy()
    published = float(at @ form.coefficients)
    if update.method == "intercept":
        return Likelihood(x, likelihood.offset - published, likelihood.sign, likelihood.link)
    if update.method == "recalibration":
        x[:, 1] -= published
        return Likelihood(x, likelihood.offset, likelihood.sign, likelihood.link)
    free = [column for column, term in enumerate(form.terms) if term not in update.kept]
    kept = [column for column, term in enumerate(form.terms) if term in update.kept]
    x[:, 1:] -= at[free]
    offset = likelihood.offset - float(at[kept] @ form.coefficients[kept])
    return Likelihood(x, offset, likelihood.sign, likelihood.link)


def _at_dose(form: LinearForm, dose_gy: float) -> Floats:
    """Give the predictors of the reference patient at a uniform dose."""
    if form.has_dose:
        rest = [REFERENCE_VALUE if factor.per_unit else 0.0 for factor in form.model.factors]
        return np.array([dose_gy, *rest])
    return reference_logit(form, dose_gy)


def reference_logit(form: LinearForm, dose_gy: float) -> Floats:
    """Give the predictor of a model without a linear predictor of its own, at a uniform dose."""
    from scipy.special import logit

    from lungtox.ntcp.calibration import SMALLEST_RISK

    risk = form.model.ntcp_uniform(dose_gy, {})
    return np.array([float(logit(np.clip(risk, SMALLEST_RISK, 1.0 - SMALLEST_RISK)))])


def _times(limits: Limits, factor: float) -> Limits:
    ends = [None if end is None else end * factor for end in limits]
    low, high = ends if factor >= 0.0 else ends[::-1]
    return low, high


def _row(name: str, unit: str, published: float, estimate: float, limits: Limits | None) -> UpdatedParameter:
    low, high = limits or OPEN
    return UpdatedParameter(name, unit, published, estimate, low, high, limits is not None)


def _unit(form: LinearForm, term: str) -> str:
    scale = "probit" if form.link == "probit" else "log odds"
    if term == "dose_gy":
        return f"{scale} per Gy"
    return (
        f"{scale} per unit" if any(factor.name == term and factor.per_unit for factor in form.model.factors) else scale
    )
