"""The files of the room (docs/file-contracts.md): delivered and planned DVHs, metric pairs, volumes, quality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from lungtox.delivered.patient import DeliveredPatient, MetricPair
from lungtox.delivered.volumes import SessionVolume
from lungtox.dose import write_dvhs
from lungtox.errors import Fault, InputError
from lungtox.tables import read_json, write_csv, write_json

METRIC_COLUMNS = ["patient", *(field.name for field in fields(MetricPair))]
VOLUME_COLUMNS = ["patient", *(field.name for field in fields(SessionVolume))]


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
    import pandas as pd

    write_dvhs([(one.patient, dvh) for one in patients for dvh in one.delivered], dvh)
    write_dvhs([(one.patient, dvh) for one in patients for dvh in one.planned], planned)
    pairs = [{"patient": one.patient, **asdict(pair)} for one in patients for pair in one.metrics]
    write_csv(pd.DataFrame(pairs, columns=METRIC_COLUMNS), metrics)
    sizes = [{"patient": one.patient, **asdict(size)} for one in patients for size in one.volumes]
    write_csv(pd.DataFrame(sizes, columns=VOLUME_COLUMNS), volumes)
    write_json([one.qa for one in patients], qa)


def read_delivered_qa(path: str | Path) -> list[dict[str, Any]]:
    """Read the quality entries of a batch.

    Raises
    ------
    InputError
        Another file.
    """
    content = read_json(path)
    if not isinstance(content, list) or not all(isinstance(one, dict) and "sessions" in one for one in content):
        action = "Run the workflow again: the file is not of this program."
        raise InputError(Fault(Path(path).name, "quality entries of delivered doses", "others", action, "delivered-qa"))
    return content
