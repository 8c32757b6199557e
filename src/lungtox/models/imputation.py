"""Multiple imputation by chained equations, fast enough to be repeated inside every resample of a validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lungtox.errors import FitError, ParameterError
from lungtox.models.design import declared_levels, is_categorical, observed_levels
from lungtox.models.imputation_draws import Filler, draw_binary, draw_by_match

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]

CONTINUOUS = 1
"""Number of levels of a column of numbers, in `Coding.levels` and `impute_values`."""
IMPUTATIONS, ITERATIONS, DONORS = 20, 10, 5
MOST_PREDICTORS = 15
METHOD = "chained equations: predictive mean matching, logistic for two levels"


@dataclass(frozen=True)
class Coding:
    """How the columns of a table become numbers.

    Attributes
    ----------
    columns : tuple of str
    levels : tuple of int
        1 for numbers; 2 or more for a column of so many levels, coded 0, 1, ...
    names : mapping of str to tuple of str
        Levels of each categorical column, the reference first.
    """

    columns: tuple[str, ...]
    levels: tuple[int, ...]
    names: Mapping[str, tuple[str, ...]]


def impute(
    table: pd.DataFrame,
    seed: int | np.random.Generator,
    m: int = IMPUTATIONS,
    *,
    outcome: str = "rp",
    iterations: int = ITERATIONS,
    donors: int = DONORS,
    dictionary: pd.DataFrame | None = None,
) -> list[pd.DataFrame]:
    """Fill the missing values of a table ``m`` times.

    Parameters
    ----------
    table : DataFrame
        Only columns that belong to the imputation model: outcome, predictors, auxiliary columns. No identifiers.
    seed : int or numpy.random.Generator
    m : int
        Imputations; at least 20 for estimates that are reported.
    outcome : str
        Always a predictor of the others, never imputed: a row without it is refused.
    iterations : int
        Rounds through all incomplete columns.
    donors : int
        Patients with the nearest predictions, of whom one gives its value.
    dictionary : DataFrame, optional
        Gives the order of levels.

    Returns
    -------
    list of DataFrame
        ``m`` complete copies with the index and the columns of ``table``; observed values are untouched. Without
        missing values all are equal.

    Raises
    ------
    ParameterError
        The outcome is not a column or has missing values, ``m`` below 1.
    FitError
        A column without any value.

    Notes
    -----
    Each incomplete column is imputed given the others (van Buuren 2018, sections 3.4 and 4.5): numbers by predictive
    mean matching, two levels by Bayesian logistic regression, more levels by matching on the predicted indicators of
    the levels. At most 15 predictors each, those that correlate most with the column, the outcome always among
    them. A column that is a function of others (a ratio) is imputed as a column of its own.
    """
    if outcome not in table or table[outcome].isna().any():
        raise ParameterError(f"{outcome}: expected a column without missing values; leave those rows out beforehand.")
    coding, values = encode(table, dictionary=dictionary)
    always = (list(coding.columns).index(outcome),)
    filled = impute_values(values, coding.levels, seed=seed, m=m, always=always, iterations=iterations, donors=donors)
    return [decode(table, coding, values, one) for one in filled]


def impute_values(
    values: FloatArray,
    levels: Sequence[int],
    *,
    seed: int | np.random.Generator,
    m: int = IMPUTATIONS,
    always: Sequence[int] = (),
    iterations: int = ITERATIONS,
    donors: int = DONORS,
) -> FloatArray:
    """Fill the missing values of an array ``m`` times; the fast core of `impute`, for use inside resamples.

    Parameters
    ----------
    values : ndarray, shape (n, k)
        NaN where missing. Categorical columns are coded 0, 1, ...
    levels : sequence of int, length k
        1 for numbers, else the number of levels.
    seed : int or numpy.random.Generator
    m : int
    always : sequence of int
        Columns that predict every other one (the outcome).
    iterations, donors : int
        As for `impute`.

    Returns
    -------
    ndarray, shape (m, n, k)

    Raises
    ------
    ParameterError
        ``m``, ``iterations`` or ``donors`` below 1, or `levels` of another length.
    FitError
        A column without any value.
    """
    if min(m, iterations, donors) < 1:
        raise ParameterError(f"m, iterations and donors must be at least 1, got {m}, {iterations}, {donors}")
    if values.ndim != 2 or values.shape[1] != len(levels):
        raise ParameterError(f"levels must have one entry for each of {values.shape[-1]} columns, got {len(levels)}")
    rng = np.random.default_rng(seed)
    missing = np.isnan(values)
    if missing.all(axis=0).any():
        columns = ", ".join(map(str, np.flatnonzero(missing.all(axis=0))))
        raise FitError(f"no imputation: column {columns} has no value at all; leave it out.")
    filled = np.repeat(values[None], m, axis=0)
    targets = [int(column) for column in np.argsort(missing.sum(axis=0), kind="stable") if missing[:, column].any()]
    if not targets:
        return filled
    for column in targets:
        seen = values[~missing[:, column], column]
        filled[:, missing[:, column], column] = rng.choice(seen, size=(m, int(missing[:, column].sum())))
    predictors = {column: _predictors(values, levels, column, always) for column in targets}
    for _ in range(iterations):
        for column in targets:
            design = _design(filled, levels, predictors[column])
            filler = Filler(design, filled[0, :, column], missing[:, column], levels[column], rng)
            drawn = draw_binary(filler) if levels[column] == 2 else draw_by_match(filler, donors)
            filled[:, missing[:, column], column] = drawn
    return filled


def encode(table: pd.DataFrame, *, dictionary: pd.DataFrame | None = None) -> tuple[Coding, FloatArray]:
    """Give a table as numbers for `impute_values`: text and truth values become codes.

    Parameters
    ----------
    table : DataFrame
    dictionary : DataFrame, optional
        Gives the order of levels.

    Returns
    -------
    coding : Coding
    values : ndarray, shape (n, k)
    """
    columns, levels, names = [], [], {}
    for name in map(str, table.columns):
        column = table[name]
        if is_categorical(column):
            found = observed_levels(column, declared_levels(dictionary, name))
            codes = {level: float(code) for code, level in enumerate(found)}
            columns.append(column.astype(str).map(codes).where(column.notna()).to_numpy(dtype=np.float64))
            levels.append(max(2, len(found)))
            names[name] = found
        else:
            numbers = column.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
            columns.append(numbers)
            levels.append(2 if set(np.unique(numbers[~np.isnan(numbers)])) <= {0.0, 1.0} else CONTINUOUS)
    return Coding(tuple(map(str, table.columns)), tuple(levels), names), np.column_stack(columns)


def decode(table: pd.DataFrame, coding: Coding, values: FloatArray, filled: FloatArray) -> pd.DataFrame:
    """Give one filled array back as a table; only what was missing is set.

    Parameters
    ----------
    table : DataFrame
        The one that was encoded.
    coding : Coding
    values, filled : ndarray, shape (n, k)
        Before and after.
    """
    import pandas as pd

    complete = table.copy()
    for place, name in enumerate(coding.columns):
        gaps = np.isnan(values[:, place])
        if not gaps.any():
            continue
        found: npt.NDArray[np.object_] | FloatArray = filled[gaps, place]
        if name in coding.names:
            found = np.array(coding.names[name], dtype=object)[found.astype(int)]
        column = complete[name].astype(object if name in coding.names else "float64").to_numpy(copy=True)
        column[gaps] = found
        complete[name] = pd.Series(column, index=complete.index)
    return complete


def _predictors(values: FloatArray, levels: Sequence[int], column: int, always: Sequence[int]) -> list[int]:
    """Choose what predicts a column: first the columns that always do, then by correlation of values or of gaps."""
    others = [other for other in range(values.shape[1]) if other != column]
    gaps = np.isnan(values[:, column])
    strength = {
        other: max(
            _association(values[:, column], values[:, other], levels[other]),
            _association(gaps.astype(np.float64), values[:, other], levels[other]),
        )
        for other in others
    }
    ranked = sorted(others, key=lambda other: (other not in always, -strength[other]))
    room = min(MOST_PREDICTORS, max(1, int((~gaps).sum()) // 3))
    return sorted(ranked[:room])


def _association(target: FloatArray, other: FloatArray, levels: int) -> float:
    """Give the largest absolute correlation of a column with a number, or with the indicator of any level."""
    both = ~np.isnan(target) & ~np.isnan(other)
    if both.sum() < 3:
        return 0.0
    y = target[both] - target[both].mean()
    candidates = [other[both]] if levels <= 2 else [(other[both] == level) * 1.0 for level in range(levels)]
    best = 0.0
    for x in candidates:
        centred = x - x.mean()
        size = float(np.sqrt((y @ y) * (centred @ centred)))
        best = max(best, abs(float(y @ centred)) / size if size > 0 else 0.0)
    return best


def _design(filled: FloatArray, levels: Sequence[int], predictors: Sequence[int]) -> FloatArray:
    """Give the design matrices, shape (m, n, p): intercept, standardised numbers, indicators of levels."""
    m, n, _ = filled.shape
    parts = [np.ones((m, n, 1))]
    for other in predictors:
        column = filled[:, :, other]
        if levels[other] > 2:
            parts.append((column[:, :, None] == np.arange(1, levels[other])).astype(np.float64))
        else:
            spread = column.std(axis=1, keepdims=True)
            centred = (column - column.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1.0)
            parts.append(centred[:, :, None])
    return np.concatenate(parts, axis=2)
