"""One model of the config: fit, predictions and validation as the tables that its rule writes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lungtox.errors import FitError
from lungtox.models.config import LogisticSettings, ValidationSettings
from lungtox.models.labels import term_label
from lungtox.models.logistic import LogisticFit, fit_logistic
from lungtox.models.schemas import PREDICTIONS, VALIDATION
from lungtox.models.validation import Validation, validate

if TYPE_CHECKING:
    import pandas as pd

OUTCOME = "rp"


@dataclass(frozen=True)
class ModelResult:
    """What the rule of one model writes.

    Attributes
    ----------
    fit : dict
        fit.json; with `converged` false and a `finding` where the model cannot be fitted.
    predictions : DataFrame
        `patient, rp, linear_predictor, probability` of the complete rows.
    validation : DataFrame
        `measure, apparent, optimism, corrected, low, high, resamples, method`.
    """

    fit: dict[str, Any]
    predictions: pd.DataFrame
    validation: pd.DataFrame


def fit_model(
    table: pd.DataFrame,
    *,
    dictionary: pd.DataFrame | None,
    name: str,
    settings: LogisticSettings,
    validation: ValidationSettings,
    rng: np.random.Generator,
    seed: int | None = None,
) -> ModelResult:
    """Fit and validate one model of the config.

    Parameters
    ----------
    table : DataFrame
        The analysis table, with `patient` and `rp`.
    dictionary : DataFrame or None
        The data dictionary: levels, labels, units.
    name : str
        Name of the model in the config.
    settings, validation
        Its settings and those of the validation.
    rng : numpy.random.Generator
        For the resamples.
    seed : int, optional
        Only to be written down.

    Returns
    -------
    ModelResult
        A model that cannot be fitted gives a fit with a finding, and empty tables.

    Raises
    ------
    InputError
        A predictor is not a column of the table.
    """
    try:
        fit = fit_logistic(
            table,
            outcome=OUTCOME,
            predictors=settings.predictors,
            penalty=settings.penalty,
            dictionary=dictionary,
        )
    except FitError as error:
        return ModelResult(_unfitted(name, settings, seed, finding=str(error)), _no_predictions(), _no_validation())
    validated: Validation | None = None
    content = fit_to_json(fit, model=name, dictionary=dictionary, seed=seed)
    try:
        validated = validate(
            table,
            outcome=OUTCOME,
            predictors=settings.predictors,
            penalty=settings.penalty,
            resamples=validation.resamples,
            rng=rng,
            dictionary=dictionary,
        )
    except FitError as error:
        content["warnings"].append(str(error))
    else:
        content["warnings"] += [text for text in validated.warnings if text not in content["warnings"]]
    measures = _no_validation() if validated is None else VALIDATION.validate(validated.measures, lazy=True)
    return ModelResult(content, PREDICTIONS.validate(predict_table(fit, table), lazy=True), measures)


def fit_to_json(
    fit: LogisticFit, *, model: str, dictionary: pd.DataFrame | None = None, seed: int | None = None
) -> dict[str, Any]:
    """Give a fit as the content of fit.json.

    Parameters
    ----------
    fit : LogisticFit
    model : str
        Name of the model in the config.
    dictionary : DataFrame, optional
        Gives labels and units of the terms.
    seed : int, optional

    Returns
    -------
    dict
        Limits that are infinite are None (a warning of the fit says so).
    """
    rows = fit.estimates.to_dict(orient="records")
    return {
        "model": model,
        "outcome": fit.outcome,
        "predictors": list(fit.predictors),
        "penalty": fit.penalty,
        "n": fit.n,
        "events": fit.events,
        "epv": fit.epv,
        "loglik": fit.loglik,
        "converged": fit.converged,
        "separation": {"found": fit.separation.found, "terms": list(fit.separation.terms)},
        "estimates": [
            {"term": row["term"], "label": term_label(str(row["term"]), fit.encoding, dictionary)}
            | {key: _finite(row[key]) for key in ("estimate", "se", "low", "high", "p")}
            for row in rows
        ],
        "covariance": fit.covariance.tolist(),
        "terms": list(fit.encoding.terms),
        "reference_levels": {name: levels[0] for name, levels in fit.encoding.levels.items()},
        "prediction_intercept": fit.prediction_intercept,
        "interval": "penalised profile likelihood" if fit.penalty == "firth" else "profile likelihood",
        "warnings": list(fit.warnings),
        "seed": seed,
    }


def predict_table(fit: LogisticFit, table: pd.DataFrame) -> pd.DataFrame:
    """Give `patient, rp, linear_predictor, probability` of the rows that the model was fitted to."""
    import pandas as pd

    complete = table[[fit.outcome, *fit.predictors]].notna().all(axis=1)
    rows = table.loc[complete]
    return pd.DataFrame(
        {
            "patient": rows["patient"],
            "rp": rows[fit.outcome].astype("int64"),
            "linear_predictor": fit.linear_predictor(rows),
            "probability": fit.predict(rows),
        }
    ).reset_index(drop=True)


def _unfitted(name: str, settings: LogisticSettings, seed: int | None, *, finding: str) -> dict[str, Any]:
    return {
        "model": name,
        "outcome": OUTCOME,
        "predictors": settings.predictors,
        "penalty": settings.penalty,
        "converged": False,
        "finding": finding,
        "estimates": [],
        "terms": [],
        "warnings": [f"Model {name} could not be fitted: {finding}"],
        "seed": seed,
    }


def _no_predictions() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(columns=list(PREDICTIONS.columns))


def _no_validation() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(columns=list(VALIDATION.columns))


def _finite(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None
