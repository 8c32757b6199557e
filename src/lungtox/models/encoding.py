"""How predictors become columns of a design matrix: dummy codes, transformations, interactions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lungtox.errors import Fault, InputError, ParameterError
from lungtox.models.transforms import Transform

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]

INTERCEPT = "Intercept"


@dataclass(frozen=True)
class TermGroup:
    """Columns of the design matrix that come and go together.

    Attributes
    ----------
    name : str
        The predictor, or ``a * b`` of an interaction.
    columns : tuple of int
    parents : tuple of str
        The predictors of an interaction.
    """

    name: str
    columns: tuple[int, ...]
    parents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Encoding:
    """How predictors become columns of the design matrix.

    Attributes
    ----------
    predictors : tuple of str
    levels : mapping of str to tuple of str
        Levels of each categorical predictor, the reference first.
    terms : tuple of str
        Column names of the design matrix: ``Intercept``, ``mld_gy``, ``smoking[former]``, ``log(il6_pre)``, ``age_y'``
        (the second column of a spline), ``mld_gy * smoking[former]``.
    transforms : mapping of str to Transform
    interactions : tuple of pairs of str
        Pairs of predictors; the products of their columns follow those of all predictors.
    """

    predictors: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    terms: tuple[str, ...]
    transforms: Mapping[str, Transform] = field(default_factory=dict)
    interactions: tuple[tuple[str, str], ...] = ()

    @property
    def groups(self) -> tuple[TermGroup, ...]:
        """Predictors and interactions with their columns."""
        found: dict[str, TermGroup] = {}
        at = 1
        for name in self.predictors:
            width = len(predictor_terms(name, self.levels, self.transforms))
            found[name] = TermGroup(name, tuple(range(at, at + width)))
            at += width
        for pair in self.interactions:
            width = len(found[pair[0]].columns) * len(found[pair[1]].columns)
            found[" * ".join(pair)] = TermGroup(" * ".join(pair), tuple(range(at, at + width)), pair)
            at += width
        return tuple(found.values())

    def matrix(self, table: pd.DataFrame) -> FloatArray:
        """Give the design matrix, shape (n, k), NaN where a predictor is missing.

        Raises
        ------
        InputError
            A predictor is not a column of the table, or holds a level that the model was not fitted with.
        """
        require_columns(table, self.predictors)
        parts = {}
        for predictor in self.predictors:
            if predictor in self.levels:
                parts[predictor] = _dummies(table[predictor], self.levels[predictor])
            elif predictor in self.transforms:
                parts[predictor] = self.transforms[predictor].columns(predictor, numbers_of(table[predictor]))
            else:
                parts[predictor] = [numbers_of(table[predictor])]
        columns = [np.ones(len(table)), *(column for part in parts.values() for column in part)]
        for first, second in self.interactions:
            columns.extend(one * other for one in parts[first] for other in parts[second])
        return np.column_stack(columns)


def predictor_terms(
    name: str, levels: Mapping[str, tuple[str, ...]], transforms: Mapping[str, Transform]
) -> tuple[str, ...]:
    """Give the names of the columns that a predictor becomes."""
    if name in levels:
        return tuple(f"{name}[{level}]" for level in levels[name][1:])
    return transforms[name].terms(name) if name in transforms else (name,)


def require_columns(table: pd.DataFrame, names: Sequence[str]) -> None:
    """Refuse predictors that are no columns of the table, all at once."""
    faults = [
        Fault(name, "a column of the table", "none of that name", "Check the spelling.", "missing-column")
        for name in names
        if name not in table
    ]
    if faults:
        raise InputError(faults)


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


def numbers_of(values: pd.Series) -> FloatArray:
    """Give a column as floats, NaN where it is missing; text and infinity are refused."""
    truth = str(values.dtype) in ("bool", "boolean")
    if is_categorical(values) and not truth and values.notna().any():
        raise ParameterError(f"{values.name}: expected numbers; found text.")
    numbers = values.astype("Float64" if str(values.dtype).startswith(("Int", "Float", "boolean")) else "float64")
    array = np.asarray(numbers.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    if np.isinf(array).any():
        raise ParameterError(f"{values.name}: expected finite numbers; found infinity.")
    return array


def is_categorical(values: pd.Series) -> bool:
    """Tell whether a column holds text (or truth values) rather than numbers."""
    return values.dtype.kind not in "iuf" and not str(values.dtype).startswith(("Int", "Float"))
