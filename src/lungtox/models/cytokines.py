"""Cytokines before and during radiotherapy: paired in time, and between the outcome groups."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lungtox.errors import Fault, InputError, ParameterError
from lungtox.models.association_schemas import CYTOKINES
from lungtox.models.config import AssociationSettings
from lungtox.models.labels import column_label
from lungtox.models.multiplicity import benjamini_hochberg
from lungtox.models.rank_tests import mann_whitney, signed_rank

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

OUTCOME = "rp"
RATIO = "ratio during / pre (Hodges-Lehmann)"
SHIFT = "difference RP - no RP (Hodges-Lehmann)"


@dataclass(frozen=True)
class _Comparison:
    """One row of the table, without names and q."""

    comparison: str
    n: int
    n_a: int
    n_b: int
    median_a: float
    q1_a: float
    q3_a: float
    median_b: float
    q1_b: float
    q3_b: float
    effect_name: str
    effect: float
    low: float
    high: float
    p: float
    test: str
    below_limit_pct: float


@dataclass(frozen=True)
class _Series:
    """One cytokine of all patients; values are missing where there was no draw."""

    pre: FloatArray
    during: FloatArray
    ratio: FloatArray
    pre_below: BoolArray
    during_below: BoolArray
    outcome: FloatArray


def compare_cytokines(
    table: pd.DataFrame, *, settings: AssociationSettings, dictionary: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Compare each cytokine in time (paired) and between patients with and without pneumonitis.

    Parameters
    ----------
    table : DataFrame
        The analysis table with `rp` and, for each cytokine c, `c_pre`, `c_during`, `c_ratio` (`c_pre_below` and
        `c_during_below` if any value lies below its limit).
    settings : AssociationSettings
        Names the cytokines. All their comparisons are one family for q.
    dictionary : DataFrame, optional
        Gives labels.

    Returns
    -------
    DataFrame
        Six rows per cytokine. ``paired_*``: a = pre, b = during, Wilcoxon signed-rank test on log ratios with the
        Hodges-Lehmann ratio; the whole group also holds patients whose outcome is unknown. ``groups_*``: a = RP,
        b = no RP, Mann-Whitney with the Hodges-Lehmann difference in the unit of the value. Values below the
        detection limit stand as the table has them; `below_limit_pct` is the share of patients concerned.

    Raises
    ------
    InputError
        A column is missing (all are listed).
    ParameterError
        A value is zero or negative.
    """
    import pandas as pd

    _require_columns(table, settings.cytokines)
    rows = []
    for name in settings.cytokines:
        series = _series(table, name)
        head = {"cytokine": name, "label": cytokine_label(name, dictionary)}
        rows += [head | asdict(comparison) for comparison in _comparisons(series)]
    columns = list(CYTOKINES.columns)
    if not rows:
        return pd.DataFrame(columns=columns)
    result = pd.DataFrame(rows)
    result["q"] = benjamini_hochberg(result["p"].to_numpy())
    return CYTOKINES.validate(result[columns], lazy=True)


def _require_columns(table: pd.DataFrame, cytokines: list[str]) -> None:
    wanted = [OUTCOME, *(f"{name}_{part}" for name in cytokines for part in ("pre", "during", "ratio"))]
    missing = [column for column in wanted if column not in table]
    if missing:
        action = "Correct association.cytokines or the cytokine table."
        raise InputError(
            Fault("config: association.cytokines", "columns of the analysis table", ", ".join(missing), action)
        )


def cytokine_label(name: str, dictionary: pd.DataFrame | None) -> str:
    """Give the label of the first draw without the word for the draw."""
    label = column_label(f"{name}_pre", dictionary)
    if label == f"{name}_pre":
        return name
    for ending in (" before RT", " (pre)", ", pre", " pre"):
        label = label.removesuffix(ending)
    return label


def _series(table: pd.DataFrame, name: str) -> _Series:
    values = {part: table[f"{name}_{part}"].to_numpy(dtype=np.float64) for part in ("pre", "during", "ratio")}
    for part, column in values.items():
        if (column[~np.isnan(column)] <= 0.0).any():
            raise ParameterError(f"{name}_{part}: expected positive values; found zero or less.")
    below = [_truth(table, f"{name}_{part}_below") for part in ("pre", "during")]
    outcome = table[OUTCOME].to_numpy(dtype=np.float64)
    return _Series(values["pre"], values["during"], values["ratio"], below[0], below[1], outcome)


def _truth(table: pd.DataFrame, column: str) -> BoolArray:
    if column not in table:
        return np.zeros(len(table), dtype=np.bool_)
    return np.asarray(table[column].astype(str).isin(["True", "1", "1.0"]).to_numpy(), dtype=np.bool_)


def _comparisons(series: _Series) -> list[_Comparison]:
    everyone = np.ones(len(series.outcome), dtype=np.bool_)
    rp, no_rp = series.outcome == 1.0, series.outcome == 0.0
    either_below = series.pre_below | series.during_below
    return [
        _paired("paired_all", series, everyone, either_below),
        _paired("paired_rp", series, rp, either_below),
        _paired("paired_no_rp", series, no_rp, either_below),
        _between("groups_pre", series.pre, rp, no_rp, series.pre_below),
        _between("groups_during", series.during, rp, no_rp, series.during_below),
        _between("groups_ratio", series.ratio, rp, no_rp, either_below),
    ]


def _paired(comparison: str, series: _Series, group: BoolArray, below: BoolArray) -> _Comparison:
    both = group & ~np.isnan(series.pre) & ~np.isnan(series.during)
    pre, during = series.pre[both], series.during[both]
    test = signed_rank(np.log(during) - np.log(pre))
    n = int(both.sum())
    return _Comparison(
        comparison, n, n, n, *_quartiles(pre), *_quartiles(during),
        RATIO, math.exp(test.shift), math.exp(test.low), math.exp(test.high), test.p, test.name, _percent(below[both]),
    )  # fmt: skip


def _between(comparison: str, values: FloatArray, rp: BoolArray, no_rp: BoolArray, below: BoolArray) -> _Comparison:
    known = ~np.isnan(values)
    a, b = values[rp & known], values[no_rp & known]
    test = mann_whitney(a, b)
    return _Comparison(
        comparison, len(a) + len(b), len(a), len(b), *_quartiles(a), *_quartiles(b),
        SHIFT, test.shift, test.low, test.high, test.p, test.name, _percent(below[(rp | no_rp) & known]),
    )  # fmt: skip


def _quartiles(values: FloatArray) -> tuple[float, float, float]:
    if not len(values):
        return math.nan, math.nan, math.nan
    q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75])
    return float(median), float(q1), float(q3)


def _percent(below: BoolArray) -> float:
    return 100.0 * float(below.mean()) if len(below) else math.nan
