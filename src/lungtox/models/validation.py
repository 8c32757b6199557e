"""Internal validation of a logistic model: optimism bootstrap beside repeated cross-validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from lungtox.errors import FitError, ParameterError, count_of
from lungtox.models.config import SelectionSettings, TransformSettings
from lungtox.models.design import Design, build_design
from lungtox.models.performance import MEASURES as MEASURES
from lungtox.models.recipe import SHRINKING, Penalty, Recipe, make_recipe
from lungtox.models.resampling import (
    Axes,
    Bootstrap,
    Cohort,
    bootstrap,
    cross_validate,
    leave_level_out,
)
from lungtox.models.validation_tables import (
    BOOTSTRAP,
    calibration_table,
    cross_validation_table,
    decision_table,
    level_table,
    measure_table,
    selection_table,
    stability_table,
)
from lungtox.models.weights import row_weights

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]
# Completes the missing values of a table of patients with known outcome: one completed table for each imputation.
Imputer = Callable[["pd.DataFrame", np.random.Generator], "Sequence[pd.DataFrame]"]

METHOD = BOOTSTRAP
FEW_EVENTS_PER_CANDIDATE = 10.0
GRID_POINTS = 41
THRESHOLDS = tuple(round(0.05 + 0.01 * step, 2) for step in range(46))


@dataclass(frozen=True)
class Validation:
    """Performance of a model, apparent and corrected for optimism.

    Attributes
    ----------
    measures : DataFrame
        Columns `measure (auc|slope|citl|brier|scaled_brier|ici|e90), approach (bootstrap|cross-validation), apparent,
        optimism, corrected, low, high, resamples, method`. corrected = apparent - optimism. Bootstrap: `low` and `high`
        bound the middle 95 % of the corrected values over the resamples; cross-validation: over the repeats.
        How unstable the figure is, not a confidence interval. `resamples` counts those that were usable.
        slope: calibration slope; citl: calibration-in-the-large, the intercept with the linear predictor as offset;
        ici, e90: mean and 90th percentile of the distance between predicted and smoothed observed risk.
    calibration : DataFrame
        `predicted, apparent, corrected, low, high`: smooth calibration curve with a pointwise 95 % band of sampling.
    decision : DataFrame
        `threshold, apparent, corrected, low, high, all`: net benefit of the model and of treating all (of none: 0).
    stability : DataFrame
        `row, probability, low, high, mean_absolute_difference`: each patient's risk, and the middle 95 % of what the
        refits give this patient.
    selection : DataFrame
        `kind (predictor|model), name, chosen, count, share, resamples`: how often the resamples chose each predictor,
        and each set of predictors; empty where nothing is selected.
    levels : DataFrame
        `column, level, n, events` and the measures: internal-external validation; empty without a column.
    n, events : int
    candidates : int
        Parameters beside the intercept that the recipe could choose from.
    leads : str
        ``cross-validation`` below ten events per candidate parameter, where the bootstrap stays too optimistic; else
        ``bootstrap``.
    warnings : tuple of str
    """

    measures: pd.DataFrame
    calibration: pd.DataFrame
    decision: pd.DataFrame
    stability: pd.DataFrame
    selection: pd.DataFrame
    levels: pd.DataFrame
    n: int
    events: int
    candidates: int
    leads: str
    warnings: tuple[str, ...]


def validate(
    table: pd.DataFrame,
    *,
    outcome: str = "rp",
    predictors: Sequence[str],
    penalty: Penalty = "none",
    resamples: int,
    rng: np.random.Generator,
    dictionary: pd.DataFrame | None = None,
    transforms: Mapping[str, TransformSettings] | None = None,
    interactions: Sequence[Sequence[str]] = (),
    selection: SelectionSettings | None = None,
    imputer: Imputer | None = None,
    folds: int = 10,
    repeats: int = 20,
    thresholds: Sequence[float] = THRESHOLDS,
    by: str | None = None,
    tuning: np.random.Generator | None = None,
    weight: str | None = None,
) -> Validation:
    """Validate `fit_logistic` on the patients it is fitted to (Harrell, Lee and Mark 1996).

    Every resample repeats the whole fit: imputation, selection, standardising and tuning of a penalty, the switch to
    Firth at separation and the FLIC intercept. The optimism is the mean difference between a refit's performance on its
    own resample and on the original patients. Knots of splines stay where all patients put them: they do not see the
    outcome.

    Parameters
    ----------
    table, outcome, predictors, penalty, dictionary, transforms, interactions, selection
        As for `fit_logistic`.
    resamples : int
        At least 1.
    rng : numpy.random.Generator
    imputer : callable, optional
        Given a table and a generator, completes it (at least once). Called for all patients with known outcome, and
        again for each resample and each training part with their rows alone. Without it: complete rows.
    folds, repeats : int
        Of the cross-validation; no repeats: none.
    thresholds : sequence of float
        Threshold probabilities of the net benefit.
    by : str, optional
        Column whose levels are left out in turn.
    tuning : numpy.random.Generator, optional
        For the folds of the tuning on all patients; in the state in which `fit_logistic` got it, the model that is
        validated is the one that was fitted there.
    weight : str, optional
        Column of weights, as for `fit_logistic`. Resamples and folds take them along as they are; every figure is a
        weighted one.

    Returns
    -------
    Validation

    Raises
    ------
    ParameterError
        No resamples asked for, or a threshold outside of (0, 1).
    InputError, FitError
        As for `fit_logistic`; FitError also where no resample could be fitted.
    """
    if resamples < 1:
        raise ParameterError(f"resamples must be at least 1, got {resamples}")
    cuts = np.asarray(thresholds, dtype=np.float64)
    if not ((cuts > 0.0) & (cuts < 1.0)).all():
        raise ParameterError("thresholds must be probabilities between 0 and 1")
    cohort, design = _cohort(
        table, outcome, predictors, dictionary, transforms, interactions,
        candidates=selection is not None or penalty in SHRINKING, imputer=imputer, rng=rng,
    )  # fmt: skip
    cohort = replace(cohort, weights=row_weights(table, design, weight))
    recipe = make_recipe(design.encoding.groups, penalty=penalty, selection=selection)
    model = recipe.fit(cohort.x, cohort.y, tuning or rng, cohort.weights)
    if model is None:
        raise AssertionError("a design has both outcomes")
    risk = expit(cohort.x @ model.beta).mean(axis=0)
    axes = Axes(np.linspace(risk.min(), risk.max(), GRID_POINTS if risk.max() > risk.min() else 1), cuts)
    found = bootstrap(cohort, recipe, model, resamples=resamples, axes=axes, rng=rng)
    measures = measure_table(found)
    warnings = _warnings(design, recipe, resamples, found)
    if repeats:
        try:
            values, used = cross_validate(cohort, recipe, folds=folds, repeats=repeats, rng=rng)
            measures = cross_validation_table(measures, found, values, folds=used)
        except FitError as error:
            warnings.append(f"{error}")
    candidates = design.x.shape[1] - 1
    smaller = min(design.events, design.n - design.events)
    few = candidates > 0 and smaller / candidates < FEW_EVENTS_PER_CANDIDATE
    crossed = bool((measures["approach"] == "cross-validation").any())
    levels = _levels(table, design, by) if by else None
    return Validation(
        measures=measures,
        calibration=calibration_table(found, axes),
        decision=decision_table(found, axes, float(np.average(cohort.y, weights=cohort.weights))),
        stability=stability_table(found, risk, design.rows),
        selection=selection_table(found, model, recipe),
        levels=level_table(by or "", [] if levels is None else leave_level_out(cohort, recipe, levels, rng)),
        n=design.n,
        events=design.events,
        candidates=candidates,
        leads="cross-validation" if few and crossed else "bootstrap",
        warnings=(*design.warnings, *warnings),
    )


def _cohort(
    table: pd.DataFrame,
    outcome: str,
    predictors: Sequence[str],
    dictionary: pd.DataFrame | None,
    transforms: Mapping[str, TransformSettings] | None,
    interactions: Sequence[Sequence[str]],
    *,
    candidates: bool,
    imputer: Imputer | None,
    rng: np.random.Generator,
) -> tuple[Cohort, Design]:
    """Give the patients as arrays; imputed ones with the means to impute a resample anew."""
    kept = table if imputer is None else table.loc[table[outcome].notna()]
    completed = [kept] if imputer is None else list(imputer(kept, rng))
    design = build_design(
        completed[0], outcome=outcome, predictors=predictors, dictionary=dictionary, transforms=transforms,
        interactions=interactions, candidates=candidates,
    )  # fmt: skip
    if imputer is None:
        return Cohort(design.x[None], design.y), design
    if not design.rows.all():
        raise ParameterError("the imputer left missing values in the predictors")

    def matrices(rows: npt.NDArray[np.int64], draws: np.random.Generator) -> FloatArray:
        tables = imputer(kept.iloc[rows].reset_index(drop=True), draws)
        return np.stack([design.encoding.matrix(one) for one in tables])

    x = np.stack([design.encoding.matrix(one) for one in completed])
    known = np.zeros(len(table), dtype=bool)
    known[table[outcome].notna().to_numpy()] = True
    return Cohort(x, design.y, matrices), Design(design.x, design.y, design.encoding, known, design.warnings)


def _levels(table: pd.DataFrame, design: Design, by: str) -> npt.NDArray[np.object_]:
    values = table.loc[design.rows, by]
    named: npt.NDArray[np.object_] = values.astype(object).where(values.notna(), "unknown").astype(str).to_numpy(object)
    return named


def _warnings(design: Design, recipe: Recipe, resamples: int, found: Bootstrap) -> list[str]:
    sentences = []
    usable = len(found.own)
    if usable < resamples:
        sentences.append(f"{resamples - usable} of {resamples} resamples could not be fitted and were left out.")
    if found.firth and recipe.penalty == "none":
        were = "was" if found.firth == 1 else "were"
        sentences.append(f"{found.firth} of {resamples} resamples {were} separated and fitted with Firth's penalty.")
    if found.reduced:
        sentences.append(
            f"{found.reduced} of {resamples} resamples lacked a level of a predictor, or one followed from others."
        )
    if recipe.selection is not None:
        empty = sum(not chosen for chosen in found.chosen)
        if empty:
            sentences.append(f"{empty} of {resamples} resamples chose no predictor at all.")
    if design.events < 100:
        sentences.append(
            f"Only {count_of(design.events, 'event')}: the corrected figures are themselves unstable, "
            "see their instability range."
        )
    return sentences
