"""Schemas of the tables of results/delivered: strict, checked before a table leaves this room."""

from __future__ import annotations

import pandera.pandas as pa

from lungtox.table_schemas import count_column, number_column, share_column, table_schema, text_column


def _positive() -> pa.Column:
    return number_column(pa.Check.ge(0))


_METRIC = {
    "structure": text_column(),
    "quantity": text_column(pa.Check.isin(["physical", "eqd2"])),
    "metric": text_column(),
    "unit": text_column(nullable=True),
}
METRICS = table_schema(
    {
        "patient": text_column(),
        **_METRIC,
        **{name: number_column() for name in ("planned", "delivered", "planned_minus_delivered")},
    }
)
PAIRED = table_schema(
    {
        **_METRIC,
        "n": count_column(),
        "mean_planned": number_column(),
        "sd_planned": _positive(),
        "mean_delivered": number_column(),
        "sd_delivered": _positive(),
        **{name: number_column() for name in ("difference", "low", "high")},
        "sd": _positive(),
        "percent": number_column(),
        "positive": count_column(),
        "negative": count_column(),
        "t": number_column(),
        "p_t": share_column(),
        **{name: number_column() for name in ("shift", "shift_low", "shift_high")},
        "p_wilcoxon": share_column(),
        "wilcoxon": text_column(nullable=True),
        "smallest_p": share_column(),
        "test": text_column(pa.Check.isin(["wilcoxon", "t"])),
        "p": share_column(),
        "q": share_column(),
    }
)
NTCP = table_schema(
    {
        **{name: text_column() for name in ("patient", "model", "structure", "quantity")},
        "planned_dose_gy": _positive(),
        "delivered_dose_gy": _positive(),
        "planned": share_column(),
        "delivered": share_column(),
        "status": text_column(),
        "note": text_column(nullable=True),
    }
)
VOLUMES = table_schema(
    {
        "patient": text_column(),
        "session": text_column(),
        "order": count_column(),
        "fractions_before": _positive(),
        "structure": text_column(),
        "source": text_column(pa.Check.isin(["contours", "jacobian"])),
        "volume_cc": _positive(),
        "ratio": _positive(),
        "percent_change": number_column(),
    }
)
COURSE = table_schema(
    {
        "structure": text_column(),
        "source": text_column(pa.Check.isin(["contours", "jacobian"])),
        "order": count_column(),
        "patients": count_column(),
        "mean_pct": _positive(),
        "sd_pct": _positive(),
    }
)
TREND = table_schema(
    {
        "structure": text_column(),
        "source": text_column(),
        "patients": count_column(),
        "ratio": _positive(),
        "ratio_sd": _positive(),
        "ratio_low": number_column(),
        "ratio_high": number_column(),
        "percent_change": number_column(),
        "shrinking": count_column(),
        "p_t": share_column(),
        "p_wilcoxon": share_column(),
        "p": share_column(),
        "q": share_column(),
        "slope": number_column(),
        "slope_low": number_column(),
        "slope_high": number_column(),
        "slope_p": share_column(),
    }
)
QUALITY = table_schema(
    {
        "patient": text_column(),
        "session": text_column(),
        "fractions": _positive(),
        "kind": text_column(pa.Check.isin(["field", "none", "registered"])),
        "structure": text_column(),
        "mean_ratio": _positive(),
        "coverage_pct": number_column(pa.Check.in_range(0, 100)),
        **{f"jacobian_{name}": number_column() for name in ("minimum", "p1", "p99", "maximum")},
        "folding_pct": number_column(pa.Check.in_range(0, 100)),
        "mean_displacement_mm": _positive(),
        "max_displacement_mm": _positive(),
    }
)
FIELDS = table_schema(
    {
        "patient": text_column(),
        "sessions": count_column(),
        "kinds": text_column(),
        "jacobian_minimum": number_column(),
        "jacobian_maximum": number_column(),
        "folding_pct": number_column(pa.Check.in_range(0, 100)),
        "max_displacement_mm": _positive(),
        "coverage_pct": number_column(pa.Check.in_range(0, 100)),
    }
)
CURVES = table_schema(
    {
        "structure": text_column(),
        "dose_gy": _positive(),
        "planned_pct": number_column(pa.Check.in_range(0, 100 + 1e-6)),
        "delivered_pct": number_column(pa.Check.in_range(0, 100 + 1e-6)),
        "patients": count_column(),
    }
)
LEFT_OUT = table_schema({"patient": text_column(), "reason": text_column()})
PATIENTS = table_schema({"patient": text_column(), "dvh": text_column()})
