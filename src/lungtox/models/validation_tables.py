"""Tables of an internal validation, from its resamples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lungtox.models.performance import MEASURES
from lungtox.models.recipe import SHRINKING, Coefficients, Recipe
from lungtox.models.resampling import Axes, Bootstrap

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]

BOOTSTRAP = (
    "Harrell optimism bootstrap; low and high: instability range (2.5-97.5 % of resamples), no confidence interval"
)
CROSS_VALIDATION = (
    "{folds}-fold cross-validation, stratified and repeated; low and high: range over the repeats (2.5-97.5 %), no "
    "confidence interval"
)
MEASURE_COLUMNS = (
    "measure", "approach", "apparent", "optimism", "corrected", "low", "high", "resamples", "method",
)  # fmt: skip
NO_PREDICTOR = "(none)"
MOST_MODELS = 20
_MIDDLE = (0.025, 0.975)


def measure_table(found: Bootstrap) -> pd.DataFrame:
    """Give apparent and corrected performance by the bootstrap."""
    import pandas as pd

    apparent = found.apparent.measures
    optimism = np.array([own.measures - other.measures for own, other in zip(found.own, found.original, strict=True)])
    rows = []
    for index, measure in enumerate(MEASURES):
        usable = optimism[np.isfinite(optimism[:, index]), index]
        known = len(usable) > 0 and bool(np.isfinite(apparent[index]))
        mean = float(usable.mean()) if known else np.nan
        low, high = _range(_inside(measure, apparent[index] - usable)) if known else (np.nan, np.nan)
        corrected = float(apparent[index]) - mean
        rows.append((measure, "bootstrap", float(apparent[index]), mean, corrected, low, high, len(usable), BOOTSTRAP))
    return pd.DataFrame(rows, columns=list(MEASURE_COLUMNS))


def cross_validation_table(measures: pd.DataFrame, found: Bootstrap, values: FloatArray, *, folds: int) -> pd.DataFrame:
    """Put the cross-validated figures below those of the bootstrap.

    Parameters
    ----------
    measures : DataFrame
        Of `measure_table`.
    found : Bootstrap
        For the apparent performance.
    values : ndarray, shape (repeats, 7)
    folds : int
    """
    import pandas as pd

    rows = []
    for index, measure in enumerate(MEASURES):
        usable = values[np.isfinite(values[:, index]), index]
        apparent = float(found.apparent.measures[index])
        mean = float(usable.mean()) if len(usable) else np.nan
        low, high = _range(usable) if len(usable) else (np.nan, np.nan)
        method = CROSS_VALIDATION.format(folds=folds)
        rows.append((measure, "cross-validation", apparent, apparent - mean, mean, low, high, len(usable), method))
    return pd.concat([measures, pd.DataFrame(rows, columns=list(measures.columns))], ignore_index=True)


def calibration_table(found: Bootstrap, axes: Axes) -> pd.DataFrame:
    """Give the smooth calibration curve, corrected as in R's ``calibrate``, with a band of sampling around it."""
    import pandas as pd

    optimism = np.array([own.curve - other.curve for own, other in zip(found.own, found.original, strict=True)])
    corrected = found.apparent.curve - _mean_of_most(optimism)
    spread = found.band - found.apparent.curve
    low, high = (corrected + _quantile_of_most(spread, share) for share in _MIDDLE)
    return pd.DataFrame(
        {
            "predicted": axes.grid,
            "apparent": np.clip(found.apparent.curve, 0.0, 1.0),
            "corrected": np.clip(corrected, 0.0, 1.0),
            "low": np.clip(low, 0.0, 1.0),
            "high": np.clip(high, 0.0, 1.0),
        }
    )


