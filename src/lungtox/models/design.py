"""From table columns to a design matrix: complete rows, reference levels, dummy codes, rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lungtox.errors import Fault, FitError, InputError, ParameterError, count_of

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]

# A reference level that a reader expects, where no dictionary states the order.
NATURAL_REFERENCES = ("no", "none", "never", "absent", "False", "0")
INTERCEPT = "Intercept"


@dataclass(frozen=True)
class Encoding:
    """How predictors become columns of the design matrix.

    Attributes
    ----------
    predictors : tuple of str
    levels : mapping of str to tuple of str
        Levels of each categorical predictor, the reference first.
    terms : tuple of str
        Column names of the design matrix: ``Intercept``, ``mld_gy``, ``smoking[former]``.
    """

    predictors: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    terms: tuple[str, ...]

    def matrix(self, table: pd.DataFrame) -> FloatArray:
        """Give the design matrix, shape (n, k), NaN where a predictor is missing.

        Raises
        ------
        InputError
            A predictor is not a column of the table, or holds a level that the model was not fitted with.
        """
        _require_columns(table, self.predictors)
        columns = [np.ones(len(table))]
        for predictor in self.predictors:
            if predictor in self.levels:
                columns.extend(_dummies(table[predictor], self.levels[predictor]))
            else:
                columns.append(_numbers(table[predictor]))
        return np.column_stack(columns)


@dataclass(frozen=True)
class Design:
    """The complete rows of a table as arrays.

    Attributes
    ----------
    x : ndarray, shape (n, k)
    y : ndarray, shape (n,), 0 or 1
    encoding : Encoding
    rows : ndarray of bool
        Which rows of the table are complete.
    warnings : tuple of str
        What was left out, in counts.
    """

    x: FloatArray
    y: FloatArray
    encoding: Encoding
    rows: npt.NDArray[np.bool_]
    warnings: tuple[str, ...]

    @property
    def n(self) -> int:
        """Number of complete rows."""
        return len(self.y)

    @property
    def events(self) -> int:
        """Number of rows with outcome 1."""
        return int(self.y.sum())


def build_design(
    table: pd.DataFrame,
    *,
    outcome: str,
    predictors: Sequence[str],
    dictionary: pd.DataFrame | None = None,
) -> Design:
    """Take the complete rows of a table and encode them.

    Parameters
    ----------
    table : DataFrame
        One row per patient.
    outcome : str
        Column of 0, 1 or missing.
    predictors : sequence of str
        Numeric columns as they are; text columns are dummy-coded. The reference level is the first level of the
        dictionary, else a natural one (no, none, never), else the first in alphabetical order.
    dictionary : DataFrame, optional
        Data dictionary with `column` and `levels` (separated by ``|``).

    Returns
    -------
    Design

    Raises
    ------
    InputError
        A column does not exist.
    ParameterError
        The outcome is not 0 or 1, or a number is infinite.
    FitError
        No events or only events, a constant or duplicated predictor, more parameters than events.
    """
    names = list(predictors)
    _require_columns(table, [outcome, *names])
    _require_different(names)
    y, complete, warnings = _complete_rows(table, outcome, names)
    kept = table.loc[complete]
    events = int(y[complete].sum())
    if events in (0, int(complete.sum())):
        found = f"{count_of(events, 'event')} among {count_of(int(complete.sum()), 'complete row')}"
        raise FitError(f"one outcome class: expected rows with and without {outcome}; found {found}.")
    encoding = _encoding(kept, names, dictionary)
    design = Design(encoding.matrix(kept), y[complete], encoding, complete, tuple(warnings))
    _require_estimable(design)
    return design


def declared_levels(dictionary: pd.DataFrame | None, column: str) -> tuple[str, ...]:
    """Give the levels that the dictionary states for a column, or none."""
    if dictionary is None or "levels" not in dictionary:
        return ()
    found = dictionary.loc[dictionary["column"] == column, "levels"]
    if found.empty or not isinstance(found.iloc[0], str):
        return ()
    return tuple(level.strip() for level in found.iloc[0].split("|") if level.strip())


def is_categorical(values: pd.Series) -> bool:
    """Tell whether a column holds text (or truth values) rather than numbers."""
    return values.dtype.kind not in "iuf" and not str(values.dtype).startswith(("Int", "Float"))


def observed_levels(values: pd.Series, declared: Sequence[str] = ()) -> tuple[str, ...]:
    """Give the levels that occur, the reference first."""
    found = set(values.dropna().astype(str))
    order = [level for level in declared if level in found]
    rest = sorted(found - set(order))
    if not order:
        natural = [level for level in NATURAL_REFERENCES if level in rest]
        order, rest = natural[:1], [level for level in rest if level not in natural[:1]]
    return tuple([*order, *rest])


def _complete_rows(
    table: pd.DataFrame, outcome: str, names: list[str]
) -> tuple[FloatArray, npt.NDArray[np.bool_], list[str]]:
    y = _numbers(table[outcome])
    if not np.isin(y[~np.isnan(y)], (0.0, 1.0)).all():
        raise ParameterError(f"{outcome}: expected 0, 1 or missing; found other values.")
    missing = {outcome: np.isnan(y)} | {name: table[name].isna().to_numpy() for name in names}
    complete = ~np.logical_or.reduce(list(missing.values()))
    if complete.all():
        return y, complete, []
    counts = ", ".join(f"{name} {int(rows.sum())}" for name, rows in missing.items() if rows.any())
    return (
        y,
        complete,
        [f"{int((~complete).sum())} of {len(y)} rows left out because a value is missing: {counts}."],
    )


def _encoding(kept: pd.DataFrame, names: list[str], dictionary: pd.DataFrame | None) -> Encoding:
    levels = {
        name: observed_levels(kept[name], declared_levels(dictionary, name))
        for name in names
        if is_categorical(kept[name])
    }
    terms = [INTERCEPT]
    for name in names:
        different = levels[name] if name in levels else tuple(map(str, np.unique(_numbers(kept[name]))))
        if len(different) < 2:
            found = f"only {different[0]} in {len(kept)} complete rows" if different else "no value"
            raise FitError(f"constant predictor: {name} has {found}; leave it out of the model.")
        terms += [f"{name}[{level}]" for level in levels[name][1:]] if name in levels else [name]
    return Encoding(tuple(names), levels, tuple(terms))


def _require_columns(table: pd.DataFrame, names: Sequence[str]) -> None:
    faults = [
        Fault(name, "a column of the table", "none of that name", "Check the spelling.", "missing-column")
        for name in names
        if name not in table
    ]
    if faults:
        raise InputError(faults)


def _require_different(names: list[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise FitError(f"duplicated predictor: {', '.join(repeated)} stands twice; name it once.")


def _require_estimable(design: Design) -> None:
    slopes = design.x.shape[1] - 1
    smaller = min(design.events, design.n - design.events)
    if slopes > smaller:
        raise FitError(
            f"more parameters than events: {count_of(slopes, 'parameter')} beside the intercept, "
            f"{count_of(smaller, 'patient')} in the smaller "
            "outcome group; use fewer predictors."
        )
    dependent = _dependent_terms(design)
    if dependent:
        raise FitError(
            f"duplicated predictor: {', '.join(dependent)} follows exactly from the other predictors; leave it out."
        )


def _dependent_terms(design: Design) -> list[str]:
    """Name the terms that are linear combinations of those before them (modified Gram-Schmidt on scaled columns)."""
    centred = design.x[:, 1:] - design.x[:, 1:].mean(axis=0)
    dependent, basis = [], np.empty((design.n, 0))
    for term, column in zip(design.encoding.terms[1:], centred.T, strict=True):
        length = float(np.linalg.norm(column))
        rest = column - basis @ (basis.T @ column)
        rest -= basis @ (basis.T @ rest)
        if float(np.linalg.norm(rest)) <= 1e-8 * length:
            dependent.append(term)
        else:
            basis = np.column_stack([basis, rest / np.linalg.norm(rest)])
    return dependent


def _dummies(values: pd.Series, levels: tuple[str, ...]) -> list[FloatArray]:
    missing = values.isna().to_numpy()
    text = values.astype(str).to_numpy()
    unknown = sorted(set(text[~missing]) - set(levels))
    if unknown:
        name = str(values.name)
        raise InputError(
            Fault(
                name, f"one of {', '.join(levels)}", ", ".join(unknown), "Recode or refit the model.", "unknown-level"
            )
        )
    return [np.where(missing, np.nan, (text == level).astype(np.float64)) for level in levels[1:]]


def _numbers(values: pd.Series) -> FloatArray:
    truth = str(values.dtype) in ("bool", "boolean")
    if is_categorical(values) and not truth and values.notna().any():
        raise ParameterError(f"{values.name}: expected numbers; found text.")
    numbers = values.astype("Float64" if str(values.dtype).startswith(("Int", "Float", "boolean")) else "float64")
    array = np.asarray(numbers.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    if np.isinf(array).any():
        raise ParameterError(f"{values.name}: expected finite numbers; found infinity.")
    return array
