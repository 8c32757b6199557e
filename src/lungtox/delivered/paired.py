"""Paired comparison of planned and delivered values over the patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lungtox.agreement import paired_t
from lungtox.delivered.compare_config import DeliveredComparisonSettings
from lungtox.models import benjamini_hochberg, signed_rank

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
FEWEST = 2
NTCP_METRIC = "NTCP"


def paired_metrics(metrics: pd.DataFrame, settings: DeliveredComparisonSettings) -> list[dict[str, Any]]:
    """Give the rows of the DVH metrics, p adjusted over them; patients without a value are left out of a metric."""
    rows = []
    for (structure, quantity, metric), own in metrics.groupby(["structure", "quantity", "metric"], sort=False):
        known = own.dropna(subset=["planned", "delivered"])
        unit = own["unit"].iloc[0]
        head = {"structure": structure, "quantity": quantity, "metric": metric,
                "unit": unit if isinstance(unit, str) else ""}  # fmt: skip
        a, b = (known[name].to_numpy(dtype=np.float64) for name in ("planned", "delivered"))
        rows.append({**head, **compare_pairs(a, b, settings.test)})
    return adjusted(rows)


def paired_risks(risks: Sequence[Mapping[str, Any]], settings: DeliveredComparisonSettings) -> list[dict[str, Any]]:
    """Give the rows of the published models, p adjusted over them."""
    rows = []
    for model, structure in settings.ntcp.items():
        own = [row for row in risks if row["model"] == model]
        if own:
            a, b = (np.array([row[name] for row in own]) for name in ("planned", "delivered"))
            head = {"structure": structure, "quantity": own[0]["quantity"], "metric": f"{NTCP_METRIC}({model})"}
            rows.append({**head, "unit": "", **compare_pairs(a, b, settings.test)})
    return adjusted(rows)


def adjusted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add ``q`` to rows with ``p``: Benjamini-Hochberg over all of them."""
    q = benjamini_hochberg([row["p"] for row in rows])
    return [{**row, "q": float(value)} for row, value in zip(rows, q, strict=True)]


def compare_pairs(planned: FloatArray, delivered: FloatArray, test: str) -> dict[str, Any]:
    """Compare paired values: mean difference (planned minus delivered), paired t and Wilcoxon signed-rank test.

    Parameters
    ----------
    planned, delivered : ndarray, shape (patients,)
    test : {"wilcoxon", "t"}
        Whose p stands in ``p``.

    Returns
    -------
    dict
        Figures of the table `paired`; NaN where fewer than two patients leave nothing to test. ``smallest_p`` is the
        smallest p that the exact Wilcoxon test can give with so many pairs: 2 / 2^n.
    """
    n = planned.size
    difference = planned - delivered
    found: dict[str, Any] = {
        "n": n,
        **{f"mean_{name}": float(v.mean()) if n else np.nan for name, v in _named(planned, delivered)},
        **{f"sd_{name}": float(v.std(ddof=1)) if n > 1 else np.nan for name, v in _named(planned, delivered)},
        "positive": int((difference > 0).sum()),
        "negative": int((difference < 0).sum()),
        "smallest_p": min(1.0, 2.0 ** (1 - n)) if n else np.nan,
        "test": test,
        "p": np.nan,
    }
    if n < FEWEST:
        return found
    student, ranks = paired_t(difference), signed_rank(difference)
    mean = float(planned.mean())
    return {
        **found,
        "difference": student.mean.value,
        "low": student.mean.low,
        "high": student.mean.high,
        "sd": float(difference.std(ddof=1)),
        "percent": 100.0 * student.mean.value / mean if mean > 0 else np.nan,
        "t": student.t,
        "p_t": student.p,
        "shift": ranks.shift,
        "shift_low": ranks.low,
        "shift_high": ranks.high,
        "p_wilcoxon": ranks.p,
        "wilcoxon": ranks.name,
        "p": student.p if test == "t" else ranks.p,
    }


def _named(planned: FloatArray, delivered: FloatArray) -> tuple[tuple[str, FloatArray], tuple[str, FloatArray]]:
    return ("planned", planned), ("delivered", delivered)
