"""The files of the room (docs/file-contracts.md): delivered and planned DVHs, metric pairs, volumes, quality."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lungtox.delivered.patient import DeliveredPatient


def write_delivered(
    patients: Sequence[DeliveredPatient],
    *,
    dvh: str | Path,
    planned: str | Path,
    metrics: str | Path,
    volumes: str | Path,
    qa: str | Path,
) -> None:
    """Write the results of a batch, each file atomically.

    Parameters
    ----------
    patients : sequence of DeliveredPatient
    dvh, planned : path of a Parquet file
        Delivered and planned DVHs in the DVH contract: the former can stand in the column ``dvh`` of patients.csv.
    metrics : path of a CSV
        ``patient, structure, quantity, metric, unit, planned, delivered``.
    volumes : path of a CSV
        ``patient, session, order, fractions_before, structure, source, volume_cc, ratio, percent_change``.
    qa : path of a JSON file
        A list, one entry per patient.
    """
    raise NotImplementedError


def read_delivered_qa(path: str | Path) -> list[dict[str, Any]]:
    """Read the quality entries of a batch."""
    raise NotImplementedError
