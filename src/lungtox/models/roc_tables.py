"""Tables of the ROC analysis: every declared score, every declared pair."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lungtox.errors import Fault, FitError, InputError
from lungtox.models.config import RocSettings
from lungtox.models.cut_points import FIGURES, cut_point
from lungtox.models.discrimination import Direction, compare_auc, roc
from lungtox.models.labels import column_label
from lungtox.models.roc_resampling import BOOTSTRAP, partial_auc, roc_band
from lungtox.models.roc_schemas import AUC, BANDS, CURVES, CUT_POINTS, PAIRS, PARTIAL
from lungtox.table_schemas import checked

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa

OUTCOME = "rp"


@dataclass(frozen=True)
class RocTables:
    """What the rule of the ROC analysis writes.

    Attributes
    ----------
    auc, curves, pairs, bands, partial, cut_points : DataFrame
        As docs/file-contracts.md has them.
    """

    auc: pd.DataFrame
    curves: pd.DataFrame
    pairs: pd.DataFrame
    bands: pd.DataFrame
    partial: pd.DataFrame
    cut_points: pd.DataFrame


@dataclass(frozen=True)
class _Score:
    name: str
    label: str
    direction: Direction
    outcome: Any
    values: Any


def compare_roc(
    table: pd.DataFrame,
    *,
    settings: RocSettings,
    rng: np.random.Generator,
    dictionary: pd.DataFrame | None = None,
) -> RocTables:
    """Measure each declared score and compare each declared pair.

    Parameters
    ----------
    table : DataFrame
        The analysis table, with `rp`.
    settings : RocSettings
    rng : numpy.random.Generator
        For the resamples of bands, partial areas and cut-points; each score has a stream of its own.
    dictionary : DataFrame, optional
        Gives labels.

    Returns
    -------
    RocTables
        A score is measured on the patients who have it, a pair compared on those who have both; `n` says how many.
        Where that is impossible the numbers are missing and `method` of `auc` holds the finding; the other tables have
        no row for it.

    Raises
    ------
    InputError
        A score is not a column of the table.
    """
    missing = sorted({*settings.scores, *(name for pair in settings.pairs for name in pair)} - set(table.columns))
    if missing:
        found = ", ".join(missing)
        raise InputError(Fault("config: roc", "columns of the analysis table", found, "Correct it.", "missing-column"))
    auc: list[list[Any]] = []
    curves, bands, partial, cuts = [], [], [], []
    for name, stream in zip(settings.scores, rng.spawn(len(settings.scores)), strict=True):
        score = _score(table, name, settings, dictionary)
        head = [score.name, score.label, score.direction, len(score.outcome), int(score.outcome.sum())]
        try:
            result = roc(score.outcome, score.values, positive=score.direction)
        except FitError as error:
            auc.append([*head, np.nan, np.nan, np.nan, f"not measured: {error}"])
            continue
        auc.append([*head, result.auc, result.low, result.high, result.method])
        curves.append(result.curve.assign(score=name)[list(CURVES.columns)])
        bands.append(_band(score, settings, stream))
        partial += list(_partial(score, settings, stream))
        cuts += [row for criterion in settings.cut_points for row in _cut(score, criterion, settings, stream)]
    pairs = [_compare(table, settings, *pair) for pair in settings.pairs]
    return RocTables(
        _rows(auc, AUC), _joined(curves, CURVES), _rows(pairs, PAIRS), _joined(bands, BANDS), _rows(partial, PARTIAL),
        _rows(cuts, CUT_POINTS),
    )  # fmt: skip


def _score(table: pd.DataFrame, name: str, settings: RocSettings, dictionary: pd.DataFrame | None) -> _Score:
    rows = table[[OUTCOME, name]].dropna()
    direction: Direction = "smaller" if name in settings.smaller_means_risk else "larger"
    outcome, values = (rows[column].to_numpy(dtype=float) for column in (OUTCOME, name))
    return _Score(name, column_label(name, dictionary), direction, outcome, values)


def _rows(rows: list[list[Any]], schema: pa.DataFrameSchema) -> pd.DataFrame:
    import pandas as pd

    return checked(pd.DataFrame(rows, columns=list(schema.columns)), schema)


def _joined(frames: list[pd.DataFrame], schema: pa.DataFrameSchema) -> pd.DataFrame:
    import pandas as pd

    return checked(pd.concat(frames, ignore_index=True), schema) if frames else _rows([], schema)


def _band(score: _Score, settings: RocSettings, rng: np.random.Generator) -> pd.DataFrame:
    import pandas as pd

    band = roc_band(score.outcome, score.values, rng=rng, resamples=settings.resamples, positive=score.direction)
    columns = {name: getattr(band, name) for name in ("fpr", "tpr", "low", "high")}
    return pd.DataFrame({"score": score.name, **columns})


def _partial(score: _Score, settings: RocSettings, rng: np.random.Generator) -> Iterator[list[Any]]:
    part = settings.partial
    if part is None:
        return
    found = partial_auc(
        score.outcome, score.values, between=(part.low, part.high), focus=part.focus, correct=part.correct, rng=rng,
        resamples=settings.resamples, positive=score.direction,
    )  # fmt: skip
    head = [score.name, score.label, found.n, found.events, part.focus, part.low, part.high, part.correct]
    yield [*head, found.area, found.low, found.high, BOOTSTRAP]


def _cut(score: _Score, criterion: str, settings: RocSettings, rng: np.random.Generator) -> Iterator[list[Any]]:
    fixed = settings.fixed_sensitivity if criterion == "sensitivity" else None
    found = cut_point(
        score.outcome, score.values, sensitivity=fixed, rng=rng, resamples=settings.resamples, positive=score.direction
    )
    words = "Youden" if fixed is None else f"sensitivity {100 * fixed:g} %"
    head = [score.name, score.label, score.direction, found.n, found.events, words]
    for measure in FIGURES:
        value, optimism = found.values[measure], found.optimism.get(measure, np.nan)
        limits = [found.low[measure], found.high[measure]]
        yield [*head, measure, value, *limits, optimism, value - optimism, found.resamples]


def _compare(table: pd.DataFrame, settings: RocSettings, first: str, second: str) -> list[Any]:
    rows = table[[OUTCOME, first, second]].dropna()
    head = [first, second, len(rows), int(rows[OUTCOME].sum())]
    scores = [
        rows[name].to_numpy(dtype=float) * (-1.0 if name in settings.smaller_means_risk else 1.0)
        for name in (first, second)
    ]
    try:
        pair = compare_auc(rows[OUTCOME].to_numpy(dtype=float), *scores)
    except FitError:
        return [*head, *[np.nan] * 7]
    return [*head, pair.auc_a, pair.auc_b, pair.difference, pair.low, pair.high, pair.z, pair.p]
