"""Weights of patients, as the fits take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lungtox.errors import ParameterError
from lungtox.models.encoding import numbers_of, require_columns

if TYPE_CHECKING:
    import pandas as pd

    from lungtox.models.design import Design

FloatArray = npt.NDArray[np.float64]


def mean_one(weights: FloatArray) -> FloatArray:
    """Scale weights to a mean of one: tests and penalties then see as many patients as there are."""
    scaled: FloatArray = weights / weights.mean()
    return scaled


def row_weights(table: pd.DataFrame, design: Design, weight: str | None) -> FloatArray | None:
    """Give the weights of a design's rows with a mean of one, or None without a column.

    Raises
    ------
    InputError
        The column does not exist.
    ParameterError
        A weight of these rows is missing or not positive.
    """
    if weight is None:
        return None
    require_columns(table, [weight])
    values = numbers_of(table[weight])[design.rows]
    if not (np.isfinite(values) & (values > 0.0)).all():
        raise ParameterError(f"{weight}: expected positive weights where the outcome is known; found others.")
    return mean_one(values)
