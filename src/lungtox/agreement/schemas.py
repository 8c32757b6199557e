"""Schemas of the tables of results/agreement: strict, checked before a table leaves this room."""

from __future__ import annotations

import pandera.pandas as pa

from lungtox.table_schemas import count_column, number_column, share_column, table_schema, text_column


def _known() -> pa.Column:
    return pa.Column("float64", nullable=False, coerce=True)


def _percent() -> pa.Column:
    return number_column(pa.Check.in_range(0, 100))


def _interval(name: str) -> dict[str, pa.Column]:
    return {name: number_column(), f"{name}_low": number_column(), f"{name}_high": number_column()}


HEAD = {name: text_column() for name in ("first", "second", "group")}
METRICS = table_schema(
    {
        **HEAD,
        "structure": text_column(),
        "metric": text_column(),
        "unit": text_column(nullable=True),
        "n": count_column(),
        "subjects": count_column(),
        "mean_first": _known(),
        "mean_second": _known(),
        "scale": text_column(pa.Check.isin(["difference", "percent"])),
        **_interval("bias"),
        "sd": number_column(pa.Check.ge(0)),
        "between_sd": number_column(pa.Check.ge(0)),
        "within_sd": number_column(pa.Check.ge(0)),
        **_interval("lower"),
        **_interval("upper"),
        "inside": count_column(),
        "inside_pct": _percent(),
        "limit": number_column(pa.Check.gt(0)),
        "verdict": text_column(pa.Check.isin(["agree", "disagree", "open"])),
        **_interval("slope"),
        "slope_p": share_column(),
        "percent": number_column(),
        "percent_sd": number_column(pa.Check.ge(0)),
        **_interval("ccc"),
        **_interval("difference"),
        "t": number_column(),
        "df": count_column(),
        "p_t": share_column(),
        "shift": number_column(),
        "shift_low": number_column(),
        "shift_high": number_column(),
        "p_wilcoxon": share_column(),
        "wilcoxon": text_column(),
        "test": text_column(pa.Check.isin(["wilcoxon", "t"])),
        "p": share_column(),
        "q": share_column(),
    }
)
PAIRS = table_schema(
    {
        **HEAD,
        "patient": text_column(),
        "subject": text_column(),
        "structure": text_column(),
        "metric": text_column(),
        "unit": text_column(nullable=True),
        "first_value": _known(),
        "second_value": _known(),
        "difference": _known(),
        "percent": number_column(),
        "inside": pa.Column("bool"),
    }
)
POINTS = table_schema(
    {**HEAD, "metrics": count_column(), "points": count_column(), "inside": count_column(), "inside_pct": _percent()}
)
DISPERSION = table_schema(
    {
        **HEAD,
        "structure": text_column(),
        "metric_a": text_column(),
        "metric_b": text_column(),
        "n": count_column(),
        **{name: number_column(pa.Check.ge(0)) for name in ("sd_a", "sd_b", "ratio", "low", "high")},
        "p": share_column(),
    }
)
UNPAIRED = table_schema(
    {
        "first": text_column(),
        "second": text_column(),
        "patient": text_column(),
        "structure": text_column(nullable=True),
        "metric": text_column(nullable=True),
        "reason": text_column(),
    }
)
CURVES = table_schema(
    {
        **HEAD,
        "structure": text_column(),
        "dose_gy": _known(),
        "n": count_column(),
        **{name: _percent() for name in ("first_pct", "second_pct")},
        **{name: _known() for name in ("bias", "lower", "upper")},
    }
)
DISTANCES = table_schema(
    {
        **HEAD,
        "patient": text_column(),
        "structure": text_column(),
        "largest_pct": _percent(),
        "at_gy": _known(),
        "area_gy": _known(),
        "mean_difference_gy": _known(),
        "limit_pct": _percent(),
        "within": pa.Column("bool"),
    }
)
CURVE_SUMMARY = table_schema(
    {
        **HEAD,
        "structure": text_column(),
        "n": pa.Column("int64"),
        "median_largest_pct": _percent(),
        "largest_pct": _percent(),
        "limit_pct": _percent(),
        "within": pa.Column("int64"),
        "median_area_gy": _known(),
        "mean_difference_gy": _known(),
    }
)
