"""Missing values: which patients lack what, and the logistic models with them left out or imputed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lungtox.errors import Fault, FitError, InputError
from lungtox.models.config import LogisticSettings, MissingSettings
from lungtox.models.design import INTERCEPT
from lungtox.models.imputation import impute
from lungtox.models.known_outcomes import KnownOutcomes, know_outcomes
from lungtox.models.labels import column_label, term_label
from lungtox.models.logistic import fit_logistic, odds_ratio
from lungtox.models.model_schemas import IMPUTED, PATTERNS
from lungtox.models.pooling import pool_logistic
from lungtox.table_schemas import checked

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]

OUTCOME = "rp"
COMPLETE, IMPUTATION = "complete cases", "multiple imputation"


@dataclass(frozen=True)
class MissingTables:
    """What the rule of the missing values writes.

    Attributes
    ----------
    patterns, models : DataFrame
        As docs/file-contracts.md has them.
    """

    patterns: pd.DataFrame
    models: pd.DataFrame


def describe_gaps(
    table: pd.DataFrame,
    *,
    columns: Sequence[str],
    models: Mapping[str, LogisticSettings],
    settings: MissingSettings,
    rng: np.random.Generator,
    dictionary: pd.DataFrame | None = None,
) -> MissingTables:
    """Show the patterns of missing values, and what the models say with and without the patients concerned.

    Parameters
    ----------
    table : DataFrame
        The analysis table, with `rp`.
    columns : sequence of str
        Columns that the analyses use.
    models : mapping of str to LogisticSettings
    settings : MissingSettings
    rng : numpy.random.Generator
        For the imputations; all models use the same ones.
    dictionary : DataFrame, optional
        Gives labels and levels.

    Returns
    -------
    MissingTables

    Raises
    ------
    InputError
        A column is not in the table.
    """
    wanted = list(dict.fromkeys([*columns, *(name for model in models.values() for name in model.predictors)]))
    absent = sorted({*wanted, *settings.auxiliary} - set(table.columns))
    if absent:
        found, action = ", ".join(absent), "Correct the name."
        raise InputError(Fault("config: missing", "columns of the analysis table", found, action, "missing-column"))
    patterns = missing_patterns(table, columns=wanted, dictionary=dictionary)
    # What selects or shrinks has no estimates to pool.
    fixed = {name: model for name, model in models.items() if model.fixed}
    return MissingTables(patterns, _model_table(table, fixed, settings, rng, dictionary))


def missing_patterns(
    table: pd.DataFrame, *, columns: Sequence[str], dictionary: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Count the patients by what they lack.

    Parameters
    ----------
    table : DataFrame
        With `rp`, which is looked at as well.
    columns : sequence of str
    dictionary : DataFrame, optional
        Gives labels.

    Returns
    -------
    DataFrame
        One row per pattern and group of columns: `pattern` (1 = the most patients), `n, n_rp, n_no_rp`, `columns`
        (those that are always missing together, separated by ``;``), `label`, `missing` (in this pattern). Without
        missing values one pattern without columns.
    """
    import pandas as pd

    gaps = table[list(dict.fromkeys([OUTCOME, *columns]))].isna()
    gaps = gaps.loc[:, gaps.any()]
    groups: dict[bytes, list[str]] = {}
    for name in gaps:
        groups.setdefault(gaps[name].to_numpy().tobytes(), []).append(str(name))
    firsts = [names[0] for names in groups.values()]
    key = [tuple(row) for row in gaps[firsts].to_numpy()] if firsts else [()] * len(table)
    counted = pd.Series(key).value_counts(sort=False)
    ranked = sorted(counted.index, key=lambda each: (-int(counted[each]), sum(each), each))
    rp = table[OUTCOME].to_numpy(dtype=float, na_value=np.nan)
    rows = []
    for number, pattern in enumerate(ranked, start=1):
        mine = np.array([each == pattern for each in key])
        counts = [int(mine.sum()), int((rp[mine] == 1).sum()), int((rp[mine] == 0).sum())]
        named = zip(groups.values(), pattern, strict=True) if firsts else [([], False)]
        for names, missing in named:
            rows.append([number, *counts, ";".join(names), _group_label(names, dictionary), bool(missing)])
    return PATTERNS.validate(pd.DataFrame(rows, columns=list(PATTERNS.columns)), lazy=True)


def _group_label(names: Sequence[str], dictionary: pd.DataFrame | None) -> str:
    if not names:
        return "nothing is missing"
    first = "Outcome" if names[0] == OUTCOME else column_label(names[0], dictionary)
    return first if len(names) == 1 else f"{first} and {len(names) - 1} more"


