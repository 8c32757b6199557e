"""Columns of which the schemas of results tables are made, and the check before a table leaves its room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pandera.pandas as pa


def text_column(*checks: pa.Check, nullable: bool = False, unique: bool = False) -> pa.Column:
    """Text; missing where `nullable`."""
    return pa.Column("object", checks=list(checks), nullable=nullable, unique=unique, coerce=True)


def number_column(*checks: pa.Check) -> pa.Column:
    """A number; may be missing."""
    return pa.Column("float64", checks=list(checks), nullable=True, coerce=True)


def count_column() -> pa.Column:
    """A whole number, 0 or more."""
    return pa.Column("int64", pa.Check.ge(0), coerce=True)


def share_column() -> pa.Column:
    """Between 0 and 1; missing where a test was not done."""
    return number_column(pa.Check.in_range(0, 1))


def table_schema(columns: dict[str, pa.Column]) -> pa.DataFrameSchema:
    """Exactly these columns, in this order."""
    return pa.DataFrameSchema(columns, strict=True, ordered=True)


def checked(table: pd.DataFrame, schema: pa.DataFrameSchema) -> pd.DataFrame:
    """Check a table; one without rows has no types to check.

    Parameters
    ----------
    table : DataFrame
    schema : DataFrameSchema

    Returns
    -------
    DataFrame
        With the types of the schema.

    Raises
    ------
    pandera.errors.SchemaErrors
        A column or a value that the schema does not have: a mistake in the program.
    """
    return table if table.empty else schema.validate(table, lazy=True)


def typed(rows: Sequence[Mapping[str, Any]], schema: pa.DataFrameSchema) -> pd.DataFrame:
    """Make a table of rows and check it; one without rows has the columns all the same.

    Parameters
    ----------
    rows : sequence of dict
    schema : DataFrameSchema

    Returns
    -------
    DataFrame
    """
    return checked(pd.DataFrame(list(rows), columns=list(schema.columns)), schema)
