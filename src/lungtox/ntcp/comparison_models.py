"""The models of a comparison of dose descriptions: fitted to all patients, and again to every resample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lungtox.errors import FitError
from lungtox.models import Recipe, build_design, fit_resamples, make_recipe
from lungtox.models.config import TransformSettings
from lungtox.ntcp.matrix import DoseMatrix
from lungtox.ntcp.model import VOLUME
from lungtox.ntcp.volume_profile import VolumeProfile, profile_volume

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
RESAMPLE_N = np.geomspace(VOLUME.low, VOLUME.high, 17)
"""Values of n that a resample chooses from: neighbours differ by a third, which moves no prediction that matters."""
GEUD = "gEUD of the comparison"


@dataclass(frozen=True)
class DescribedModel:
    """One logistic model: a description of the dose, and further predictors.

    Attributes
    ----------
    x : ndarray, shape (n, k)
        Design matrix; intercept, dose, the rest.
    y : ndarray, shape (n,)
    recipe : Recipe
    beta : ndarray, shape (k,)
        With the intercept for predictions.
    loglik : float
        Missing where the outcome is separated and Firth's penalty was used.
    parameters : int
        Estimated ones with the intercept, and with n of a gEUD.
    doses : ndarray, shape (g, n)
        gEUD at `RESAMPLE_N`; the dose itself where there is nothing to choose.
    volume : VolumeProfile or None
        Of a gEUD.
    """

    x: Floats
    y: Floats
    recipe: Recipe
    beta: Floats
    loglik: float
    parameters: int
    doses: Floats
    volume: VolumeProfile | None

    @property
    def eta(self) -> Floats:
        """Linear predictors, shape (n,)."""
        return np.asarray(self.x @ self.beta)

    @property
    def firth(self) -> bool:
        """Whether Firth's penalty was used."""
        return bool(np.isnan(self.loglik))


def fit_described(
    table: pd.DataFrame,
    *,
    dose: str | DoseMatrix,
    added: Sequence[str],
    outcome: str = "rp",
    dictionary: pd.DataFrame | None = None,
    transforms: Mapping[str, TransformSettings] | None = None,
    confidence: float = 0.95,
) -> DescribedModel:
    """Fit one model of a comparison.

    Parameters
    ----------
    table : DataFrame
        Patients complete in everything that any model of the comparison needs.
    dose : str or DoseMatrix
        A column of the table, or the DVHs of its patients, of which gEUD is made with n estimated.
    added : sequence of str
        Further columns.
    outcome : str
    dictionary : DataFrame, optional
    transforms : mapping of str to TransformSettings, optional
        Of further columns.
    confidence : float
        Level of the interval of n.

    Raises
    ------
    FitError
        One outcome class, more parameters than events, constant or dependent columns; a gEUD that separates, or with
        which the risk does not rise.
    """
    column = dose if isinstance(dose, str) else GEUD
    given = table if isinstance(dose, str) else table.assign(**{GEUD: dose.geud_gy(1.0)})
    chosen = {name: settings for name, settings in (transforms or {}).items() if name in added}
    design = build_design(given, outcome=outcome, predictors=[column, *added], dictionary=dictionary, transforms=chosen)
    recipe = make_recipe(design.encoding.groups)
    x, y = design.x, design.y
    volume, doses = None, x[None, :, 1]
    if not isinstance(dose, str):
        volume = profile_volume(dose.geud_gy, np.delete(x, 1, axis=1), y, confidence=confidence)
        x = _with_dose(x, dose.geud_gy(volume.n))
        doses = np.array([dose.geud_gy(float(n)) for n in RESAMPLE_N])
    model = recipe.fit(x[None], y, np.random.default_rng(0))
    if model is None:
        raise AssertionError("a design has both outcomes")
    if volume is not None and model.beta[1] <= 0.0:
        raise FitError("the risk does not rise with gEUD at any n: there is no dose response to describe")
    loglik = np.nan if model.firth else float(fit_resamples(x, y, np.ones((1, len(y)))).loglik[0])
    parameters = x.shape[1] + (volume is not None)
    return DescribedModel(x, y, recipe, model.beta, loglik, parameters, doses, volume)


@dataclass(frozen=True)
class Refits:
    """A model refitted to b resamples.

    Attributes
    ----------
    etas : ndarray, shape (b, n)
        Linear predictors of the original patients.
    exact : ndarray of bool, shape (b,)
        Maximum likelihood: in its own resample the calibration slope is 1 and calibration-in-the-large 0.
    """

    etas: Floats
    exact: NDArray[np.bool_]


def refit(model: DescribedModel, rows: Rows, weights: Floats) -> Refits:
    """Refit a model to resamples, the volume parameter too.

    Parameters
    ----------
    model : DescribedModel
    rows : ndarray of int, shape (b, n)
        Patients of each resample, both outcomes in each.
    weights : ndarray, shape (b, n)
        How often each patient is in it.

    Returns
    -------
    Refits
        Resamples that are separated or lack a level are fitted by `Recipe.fit`, as the validation of the logistic
        models does, with n as it was estimated on all patients.
    """
    count = len(rows)
    top, etas = np.full(count, -np.inf), np.zeros((count, len(model.y)))
    for dose in model.doses:
        x = _with_dose(model.x, dose)
        fit = fit_resamples(x, model.y, weights)
        # The risk does not fall with a gEUD whose exponent is free to choose; of a column nothing is assumed.
        allowed = fit.sound & ((fit.beta[:, 1] > 0.0) | (len(model.doses) == 1))
        better = allowed & (fit.loglik > top)
        top[better] = fit.loglik[better]
        etas[better] = fit.beta[better] @ x.T
    exact = np.isfinite(top)
    for b in np.flatnonzero(~exact):
        sample = model.x[rows[b]]
        found = model.recipe.fit(sample[None], model.y[rows[b]], np.random.default_rng(0))
        if found is None:
            raise AssertionError("a resample has both outcomes")
        etas[b] = model.x @ found.beta
        exact[b] = not (found.firth or found.reduced)
    return Refits(etas, exact)


def resample(y: Floats, count: int, rng: np.random.Generator) -> tuple[Rows, Floats]:
    """Draw resamples that hold both outcomes, as rows and as weights, shape (b, n) each.

    Raises
    ------
    FitError
        None of them does.
    """
    rows = rng.integers(0, len(y), (count, len(y)))
    rows = rows[np.ptp(y[rows], axis=1) > 0.0]
    if not len(rows):
        raise FitError("no resample holds both outcomes; there are too few events.")
    weights = np.zeros(rows.shape)
    np.add.at(weights, (np.arange(len(rows))[:, None], rows), 1.0)
    return rows, weights


def _with_dose(x: Floats, dose: Floats) -> Floats:
    changed = x.copy()
    changed[:, 1] = dose
    return changed
