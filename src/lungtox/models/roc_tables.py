"""The declared scores and pairs of the config as the tables of results/roc."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lungtox.errors import Fault, FitError, InputError
from lungtox.models.config import RocSettings
from lungtox.models.discrimination import compare_auc, roc
from lungtox.models.labels import column_label

if TYPE_CHECKING:
    import pandas as pd

OUTCOME = "rp"
AUC_COLUMNS = ["score", "label", "n", "events", "auc", "low", "high", "method"]
CURVE_COLUMNS = ["score", "fpr", "tpr", "threshold"]
PAIR_COLUMNS = ["score_a", "score_b", "n", "events", "auc_a", "auc_b", "difference", "low", "high", "z", "p"]


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
        pd.DataFrame(auc, columns=AUC_COLUMNS),
        pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=CURVE_COLUMNS),
        pd.DataFrame(pairs, columns=PAIR_COLUMNS),
    )


def _measure(table: pd.DataFrame, score: str, label: str) -> tuple[list[object], pd.DataFrame | None]:
    rows = table[[OUTCOME, score]].dropna()
    head = [score, label, len(rows), int(rows[OUTCOME].sum())]
    try:
        result = roc(rows[OUTCOME].to_numpy(), rows[score].to_numpy())
    except FitError as error:
        return [*head, np.nan, np.nan, np.nan, f"not measured: {error}"], None
    curve = result.curve.assign(score=score)[CURVE_COLUMNS]
    return [*head, result.auc, result.low, result.high, result.method], curve


def _compare(table: pd.DataFrame, first: str, second: str) -> list[object]:
    rows = table[[OUTCOME, first, second]].dropna()
    head = [first, second, len(rows), int(rows[OUTCOME].sum())]
    try:
        pair = compare_auc(rows[OUTCOME].to_numpy(), rows[first].to_numpy(), rows[second].to_numpy())
    except FitError:
        return [*head, *[np.nan] * 7]
    return [*head, pair.auc_a, pair.auc_b, pair.difference, pair.low, pair.high, pair.z, pair.p]
