"""A fitted NTCP model: its numbers, its predictions, and what fit.json holds of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_expit, log_ndtr

from lungtox.errors import ParameterError
from lungtox.ntcp.covariates import CovariateDesign
from lungtox.ntcp.estimate import NtcpEstimate, beyond_doses
from lungtox.ntcp.general import General, StartReport
from lungtox.ntcp.likelihood import Bernoulli
from lungtox.ntcp.matrix import DoseMatrix, dose_matrix, metric_matrix, uniform_doses
from lungtox.ntcp.nested import NestedTest
from lungtox.ntcp.newton import probability
from lungtox.ntcp.surface import Optimum, Surface

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
        Name of the dose response; ``lungtox.ntcp.RESPONSES`` has them.
    structure, weighting, quantity, alpha_beta_gy
        Of the DVHs; part of the model's identity.
    metric : str
        Dose-volume metric that the model sees instead of gEUD; empty for none.
    fixed : dict
        Parameters that were not estimated.
    n, events : int
        Patients, and those with the outcome.
    loglik : float
    free : int
        Estimated parameters, also those that ended on a boundary.
    converged : bool
        False when the answer lies on a boundary of another parameter than the volume parameter (n, s), or when the
        gradient there is not zero.
    confidence : float
    estimates : tuple of NtcpEstimate
    warnings : tuple of str
        Sentences that belong beside the numbers.
    theta : ndarray
        Estimates and fixed values in the order of ``likelihood.parameters``.
    likelihood : Bernoulli
        The dose response on the patients of the fit.
    design : CovariateDesign or None
    nested : tuple of NestedTest
        Likelihood-ratio tests against simpler models.
    starts : StartReport or None
        Of the general search; None where the exact search was used, which has no starts.
    optimum, surface
        Of the exact search, for curves and profiles; None for the general search.
    general : General or None
        Of the general search.
    """

    model: str
    structure: str
    weighting: str
    quantity: str
    alpha_beta_gy: float | None
    metric: str
    fixed: dict[str, float]
    n: int
    events: int
    loglik: float
    free: int
    converged: bool
    confidence: float
    estimates: tuple[NtcpEstimate, ...]
    warnings: tuple[str, ...]
    theta: Floats = field(repr=False, compare=False)
    likelihood: Bernoulli = field(repr=False, compare=False)
    design: CovariateDesign | None = field(default=None, repr=False, compare=False)
    nested: tuple[NestedTest, ...] = ()
    starts: StartReport | None = None
    optimum: Optimum | None = None
    surface: Surface | None = field(default=None, repr=False, compare=False)
    general: General | None = field(default=None, repr=False, compare=False)

    @property
    def parameters(self) -> pd.DataFrame:
        """Table: parameter, unit, estimate, low, high, fixed, at_boundary, derived (low/high missing: open)."""
        import pandas as pd

        table = pd.DataFrame([vars(item) for item in self.estimates])
        return table.astype({"estimate": float, "low": float, "high": float})

    @property
    def aic(self) -> float:
        """Akaike's criterion."""
        return 2.0 * self.free - 2.0 * self.loglik

    @property
    def aicc(self) -> float:
        """Akaike's criterion with the correction for small samples (Hurvich and Tsai 1989); infinite without room."""
        room = self.n - self.free - 1
        return self.aic + 2.0 * self.free * (self.free + 1) / room if room > 0 else np.inf

    @property
    def bic(self) -> float:
        """Schwarz' criterion, with the number of patients."""
        return float(self.free * np.log(self.n) - 2.0 * self.loglik)

    @property
    def covariates(self) -> tuple[str, ...]:
        """Columns that `predict` needs beside the DVHs."""
        return self.design.encoding.predictors if self.design else ()

    @property
    def references(self) -> dict[str, float]:
        """Covariate values at which the parameters of the dose hold: 0 for 0 and 1, the mean of the cohort else."""
        return dict(zip(self.design.terms, self.design.references, strict=True)) if self.design else {}

    @property
    def dose_gy(self) -> Floats:
        """The model's dose summary of each patient of the fit, see `summarise`."""
        return self._summary(self.likelihood.doses)

    @property
    def adjusted_dose_gy(self) -> Floats:
        """The uniform dose at which a patient at the references has the patient's NTCP, not below 0."""
        if self.design is None:
            return self.dose_gy
        eta = self.likelihood.predictor(self.theta, self.likelihood.doses, self.likelihood.x).eta
        return np.maximum(self.likelihood.response.uniform_gy(self._dose_theta, eta), 0.0)

    @property
    def fitted(self) -> Floats:
        """NTCP of each patient of the fit."""
        eta = self.likelihood.predictor(self.theta, self.likelihood.doses, self.likelihood.x).eta
        return probability(eta, self.likelihood.response.link)

    def __getitem__(self, parameter: str) -> float:
        """Give the estimate of a parameter by name."""
        for item in self.estimates:
            if item.parameter == parameter and item.estimate is not None:
                return item.estimate
        raise KeyError(parameter)

    def summarise(self, dvhs: Sequence[Dvh]) -> Floats:
        """Give the model's dose summary of other DVHs of the same structure, weighting and quantity.

        gEUD in Gy (the mean where n = 1), the metric in its unit, or, for models without gEUD, the uniform dose in Gy
        that has the same NTCP.
        """
        return self._summary(self._doses(dvhs))

    def ntcp_at(self, dose_gy: ArrayLike) -> Floats:
        """Give NTCP of uniform doses in Gy (values of the metric) for a patient at the references."""
        values = np.asarray(dose_gy, dtype=float)
        doses = uniform_doses(values.ravel(), self.likelihood.doses)
        x = np.zeros((values.size, len(self.likelihood.covariates)))
        eta = self.likelihood.predictor(self.theta, doses, x).eta.reshape(values.shape)
        return probability(eta, self.likelihood.response.link)

    def predict(self, dvhs: Sequence[Dvh], covariates: pd.DataFrame | None = None) -> Floats:
        """Give NTCP for each DVH, shape (patients,); covariates as in the fit, one row for each DVH.

        Raises
        ------
        InputError
            A covariate of the model is absent or missing.
        ParameterError
            DVHs of another structure, weighting or quantity.
        """
        return probability(self._eta(dvhs, covariates), self.likelihood.response.link)

    def log_odds(self, dvhs: Sequence[Dvh], covariates: pd.DataFrame | None = None) -> Floats:
        """Give the log-odds of NTCP for each DVH, exact in the tails; arguments as for `predict`."""
        return log_odds(self._eta(dvhs, covariates), self.likelihood)

    def _eta(self, dvhs: Sequence[Dvh], covariates: pd.DataFrame | None) -> Floats:
        x = np.zeros((len(dvhs), 0)) if self.design is None else self.design.columns(covariates, len(dvhs))
        return self.likelihood.predictor(self.theta, self._doses(dvhs), x).eta

    def _doses(self, dvhs: Sequence[Dvh]) -> DoseMatrix:
        own = self.likelihood.doses
        found = metric_matrix(dvhs, self.metric) if self.metric else dose_matrix(dvhs)
        if own.identity != found.identity:
            raise ParameterError(f"this model was fitted to {own.identity}; the DVHs are {found.identity}")
        return found

    @property
    def _dose_theta(self) -> Floats:
        return self.theta[: len(self.likelihood.response.parameters)]

    def _summary(self, doses: DoseMatrix) -> Floats:
        response = self.likelihood.response
        names = [item.name for item in response.parameters]
        if self.metric or response.has_geud:
            return doses.geud_gy(float(self.theta[names.index("n")]) if "n" in names else 1.0)
        return response.uniform_gy(self._dose_theta, response.predictor(self._dose_theta, doses).eta)


