"""Schemas of the tables of results/delivered: strict, checked before a table leaves this room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pandera.pandas as pa


def _text(*checks: pa.Check, nullable: bool = False) -> pa.Column:
    return pa.Column("object", checks=list(checks), nullable=nullable, coerce=True)


def _number(*checks: pa.Check) -> pa.Column:
    return pa.Column("float64", checks=list(checks), nullable=True, coerce=True)


def _count() -> pa.Column:
    return pa.Column("int64", pa.Check.ge(0), coerce=True)


def _share() -> pa.Column:
    return _number(pa.Check.in_range(0, 1))


def _positive() -> pa.Column:
    return _number(pa.Check.ge(0))


def _table(columns: dict[str, pa.Column]) -> pa.DataFrameSchema:
    return pa.DataFrameSchema(columns, strict=True, ordered=True)


_METRIC = {"structure": _text(), "quantity": _text(pa.Check.isin(["physical", "eqd2"])), "metric": _text(),
           "unit": _text(nullable=True)}  # fmt: skip
METRICS = _table(
    {"patient": _text(), **_METRIC, **{name: _number() for name in ("planned", "delivered", "planned_minus_delivered")}}
)
PAIRED = _table(
    {
        **_METRIC,
        "n": _count(),
        "mean_planned": _number(),
        "sd_planned": _positive(),
        "mean_delivered": _number(),
        "sd_delivered": _positive(),
        **{name: _number() for name in ("difference", "low", "high")},
        "sd": _positive(),
        "percent": _number(),
        "positive": _count(),
        "negative": _count(),
        "t": _number(),
        "p_t": _share(),
        **{name: _number() for name in ("shift", "shift_low", "shift_high")},
        "p_wilcoxon": _share(),
        "wilcoxon": _text(nullable=True),
        "smallest_p": _share(),
        "test": _text(pa.Check.isin(["wilcoxon", "t"])),
        "p": _share(),
        "q": _share(),
    }
)
NTCP = _table(
    {
        **{name: _text() for name in ("patient", "model", "structure", "quantity")},
        "planned_dose_gy": _positive(),
        "delivered_dose_gy": _positive(),
        "planned": _share(),
        "delivered": _share(),
        "status": _text(),
        "note": _text(nullable=True),
    }
)
VOLUMES = _table(
    {
        "patient": _text(),
        "session": _text(),
        "order": _count(),
        "fractions_before": _positive(),
        "structure": _text(),
        "source": _text(pa.Check.isin(["contours", "jacobian"])),
        "volume_cc": _positive(),
        "ratio": _positive(),
        "percent_change": _number(),
    }
)
COURSE = _table(
    {
        "structure": _text(),
        "source": _text(pa.Check.isin(["contours", "jacobian"])),
        "order": _count(),
        "patients": _count(),
        "mean_pct": _positive(),
        "sd_pct": _positive(),
    }
)
TREND = _table(
    {
        "structure": _text(),
        "source": _text(),
        "patients": _count(),
        "ratio": _positive(),
        "ratio_sd": _positive(),
        "ratio_low": _number(),
        "ratio_high": _number(),
        "percent_change": _number(),
        "shrinking": _count(),
        "p_t": _share(),
        "p_wilcoxon": _share(),
        "p": _share(),
        "q": _share(),
        "slope": _number(),
        "slope_low": _number(),
        "slope_high": _number(),
        "slope_p": _share(),
    }
)
QUALITY = _table(
    {
        "patient": _text(),
        "session": _text(),
        "fractions": _positive(),
        "kind": _text(pa.Check.isin(["field", "none", "registered"])),
        "structure": _text(),
        "mean_ratio": _positive(),
        "coverage_pct": _number(pa.Check.in_range(0, 100)),
        **{f"jacobian_{name}": _number() for name in ("minimum", "p1", "p99", "maximum")},
        "folding_pct": _number(pa.Check.in_range(0, 100)),
        "mean_displacement_mm": _positive(),
        "max_displacement_mm": _positive(),
    }
)
FIELDS = _table(
    {
        "patient": _text(),
        "sessions": _count(),
        "kinds": _text(),
        "jacobian_minimum": _number(),
        "jacobian_maximum": _number(),
        "folding_pct": _number(pa.Check.in_range(0, 100)),
        "max_displacement_mm": _positive(),
        "coverage_pct": _number(pa.Check.in_range(0, 100)),
    }
)
CURVES = _table(
    {
        "structure": _text(),
        "dose_gy": _positive(),
        "planned_pct": _number(pa.Check.in_range(0, 100 + 1e-6)),
        "delivered_pct": _number(pa.Check.in_range(0, 100 + 1e-6)),
        "patients": _count(),
    }
)
LEFT_OUT = _table({"patient": _text(), "reason": _text()})
PATIENTS = _table({"patient": _text(), "dvh": _text()})


def typed(rows: Sequence[Mapping[str, Any]], schema: pa.DataFrameSchema) -> pd.DataFrame:
    """Make a table of rows and check it; one without rows has the columns all the same."""
    table = pd.DataFrame(list(rows), columns=list(schema.columns))
    if table.empty:
        return table
    checked: pd.DataFrame = schema.validate(table, lazy=True)
    return checked
