"""How a model comes from data, from selection to the last coefficient: what every resample repeats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from lungtox.models.config import SelectionSettings
from lungtox.models.encoding import TermGroup
from lungtox.models.firth import flic_intercept
from lungtox.models.newton import maximise
from lungtox.models.penalised import fit_penalised
from lungtox.models.selection import make_candidates, select_backward, select_forward
from lungtox.models.separation import find_separation
from lungtox.models.weights import mean_one

FloatArray = npt.NDArray[np.float64]
Penalty = Literal["none", "firth", "ridge", "lasso", "elastic_net"]
SHRINKING = ("ridge", "lasso", "elastic_net")

# A finite maximum with all linear predictors below this is proof against separation; above, it is looked into.
SAFE_LINEAR_PREDICTOR = 12.0


@dataclass(frozen=True)
class Coefficients:
    """A model as numbers.

    Attributes
    ----------
    beta : ndarray, shape (k,)
        With the intercept for predictions; zero for what is not in the model.
    chosen : frozenset of str
        Names of the groups in the model.
    firth : bool
        Firth's penalty was used.
    reduced : bool
        A column was constant or dependent in these patients and has the coefficient zero.
    strength, mix : float
        Of a shrinking penalty.
    """

    beta: FloatArray
    chosen: frozenset[str]
    firth: bool = False
    reduced: bool = False
    strength: float = np.nan
    mix: float = np.nan

    def etas(self, x: FloatArray) -> FloatArray:
        """Give the log-odds of patients, shape (m, n), from design matrices of shape (m, n, k)."""
        result: FloatArray = x @ self.beta
        return result


@dataclass(frozen=True)
class Recipe:
    """Selection and penalty of one model.

    Attributes
    ----------
    groups : tuple of TermGroup
    penalty : {"none", "firth", "ridge", "lasso", "elastic_net"}
        none switches to Firth where the data are separated.
    selection : SelectionSettings or None
    """

    groups: tuple[TermGroup, ...]
    penalty: Penalty = "none"
    selection: SelectionSettings | None = None
    _names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_names", frozenset(group.name for group in self.groups))

    @property
    def forced(self) -> tuple[str, ...]:
        """Groups that the selection must keep."""
        return tuple(self.selection.forced) if self.selection else ()

    def fit(
        self, x: FloatArray, y: FloatArray, rng: np.random.Generator, weights: FloatArray | None = None
    ) -> Coefficients | None:
        """Make the model from patients.

        Parameters
        ----------
        x : ndarray, shape (m, n, k)
            Design matrices, one for each imputation (m = 1 without), the intercept in the first column.
        y : ndarray, shape (n,)
        rng : numpy.random.Generator
            For the folds of a tuning.
        weights : ndarray, shape (n,), optional
            Of the patients; scaled to a mean of one, so that tests and penalties see as many patients as there are.

        Returns
        -------
        Coefficients or None
            None where there is only one outcome class. With imputations the selection sees all of them stacked, each
            row with weight 1/m (Wood, White and Royston 2008), and the coefficients are the mean over the imputations.
        """
        if y.min() == y.max():
            return None
        if self.penalty in SHRINKING:
            return self._shrunken(x, y, rng, self.penalty, weights)
        chosen = self.choose(x, y, rng, weights)
        columns = self.columns(chosen)
        parts = [fit_columns(one, y, columns, firth=self.penalty == "firth", weights=weights) for one in x]
        beta = np.mean([part.beta for part in parts], axis=0)
        firth, reduced = any(part.firth for part in parts), any(part.reduced for part in parts)
        return Coefficients(beta, chosen, firth, reduced)

    def choose(
        self, x: FloatArray, y: FloatArray, rng: np.random.Generator, weights: FloatArray | None = None
    ) -> frozenset[str]:
        """Give the names of the groups that the selection keeps; arguments as for `fit`."""
        if self.selection is None:
            return self._names
        if self.selection.method == "lasso":
            return self._shrunken(x, y, rng, "lasso", weights).chosen
        stacked, outcome, shares, _ = _stack(x, y, weights)
        data = make_candidates(stacked, outcome, self.groups, forced=self.forced, weights=shares)
        if self.selection.method == "backward":
            return select_backward(data, p_stay=self.selection.p)
        return select_forward(data, p_enter=self.selection.p, most=int(min(y.sum(), len(y) - y.sum())))

    def columns(self, chosen: frozenset[str]) -> list[int]:
        """Give the columns of chosen groups, the intercept first."""
        return [0, *(column for group in self.groups if group.name in chosen for column in group.columns)]

    def _shrunken(
        self, x: FloatArray, y: FloatArray, rng: np.random.Generator, penalty: str, weights: FloatArray | None
    ) -> Coefficients:
        stacked, outcome, shares, owner = _stack(x, y, weights)
        free = np.zeros(x.shape[2], dtype=bool)
        free[[column for group in self.groups if group.name in self.forced for column in group.columns]] = True
        fit = fit_penalised(stacked, outcome, penalty=penalty, rng=rng, weights=shares, free=free, blocks=owner)
        chosen = frozenset(group.name for group in self.groups if np.any(fit.beta[list(group.columns)] != 0.0))
        parents = frozenset(name for group in self.groups if group.name in chosen for name in group.parents)
        return Coefficients(fit.beta, chosen | parents, strength=fit.strength, mix=fit.mix)


def make_recipe(
    groups: Sequence[TermGroup], *, penalty: Penalty = "none", selection: SelectionSettings | None = None
) -> Recipe:
    """Give the recipe of a model's settings."""
    return Recipe(tuple(groups), penalty, selection)