def decision_table(found: Bootstrap, axes: Axes, rate: float) -> pd.DataFrame:
    """Give the net benefit of the model, apparent and corrected, and of treating all."""
    import pandas as pd

    optimism = np.array([own.benefit - other.benefit for own, other in zip(found.own, found.original, strict=True)])
    corrected = found.apparent.benefit - optimism
    odds = axes.thresholds / (1.0 - axes.thresholds)
    return pd.DataFrame(
        {
            "threshold": axes.thresholds,
            "apparent": found.apparent.benefit,
            "corrected": found.apparent.benefit - optimism.mean(axis=0),
            "low": np.quantile(corrected, _MIDDLE[0], axis=0),
            "high": np.quantile(corrected, _MIDDLE[1], axis=0),
            "all": rate - (1.0 - rate) * odds,
        }
    )


def stability_table(found: Bootstrap, risk: FloatArray, rows: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """Give what the refits predict for each patient (Riley and Collins 2023).

    Parameters
    ----------
    found : Bootstrap
    risk : ndarray, shape (n,)
    rows : ndarray of bool
        Which rows of the table were used; `row` counts in the table.
    """
    import pandas as pd

    return pd.DataFrame(
        {
            "row": np.flatnonzero(rows),
            "probability": risk,
            "low": np.quantile(found.risks, _MIDDLE[0], axis=0),
            "high": np.quantile(found.risks, _MIDDLE[1], axis=0),
            "mean_absolute_difference": np.abs(found.risks - risk).mean(axis=0),
        }
    )


def selection_table(found: Bootstrap, model: Coefficients, recipe: Recipe) -> pd.DataFrame:
    """Count how often the resamples chose each predictor and each model; models most frequent first, at most 20."""
    import pandas as pd

    columns = ["kind", "name", "chosen", "count", "share", "resamples"]
    if recipe.selection is None and recipe.penalty not in SHRINKING[1:]:
        return pd.DataFrame(columns=columns)
    total = len(found.chosen)
    order = [group.name for group in recipe.groups]
    rows: list[tuple[str, str, bool, int]] = [
        ("predictor", name, name in model.chosen, sum(name in chosen for chosen in found.chosen)) for name in order
    ]

    def words(chosen: frozenset[str]) -> str:
        return " + ".join(name for name in order if name in chosen) or NO_PREDICTOR

    models = Counter(words(chosen) for chosen in found.chosen)
    frequent = sorted(models.items(), key=lambda item: (-item[1], item[0]))[:MOST_MODELS]
    final = words(model.chosen)
    if final not in dict(frequent):
        frequent.append((final, models.get(final, 0)))
    rows += [("model", name, name == final, count) for name, count in frequent]
    return pd.DataFrame([(*row, row[3] / total, total) for row in rows], columns=columns)


def level_table(column: str, levels: Iterable[tuple[str, int, int, FloatArray]]) -> pd.DataFrame:
    """Give the performance in each level that was left out; empty without levels."""
    import pandas as pd

    rows = [(column, level, n, events, *map(float, measures)) for level, n, events, measures in levels]
    return pd.DataFrame(rows, columns=["column", "level", "n", "events", *MEASURES])


def _inside(measure: str, values: FloatArray) -> FloatArray:
    """Keep corrected values where the measure can lie."""
    lowest = 0.0 if measure in ("auc", "brier", "ici", "e90") else -np.inf
    highest = 1.0 if measure in ("auc", "brier", "scaled_brier", "ici", "e90") else np.inf
    return np.clip(values, lowest, highest)


def _range(values: FloatArray) -> tuple[float, float]:
    low, high = np.quantile(values, _MIDDLE)
    return float(low), float(high)


def _mean_of_most(values: FloatArray) -> FloatArray:
    """Average the columns that at least half of the rows have."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0.0).sum(axis=0)
    mean: FloatArray = np.where(2 * count >= len(values), total / np.maximum(count, 1), np.nan)
    return mean


def _quantile_of_most(values: FloatArray, share: float) -> FloatArray:
    known = np.isfinite(values)
    return np.array(
        [
            np.quantile(column[mask], share) if 2 * mask.sum() >= len(column) else np.nan
            for column, mask in zip(values.T, known.T, strict=True)
        ]
    )
