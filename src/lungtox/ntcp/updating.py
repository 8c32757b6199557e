"""Closed testing: whether a published model needs an update on this cohort, and which one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from lungtox.errors import FitError, ParameterError, count_of
from lungtox.ntcp.bernoulli import Likelihood, Maximum, maximise
from lungtox.ntcp.equation import write_equation
from lungtox.ntcp.linear_form import LinearForm, linear_form, predictors
from lungtox.ntcp.newton import probability
from lungtox.ntcp.published import PublishedModel, published_model

if TYPE_CHECKING:
    import pandas as pd

    from lungtox.dose import Dvh

Floats = NDArray[np.float64]
Method = Literal["original", "intercept", "recalibration", "revision"]
METHODS: tuple[Method, ...] = ("original", "intercept", "recalibration", "revision")
MINIMUM_EVENTS = 10
SMALLEST_RESIDUE = 1e-7  # of a column's own length: what is left of it beside the others


@dataclass(frozen=True)
class Update:
    """One way to use the published model, and its test against the most extensive one.

    Attributes
    ----------
    method : {"original", "intercept", "recalibration", "revision"}
    estimated : int
        Parameters that were estimated here.
    loglik : float
    lr, df, p
        Likelihood-ratio statistic, degrees of freedom and p value; None for the most extensive method itself.
    intercept, coefficients
        Of the linear predictor, all of them, estimated here or published.
    kept : tuple of str
        Predictors that keep their published coefficient in a revision, because they do not vary in this cohort or
        follow from the others.
    separated : tuple of str
        Predictors whose coefficient has no finite estimate.
    likelihood, maximum
        For intervals.
    """

    method: Method
    estimated: int
    loglik: float
    lr: float | None
    df: int | None
    p: float | None
    intercept: float
    coefficients: Floats
    kept: tuple[str, ...] = ()
    separated: tuple[str, ...] = ()
    likelihood: Likelihood = field(repr=False, kw_only=True)
    maximum: Maximum = field(repr=False, kw_only=True)


@dataclass(frozen=True)
class ClosedTest:
    """The answer of closed testing.

    Attributes
    ----------
    form : LinearForm
    x : ndarray, shape (patients, predictors)
    n, events : int
    alpha : float
    updates : tuple of Update
        From the least to the most extensive.
    chosen : Update
    """

    form: LinearForm
    x: Floats = field(repr=False)
    n: int
    events: int
    alpha: float
    updates: tuple[Update, ...]
    chosen: Update

    def __getitem__(self, method: str) -> Update:
        """Give one update; a model with one predictor has no revision beside the recalibration."""
        for update in self.updates:
            if update.method == method:
                return update
        raise KeyError(method)

    @property
    def tests(self) -> pd.DataFrame:
        """Table: method, estimated, loglik, lr, df, p, chosen."""
        import pandas as pd

        columns = ["method", "estimated", "loglik", "lr", "df", "p"]
        table = pd.DataFrame([[getattr(item, name) for name in columns] for item in self.updates], columns=columns)
        table = table.astype({"lr": float, "p": float}).astype({"df": "Int64"})
        return table.assign(chosen=table["method"] == self.chosen.method)

    @property
    def equation(self) -> str:
        """The chosen model, as published or updated, to compute by hand."""
        return write_equation(self.form, self.chosen.intercept, self.chosen.coefficients)

    def risk(self, x: Floats, *, method: str | None = None) -> Floats:
        """Give NTCP by the chosen (or the named) update for predictors as in ``x``, shape (patients,)."""
        update = self.chosen if method is None else self[method]
        return probability(update.intercept + x @ update.coefficients, self.form.link)


def closed_testing(
    dvhs: Sequence[Dvh],
    outcome: ArrayLike,
    *,
    model: str | PublishedModel,
    factors: pd.DataFrame | None = None,
    alpha: float = 0.05,
    largest: Literal["recalibration", "revision"] = "revision",
    minimum_events: int = MINIMUM_EVENTS,
    allow_structure: Collection[str] = (),
) -> ClosedTest:
    """Choose between keeping a published model and updating it, by closed testing (Vergouwe 2017).

    Parameters
    ----------
    dvhs : sequence of Dvh
        One for each patient, of a structure and in the dose quantity of the model.
    outcome : array-like, shape (patients,)
        1 or True with the complication, 0 or False without.
    model : str or PublishedModel
    factors : DataFrame, optional
        Clinical columns of a model with factors, one row for each DVH in the same order, none missing.
    alpha : float
        Level of each test.
    largest : {"recalibration", "revision"}
        Most extensive update on offer. Set beforehand, not after a look at the result.
    minimum_events : int
        Fewest patients with, and without, the outcome.
    allow_structure : collection of str
        Structures that the model does not list but may be applied to.

    Returns
    -------
    ClosedTest

    Raises
    ------
    FitError
        No events, only events, or too few of either; a dose that is the same for every patient.
    InputError
        DVHs or factors that the model does not take.
    ParameterError
        Outcomes other than 0 and 1, lengths that differ, alpha outside (0, 1).

    Notes
    -----
    Likelihood-ratio tests of the revision (intercept and all p coefficients) against the model as published (df p + 1),
    against a new intercept (df p) and against recalibration (intercept and one slope for the linear predictor, df
    p - 1), in this order. The first that is not significant decides; when all are, the model is revised. With one
    predictor recalibration is the revision: two tests, df 2 and 1. Everything happens on the model's own link, so that
    an updated LKB model is an LKB model; its n stays. Vergouwe et al. Stat Med 2017;36:4529-4539.
    """
    published = published_model(model) if isinstance(model, str) else model
    form = linear_form(published)
    x = predictors(form, dvhs, factors, allow_structure=allow_structure)
    return choose_update(form, x, outcome, alpha=alpha, largest=largest, minimum_events=minimum_events)


def choose_update(
    form: LinearForm,
    x: Floats,
    outcome: ArrayLike,
    *,
    alpha: float = 0.05,
    largest: Literal["recalibration", "revision"] = "revision",
    minimum_events: int = MINIMUM_EVENTS,
) -> ClosedTest:
    """Do the work of `closed_testing` on predictors, shape (patients, predictors)."""
    if not 0.0 < alpha < 1.0:
        raise ParameterError(f"alpha must lie between 0 and 1, got {alpha:g}")
    sign = checked_outcome(outcome, len(x))
    events = int((sign > 0).sum())
    _require_events(events, len(sign), minimum_events)
    fits = [fit_update(method, form, x, sign) for method in _methods(form, x, largest)]
    top = fits[-1]
    updates = tuple(_tested(fit, top) for fit in fits[:-1])
    chosen = next((update for update in updates if update.p is not None and update.p >= alpha), top)
    return ClosedTest(form, x, len(sign), events, alpha, (*updates, top), chosen)


def checked_outcome(outcome: ArrayLike, patients: int) -> Floats:
    """Give +1 and -1 for outcomes 1 and 0; ParameterError for anything else."""
    values = np.asarray(outcome, dtype=float)
    if values.shape != (patients,):
        raise ParameterError(f"one outcome is needed for each of {patients} patients, got shape {values.shape}")
    if not np.isin(values, (0.0, 1.0)).all():
        raise ParameterError("outcome must be 0 or 1; leave out patients who are neither, and say so")
    return np.where(values == 1.0, 1.0, -1.0)


def fit_update(method: Method, form: LinearForm, x: Floats, sign: Floats) -> Update:
    """Fit one update, not yet tested."""
    published = x @ form.coefficients
    ones = np.ones((len(x), 1))
    free = independent_columns(x) if method == "revision" else []
    kept = [column for column in range(x.shape[1]) if column not in free] if method == "revision" else []
    designs: dict[Method, tuple[Floats, Floats]] = {
        "original": (np.empty((len(x), 0)), form.intercept + published),
        "intercept": (ones, published),
        "recalibration": (np.column_stack([ones, published]), np.zeros(len(x))),
        "revision": (np.column_stack([ones, x[:, free]]), x[:, kept] @ form.coefficients[kept]),
    }
    design, offset = designs[method]
    likelihood = Likelihood(design, offset, sign, form.link)
    found = maximise(likelihood, check=True)
    coefficients = form.coefficients.copy()
    if method == "recalibration":
        coefficients = found.beta[1] * coefficients
    coefficients[free] = found.beta[1:] if method == "revision" else coefficients[free]
    names = ["intercept", *(("slope",) if method == "recalibration" else [form.terms[column] for column in free])]
    return Update(
        method,
        design.shape[1],
        found.loglik,
        None,
        None,
        None,
        form.intercept if method == "original" else float(found.beta[0]),
        coefficients,
        tuple(form.terms[column] for column in kept),
        tuple(names[column] for column in found.separated if column > 0),
        likelihood=likelihood,
        maximum=found,
    )


def independent_columns(x: Floats) -> list[int]:
    """Give the columns that vary and do not follow from the intercept and the columns before them."""
    basis = np.full((len(x), 1), 1.0 / np.sqrt(len(x)))
    found = []
    for column in range(x.shape[1]):
        values = x[:, column]
        left = values - basis @ (basis.T @ values)
        left = left - basis @ (basis.T @ left)
        length = float(np.linalg.norm(left))
        if length > SMALLEST_RESIDUE * max(float(np.linalg.norm(values)), 1e-300):
            basis = np.column_stack([basis, left / length])
            found.append(column)
    return found


def _methods(form: LinearForm, x: Floats, largest: str) -> tuple[Method, ...]:
    """Give the methods that differ from each other; FitError where the dose does not vary."""
    free = independent_columns(x)
    if 0 not in free:
        raise FitError("the dose is the same for every patient: it cannot be told whether its effect needs an update")
    return METHODS if len(free) > 1 and largest == "revision" else METHODS[:3]


def _require_events(events: int, n: int, minimum: int) -> None:
    if min(events, n - events) >= minimum:
        return
    if min(events, n - events) == 0:
        found = f"no events among {n} patients" if events == 0 else f"all {n} patients have the outcome"
    else:
        found = f"{events} of {count_of(n, 'patient')} with the outcome"
    raise FitError(
        f"too few events to update: {found}, at least {minimum} with and {minimum} without are needed. Keep the model "
        "as published, or combine it with the cohort by Bayesian updating."
    )


def _tested(fit: Update, top: Update) -> Update:
    lr = max(0.0, 2.0 * (top.loglik - fit.loglik))
    df = top.estimated - fit.estimated
    return Update(
        fit.method, fit.estimated, fit.loglik, lr, df, float(chdtrc(df, lr)), fit.intercept, fit.coefficients, fit.kept,
        fit.separated, likelihood=fit.likelihood, maximum=fit.maximum,
    )  # fmt: skip
