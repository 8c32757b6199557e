"""Resampling of a whole modelling recipe: optimism bootstrap, repeated cross-validation, one level left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from lungtox.errors import FitError
from lungtox.models.discrimination import area_under_curve
from lungtox.models.penalised import tuning_folds
from lungtox.models.performance import MEASURES, measure_performance, net_benefit, smooth_calibration

FloatArray = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
# Gives the design matrices, shape (m, rows, k), of patients by number; imputations are made anew from these rows alone.
Matrices = Callable[[Rows, np.random.Generator], FloatArray]


class Model(Protocol):
    """A fitted model of any kind; `lungtox.models.recipe.Coefficients` is one."""

    @property
    def chosen(self) -> frozenset[str]:
        """Predictors in the model."""
        ...

    @property
    def firth(self) -> bool:
        """Whether Firth's penalty was used."""
        ...

    @property
    def reduced(self) -> bool:
        """Whether a column was left out."""
        ...

    def etas(self, x: FloatArray) -> FloatArray:
        """Give the log-odds, shape (m, n), of patients as the cohort holds them, shape (m, n, k)."""
        ...


class Maker(Protocol):
    """How a model comes from patients; `lungtox.models.recipe.Recipe` is one."""

    def fit(
        self, x: FloatArray, y: FloatArray, rng: np.random.Generator, weights: FloatArray | None = None
    ) -> Model | None:
        """Make the model; None where these patients allow none."""
        ...


@dataclass(frozen=True)
class Cohort:
    """Patients as every resample sees them.

    Attributes
    ----------
    x : ndarray, shape (m, n, k)
        Design matrices, one for each imputation; m = 1 without imputation.
    y : ndarray, shape (n,)
    matrices : callable or None
        Imputes a resample anew; None where nothing is missing.
    weights : ndarray, shape (n,), or None
        Of the patients; every resample takes them along as they are.
    """

    x: FloatArray
    y: FloatArray
    matrices: Matrices | None = None
    weights: FloatArray | None = None

    def of(self, rows: Rows, rng: np.random.Generator) -> FloatArray:
        """Give the design matrices of a resample."""
        return self.x[:, rows] if self.matrices is None else self.matrices(rows, rng)

    def weights_of(self, rows: Rows) -> FloatArray | None:
        """Give the weights of a resample."""
        return None if self.weights is None else self.weights[rows]


@dataclass(frozen=True)
class Measured:
    """What a model shows on patients; averages over the imputations.

    Attributes
    ----------
    measures : ndarray, shape (7,)
    curve : ndarray, shape (g,)
        Smooth calibration at the grid.
    benefit : ndarray, shape (t,)
    """

    measures: FloatArray
    curve: FloatArray
    benefit: FloatArray


@dataclass(frozen=True)
class Bootstrap:
    """Resamples of the optimism bootstrap that could be fitted, b of them.

    Attributes
    ----------
    apparent : Measured
    own, original : tuple of Measured
        Each refit on its own resample and on the original patients.
    band : ndarray, shape (b, g)
        Calibration curve of the original model in each resample: sampling alone, nothing refitted.
    risks : ndarray, shape (b, n)
        What each refit predicts for the original patients.
    chosen : tuple of frozenset of str
    firth, reduced : int
        Refits that were separated, and that lacked a column.
    models : tuple of Model
        The refits.
    """

    apparent: Measured
    own: tuple[Measured, ...]
    original: tuple[Measured, ...]
    band: FloatArray
    risks: FloatArray
    chosen: tuple[frozenset[str], ...]
    firth: int
    reduced: int
    models: tuple[Model, ...]


@dataclass(frozen=True)
class Axes:
    """Where curves are measured: predicted risks of the calibration, thresholds of the net benefit."""

    grid: FloatArray
    thresholds: FloatArray


def measure_model(
    x: FloatArray, y: FloatArray, model: Model, axes: Axes, weights: FloatArray | None = None
) -> Measured:
    """Measure a model on patients, averaged over imputations.

    Parameters
    ----------
    x : ndarray, shape (m, n, k)
    y : ndarray, shape (n,)
    model : Model
    axes : Axes
    weights : ndarray, shape (n,), optional
    """
    etas = model.etas(x)
    risks = expit(etas)
    curves = [smooth_calibration(risk, y, weights) for risk in risks]
    measured = [
        measure_performance(eta, y, curve=curve, weights=weights) for eta, curve in zip(etas, curves, strict=True)
    ]
    return Measured(
        np.mean(measured, axis=0),
        np.mean([curve.at(axes.grid) for curve in curves], axis=0),
        np.mean([net_benefit(risk, y, axes.thresholds, weights) for risk in risks], axis=0),
    )


