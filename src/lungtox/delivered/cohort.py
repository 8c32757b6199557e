"""Planned against delivered dose over the cohort: the tables of results/delivered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lungtox.delivered.compare_config import DeliveredComparisonSettings
from lungtox.delivered.paired import paired_metrics, paired_risks
from lungtox.delivered.risk import delivered_risks
from lungtox.delivered.schemas import (
    COURSE,
    CURVES,
    FIELDS,
    LEFT_OUT,
    METRICS,
    NTCP,
    PAIRED,
    PATIENTS,
    QUALITY,
    TREND,
    VOLUMES,
)
from lungtox.delivered.summaries import IRRADIATED, field_extremes, volume_courses
from lungtox.delivered.tables import read_delivered_qa
from lungtox.delivered.trend import volume_trends
from lungtox.dose import Dvh, read_dvhs
from lungtox.errors import Fault, InputError
from lungtox.ntcp import dose_per_fraction_gy
from lungtox.table_schemas import typed
from lungtox.tables import read_csv

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DeliveredBatches:
    """What the batches gave, together.

    Attributes
    ----------
    metrics, volumes : pandas.DataFrame
    qa : tuple of dict
        Quality entries.
    planned, delivered : tuple of (patient, Dvh)
    files : tuple of (patient, name)
        File of the delivered DVHs of each patient.
    """

    metrics: pd.DataFrame
    volumes: pd.DataFrame
    qa: tuple[Mapping[str, Any], ...]
    planned: tuple[tuple[str, Dvh], ...]
    delivered: tuple[tuple[str, Dvh], ...]
    files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class DeliveredTables:
    """Tables of docs/file-contracts.md.

    Attributes
    ----------
    metrics : pandas.DataFrame
        One row per patient, structure, quantity and metric.
    paired : pandas.DataFrame
        The same over the patients; NTCP of published models too.
    ntcp : pandas.DataFrame
        One row per patient and published model.
    volumes, course, trend : pandas.DataFrame
        Volume in each session, the same over the patients, and how it changes over the course.
    quality, fields : pandas.DataFrame
        One row per patient, session and structure; the worst of each patient.
    curves : pandas.DataFrame
        Mean planned and delivered DVH of each structure.
    left_out : pandas.DataFrame
        Who is not in it, and why.
    source : pandas.DataFrame
        In the form of patients.csv, with the delivered DVHs as the source of dose: for an analysis of its own.
    """

    metrics: pd.DataFrame
    paired: pd.DataFrame
    ntcp: pd.DataFrame
    volumes: pd.DataFrame
    course: pd.DataFrame
    trend: pd.DataFrame
    quality: pd.DataFrame
    fields: pd.DataFrame
    curves: pd.DataFrame
    left_out: pd.DataFrame
    source: pd.DataFrame


def read_batches(
    *,
    metrics: Iterable[str | Path],
    volumes: Iterable[str | Path],
    qa: Iterable[str | Path],
    planned: Iterable[str | Path],
    delivered: Iterable[str | Path],
) -> DeliveredBatches:
    """Read the files of all batches, as `write_delivered` writes them."""
    import pandas as pd

    def table(paths: Iterable[str | Path]) -> pd.DataFrame:
        tables = [read_csv(path, dtype={"patient": str}) for path in paths]
        # A batch whose patients have no sessions gives a table without rows, whose columns have no type.
        return pd.concat([one for one in tables if len(one)] or tables[:1], ignore_index=True)

    given = {path: read_dvhs(path) for path in map(Path, delivered)}
    return DeliveredBatches(
        metrics=table(metrics),
        volumes=table(volumes),
        qa=tuple(entry for path in qa for entry in read_delivered_qa(path)),
        planned=tuple(pair for path in planned for pair in read_dvhs(path)),
        delivered=tuple(pair for pairs in given.values() for pair in pairs),
        files=tuple(dict.fromkeys((name, path.name) for path, pairs in given.items() for name, _ in pairs)),
    )


def delivered_tables(
    batches: DeliveredBatches, settings: DeliveredComparisonSettings, *, patients: Sequence[str] = ()
) -> DeliveredTables:
    """Compare planned with delivered dose.

    Parameters
    ----------
    batches : DeliveredBatches
    settings : DeliveredComparisonSettings
    patients : sequence of str
        Study IDs of patients.csv: those without a session are listed.

    Raises
    ------
    InputError
        Patients whose sessions cannot be used, all of them with every fault, unless they may be left out; nobody left;
        a model that cannot be used.
    """
    qa, metrics, volumes = batches.qa, batches.metrics, batches.volumes
    faults = [Fault(**fault) for entry in qa if entry["status"] != "ok" for fault in entry["faults"]]
    if faults and settings.on_unusable == "stop":
        raise InputError(faults)
    if not any(entry["status"] == "ok" for entry in qa):
        action = "Correct the table of sessions or the files that it names."
        raise InputError([*faults, Fault("delivered", "sessions of a patient", "none", action, "delivered-empty")])
    values = metrics.assign(planned_minus_delivered=metrics["planned"] - metrics["delivered"])
    each_gy = {
        entry["patient"]: dose_per_fraction_gy(entry.get("prescription_gy"), entry.get("fractions")) for entry in qa
    }
    risks = delivered_risks(batches.planned, batches.delivered, settings, fraction_gy=each_gy)
    compared = [*paired_metrics(metrics, settings), *paired_risks(risks, settings)]
    quality = typed(_quality(qa), QUALITY)
    curves = _mean_curves(batches.planned, batches.delivered, step_gy=settings.curve_step_gy)
    return DeliveredTables(
        metrics=METRICS.validate(values[list(METRICS.columns)], lazy=True),
        paired=typed(compared, PAIRED),
        ntcp=typed(risks, NTCP),
        volumes=VOLUMES.validate(volumes[list(VOLUMES.columns)], lazy=True),
        course=typed(volume_courses(volumes), COURSE),
        trend=typed(volume_trends(volumes, settings), TREND),
        quality=quality,
        fields=typed(field_extremes(quality), FIELDS),
        curves=typed(curves, CURVES),
        left_out=typed(_left_out(qa, patients), LEFT_OUT),
        source=typed([{"patient": name, "dvh": file} for name, file in batches.files], PATIENTS),
    )


def _left_out(qa: Sequence[Mapping[str, Any]], patients: Sequence[str]) -> list[dict[str, str]]:
    found = []
    known = {entry["patient"] for entry in qa}
    for entry in qa:
        if entry["status"] != "ok":
            reasons = "; ".join(f"expected {fault['expected']}, found {fault['found']}" for fault in entry["faults"])
            found.append({"patient": entry["patient"], "reason": reasons})
    return found + [{"patient": name, "reason": "no session in the table"} for name in patients if name not in known]


def _quality(qa: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for entry in qa:
        for session in entry.get("sessions") or () if entry["status"] == "ok" else ():
            head = {"patient": entry["patient"], **{k: session[k] for k in ("session", "fractions", "kind")}}
            rows.append({**head, "structure": IRRADIATED, "mean_ratio": session["mean_ratio"], **_figures(session)})
            rows += [{**head, "structure": name, **_figures(part)} for name, part in session["structures"].items()]
    return rows


def _figures(part: Mapping[str, Any]) -> dict[str, Any]:
    jacobian = part.get("jacobian") or {}
    return {
        "coverage_pct": min(part["coverage_pct"], 100.0),
        **{f"jacobian_{name}": jacobian.get(name) for name in ("minimum", "p1", "p99", "maximum")},
        "folding_pct": jacobian.get("folding_pct"),
        "mean_displacement_mm": part.get("mean_displacement_mm"),
        "max_displacement_mm": part.get("max_displacement_mm"),
    }


def _mean_curves(
    planned: Sequence[tuple[str, Dvh]], delivered: Sequence[tuple[str, Dvh]], *, step_gy: float
) -> list[dict[str, Any]]:
    """Give the mean cumulative DVHs of physical dose, in percent of the structure."""
    found: dict[str, dict[str, list[Dvh]]] = {}
    for name, dvhs in (("planned", planned), ("delivered", delivered)):
        for _, dvh in dvhs:
            if (dvh.weighting, dvh.quantity) == ("anatomical", "physical"):
                found.setdefault(dvh.structure, {}).setdefault(name, []).append(dvh)
    rows = []
    for structure, both in found.items():
        top = max(dvh.max_gy for dvhs in both.values() for dvh in dvhs)
        doses = np.arange(0.0, top + step_gy, step_gy)
        means = {name: np.mean([_percent_at(dvh, doses) for dvh in dvhs], axis=0) for name, dvhs in both.items()}
        rows += [
            {"structure": structure, "dose_gy": float(dose), "planned_pct": float(a), "delivered_pct": float(b),
             "patients": len(both["planned"])}
            for dose, a, b in zip(doses, means["planned"], means["delivered"], strict=True)
        ]  # fmt: skip
    return rows


def _percent_at(dvh: Dvh, doses: FloatArray) -> FloatArray:
    cumulative = dvh.cumulative
    return np.array([100.0 * cumulative.volume_at_cc(float(dose)) / cumulative.total_cc for dose in doses])
