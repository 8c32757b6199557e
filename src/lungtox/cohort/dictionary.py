"""Columns of the analysis table and the data dictionary."""

from __future__ import annotations

import pandas as pd

from lungtox.cohort.columns import (
    CLINICAL_COLUMNS,
    INTEGER_COLUMNS,
    PLAN_COLUMNS,
    Column,
    cytokine_columns,
    endpoint_columns,
    metric_columns,
)
from lungtox.cohort.config import CohortSettings, EndpointSettings
from lungtox.cohort.cytokines import cytokine_names, cytokines_above
from lungtox.errors import Fault


def dictionary_columns(
    clinical: pd.DataFrame,
    extras: list[Column],
    *,
    settings: CohortSettings,
    endpoint: EndpointSettings,
    cytokines: pd.DataFrame | None,
) -> list[Column]:
    """Give the columns of the analysis table in their order."""
    return [
        *endpoint_columns(endpoint),
        *(column for column in CLINICAL_COLUMNS if column.name in clinical.columns),
        *extras,
        *PLAN_COLUMNS,
        *metric_columns(settings.metrics),
        *(() if cytokines is None else cytokine_columns(cytokine_names(cytokines), above=cytokines_above(cytokines))),
    ]


def clashes(columns: list[Column]) -> list[Fault]:
    """Find names that several sources give to a column."""
    names = [column.name for column in columns]
    return [
        Fault(
            f"column {name}",
            "each column of the analysis table once",
            "the same name in the clinical table, the plan or cohort.metrics",
            "Rename the column of the clinical table or the key of cohort.metrics.",
            "column-clash",
        )
        for name in sorted({name for name in names if names.count(name) > 1})
    ]


def typed(table: pd.DataFrame, columns: list[Column]) -> pd.DataFrame:
    """Give the columns the types of the analysis table."""
    types = {}
    for column in columns:
        if column.name in INTEGER_COLUMNS:
            types[column.name] = "Int64"
        elif column.levels == ("False", "True"):
            types[column.name] = "boolean"
        else:
            types[column.name] = (
                "float64" if not column.levels and column.kind in {"continuous", "outcome"} else "object"
            )
    return table.astype(types)


def dictionary_table(columns: list[Column], table: pd.DataFrame) -> pd.DataFrame:
    """Give the data dictionary; levels are those that occur, the reference first."""
    rows = []
    for column in columns:
        there = set(table[column.name].dropna().astype(str))
        levels = [level for level in column.levels if level in there]
        rows.append((column.name, column.label, column.unit, column.kind, "|".join(levels), column.source))
    frame = pd.DataFrame(rows, columns=["column", "label", "unit", "kind", "levels", "source"], dtype="object")
    return frame.replace("", None)
