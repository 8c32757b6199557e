"""One model of the config from the analysis table: the fit, its checks and the tables that its rule writes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lungtox.errors import FitError, ParameterError
from lungtox.models.collinearity import measure_collinearity
from lungtox.models.config import LogisticSettings, MissingSettings, ValidationSettings
from lungtox.models.design import build_design
from lungtox.models.influence import measure_influence
from lungtox.models.known_outcomes import OUTCOME, know_outcomes, other_codings
from lungtox.models.labels import column_label
from lungtox.models.logistic import fit_logistic
from lungtox.models.logistic_fit import LogisticFit
from lungtox.models.missing_data import make_imputer
from lungtox.models.model_files import fit_to_json, predict_table, unfitted_json
from lungtox.models.model_schemas import (
    CALIBRATION,
    COLLINEARITY,
    DECISION,
    INFLUENCE,
    LEVELS,
    PREDICTIONS,
    SELECTION,
    STABILITY,
    TREE,
    VALIDATION,
)
from lungtox.models.sample_size import minimum_sample_size
from lungtox.models.validation import Imputer, Validation, validate

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa

SCHEMAS: dict[str, pa.DataFrameSchema] = {
    "predictions": PREDICTIONS,
    "validation": VALIDATION,
    "calibration": CALIBRATION,
    "decision": DECISION,
    "stability": STABILITY,
    "selection": SELECTION,
    "internal_external": LEVELS,
    "collinearity": COLLINEARITY,
    "dendrogram": TREE,
    "influence": INFLUENCE,
}


@dataclass(frozen=True)
class ModelResult:
    """What the rule of one model writes.

    Attributes
    ----------
    fit : dict
        fit.json; with `converged` false and a `finding` where the model cannot be fitted.
    tables : dict of str to DataFrame
        By the name of their file, without its ending (docs/file-contracts.md); without rows where a model cannot be
        fitted or a table does not apply.
    """

    fit: dict[str, Any]
    tables: dict[str, pd.DataFrame]

    @property
    def predictions(self) -> pd.DataFrame:
        """`patient, rp, weight, linear_predictor, probability` of the complete rows."""
        return self.tables["predictions"]

    @property
    def validation(self) -> pd.DataFrame:
        """Apparent and corrected performance."""
        return self.tables["validation"]


def fit_model(
    table: pd.DataFrame,
    *,
    dictionary: pd.DataFrame | None,
    name: str,
    settings: LogisticSettings,
    validation: ValidationSettings,
    rng: np.random.Generator,
    seed: int | None = None,
    missing: MissingSettings | None = None,
    draws: pd.DataFrame | None = None,
    start: str = "rt_end",
) -> ModelResult:
    """Fit and validate one model of the config.

    Parameters
    ----------
    table : DataFrame
        The analysis table, with `patient` and `rp`; where outcomes are unknown also `rp_status` and `time_months`.
    dictionary : DataFrame or None
        The data dictionary: levels, labels, units.
    name : str
        Name of the model in the config.
    settings, validation
        Its settings and those of the validation.
    rng : numpy.random.Generator
        For tuning and resamples.
    seed : int, optional
        Only to be written down.
    missing : MissingSettings, optional
        How gaps are imputed where `validation.impute` asks for it.
    draws : DataFrame, optional
        The cytokine table: with it, a model that uses a value drawn during radiotherapy starts at the draw.
    start : {"rt_start", "rt_end"}
        Where the window starts.

    Returns
    -------
    ModelResult
        A model that cannot be fitted gives a fit with a finding, and empty tables.

    Raises
    ------
    InputError
        A predictor is not a column of the table, or columns for weights or landmark are missing.
    """
    known = know_outcomes(table, settings, draws=draws, start=start)
    table = known.table
    plan: dict[str, Any] = {
        "outcome": OUTCOME,
        "predictors": settings.predictors,
        "penalty": settings.penalty,
        "dictionary": dictionary,
        "transforms": settings.transforms,
        "interactions": settings.interactions,
        "selection": settings.selection,
        "weight": known.weight,
    }
    folds = int(rng.integers(2**62))
    try:
        fit = fit_logistic(table, **plan, rng=np.random.default_rng(folds))
    except (FitError, ParameterError) as error:
        return ModelResult(unfitted_json(name, settings, seed, outcome=OUTCOME, finding=str(error)), _checked({}))
    content = fit_to_json(fit, model=name, dictionary=dictionary, seed=seed)
    content |= known.describe(fit) | {"codings": other_codings(known, name, settings, dictionary)}
    content["sample_size"] = _sample_size(fit, validation)
    content["warnings"] += known.sentences(fit) + _size_warning(content["sample_size"], fit)
    tables = {"predictions": predict_table(fit, table), **_checks(table, fit, settings, dictionary)}
    imputer = _imputer(table, settings, validation, missing, dictionary)
    if imputer is not None:
        content["warnings"].append(
            f"Validated with gaps imputed inside each resample ({int(table[OUTCOME].notna().sum())} patients); the "
            f"estimates are of the {fit.n} complete rows."
        )
    try:
        validated = validate(
            table,
            **plan,
            rng=rng,
            tuning=np.random.default_rng(folds),
            resamples=validation.resamples,
            folds=validation.folds,
            repeats=validation.repeats,
            thresholds=_thresholds(validation),
            by=validation.by if validation.by in table else None,
            imputer=imputer,
        )
    except FitError as error:
        content["warnings"].append(str(error))
    else:
        content["leads"] = validated.leads
        content["warnings"] += [text for text in validated.warnings if text not in content["warnings"]]
        tables |= _validated_tables(validated, table)
    if validation.by is not None and validation.by not in table:
        content["warnings"].append(f"No column {validation.by}: no internal-external validation.")
    return ModelResult(content, _checked(tables))


def _imputer(
    table: pd.DataFrame,
    settings: LogisticSettings,
    validation: ValidationSettings,
    missing: MissingSettings | None,
    dictionary: pd.DataFrame | None,
) -> Imputer | None:
    """Give what completes the rows of a resample, where it is asked for and anything is missing."""
    gaps = table.loc[table[OUTCOME].notna(), settings.predictors].isna().any(axis=None)
    if not (validation.impute and gaps) or missing is None or missing.method == "complete-case":
        return None
    return make_imputer(missing, predictors=settings.predictors, dictionary=dictionary)


def _checked(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Give every table of a model, in the form of its schema; those not made have no rows."""
    import pandas as pd

    return {
        name: schema.validate(tables[name], lazy=True)
        if name in tables and len(tables[name])
        else pd.DataFrame(columns=list(schema.columns))
        for name, schema in SCHEMAS.items()
    }