def bootstrap(
    cohort: Cohort, recipe: Maker, model: Model, *, resamples: int, axes: Axes, rng: np.random.Generator
) -> Bootstrap:
    """Repeat the whole recipe on resamples of the patients (Harrell, Lee and Mark 1996).

    Parameters
    ----------
    cohort : Cohort
    recipe : Maker
    model : Model
        Of the recipe on all patients.
    resamples : int
    axes : Axes
    rng : numpy.random.Generator

    Raises
    ------
    FitError
        No resample could be fitted.
    """
    x, y = cohort.x, cohort.y
    risk = expit(model.etas(x)).mean(axis=0)
    own, original, band, risks, models = [], [], [], [], []
    for _ in range(resamples):
        rows = rng.integers(0, len(y), len(y))
        if y[rows].min() == y[rows].max():
            continue
        try:
            sample = cohort.of(rows, rng)
        except FitError:  # a column without any value cannot be imputed
            continue
        weights = cohort.weights_of(rows)
        refit = recipe.fit(sample, y[rows], rng, weights)
        if refit is None:
            continue
        own.append(measure_model(sample, y[rows], refit, axes, weights))
        original.append(measure_model(x, y, refit, axes, cohort.weights))
        band.append(smooth_calibration(risk[rows], y[rows], weights).at(axes.grid))
        risks.append(expit(refit.etas(x)).mean(axis=0))
        models.append(refit)
    if not own:
        raise FitError("no validation: not one resample could be fitted; there are too few events.")
    return Bootstrap(
        measure_model(x, y, model, axes, cohort.weights), tuple(own), tuple(original), np.array(band), np.array(risks),
        tuple(refit.chosen for refit in models), sum(refit.firth for refit in models),
        sum(refit.reduced for refit in models), tuple(models),
    )  # fmt: skip


def cross_validate(
    cohort: Cohort, recipe: Maker, *, folds: int, repeats: int, rng: np.random.Generator
) -> tuple[FloatArray, int]:
    """Repeat stratified cross-validation of the whole recipe.

    The AUC is the share of concordant pairs among those within a fold, because predictions of different folds come from
    different models (pooled, they push the AUC of a model without signal below one half). The other measures pool the
    predictions of all folds.

    Parameters
    ----------
    cohort : Cohort
    recipe : Maker
    folds : int
        Fewer where the smaller outcome group is smaller.
    repeats : int
    rng : numpy.random.Generator

    Returns
    -------
    measures : ndarray, shape (repeats, 7)
        The slope is missing in a repeat where most folds chose no predictor.
    folds : int
        Folds that were used.
    """
    y = cohort.y
    smaller = int(min(y.sum(), len(y) - y.sum()))
    used = max(2, min(folds, smaller))
    if smaller < 2:
        raise FitError("no cross-validation: fewer than two patients in the smaller outcome group.")
    found = []
    for _ in range(repeats):
        fold = tuning_folds(y, np.arange(len(y)), rng, count=used)
        etas, empty, concordance, pairs = np.zeros(cohort.x.shape[:2]), 0, 0.0, 0.0
        for number in range(used):
            train, test = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            refit = recipe.fit(cohort.of(train, rng), y[train], rng, cohort.weights_of(train))
            if refit is None:
                raise AssertionError("stratified folds hold both outcomes")
            empty += not refit.chosen
            etas[:, test] = refit.etas(cohort.x[:, test])
            of = cohort.weights_of(test)
            weight = _pairs(y[test], of)
            if weight > 0.0:
                concordance += weight * float(np.mean([area_under_curve(y[test], eta, of) for eta in etas[:, test]]))
                pairs += weight
        measured = np.mean([measure_performance(eta, y, weights=cohort.weights) for eta in etas], axis=0)
        measured[MEASURES.index("auc")] = concordance / pairs if pairs else np.nan
        if 2 * empty > used:
            measured[MEASURES.index("slope")] = np.nan
        found.append(measured)
    return np.array(found), used


def _pairs(y: FloatArray, weights: FloatArray | None) -> float:
    """Count the pairs of an event and a non-event, by the product of their weights."""
    each = np.ones(len(y)) if weights is None else weights
    return float((each @ y) * (each @ (1.0 - y)))


def leave_level_out(
    cohort: Cohort, recipe: Maker, levels: npt.NDArray[np.object_], rng: np.random.Generator
) -> Iterator[tuple[str, int, int, FloatArray]]:
    """Predict each level of a column (a centre, a period) by a model of all other patients.

    Parameters
    ----------
    cohort : Cohort
    recipe : Maker
    levels : ndarray of str, shape (n,)
    rng : numpy.random.Generator

    Yields
    ------
    level, n, events, measures
        Measures are missing where the level or the rest holds one outcome class only.
    """
    for level in sorted(set(levels.tolist())):
        inside = np.flatnonzero(levels == level)
        outside = np.flatnonzero(levels != level)
        y = cohort.y[inside]
        measures = np.full(len(MEASURES), np.nan)
        training = cohort.weights_of(outside)
        model = recipe.fit(cohort.of(outside, rng), cohort.y[outside], rng, training) if len(outside) else None
        if model is not None and y.min() < y.max():
            etas, weights = model.etas(cohort.x[:, inside]), cohort.weights_of(inside)
            measures = np.mean([measure_performance(eta, y, weights=weights) for eta in etas], axis=0)
        yield str(level), len(inside), int(y.sum()), measures
