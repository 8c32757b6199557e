"""Which patients depend most on what the discretisation leaves open."""

from __future__ import annotations

from pathlib import Path

from lungtox.tables import read_csv, write_csv

COLUMNS = (
    "patient", "structure", "weighting", "quantity", "metric", "value", "low", "high", "unit", "cohort_sd", "width_sd",
)  # fmt: skip
_GROUP = ["structure", "weighting", "quantity", "metric"]


def rank_sensitivity(metrics: str | Path, out: str | Path) -> None:
    """Rank the patients by the width of their bounds.

    A width in Gy and one in percent are compared by the standard deviation of the metric over the patients: a width of
    1 is as large as the patients differ. Each patient is listed once, with the metric whose width is the largest so.

    Parameters
    ----------
    metrics : path of metrics.csv
    out : path of the table to write (CSV)
        Most sensitive first; only the header where no bounds were asked for, or fewer than two patients have a metric.
    """
    table = read_csv(metrics, dtype={"patient": str})
    table["cohort_sd"] = table.groupby(_GROUP)["value"].transform("std")
    table = table[(table["cohort_sd"] > 0) & table["low"].notna() & table["high"].notna()]
    table = table.assign(width_sd=(table["high"] - table["low"]) / table["cohort_sd"])
    ranked = table.sort_values("width_sd", ascending=False, kind="stable").drop_duplicates("patient")
    write_csv(ranked[list(COLUMNS)], out)
