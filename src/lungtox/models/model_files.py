"""A logistic fit as the content of its files."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lungtox.models.config import LogisticSettings
from lungtox.models.labels import term_label
from lungtox.models.logistic_fit import LogisticFit

if TYPE_CHECKING:
    import pandas as pd


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
    shrunken = fit.strength is not None
    return {
        "model": model,
        "outcome": fit.outcome,
        "predictors": list(fit.predictors),
        "chosen": list(fit.chosen),
        "selection": fit.selection,
        "candidates": fit.candidates,
        "penalty": fit.penalty,
        "strength": fit.strength,
        "mix": fit.mix,
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
        "joint": [{"name": name, "df": df, "p": p} for name, df, p in fit.joint],
        "covariance": None if shrunken else fit.covariance.tolist(),
        "terms": [str(row["term"]) for row in rows],
        "reference_levels": {name: levels[0] for name, levels in fit.encoding.levels.items()},
        "transforms": {
            name: {"kind": one.kind, "centre": one.centre, "scale": one.scale, "knots": list(one.knots)}
            for name, one in fit.encoding.transforms.items()
        },
        "prediction_intercept": fit.prediction_intercept,
        "interval": _interval_words(fit),
        "warnings": list(fit.warnings),
        "seed": seed,
    }


def _interval_words(fit: LogisticFit) -> str:
    if fit.strength is not None:
        return "no"
    if fit.weights is not None:
        return "robust (sandwich) Wald"
    return "penalised profile likelihood" if fit.penalty == "firth" else "profile likelihood"


def predict_table(fit: LogisticFit, table: pd.DataFrame) -> pd.DataFrame:
    """Give `patient, rp, weight, linear_predictor, probability` of the rows that the model was fitted to."""
    import pandas as pd

    complete = table[[fit.outcome, *fit.predictors]].notna().all(axis=1)
    rows = table.loc[complete]
    return pd.DataFrame(
        {
            "patient": rows["patient"],
            "rp": rows[fit.outcome].astype("int64"),
            "weight": 1.0 if fit.weights is None else fit.weights,
            "linear_predictor": fit.linear_predictor(rows),
            "probability": fit.predict(rows),
        }
    ).reset_index(drop=True)


def unfitted_json(
    name: str, settings: LogisticSettings, seed: int | None, *, outcome: str, finding: str
) -> dict[str, Any]:
    """Give the content of fit.json of a model that cannot be fitted."""
    return {
        "model": name,
        "outcome": outcome,
        "predictors": settings.predictors,
        "penalty": settings.penalty,
        "selection": "none" if settings.selection is None else settings.selection.method,
        "converged": False,
        "finding": finding,
        "estimates": [],
        "terms": [],
        "warnings": [f"Model {name} could not be fitted: {finding}"],
        "seed": seed,
    }


def _finite(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None
