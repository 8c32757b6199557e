"""What the report must say of the cohort: who drops out of which analysis, and what was replaced."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from lungtox.cohort.columns import Column
from lungtox.cohort.config import CohortSettings, EndpointSettings
from lungtox.cohort.cytokines import DURING_DOSE_GY

NAMED_IN_WARNING = 12
"""More study IDs than these make a warning unreadable; the rest is counted."""


def cohort_warnings(
    table: pd.DataFrame,
    *,
    qa: Mapping[str, Mapping[str, Any]],
    cytokines: pd.DataFrame | None,
    settings: CohortSettings,
    endpoint: EndpointSettings,
    columns: list[Column],
) -> Iterator[str]:
    """Give the sentences that the report must show.

    Parameters
    ----------
    table : pandas.DataFrame
        The analysis table.
    qa : mapping
        Study ID -> entry of qa.json.
    cytokines : pandas.DataFrame or None
        From `read_cytokines`.
    settings, endpoint : sections `cohort` and `endpoint`
    columns : list of Column
        The table's columns.
    """
    total = len(table)
    status = table["rp_status"].value_counts()
    competing, censored = int(status.get("competing", 0)), int(status.get("censored", 0))
    if competing + censored:
        yield (
            f"{competing + censored} of {_patients(total)} have neither RP nor a full window of"
            f" {endpoint.window_months} months ({competing} died before its end, {censored} left follow-up):"
            " they are not part of binary analyses."
        )
    yield from _function_warnings(table["patient"], qa)
    yield from _empty_metrics(table, settings, qa)
    unneeded = [name for name in settings.accepted_exclusions if name in set(table["patient"])]
    if unneeded:
        yield f"Named under cohort.accepted_exclusions but usable, and therefore kept: {_names(unneeded)}."
    if cytokines is not None:
        yield from _cytokine_warnings(table, cytokines, columns)
    texts: dict[str, list[str]] = defaultdict(list)
    for patient in table["patient"]:
        for text in qa[patient].get("warnings", []):
            texts[text.removeprefix(f"{patient}: ")].append(patient)
    for text, names in texts.items():
        yield f"{text.rstrip('.')} ({_names(names)})."


def _function_warnings(patients: Iterable[str], qa: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    status = {patient: qa[patient].get("function", {}).get("status", "none") for patient in patients}
    without = [patient for patient, found in status.items() if found == "none"]
    broken = [patient for patient, found in status.items() if found == "unusable"]
    rest = len(status) - len(without) - len(broken)
    if without:
        yield (
            f"No perfusion SPECT for {len(without)} of {_patients(len(status))}: functional analyses use"
            f" {_patients(rest)} ({_names(without)} without)."
        )
    if broken:
        yield f"The perfusion SPECT of {_patients(len(broken))} could not be used ({_names(broken)})."


def _empty_metrics(table: pd.DataFrame, settings: CohortSettings, qa: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, source in settings.metrics.items():
        lacking = [
            patient
            for patient, value in zip(table["patient"], table[name], strict=True)
            if pd.isna(value)
            and (source.weighting == "anatomical" or qa[patient].get("function", {}).get("status") == "ok")
        ]
        if lacking:
            what = f"{name} ({source.structure}, {source.metric})"
            yield f"{what} is missing for {_patients(len(lacking))} ({_names(lacking)})."


def _cytokine_warnings(table: pd.DataFrame, cytokines: pd.DataFrame, columns: list[Column]) -> Iterator[str]:
    labels = {column.name: column.label for column in columns}
    drawn = cytokines[cytokines["patient"].isin(table["patient"])]
    without = [patient for patient in table["patient"] if patient not in set(drawn["patient"])]
    if without:
        yield f"No cytokines for {len(without)} of {_patients(len(table))} ({_names(without)})."
    below = drawn[drawn["below"]].groupby(["cytokine", "timepoint"], sort=True).size()
    if len(below):
        counts = ", ".join(
            f"{labels[f'{name}_{time}']} {count}"
            for name, time, count in below.reset_index(name="count").itertuples(index=False)
        )
        yield f"Cytokine values below the detection limit stand as half of it in the analysis table: {counts}."
    above = drawn[drawn["above"]].groupby(["cytokine", "timepoint"], sort=True).size()
    if len(above):
        counts = ", ".join(
            f"{labels[f'{name}_{time}']} {count}"
            for name, time, count in above.reset_index(name="count").itertuples(index=False)
        )
        yield (
            f"Cytokine values above the upper limit of the assay stand as that limit in the analysis table: {counts}."
            " The true values are higher: the order between patients is right as long as no measured value exceeds the"
            " limit; means, differences, ratios, the signed-rank test and odds ratios use values that are too low."
        )
    yield from draw_dose_warnings(drawn)


def draw_dose_warnings(drawn: pd.DataFrame) -> Iterator[str]:
    """Say who was drawn outside the dose at which the draw during RT belongs, or at a dose that nobody wrote down."""
    low, high = DURING_DOSE_GY
    outside = drawn[(drawn["timepoint"] == "during") & ~drawn["draw_dose_gy"].between(low, high)]
    if len(outside):
        names = list(dict.fromkeys(outside["patient"]))
        yield f"Cytokines during RT were not drawn at {low:g}-{high:g} Gy in {_patients(len(names))} ({_names(names)})."


def _names(patients: Sequence[str]) -> str:
    shown = ", ".join(patients[:NAMED_IN_WARNING])
    return shown if len(patients) <= NAMED_IN_WARNING else f"{shown} and {len(patients) - NAMED_IN_WARNING} more"


def _patients(count: int) -> str:
    return f"{count} patient" if count == 1 else f"{count} patients"
