"""Columns of which the schemas of this room are made."""

from __future__ import annotations

import pandera.pandas as pa


def text_column(*checks: pa.Check, nullable: bool = False) -> pa.Column:
    """Text; missing where `nullable`."""
    return pa.Column("object", checks=list(checks), nullable=nullable, coerce=True)


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
