"""Schemas of the cohort's tables: strict, checked on write and on read."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd
import pandera.pandas as pa

from lungtox.cohort.columns import INTEGER_COLUMNS, LIMIT_FLAGS, STATUS_LEVELS
from lungtox.table_schemas import text_column
from lungtox.tables import read_csv

KINDS = ["id", "outcome", "binary", "categorical", "continuous", "date"]
ISO_DATE = r"^\d{4}-\d{2}-\d{2}$"


EXCLUSIONS = pa.DataFrameSchema(
    {
        "patient": text_column(unique=True),
        "stage": text_column(pa.Check.isin(["dose", "clinical"])),
        "reason": text_column(),
    },
    strict=True,
    ordered=True,
)
TABLE1 = pa.DataFrameSchema(
    {
        "variable": text_column(),
        "label": text_column(),
        "level": text_column(nullable=True),
        "all": text_column(),
        "rp": text_column(),
        "no_rp": text_column(),
        "missing": text_column(nullable=True),
    },
    strict=True,
    ordered=True,
)
FLOW = pa.DataFrameSchema(
    {"step": text_column(), "n": pa.Column("int64", pa.Check.ge(0)), "reason": text_column(nullable=True)},
    strict=True,
    ordered=True,
)
MISSING = pa.DataFrameSchema(
    {
        "column": text_column(unique=True),
        "label": text_column(),
        "n": pa.Column("int64", pa.Check.ge(0)),
        "missing": pa.Column("int64", pa.Check.ge(0)),
        "missing_pct": pa.Column("float64", pa.Check.in_range(0, 100)),
    },
    strict=True,
    ordered=True,
)


@cache
def dictionary_schema() -> pa.DataFrameSchema:
    """Give the schema of dictionary.csv."""
    return pa.DataFrameSchema(
        {
            "column": text_column(unique=True),
            "label": text_column(),
            "unit": text_column(nullable=True),
            "kind": text_column(pa.Check.isin(KINDS)),
            "levels": text_column(nullable=True),
            "source": text_column(),
        },
        strict=True,
        ordered=True,
    )


def analysis_schema(dictionary: pd.DataFrame) -> pa.DataFrameSchema:
    """Give the schema of analysis.csv: exactly the columns of its dictionary, in that order.

    Parameters
    ----------
    dictionary : pandas.DataFrame
        Content of dictionary.csv.
    """
    columns = {}
    for row in dictionary.to_dict("records"):
        levels = str(row["levels"]).split("|") if isinstance(row["levels"], str) else []
        columns[row["column"]] = _analysis_column(row["column"], row["kind"], levels)
    return pa.DataFrameSchema(columns, strict=True, ordered=True)


def read_dictionary(path: str | Path) -> pd.DataFrame:
    """Read dictionary.csv."""
    return read_csv(path, schema=dictionary_schema(), dtype="object")


def read_analysis(path: str | Path, dictionary: pd.DataFrame) -> pd.DataFrame:
    """Read analysis.csv with the types that its dictionary gives, and check it.

    Returns
    -------
    pandas.DataFrame
        Codes and dates as text, numbers as float, `rp`, `rp_grade`, `fractions`, `treatment_beams` as ``Int64``,
        below-limit flags as ``boolean``.
    """
    types = {name: str(column.dtype) for name, column in analysis_schema(dictionary).columns.items()}
    return read_csv(path, schema=analysis_schema(dictionary), dtype=types)


def _analysis_column(name: str, kind: str, levels: list[str]) -> pa.Column:
    if kind == "id":
        return text_column(unique=True)
    if name == "rp_status":
        return text_column(pa.Check.isin(STATUS_LEVELS))
    if name in INTEGER_COLUMNS:
        return pa.Column("Int64", pa.Check.ge(0), nullable=name != "rp_grade", coerce=True)
    if name == "time_months":
        return pa.Column("float64", pa.Check.ge(0), coerce=True)
    if kind == "date":
        return text_column(pa.Check.str_matches(ISO_DATE), nullable=True)
    if kind == "continuous":
        return pa.Column("float64", nullable=True, coerce=True)
    if name.endswith(LIMIT_FLAGS):
        return pa.Column("boolean", nullable=True, coerce=True)
    return text_column(pa.Check.isin(levels), nullable=True)
