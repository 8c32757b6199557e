"""Schemas of the tables of results/agreement: strict, checked before a table leaves this room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pandera.pandas as pa


def _text(*checks: pa.Check, nullable: bool = False) -> pa.Column:
    return pa.Column("object", checks=list(checks), nullable=nullable, coerce=True)


def _number(*checks: pa.Check) -> pa.Column:
    return pa.Column("float64", checks=list(checks), nullable=True, coerce=True)


def _known() -> pa.Column:
    return pa.Column("float64", nullable=False, coerce=True)


def _count() -> pa.Column:
    return pa.Column("int64", pa.Check.ge(0), coerce=True)


def _share() -> pa.Column:
    return _number(pa.Check.in_range(0, 1))


def _percent() -> pa.Column:
    return _number(pa.Check.in_range(0, 100))


def _interval(name: str) -> dict[str, pa.Column]:
    return {name: _number(), f"{name}_low": _number(), f"{name}_high": _number()}


def _table(columns: dict[str, pa.Column]) -> pa.DataFrameSchema:
    return pa.DataFrameSchema(columns, strict=True, ordered=True)


HEAD = {name: _text() for name in ("first", "second", "group")}
METRICS = _table(
    {
        **HEAD,
        "structure": _text(),
        "metric": _text(),
        "unit": _text(nullable=True),
        "n": _count(),
        "subjects": _count(),
        "mean_first": _known(),
        "mean_second": _known(),
        "scale": _text(pa.Check.isin(["difference", "percent"])),
        **_interval("bias"),
        "sd": _number(pa.Check.ge(0)),
        "between_sd": _number(pa.Check.ge(0)),
        "within_sd": _number(pa.Check.ge(0)),
        **_interval("lower"),
        **_interval("upper"),
        "inside": _count(),
        "inside_pct": _percent(),
        "limit": _number(pa.Check.gt(0)),
        "verdict": _text(pa.Check.isin(["agree", "disagree", "open"])),
        **_interval("slope"),
        "slope_p": _share(),
        "percent": _number(),
        "percent_sd": _number(pa.Check.ge(0)),
        **_interval("ccc"),
        **_interval("difference"),
        "t": _number(),
        "df": _count(),
        "p_t": _share(),
        "shift": _number(),
        "shift_low": _number(),
        "shift_high": _number(),
        "p_wilcoxon": _share(),
        "wilcoxon": _text(),
        "test": _text(pa.Check.isin(["wilcoxon", "t"])),
        "p": _share(),
        "q": _share(),
    }
)
PAIRS = _table(
    {
        **HEAD,
        "patient": _text(),
        "subject": _text(),
        "structure": _text(),
        "metric": _text(),
        "unit": _text(nullable=True),
        "first_value": _known(),
        "second_value": _known(),
        "difference": _known(),
        "percent": _number(),
        "inside": pa.Column("bool"),
    }
)
POINTS = _table({**HEAD, "metrics": _count(), "points": _count(), "inside": _count(), "inside_pct": _percent()})
DISPERSION = _table(
    {
        **HEAD,
        "structure": _text(),
        "metric_a": _text(),
        "metric_b": _text(),
        "n": _count(),
        **{name: _number(pa.Check.ge(0)) for name in ("sd_a", "sd_b", "ratio", "low", "high")},
        "p": _share(),
    }
)
UNPAIRED = _table(
    {
        "first": _text(),
        "second": _text(),
        "patient": _text(),
        "structure": _text(nullable=True),
        "metric": _text(nullable=True),
        "reason": _text(),
    }
)
CURVES = _table(
    {
        **HEAD,
        "structure": _text(),
        "dose_gy": _known(),
        "n": _count(),
        **{name: _percent() for name in ("first_pct", "second_pct")},
        **{name: _known() for name in ("bias", "lower", "upper")},
    }
)
DISTANCES = _table(
    {
        **HEAD,
        "patient": _text(),
        "structure": _text(),
        "largest_pct": _percent(),
        "at_gy": _known(),
        "area_gy": _known(),
        "mean_difference_gy": _known(),
        "limit_pct": _percent(),
        "within": pa.Column("bool"),
    }
)
CURVE_SUMMARY = _table(
    {
        **HEAD,
        "structure": _text(),
        "n": pa.Column("int64"),
        "median_largest_pct": _percent(),
        "largest_pct": _percent(),
        "limit_pct": _percent(),
        "within": pa.Column("int64"),
        "median_area_gy": _known(),
        "mean_difference_gy": _known(),
    }
)


def typed(rows: Sequence[Mapping[str, Any]], schema: pa.DataFrameSchema) -> pd.DataFrame:
    """Make a table of rows and check it; one without rows has the columns all the same."""
    table = pd.DataFrame(list(rows), columns=list(schema.columns))
    if table.empty:
        return table
    checked: pd.DataFrame = schema.validate(table, lazy=True)
    return checked
