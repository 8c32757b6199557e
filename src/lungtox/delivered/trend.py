"""How volumes change over the course."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lungtox.agreement import paired_t
from lungtox.delivered.compare_config import DeliveredComparisonSettings
from lungtox.delivered.paired import FEWEST, adjusted
from lungtox.models import signed_rank

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
FEWEST_TIMES = 3
ROUNDING = 1e-3
"""Relative change that vectors of 32 bits on a grid may give to a volume that does not change: not tested."""


def volume_trends(volumes: pd.DataFrame, settings: DeliveredComparisonSettings) -> list[dict[str, Any]]:
    """Give the change of each structure: ratio at the last session, and slope over the sessions.

    Parameters
    ----------
    volumes : pandas.DataFrame
        As `write_delivered` writes it.
    settings : DeliveredComparisonSettings
        Names the test whose p is adjusted.

    Returns
    -------
    list of dict
        One row per structure and source. ``ratio``: mean over the patients of the volume at the last session in parts
        of that at planning, with its t interval, the p of the test and its q (Benjamini-Hochberg) over the rows;
        ``slope``: mean of the patients' least-squares slopes, in % of the
        planned volume for each fraction. No p where no patient changes by more than rounding.
    """
    rows = []
    for (structure, source), own in volumes.groupby(["structure", "source"], sort=False):
        # Of a source that only the planning image has there is no course.
        courses = [one for _, one in own.sort_values("order").groupby("patient") if one["order"].iloc[-1] > 0]
        if courses:
            row = _trend(courses)
            p = row.get("p_t" if settings.test == "t" else "p_wilcoxon", np.nan)
            rows.append({"structure": structure, "source": source, **row, "p": p})
    return adjusted(rows)


def _trend(courses: list[pd.DataFrame]) -> dict[str, Any]:
    ratio = np.array([float(one["ratio"].iloc[-1]) for one in courses])
    changed = bool((np.abs(ratio - 1.0) > ROUNDING).any())
    row: dict[str, Any] = {
        "patients": ratio.size,
        "ratio": float(ratio.mean()),
        "ratio_sd": float(ratio.std(ddof=1)) if ratio.size > 1 else np.nan,
        "percent_change": 100.0 * (float(ratio.mean()) - 1.0),
        "shrinking": int((ratio < 1.0 - ROUNDING).sum()),
    }
    if ratio.size >= FEWEST:
        tested = paired_t(ratio - 1.0)
        row |= {"ratio_low": 1.0 + tested.mean.low, "ratio_high": 1.0 + tested.mean.high}
        row |= {"p_t": tested.p, "p_wilcoxon": signed_rank(ratio - 1.0).p} if changed else {}
    slopes = [slope for one in courses if (slope := _slope(one)) is not None]
    if len(slopes) >= FEWEST:
        found = paired_t(slopes)
        row |= {"slope": found.mean.value, "slope_low": found.mean.low, "slope_high": found.mean.high}
        row |= {"slope_p": found.p} if changed else {}
    return row


def _slope(course: pd.DataFrame) -> float | None:
    """Give the least-squares slope over the sessions; None with fewer than three times."""
    at, change = (course[name].to_numpy(dtype=np.float64) for name in ("fractions_before", "percent_change"))
    centred = at - at.mean()
    return float(centred @ change / (centred @ centred)) if np.unique(at).size >= FEWEST_TIMES else None
