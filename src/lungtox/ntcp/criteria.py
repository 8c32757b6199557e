"""Information criteria of the NTCP fits side by side, with Akaike weights among those to the same patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


def compare_fits(fits: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Put the criteria of fits into one table.

    Parameters
    ----------
    fits : sequence of dict
        Contents of fit.json; one without an AICc is left out.

    Returns
    -------
    DataFrame
        Of results/ntcp/criteria.csv: a row for each fit, in their order. Weights are shared by fits to as many patients
        and events; fits with times only among each other, because their likelihood is that of the days.
    """
    from lungtox.ntcp.schemas import CRITERIA
    from lungtox.table_schemas import typed

    rows: list[dict[str, Any]] = [
        {
            "ntcp": fit["ntcp"],
            **{name: fit[name] for name in ("n", "events", "free_parameters")},
            "timed": bool(fit.get("time")),
            **{name: fit[name] for name in ("aic", "aicc", "bic")},
        }
        for fit in fits
        if fit.get("aicc") is not None
    ]
    groups: dict[tuple[int, int, bool], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["n"], row["events"], row["timed"]), []).append(row)
    for same in groups.values():
        for row, difference, weight in zip(same, *akaike_weights([one["aicc"] for one in same]), strict=True):
            row |= {"aicc_difference": difference, "aicc_weight": weight}
    return typed(rows, CRITERIA)


def akaike_weights(aic: Sequence[float]) -> tuple[Floats, Floats]:
    """Give the differences from the lowest AIC, and the weights exp(-difference/2), which add up to 1.

    Parameters
    ----------
    aic : sequence of float
        AIC or AICc of models fitted to the same patients.

    Notes
    -----
    Burnham and Anderson 2002.
    """
    difference = np.asarray(aic, dtype=np.float64) - min(aic)
    weight = np.exp(-0.5 * difference)
    return difference, weight / weight.sum()
