"""A factor within strata: odds ratio in each, over all, and whether they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lungtox.errors import Fault, FitError, InputError
from lungtox.models.association import as_levels
from lungtox.models.association_schemas import STRATA
from lungtox.models.config import AssociationSettings
from lungtox.models.design import build_design, declared_levels, is_categorical, observed_levels
from lungtox.models.interaction import interaction_p
from lungtox.models.labels import column_kind, column_label, column_unit, step_text
from lungtox.models.logistic import fit_logistic, odds_ratio
from lungtox.table_schemas import checked

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]

OUTCOME = "rp"
STRATUM, ADJUSTED, COMMON, INTERACTION, HOMOGENEITY = "stratum", "adjusted", "common", "interaction", "homogeneity"
BRESLOW_DAY = "Breslow-Day with Tarone's correction"


@dataclass(frozen=True)
class _Task:
    """One factor and the column that makes the strata, on the patients who have both."""

    factor: str
    by: str
    rows: pd.DataFrame
    levels: tuple[str, ...]
    step: float
    names: Mapping[str, Any]

    def row(self, kind: str, stratum: str, rows: pd.DataFrame, **figures: Any) -> dict[str, Any]:
        counts = {"n": len(rows), "events": int(rows[OUTCOME].sum())}
        empty = {name: np.nan for name in ("effect", "low", "high", "p", "df")} | {"level": "", "test": ""}
        return {**self.names, "row": kind, "stratum": stratum, **empty, **counts, **figures}


def compare_strata(
    table: pd.DataFrame,
    *,
    settings: AssociationSettings,
    dictionary: pd.DataFrame | None = None,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Look at declared factors within declared strata (such as technique).

    Parameters
    ----------
    table : DataFrame
        The analysis table, with `rp`.
    settings : AssociationSettings
        `strata`: column that makes the strata -> factors.
    dictionary : DataFrame, optional
    rng : numpy.random.Generator, optional
        For the interaction test where events are few; without it the likelihood ratio keeps its chi-square.

    Returns
    -------
    DataFrame
        For each factor rows of kind (`row`) ``stratum``: odds ratio with profile-likelihood interval in each stratum;
        ``adjusted``: odds ratio with the strata in the model; ``interaction``: likelihood-ratio test that the odds
        ratio is the same in all strata, by parametric bootstrap below ten events per parameter; for a factor of two
        levels also ``common``, the odds ratio of Mantel and Haenszel, and ``homogeneity``, the test of Breslow and Day.
        What cannot be fitted has no numbers and says why in `test`.

    Raises
    ------
    InputError
        A column is not in the table.
    """
    import pandas as pd

    wanted = {*settings.strata, *(name for factors in settings.strata.values() for name in factors)}
    if absent := sorted(wanted - set(table.columns)):
        found = ", ".join(absent)
        raise InputError(Fault("config: association.strata", "columns of the analysis table", found, "Correct it."))
    rows = [
        row
        for by, factors in settings.strata.items()
        for factor in factors
        for row in _factor_rows(_task(table, factor, by, settings, dictionary), dictionary, rng)
    ]
    frame = pd.DataFrame(rows, columns=list(STRATA.columns))
    return checked(frame, STRATA)


def _task(
    table: pd.DataFrame, factor: str, by: str, settings: AssociationSettings, dictionary: pd.DataFrame | None
) -> _Task:
    rows = table[[OUTCOME, factor, by]].dropna()
    categorical = column_kind(factor, dictionary) in ("binary", "categorical") or is_categorical(table[factor])
    levels: tuple[str, ...] = ()
    if categorical:
        rows = rows.assign(**{factor: as_levels(rows[factor])})
        levels = observed_levels(rows[factor], declared_levels(dictionary, factor))
    unit = column_unit(factor, dictionary)
    step = 1.0 if categorical else settings.odds_ratio_steps.get(unit, 1.0)
    rows = rows.assign(**{by: as_levels(rows[by])})
    names = {
        "factor": factor, "label": column_label(factor, dictionary), "by": by, "by_label": column_label(by, dictionary),
        "unit": "" if categorical else step_text(step, unit),
    }  # fmt: skip
    return _Task(factor, by, rows.reset_index(drop=True), levels, step, names)


def _factor_rows(
    task: _Task, dictionary: pd.DataFrame | None, rng: np.random.Generator | None
) -> Iterator[dict[str, Any]]:
    strata = observed_levels(task.rows[task.by], declared_levels(dictionary, task.by))
    for stratum in strata:
        yield from _fit_rows(
            task, STRATUM, stratum, task.rows[task.rows[task.by] == stratum], [task.factor], dictionary
        )
    yield from _fit_rows(task, ADJUSTED, "", task.rows, [task.factor, task.by], dictionary)
    yield task.row(INTERACTION, "", task.rows, **_interaction(task, dictionary, rng))
    if len(task.levels) == 2:
        yield from _tables(task, strata)


