"""Schemas of the tables of discrimination."""

from __future__ import annotations

import pandera.pandas as pa

from lungtox.table_schemas import count_column, number_column, share_column, table_schema, text_column

AUC = table_schema(
    {
        "score": text_column(),
        "label": text_column(),
        "direction": text_column(pa.Check.isin(["larger", "smaller"])),
        "n": count_column(),
        "events": count_column(),
        "auc": share_column(),
        "low": share_column(),
        "high": share_column(),
        "method": text_column(),
    }
)
CURVES = table_schema(
    {"score": text_column(), "fpr": share_column(), "tpr": share_column(), "threshold": number_column()}
)
PAIRS = table_schema(
    {
        "score_a": text_column(),
        "score_b": text_column(),
        "n": count_column(),
        "events": count_column(),
        "auc_a": share_column(),
        "auc_b": share_column(),
        "difference": number_column(),
        "low": number_column(),
        "high": number_column(),
        "z": number_column(),
        "p": share_column(),
    }
)
BANDS = table_schema({"score": text_column(), **{name: share_column() for name in ("fpr", "tpr", "low", "high")}})
PARTIAL = table_schema(
    {
        "score": text_column(),
        "label": text_column(),
        "n": count_column(),
        "events": count_column(),
        "focus": text_column(pa.Check.isin(["specificity", "sensitivity"])),
        "from": share_column(),
        "to": share_column(),
        "corrected": pa.Column("bool"),
        **{name: number_column() for name in ("area", "low", "high")},
        "method": text_column(),
    }
)
CUT_POINTS = table_schema(
    {
        "score": text_column(),
        "label": text_column(),
        "direction": text_column(pa.Check.isin(["larger", "smaller"])),
        "n": count_column(),
        "events": count_column(),
        "criterion": text_column(),
        "measure": text_column(pa.Check.isin(["threshold", "sensitivity", "specificity", "youden"])),
        **{name: number_column() for name in ("value", "low", "high", "optimism", "corrected")},
        "resamples": count_column(),
    }
)