def _validated_tables(validated: Validation, table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    stability = validated.stability.copy()
    rows = table.iloc[stability.pop("row")]
    stability.insert(0, "patient", rows["patient"].to_numpy())
    stability.insert(1, "rp", rows[OUTCOME].astype("int64").to_numpy())
    return {
        "validation": validated.measures,
        "calibration": validated.calibration,
        "decision": validated.decision,
        "stability": stability,
        "selection": validated.selection,
        "internal_external": validated.levels,
    }


def _checks(
    table: pd.DataFrame, fit: LogisticFit, settings: LogisticSettings, dictionary: pd.DataFrame | None
) -> dict[str, pd.DataFrame]:
    """Look at collinearity of the candidates, and at the influence of patients on a fit by maximum likelihood."""
    design = build_design(
        table, outcome=OUTCOME, predictors=settings.predictors, dictionary=dictionary, transforms=settings.transforms,
        interactions=settings.interactions, candidates=True,
    )  # fmt: skip
    close = measure_collinearity(table, design)
    candidates = close.candidates.copy()
    candidates.insert(1, "label", [column_label(column, dictionary) for column in candidates["column"]])
    found = {"collinearity": candidates, "dendrogram": close.tree}
    if fit.penalty == "none":
        terms = tuple(fit.estimates["term"])
        columns = [design.encoding.terms.index(term) for term in terms]
        beta = fit.estimates["estimate"].to_numpy(dtype=np.float64)
        influence = measure_influence(design.x[:, columns], design.y, beta, terms=terms, weights=fit.weights)
        influence.insert(0, "patient", table.loc[design.rows, "patient"].to_numpy())
        influence.insert(1, "rp", design.y.astype("int64"))
        found["influence"] = influence
    return found


def _thresholds(validation: ValidationSettings) -> list[float]:
    chosen = validation.thresholds
    count = math.floor((chosen.high - chosen.low) / chosen.step + 1e-9) + 1
    return [round(chosen.low + chosen.step * index, 10) for index in range(max(count, 1))]


def _sample_size(fit: LogisticFit, validation: ValidationSettings) -> dict[str, Any] | None:
    if fit.candidates < 1:
        return None
    needed = minimum_sample_size(parameters=fit.candidates, rate=fit.events / fit.n, auc=validation.expected_auc)
    return {
        "required": needed.required,
        "shrinkage": needed.shrinkage,
        "optimism": needed.optimism,
        "rate": needed.rate,
        "parameters": fit.candidates,
        "expected_auc": validation.expected_auc,
        "r2": needed.r2,
    }


def _size_warning(size: dict[str, Any] | None, fit: LogisticFit) -> list[str]:
    if size is None or size["required"] <= fit.n:
        return []
    return [
        f"{fit.n} patients; Riley's criteria ask for {size['required']} ({size['parameters']} candidate parameters, "
        f"AUC of {size['expected_auc']:g} expected)."
    ]