def _fit_rows(
    task: _Task, kind: str, stratum: str, rows: pd.DataFrame, predictors: list[str], dictionary: pd.DataFrame | None
) -> Iterator[dict[str, Any]]:
    try:
        fit = fit_logistic(rows, outcome=OUTCOME, predictors=predictors, dictionary=dictionary)
    except FitError as error:
        yield task.row(kind, stratum, rows, test=f"not fitted: {str(error).partition(':')[0]}")
        return
    test = "profile likelihood" if fit.penalty == "none" else "penalised profile likelihood (Firth)"
    for row in fit.estimates.to_dict("records"):
        term = str(row["term"])
        if term == task.factor or term.startswith(f"{task.factor}["):
            level = term[len(task.factor) + 1 : -1] if "[" in term else ""
            figures = {
                name: odds_ratio(float(row[key]), step=task.step)
                for name, key in (("effect", "estimate"), ("low", "low"), ("high", "high"))
            }
            words = f"{level} v {task.levels[0]}" if level else task.names["unit"]
            yield task.row(kind, stratum, rows, level=level, unit=words, p=float(row["p"]), test=test, **figures)


def _interaction(task: _Task, dictionary: pd.DataFrame | None, rng: np.random.Generator | None) -> dict[str, Any]:
    """Test the products of factor and strata."""
    try:
        design = build_design(task.rows, outcome=OUTCOME, predictors=[task.factor, task.by], dictionary=dictionary)
    except FitError as error:
        return {"test": f"not tested: {str(error).partition(':')[0]}"}
    terms = design.encoding.terms
    own = [index for index, term in enumerate(terms) if term.partition("[")[0] == task.factor]
    strata = [index for index, term in enumerate(terms) if term.partition("[")[0] == task.by]
    products = np.column_stack([design.x[:, a] * design.x[:, b] for a in own for b in strata])
    whole = np.column_stack([design.x, products])
    if np.linalg.matrix_rank(whole / np.where(whole.std(axis=0) > 0.0, whole.std(axis=0), 1.0)) < whole.shape[1]:
        return {"test": "not tested: a level does not occur in a stratum"}
    try:
        found = interaction_p(design.x, products, design.y, rng=rng)
    except FitError as error:
        return {"test": f"not tested: {str(error).partition(': ')[2]}"}
    return {"p": found.p, "df": float(found.df), "test": found.method}


def _tables(task: _Task, strata: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Give the odds ratio of Mantel and Haenszel and the test of Breslow and Day from the tables of the strata."""
    from statsmodels.stats.contingency_tables import StratifiedTable

    exposed = (task.rows[task.factor] == task.levels[1]).to_numpy()
    event = task.rows[OUTCOME].to_numpy(dtype=float) == 1.0
    tables = []
    for stratum in strata:
        mine = (task.rows[task.by] == stratum).to_numpy()
        cells = [[int((mine & (exposed == e) & (event == o)).sum()) for o in (True, False)] for e in (True, False)]
        if min(sum(cells[0]), sum(cells[1])) > 0 and min(cells[0][0] + cells[1][0], cells[0][1] + cells[1][1]) > 0:
            tables.append(np.array(cells, dtype=float))
    words = f"{task.levels[1]} v {task.levels[0]}"
    mixed = [table for table in tables if (table[0, 0] * table[1, 1] > 0) and (table[0, 1] * table[1, 0] > 0)]
    if len(tables) < 2 or not mixed:
        for kind in (COMMON, HOMOGENEITY):
            yield task.row(kind, "", task.rows, unit=words, test="not tested: fewer than two strata with both levels")
        return
    with np.errstate(all="ignore"):
        found = StratifiedTable(tables)
        low, high = found.oddsratio_pooled_confint()
        test = found.test_equal_odds(adjust=True)
    figures = {"effect": float(found.oddsratio_pooled), "low": float(low), "high": float(high)}
    p = float(found.test_null_odds(correction=False).pvalue)
    yield task.row(COMMON, "", task.rows, unit=words, level=task.levels[1], p=p, test="Mantel-Haenszel", **figures)
    df = float(len(tables) - 1)
    yield task.row(HOMOGENEITY, "", task.rows, unit=words, p=float(test.pvalue), df=df, test=BRESLOW_DAY)
