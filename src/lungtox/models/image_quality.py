"""What hot spots and the lung's edge do to the function images of the analysed patients."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lungtox.models.function_schemas import IMAGES

if TYPE_CHECKING:
    import pandas as pd


def describe_images(entries: Sequence[Mapping[str, Any]], *, patients: Collection[str]) -> pd.DataFrame:
    """Summarise the quality of the function images over the patients.

    Parameters
    ----------
    entries : sequence of dict
        Quality entries of the dose stage ({batch}.qa.json).
    patients : collection of str
        Those who are analysed.

    Returns
    -------
    DataFrame
        `measure, n, median, largest, flagged`: share of the structure's volume and of its counts within 10 mm of its
        surface (%), and maximum over 99th percentile of the values with the number of images that are flagged for it.
    """
    import pandas as pd

    images = [entry.get("function") or {} for entry in entries if entry["patient"] in patients]
    edges = [image["edge"] for image in images if image.get("edge")]
    spots = [float(image["hot_spot"]) for image in images if image.get("hot_spot")]
    flagged = sum(bool(image.get("hot_spot_warned")) for image in images)
    rows = [
        _row(f"edge_{name}", [float(edge[name]) for edge in edges], math.nan)
        for name in ("volume_pct", "perfusion_pct")
    ]
    table = pd.DataFrame([*rows, _row("hot_spot", spots, flagged)], columns=list(IMAGES.columns))
    return IMAGES.validate(table, lazy=True)


def _row(measure: str, values: list[float], flagged: float) -> dict[str, object]:
    middle, most = (float(np.median(values)), max(values)) if values else (math.nan, math.nan)
    return {"measure": measure, "n": len(values), "median": middle, "largest": most, "flagged": flagged}
