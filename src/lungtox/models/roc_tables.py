"""The declared scores and pairs of the config as the tables of results/roc."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lungtox.errors import Fault, FitError, InputError
from lungtox.models.config import RocSettings
from lungtox.models.discrimination import compare_auc, roc
from lungtox.models.labels import column_label
from lungtox.models.schemas import AUC, CURVES, PAIRS

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa

OUTCOME = "rp"


def compare_roc(
    table: pd.DataFrame, *, settings: RocSettings, dictionary: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Measure each declared score and compare each declared pair.

    Parameters
    ----------
    table : DataFrame
        The analysis table, with `rp`.
    settings : RocSettings
    dictionary : DataFrame, optional
        Gives labels.

    Returns
    -------
    auc, curves, pairs : DataFrame
        A score is measured on the patients who have it, a pair compared on those who have both; `n` says how many.
        Where that is impossible the numbers are missing and `method` of `auc` holds the finding.

    Raises
    ------
    InputError
        A score is not a column of the table.
    """
    import pandas as pd

    missing = sorted({*settings.scores, *(name for pair in settings.pairs for name in pair)} - set(table.columns))
    if missing:
        found = ", ".join(missing)
        raise InputError(Fault("config: roc", "columns of the analysis table", found, "Correct it.", "missing-column"))
    auc, curves = [], []
    for score in settings.scores:
        row, curve = _measure(table, score, column_label(score, dictionary))
        auc.append(row)
        if curve is not None:
            curves.append(curve)
    pairs = [_compare(table, first, second) for first, second in settings.pairs]
    return (
        _checked(pd.DataFrame(auc, columns=list(AUC.columns)), AUC),
        _checked(
            pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=list(CURVES.columns)), CURVES
        ),
        _checked(pd.DataFrame(pairs, columns=list(PAIRS.columns)), PAIRS),
    )


def _checked(frame: pd.DataFrame, schema: pa.DataFrameSchema) -> pd.DataFrame:
    return frame if frame.empty else schema.validate(frame, lazy=True)


def _measure(table: pd.DataFrame, score: str, label: str) -> tuple[list[object], pd.DataFrame | None]:
    rows = table[[OUTCOME, score]].dropna()
    head = [score, label, len(rows), int(rows[OUTCOME].sum())]
    try:
        result = roc(rows[OUTCOME].to_numpy(), rows[score].to_numpy())
    except FitError as error:
        return [*head, np.nan, np.nan, np.nan, f"not measured: {error}"], None
    curve = result.curve.assign(score=score)[list(CURVES.columns)]
    return [*head, result.auc, result.low, result.high, result.method], curve


def _compare(table: pd.DataFrame, first: str, second: str) -> list[object]:
    rows = table[[OUTCOME, first, second]].dropna()
    head = [first, second, len(rows), int(rows[OUTCOME].sum())]
    try:
        pair = compare_auc(rows[OUTCOME].to_numpy(), rows[first].to_numpy(), rows[second].to_numpy())
    except FitError:
        return [*head, *[np.nan] * 7]
    return [*head, pair.auc_a, pair.auc_b, pair.difference, pair.low, pair.high, pair.z, pair.p]