def fit_columns(
    x: FloatArray,
    y: FloatArray,
    columns: Sequence[int],
    *,
    firth: bool = False,
    weights: FloatArray | None = None,
) -> Coefficients:
    """Fit some columns by maximum likelihood, by Firth where the data are separated or where it is asked for.

    Parameters
    ----------
    x : ndarray, shape (n, k)
    y : ndarray, shape (n,)
        0 and 1, both present.
    columns : sequence of int
        The intercept first.
    firth : bool
    weights : ndarray, shape (n,), optional

    Returns
    -------
    Coefficients
        `chosen` is empty: this function knows columns only.
    """
    kept = _independent_columns(x, columns)
    part = x[:, kept]
    spread = part[:, 1:].std(axis=0)
    scale = np.concatenate([[1.0], spread])
    found, penalised = _maximum(part / scale, y, firth=firth, weights=None if weights is None else mean_one(weights))
    beta = np.zeros(x.shape[1])
    beta[kept] = found / scale
    return Coefficients(beta, frozenset(), penalised, len(kept) < len(columns))


def _maximum(x: FloatArray, y: FloatArray, *, firth: bool, weights: FloatArray | None) -> tuple[FloatArray, bool]:
    if not firth:
        fit = maximise(x, y, max_iterations=30, weights=weights)
        if fit.converged and fit.largest_linear_predictor < SAFE_LINEAR_PREDICTOR:
            return fit.beta, False
        if x.shape[1] == 1 or not find_separation(x, y, terms=tuple(map(str, range(x.shape[1])))):
            return maximise(x, y, start=fit.beta, weights=weights).beta, False
    beta = maximise(x, y, firth=True, weights=weights).beta
    return np.concatenate([[flic_intercept(x, y, beta, weights)], beta[1:]]), True


def _independent_columns(x: FloatArray, columns: Sequence[int]) -> list[int]:
    """Leave out columns that are constant or follow from those before them in these patients."""
    kept, basis = [0], np.full((len(x), 1), 1.0 / np.sqrt(len(x)))
    for column in columns[1:]:
        values = x[:, column] - x[:, column].mean()
        length = float(np.linalg.norm(values))
        rest = values - basis @ (basis.T @ values)
        size = float(np.linalg.norm(rest))
        if length > 1e-9 * (1.0 + float(np.abs(x[:, column]).max())) and size > 1e-8 * length:
            kept.append(column)
            basis = np.column_stack([basis, rest / size])
    return kept


def _stack(
    x: FloatArray, y: FloatArray, weights: FloatArray | None
) -> tuple[FloatArray, FloatArray, FloatArray, npt.NDArray[np.int64]]:
    """Put imputations below each other: matrix, outcome, weights that add up to n, number of the patient."""
    count, patients, width = x.shape
    shares = np.full(count * patients, 1.0 / count)
    if weights is not None:
        shares = shares * np.tile(mean_one(weights), count)
    return x.reshape(count * patients, width), np.tile(y, count), shares, np.tile(np.arange(patients), count)
