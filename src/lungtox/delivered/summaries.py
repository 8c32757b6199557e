"""What the figure and the report show of volumes and fields: means over the patients, extremes over the sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

IRRADIATED = "irradiated volume"
"""Stands in `structure` of the quality table for the volume within `quality_from_pct` of the planned maximum."""


def volume_courses(volumes: pd.DataFrame) -> list[dict[str, Any]]:
    """Summarise the volume of each structure in each session over the patients.

    Parameters
    ----------
    volumes : pandas.DataFrame
        As `write_delivered` writes it.

    Returns
    -------
    list of dict
        ``structure, source, order`` (0: planning, where each patient has 100 %), ``patients, mean_pct, sd_pct`` (of the
        planned volume; no SD of one patient). None of a source that only the planning image has.
    """
    rows: list[dict[str, Any]] = []
    for (structure, source), own in volumes.groupby(["structure", "source"], sort=False):
        sessions = own[own["order"] > 0]
        if sessions.empty:
            continue
        head = {"structure": structure, "source": source}
        patients = sessions["patient"].nunique()
        rows.append({**head, "order": 0, "patients": patients, "mean_pct": 100.0, "sd_pct": 0.0})
        for order, part in sessions.groupby("order"):
            percent = 100.0 * part["ratio"]
            figures = {"mean_pct": float(percent.mean()), "sd_pct": float(percent.std(ddof=1))}
            rows.append({**head, "order": order, "patients": len(part), **figures})
    return rows


def field_extremes(quality: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the worst of each quality figure over the sessions and structures of each patient.

    Parameters
    ----------
    quality : pandas.DataFrame
        The quality table.

    Returns
    -------
    list of dict
        ``patient, sessions, kinds`` (separated by ;), ``jacobian_minimum, jacobian_maximum, folding_pct`` (largest),
        ``max_displacement_mm`` (in any structure: outside of them a field may do what it likes), ``coverage_pct``
        (smallest).
    """
    return [
        {
            "patient": patient,
            "sessions": own["session"].nunique(),
            "kinds": ";".join(dict.fromkeys(own["kind"])),
            "jacobian_minimum": own["jacobian_minimum"].min(),
            "jacobian_maximum": own["jacobian_maximum"].max(),
            "folding_pct": own["folding_pct"].max(),
            "max_displacement_mm": own.loc[own["structure"] != IRRADIATED, "max_displacement_mm"].max(),
            "coverage_pct": own["coverage_pct"].min(),
        }
        for patient, own in quality.groupby("patient", sort=False)
    ]