def _model_table(
    table: pd.DataFrame,
    models: Mapping[str, LogisticSettings],
    settings: MissingSettings,
    rng: np.random.Generator,
    dictionary: pd.DataFrame | None,
) -> pd.DataFrame:
    import pandas as pd

    patients = {name: know_outcomes(table, model) for name, model in models.items()}
    rows = [row for name, model in models.items() for row in _complete_rows(patients[name], name, model, dictionary)]
    if settings.method == "multiple-imputation" and models:
        known = table[table[OUTCOME].notna()]
        names = dict.fromkeys([*(each for model in models.values() for each in model.predictors), *settings.auxiliary])
        copies, finding = _imputed(known[[OUTCOME, *names]], settings, rng, dictionary)
        for name, model in models.items():
            full = not known[model.predictors].isna().any(axis=None)
            why = "nothing to impute: the predictors have no missing values." if full else finding
            mine, weight = patients[name], patients[name].weight
            weights = None if weight is None else mine.table.loc[mine.table[OUTCOME].notna(), weight].to_numpy(float)
            rows += list(_pooled_rows(copies, name, model, dictionary, why, weights))
    ordered = sorted(rows, key=lambda row: list(models).index(row[0]))
    frame = pd.DataFrame(ordered, columns=list(IMPUTED.columns))
    return checked(frame, IMPUTED)


def make_imputer(
    settings: MissingSettings, *, predictors: Sequence[str], dictionary: pd.DataFrame | None = None
) -> Callable[[pd.DataFrame, np.random.Generator], Sequence[pd.DataFrame]]:
    """Give what `validate` takes as `imputer`: it completes the rows of a resample by themselves.

    Parameters
    ----------
    settings : MissingSettings
    predictors : sequence of str
    dictionary : DataFrame, optional

    Returns
    -------
    callable
        Given a table with known outcomes and a generator, the completed tables.
    """
    columns = list(dict.fromkeys([OUTCOME, *predictors, *settings.auxiliary]))

    def complete(table: pd.DataFrame, rng: np.random.Generator) -> Sequence[pd.DataFrame]:
        return impute(
            table[columns], rng, settings.imputations, outcome=OUTCOME, iterations=settings.iterations,
            donors=settings.donors, dictionary=dictionary,
        )  # fmt: skip

    return complete


def _imputed(
    table: pd.DataFrame, settings: MissingSettings, rng: np.random.Generator, dictionary: pd.DataFrame | None
) -> tuple[list[pd.DataFrame], str]:
    try:
        return impute(
            table, rng, settings.imputations, outcome=OUTCOME, iterations=settings.iterations, donors=settings.donors,
            dictionary=dictionary,
        ), ""  # fmt: skip
    except FitError as error:
        return [], str(error)


def _complete_rows(
    known: KnownOutcomes, name: str, model: LogisticSettings, dictionary: pd.DataFrame | None
) -> Iterator[list[Any]]:
    try:
        fit = fit_logistic(
            known.table, outcome=OUTCOME, predictors=model.predictors, penalty=model.penalty, dictionary=dictionary,
            transforms=model.transforms, interactions=model.interactions, weight=known.weight,
        )  # fmt: skip
    except FitError as error:
        yield [name, COMPLETE, "", "", *[np.nan] * 5, 0, 0, 0, str(error)]
        return
    for row in fit.estimates.to_dict("records"):
        if row["term"] != INTERCEPT:
            label = term_label(str(row["term"]), fit.encoding, dictionary)
            ratios = [odds_ratio(float(row[key])) for key in ("estimate", "low", "high")]
            yield [name, COMPLETE, row["term"], label, *ratios, row["p"], np.nan, fit.n, fit.events, 0, ""]


def _pooled_rows(
    copies: Sequence[pd.DataFrame],
    name: str,
    model: LogisticSettings,
    dictionary: pd.DataFrame | None,
    finding: str,
    weights: FloatArray | None,
) -> Iterator[list[Any]]:
    try:
        if finding:
            raise FitError(finding)
        pooled, encoding, n, events = pool_logistic(copies, model=model, dictionary=dictionary, weights=weights)
    except FitError as error:
        yield [name, IMPUTATION, "", "", *[np.nan] * 5, 0, 0, len(copies), str(error)]
        return
    for place, term in enumerate(encoding.terms):
        if term == INTERCEPT:
            continue
        ratios = [odds_ratio(float(each[place])) for each in (pooled.estimate, pooled.low, pooled.high)]
        figures = [*ratios, float(pooled.p[place]), float(pooled.missing_information[place])]
        yield [
            name, IMPUTATION, term, term_label(term, encoding, dictionary), *figures, n, events, len(copies), ""
        ]  # fmt: skip
