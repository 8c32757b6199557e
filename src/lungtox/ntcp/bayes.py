"""Bayesian updating of a published model with a small cohort: normal prior, Laplace approximation, no sampler."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, ndtri

from lungtox.errors import FitError, ParameterError
from lungtox.ntcp.equation import write_equation
from lungtox.ntcp.linear_form import LinearForm, linear_form, predictors
from lungtox.ntcp.newton import log_probability, probability, slope_and_weight
from lungtox.ntcp.prior import NormalPrior, normal_prior
from lungtox.ntcp.published import PublishedModel, published_model
from lungtox.ntcp.updating import checked_outcome

if TYPE_CHECKING:
    import pandas as pd

    from lungtox.dose import Dvh

Floats = NDArray[np.float64]
NEWTON_STEPS, HALVINGS = 100, 40


@dataclass(frozen=True)
class BayesianUpdate:
    """A published dose response combined with a cohort.

    Attributes
    ----------
    form : LinearForm
    prior : NormalPrior
    n, events : int
    mean : ndarray, shape (2,)
        Mode of the posterior on the prior's scale, taken as its mean.
    covariance : ndarray, shape (2, 2)
    prior_share : float
        Share of the information that comes from the publication, 0 to 1: mean over the parameters, the same on every
        scale.
    conflict_p : float
        How surprising the cohort is under the published model with its printed uncertainty (prior predictive test on
        the score, 2 df).
    """

    form: LinearForm
    prior: NormalPrior
    n: int
    events: int
    mean: Floats
    covariance: Floats
    prior_share: float
    conflict_p: float

    @property
    def worth_patients(self) -> float:
        """Number of patients like those of the cohort that the publication counts for."""
        return self.n * self.prior_share / (1.0 - self.prior_share) if self.prior_share < 1.0 else np.inf

    @property
    def weight_words(self) -> str:
        """Say in words what the prior weighs."""
        share, patients = 100.0 * self.prior_share, self.worth_patients
        about = f"{patients:.2g}" if patients < 100.0 else f"{round(patients, -1):.0f}"
        return (
            f"The published parameters carry {share:.0f} % of the information and the {self.n} patients here "
            f"{100.0 - share:.0f} %: the publication counts for about {about} patients like these."
        )

    @property
    def coefficients(self) -> Floats:
        """All coefficients of the linear predictor without the intercept; factors as published."""
        updated = self.form.coefficients.copy()
        updated[0] = self.prior.line(self.mean)[0][1]
        return updated

    @property
    def intercept(self) -> float:
        """Intercept of the linear predictor."""
        return float(self.prior.line(self.mean)[0][0])

    @property
    def equation(self) -> str:
        """The updated model, to compute by hand."""
        return write_equation(self.form, self.intercept, self.coefficients)

    def parameters(self, *, confidence: float = 0.95) -> pd.DataFrame:
        """Table: parameter, unit, published, published_low, published_high, estimate, low, high (credible interval)."""
        import pandas as pd

        model = self.form.model
        z = float(ndtri(0.5 + confidence / 2.0)) * np.sqrt(np.diag(self.covariance))
        rows = [
            [name, "Gy" if name == "td50_gy" else "", model.parameters[name], *model.intervals[name], *ends]
            for name, *ends in zip(
                self.prior.names,
                *(self.prior.values(self.mean + shift) for shift in (0.0 * z, -z, z)),
                strict=True,
            )
        ]
        columns = ["parameter", "unit", "published", "published_low", "published_high", "estimate", "low", "high"]
        return pd.DataFrame(rows, columns=columns)

    def risk(self, x: Floats) -> Floats:
        """Give NTCP at the posterior mode for predictors, shape (patients,)."""
        return probability(self.intercept + x @ self.coefficients, self.form.link)

    def curve(self, dose_gy: ArrayLike, *, confidence: float = 0.95) -> pd.DataFrame:
        """Give NTCP of the reference patient by uniform dose: dose_gy, ntcp, low, high (pointwise credible band)."""
        import pandas as pd

        doses = np.asarray(dose_gy, dtype=float)
        line, gradient, _ = self.prior.line(self.mean)
        at = np.column_stack([np.ones_like(doses), doses])
        eta = at @ line + reference_terms(self.form)
        spread = np.sqrt(np.einsum("ij,jk,ik->i", at @ gradient, self.covariance, at @ gradient))
        z = float(ndtri(0.5 + confidence / 2.0))
        low, high = (probability(eta + side * z * spread, self.form.link) for side in (-1.0, 1.0))
        return pd.DataFrame({"dose_gy": doses, "ntcp": probability(eta, self.form.link), "low": low, "high": high})


def reference_terms(form: LinearForm) -> float:
    """Give what the factors of the reference patient add to the linear predictor."""
    per_unit = [60.0 * factor.coefficient for factor in form.model.factors if factor.per_unit]
    return float(sum(per_unit))


def bayesian_update(
    dvhs: Sequence[Dvh],
    outcome: ArrayLike,
    *,
    model: str | PublishedModel,
    factors: pd.DataFrame | None = None,
    correlation: float = 0.0,
    between: float = 0.0,
    allow_structure: Collection[str] = (),
) -> BayesianUpdate:
    """Combine the printed parameters of a published model with a cohort.

    Parameters
    ----------
    dvhs : sequence of Dvh
        One for each patient, of a structure and in the dose quantity of the model.
    outcome : array-like, shape (patients,)
        1 or True with the complication, 0 or False without; one kind alone is enough.
    model : str or PublishedModel
        With printed intervals.
    factors : DataFrame, optional
        Clinical columns of a model with factors, one row for each DVH in the same order, none missing.
    correlation : float
        Assumed between the two printed parameters (see `normal_prior`).
    between : float
        Assumed standard deviation of the intercept between hospitals, on the model's link (see `normal_prior`).
    allow_structure : collection of str
        Structures that the model does not list but may be applied to.

    Returns
    -------
    BayesianUpdate

    Raises
    ------
    InputError
        No printed intervals; DVHs or factors that the model does not take.
    ParameterError
        Outcomes other than 0 and 1, lengths that differ.
    FitError
        No patient, or no finite mode.

    Notes
    -----
    Prior: normal with the published values as mean and standard deviations from the printed 95 % intervals, for the
    logarithms of TD50, m and gamma50 or for b0 and b1. Posterior: normal around the highest point of likelihood times
    prior, with the inverse of the second derivatives as covariance (Laplace; Gelman et al., Bayesian Data Analysis, 3rd
    ed., ch. 4). The published odds ratios of factors and the volume parameter n stay as they are.
    """
    published = published_model(model) if isinstance(model, str) else model
    prior = normal_prior(published, correlation=correlation, between=between)
    form = linear_form(published)
    x = predictors(form, dvhs, factors, allow_structure=allow_structure)
    return combine(form, prior, x, outcome)


def combine(form: LinearForm, prior: NormalPrior, x: Floats, outcome: ArrayLike) -> BayesianUpdate:
    """Do the work of `bayesian_update` on predictors, shape (patients, predictors)."""
    sign = checked_outcome(outcome, len(x))
    if len(x) == 0:
        raise FitError("no patient left: there is nothing to combine with the published model")
    if x.shape[1] != len(form.terms):
        raise ParameterError(f"{len(form.terms)} predictors are needed ({', '.join(form.terms)}), got {x.shape[1]}")
    posterior = _Posterior(form, prior, x, sign)
    mean, precision = posterior.climb()
    covariance = np.asarray(np.linalg.inv(precision), dtype=np.float64)
    share = float(np.trace(np.linalg.solve(prior.covariance, covariance))) / len(mean)
    return BayesianUpdate(
        form,
        prior,
        len(x),
        int((sign > 0).sum()),
        mean,
        covariance,
        min(share, 1.0),
        posterior.conflict(),
    )


class _Posterior:
    """Likelihood times prior as a function of the two parameters."""

    def __init__(self, form: LinearForm, prior: NormalPrior, x: Floats, sign: Floats) -> None:
        self.prior, self.sign, self.link = prior, sign, form.link
        self.design = np.column_stack([np.ones(len(x)), x[:, 0]])
        self.offset: Floats = x[:, 1:] @ form.coefficients[1:]
        self.precision = np.linalg.inv(prior.covariance)

    def height(self, theta: Floats) -> float:
        line, _, _ = self.prior.line(theta)
        away = theta - self.prior.mean
        loglik = float(log_probability(self.sign * (self.offset + self.design @ line), self.link).sum())
        return loglik - 0.5 * float(away @ self.precision @ away)

    def derivatives(self, theta: Floats) -> tuple[Floats, Floats, Floats]:
        """Give the gradient of the log-likelihood, its negative second derivatives, and its Fisher-like part."""
        line, gradient, curvature = self.prior.line(theta)
        slope, weight = slope_and_weight(self.offset + self.design @ line, self.sign, self.link)
        score = self.design.T @ slope
        fisher = gradient.T @ ((self.design.T * weight) @ self.design) @ gradient
        return gradient.T @ score, fisher - np.einsum("c,cij->ij", score, curvature), fisher

    def climb(self) -> tuple[Floats, Floats]:
        """Give the mode and the negative second derivatives there."""
        theta, height = self.prior.mean.copy(), self.height(self.prior.mean)
        for _ in range(NEWTON_STEPS):
            score, observed, fisher = self.derivatives(theta)
            gradient = score - self.precision @ (theta - self.prior.mean)
            step = np.linalg.solve(_positive(self.precision + observed, self.precision + fisher), gradient)
            if float(gradient @ step) < 1e-16:
                break
            trials = (theta + step * 0.5**halving for halving in range(HALVINGS))
            better = next((trial for trial in trials if self.height(trial) > height), None)
            if better is None:
                break
            theta, height = better, self.height(better)
        _, observed, _ = self.derivatives(theta)
        precision = self.precision + observed
        if not (np.linalg.eigvalsh(precision) > 0.0).all():
            raise FitError("the posterior has no finite maximum near the published parameters")
        return theta, precision

    def conflict(self) -> float:
        """Give the p value of the cohort's score at the published parameters, with their uncertainty counted in."""
        score, _, _ = self.derivatives(self.prior.mean)
        line, gradient, _ = self.prior.line(self.prior.mean)
        eta = self.offset + self.design @ line
        information = gradient.T @ _expected_information(self.design, eta, self.link) @ gradient
        variance = information + information @ self.prior.covariance @ information
        return float(chdtrc(len(score), float(score @ np.linalg.solve(variance, score))))


def _positive(matrix: Floats, fallback: Floats) -> Floats:
    return matrix if (np.linalg.eigvalsh(matrix) > 0.0).all() else fallback


def _expected_information(design: Floats, eta: Floats, link: str) -> Floats:
    """Give the expected information of intercept and slope: the density of the link squared over p (1 - p)."""
    p = np.clip(probability(eta, "probit" if link == "probit" else "logit"), 1e-12, 1.0 - 1e-12)
    density = np.exp(-0.5 * eta**2) / np.sqrt(2.0 * np.pi) if link == "probit" else p * (1.0 - p)
    weight = density**2 / (p * (1.0 - p))
    information: Floats = (design.T * weight) @ design
    return information