def log_odds(eta: Floats, likelihood: Bernoulli) -> Floats:
    """Give the log-odds of a linear predictor."""
    logs = log_ndtr if likelihood.response.link == "probit" else log_expit
    result: Floats = logs(eta) - logs(-eta)
    return result


def fit_to_json(fit: NtcpFit, *, name: str) -> dict[str, Any]:
    """Give the content of fit.json: plain values, None for an open limit."""
    return {
        "ntcp": name,
        "model": fit.model,
        "structure": fit.structure,
        "weighting": fit.weighting,
        "quantity": fit.quantity,
        "alpha_beta_gy": fit.alpha_beta_gy,
        "metric": fit.metric or None,
        "covariates": list(fit.covariates),
        "covariate_effect": fit.design.effect if fit.design else None,
        "references": fit.references,
        "fixed": fit.fixed,
        "n": fit.n,
        "events": fit.events,
        "dose_range_gy": [float(fit.dose_gy.min()), float(fit.dose_gy.max())],
        "loglik": fit.loglik,
        "free_parameters": fit.free,
        "aic": fit.aic,
        "aicc": fit.aicc if np.isfinite(fit.aicc) else None,
        "bic": fit.bic,
        "converged": fit.converged,
        "confidence": fit.confidence,
        "interval": "profile likelihood",
        "parameters": [dict(vars(item)) for item in fit.estimates],
        "nested": [dict(vars(item)) for item in fit.nested],
        "starts": dict(vars(fit.starts)) if fit.starts else None,
        "beyond_doses": beyond_doses(fit.estimates, float(fit.dose_gy.max())) or None,
        "warnings": list(fit.warnings),
    }
