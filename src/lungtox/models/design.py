"""From table columns to a design matrix: complete rows, reference levels, dummy codes, rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lungtox.errors import FitError, ParameterError, count_of
from lungtox.models.config import TransformSettings
from lungtox.models.encoding import INTERCEPT as INTERCEPT
from lungtox.models.encoding import Encoding as Encoding
from lungtox.models.encoding import is_categorical as is_categorical
from lungtox.models.encoding import numbers_of, predictor_terms, require_columns
from lungtox.models.transforms import make_transform

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]

# A reference level that a reader expects, where no dictionary states the order.
NATURAL_REFERENCES = ("no", "none", "never", "absent", "False", "0")


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
    transforms: Mapping[str, TransformSettings] | None = None,
    interactions: Sequence[Sequence[str]] = (),
    candidates: bool = False,
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
    transforms : mapping of str to TransformSettings, optional
        Of numeric predictors.
    interactions : sequence of pairs of str
        Pairs of predictors.
    candidates : bool
        The predictors are candidates of a selection or of a penalised fit: they may outnumber the events.

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
        No complete row, no events or only events, a constant or duplicated predictor, more parameters than events.
    """
    names = list(predictors)
    require_columns(table, [outcome, *names])
    _require_different(names)
    y, complete, warnings = _complete_rows(table, outcome, names)
    kept = table.loc[complete]
    events = int(y[complete].sum())
    if not complete.any() and not np.isnan(y).all():
        empty = [name for name in names if table[name].isna().all()]
        which = f"{', '.join(empty)} {'has' if len(empty) == 1 else 'have'} no value" if empty else "no patient has all"
        raise FitError(f"no complete row: expected patients with every predictor; {which} among {len(y)} rows.")
    if events in (0, int(complete.sum())):
        found = f"{count_of(events, 'event')} among {count_of(int(complete.sum()), 'complete row')}"
        raise FitError(f"one outcome class: expected rows with and without {outcome}; found {found}.")
    pairs = tuple((str(first), str(second)) for first, second in interactions)
    encoding = _encoding(kept, names, dictionary, transforms or {}, pairs)
    design = Design(encoding.matrix(kept), y[complete], encoding, complete, tuple(warnings))
    slopes = design.x.shape[1] - 1
    if not candidates:
        require_few_parameters(slopes, design.y)
    elif slopes > design.n - 2:
        raise FitError(f"more parameters than patients: {slopes} candidates for {design.n} patients; name fewer.")
    _require_independent(design)
    return design


def require_few_parameters(slopes: int, y: FloatArray) -> None:
    """Refuse more parameters beside the intercept than patients in the smaller outcome group."""
    smaller = int(min(y.sum(), len(y) - y.sum()))
    if slopes > smaller:
        raise FitError(
            f"more parameters than events: {slopes} parameters beside the intercept, {smaller} patients in the smaller "
            "outcome group; use fewer predictors."
        )


def declared_levels(dictionary: pd.DataFrame | None, column: str) -> tuple[str, ...]:
    """Give the levels that the dictionary states for a column, or none."""
    if dictionary is None or "levels" not in dictionary:
        return ()
    found = dictionary.loc[dictionary["column"] == column, "levels"]
    if found.empty or not isinstance(found.iloc[0], str):
        return ()
    return tuple(level.strip() for level in found.iloc[0].split("|") if level.strip())


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
    y = numbers_of(table[outcome])
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


def _encoding(
    kept: pd.DataFrame,
    names: list[str],
    dictionary: pd.DataFrame | None,
    settings: Mapping[str, TransformSettings],
    interactions: tuple[tuple[str, str], ...],
) -> Encoding:
    levels = {
        name: observed_levels(kept[name], declared_levels(dictionary, name))
        for name in names
        if is_categorical(kept[name])
    }
    for name in names:
        different = levels[name] if name in levels else tuple(map(str, np.unique(numbers_of(kept[name]))))
        if len(different) < 2:
            found = f"only {different[0]} in {len(kept)} complete rows" if different else "no value"
            raise FitError(f"constant predictor: {name} has {found}; leave it out of the model.")
    _require_known(names, levels, settings, interactions)
    transforms = {
        name: make_transform(name, numbers_of(kept[name]), kind=chosen.kind, step=chosen.step, knots=chosen.knots)
        for name, chosen in settings.items()
    }
    parts = {name: predictor_terms(name, levels, transforms) for name in names}
    products = [f"{one} * {two}" for first, second in interactions for one in parts[first] for two in parts[second]]
    terms = (INTERCEPT, *(term for part in parts.values() for term in part), *products)
    return Encoding(tuple(names), levels, terms, transforms, interactions)


def _require_known(
    names: list[str],
    levels: Mapping[str, tuple[str, ...]],
    settings: Mapping[str, TransformSettings],
    interactions: tuple[tuple[str, str], ...],
) -> None:
    strangers = sorted({name for pair in interactions for name in pair} | set(settings)) if names else []
    unknown = [name for name in strangers if name not in names]
    if unknown:
        raise ParameterError(f"{', '.join(unknown)}: transformed or in an interaction, but not among the predictors.")
    worded = [name for name in settings if name in levels]
    if worded:
        raise ParameterError(f"{', '.join(worded)}: only numbers can be transformed; found text.")


def _require_different(names: list[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise FitError(f"duplicated predictor: {', '.join(repeated)} stands twice; name it once.")


def _require_independent(design: Design) -> None:
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
