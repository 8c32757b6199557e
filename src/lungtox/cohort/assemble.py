"""Merge of doses, clinical data and cytokines into one row per patient; nobody disappears in silence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from lungtox.cohort.clinical import extra_columns, read_clinical
from lungtox.cohort.columns import (
    PLAN_COLUMNS,
)
from lungtox.cohort.config import CohortSettings, EndpointSettings, MetricSource
from lungtox.cohort.cytokines import read_cytokines, widen_cytokines
from lungtox.cohort.dictionary import clashes, dictionary_columns, dictionary_table, typed
from lungtox.cohort.endpoint import derive_endpoint
from lungtox.cohort.findings import cohort_warnings
from lungtox.cohort.matching import find_exclusions, match_patients
from lungtox.cohort.schemas import EXCLUSIONS, analysis_schema, dictionary_schema
from lungtox.errors import Fault, InputError
from lungtox.tables import read_csv, read_json, write_csv, write_json

METRIC_KEYS = ["dose", "structure", "weighting", "quantity", "metric"]


@dataclass(frozen=True)
class AssembledCohort:
    """The cohort that is analysed, and who is not in it.

    Attributes
    ----------
    analysis, exclusions, dictionary : pandas.DataFrame
        As docs/file-contracts.md has them; together analysis and exclusions hold every patient.
    warnings : tuple of str
        Sentences that the report must show.
    """

    analysis: pd.DataFrame
    exclusions: pd.DataFrame
    dictionary: pd.DataFrame
    warnings: tuple[str, ...]

    def write(
        self, *, analysis: str | Path, exclusions: str | Path, dictionary: str | Path, warnings: str | Path
    ) -> None:
        """Write the four files, each checked against its schema."""
        write_csv(self.analysis, analysis, schema=analysis_schema(self.dictionary))
        write_csv(self.exclusions, exclusions, schema=EXCLUSIONS)
        write_csv(self.dictionary, dictionary, schema=dictionary_schema())
        write_json(list(self.warnings), warnings)


def assemble_cohort(
    *,
    metrics: str | Path,
    qa: Iterable[str | Path],
    clinical: str | Path,
    cytokines: str | Path | None,
    settings: CohortSettings,
    endpoint: EndpointSettings,
    patients: Sequence[str] | None = None,
    remarks: str | Path | None = None,
    delivered: str | Path | None = None,
) -> AssembledCohort:
    """Read everything known of each patient and merge it.

    Parameters
    ----------
    metrics : path of metrics.csv
    qa : paths of the qa.json files
    clinical, cytokines : paths of the tables of the cohort; no cytokines: None
    settings, endpoint : sections `cohort` and `endpoint`
    patients : sequence of str, optional
        Study IDs of patients.csv, in its order. Default: those of the qa files.
    remarks : path of tables.json, optional
        What the reading of the tables has to say; it goes to the front of the warnings.
    delivered : path of delivered/metrics.csv, optional
        Metrics of the accumulated dose, for columns that ask for it.

    Raises
    ------
    InputError
        With all faults at once: a patient in one table and not in the other, unusable patients that the config
        does not accept, a metric that nobody has.
    """
    entries = read_qa(qa)
    listed = list(entries) if patients is None else list(patients)
    cohort = merge_cohort(
        qa=_entries_of(listed, entries),
        metrics=_read_metrics(metrics, delivered),
        clinical=read_clinical(clinical),
        cytokines=None if cytokines is None else read_cytokines(cytokines),
        settings=settings,
        endpoint=endpoint,
    )
    said: list[str] = [] if remarks is None else read_json(remarks)
    return replace(cohort, warnings=(*said, *cohort.warnings))


def _read_metrics(planned: str | Path, delivered: str | Path | None) -> pd.DataFrame:
    """Read the metrics of planned dose, and those of delivered dose where there are any, as one table."""
    table = read_csv(planned, dtype={"patient": "str", "value": "float64"}).assign(dose="planned")
    if delivered is None:
        return table
    more = read_csv(delivered, dtype={"patient": "str"}).rename(columns={"delivered": "value"})
    more = more.assign(dose="delivered", weighting="anatomical")
    return pd.concat([table, more[["patient", "value", *METRIC_KEYS]]], ignore_index=True)


def read_qa(paths: Iterable[str | Path]) -> dict[str, dict[str, Any]]:
    """Read qa.json files; study ID -> entry, in their order."""
    entries: dict[str, dict[str, Any]] = {}
    twice = []
    for path in paths:
        for entry in read_json(path):
            if entry["patient"] in entries:
                twice.append(entry["patient"])
            entries[entry["patient"]] = entry
    if twice:
        raise InputError(
            Fault(name, "one qa entry", "two", "Remove the results folder's dose/ and run again.", "patient-twice")
            for name in twice
        )
    return entries


def merge_cohort(
    *,
    qa: Mapping[str, Mapping[str, Any]],
    metrics: pd.DataFrame,
    clinical: pd.DataFrame,
    cytokines: pd.DataFrame | None,
    settings: CohortSettings,
    endpoint: EndpointSettings,
) -> AssembledCohort:
    """Merge tables that are already read; see `assemble_cohort`. ``qa`` has one entry for each listed patient."""
    drawn = set() if cytokines is None else set(cytokines["patient"])
    faults = match_patients(
        list(qa), clinical=set(clinical["patient"]), cytokines=drawn, accepted=settings.accepted_exclusions
    )
    excluded, unusable = find_exclusions(qa, clinical=set(clinical["patient"]), settings=settings)
    faults += unusable
    gone = {patient for patient, _, _ in excluded}
    kept = [patient for patient, entry in qa.items() if entry["status"] == "ok" and patient not in gone]
    doses, metric_faults = _wide_metrics(metrics, kept, settings.metrics, qa)
    extras = extra_columns(clinical)
    columns = dictionary_columns(clinical, extras, settings=settings, endpoint=endpoint, cytokines=cytokines)
    faults += metric_faults + clashes(columns)
    if faults:
        raise InputError(faults)
    if not kept:
        raise InputError(Fault("cohort", "at least one usable patient", "none", "See the exclusions.", "cohort-empty"))

    table = pd.DataFrame({"patient": kept})
    table = _join(table, derive_endpoint(clinical[clinical["patient"].isin(kept)], endpoint), complete=True)
    table = _join(table, clinical, complete=True)
    table = _join(table, _plan_table(qa), complete=True)
    table = _join(table, doses, complete=True)
    if cytokines is not None:
        table = _join(table, widen_cytokines(cytokines), complete=False)
    table = typed(table[[column.name for column in columns]], columns)
    return AssembledCohort(
        analysis=table,
        exclusions=pd.DataFrame(excluded, columns=["patient", "stage", "reason"], dtype="object"),
        dictionary=dictionary_table(columns, table),
        warnings=tuple(
            cohort_warnings(table, qa=qa, cytokines=cytokines, settings=settings, endpoint=endpoint, columns=columns)
        ),
    )


def _entries_of(listed: Sequence[str], entries: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    faults = [
        Fault(
            patient, "doses (an entry in qa.json)", "none", "Run the extraction of this patient.", "patient-without-qa"
        )
        for patient in listed
        if patient not in entries
    ]
    faults += [
        Fault(f"{patient} (patients.csv)", "one row per patient", "two", "Keep one.", "patient-twice")
        for patient in sorted({name for name in listed if list(listed).count(name) > 1})
    ]
    if faults:
        raise InputError(faults)
    return {patient: entries[patient] for patient in listed}


def _wide_metrics(
    metrics: pd.DataFrame,
    kept: list[str],
    sources: Mapping[str, MetricSource],
    qa: Mapping[str, Mapping[str, Any]],
) -> tuple[pd.DataFrame, list[Fault]]:
    """Give the dose columns of the kept patients; a metric that nobody has is a fault of the config."""
    table = metrics if "dose" in metrics else metrics.assign(dose="planned")
    values = {key: group.set_index("patient")["value"] for key, group in table.groupby(METRIC_KEYS, sort=False)}
    functional = any(qa[patient].get("function", {}).get("status") == "ok" for patient in kept)
    wide: dict[str, Any] = {"patient": kept}
    faults = []
    for name, source in sources.items():
        key = (source.dose, source.structure, source.weighting, source.quantity, source.metric)
        if key in values:
            wide[name] = values[key].reindex(kept).to_numpy(dtype="float64")
        else:
            wide[name] = [float("nan")] * len(kept)
            # Without any SPECT the functional columns are empty, which is a warning and no slip of the config.
            if kept and (source.weighting == "anatomical" or functional):
                where = "dose.metrics" if source.weighting == "anatomical" else "function.metrics"
                where = "delivered.metrics" if source.dose == "delivered" else where
                faults.append(
                    Fault(
                        f"config: cohort.metrics.{name}",
                        "a metric that the extraction has computed",
                        f"{source.structure}, {source.weighting}, {source.quantity}, {source.metric} for no patient",
                        f"Add it under {where}, or correct the entry.",
                        "metric-unknown",
                    )
                )
    return pd.DataFrame(wide), faults


def _join(table: pd.DataFrame, other: pd.DataFrame, *, complete: bool) -> pd.DataFrame:
    """Add the columns of ``other``, one row to one; ``complete``: every patient must have a row there."""
    joined = table.merge(other, on="patient", how="left", validate="one_to_one", indicator="origin")
    missing = joined.loc[joined["origin"] != "both", "patient"]
    if complete and len(missing):
        raise InputError(Fault(name, "a row in every table", "none", "Check the tables.", "merge") for name in missing)
    return joined.drop(columns="origin")


def _plan_table(qa: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    names = [column.name for column in PLAN_COLUMNS]
    return pd.DataFrame(
        [[patient, *(entry.get(name) for name in names)] for patient, entry in qa.items()], columns=["patient", *names]
    )
